package ingest

import (
	"slices"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// nativeFormat is the name of Andon's own format, schemas/trace.schema.json.
const nativeFormat = "andon/trace"

func isNative(v jsonl.Value, _ jsonl.Chunk) bool {
	switch t := v.Get("type"); {
	case t.Is("run"), t.Is("run.start"):
		return true
	case t.Is("llm.call"), t.Is("tool.call"):
		return v.Get("span_id").Kind() == jsonl.String
	case t.Is("decision"):
		return v.Get("decision").Kind() == jsonl.Object
	case t.Is("run.end"):
		return v.Get("status").Kind() == jsonl.String
	case t.Is("score"):
		return isPlainNative(v, "name", "value", "label", "judge")
	case t.Is("log"):
		return isPlainNative(v, "message", "severity")
	}
	return false
}

// isPlainNative recognises a record of a type for which other programs have a use
// too: it has what the schema asks for, a run, and nothing that is not in the
// schema.
func isPlainNative(v jsonl.Value, says string, more ...string) bool {
	for _, key := range []string{"run_id", "time", says} {
		if v.Get(key).Kind() != jsonl.String {
			return false
		}
	}
	for key := range v.Members() {
		switch key {
		case "type", "run_id", "time", says, "parent_run_id", "trace_id", "parent_span_id":
		default:
			if !slices.Contains(more, key) {
				return false
			}
		}
	}
	return true
}

// nativeReader reads native traces. A record without a run id belongs to the
// run that the file started last. A run that names a parent is a sub-agent of
// it, and what it does counts for the parent.
type nativeReader struct {
	s      *sink
	parent map[string]string // run ids of sub-agents to those of their parents
}

func newNative(s *sink) reader { return &nativeReader{s: s, parent: map[string]string{}} }

func (r *nativeReader) close() {}

func (r *nativeReader) value(v jsonl.Value, line int) {
	typ := v.Get("type").String()
	if !isNativeType(typ) {
		r.s.drift(typ)
		return
	}
	if !r.valid(v, line) {
		return
	}
	if id := v.Get("run_id").String(); id != "" {
		r.enter(id, v.Get("parent_run_id").String())
	}
	t := v.Get("time").Time()
	switch typ {
	case "run":
		r.start(v, line, v.Get("start").Time())
		r.totals(v, line, v.Get("end").Time())
		r.decision(v, line, v.Get("end").Time())
		r.end(v, line, v.Get("end").Time())
	case "run.start":
		r.start(v, line, t)
	case "llm.call":
		r.call(v, line)
	case "tool.call":
		r.tool(v, line)
	case "decision":
		r.decision(v, line, t)
	case "score":
		r.s.add(line, t, &trace.Score{
			Name: v.Get("name").String(), Value: floatOf(v.Get("value")), Label: v.Get("label").String(), Judge: v.Get("judge").String(),
		})
	case "log":
		r.s.add(line, t, &trace.Log{Severity: v.Get("severity").String(), Message: clip(v.Get("message").String(), 500)})
	case "run.end":
		r.totals(v, line, t)
		r.end(v, line, t)
	}
}

func isNativeType(typ string) bool {
	switch typ {
	case "run", "run.start", "llm.call", "tool.call", "decision", "score", "log", "run.end":
		return true
	}
	return false
}

// valid checks a record against its schema, where that was asked for.
func (r *nativeReader) valid(v jsonl.Value, line int) bool {
	if r.s.o.Native == nil {
		return true
	}
	ok := true
	for _, f := range r.s.o.Native(v, trace.Pos{File: r.s.o.Name, Line: line}) {
		r.s.o.Find(f)
		ok = ok && f.Severity != finding.Error
	}
	if !ok {
		r.s.invalid++
	}
	return ok
}

// enter makes a run the one that records without an id belong to. Parents of
// parents are followed, so that everything counts for the outermost run.
func (r *nativeReader) enter(id, parent string) {
	if parent != "" && parent != id && len(r.parent) < 10_000 {
		r.parent[id] = parent
	}
	root := id
	for range 100 {
		up, ok := r.parent[root]
		if !ok {
			break
		}
		root = up
	}
	r.s.run, r.s.subagent = root, ""
	if root != id {
		r.s.subagent = id
	}
}

// above returns the sub-agent that started the present one, empty for the run
// itself.
func (r *nativeReader) above() string {
	if up := r.parent[r.s.subagent]; up != r.s.run {
		return up
	}
	return ""
}

func (r *nativeReader) start(v jsonl.Value, line int, t time.Time) {
	a := v.Get("agent")
	if r.s.subagent != "" {
		r.s.add(line, t, &trace.Subagent{ID: r.s.subagent, Name: agentName(a), ToolID: v.Get("parent_span_id").String(), Parent: r.above(), Start: t})
		return
	}
	s := &trace.Start{
		Agent:   trace.Agent{Name: agentName(a)},
		Runtime: trace.Runtime{Name: v.Get("runtime", "name").String(), Version: v.Get("runtime", "version").String()},
		Model:   v.Get("model").String(),
		Context: contextOf(v.Get("context")),
	}
	if i := a.Get("instructions"); i.Kind() == jsonl.Object {
		s.Agent.Instructions = &trace.Instructions{Path: i.Get("path").String(), SHA256: strings.ToLower(i.Get("sha256").String())}
	}
	r.s.add(line, t, s)
}

// agentName returns what an agent is called, empty where the trace says that it
// does not know: the name has to be there.
func agentName(agent jsonl.Value) string {
	if name := agent.Get("name"); !name.Is("unknown") {
		return name.String()
	}
	return ""
}

func contextOf(v jsonl.Value) trace.Context {
	n, _ := v.Get("subject", "number").Int()
	run := v.Get("workflow_run")
	return trace.Context{
		Repository: v.Get("repository").String(), SubjectKind: v.Get("subject", "kind").String(), Number: int(max(n, 0)),
		HeadSHA: v.Get("head_sha").String(), Branch: v.Get("branch").String(),
		WorkflowRun: scalar(run.Get("id")), Attempt: scalar(run.Get("attempt")), Job: run.Get("job").String(),
	}
}

// scalar returns a string, or a number as it is written.
func scalar(v jsonl.Value) string {
	if v.Kind() == jsonl.Number {
		return string(v.Raw())
	}
	return v.String()
}

func (r *nativeReader) call(v jsonl.Value, line int) {
	r.s.add(line, v.Get("end").Time(), &trace.Call{
		ID: v.Get("span_id").String(), Provider: v.Get("provider").String(), Model: v.Get("model").String(),
		Start: v.Get("start").Time(), End: v.Get("end").Time(), Usage: nativeUsage(v.Get("usage")),
		CostUSD: money(v.Get("cost_usd")), FinishReason: v.Get("finish_reason").String(), Error: errorOf(v.Get("error")),
		Partial: v.Get("partial").True(),
	})
}

func nativeUsage(u jsonl.Value) trace.Usage {
	return trace.Usage{
		Input:        count(u.Get("input_tokens")),
		CacheRead:    count(u.Get("cache_read_tokens")),
		CacheWrite5m: count(u.Get("cache_write_5m_tokens")),
		CacheWrite1h: count(u.Get("cache_write_1h_tokens")),
		Output:       count(u.Get("output_tokens")),
		Reasoning:    count(u.Get("reasoning_tokens")),
	}
}

func errorOf(v jsonl.Value) *trace.Error {
	if v.Kind() != jsonl.Object {
		return nil
	}
	return &trace.Error{Type: clip(v.Get("type").String(), 80), Message: clip(v.Get("message").String(), 300)}
}

func (r *nativeReader) tool(v jsonl.Value, line int) {
	t := &trace.Tool{
		ID: v.Get("span_id").String(), Name: v.Get("tool").String(), Start: v.Get("start").Time(), End: v.Get("end").Time(),
		Error: errorOf(v.Get("error")), Denied: v.Get("denied").True(), Done: true,
		ArgsSize: count(v.Get("args_bytes")), ResultSize: count(v.Get("result_bytes")),
	}
	if n, ok := v.Get("exit_code").Int(); ok {
		code := int(n)
		t.ExitCode = &code
	}
	failed, said := v.Get("failed").Bool()
	t.Failed = failed || t.Denied || !said && (t.Error != nil || t.ExitCode != nil && *t.ExitCode != 0)
	r.s.add(line, t.End, t)
}

func (r *nativeReader) decision(v jsonl.Value, line int, t time.Time) {
	d := v.Get("decision")
	kind, ok := kindOf(d.Get("kind").String())
	if !ok {
		return
	}
	f := &trace.Decision{
		Kind: kind, Source: trace.FromRecord, Summary: clip(d.Get("summary").String(), 500),
		Findings: count(d.Get("findings")), Confidence: floatOf(d.Get("confidence")),
	}
	for id := range d.Get("composed_from").Elements() {
		f.ComposedFrom = append(f.ComposedFrom, id.String())
	}
	r.s.add(line, t, f)
}

func floatOf(v jsonl.Value) *float64 {
	f, ok := v.Float()
	if !ok {
		return nil
	}
	return &f
}

// totals reads what a run says of itself as a whole.
func (r *nativeReader) totals(v jsonl.Value, line int, t time.Time) {
	if r.s.subagent != "" {
		return // its steps count; what it says of itself would count them twice
	}
	total := trace.Totals{
		Usage: nativeUsage(v.Get("usage")), CostUSD: money(v.Get("cost_usd")), Calls: count(v.Get("llm_calls")),
		Turns: count(v.Get("turns")), Duration: count(v.Get("duration_ms")), ToolCalls: count(v.Get("tool_calls")),
		ToolErrors: count(v.Get("tool_errors")), PermissionDenials: count(v.Get("permission_denials")), Subagents: count(v.Get("subagents")),
	}
	if m := v.Get("model").String(); m != "" && total.Usage.Total().Known() {
		total.ByModel = map[string]trace.Usage{m: total.Usage}
	}
	r.s.add(line, t, &total)
}

func (r *nativeReader) end(v jsonl.Value, line int, t time.Time) {
	status := trace.Status(v.Get("status").String())
	if r.s.subagent != "" {
		r.s.add(line, t, &trace.Subagent{ID: r.s.subagent, End: t, Status: status})
		return
	}
	if status != trace.Incomplete {
		r.s.add(line, t, &trace.End{Status: status, Error: errorOf(v.Get("error"))})
	}
}
