package ingest

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// codexRolloutFormat is the file that Codex keeps of each thread, under
// $CODEX_HOME/sessions.
const codexRolloutFormat = "codex/rollout"

func isCodexRollout(v jsonl.Value, _ jsonl.Chunk) bool {
	typ := v.Get("type")
	if typ.Kind() == jsonl.Missing {
		return isBareMeta(v)
	}
	switch {
	case typ.Is("session_meta"), typ.Is("response_item"), typ.Is("event_msg"), typ.Is("turn_context"),
		typ.Is("token_usage_record"), typ.Is("compacted"), typ.Is("world_state"):
		return v.Get("payload").Kind() == jsonl.Object
	}
	return false
}

// codexRollout reads a file of one thread.
type codexRollout struct {
	s     *sink
	id    string // of the thread; empty until the first session_meta
	model string

	window    trace.Count // tokens that the model's context holds
	first     string      // id of the turn's first call
	compacted string      // how the last compaction was told, until the next call

	headless bool      // run by codex exec, which ends with its turn
	copied   bool      // inside the history that a fork takes over from its parent
	parents  []string  // threads whose copy that may be
	own      bool      // a record of the thread itself was read
	born     time.Time // when the thread was created
	records  bool      // the file has token_usage_record, so token_count is a repetition
	total    runningTotal
	calls    int
	asked    time.Time // when the model was last given something to answer

	tools   codexTools
	turns   bool   // the file marks turns
	ended   bool   // the last turn has ended
	message string // the last of the agent, where turns are not marked
	line    int    // that it stands on
}

func newCodexRollout(s *sink) reader {
	return &codexRollout{s: s, tools: newCodexTools(s)}
}

func (r *codexRollout) value(v jsonl.Value, line int) {
	typ, p, at := v.Get("type").String(), v.Get("payload"), v.Get("timestamp").Time()
	if p.Kind() != jsonl.Object {
		r.bare(v, typ, line, at)
		return
	}
	if typ == "session_meta" {
		r.meta(p, line, at)
		return
	}
	if r.isCopied(p, at) {
		if total := p.Get("info", "total_token_usage"); total.Kind() == jsonl.Object {
			r.total.grow(codexUsage(total)) // which goes on in the fork
		}
		return
	}
	r.own = true
	switch typ {
	case "turn_context":
		r.context(p, line, at)
	case "response_item":
		r.responseItem(p, line, at)
	case "event_msg":
		r.event(p, line, at)
	case "token_usage_record":
		r.usageRecord(p, line, at)
	case "compacted":
		r.compaction(typ, line, at)
	case "world_state", "inter_agent_communication", "inter_agent_communication_metadata":
	default:
		r.s.drift(typ)
	}
}

// bare reads a line from before the envelope: the thread's own on the first
// line, then the items themselves.
func (r *codexRollout) bare(v jsonl.Value, typ string, line int, at time.Time) {
	switch {
	case typ != "":
		r.own = true
		r.responseItem(v, line, at)
	case v.Get("record_type").Exists():
	case v.Get("id").Exists():
		r.meta(v, line, at)
	default:
		r.s.drift("")
	}
}

func (r *codexRollout) context(p jsonl.Value, line int, at time.Time) {
	if m := p.Get("model").String(); m != "" && m != r.model {
		r.model = m
		r.s.add(line, at, &trace.Start{Model: m})
	}
}

func (r *codexRollout) responseItem(p jsonl.Value, line int, at time.Time) {
	switch typ := p.Get("type").String(); typ {
	case "message":
		if !p.Get("role").Is("assistant") {
			r.asked = at
		} else if !r.turns {
			r.keepMessage(p.Get("content"), line)
			r.tools.answered(line, at)
		}
	case "function_call", "custom_tool_call", "local_shell_call", "web_search_call", "tool_search_call", "image_generation_call":
		r.tools.call(p, typ, line, at)
	case "function_call_output", "custom_tool_call_output", "tool_search_output":
		r.asked = at
		r.tools.output(p, line, at)
	case "reasoning", "ghost_snapshot", "compaction", "compaction_summary", "context_compaction", "agent_message", "other":
	default:
		r.s.drift("response_item/" + typ)
	}
}

func (r *codexRollout) keepMessage(content jsonl.Value, line int) {
	for part := range content.Elements() {
		if text := part.Get("text"); text.StringLen() > 0 {
			r.message, r.line = text.String(), line
		}
	}
}

