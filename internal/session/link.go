package session

import (
	"maps"
	"slices"
	"strings"

	"github.com/andon-ci/andon/internal/trace"
)

// joinUnnamed makes each file that does not name its run a part of the run that
// it tells of, which the ids of its steps show: those of model calls in one space,
// and those of tool calls, which the model's provider makes, in all of them. A file whose steps are of several runs says nothing about any one of
// them and stays by itself.
func (c *Collector) joinUnnamed() {
	if len(c.runs) < 2 {
		return
	}
	var known owners
	for _, id := range slices.Sorted(maps.Keys(c.runs)) {
		b := c.runs[id]
		if !b.unnamed || b.isLedger() {
			continue
		}
		if known == nil {
			known = c.owners()
		}
		if run := c.sameAs(b, known); run != nil {
			c.absorb(run, b, "")
			run.takeOver(b)
			known.add(run, b.links())
		}
	}
}

// owners are the runs that tell of a step. Few are told of by more than one.
type owners map[spanID][]*builder

// maxOwners bounds how many runs are told apart that have a step of one id.
const maxOwners = 20

func (c *Collector) owners() owners {
	out := owners{}
	for _, id := range slices.Sorted(maps.Keys(c.runs)) {
		out.add(c.runs[id], c.runs[id].links())
	}
	return out
}

func (o owners) add(run *builder, links map[spanID]bool) {
	for step := range links {
		if runs := o[step]; len(runs) < maxOwners && !slices.Contains(runs, run) {
			o[step] = append(runs, run)
		}
	}
}

// links returns what the steps of a run are known by, in other files too.
func (b *builder) links() map[spanID]bool {
	out := map[spanID]bool{}
	for _, a := range b.accounts {
		for i := range a.calls {
			if a.calls[i].long {
				out[a.calls[i].id] = true
			}
		}
		for i := range a.tools {
			if link := a.tools[i].link; link != 0 {
				out[link] = true
			}
		}
	}
	return out
}

// sameAs returns the run that a file which does not name its run is of: the one
// that has all the steps of it which any has. Of others without a name, only one
// that tells more can take it in. It is nil where there is none.
func (c *Collector) sameAs(b *builder, known owners) *builder {
	for _, unnamed := range []bool{false, true} {
		has, steps := map[*builder]int{}, 0
		for step := range b.links() {
			found := false
			for _, run := range known[step] {
				if run != b && c.runs[run.id] == run && run.unnamed == unnamed {
					has[run]++
					found = true
				}
			}
			if found {
				steps++
			}
		}
		if steps == 0 {
			continue
		}
		run := most(has, steps)
		if unnamed && run != nil && !run.tellsMore(b) {
			return nil
		}
		return run
	}
	return nil
}

// most returns the run that has all of a number of steps, of several the first.
func most(has map[*builder]int, steps int) *builder {
	var best *builder
	for run, n := range has {
		if n == steps && (best == nil || run.id < best.id) {
			best = run
		}
	}
	return best
}

func (b *builder) tellsMore(other *builder) bool {
	if n, m := b.told(), other.told(); n != m {
		return n > m
	}
	return b.id < other.id
}

func (b *builder) told() int {
	n := 0
	for _, a := range b.accounts {
		n += len(a.calls) + len(a.tools)
	}
	return n
}

// takeOver adds to a run what a file that does not name it says beside its steps.
func (b *builder) takeOver(from *builder) {
	merge(&b.start, &from.start)
	b.first.earliest(from.first.time())
	b.last.latest(from.last.time())
	b.findings = append(b.findings, from.findings...)
	for _, a := range from.accounts {
		own := b.accountIn(a.space, nil)
		for i := range a.subagents {
			s := &a.subagents[i]
			own.addSubagent(&trace.Record{Pos: a.pos(s.place)}, &s.Subagent)
		}
		if d := a.decision; d != nil && (own.decision == nil || d.weight() > own.decision.weight()) {
			own.decision = d
		}
	}
}

// linkOf returns what a tool call is known by in all accounts of a run, 0 for
// nothing.
func linkOf(id string) spanID {
	if !telling(id) {
		return 0
	}
	return newSpanID("", id)
}

// telling reports whether an id is sure to be the only one of its kind: "call_1"
// is in many runs. Those that the providers make have a part of random letters
// and digits.
func telling(id string) bool {
	for part := range strings.FieldsFuncSeq(id, func(r rune) bool { return strings.ContainsRune("_-.:/ #", r) }) {
		if len(part) >= 12 && strings.ContainsAny(part, "0123456789") && strings.Trim(part, "0123456789") != "" && !repeats(part) {
			return true
		}
	}
	return false
}

// repeats reports whether a text has less than five different characters.
func repeats(s string) bool {
	var seen string
	for _, r := range s {
		if !strings.ContainsRune(seen, r) {
			seen += string(r)
		}
		if len(seen) > 4 {
			return false
		}
	}
	return true
}
