package session

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/trace"
)

// inOrder returns the tool calls of each agent in order of time, those without
// one as they were read.
func (a *account) inOrder() map[symbol][]*tool {
	out := map[symbol][]*tool{0: make([]*tool, 0, len(a.tools))}
	for i := range a.tools {
		out[a.tools[i].subagent] = append(out[a.tools[i].subagent], &a.tools[i])
	}
	for _, tools := range out {
		slices.SortStableFunc(tools, func(x, y *tool) int {
			if x.start == 0 || y.start == 0 {
				return 0
			}
			return cmp.Compare(x.start, y.start)
		})
	}
	return out
}

func (a *account) agents(of map[symbol][]*tool) []symbol {
	var out []symbol
	for s := range of {
		out = append(out, s)
	}
	slices.SortFunc(out, func(x, y symbol) int { return cmp.Compare(a.symbols[x], a.symbols[y]) })
	return out
}

// toolLoops reports calls that were made again and again to the same end. A
// failure counts whatever was changed in between, since the agent saw the same
// again; a success only where nothing else was done in between.
func (b *builder) toolLoops(a *account, byAgent map[symbol][]*tool) {
	for _, agent := range a.agents(byAgent) {
		for _, calls := range loops(byAgent[agent]) {
			how := "with the same arguments and the same result"
			if calls[0].failed {
				how = "with the same arguments and failed the same way"
			}
			b.fail("failure/tool-loop", finding.Warning,
				fmt.Sprintf("%s was called %d times %s", cmp.Or(a.symbols[calls[0].name], "a tool"), len(calls), how),
				"the agent did not see that nothing changes; say in its instructions when to give up", a.positions(calls)...)
		}
	}
}

// loops returns the longest streak of each call that was made in a loop, in the
// order in which they began.
func loops(tools []*tool) [][]*tool {
	at := make([]int32, 0, len(tools)) // the calls whose arguments and results are known
	for i, t := range tools {
		if t.args != 0 && t.result != 0 {
			at = append(at, int32(i))
		}
	}
	same := func(x, y int32) int {
		return cmp.Or(cmp.Compare(tools[x].name, tools[y].name), cmp.Compare(tools[x].args, tools[y].args))
	}
	slices.SortFunc(at, func(x, y int32) int { return cmp.Or(same(x, y), cmp.Compare(x, y)) })
	var begun [][]int32
	for len(at) > 0 {
		n := 1
		for n < len(at) && same(at[0], at[n]) == 0 {
			n++
		}
		if s := longestStreak(tools, at[:n]); len(s) >= loopCalls {
			begun = append(begun, s)
		}
		at = at[n:]
	}
	slices.SortFunc(begun, func(x, y []int32) int { return cmp.Compare(x[0], y[0]) })
	out := make([][]*tool, len(begun))
	for i, s := range begun {
		for _, k := range s {
			out[i] = append(out[i], tools[k])
		}
	}
	return out
}

// longestStreak returns the longest part of calls that were answered the same:
// failures in spite of what was done in between, successes in a row.
func longestStreak(tools []*tool, at []int32) []int32 {
	best, from := at[:1], 0
	for i := 1; i < len(at); i++ {
		t, last := tools[at[i]], tools[at[i-1]]
		if t.result != last.result || t.failed != last.failed || !t.failed && at[i] != at[i-1]+1 {
			from = i
		}
		if i-from+1 > len(best) {
			best = at[from : i+1]
		}
	}
	return best
}

func (a *account) positions(tools []*tool) []trace.Pos {
	out := make([]trace.Pos, len(tools))
	for i, t := range tools {
		out[i] = a.pos(t.place)
	}
	return out
}

// undoCycles reports edits that were undone and made again.
func (b *builder) undoCycles(a *account, byAgent map[symbol][]*tool) {
	type edit struct {
		path     string
		old, new uint64
	}
	for _, agent := range a.agents(byAgent) {
		made := map[edit][]*tool{}
		last := map[string]edit{}
		for _, t := range byAgent[agent] {
			if t.effect == nil || t.failed {
				continue
			}
			for _, c := range t.effect.changes {
				if c.Kind != trace.Edited || c.Old == 0 || c.New == 0 {
					continue
				}
				e := edit{c.Path, c.Old, c.New}
				if undone := last[c.Path]; made[e] == nil || undone == (edit{c.Path, c.New, c.Old}) {
					made[e] = append(made[e], t)
				}
				last[c.Path] = e
			}
		}
		for _, t := range byAgent[agent] { // in order, so that the report is too
			if t.effect == nil {
				continue
			}
			for _, c := range t.effect.changes {
				e := edit{c.Path, c.Old, c.New}
				if again := made[e]; len(again) > undoCycles && again[0] == t {
					b.fail("failure/tool-loop", finding.Warning, fmt.Sprintf("an edit of %s was undone and made again %s", c.Path, times(len(again)-1)),
						"the agent goes to and fro between two versions; say in its instructions which is right", a.positions(again)...)
					delete(made, e)
					delete(made, edit{c.Path, c.New, c.Old}) // the way back is no other cycle
				}
			}
		}
	}
}

func times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return fmt.Sprintf("%d times", n)
}
