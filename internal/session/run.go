package session

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/trace"
)

// run reduces what is known to the run's figures.
//
// Several accounts of one run are never added up. Each figure is taken from the
// account that knows most of it, an agent's own files before telemetry.
func (b *builder) run(p Pricer) *Run {
	r := &Run{
		ID:       b.id,
		Files:    slices.Sorted(maps.Keys(b.files)),
		Agent:    b.start.Agent,
		Runtime:  b.start.Runtime,
		Start:    b.first.time(),
		Status:   trace.Incomplete,
		Findings: b.findings,
	}
	if b.last > b.first {
		r.End = b.last.time() // one sign of life says nothing about how long it took
	}
	if r.Findings == nil {
		r.Findings = []finding.Finding{}
	}
	for _, a := range b.accounts {
		a.derive(b.first)
	}
	r.ForkedFrom = b.start.ForkedFrom
	b.formats(r)
	b.usage(r, p)
	b.tools(r)
	b.outcome(r)
	b.counts(r)
	r.DurationMS = b.duration()
	b.steps(r, p)
	r.Scores = b.scores
	r.Time, r.Changes, r.Commands, r.Agents = b.time(r), b.changes(), b.commands(), b.subagentTree(p)
	b.failures(r, p)
	b.sources(r)
	if b.explains {
		r.Explained = b.explain()
	}
	return r
}

func (b *builder) formats(r *Run) {
	for _, a := range b.ranked((*account).weight) {
		for _, s := range a.sources() {
			if !slices.Contains(r.Formats, s) {
				r.Formats = append(r.Formats, s)
			}
		}
	}
	r.Format = r.Formats[0]
	slices.Sort(r.Formats)
	if len(r.Formats) == 1 {
		r.Formats = nil
	}
}

// weight measures how much an account tells at all.
func (a *account) weight() int64 {
	u, _ := a.usage()
	return u.Total().N() + int64(len(a.calls)+len(a.tools)+len(a.totals)) + 1
}

// sums adds up the whole calls of an account.
func (a *account) sums() (u trace.Usage, calls int64) {
	if a.zero != nil {
		u = *a.zero
	}
	for i := range a.calls {
		if c := &a.calls[i]; c.ok() {
			u = u.Add(c.usage())
			calls++
		}
	}
	return u, calls
}

// total adds up what the invocations report of themselves.
func (a *account) total() trace.Totals {
	var t trace.Totals
	var costs bill
	for _, inv := range a.order {
		f := a.part(a.totals[inv])
		t.Usage = t.Usage.Add(f.Usage)
		t.Calls = t.Calls.Add(f.Calls)
		t.Turns = t.Turns.Add(f.Turns)
		t.Duration = t.Duration.Add(f.Duration)
		t.ToolCalls = t.ToolCalls.Add(f.ToolCalls)
		t.ToolErrors = t.ToolErrors.Add(f.ToolErrors)
		t.PermissionDenials = t.PermissionDenials.Add(f.PermissionDenials)
		t.Subagents = t.Subagents.Add(f.Subagents)
		if f.CostUSD != nil {
			costs = append(costs, *f.CostUSD)
		}
		for m, u := range f.ByModel {
			if t.ByModel == nil {
				t.ByModel = map[string]trace.Usage{}
			}
			t.ByModel[m] = t.ByModel[m].Add(u)
		}
	}
	t.CostUSD = costs.sum()
	return t
}

// part returns what an invocation reports that the one around it does not.
func (a *account) part(f *totals) *totals {
	outer := a.totals[f.Within]
	if f.Within == "" || outer == nil || outer == f {
		return f
	}
	out := *f
	out.CostUSD, out.ToolCalls = nil, trace.Count{}
	if outer.Usage.Total().Known() {
		out.Usage, out.ByModel = trace.Usage{}, nil
	}
	return &out
}

func addMoney(a, b *float64) *float64 {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	sum := min(*a+*b, math.MaxFloat64) // infinity cannot be written as JSON
	return &sum
}

