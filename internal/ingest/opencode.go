package ingest

import (
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// The formats of OpenCode. They share the ids of messages and tool calls. The
// stream shows the main session only; each sub-agent is a session of its own,
// whose export names its parent. The call that makes a title is in neither.
const (
	openCodeSpace  = "opencode"
	openCodeStream = "opencode/stream"
	openCodeExport = "opencode/export"
)

func openCodeFormats() []format {
	return []format{
		{openCodeExport, openCodeSpace, isOpenCodeExport, func(s *sink) reader { return &openCodeExportReader{openCode{s: s}} }},
		{openCodeStream, openCodeSpace, isOpenCodeStream, func(s *sink) reader { return &openCodeStreamReader{openCode: openCode{s: s}} }},
	}
}

func isOpenCodeExport(v jsonl.Value, _ jsonl.Chunk) bool {
	return v.Get("info", "id").Kind() == jsonl.String && v.Get("messages").Kind() == jsonl.Array
}

func isOpenCodeStream(v jsonl.Value, _ jsonl.Chunk) bool {
	return v.Get("sessionID").Kind() == jsonl.String && v.Get("type").Kind() == jsonl.String &&
		(v.Get("part").Kind() == jsonl.Object || v.Get("error").Kind() == jsonl.Object)
}

// openCode is what its readers have in common.
type openCode struct {
	s       *sink
	message string // the last text of the main agent
	last    time.Time
}

// millis returns a time in milliseconds since 1970.
func millis(v jsonl.Value) time.Time {
	ms, ok := v.Int()
	if !ok || ms <= 0 || ms > 1<<43 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// openCodeUsage reads tokens. Input is without what was cached, and output
// without what was thought.
func openCodeUsage(t jsonl.Value) trace.Usage {
	reasoning := count(t.Get("reasoning"))
	return trace.Usage{
		Input:        count(t.Get("input")),
		CacheRead:    count(t.Get("cache", "read")),
		CacheWrite5m: count(t.Get("cache", "write")),
		Output:       count(t.Get("output")).Add(reasoning),
		Reasoning:    reasoning,
	}
}

// part reads a part of a message: a tool call or text.
func (r *openCode) part(p jsonl.Value, line int) {
	switch typ := p.Get("type"); {
	case typ.Is("text") && r.s.subagent == "":
		r.message = p.Get("text").String()
	case typ.Is("tool"):
		r.tool(p, line)
	}
}

func (r *openCode) tool(p jsonl.Value, line int) {
	id, name, state := p.Get("callID").String(), p.Get("tool").String(), p.Get("state")
	if id == "" {
		r.s.bad(line, "/part/callID", "a tool call has no id", "without callID it cannot be counted once")
		return
	}
	status := state.Get("status").String()
	began, ended := millis(state.Get("time", "start")), millis(state.Get("time", "end"))
	r.s.call(line, began, &trace.Tool{ID: id, Name: name, Start: began}, state.Get("input"))
	if status != "completed" && status != "error" {
		return
	}
	t := &trace.Tool{ID: id, End: ended, Changes: openCodeDiff(state.Get("metadata", "filediff"))}
	if n, ok := state.Get("metadata", "exit").Int(); ok {
		code := int(n)
		t.ExitCode = &code
	}
	switch {
	case status == "error":
		t.Error = &trace.Error{Type: "tool_error", Message: clip(textHead(state.Get("error"), 400), 300)}
	case name == "invalid": // stands for a call of a tool that is not there, or not allowed
		t.Error = &trace.Error{Type: "invalid_tool", Message: clip(textHead(state.Get("output"), 400), 300)}
	case t.ExitCode != nil && *t.ExitCode != 0:
		t.Error = &trace.Error{Type: "exit_code"}
	}
	t.Failed = t.Error != nil
	r.s.result(line, ended, t, state.Get("output"))
	if sub := state.Get("metadata", "sessionId").String(); sub != "" && name == "task" {
		r.s.add(line, t.Start, &trace.Subagent{ID: sub, Name: state.Get("input", "subagent_type").String(), ToolID: "", Start: began, End: ended})
	}
}

// openCodeDiff reads how many lines an edit has changed.
func openCodeDiff(d jsonl.Value) []trace.Change {
	if d.Get("file").StringLen() == 0 {
		return nil
	}
	return []trace.Change{{
		Kind: trace.Edited, Path: d.Get("file").String(), Added: count(d.Get("additions")), Removed: count(d.Get("deletions")),
	}}
}

func (r *openCode) finish(line int, failed *trace.Error) {
	if failed != nil {
		r.s.add(line, r.last, &trace.End{Status: trace.Failure, Error: failed})
		return
	}
	if d := decisionInText(r.message); d != nil {
		r.s.add(line, r.last, d)
	}
	r.s.add(line, r.last, &trace.End{Status: trace.Success})
}

func openCodeError(e jsonl.Value) *trace.Error {
	if !e.Exists() {
		return nil
	}
	return &trace.Error{Type: clip(e.Get("name").String(), 80), Message: clip(e.Get("data", "message").String(), 300)}
}

// openCodeExportReader reads what `opencode export` writes: a session as one
// object.
type openCodeExportReader struct{ openCode }

func (r *openCodeExportReader) close() {}

func (r *openCodeExportReader) value(v jsonl.Value, _ int) {
	info := v.Get("info")
	r.s.run, r.s.subagent, r.message = info.Get("id").String(), "", ""
	r.last = time.Time{}
	created := millis(info.Get("time", "created"))
	if parent := info.Get("parentID").String(); parent != "" {
		r.s.subagent, r.s.run = r.s.run, parent
		r.s.add(r.s.here(info), created, &trace.Subagent{ID: r.s.subagent, Name: info.Get("agent").String(), Start: created, End: millis(info.Get("time", "updated"))})
	} else {
		r.s.add(r.s.here(info), created, &trace.Start{Runtime: trace.Runtime{Name: "opencode", Version: info.Get("version").String()}})
	}
	var last jsonl.Value
	for m := range v.Get("messages").Elements() {
		if m.Get("info", "role").Is("assistant") {
			r.assistant(m)
			last = m
		}
	}
	failed := openCodeError(last.Get("info", "error"))
	if r.s.subagent == "" && (failed != nil || last.Get("info", "finish").Is("stop")) {
		r.finish(r.s.here(last), failed)
	}
}

func (r *openCodeExportReader) assistant(m jsonl.Value) {
	info := m.Get("info")
	end := millis(info.Get("time", "completed"))
	if !end.IsZero() {
		r.last = end
	}
	if id := info.Get("id").String(); id != "" && info.Get("tokens").Exists() && info.Get("finish").Exists() {
		r.s.add(r.s.here(info.Get("tokens")), end, &trace.Call{
			ID: id, Provider: info.Get("providerID").String(), Model: info.Get("modelID").String(),
			Start: millis(info.Get("time", "created")), End: end, Usage: openCodeUsage(info.Get("tokens")),
			CostUSD: money(info.Get("cost")), FinishReason: info.Get("finish").String(),
		})
	}
	for p := range m.Get("parts").Elements() {
		r.part(p, r.s.here(p))
	}
}

// openCodeStreamReader reads what `opencode run --format json` prints.
type openCodeStreamReader struct {
	openCode
	stopped bool
	failed  *trace.Error
	line    int
}

func (r *openCodeStreamReader) value(v jsonl.Value, line int) {
	if id := v.Get("sessionID").String(); id != r.s.run && id != "" {
		r.close()
		*r = openCodeStreamReader{openCode: openCode{s: r.s}, line: line}
		r.s.run = id
		r.s.add(line, millis(v.Get("timestamp")), &trace.Start{Runtime: trace.Runtime{Name: "opencode"}})
	}
	r.line = line
	if t := millis(v.Get("timestamp")); !t.IsZero() {
		r.last = t
	}
	p := v.Get("part")
	switch typ := v.Get("type").String(); typ {
	case "step_start":
		r.stopped = false
	case "text", "tool_use":
		r.part(p, line)
	case "step_finish":
		r.stopped = p.Get("reason").Is("stop")
		if id := p.Get("messageID").String(); id != "" {
			r.s.add(line, r.last, &trace.Call{
				ID: id, End: r.last, Usage: openCodeUsage(p.Get("tokens")), CostUSD: money(p.Get("cost")), FinishReason: p.Get("reason").String(),
			})
		}
	case "error":
		r.failed = openCodeError(v.Get("error"))
	case "reasoning":
	default:
		r.s.drift(typ)
	}
}

func (r *openCodeStreamReader) close() {
	if r.failed != nil || r.stopped {
		r.finish(r.line, r.failed)
	}
}
