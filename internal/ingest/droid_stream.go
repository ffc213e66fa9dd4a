package ingest

import (
	"strconv"
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// droidStreamReader reads what `droid exec` prints.
type droidStreamReader struct {
	s       *sink
	model   string
	loose   bool            // a tool call does not say which response it is of
	calls   []droidMessage  // responses, in the order of their first line
	seen    map[string]bool // ids of messages, true for those of the model
	message string
	last    time.Time
}

type droidMessage struct {
	id   string
	line int
	at   time.Time
}

func newDroidStream(s *sink) reader { return &droidStreamReader{s: s, seen: map[string]bool{}} }

func (r *droidStreamReader) value(v jsonl.Value, line int) {
	if id := firstString(v, "session_id", "sessionId"); id != "" {
		r.s.run = id
	}
	if t := epoch(v.Get("timestamp")); !t.IsZero() {
		droidBegin(r.s, line, t, r.last)
		r.last = t
	}
	switch typ := v.Get("type").String(); typ {
	case "system":
		if model := v.Get("model").String(); model != "" {
			r.model = model
		}
		r.s.add(line, r.last, &trace.Start{Runtime: trace.Runtime{Name: "droid"}, Model: r.model})
	case "message":
		r.said(v, line)
	case "reasoning":
	case "tool_call":
		r.message = ""
		r.response(v.Get("messageId").String(), line)
		droidCall(r.s, line, r.last, firstString(v, "toolCallId", "id"), firstString(v, "toolName", "toolId"), v.Get("parameters"))
	case "tool_result":
		if id := firstString(v, "toolCallId", "id"); id != "" {
			value := v.Get("value")
			if !value.Exists() {
				value = v.Get("error")
			}
			droidResult(r.s, line, r.last, id, v.Get("isError").True(), value)
		}
	case "error":
		r.s.add(line, r.last, &trace.End{Status: trace.Failure, Error: &trace.Error{Type: clip(firstString(v, "errorType", "source"), 80), Message: clip(firstString(v, "message", "error"), 300)}})
	case "completion", "result":
		r.result(v, line)
	default:
		r.s.drift(typ)
	}
}

func (r *droidStreamReader) said(v jsonl.Value, line int) {
	if !v.Get("role").Is("assistant") {
		r.seen[v.Get("id").String()] = false
		return
	}
	r.message = v.Get("text").String()
	r.response(v.Get("id").String(), line)
}

// response notes a response of the model by the id of its message. Where tool
// calls do not say theirs, responses cannot be counted.
func (r *droidStreamReader) response(id string, line int) {
	seen, known := r.seen[id]
	r.loose = r.loose || id == "" || known && !seen
	if !known && !r.loose {
		r.seen[id] = true
		r.calls = append(r.calls, droidMessage{id, line, r.last})
	}
}

func (r *droidStreamReader) result(v jsonl.Value, line int) {
	u := v.Get("usage")
	total := &trace.Totals{
		Invocation: "exec-" + strconv.Itoa(line), Usage: claudeUsage(u),
		Turns: count(v.Get("num_turns")).Or(count(v.Get("numTurns"))), Duration: count(v.Get("duration_ms")).Or(count(v.Get("durationMs"))),
	}
	if n := count(u.Get("thinking_tokens")); n.N() > 0 {
		total.Usage.Reasoning = n
	}
	if r.model != "" {
		total.ByModel = map[string]trace.Usage{r.model: total.Usage}
	}
	r.s.add(line, r.last, &trace.Start{Runtime: trace.Runtime{Name: "droid"}})
	r.s.add(r.s.here(u, v), r.last, total)
	if v.Get("is_error").True() || v.Get("isError").True() || v.Get("type").Is("result") && !v.Get("subtype").Is("success") {
		r.s.add(line, r.last, &trace.End{Status: trace.Failure, Error: &trace.Error{Type: clip(v.Get("subtype").String(), 80), Message: clip(firstString(v, "error", "result", "finalText"), 300)}})
		return
	}
	text := firstString(v, "finalText", "result")
	if text == "" {
		text = r.message
	}
	if d := decisionInText(text); d != nil {
		r.s.add(line, r.last, d)
	}
	r.s.add(line, r.last, &trace.End{Status: trace.Success})
}

func (r *droidStreamReader) close() {
	if r.loose {
		return
	}
	for _, c := range r.calls {
		r.s.add(c.line, c.at, &trace.Call{ID: c.id, Model: r.model, End: c.at})
	}
}