// usage returns the larger of what the calls add up to and what the agent
// reports of itself, and whether it was the calls. Both can fall short (a
// stream shows placeholders for the output, a total leaves sub-agents out) and
// neither can exceed what was served, since each call counts once.
func (a *account) usage() (u trace.Usage, fromCalls bool) {
	sum, n := a.sums()
	total := a.total().Usage
	if (n > 0 || a.zero != nil) && sum.Total().N() >= total.Total().N() {
		return fill(sum, total), true
	}
	return fill(total, sum), false
}

// fill takes from v the classes that u does not know.
func fill(u, v trace.Usage) trace.Usage {
	return trace.Usage{
		Input:        u.Input.Or(v.Input),
		CacheRead:    u.CacheRead.Or(v.CacheRead),
		CacheWrite5m: u.CacheWrite5m.Or(v.CacheWrite5m),
		CacheWrite1h: u.CacheWrite1h.Or(v.CacheWrite1h),
		Output:       u.Output.Or(v.Output),
		Reasoning:    u.Reasoning.Or(v.Reasoning),
	}
}

// llmCalls returns how many whole calls an account knows of.
func (a *account) llmCalls() trace.Count {
	_, n := a.sums()
	if n == 0 && a.zero == nil {
		return a.total().Calls
	}
	return trace.Measured(n).Max(a.total().Calls)
}

func (b *builder) usage(r *Run, p Pricer) {
	accounts := b.byUsage()
	best := accounts[0]
	r.Usage, _ = best.usage()
	r.LLMCalls = best.llmCalls()
	models := map[string]bool{}
	for _, a := range accounts {
		if a.isTelemetry() && a != best && len(models) > 1 {
			continue
		}
		r.LLMCalls = r.LLMCalls.Or(a.llmCalls())
		r.Usage.Reasoning = r.Usage.Reasoning.Or(reasoning(a))
		if u, _ := a.usage(); u.Prompt() == r.Usage.Prompt() {
			r.Usage.Output = r.Usage.Output.Or(u.Output)
		}
		for i := range a.calls {
			if a.calls[i].err == nil {
				models[a.symbols[a.calls[i].model]] = true
			}
		}
		for m := range a.total().ByModel {
			models[m] = true
		}
	}
	delete(models, "")
	if len(models) == 0 && (r.LLMCalls.N() > 0 || r.Usage.Total().N() > 0) {
		models[b.start.Model] = true // the one that was chosen, where calls do not name theirs
		delete(models, "")
	}
	r.Models = slices.AppendSeq([]string{}, maps.Keys(models))
	slices.Sort(r.Models)
	r.ByModel = best.total().ByModel
	b.cost(r, best, p)
}

func reasoning(a *account) trace.Count {
	u, _ := a.usage()
	return u.Reasoning
}

// tools counts the tool calls and how they went, by tool.
func (b *builder) tools(r *Run) {
	best := b.toolAccount()
	if len(best.tools) == 0 {
		r.noTools(b)
		return
	}
	r.ToolCalls = trace.Measured(int64(len(best.tools)))
	if best.sawResults() {
		r.ToolErrors = trace.Measured(int64(best.toolErrors()))
	}
	r.Tools = map[string]ToolStat{}
	for i := range best.tools {
		t := &best.tools[i]
		name := cmp.Or(best.symbols[t.name], "(unknown)")
		s := r.Tools[name]
		s.Calls++
		if t.failed {
			s.Errors++
		}
		s.DurationMS = s.DurationMS.Add(t.took())
		r.Tools[name] = s
	}
}

// noTools fills in the tool figures of a run whose sources list no tool call.
// That is zero where a source lists steps at all, and unknown where it does not.
func (r *Run) noTools(b *builder) {
	for _, a := range b.accounts {
		t := a.total()
		r.ToolCalls = r.ToolCalls.Max(t.ToolCalls)
		r.ToolErrors = r.ToolErrors.Max(t.ToolErrors)
		if (len(a.calls) > 0 || a.zero != nil) && !r.ToolCalls.Known() && !isLedger(a.space) {
			r.ToolCalls, r.ToolErrors = trace.Measured(0), trace.Measured(0)
		}
	}
}

