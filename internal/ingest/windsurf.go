package ingest

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// windsurfTranscript is what Windsurf keeps of Cascade in ~/.windsurf/transcripts:
// a line for each step, with the step's data under its type. It names neither
// its session nor its steps, and has no times, models or tokens. What the model
// said is written; that it was called only to ask for a tool is not, so that the
// number of model calls is not known.
const windsurfTranscript = "windsurf/transcript"

func windsurfFormats() []format {
	return []format{{windsurfTranscript, windsurfTranscript, isWindsurf, newWindsurf}}
}

func isWindsurf(v jsonl.Value, _ jsonl.Chunk) bool {
	switch t := v.Get("type").String(); t {
	case "user_input", "planner_response", "code_action", "run_command":
		return v.Get(t).Kind() == jsonl.Object && v.Get("id").Kind() == jsonl.Missing
	}
	return false
}

type windsurf struct {
	s       *sink
	name    *nameless
	line    int
	steps   int
	turns   int64
	message string
	closing bool // the last step is the model's word
}

func newWindsurf(s *sink) reader {
	r := &windsurf{s: s, name: newNameless(s)}
	s.add(1, time.Time{}, &trace.Start{Runtime: trace.Runtime{Name: "windsurf"}})
	return r
}

func (r *windsurf) value(v jsonl.Value, line int) {
	r.name.saw(v)
	r.line = line
	typ := v.Get("type").String()
	body := v.Get(typ)
	switch typ {
	case "":
		r.s.drift("")
	case "user_input":
		r.closing = false
	case "planner_response":
		r.turns++
		r.message, r.closing = body.Get("response").String(), !unfinished(v.Get("status").String())
	case "error_message":
		r.closing = false
		r.s.add(line, time.Time{}, &trace.Log{Severity: "error", Message: clip(firstString(body, "message", "error", "text"), 300)})
	case "checkpoint", "ephemeral_message", "system_message", "conversation_history", "suggested_responses", "code_acknowledgement", "lint_diff":
	default:
		if body.Kind() != jsonl.Object {
			r.s.drift(typ)
			return
		}
		r.closing = false
		r.tool(typ, v.Get("status").String(), body)
	}
}

// unfinished reports whether a step is still at work, or waits for a person.
func unfinished(status string) bool {
	switch status {
	case "running", "pending", "waiting", "generating", "queued", "in_progress":
		return true
	}
	return false
}

func (r *windsurf) tool(typ, status string, body jsonl.Value) {
	r.steps++
	t := &trace.Tool{ID: fmt.Sprintf("step %d", r.steps), Name: typ}
	args := body
	if typ == "mcp_tool" {
		t.Name = "mcp__" + firstString(body, "server_name", "server") + "__" + firstString(body, "tool_name", "name")
		args = body.Get("arguments")
	}
	r.s.await(t.ID, r.s.describe(t, args))
	if typ != "mcp_tool" {
		t.ArgsSize, t.Args = trace.Count{}, 0 // what came of it stands among them
	}
	if typ == "code_action" {
		t.Changes = windsurfEdit(body)
	}
	r.s.add(r.line, time.Time{}, t)
	if unfinished(status) {
		return
	}
	done := &trace.Tool{ID: t.ID}
	switch {
	case body.Get("user_rejected").True() || body.Get("acknowledgement_type").Is("ACKNOWLEDGEMENT_TYPE_REJECT"):
		done.Denied, done.Error = true, &trace.Error{Type: "permission_denied"}
	case status == "error" || status == "failed":
		done.Error = &trace.Error{Type: "tool_error", Message: clip(firstString(body, "error", "error_message"), 300)}
	case status == "canceled" || status == "cancelled" || status == "interrupted":
		done.Error = &trace.Error{Type: "cancelled"}
	}
	exited(done, body.Get("exit_code"))
	done.Failed = done.Error != nil
	r.s.result(r.line, time.Time{}, done, windsurfOutput(body))
}

// windsurfEdit reads what a step changed: the whole file before and after.
func windsurfEdit(body jsonl.Value) []trace.Change {
	path, after := strings.TrimPrefix(body.Get("path").String(), "file://"), body.Get("new_content")
	if path == "" || len(path) > 4<<10 || after.Kind() != jsonl.String {
		return nil
	}
	before, text := body.Get("original_content").String(), after.String()
	added, removed := changedLines(before, text)
	return []trace.Change{{
		Kind: trace.Edited, Path: path, Added: trace.Measured(int64(added)), Removed: trace.Measured(int64(removed)),
		Old: digestOf([]byte(before)), New: digestOf([]byte(text)),
	}}
}

// windsurfOutput returns what a step got, which is beside what it asked for.
func windsurfOutput(body jsonl.Value) jsonl.Value {
	for _, key := range []string{"output", "result", "content", "results"} {
		if v := body.Get(key); v.Exists() {
			return v
		}
	}
	return jsonl.Value{}
}

func (r *windsurf) close() {
	r.s.add(r.line, time.Time{}, &trace.Totals{Turns: trace.Measured(r.turns), ToolCalls: trace.Measured(int64(r.steps))})
	if r.closing {
		if d := decisionInText(r.message); d != nil {
			r.s.add(cmp.Or(r.line, 1), time.Time{}, d)
		}
		r.s.add(r.line, time.Time{}, &trace.End{Status: trace.Success})
	}
	r.name.close()
}