func (r *codexRollout) event(p jsonl.Value, line int, at time.Time) {
	switch typ := p.Get("type").String(); typ {
	case "token_count":
		r.tokenCount(p.Get("info"), line, at)
	case "task_started", "turn_started":
		r.window = count(p.Get("model_context_window")).Or(r.window)
		r.started(line, at)
	case "context_compacted":
		r.compaction("context_compacted", line, at)
	case "task_complete", "turn_complete":
		r.complete(p, line, at)
	case "turn_aborted":
		r.aborted(p.Get("reason").String(), line, at)
	case "error", "stream_error":
		r.failure(p, line, at)
	case "user_message":
		r.asked = at
	case "item_completed":
		r.tools.item(p.Get("item"), line, at)
	case "exec_command_end", "patch_apply_end", "mcp_tool_call_end", "dynamic_tool_call_response":
		r.tools.end(p, line, at)
	case "exited_review_mode":
		r.review(p.Get("review_output"), line, at)
	case "collab_agent_spawn_end":
		r.spawned(p, line, at)
	default:
		r.otherEvent(typ)
	}
}

// otherEvent counts an event that is not known. Those named are, and say
// nothing that other records do not.
func (r *codexRollout) otherEvent(typ string) {
	switch typ {
	case "agent_message", "agent_reasoning", "agent_reasoning_raw_content", "agent_reasoning_section_break",
		"thread_settings_applied", "thread_name_updated", "thread_goal_updated", "thread_rolled_back",
		"exec_command_begin", "patch_apply_begin", "mcp_tool_call_begin", "web_search_begin", "web_search_end",
		"view_image_tool_call", "image_generation_begin", "image_generation_end", "dynamic_tool_call_request",
		"collab_agent_spawn_begin", "collab_agent_interaction_begin", "collab_agent_interaction_end",
		"collab_waiting_begin", "collab_waiting_end", "collab_close_begin", "collab_close_end",
		"collab_resume_begin", "collab_resume_end", "sub_agent_activity", "guardian_assessment", "guardian_warning",
		"entered_review_mode", "undo_started", "undo_completed", "warning", "deprecation_notice",
		"background_event", "turn_diff", "plan_update", "plan_delta", "session_configured", "item_started",
		"model_reroute", "account/rateLimits/updated":
	default:
		r.s.drift("event_msg/" + typ)
	}
}

// usageRecord reads what one response used. It stands beside a token_count that
// says the same of the same response; a file that has the one may repeat it in
// the other, so token_count no longer counts from here on.
func (r *codexRollout) usageRecord(p jsonl.Value, line int, at time.Time) {
	r.records = true
	if thread := p.Get("thread_id").String(); thread != "" && thread != r.id && r.id != "" {
		return // of the thread that this one was forked from
	}
	usage := p.Get("usage")
	if usage.Kind() != jsonl.Object {
		r.s.bad(line, "/payload/usage", "token_usage_record has no usage", "the tokens of this response are not counted; keep the rollout as Codex writes it")
		return
	}
	r.call(p.Get("response_id").String(), codexUsage(usage), line, at)
}

// tokenCount reads what the last response used, or, in old files, what all
// have. It is repeated, unchanged, when only the rate limits have moved.
func (r *codexRollout) tokenCount(info jsonl.Value, line int, at time.Time) {
	total, last := info.Get("total_token_usage"), info.Get("last_token_usage")
	r.window = count(info.Get("model_context_window")).Or(r.window)
	if r.records || total.Kind() != jsonl.Object && last.Kind() != jsonl.Object {
		return
	}
	used := codexUsage(last)
	if total.Kind() == jsonl.Object {
		now := codexUsage(total)
		if r.total.seen && now == r.total.last {
			return
		}
		grown := r.total.grow(now)
		if last.Kind() != jsonl.Object {
			used = grown
		}
	}
	if used.Total().N() > 0 {
		r.call("", used, line, at)
	}
}

// call emits a model call. One without an id has the thread's and its number,
// the same in every copy of the file.
func (r *codexRollout) call(id string, u trace.Usage, line int, at time.Time) {
	r.calls++
	if id == "" {
		id = r.id + "#" + strconv.Itoa(r.calls)
	}
	start := r.asked
	if start.After(at) {
		start = time.Time{}
	}
	r.s.add(line, at, &trace.Call{ID: id, Provider: "openai", Model: r.model, Start: start, End: at, Usage: u, Window: r.window})
	r.first, r.compacted = cmp.Or(r.first, id), ""
}

