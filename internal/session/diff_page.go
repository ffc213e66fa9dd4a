package session

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/trace"
)

// pages returns what is compared of a side, in the order of DiffSections.
func (c Compared) pages() []page {
	runs := c.runs()
	return []page{
		c.outcomePage(), c.setupPage(), tokenPage(runs), c.costPage(), timePage(runs), workPage(runs), contextPage(runs),
		changePage(runs), c.findingPage(), agentPage(runs), toolPage(runs), commandPage(runs), subagentPage(runs), filePage(runs),
	}
}

func (p *page) text(name, value string) {
	p.lines = append(p.lines, line{name: name, unit: UnitText, value: Value{Text: value}})
}

func (p *page) figure(name string, unit Unit, f figure) {
	p.lines = append(p.lines, line{name: name, unit: unit, value: f.value(), atLeast: f.known && f.open})
}

func (p *page) fraction(name string, unit Unit, f *float64, atLeast bool) {
	p.lines = append(p.lines, line{name: name, unit: unit, value: Value{Number: f}, atLeast: f != nil && atLeast})
}

// figure is a sum that may lack a part.
type figure struct {
	n     trace.Count
	known bool // a part was measured
	open  bool // a part was not
}

func (f *figure) add(c trace.Count) {
	f.n = f.n.Add(c)
	f.known = f.known || c.Known()
	f.open = f.open || !c.Known()
}

func (f figure) value() Value {
	if !f.known {
		return Value{}
	}
	return measured(f.n)
}

func measured(c trace.Count) Value {
	n, known := c.Get()
	if !known {
		return Value{}
	}
	v := float64(n)
	return Value{Number: &v}
}

func sumOf(runs []*Run, of func(*Run) trace.Count) figure {
	var f figure
	for _, r := range runs {
		f.add(of(r))
	}
	return f
}

func (c Compared) outcomePage() page {
	var p page
	runs := c.runs()
	kind, source := "", ""
	if len(runs) == 1 && runs[0].Decision != nil {
		kind, source = string(runs[0].Decision.Kind), string(runs[0].Decision.Source)
	} else if c.Run == nil && c.Session.Decision != nil {
		kind = string(c.Session.Decision.Kind)
	}
	p.text("decision", kind)
	p.text("decision_source", source)
	p.figure("decision_findings", UnitCount, sumOf(concluded(runs), func(r *Run) trace.Count { return r.Decision.Findings }))
	p.text("status", statuses(runs))
	p.figure("runs", UnitCount, figure{n: trace.Measured(int64(len(runs))), known: true})
	if e := distinct(runs, (*Run).errorText); e != "" { // that there is none is not unknown
		p.text("error", e)
	}
	return p
}

func concluded(runs []*Run) []*Run {
	return slices.DeleteFunc(slices.Clone(runs), func(r *Run) bool { return r.Decision == nil })
}

// statuses returns how the run ended, or of several how many did how.
func statuses(runs []*Run) string {
	n := map[trace.Status]int{}
	for _, r := range runs {
		n[r.Status]++
	}
	var parts []string
	for _, s := range slices.Sorted(maps.Keys(n)) {
		if len(runs) == 1 {
			return string(s)
		}
		parts = append(parts, fmt.Sprintf("%d %s", n[s], s))
	}
	return strings.Join(parts, ", ")
}

func (r *Run) errorText() string {
	if r.Error == nil {
		return ""
	}
	if r.Error.Type == "" || r.Error.Message == "" {
		return r.Error.Type + r.Error.Message
	}
	return r.Error.Type + ": " + r.Error.Message
}

// distinct returns the texts of runs, each once and in order.
func distinct(runs []*Run, of func(*Run) string) string {
	all := map[string]bool{}
	for _, r := range runs {
		all[of(r)] = true
	}
	delete(all, "")
	return strings.Join(slices.Sorted(maps.Keys(all)), ", ")
}

