package session

import (
	"cmp"
	"maps"
	"slices"

	"github.com/andon-ci/andon/internal/trace"
)

// maxListed is how many things of one kind a side lists. Those beyond it are
// added up under one name: no agent has so many tools, but a report can claim it.
const maxListed = 5_000

const others = "(others)"

// tally adds up figures of named things over runs.
type tally struct {
	measures []measure
	of       map[string][]figure // by name, one figure for each measure
	runs     int                 // that were added
	whole    int                 // of them, those that list everything
	costs    map[string]*money   // by name, where costs are a measure
}

// money is a sum of costs that may lack a part.
type money struct {
	usd  *float64
	open bool
}

func (m *money) add(usd *float64) {
	m.usd = addMoney(m.usd, usd)
	m.open = m.open || usd == nil
}

// measure is one figure of a thing.
type measure struct {
	name string
	unit Unit
}

func newTally(measures ...measure) *tally {
	return &tally{measures: measures, of: map[string][]figure{}}
}

// run says that what follows is of another run, and whether that run lists all
// that it did.
func (t *tally) run(whole bool) {
	t.runs++
	if whole {
		t.whole++
	}
}

func (t *tally) add(name string, values ...trace.Count) {
	name = t.place(name)
	f := t.of[name]
	if f == nil {
		f = make([]figure, len(t.measures))
		t.of[name] = f
	}
	for i, v := range values {
		f[i].add(v)
	}
}

// place returns the name under which a thing is added up.
func (t *tally) place(name string) string {
	name = cmp.Or(name, "(unknown)")
	if t.of[name] == nil && len(t.of) >= maxListed {
		return others
	}
	return name
}

// isWhole reports whether what is not listed is known not to have been.
func (t *tally) isWhole() bool { return t.whole == t.runs && t.of[others] == nil }

// page returns the sums. Where a run may have done more than it lists, a sum is
// the least that it can be, and what is not listed is unknown.
func (t *tally) page() page {
	p := page{list: true}
	whole := t.isWhole()
	if whole {
		zero := 0.0
		p.absent.Number = &zero
	}
	for _, name := range slices.Sorted(maps.Keys(t.of)) {
		for i, f := range t.of[name] {
			f.open = f.open || !whole
			p.lines = append(p.lines, line{
				of: name, name: t.measures[i].name, unit: t.measures[i].unit, value: f.value(), atLeast: f.known && f.open,
			})
		}
		if m := t.costs[name]; m != nil {
			atLeast := m.usd != nil && (m.open || !whole)
			p.lines = append(p.lines, line{of: name, name: "cost", unit: UnitUSD, value: Value{Number: m.usd}, atLeast: atLeast})
		}
	}
	return p
}

func counted(n int) trace.Count { return trace.Measured(int64(n)) }

func toolPage(runs []*Run) page {
	t := newTally(measure{"calls", UnitCount}, measure{"errors", UnitCount})
	for _, r := range runs {
		t.run(r.listsTools())
		for _, name := range slices.Sorted(maps.Keys(r.Tools)) {
			s := r.Tools[name]
			t.add(name, counted(s.Calls), r.errorsOf(s.Errors))
		}
	}
	return t.page()
}

// errorsOf returns the errors of a tool or command. Some transcripts show only
// that calls were made and not how they ended.
func (r *Run) errorsOf(n int) trace.Count {
	if !r.ToolErrors.Known() {
		return trace.Count{}
	}
	return counted(n)
}

func commandPage(runs []*Run) page {
	t := newTally(measure{"calls", UnitCount}, measure{"errors", UnitCount})
	for _, r := range runs {
		t.run(r.listsTools())
		for _, name := range slices.Sorted(maps.Keys(r.Commands)) {
			s := r.Commands[name]
			t.add(name, counted(s.Calls), r.errorsOf(s.Errors))
		}
	}
	return t.page()
}

// subagentPage compares sub-agents by their names: their ids are another in
// every run.
func subagentPage(runs []*Run) page {
	t := newTally(measure{"started", UnitCount}, measure{"llm_calls", UnitCount}, measure{"tool_calls", UnitCount},
		measure{"tool_errors", UnitCount}, measure{"tokens", UnitTokens})
	t.costs = map[string]*money{}
	for _, r := range runs {
		n := 0
		for _, a := range descendants(r.Agents) {
			n++
			name := t.place(cmp.Or(a.Name, "(unnamed)"))
			t.add(name, counted(1), a.LLMCalls, a.ToolCalls, a.ToolErrors, a.Usage.Total())
			if t.costs[name] == nil {
				t.costs[name] = &money{}
			}
			t.costs[name].add(a.CostUSD)
		}
		t.run(r.Subagents.Known() && r.Subagents.N() <= int64(n))
	}
	return t.page()
}

// descendants returns sub-agents and all that they started.
func descendants(agents []*Subagent) []*Subagent {
	out := slices.Clone(agents)
	for i := 0; i < len(out); i++ {
		out = append(out, out[i].Subagents...)
	}
	return out
}

func filePage(runs []*Run) page {
	t := newTally(measure{"edits", UnitCount}, measure{"lines_added", UnitCount}, measure{"lines_removed", UnitCount})
	for _, r := range runs {
		c := r.changed()
		t.run(r.listsTools() && c.FilesEdited <= len(c.Files))
		for _, f := range c.Files {
			t.add(f.Path, counted(f.Edits), f.Added, f.Removed)
		}
	}
	return t.page()
}

// agentPage compares the agents of sessions by their names.
func agentPage(runs []*Run) page {
	by := map[string][]*Run{}
	for _, r := range runs {
		name := r.label()
		if by[name] == nil && len(by) >= maxListed {
			name = others
		}
		by[name] = append(by[name], r)
	}
	p := page{list: true}
	for _, name := range slices.Sorted(maps.Keys(by)) {
		c := Compared{Session: &Session{Runs: by[name], Cost: sumCost(by[name]), Decision: compose(by[name])}}
		for _, l := range c.agentLines() {
			l.of = name
			p.lines = append(p.lines, l)
		}
	}
	return p
}

// agentLines returns what is compared of one agent in a session.
func (c Compared) agentLines() []line {
	out := c.findingPage().lines[:1]
	out = append(out, c.outcomePage().named("decision", "status", "runs")...)
	out = append(out, c.setupPage().named("instructions", "instructions_sha256", "model", "runtime_version")...)
	out = append(out, c.costPage().named("cost")...)
	return append(out, timePage(c.runs()).named("duration")...)
}

func (p page) named(names ...string) []line {
	return slices.DeleteFunc(p.lines, func(l line) bool { return !slices.Contains(names, l.name) })
}
