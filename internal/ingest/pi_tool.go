package ingest

import (
	"strconv"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// result reads the result of a tool call. In v stands what is not for the model.
func (r *pi) result(id string, failed bool, content, v jsonl.Value, t time.Time) {
	tool := &trace.Tool{ID: id, End: t, Failed: failed}
	var text jsonl.Value
	for part := range content.Elements() {
		text = part.Get("text")
	}
	piOutcome(tool, text, v.Get("details"))
	r.s.result(r.line, t, tool, content)
	r.subagents(id, v.Get("details", "results"), t)
	if u := v.Get("usage"); u.Kind() == jsonl.Object && id != "" {
		r.s.add(r.line, t, &trace.Call{ID: id + "/usage", End: t, Usage: piUsage(u), CostUSD: piCost(u)})
	}
}

// piOutcome says why a tool call failed. The shell tool writes the exit code as
// the last line of the output.
func piOutcome(t *trace.Tool, text, details jsonl.Value) {
	tail := textTail(text, 200)
	code, ok := exitCodeAfter(tail, "Command exited with code ")
	for _, key := range []string{"exitCode", "exit_code"} {
		if n, stated := details.Get(key).Int(); stated && !ok {
			code, ok = int(n), true
		}
	}
	if ok {
		t.ExitCode = &code
		t.Failed = t.Failed || code != 0
	}
	if !t.Failed {
		return
	}
	head := textHead(text, 300)
	t.Error = &trace.Error{Type: "tool_error", Message: clip(head, 300)}
	switch {
	case ok:
		t.Error = &trace.Error{Type: "exit_code"}
	case strings.Contains(tail, "Command timed out after"):
		t.Error.Type = "timeout"
	case strings.HasSuffix(tail, "aborted"):
		t.Error.Type = "aborted"
	case strings.HasPrefix(head, "Tool ") && strings.HasSuffix(head, " not found"):
		t.Error.Type = "unknown_tool"
	case head == "Tool execution was blocked", strings.HasPrefix(head, "Blocked by"), strings.HasPrefix(head, "Dangerous command blocked"):
		t.Error.Type, t.Denied = "denied", true
	}
}

// subagents reads what pi's extension for sub-agents says of them: their own
// messages stand in the details of the tool's result.
func (r *pi) subagents(id string, results jsonl.Value, t time.Time) {
	n := 0
	for v := range results.Elements() {
		if n++; id == "" || v.Get("agent").Kind() != jsonl.String || v.Get("messages").Kind() != jsonl.Array {
			continue
		}
		sub := &trace.Subagent{ID: id + "/" + strconv.Itoa(n), Name: v.Get("agent").String(), End: t, Status: trace.Failure}
		if code, _ := v.Get("exitCode").Int(); code == 0 && !v.Get("stopReason").Is("error") && !v.Get("stopReason").Is("aborted") {
			sub.Status = trace.Success
		}
		r.s.add(r.line, t, sub)
		r.s.subagent = sub.ID
		r.nested(sub.ID, v.Get("messages"))
		r.s.subagent = ""
	}
}

func (r *pi) nested(prefix string, messages jsonl.Value) {
	n := 0
	for m := range messages.Elements() {
		n++
		at := piTime(m.Get("timestamp"))
		switch role := m.Get("role"); {
		case role.Is("assistant"):
			r.call(prefix+"/"+strconv.Itoa(n), m, at, time.Time{})
			for part := range m.Get("content").Elements() {
				if part.Get("type").Is("toolCall") {
					r.s.call(r.line, at, &trace.Tool{ID: part.Get("id").String(), Name: part.Get("name").String()}, part.Get("arguments"))
				}
			}
		case role.Is("toolResult"):
			r.result(m.Get("toolCallId").String(), m.Get("isError").True(), m.Get("content"), jsonl.Value{}, at)
		}
	}
}
