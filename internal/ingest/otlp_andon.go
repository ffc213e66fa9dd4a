package ingest

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// andonKind is the attribute that the spans have which `andon export` writes: job,
// run, call, tool, subagent, decision, score, finding or override. They tell of a
// run all that the export knew, so that nothing has to be guessed from names and
// places; the names are those of package otlp.
const andonKind = "andon.span.kind"

// otlpOwn reads the spans of an export. Jobs, findings and overrides are no part
// of a run: collecting finds the second again, and the third is not of a trace.
type otlpOwn struct {
	r    *otlp
	runs map[string]*exported
}

// exported is what the model calls of one run add up to.
type exported struct {
	usage   trace.Usage
	byModel map[string]trace.Usage
	more    bool     // some of it is of no call that is known
	models  []string // as the run lists them
	errors  int64    // requests that failed, as the run counts them, and not seen
	line    int
	end     time.Time
}

func newOTLPOwn(r *otlp) otlpOwn { return otlpOwn{r: r, runs: map[string]*exported{}} }

func (o *otlpOwn) add(s otlpSpan, span string, line int) {
	run := s.attrs.text("gen_ai.conversation.id")
	if run == "" {
		return
	}
	start, end := s.knownTimes()
	emit := func(f trace.Fact) { o.r.emit(otlpFormat, run, s.attrs.text("andon.subagent.id"), line, end, f) }
	switch s.attrs.text(andonKind) {
	case "run":
		o.run(s, run, line, start, end)
	case "call":
		o.call(s, span, run, line, emit)
	case "tool":
		emit(s.exportedTool(start, end))
	case "subagent":
		if f := s.exportedSubagent(start, end); f != nil {
			emit(f)
		}
	case "decision":
		if d := s.exportedDecision(); d != nil {
			emit(d)
		}
	case "score":
		a := s.attrs
		emit(&trace.Score{
			Name: a.text("gen_ai.evaluation.name"), Value: floatOf(a.get("gen_ai.evaluation.score.value")),
			Label: a.text("gen_ai.evaluation.score.label"), Judge: a.text("andon.score.judge"),
		})
	}
}

// exportedSubagent returns nil for one that only its steps tell of.
func (s otlpSpan) exportedSubagent(start, end time.Time) *trace.Subagent {
	a := s.attrs
	f := &trace.Subagent{
		ID: a.text("andon.subagent.id"), Name: a.text("andon.subagent.name"), Parent: a.text("andon.subagent.parent"),
		ToolID: a.text("andon.subagent.tool"), Start: start, End: end, Status: trace.Status(a.text("andon.subagent.status")),
	}
	if !slices.Contains(statuses(), f.Status) || f.Status == trace.Incomplete {
		f.Status = ""
	}
	if isTrue(a.get("andon.subagent.implied")) {
		return nil
	}
	return f
}

// knownTimes returns the span's times without those that the export made up.
func (s otlpSpan) knownTimes() (start, end time.Time) {
	start, end = s.times()
	switch s.attrs.text("andon.time.unknown") {
	case "start":
		start = time.Time{}
	case "end":
		end = time.Time{}
	case "both":
		start, end = time.Time{}, time.Time{}
	}
	return start, end
}

func (o *otlpOwn) run(s otlpSpan, run string, line int, start, end time.Time) {
	a := s.attrs
	from := &trace.Start{
		Agent:   trace.Agent{Name: a.text("andon.agent.name")},
		Runtime: trace.Runtime{Name: a.text("andon.runtime.name"), Version: a.text("andon.runtime.version")},
		Model:   a.text("gen_ai.request.model"), Context: s.exportedContext(), ForkedFrom: a.text("andon.run.forked_from"),
	}
	if path, hash := a.text("andon.agent.instructions.path"), a.text("andon.agent.instructions.sha256"); path+hash != "" {
		from.Agent.Instructions = &trace.Instructions{Path: path, SHA256: hash}
	}
	o.r.emit(otlpFormat, run, "", line, start, from)
	t := &trace.Totals{
		Calls: a.count("andon.run.llm_calls"), Turns: a.count("andon.run.turns"), Duration: a.count("andon.run.duration_ms"),
		ToolCalls: a.count("andon.run.tool_calls"), ToolErrors: a.count("andon.run.tool_errors"),
		PermissionDenials: a.count("andon.run.permission_denials"), Subagents: a.count("andon.run.subagents"),
	}
	if usd, ok := a.get("andon.run.reported_cost_usd").Float(); ok && usd >= 0 {
		t.CostUSD = &usd
	}
	o.r.emit(otlpFormat, run, "", line, end, t)
	if sum := o.of(run); sum != nil {
		sum.errors += min(a.count("andon.run.llm_errors").N(), maxOpen)
		sum.line, sum.end = line, end
		for e := range a.get("andon.run.models").Elements() {
			if len(sum.models) < 100 {
				sum.models = append(sum.models, anyValue(e).String())
			}
		}
	}
	if status := trace.Status(a.text("andon.run.status")); status != trace.Incomplete && slices.Contains(statuses(), status) {
		e := &trace.End{Status: status}
		if typ := a.text("error.type"); typ != "" && typ != string(status) {
			e.Error = s.exportedError()
		}
		o.r.emit(otlpFormat, run, "", line, end, e)
	}
}

