package ingest

import (
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// state reads the SDK's state of a conversation: base_state.json, or the state
// that it sends to its clients.
func (r *openHands) state(v jsonl.Value) {
	if id := uuidOf(v.Get("id").String()); id != "" && !r.named && !r.started {
		r.s.run = id
	}
	if !r.started {
		r.started = true
		r.s.add(r.line, r.last, &trace.Start{
			Agent:   trace.Agent{Name: openHandsAgent(v.Get("agent", "kind").String())},
			Runtime: trace.Runtime{Name: "openhands"}, Model: modelName(v.Get("agent", "llm", "model").String()),
		})
	}
	r.stats(v.Get("stats"))
	r.status(firstString(v, "execution_status", "agent_status"))
}

// openHandsAgent returns the name of an agent, unless it is that of the class
// that all have.
func openHandsAgent(kind string) string {
	if kind == "Agent" {
		return ""
	}
	return kind
}

func (r *openHands) stats(v jsonl.Value) {
	for name, m := range firstOf(v, "usage_to_metrics", "service_to_metrics").Members() {
		r.measure(name, m)
	}
}

// status notes how a conversation ended. One that goes on again has not.
func (r *openHands) status(status string) {
	switch status {
	case "finished":
		if r.end == nil {
			r.end = &trace.End{Status: trace.Success}
		}
	case "error":
		if r.end == nil || r.end.Status != trace.Failure { // a ConversationErrorEvent says more
			r.end = openHandsFailure("error", "")
		}
	case "stuck":
		r.end = openHandsFailure("stuck", "")
	case "running":
		r.end = nil
	}
}

// openHandsFailure returns a failure of a type that is told by a code or, where
// there is none, by the words of the message.
func openHandsFailure(code, message string) *trace.End {
	typ := code
	switch text := strings.ToLower(code + " " + message); {
	case strings.Contains(text, "maxiteration"), strings.Contains(text, "maximum iteration"), strings.Contains(text, "max_iteration"):
		typ = "max_turns"
	case strings.Contains(text, "stuckinloop"), strings.Contains(text, "stuck in a loop"):
		typ = "stuck"
	case strings.Contains(text, "ratelimit"):
		typ = "rate_limit"
	case strings.Contains(text, "budget"):
		typ = "max_budget"
	case typ == "":
		typ = "error"
	}
	return &trace.End{Status: trace.Failure, Error: &trace.Error{Type: clip(typ, 80), Message: clip(message, 300)}}
}

// sdk reads an event of the Agent SDK.
func (r *openHands) sdk(kind string, v jsonl.Value, t time.Time) {
	if kind == "ConversationStateUpdateEvent" {
		r.update(v, t)
		return
	}
	r.begin(t)
	switch kind {
	case "ActionEvent":
		r.sdkAction(v, t)
	case "ObservationEvent", "AgentErrorEvent", "UserRejectObservation":
		r.sdkResult(kind, v, t)
	case "MessageEvent":
		r.sdkMessage(v, t)
	case "ACPToolCallEvent":
		r.acp(v, t)
	case "Condensation":
		r.response(v, t)
		r.s.add(r.line, t, &trace.Compaction{})
	case "ConversationErrorEvent", "ServerErrorEvent":
		r.end = openHandsFailure(v.Get("code").String(), v.Get("detail").String())
	case "InterruptEvent":
		r.end = &trace.End{Status: trace.Cancelled}
	case "SystemPromptEvent", "PauseEvent", "CondensationRequest", "CondensationSummaryEvent", "HookExecutionEvent",
		"LLMCompletionLogEvent", "StreamingDeltaEvent", "TokenEvent":
	default:
		r.s.drift(kind)
	}
}

// update reads a change of the conversation's state.
func (r *openHands) update(v jsonl.Value, t time.Time) {
	value := v.Get("value")
	switch key := v.Get("key").String(); key {
	case "full_state":
		r.state(value)
	case "stats":
		r.begin(t)
		r.stats(value)
	case "execution_status", "agent_status":
		r.begin(t)
		r.status(value.String())
	}
}

// sdkAction reads a tool call, and the response that made it: of several calls,
// each repeats its id.
func (r *openHands) sdkAction(v jsonl.Value, t time.Time) {
	r.message = ""
	r.goesOn()
	r.response(v, t)
	id, name, action := v.Get("tool_call_id").String(), v.Get("tool_name").String(), v.Get("action")
	if id == "" {
		r.s.bad(r.line, "/tool_call_id", "a tool call has no id", "without tool_call_id its result cannot be found")
		return
	}
	args := action
	switch {
	case action.Get("data").Kind() == jsonl.Object && action.Get("kind").Is("MCPToolAction"):
		args = action.Get("data")
	case action.Kind() != jsonl.Object: // the call could not be made
		args = firstOf(v.Get("tool_call"), "arguments", "function")
	}
	r.ask(&trace.Tool{ID: id, Name: name, Start: t}, args)
	switch name {
	case "finish":
		r.message = action.Get("message").String()
		r.stops()
	case "task":
		r.s.add(r.line, t, &trace.Subagent{ID: id, ToolID: id, Name: action.Get("subagent_type").String(), Start: t})
	case "delegate":
		r.spawn(action, t)
	}
}

// ask emits a tool call. The "command" of the tools that keep tasks and that
// delegate them is no command of a shell.
func (r *openHands) ask(t *trace.Tool, args jsonl.Value) {
	switch t.Name {
	case "delegate", "task_tracker", "task_tracking", "workflow":
		t.ArgsSize, t.Args = size(args), digest(args)
		r.s.add(r.line, t.Start, t)
	default:
		r.s.call(r.line, t.Start, t, args)
	}
}

// spawn reads the sub-agents that one call of the delegate tool creates.
func (r *openHands) spawn(action jsonl.Value, t time.Time) {
	if !action.Get("command").Is("spawn") {
		return
	}
	var kinds []string
	for k := range action.Get("agent_types").Elements() {
		kinds = append(kinds, k.String())
	}
	i := 0
	for id := range action.Get("ids").Elements() {
		s := &trace.Subagent{ID: id.String(), Start: t}
		if i < len(kinds) {
			s.Name = kinds[i]
		}
		r.s.add(r.line, t, s)
		i++
	}
}

// response emits the model call that brought an event. Its tokens are in the
// stats.
func (r *openHands) response(v jsonl.Value, t time.Time) {
	if id := v.Get("llm_response_id").String(); id != "" {
		r.s.add(r.line, t, &trace.Call{ID: id, End: t})
	}
}

func (r *openHands) sdkResult(kind string, v jsonl.Value, t time.Time) {
	id, o := v.Get("tool_call_id").String(), v.Get("observation")
	tool := &trace.Tool{ID: id, Name: v.Get("tool_name").String(), End: t}
	output := firstOf(o, "content", "output")
	switch kind {
	case "AgentErrorEvent":
		output = v.Get("error")
		tool.Failed, tool.Error = true, &trace.Error{Type: "tool_error", Message: clip(output.String(), 300)}
	case "UserRejectObservation":
		output = v.Get("rejection_reason")
		tool.Failed, tool.Denied, tool.Error = true, true, &trace.Error{Type: "rejected"}
	default:
		openHandsOutcome(tool, o)
	}
	if id == "" {
		return // an error of the agent's that no call has caused
	}
	r.s.result(r.line, t, tool, output)
	if name := v.Get("tool_name"); name.Is("task") {
		r.s.add(r.line, t, &trace.Subagent{ID: id, ToolID: id, End: t, Status: statusOf(tool.Failed)})
	}
}

func statusOf(failed bool) trace.Status {
	if failed {
		return trace.Failure
	}
	return trace.Success
}

// openHandsOutcome says whether a tool call failed: by a mark, or by the exit
// code of its command, of which -1 is one that still runs.
func openHandsOutcome(t *trace.Tool, o jsonl.Value) {
	code := exitCode(o.Get("exit_code"))
	if code == nil {
		code = exitCode(o.Get("metadata", "exit_code"))
	}
	if code != nil && *code >= 0 {
		t.ExitCode = code
	}
	switch {
	case o.Get("is_error").True(), o.Get("error").StringLen() > 0, o.Get("error").True():
		t.Failed, t.Error = true, &trace.Error{Type: "tool_error"}
	case t.ExitCode != nil && *t.ExitCode != 0:
		t.Failed, t.Error = true, &trace.Error{Type: "exit_code"}
	}
}

func (r *openHands) sdkMessage(v jsonl.Value, t time.Time) {
	r.goesOn()
	if !v.Get("source").Is("agent") {
		return
	}
	r.response(v, t)
	content, text := v.Get("llm_message", "content"), ""
	if text = content.String(); text == "" {
		for part := range content.Elements() {
			text += part.Get("text").String()
		}
	}
	if text != "" {
		r.message = text
		r.stops()
	}
}

// stops notes that the agent has finished, as it does with a message or with
// the finish tool. What a file of one event leaves open, the state says.
func (r *openHands) stops() {
	if !r.apart {
		r.status("finished")
	}
}

// goesOn takes back that the run has finished.
func (r *openHands) goesOn() {
	if r.end != nil && r.end.Status == trace.Success {
		r.end = nil
	}
}

// acp reads a tool call of another agent that OpenHands drives. It comes again
// each time that its state changes.
func (r *openHands) acp(v jsonl.Value, t time.Time) {
	id := v.Get("tool_call_id").String()
	r.message = ""
	r.s.call(r.line, t, &trace.Tool{ID: id, Name: firstString(v, "tool_kind", "title"), Start: t}, v.Get("raw_input"))
	status := v.Get("status")
	if !status.Is("completed") && !status.Is("failed") {
		return
	}
	tool := &trace.Tool{ID: id, End: t, Failed: status.Is("failed") || v.Get("is_error").True()}
	if tool.Failed {
		tool.Error = &trace.Error{Type: "tool_error"}
	}
	r.s.result(r.line, t, tool, v.Get("raw_output"))
}
