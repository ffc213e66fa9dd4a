package ingest

import (
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// qwenStreamReader reads what `qwen --output-format stream-json` prints, and the
// array of the same messages that `--output-format json` does.
//
// One response of the model is several messages, one for each kind of block in
// it: thoughts, text, tool calls. Only the last of them has the usage, and it
// alone is the call; the others have zeros. The figures of `result` include the
// sub-agents, whose messages have no usage.
type qwenStreamReader struct {
	s       *sink
	started bool
	agents  map[string]bool // tool calls that started a sub-agent
	message string
	last    time.Time
}

func newQwenStream(s *sink) reader { return &qwenStreamReader{s: s, agents: map[string]bool{}} }

func (r *qwenStreamReader) close() {}

func (r *qwenStreamReader) value(v jsonl.Value, line int) {
	if id := v.Get("session_id").String(); id != "" {
		r.s.run = id
	}
	if t := epoch(v.Get("timestamp")); !t.IsZero() {
		r.last = t
	}
	r.s.subagent = ""
	if parent := v.Get("parent_tool_use_id").String(); parent != "" {
		r.s.subagent = parent
		r.agent(parent, "", line)
	}
	switch typ := v.Get("type").String(); typ {
	case "system":
		r.system(v, line)
	case "assistant":
		r.assistant(v.Get("message"), line)
	case "user":
		r.user(v.Get("message"), line)
	case "result":
		r.result(v, line)
	case "stream_event", "control_request", "control_response", "control_cancel_request":
	default:
		r.s.drift(typ)
	}
}

func (r *qwenStreamReader) system(v jsonl.Value, line int) {
	if v.Get("subtype").Is("init") {
		r.s.add(line, r.last, &trace.Start{Runtime: trace.Runtime{Name: "qwen-code", Version: v.Get("qwen_code_version").String()}, Model: v.Get("model").String()})
		r.started = true
	}
}

// agent notes a sub-agent, which the stream knows by the tool call that started it.
func (r *qwenStreamReader) agent(id, name string, line int) {
	if r.agents[id] {
		return
	}
	r.agents[id] = true
	r.s.add(line, r.last, &trace.Subagent{ID: id, Name: clip(name, 80), ToolID: id, Start: r.last})
}

func (r *qwenStreamReader) assistant(m jsonl.Value, line int) {
	u := m.Get("usage")
	if count(u.Get("input_tokens")).N()+count(u.Get("output_tokens")).N() > 0 {
		r.s.add(line, r.last, &trace.Call{
			ID: m.Get("id").String(), Model: m.Get("model").String(), End: r.last, Usage: qwenTotals(u), FinishReason: m.Get("stop_reason").String(),
		})
	}
	for b := range m.Get("content").Elements() {
		switch typ := b.Get("type"); {
		case typ.Is("text") && r.s.subagent == "":
			r.message = b.Get("text").String()
		case typ.Is("tool_use"):
			id, name := b.Get("id").String(), b.Get("name").String()
			r.s.call(line, r.last, &trace.Tool{ID: id, Name: name, Start: r.last}, b.Get("input"))
			if id != "" && (name == "task" || name == "agent") {
				r.agent(id, b.Get("input", "subagent_type").String(), line)
			}
		}
	}
}

// qwenTotals reads the usage of the stream, which has Anthropic's names and
// Gemini's meaning: the input includes what was read from the cache.
func qwenTotals(u jsonl.Value) trace.Usage {
	return qwenUsage(count(u.Get("input_tokens")), count(u.Get("cache_read_input_tokens")), count(u.Get("output_tokens")), trace.Count{}, count(u.Get("total_tokens")))
}

func (r *qwenStreamReader) user(m jsonl.Value, line int) {
	for b := range m.Get("content").Elements() {
		id := b.Get("tool_use_id").String()
		if !b.Get("type").Is("tool_result") || id == "" {
			continue
		}
		status := ""
		if b.Get("is_error").True() {
			status = "error"
		}
		tool := &trace.Tool{ID: id, End: r.last}
		geminiOutcome(tool, status, b.Get("content"), b.Get("content"))
		if tool.Failed && qwenDenied(b.Get("content")) {
			tool.Denied, tool.Error.Type = true, "permission_denied"
		}
		r.s.result(line, r.last, tool, b.Get("content"))
		if r.agents[id] {
			sub := &trace.Subagent{ID: id, Status: trace.Success, End: r.last}
			if tool.Failed {
				sub.Status = trace.Failure
			}
			r.s.add(line, r.last, sub)
		}
	}
}

// result reads how a run ended. A sub-agent that failed leaves a result too, of
// no duration.
func (r *qwenStreamReader) result(v jsonl.Value, line int) {
	u, failed := v.Get("usage"), v.Get("is_error").True() || !v.Get("subtype").Is("success")
	if failed && count(v.Get("duration_ms")).N() == 0 && count(v.Get("duration_api_ms")).N() == 0 && count(u.Get("input_tokens")).N() == 0 {
		r.s.add(line, r.last, &trace.Log{Severity: "error", Message: clip(v.Get("error", "message").String(), 300)})
		return
	}
	if !r.started {
		r.s.add(line, r.last, &trace.Start{Runtime: trace.Runtime{Name: "qwen-code"}})
		r.started = true
	}
	total := &trace.Totals{Turns: count(v.Get("num_turns")), Duration: count(v.Get("duration_ms"))}
	if stats := v.Get("stats"); stats.Get("models").Len() > 0 {
		qwenStats(total, stats)
	} else if count(u.Get("input_tokens")).N()+count(u.Get("output_tokens")).N() > 0 {
		total.Usage = qwenTotals(u)
	}
	if cost := money(v.Get("total_cost_usd")); cost != nil && *cost > 0 {
		total.CostUSD = cost
	}
	for d := range v.Get("permission_denials").Elements() {
		if id := d.Get("tool_use_id").String(); id != "" {
			r.s.add(line, r.last, &trace.Tool{ID: id, Denied: true, Failed: true})
		}
	}
	r.s.add(line, r.last, total)
	r.end(v, line, failed)
}

func (r *qwenStreamReader) end(v jsonl.Value, line int, failed bool) {
	if failed {
		e := &trace.Error{Type: clip(v.Get("subtype").String(), 80), Message: clip(v.Get("error", "message").String(), 300)}
		switch e.Type {
		case "error_max_turns":
			e.Type = "max_turns"
		case "success", "":
			e.Type = "error"
		}
		r.s.add(line, r.last, &trace.End{Status: trace.Failure, Error: e})
		return
	}
	text := v.Get("result").String()
	if text == "" {
		text = r.message
	}
	if d := decisionIn(v.Get("structured_output"), trace.FromStructuredOutput); d != nil {
		r.s.add(line, r.last, d)
	} else if d := decisionInText(text); d != nil {
		r.s.add(line, r.last, d)
	}
	r.s.add(line, r.last, &trace.End{Status: trace.Success})
}

// qwenStats reads the totals by model, as Gemini CLI has them.
func qwenStats(t *trace.Totals, stats jsonl.Value) {
	t.ByModel = map[string]trace.Usage{}
	for model, m := range stats.Get("models").Members() {
		k := m.Get("tokens")
		u := qwenUsage(count(k.Get("prompt")).Add(count(k.Get("tool"))), count(k.Get("cached")), count(k.Get("candidates")), count(k.Get("thoughts")), count(k.Get("total")))
		t.ByModel[model] = u
		t.Usage = t.Usage.Add(u)
		t.Calls = t.Calls.Add(minus(count(m.Get("api", "totalRequests")), count(m.Get("api", "totalErrors"))))
	}
	t.ToolCalls, t.ToolErrors = count(stats.Get("tools", "totalCalls")), count(stats.Get("tools", "totalFail"))
}
