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
	out := map[symbol][]*tool{}
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
func (b *builder) toolLoops() {
	a := b.toolAccount()
	byAgent := a.inOrder()
	for _, agent := range a.agents(byAgent) {
		l := loops{streaks: map[ask]*streak{}}
		for _, t := range byAgent[agent] {
			if t.args != 0 && t.result != 0 {
				l.add(t)
			}
		}
		for _, s := range l.order {
			if len(s.longest) < loopCalls {
				continue
			}
			how := "with the same arguments and the same result"
			if s.longest[0].failed {
				how = "with the same arguments and failed the same way"
			}
			b.fail("failure/tool-loop", finding.Warning,
				fmt.Sprintf("%s was called %d times %s", cmp.Or(a.symbols[s.longest[0].name], "a tool"), len(s.longest), how),
				"the agent did not see that nothing changes; say in its instructions when to give up", a.positions(s.longest)...)
		}
	}
}

// ask is what a tool was asked.
type ask struct {
	name symbol
	args uint64
}

// streak is how often one ask was answered the same.
type streak struct {
	calls   []*tool // the latest with the same result
	longest []*tool
	at      int // of the latest, among the agent's calls
}

type loops struct {
	streaks map[ask]*streak
	order   []*streak
	n       int
}

func (l *loops) add(t *tool) {
	l.n++
	k := ask{t.name, t.args}
	s := l.streaks[k]
	if s == nil {
		s = &streak{}
		l.streaks[k] = s
		l.order = append(l.order, s)
	}
	if n := len(s.calls); n > 0 && (s.calls[n-1].result != t.result || s.calls[n-1].failed != t.failed || !t.failed && s.at != l.n-1) {
		s.calls = nil
	}
	s.calls, s.at = append(s.calls, t), l.n
	if len(s.calls) > len(s.longest) {
		s.longest = s.calls
	}
}

func (a *account) positions(tools []*tool) []trace.Pos {
	out := make([]trace.Pos, len(tools))
	for i, t := range tools {
		out[i] = a.pos(t.place)
	}
	return out
}

// undoCycles reports edits that were undone and made again.
func (b *builder) undoCycles() {
	type edit struct {
		path     string
		old, new uint64
	}
	a := b.toolAccount()
	byAgent := a.inOrder()
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
