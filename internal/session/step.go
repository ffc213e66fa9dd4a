package session

import (
	"cmp"
	"slices"
	"time"

	"github.com/andon-ci/andon/internal/trace"
)

// maxSteps is how many steps of a run are listed where nobody asks for another
// number. All are counted.
const maxSteps = 10_000

// The kinds of Step.
const (
	StepLLM      = "llm"
	StepTool     = "tool"
	StepSubagent = "subagent"
)

// steps lists what the run did, from the accounts that know most of it.
func (b *builder) steps(r *Run, p Pricer) {
	calls := b.ranked(func(a *account) int64 { return int64(len(a.calls)) })[0]
	tools := b.toolAccount()
	subs := b.ranked(func(a *account) int64 { return int64(len(a.subagents)) })[0]
	total := len(calls.calls) + len(tools.tools) + len(subs.subagents)
	most := cmp.Or(b.maxSteps, maxSteps)
	r.StepsDropped = max(0, total-most)
	r.Steps = make([]Step, 0, min(total, most))
	for i := range subs.subagents {
		r.addStep(subs.subagentStep(&subs.subagents[i]), most)
	}
	for i := range calls.calls {
		r.addStep(calls.callStep(&calls.calls[i], p), most)
	}
	for i := range tools.tools {
		r.addStep(tools.toolStep(&tools.tools[i]), most)
	}
	slices.SortStableFunc(r.Steps, func(x, y Step) int {
		switch {
		case x.Start.IsZero() && y.Start.IsZero():
			return 0 // as they were read
		case x.Start.IsZero():
			return 1
		case y.Start.IsZero():
			return -1
		}
		return cmp.Or(x.Start.Compare(y.Start), cmp.Compare(x.ID, y.ID))
	})
}

func (r *Run) addStep(s Step, most int) {
	if len(r.Steps) < most {
		r.Steps = append(r.Steps, s)
	}
}

func (a *account) callStep(c *call, p Pricer) Step {
	s := Step{
		Kind: StepLLM, ID: c.id.String(), Name: a.symbols[c.model], Subagent: a.symbols[c.subagent],
		Start: c.start.time(), End: c.end.time(), Usage: c.usage(), CostUSD: a.price(c, p),
		Provider: a.symbols[c.provider], FinishReason: a.symbols[c.finish], Partial: c.partial,
		Failed: c.err != nil, Error: c.err, Pos: a.pos(c.place),
	}
	if c.firstToken >= 0 {
		s.FirstToken = trace.Measured(int64(c.firstToken))
	}
	return s
}

// price returns what a call cost: what its source says, else by the table.
func (a *account) price(c *call, p Pricer) *float64 {
	if c.cost != nil || p == nil || !c.ok() || !c.usage().Output.Known() {
		return c.cost
	}
	if usd, ok := p.Cost(a.symbols[c.model], c.usage(), 1); ok {
		return &usd
	}
	return nil
}

func (a *account) toolStep(t *tool) Step {
	s := Step{
		Kind: StepTool, ID: t.id.String(), Name: a.symbols[t.name], Subagent: a.symbols[t.subagent],
		Start: t.start.time(), End: t.end.time(),
		Failed: t.failed, Error: t.err, Pos: a.pos(t.place), Denied: t.denied, Done: t.done,
	}
	if t.exit != noExit {
		code := int(t.exit)
		s.ExitCode = &code
	}
	if t.duration >= 0 {
		s.Duration = trace.Measured(int64(t.duration))
	}
	if t.duration >= 0 && t.end == 0 && t.start != 0 {
		s.End = s.Start.Add(time.Duration(t.duration) * time.Millisecond)
	}
	return s
}

func (a *account) subagentStep(s *subagent) Step {
	return Step{
		Kind: StepSubagent, ID: s.ID, Name: cmp.Or(s.Name, s.ID), Subagent: s.ID,
		Start: s.Start, End: s.End, Failed: severity(s.Status) > 1, Pos: a.pos(s.place),
	}
}
