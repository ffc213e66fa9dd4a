package ingest

import (
	"strconv"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// action reads an action of the first event stream. An agent without tool
// calling of its own writes its actions as text: then each is a response, and
// named by its event.
func (r *openHands) action(v jsonl.Value, t time.Time) {
	r.measure("", v.Get("llm_metrics"))
	kind, args := v.Get("action").String(), v.Get("args")
	if kind == "change_agent_state" {
		r.agentState(args.Get("agent_state").String(), "")
		return
	}
	if kind == "condensation" {
		r.s.add(r.line, t, &trace.Compaction{})
		return
	}
	if !v.Get("source").Is("agent") || !byModel(kind) {
		return
	}
	n := r.number(v)
	event := "event-" + strconv.FormatInt(n, 10)
	meta := v.Get("tool_call_metadata")
	c := &trace.Call{ID: event, End: t}
	if res := meta.Get("model_response"); res.Get("id").StringLen() > 0 {
		c.ID, c.Model = res.Get("id").String(), modelName(res.Get("model").String())
		c.Usage = openHandsUsage(res.Get("usage"))
	}
	r.s.add(r.line, t, c)
	switch kind {
	case "message":
		r.message = firstNonEmpty(args.Get("content").String(), v.Get("message").String())
		return
	case "finish":
		r.message = firstNonEmpty(args.Get("final_thought").String(), args.Get("outputs", "content").String(), args.Get("thought").String(), v.Get("message").String())
		r.end = &trace.End{Status: trace.Success}
		if args.Get("task_completed").Is("false") {
			r.end = openHandsFailure("task_not_completed", "")
		}
	case "reject":
		r.end = openHandsFailure("rejected", args.Get("outputs", "reason").String())
	default:
		r.message = ""
	}
	if len(r.asked) < maxOpen {
		r.asked[n] = firstNonEmpty(meta.Get("tool_call_id").String(), event)
	}
	r.request(v, kind, firstNonEmpty(meta.Get("tool_call_id").String(), event), t)
}

// number returns an event's id. Where events have none, they are numbered from
// below zero, and an observation is of the action before it.
func (r *openHands) number(v jsonl.Value) int64 {
	if n, ok := v.Get("id").Int(); ok {
		return n
	}
	r.events++
	return -r.events
}

// byModel reports whether an action is one that a model asks for; the others
// are OpenHands' own.
func byModel(kind string) bool {
	switch kind {
	case "message", "run", "run_ipython", "read", "write", "edit", "browse", "browse_interactive", "delegate", "think", "finish",
		"reject", "call_tool_mcp", "mcp", "task_tracking", "search", "summarize", "send_pr", "push":
		return true
	}
	return false
}

// byOpenHands reports whether an action or an observation is OpenHands' own.
func byOpenHands(kind string) bool {
	switch kind {
	case "system", "recall", "change_agent_state", "agent_state_changed", "null", "start", "pause", "resume", "stop", "condensation",
		"condensation_request", "error", "mcp", "user_rejected", "success", "chat", "loop_recovery":
		return true
	}
	return false
}

func (r *openHands) request(v jsonl.Value, kind, id string, t time.Time) {
	args := v.Get("args")
	name := firstNonEmpty(v.Get("tool_call_metadata", "function_name").String(), kind)
	if args.Get("arguments").Kind() == jsonl.Object && args.Get("name").Kind() == jsonl.String { // of an MCP server
		name, args = args.Get("name").String(), args.Get("arguments")
	}
	r.ask(&trace.Tool{ID: id, Name: name, Start: t, Done: kind == "finish" || kind == "reject"}, args)
	if kind == "delegate" {
		r.s.add(r.line, t, &trace.Subagent{ID: id, ToolID: id, Name: args.Get("agent").String(), Start: t})
	}
}

// agentState notes how the run ended, by the state that the agent is in.
func (r *openHands) agentState(state, reason string) {
	switch state {
	case "finished":
		if r.end == nil {
			r.end = &trace.End{Status: trace.Success}
		}
	case "error":
		r.end = openHandsFailure("", reason)
	case "rejected":
		r.end = openHandsFailure("rejected", reason)
	case "stopped":
		if r.end == nil && !r.apart { // every run stops, also one that has finished
			r.end = &trace.End{Status: trace.Cancelled}
		}
	case "running":
		r.end = nil
	}
}

// observation reads what came of an action, found by its tool call or by the
// event that asked for it. Commands that a person ran have neither.
func (r *openHands) observation(v jsonl.Value, t time.Time) {
	kind, extras, content := v.Get("observation").String(), v.Get("extras"), v.Get("content")
	if kind == "agent_state_changed" {
		r.agentState(extras.Get("agent_state").String(), extras.Get("reason").String())
		return
	}
	id := v.Get("tool_call_metadata", "tool_call_id").String()
	n, ok := v.Get("cause").Int()
	if !ok && id == "" && !v.Get("id").Exists() {
		n, ok = -r.events, true
	}
	if ok {
		id = firstNonEmpty(r.asked[n], id)
		delete(r.asked, n)
		if id == "" && r.apart && byModel(kind) && v.Get("source").Is("agent") {
			id = "event-" + strconv.FormatInt(n, 10) // its action is in another file
		}
	}
	if id == "" {
		return
	}
	tool := &trace.Tool{ID: id, End: t}
	openHandsOutcome(tool, extras)
	switch {
	case kind == "error":
		tool.Failed, tool.Error = true, &trace.Error{Type: "tool_error", Message: clip(content.String(), 300)}
	case kind == "user_rejected":
		tool.Failed, tool.Denied, tool.Error = true, true, &trace.Error{Type: "rejected"}
	case !tool.Failed && saysError(kind, content):
		tool.Failed, tool.Error = true, &trace.Error{Type: "tool_error"}
	}
	r.s.result(r.line, t, tool, content)
	if kind == "delegate" {
		r.s.add(r.line, t, &trace.Subagent{ID: id, ToolID: id, End: t, Status: statusOf(tool.Failed)})
	}
}

// saysError reports whether a result without a mark says that the call failed:
// the editor's begins with it, and an MCP server's has its own mark inside.
func saysError(kind string, content jsonl.Value) bool {
	switch kind {
	case "edit", "read", "write":
		raw := content.Raw()
		return strings.HasPrefix(string(raw[:min(len(raw), 7)]), `"ERROR:`)
	case "mcp", "call_tool_mcp":
		tail := textTail(content, 200)
		return strings.Contains(tail, `isError\":true`) || strings.Contains(tail, `isError\": true`)
	}
	return false
}
