package ingest

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// The formats of Qwen Code, a fork of Gemini CLI. Its session keeps Gemini's
// messages in records that look like Claude Code's, and its stream is Claude
// Code's with other figures. The two share no id of a message.
const (
	qwenSession = "qwen-code/session"
	qwenStream  = "qwen-code/stream-json"
)

func qwenFormats() []format {
	return []format{
		{qwenSession, qwenSession, isQwenSession, newQwenSession},
		{qwenStream, qwenStream, isQwenStream, newQwenStream},
	}
}

func isQwenSession(v jsonl.Value, _ jsonl.Chunk) bool {
	if v.Get("sessionId").Kind() != jsonl.String || v.Get("uuid").Kind() != jsonl.String {
		return false
	}
	switch t := v.Get("type"); {
	case t.Is("user"), t.Is("assistant"), t.Is("tool_result"):
		return v.Get("message", "parts").Kind() == jsonl.Array || v.Get("toolCallResult").Kind() == jsonl.Object
	case t.Is("system"):
		return v.Get("systemPayload").Exists()
	}
	return false
}

// isQwenStream tells a stream from Claude Code's by its first line, and by the
// total that its usage has.
func isQwenStream(v jsonl.Value, _ jsonl.Chunk) bool {
	if v.Get("session_id").Kind() != jsonl.String {
		return false
	}
	switch t := v.Get("type"); {
	case t.Is("system"):
		return v.Get("qwen_code_version").Exists()
	case t.Is("assistant"):
		return v.Get("message", "usage", "total_tokens").Kind() == jsonl.Number
	case t.Is("result"):
		return v.Get("usage", "total_tokens").Kind() == jsonl.Number && v.Get("duration_api_ms").Exists()
	}
	return false
}

// qwenUsage reads counts that include cached tokens in the prompt. The output is
// what is not prompt: whether that of the model's own includes what it thought
// depends on the provider.
func qwenUsage(prompt, cached, output, thoughts, total trace.Count) trace.Usage {
	if total.N() > prompt.N() {
		output = output.Max(minus(total, prompt))
	}
	if thoughts.N() == 0 {
		thoughts = trace.Count{} // also where the provider does not say
	}
	return trace.Usage{Input: minus(prompt, cached), CacheRead: cached, Output: output, Reasoning: thoughts}
}

func qwenMetadata(u jsonl.Value) trace.Usage {
	return qwenUsage(count(u.Get("promptTokenCount")).Add(count(u.Get("toolUsePromptTokenCount"))), count(u.Get("cachedContentTokenCount")), count(u.Get("candidatesTokenCount")),
		count(u.Get("thoughtsTokenCount")), count(u.Get("totalTokenCount")))
}

// window reads the size of a model's context, of which 0 says nothing.
func window(v jsonl.Value) trace.Count {
	if n := count(v); n.N() > 0 {
		return n
	}
	return trace.Count{}
}

// qwenSessionReader reads chats, ~/.qwen/projects/*/chats/<id>.jsonl, and those of
// sub-agents, which have their agent's id on each record.
//
// Its ui_telemetry records tell of each request, also of those that are not in
// the chat, such as a sub-agent's or a compression's, but have no id that the
// chat has: they become the totals.
type qwenSessionReader struct {
	s       *sink
	started bool
	main    bool // the file is not a sub-agent's
	closing bool // the last message of the model asks for no tool
	end     *trace.End
	ended   int // the line that says it
	message string
	said    int // the line of it
	last    time.Time
	failed  int
	calls   int // tool calls without an id
	total   trace.Totals
	lines   []int           // that it is the sum of
	counted map[string]bool // responses whose telemetry was read
}

func newQwenSession(s *sink) reader {
	return &qwenSessionReader{s: s, counted: map[string]bool{}, total: trace.Totals{ByModel: map[string]trace.Usage{}}}
}

func (r *qwenSessionReader) value(v jsonl.Value, line int) {
	if r.s.run == "" {
		r.s.run = v.Get("sessionId").String()
	}
	t := v.Get("timestamp").Time()
	if !t.IsZero() {
		r.last = t
	}
	r.begin(v, line, t)
	switch typ := v.Get("type").String(); typ {
	case "assistant":
		r.assistant(v, line, t)
	case "user":
		if !v.Get("subtype").Exists() || v.Get("subtype").Is("mid_turn_user_message") {
			r.closing, r.end = false, nil
		}
		r.results(v, line, t)
	case "tool_result":
		r.closing = false
		r.results(v, line, t)
	case "system":
		r.system(v.Get("subtype").String(), v.Get("systemPayload"), line, t)
	default:
		r.s.drift(typ)
	}
}

