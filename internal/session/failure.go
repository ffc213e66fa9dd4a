package session

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/trace"
)

// The limits from which on something is a failure mode. They are chosen so that
// the ordinary work of an agent (a look at a file again, a test that is red
// twice) raises none.
const (
	loopCalls   = 4    // calls of one tool with the same arguments and the same result
	undoCycles  = 2    // times that an edit was made again after it was undone
	errorRate   = 0.05 // share of tool calls that fail
	minFailed   = 3    // below it, a rate says nothing
	fullContext = 0.8  // share of the model's context
	stormErrors = 3    // requests refused for load
	stormWindow = 2 * time.Minute
	maxEvidence = 10
)

// failures looks for the known ways in which a run fails, or goes wrong without
// failing. The main agent and each sub-agent are looked at alone: two agents
// that read one file are no loop.
func (b *builder) failures(r *Run, p Pricer) {
	b.incomplete(r)
	b.unfinishedTurns(r)
	b.toolErrors(r)
	b.retryStorm()
	b.saturation(r, p)
	b.toolLoops()
	b.undoCycles()
	b.ignoredErrors(r)
	if len(b.findings) > 0 {
		r.Findings = b.findings
	}
}

func (b *builder) fail(rule string, s finding.Severity, msg, hint string, evidence ...trace.Pos) {
	f := finding.Finding{Rule: rule, Severity: s, Message: msg, Hint: hint, Subject: &finding.Subject{RunID: b.id}}
	for i, e := range evidence {
		if i == 0 {
			f.Pos = e
		}
		if i < maxEvidence {
			f.Evidence = append(f.Evidence, finding.Evidence{File: e.File, Line: e.Line})
		}
	}
	b.findings = append(b.findings, f)
}

// incomplete reports a run without an end. It is sure that something went wrong
// where a step was begun and never ended; an interactive session may just not
// have gone on.
func (b *builder) incomplete(r *Run) {
	if r.Status != trace.Incomplete {
		return
	}
	msg, severity := "the trace shows no end: the agent was killed, or it still runs", finding.Info
	at := b.lastStep()
	if step, open := b.openSteps(); len(open) > 0 {
		msg, severity, at = fmt.Sprintf("the trace ends while %s runs: the agent was killed or crashed", step), finding.Warning, open
	}
	b.fail("failure/incomplete", severity, msg, "look at the log of the agent's step for a timeout, a cancelled job or a full disk; its cost and decision are not known", at...)
}

// openSteps returns the steps without an end, and the name of the last.
func (b *builder) openSteps() (name string, at []trace.Pos) {
	a := b.toolAccount()
	answered := map[symbol]int32{} // the line of the last model call, by file
	for i := range a.calls {
		p := a.calls[i].place
		answered[p.file] = max(answered[p.file], p.line)
	}
	for i := range a.tools {
		if t := &a.tools[i]; !t.done && !t.passed && !t.denied && !t.failed && t.place.line >= answered[t.place.file] {
			name, at = cmp.Or(a.symbols[t.name], "a tool"), append(at, a.pos(t.place))
		}
	}
	a = b.usageAccount()
	for i := range a.calls {
		if c := &a.calls[i]; c.partial && len(at) == 0 {
			name, at = "a model call", []trace.Pos{a.pos(c.place)}
		}
	}
	return name, at
}

// lastStep returns the place of the step that was read last.
func (b *builder) lastStep() []trace.Pos {
	var last trace.Pos
	for _, a := range b.accounts {
		for _, p := range a.places() {
			if at := a.pos(p); at.File > last.File || at.File == last.File && at.Line > last.Line {
				last = at
			}
		}
	}
	if last.File == "" {
		return nil
	}
	return []trace.Pos{last}
}

func (a *account) places() []place {
	var out []place
	for i := range a.calls {
		out = append(out, a.calls[i].place)
	}
	for i := range a.tools {
		out = append(out, a.tools[i].place)
	}
	return out
}