// compaction emits that the conversation was shortened, which newer versions tell
// twice, by a line and by an event, with no model call between the two.
func (r *codexRollout) compaction(kind string, line int, at time.Time) {
	if r.compacted != "" && r.compacted != kind {
		r.compacted = ""
		return
	}
	r.compacted = kind
	r.s.add(line, at, &trace.Compaction{})
}

func (r *codexRollout) started(line int, at time.Time) {
	if r.ended && r.s.subagent == "" {
		r.s.add(line, at, &trace.End{Status: trace.Incomplete}) // until this turn ends too
	}
	r.turns, r.ended, r.message, r.asked, r.first = true, false, "", at, ""
}

func (r *codexRollout) complete(p jsonl.Value, line int, at time.Time) {
	r.turns, r.ended = true, true
	if r.headless && r.s.subagent == "" {
		r.tools.abandon(line, at)
	}
	if ms := count(p.Get("time_to_first_token_ms")); ms.Known() && r.first != "" {
		r.s.add(line, at, &trace.Call{ID: r.first, FirstToken: ms})
	}
	end := &trace.End{Status: trace.Success}
	if e := p.Get("error"); e.Exists() {
		end.Status = trace.Failure
		end.Error = r.failure(e, line, at)
	}
	r.end(end, line, at)
	if d := decisionInText(p.Get("last_agent_message").String()); d != nil {
		r.s.add(line, at, d)
	}
}

func (r *codexRollout) aborted(reason string, line int, at time.Time) {
	r.turns, r.ended = true, true
	end := &trace.End{Status: trace.Cancelled, Error: &trace.Error{Type: reason}}
	if strings.HasSuffix(reason, "limited") { // budget_limited
		end.Status = trace.Failure
	}
	r.end(end, line, at)
}

// end says how the thread ended: a sub-agent's end is not the run's.
func (r *codexRollout) end(e *trace.End, line int, at time.Time) {
	if r.s.subagent == "" {
		r.s.add(line, at, e)
		return
	}
	r.s.add(line, at, &trace.Subagent{ID: r.s.subagent, End: at, Status: e.Status})
}

// failure reads an error, and counts the request that it is of. The error that
// ends a turn is told twice, by an event and at the turn's end.
func (r *codexRollout) failure(p jsonl.Value, line int, at time.Time) *trace.Error {
	if nested := p.Get("error"); nested.Kind() == jsonl.Object {
		p = nested
	}
	msg := p.Get("message").String()
	status, _ := p.Get("codex_error_info", "http_connection_failed", "http_status_code").Int()
	e := codexRequestError(msg)
	if e == nil && status > 0 {
		e = &trace.Error{Type: httpErrorType(strconv.FormatInt(status, 10)), Message: clip(msg, 500)}
	}
	if e == nil {
		r.s.add(line, at, &trace.Log{Severity: "error", Message: clip(msg, 500)})
		return &trace.Error{Type: "turn_failed", Message: clip(msg, 500)}
	}
	r.s.add(line, at, &trace.Call{ID: fmt.Sprintf("%s!%d", r.id, r.calls), Provider: "openai", Model: r.model, Start: r.asked, End: at, Error: e})
	return e
}

// review reads the verdict of Codex' own review mode, which holds its model to
// a schema and to these two phrases.
func (r *codexRollout) review(out jsonl.Value, line int, at time.Time) {
	d := &trace.Decision{Source: trace.FromStructuredOutput, Summary: clip(out.Get("overall_explanation").String(), 500)}
	switch verdict := out.Get("overall_correctness"); {
	case verdict.Is("patch is correct"):
		d.Kind = trace.Approve
	case verdict.Is("patch is incorrect"):
		d.Kind = trace.RequestChanges
	default:
		return
	}
	if f := out.Get("findings"); f.Kind() == jsonl.Array {
		d.Findings = trace.Measured(int64(f.Len()))
	}
	if c, ok := out.Get("overall_confidence_score").Float(); ok && c >= 0 && c <= 1 {
		d.Confidence = &c
	}
	r.s.add(line, at, d)
}

func (r *codexRollout) spawned(p jsonl.Value, line int, at time.Time) {
	if id := p.Get("new_thread_id").String(); id != "" {
		r.s.add(line, at, &trace.Subagent{ID: id, Name: p.Get("new_agent_role").String(), ToolID: p.Get("call_id").String(), Start: at})
	}
}

// close takes the decision of a file that does not mark its turns from the last
// message. Whether that run had ended nobody says.
func (r *codexRollout) close() {
	if r.turns || r.s.subagent != "" {
		return
	}
	if d := decisionInText(r.message); d != nil {
		r.s.add(r.line, time.Time{}, d)
	}
}