// begin says who runs, and which sub-agent a record is of.
func (r *qwenSessionReader) begin(v jsonl.Value, line int, t time.Time) {
	r.s.subagent = ""
	if !r.started {
		r.started = true
		branch := v.Get("gitBranch").String()
		if branch == "HEAD" {
			branch = "" // a detached checkout, as in CI
		}
		r.s.add(line, t, &trace.Start{
			Runtime: trace.Runtime{Name: "qwen-code", Version: v.Get("version").String()}, Context: trace.Context{Branch: branch},
			ForkedFrom: v.Get("forkedFrom", "sessionId").String(),
		})
	}
	if id := v.Get("agentId").String(); id != "" && v.Get("isSidechain").True() {
		r.s.subagent = id // the session tells that it was started, by the tool call
		return
	}
	r.main = true
}

func (r *qwenSessionReader) assistant(v jsonl.Value, line int, t time.Time) {
	r.s.add(line, t, &trace.Call{
		ID: v.Get("uuid").String(), Model: v.Get("model").String(), End: t, Usage: qwenMetadata(v.Get("usageMetadata")), Window: window(v.Get("contextWindowSize")),
	})
	var text words
	tools := 0
	for p := range v.Get("message", "parts").Elements() {
		if f := p.Get("functionCall"); f.Exists() {
			tools++
			id, name := r.id(f), f.Get("name").String()
			r.s.call(line, t, &trace.Tool{ID: id, Name: name, Start: t}, f.Get("args"))
			if name == "task" || name == "agent" {
				r.s.add(line, t, &trace.Subagent{ID: id, Name: clip(f.Get("args", "subagent_type").String(), 80), ToolID: id, Start: t})
			}
			continue
		}
		if !p.Get("thought").True() {
			text.add(p.Get("text"))
		}
	}
	if r.s.subagent != "" {
		return
	}
	if text.Len() > 0 {
		r.message, r.said = text.String(), r.s.line
	}
	r.closing = tools == 0 && text.Len() > 0
}

// id returns the id of a tool call. One without is counted, though no result
// will find it.
func (r *qwenSessionReader) id(call jsonl.Value) string {
	if id := call.Get("id").String(); id != "" {
		return id
	}
	r.calls++
	return scoped(r.s, "nameless-"+strconv.Itoa(r.calls))
}

// results reads the results of tools, of which older versions write the record
// as the user's.
func (r *qwenSessionReader) results(v jsonl.Value, line int, t time.Time) {
	outcome := v.Get("toolCallResult")
	for p := range v.Get("message", "parts").Elements() {
		f := p.Get("functionResponse")
		id := f.Get("id").String()
		if id == "" {
			continue
		}
		output, message, status := f.Get("response", "output"), f.Get("response", "error"), outcome.Get("status").String()
		if status == "" && message.Exists() {
			status = "error"
		}
		if !output.Exists() {
			output = message
		}
		tool := &trace.Tool{ID: id, End: t}
		geminiOutcome(tool, status, output, message)
		if outcome.Get("errorType").Is("execution_denied") || tool.Failed && qwenDenied(message) {
			tool.Failed, tool.Denied = true, true
			tool.Error = &trace.Error{Type: "permission_denied", Message: clip(message.String(), 300)}
		}
		r.s.result(line, t, tool, output)
		r.agent(outcome.Get("resultDisplay"), tool, line, t)
	}
}

// agent reads, from the result of the tool that starts sub-agents, what became
// of one.
func (r *qwenSessionReader) agent(d jsonl.Value, tool *trace.Tool, line int, t time.Time) {
	if !d.Get("type").Is("task_execution") {
		return
	}
	sub := &trace.Subagent{ID: tool.ID, Name: clip(d.Get("subagentName").String(), 80), ToolID: tool.ID, End: t}
	switch status := d.Get("status"); {
	case status.Is("completed"):
		sub.Status = trace.Success
	case status.Is("failed"):
		sub.Status = trace.Failure
	case status.Is("cancelled"):
		sub.Status = trace.Cancelled
	default:
		sub.End = time.Time{} // it goes on in the background
	}
	r.s.add(line, t, sub)
}