func (a *account) toolErrors() int {
	n := 0
	for i := range a.tools {
		if a.tools[i].failed {
			n++
		}
	}
	return n
}

// sawResults reports whether a source shows how tool calls ended: some transcripts
// show only that they were made.
func (a *account) sawResults() bool {
	return slices.ContainsFunc(a.tools, func(t tool) bool { return t.done || t.failed })
}

// took returns how long a tool call ran, in milliseconds.
func (t *tool) took() trace.Count {
	if t.duration >= 0 {
		return trace.Measured(int64(t.duration))
	}
	if t.start == 0 || t.end == 0 {
		return trace.Count{}
	}
	return trace.Measured(int64(t.end-t.start) / int64(time.Millisecond))
}

// outcome takes the status from the account that says one, an agent's own
// before telemetry and the worse of two, and the weightiest decision.
func (b *builder) outcome(r *Run) {
	end, decision := b.verdicts()
	if end != nil {
		r.Status, r.Error = end.Status, end.Error
	}
	if decision != nil {
		at := decision.pos
		r.Decision = &Decision{
			Kind: decision.Kind, Source: decision.Source, Summary: decision.Summary,
			Findings: decision.Findings, Place: &at, composedFrom: decision.ComposedFrom,
		}
	}
}

func (b *builder) verdicts() (end *ending, decision *decided) {
	for _, a := range b.ranked((*account).weight) {
		if a.end != nil && !a.contradicted() && (end == nil || !a.isTelemetry() && severity(a.end.Status) > severity(end.Status)) {
			end = a.end
		}
		if a.decision != nil && (decision == nil || a.decision.weight() > decision.weight()) {
			decision = a.decision
		}
	}
	if end != nil && end.Status == trace.Success && b.wentOn(end) {
		end = &ending{End: trace.End{Status: trace.Incomplete}, at: end.at, pos: end.pos, source: end.source}
	}
	return end, decision
}

// counts takes what each account counts apart from usage and tools: the largest
// of them, since none of them can see more than there was.
func (b *builder) counts(r *Run) {
	for _, a := range b.accounts {
		t := a.total()
		r.Turns = r.Turns.Max(t.Turns)
		r.Subagents = r.Subagents.Max(t.Subagents)
		r.PermissionDenials = r.PermissionDenials.Max(t.PermissionDenials)
		if len(a.subagents) > 0 || len(a.calls) > 0 || a.zero != nil {
			r.Subagents = r.Subagents.Max(trace.Measured(a.subagentCount()))
		}
		var failed, denied int64
		for i := range a.calls {
			if a.calls[i].err != nil {
				failed++
			}
		}
		for i := range a.tools {
			if a.tools[i].denied {
				denied++
			}
		}
		if len(a.calls) > 0 || a.zero != nil {
			r.LLMErrors = r.LLMErrors.Max(trace.Measured(failed))
		}
		if denied > 0 {
			r.PermissionDenials = r.PermissionDenials.Max(trace.Measured(denied))
		}
	}
}

// subagentCount counts each sub-agent once. Sources that do not know its own id
// name it by the tool call that started it.
func (a *account) subagentCount() int64 {
	byTool := map[string]bool{}
	for i := range a.subagents {
		if t := a.subagents[i].ToolID; t != "" {
			byTool[t] = true
		}
	}
	n := int64(len(byTool))
	for i := range a.subagents {
		if s := &a.subagents[i]; s.ToolID == "" && !byTool[s.ID] {
			n++
		}
	}
	return n
}

// duration is the wall clock from the first to the last sign of life, or what
// the agent reports where its lines carry no times.
func (b *builder) duration() trace.Count {
	if b.backward {
		return trace.Count{} // its clock is not to be trusted
	}
	if b.first != 0 && b.last > b.first {
		return trace.Measured(int64(math.Round(float64(b.last-b.first) / 1e6)))
	}
	var d trace.Count
	for _, a := range b.accounts {
		d = d.Max(a.total().Duration)
	}
	return d
}
