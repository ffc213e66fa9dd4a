package ingest

import (
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// claudeStreamReader reads what `claude -p` prints, and the file in which
// claude-code-action keeps the same messages.
//
// The output tokens of its messages are placeholders: the true ones are in the
// partial messages, where those were asked for, and in the totals of `result`.
// A stream has several results where background work reopened the turn; the
// last has the totals, and those of a resumed session include what came before.
// Only its turns and its time are those of its own part.
type claudeStreamReader struct {
	claude
	over    string                  // the run of which a result was the last that was read
	agents  map[string]string       // sub-agents by the tool call that started them
	partial map[string]string       // ids of the messages that are being streamed, by sub-agent
	before  map[string]trace.Totals // of the results that each run had so far
}

func newClaudeStreamReader(s *sink) *claudeStreamReader {
	c := newClaude(s)
	c.stream = true
	return &claudeStreamReader{claude: c, agents: map[string]string{}, partial: map[string]string{}, before: map[string]trace.Totals{}}
}

func (r *claudeStreamReader) value(v jsonl.Value, line int) {
	if id := v.Get("session_id"); id.Kind() == jsonl.String && id.StringLen() > 0 && !id.Is(r.s.run) {
		r.s.run = id.String()
		r.failed, r.message, r.last = 0, "", time.Time{}
	}
	t := v.Get("timestamp").Time()
	if !t.IsZero() {
		r.last = t
	}
	r.s.subagent = r.agent(v.Get("parent_tool_use_id").String(), line)
	switch typ := v.Get("type").String(); typ {
	case "system":
		r.system(v, line)
	case "assistant":
		r.start(line, t, "", "", "")
		r.assistant(v, line, t)
	case "user":
		r.user(v, line, t)
	case "stream_event":
		r.event(v.Get("event"), line)
	case "result":
		r.s.subagent = ""
		r.start(line, t, "", "", "")
		r.result(v, line)
	case "rate_limit_event", "keep_alive", "control_request", "control_response", "tool_progress", "auth_status", "prompt_suggestion", "tool_use_summary":
	default:
		r.s.drift(typ)
	}
}

// agent returns the id of the sub-agent that a tool call started: the one that
// a task_started line gave, which the session files use too, else the call's.
func (r *claudeStreamReader) agent(toolID string, line int) string {
	if toolID == "" {
		return ""
	}
	id, known := r.agents[toolID]
	if !known {
		id = toolID
		r.agents[toolID] = id
		r.s.subagent = id
		r.s.add(line, r.last, &trace.Subagent{ID: id, ToolID: toolID, Start: r.last})
	}
	return id
}

func (r *claudeStreamReader) system(v jsonl.Value, line int) {
	switch sub := v.Get("subtype").String(); sub {
	case "init":
		if r.over == r.s.run && r.over != "" { // another process, or a turn that background work has opened
			r.s.add(line, r.last, &trace.End{Status: trace.Incomplete})
		}
		r.over = ""
		r.start(line, r.last, v.Get("claude_code_version").String(), v.Get("model").String(), "")
	case "api_retry":
		r.failure(v, line, r.last)
	case "task_started":
		r.task(v, line)
	case "task_notification":
		r.taskEnd(v.Get("task_id").String(), v.Get("status").String(), line)
	case "task_updated":
		r.taskEnd(v.Get("task_id").String(), v.Get("patch", "status").String(), line)
	case "permission_denied":
		if id := v.Get("tool_use_id").String(); id != "" {
			r.s.add(line, r.last, &trace.Tool{ID: id, Denied: true, Failed: true})
		}
	case "compact_boundary":
		r.compaction(v, line, r.last)
	case "task_progress", "background_tasks_changed", "status", "hook_started", "hook_progress", "hook_response",
		"thinking_tokens", "api_error", "local_command", "files_persisted", "informational", "session_state_changed":
	default:
		r.s.drift("system/" + sub)
	}
}

// task notes a sub-agent. Other tasks are shell commands in the background.
func (r *claudeStreamReader) task(v jsonl.Value, line int) {
	if typ := v.Get("task_type"); typ.Exists() && !typ.Is("local_agent") && !typ.Is("remote_agent") {
		return
	}
	id, tool := v.Get("task_id").String(), v.Get("tool_use_id").String()
	if id == "" {
		return
	}
	if tool != "" {
		r.agents[tool] = id
	}
	r.s.subagent = id
	r.s.add(line, r.last, &trace.Subagent{ID: id, Name: v.Get("subagent_type").String(), ToolID: tool, Start: r.last})
}

func (r *claudeStreamReader) taskEnd(id, status string, line int) {
	for _, known := range r.agents {
		if known != id {
			continue
		}
		if s := claudeTaskStatus(status); s != "" {
			r.s.subagent = id
			r.s.add(line, r.last, &trace.Subagent{ID: id, Status: s, End: r.last})
		}
		return
	}
}

func claudeTaskStatus(s string) trace.Status {
	switch s {
	case "completed":
		return trace.Success
	case "failed":
		return trace.Failure
	case "stopped", "killed":
		return trace.Cancelled
	}
	return ""
}

// event reads a partial message. A call counts once its end was streamed, or
// once a whole message of it was.
func (r *claudeStreamReader) event(e jsonl.Value, line int) {
	switch typ := e.Get("type"); {
	case typ.Is("message_start"):
		id := e.Get("message", "id").String()
		if id == "" || len(r.partial) > 1000 {
			return
		}
		r.partial[r.s.subagent] = id
		r.s.add(line, r.last, &trace.Call{
			ID: id, Provider: "anthropic", Model: e.Get("message", "model").String(), Start: r.last,
			Usage: claudeUsage(e.Get("message", "usage")), Partial: true,
		})
	case typ.Is("message_delta"):
		id := r.partial[r.s.subagent]
		if id == "" {
			return
		}
		usage := claudeUsage(e.Get("usage"))
		usage.CacheWrite5m, usage.CacheWrite1h = trace.Count{}, trace.Count{} // how long it lives, only the beginning says
		r.s.add(line, r.last, &trace.Call{
			ID: id, Provider: "anthropic", Usage: usage,
			FinishReason: e.Get("delta", "stop_reason").String(),
		})
		r.inner(id, "", e.Get("usage", "iterations"), line, r.last)
	}
}

func (r *claudeStreamReader) result(v jsonl.Value, line int) {
	total := claudeModelUsage(v.Get("modelUsage"))
	total.CostUSD, total.Turns, total.Duration = money(v.Get("total_cost_usd")), count(v.Get("num_turns")), count(v.Get("duration_ms"))
	total.Subagents, total.FirstToken = count(v.Get("subagent_stats", "spawned")), count(v.Get("ttft_ms"))
	if !total.Usage.Total().Known() && v.Get("usage").Exists() {
		total.Usage, total.ByModel = claudeUsage(v.Get("usage")), nil
	}
	if denials := v.Get("permission_denials"); denials.Kind() == jsonl.Array {
		total.PermissionDenials = trace.Measured(int64(denials.Len()))
		for d := range denials.Elements() {
			if id := d.Get("tool_use_id").String(); id != "" {
				r.s.add(line, r.last, &trace.Tool{ID: id, Denied: true, Failed: true})
			}
		}
	}
	r.sum(total)
	r.s.add(r.s.here(v.Get("modelUsage"), v.Get("usage"), v), r.last, total)
	r.verdict(v)
	r.s.add(line, r.last, claudeEnd(v))
	r.over = r.s.run
}

// sum adds to a result what earlier ones of its run say of their own parts.
func (r *claudeStreamReader) sum(total *trace.Totals) {
	old, known := r.before[r.s.run]
	total.Turns, total.Duration = total.Turns.Add(old.Turns), total.Duration.Add(old.Duration)
	if known || len(r.before) < 10_000 {
		r.before[r.s.run] = trace.Totals{Turns: total.Turns, Duration: total.Duration}
	}
}

// verdict reads the decision: of output that was held to a schema, else of the
// last words.
func (r *claudeStreamReader) verdict(v jsonl.Value) {
	structured := v.Get("structured_output")
	if d := decisionIn(structured, trace.FromStructuredOutput); d != nil {
		r.s.add(r.s.here(structured), r.last, d)
		return
	}
	text := v.Get("result").String()
	if text == "" {
		text = r.message
	}
	if d := decisionInText(text); d != nil && !v.Get("is_error").True() {
		r.s.add(r.s.here(v.Get("result"), v), r.last, d)
	}
}

// claudeEnd reads how the run ended. A subtype of success does not mean it: a
// request that failed for good leaves one with is_error.
func claudeEnd(v jsonl.Value) *trace.End {
	subtype := v.Get("subtype").String()
	if subtype == "success" && !v.Get("is_error").True() {
		return &trace.End{Status: trace.Success}
	}
	e := &trace.Error{Type: subtype, Message: clip(firstString(v, "result", "error"), 300)}
	for m := range v.Get("errors").Elements() {
		e.Message = clip(m.String(), 300)
		break
	}
	switch {
	case subtype == "error_max_turns":
		e.Type = "max_turns"
	case subtype == "error_max_budget_usd":
		e.Type = "max_budget"
	case v.Get("api_error_status").Exists():
		e.Type = claudeErrorType("", v.Get("api_error_status"))
	case subtype == "success":
		e.Type = "api_error"
	}
	if reason := v.Get("terminal_reason").String(); len(reason) > 8 && reason[:8] == "aborted_" {
		return &trace.End{Status: trace.Cancelled, Error: e}
	}
	return &trace.End{Status: trace.Failure, Error: e}
}