// exportedContext reads where the run's session belonged. What the resource says
// holds for all runs, and may be more.
func (s otlpSpan) exportedContext() trace.Context {
	a := s.attrs
	c := trace.Context{Repository: repositoryOf(a.text("vcs.repository.url.full")), HeadSHA: a.text("vcs.ref.head.revision")}
	if kind := a.text("andon.subject.kind"); kind != "unknown" {
		n, _ := a.get("andon.subject.number").Int()
		c.SubjectKind, c.Number = kind, int(min(max(n, 0), 1<<31-1))
	}
	return c
}

func statuses() []trace.Status {
	return []trace.Status{trace.Success, trace.Failure, trace.Cancelled, trace.Timeout, trace.Incomplete}
}

// exportedError returns why something failed. A message that repeats the type
// was none.
func (s otlpSpan) exportedError() *trace.Error {
	e := &trace.Error{Type: s.attrs.text("error.type")}
	if m := s.v.Get("status", "message").String(); m != e.Type {
		e.Message = clip(m, 500)
	}
	return e
}

// of returns what is known of a run, nil for one too many.
func (o *otlpOwn) of(run string) *exported {
	sum := o.runs[run]
	if sum == nil && len(o.runs) < maxOpen {
		sum = &exported{byModel: map[string]trace.Usage{}}
		o.runs[run] = sum
	}
	return sum
}

// call reads a model call. One that stands for several counts for none, but its
// tokens do.
func (o *otlpOwn) call(s otlpSpan, span, run string, line int, emit func(trace.Fact)) {
	a := s.attrs
	start, end := s.knownTimes()
	sum := o.of(run)
	if sum == nil {
		return
	}
	u := s.exportedUsage()
	model := a.text("gen_ai.request.model")
	sum.usage, sum.line, sum.end = sum.usage.Add(u), line, end
	if _, known := sum.byModel[model]; known || len(sum.byModel) < 100 {
		sum.byModel[model] = sum.byModel[model].Add(u)
	}
	if isTrue(a.get("andon.llm.aggregated")) {
		sum.more = true
		return
	}
	c := &trace.Call{
		ID: span, Provider: a.text("gen_ai.provider.name"), Model: model, Start: start, End: end, Usage: u, FinishReason: s.finish(),
		Partial: isTrue(a.get("andon.llm.partial")),
	}
	if a.text("error.type") != "" {
		c.Error = s.exportedError()
		sum.errors--
	}
	if f, ok := a.get("gen_ai.response.time_to_first_chunk").Float(); ok && f >= 0 && f < 1e6 {
		c.FirstToken = trace.Measured(int64(f*1000 + 0.5))
	}
	emit(c)
}

func isTrue(v jsonl.Value) bool {
	b, ok := v.Bool()
	return ok && b
}

// exportedUsage is usage of a span that says how long the cache lives that was
// written to.
func (s otlpSpan) exportedUsage() trace.Usage {
	u := s.usage()
	if long := s.attrs.count("andon.llm.cache_write_1h_tokens"); long.Known() {
		u.CacheWrite5m, u.CacheWrite1h = minus(u.CacheWrite5m, long), long
	}
	return u
}

func (s otlpSpan) exportedTool(start, end time.Time) *trace.Tool {
	a := s.attrs
	t := &trace.Tool{
		ID: a.text("gen_ai.tool.call.id"), Name: a.text("gen_ai.tool.name"), Start: start, End: end,
		ExitCode: exitCode(a.get("andon.tool.exit_code")), Failed: isTrue(a.get("andon.tool.failed")),
		Duration: a.count("andon.tool.duration_ms"), Denied: isTrue(a.get("andon.tool.denied")), Done: isTrue(a.get("andon.tool.done")),
	}
	if a.text("error.type") != "" {
		t.Error = s.exportedError()
	}
	return t
}

// exportedDecision returns nil for what is none.
func (s otlpSpan) exportedDecision() *trace.Decision {
	a := s.attrs
	kind, ok := kindOf(a.text("andon.decision.name"))
	source := trace.DecisionSource(a.text("andon.decision.source"))
	if !ok || !slices.Contains([]trace.DecisionSource{trace.FromRecord, trace.FromStructuredOutput, trace.FromToolCall, trace.FromText}, source) {
		return nil
	}
	d := &trace.Decision{
		Kind: kind, Source: source,
		Summary: clip(a.text("andon.decision.summary"), 4000), Findings: a.count("andon.decision.findings"),
	}
	for e := range a.get("andon.decision.composed_from").Elements() {
		if len(d.ComposedFrom) < 1000 {
			d.ComposedFrom = append(d.ComposedFrom, anyValue(e).String())
		}
	}
	return d
}

// close says what runs used beyond the calls that are known.
func (o *otlpOwn) close() {
	for _, run := range slices.Sorted(maps.Keys(o.runs)) {
		sum := o.runs[run]
		for i := range sum.errors { // known by their number alone
			o.r.emit(otlpFormat, run, "", sum.line, sum.end, &trace.Call{ID: run + "~" + strconv.FormatInt(i, 10), Error: &trace.Error{Type: "error"}})
		}
		if t := sum.totals(); t != nil {
			o.r.emit(otlpFormat, run, "", sum.line, sum.end, t)
		}
	}
}

// totals returns what the run reports beyond its calls, nil for nothing.
func (e *exported) totals() *trace.Totals {
	for _, m := range e.models {
		if _, known := e.byModel[m]; !known {
			e.byModel[m], e.more = trace.Usage{}, true
		}
	}
	if !e.more {
		return nil
	}
	t := &trace.Totals{Usage: e.usage}
	if delete(e.byModel, ""); len(e.byModel) > 0 {
		t.ByModel = e.byModel
	}
	return t
}