func (c Compared) setupPage() page {
	var p page
	runs := c.runs()
	p.text("agent", distinct(runs, func(r *Run) string { return r.Agent.Name }))
	p.text("instructions", distinct(runs, (*Run).instructionsPath))
	p.text("instructions_sha256", distinct(runs, (*Run).instructionsHash))
	p.text("model", distinct(runs, func(r *Run) string { return strings.Join(r.Models, ", ") }))
	p.text("runtime", distinct(runs, func(r *Run) string { return r.Runtime.Name }))
	p.text("runtime_version", distinct(runs, func(r *Run) string { return r.Runtime.Version }))
	p.text("format", distinct(runs, func(r *Run) string { return r.Format }))
	p.text("head_sha", c.Session.HeadSHA)
	return p
}

func (r *Run) instructionsPath() string {
	if r.Agent.Instructions == nil {
		return ""
	}
	return r.Agent.Instructions.Path
}

func (r *Run) instructionsHash() string {
	if r.Agent.Instructions == nil {
		return ""
	}
	return r.Agent.Instructions.SHA256
}

// tokenPage adds up tokens by class. A class that a run does not have, such as
// cache writes where its provider counts none, makes no sum incomplete; a run
// that says nothing of its usage makes all of them so.
func tokenPage(runs []*Run) page {
	var p page
	var all trace.Usage
	open, part := false, false
	for _, r := range runs {
		all = all.Add(r.Usage)
		open = open || !r.Usage.Total().Known()
		part = part || !r.Usage.Prompt().Known() || !r.Usage.Output.Known()
	}
	for _, c := range []struct {
		name string
		n    trace.Count
	}{
		{"total", all.Total()}, {"input", all.Input}, {"cache_read", all.CacheRead}, {"cache_write_5m", all.CacheWrite5m},
		{"cache_write_1h", all.CacheWrite1h}, {"output", all.Output}, {"reasoning", all.Reasoning},
	} {
		p.figure(c.name, UnitTokens, figure{n: c.n, known: c.n.Known(), open: open || part && c.name == "total"})
	}
	var rate *float64
	if share, known := all.CacheHitRate(); known && !open {
		rate = &share
	}
	p.fraction("cache_hit_rate", UnitShare, rate, false)
	return p
}

// costPage compares what is known of the costs, and what they rest on: a cost
// that an agent reports and one from a price table may differ for that alone.
func (c Compared) costPage() page {
	cost := c.Session.Cost
	if c.Run != nil {
		cost = c.Run.Cost
	}
	var p page
	usd := cost.USD
	if usd == nil {
		usd = cost.ComputedUSD
	}
	p.fraction("cost", UnitUSD, usd, cost.Partial || cost.USD == nil)
	p.text("cost_source", cost.Source)
	if len(cost.UnpricedModels) > 0 {
		p.text("unpriced_models", strings.Join(cost.UnpricedModels, ", "))
	}
	return p
}

func timePage(runs []*Run) page {
	var p page
	whole := sumOf(runs, (*Run).Elapsed)
	whole.n = Elapsed(runs)
	p.figure("duration", UnitMS, whole)
	part := func(name string, of func(*Time) trace.Count) {
		p.figure(name, UnitMS, sumOf(runs, func(r *Run) trace.Count {
			if r.Time == nil {
				return trace.Count{}
			}
			return of(r.Time)
		}))
	}
	part("model", func(t *Time) trace.Count { return t.Model })
	part("tools", func(t *Time) trace.Count { return t.Tool })
	part("subagents", func(t *Time) trace.Count { return t.Subagent })
	part("idle", func(t *Time) trace.Count { return t.Idle })
	if len(runs) == 1 { // it is a median, of which no sum can be made
		part("first_token", func(t *Time) trace.Count { return t.FirstToken })
	}
	return p
}