func qwenDenied(message jsonl.Value) bool {
	head := strings.ToLower(textHead(message, 400))
	for _, phrase := range []string{"permission was declined", "requires permission to use", "user did not allow", "rejected by the user"} {
		if strings.Contains(head, phrase) {
			return true
		}
	}
	return false
}

func (r *qwenSessionReader) system(subtype string, payload jsonl.Value, line int, t time.Time) {
	switch subtype {
	case "ui_telemetry":
		r.telemetry(payload.Get("uiEvent"), line, t)
	case "chat_compression":
		r.s.add(line, t, &trace.Compaction{Before: count(payload.Get("info", "originalTokenCount"))})
	case "turn_result":
		r.end, r.ended = qwenTurn(payload), line
	case "slash_command", "at_command", "attribution_snapshot", "notification", "background_task_completed", "cron", "custom_title",
		"parent_session", "session_source", "session_notes", "session_execution_engine", "session_model", "session_approval_mode", "omni_recall",
		"rewind", "agent_bootstrap", "agent_launch_prompt", "agent_retry", "agent_session_ready", "file_history_snapshot", "user_text_elements",
		"session_artifact_event", "session_artifact_snapshot", "session_sources_snapshot", "branch_checkpoint", "goal_state", "goal_runtime",
		"goal_turn_end", "realtime_message", "managed_session_header_v1", "managed_session_event_v1", "managed_session_commit_v1":
	default:
		r.s.drift("system/" + subtype)
	}
}

func qwenTurn(p jsonl.Value) *trace.End {
	message := clip(p.Get("error", "message").String(), 300)
	switch state := p.Get("state").String(); state {
	case "completed":
		return &trace.End{Status: trace.Success}
	case "cancelled":
		return &trace.End{Status: trace.Cancelled}
	case "error", "failed":
		return &trace.End{Status: trace.Failure, Error: &trace.Error{Type: cmp.Or(clip(p.Get("error", "code").String(), 80), "error"), Message: message}}
	}
	return nil
}

// telemetry reads what the CLI counted. Its events have the names of Gemini
// CLI's under a prefix of their own.
func (r *qwenSessionReader) telemetry(e jsonl.Value, line int, t time.Time) {
	name := e.Get("event.name").String()
	switch name[strings.LastIndexByte(name, '.')+1:] {
	case "api_response":
		u := qwenUsage(count(e.Get("input_token_count")).Add(count(e.Get("tool_token_count"))), count(e.Get("cached_content_token_count")), count(e.Get("output_token_count")),
			count(e.Get("thoughts_token_count")), count(e.Get("total_token_count")))
		model, id := e.Get("model").String(), e.Get("response_id").String()
		if r.counted[id] || !u.Total().Known() {
			return // written twice, or not counted
		}
		if id != "" && len(r.counted) < 1<<20 {
			r.counted[id] = true
		}
		r.total.ByModel[model] = r.total.ByModel[model].Add(u)
		r.total.Usage = r.total.Usage.Add(u)
		r.total.Calls = r.total.Calls.Add(trace.Measured(1))
		r.lines = append(r.lines, line)
	case "api_error":
		r.failed++
		kind := scalar(e.Get("status_code"))
		if kind != "" && kind != "0" {
			kind = "http_" + kind
		} else {
			kind = ""
		}
		r.s.add(line, t, &trace.Call{
			ID: scoped(r.s, "failed-"+strconv.Itoa(r.failed)), Model: e.Get("model").String(), End: t,
			Error: &trace.Error{Type: cmp.Or(kind, clip(e.Get("error_type").String(), 80), "api_error"), Message: clip(firstString(e, "error_message", "error"), 300)},
		})
	case "tool_call":
		if e.Get("decision").Is("reject") {
			r.total.PermissionDenials = r.total.PermissionDenials.Add(trace.Measured(1))
			r.lines = append(r.lines, line)
		}
	}
}

func (r *qwenSessionReader) close() {
	if !r.main {
		return
	}
	r.s.subagent = ""
	if r.total.Calls.Known() || r.total.PermissionDenials.Known() {
		last := len(r.lines) - 1
		r.total.From = r.lines[:last]
		r.s.add(r.lines[last], r.last, &r.total)
	}
	if r.closing {
		if d := decisionInText(r.message); d != nil {
			r.s.add(r.said, r.last, d)
		}
	}
	switch {
	case r.end != nil:
		r.s.add(r.ended, r.last, r.end)
	case r.closing:
		r.s.add(0, r.last, &trace.End{Status: trace.Success})
	}
}