// unfinishedTurns reports a run that its runtime stopped for a limit.
func (b *builder) unfinishedTurns(r *Run) {
	if r.Error == nil {
		return
	}
	what := map[string]string{
		"max_turns": "its turns", "max_budget": "its budget", "max_steps": "its steps", "cost_limit": "its budget", "max_tokens": "its output tokens",
	}[r.Error.Type]
	if what == "" {
		return
	}
	var at []trace.Pos
	for _, a := range b.accounts {
		if a.end != nil && a.end.Error != nil && a.end.Error.Type == r.Error.Type {
			at = append(at, a.end.pos)
		}
	}
	b.fail("failure/unfinished-turns", finding.Warning, "the agent was stopped when it had used up "+what,
		"look at its longest steps and repeated calls before you raise the limit", at...)
}

// toolErrors reports an error rate that is over the limit beyond chance: the
// lower end of its 95% interval is.
func (b *builder) toolErrors(r *Run) {
	calls, failed := r.ToolCalls.N(), r.ToolErrors.N()
	low, high := wilson(failed, calls)
	if failed < minFailed || low <= errorRate {
		return
	}
	var at []trace.Pos
	a := b.toolAccount()
	for i := range a.tools {
		if a.tools[i].failed {
			at = append(at, a.pos(a.tools[i].place))
		}
	}
	b.fail("failure/tool-errors", finding.Warning,
		fmt.Sprintf("%d of %d tool calls failed: %.0f%% (95%% interval %.0f%% to %.0f%%)", failed, calls, 100*float64(failed)/float64(calls), 100*low, 100*high),
		"see which tools fail and why; instructions that name the right commands help most", at...)
}

// wilson returns the 95% interval of a share, by Wilson's score (E. B. Wilson,
// "Probable inference, the law of succession, and statistical inference", 1927).
func wilson(hits, n int64) (low, high float64) {
	if n <= 0 {
		return 0, 1
	}
	const z = 1.959963984540054
	p, m := float64(hits)/float64(n), float64(n)
	center := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return max(0, center-half), min(1, center+half)
}

// retryStorm reports requests that were refused for load again and again.
func (b *builder) retryStorm() {
	var best []*call
	var of *account
	for _, a := range b.accounts {
		var refused []*call
		for i := range a.calls {
			if c := &a.calls[i]; c.err != nil && forLoad(c.err.Type) {
				refused = append(refused, c)
			}
		}
		if burst := densest(refused); len(burst) > len(best) {
			best, of = burst, a
		}
	}
	if len(best) < stormErrors {
		return
	}
	var at []trace.Pos
	types := map[string]bool{}
	for _, c := range best {
		at = append(at, of.pos(c.place))
		types[c.err.Type] = true
	}
	b.fail("failure/retry-storm", finding.Warning,
		fmt.Sprintf("%d requests in a row were refused for load (%s)", len(best), strings.Join(slices.Sorted(maps.Keys(types)), ", ")),
		"run fewer agents at once, or raise the limit with the provider", at...)
}

// forLoad reports whether an error says that the provider has too much to do.
func forLoad(typ string) bool {
	switch typ {
	case "rate_limit", "overloaded", "rate_limit_error", "overloaded_error", "http_429", "http_503", "http_529", "429", "503", "529",
		"too_many_requests", "rate_limited", "rate_limit_exceeded", "RESOURCE_EXHAUSTED":
		return true
	}
	return false
}

// densest returns the most failures within stormWindow. Failures without a time
// count as one burst.
func densest(calls []*call) []*call {
	slices.SortStableFunc(calls, func(x, y *call) int { return cmp.Compare(x.moment(), y.moment()) })
	var best []*call
	for i, from := 0, 0; i < len(calls); i++ {
		for calls[i].moment()-calls[from].moment() > stamp(stormWindow) {
			from++
		}
		if i-from+1 > len(best) {
			best = calls[from : i+1]
		}
	}
	return best
}

func (c *call) moment() stamp { return cmp.Or(c.end, c.start) }