func workPage(runs []*Run) page {
	var p page
	for _, f := range []struct {
		name string
		of   func(*Run) trace.Count
	}{
		{"turns", func(r *Run) trace.Count { return r.Turns }},
		{"llm_calls", func(r *Run) trace.Count { return r.LLMCalls }},
		{"llm_errors", func(r *Run) trace.Count { return r.LLMErrors }},
		{"tool_calls", func(r *Run) trace.Count { return r.ToolCalls }},
		{"tool_errors", func(r *Run) trace.Count { return r.ToolErrors }},
		{"permission_denials", func(r *Run) trace.Count { return r.PermissionDenials }},
		{"subagents", func(r *Run) trace.Count { return r.Subagents }},
	} {
		p.figure(f.name, UnitCount, sumOf(runs, f.of))
	}
	return p
}

// contextPage compares the fullest context of each side.
func contextPage(runs []*Run) page {
	var p page
	var peak, window trace.Count
	var share *float64
	var compactions figure
	for _, r := range runs {
		if r.Context == nil {
			compactions.add(trace.Count{})
			continue
		}
		compactions.add(trace.Measured(int64(r.Context.Compactions)))
		peak, window = peak.Max(r.Context.PeakTokens), window.Max(r.Context.Window)
		if s := r.Context.Share; r.Context.PeakTokens.Known() && r.Context.Window.Known() && (share == nil || s > *share) {
			share = &s
		}
	}
	p.figure("peak", UnitTokens, figure{n: peak, known: peak.Known()})
	p.figure("window", UnitTokens, figure{n: window, known: window.Known()})
	p.fraction("share", UnitShare, share, false)
	p.figure("compactions", UnitCount, compactions)
	return p
}

// changePage adds up what was changed. A run that made no tool call is known to
// have changed nothing.
func changePage(runs []*Run) page {
	var p page
	for _, f := range []struct {
		name string
		of   func(*Changes) int
	}{
		{"files_edited", func(c *Changes) int { return c.FilesEdited }},
		{"commits", func(c *Changes) int { return c.Commits }},
		{"pushes", func(c *Changes) int { return c.Pushes }},
		{"pull_requests", func(c *Changes) int { return c.PullRequests }},
		{"reviews", func(c *Changes) int { return c.Reviews }},
		{"comments", func(c *Changes) int { return c.Comments }},
		{"merges", func(c *Changes) int { return c.Merges }},
	} {
		p.figure(f.name, UnitCount, sumOf(runs, func(r *Run) trace.Count {
			if r.Changes == nil && !r.listsTools() {
				return trace.Count{}
			}
			return trace.Measured(int64(f.of(r.changed())))
		}))
	}
	p.figure("lines_added", UnitCount, changedLines(runs, func(c *Changes) trace.Count { return c.LinesAdded }))
	p.figure("lines_removed", UnitCount, changedLines(runs, func(c *Changes) trace.Count { return c.LinesRemoved }))
	return p
}

// changed returns what the run changed, which may be nothing.
func (r *Run) changed() *Changes {
	if r.Changes == nil {
		return &Changes{}
	}
	return r.Changes
}

func changedLines(runs []*Run, of func(*Changes) trace.Count) figure {
	var f figure
	for _, r := range runs {
		n := of(r.changed())
		if r.listsTools() && r.changed().FilesEdited == 0 {
			n = trace.Measured(0)
		}
		f.add(n)
		f.open = f.open || r.changed().LinesPartial
	}
	return f
}

// listsTools reports whether Tools holds all that the run called: a tool that
// it does not name was not called.
func (r *Run) listsTools() bool {
	total, known := r.ToolCalls.Get()
	for _, t := range r.Tools {
		total -= int64(t.Calls)
	}
	return known && total <= 0
}

func (c Compared) findingPage() page {
	t := newTally(measure{"count", UnitCount})
	t.run(true)
	all := 0
	count := func(fs []finding.Finding) {
		all += len(fs)
		for _, f := range fs {
			t.add(f.Rule, counted(1))
		}
	}
	if c.Run == nil {
		count(c.Session.Findings)
	}
	for _, r := range c.runs() {
		count(r.Findings)
	}
	p := t.page()
	p.lines = slices.Insert(p.lines, 0, line{name: "findings", unit: UnitCount, value: measured(counted(all))})
	return p
}
