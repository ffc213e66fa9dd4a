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

func isKimiCLIWire(v jsonl.Value, _ jsonl.Chunk) bool {
	return v.Get("timestamp").Kind() == jsonl.Number && v.Get("message", "type").Kind() == jsonl.String && v.Get("message", "payload").Kind() == jsonl.Object
}

// kimiCLI reads wire.jsonl of Kimi CLI: what it told its user interface. A
// sub-agent's events stand within the main agent's.
type kimiCLI struct {
	s       *sink
	tools   map[string]kimiTools  // by sub-agent
	pending map[string]kimiAction // approvals that were asked for, by request
	agents  map[string]string     // sub-agents by the tool call that started them
	steps   map[string]int        // by sub-agent
	failed  map[string]int
	turns   int64
	started bool
	message words
	said    int // the line of the last of it
	end     *trace.End
	last    time.Time
}

type kimiAction struct{ agent, tool string }

func newKimiCLI(s *sink) reader {
	s.run, s.subagent = kimiPlace(s.o.Name)
	return &kimiCLI{s: s, tools: map[string]kimiTools{}, pending: map[string]kimiAction{}, agents: map[string]string{}, steps: map[string]int{}, failed: map[string]int{}}
}

func (r *kimiCLI) value(v jsonl.Value, line int) {
	t := epoch(v.Get("timestamp"))
	if !t.IsZero() {
		r.last = t
	}
	m := v.Get("message")
	if m.Kind() != jsonl.Object {
		if !v.Get("type").Is("metadata") {
			r.s.drift(v.Get("type").String())
		}
		return
	}
	if !r.started {
		r.started = true
		r.s.fallback = fmt.Sprintf("%016x", digest(v)) // the first line is the same in all files
		r.start(line, t)
	}
	r.event(m.Get("type").String(), m.Get("payload"), line, t)
}

func (r *kimiCLI) start(line int, t time.Time) {
	sub := r.s.subagent
	r.s.subagent = ""
	r.s.add(line, t, &trace.Start{Runtime: trace.Runtime{Name: "kimi-cli"}})
	if r.s.subagent = sub; sub != "" {
		r.s.add(line, t, &trace.Subagent{ID: sub, Start: t})
	}
}

func (r *kimiCLI) event(typ string, p jsonl.Value, line int, t time.Time) {
	switch typ {
	case "TurnBegin":
		r.begin()
	case "TurnEnd":
		if r.s.subagent == "" && r.end == nil {
			r.end = &trace.End{Status: trace.Success}
		}
	case "StepBegin":
		r.stepBegin()
	case "ContentPart":
		if p.Get("type").Is("text") && r.s.subagent == "" {
			r.message.add(p.Get("text"))
			r.said = line
		}
	case "StatusUpdate":
		r.status(p, line, t)
	case "ToolCall", "ToolCallRequest":
		r.call(p, line, t)
	case "ToolResult":
		r.result(p, line, t)
	case "ApprovalRequest":
		if len(r.pending) < 10_000 {
			r.pending[p.Get("id").String()] = kimiAction{r.s.subagent, p.Get("tool_call_id").String()}
		}
	case "ApprovalResponse", "ApprovalRequestResolved":
		r.approval(p, line, t)
	case "SubagentEvent":
		r.within(p, line, t)
	default:
		r.step(typ, p, line, t)
	}
}

func (r *kimiCLI) begin() {
	if r.s.subagent == "" {
		r.turns++
		r.message.Reset()
		r.end = nil
	}
}

func (r *kimiCLI) stepBegin() {
	if r.s.subagent == "" {
		r.message.Reset()
	}
}

// step reads what happened to a step.
func (r *kimiCLI) step(typ string, p jsonl.Value, line int, t time.Time) {
	switch typ {
	case "StepInterrupted":
		if r.s.subagent == "" {
			r.end = &trace.End{Status: trace.Failure, Error: &trace.Error{Type: "interrupted"}}
		}
	case "StepRetry":
		r.failed[r.s.subagent]++
		kind := scalar(p.Get("status_code"))
		if kind != "" {
			kind = "http_" + kind
		}
		r.s.add(line, t, &trace.Call{
			ID: scoped(r.s, "failed-"+strconv.Itoa(r.failed[r.s.subagent])), End: t,
			Error: &trace.Error{Type: cmp.Or(kind, clip(p.Get("error_type").String(), 80), "api_error")},
		})
	case "CompactionBegin":
		r.s.add(line, t, &trace.Compaction{})
	case "CompactionEnd", "ToolCallPart", "SteerInput", "HookTriggered", "HookResolved", "HookRequest", "MCPLoadingBegin", "MCPLoadingEnd", "Notification",
		"PlanDisplay", "BtwBegin", "BtwEnd", "QuestionRequest", "QuestionResponse", "TextPart", "ThinkPart", "ImageURLPart", "AudioURLPart", "VideoURLPart":
	default:
		r.s.drift(typ)
	}
}

// status reads the usage of a step, whose message has an id with some providers
// only.
func (r *kimiCLI) status(p jsonl.Value, line int, t time.Time) {
	u := p.Get("token_usage")
	if u.Kind() != jsonl.Object {
		return
	}
	r.steps[r.s.subagent]++
	id := cmp.Or(p.Get("message_id").String(), scoped(r.s, "step-"+strconv.Itoa(r.steps[r.s.subagent])))
	r.s.add(line, t, &trace.Call{ID: id, End: t, Usage: kimiUsage(u), Window: window(p.Get("max_context_tokens"))})
}

func (r *kimiCLI) of(agent string) kimiTools {
	k, ok := r.tools[agent]
	if !ok {
		k = newKimiTools()
		r.tools[agent] = k
	}
	return k
}

func (r *kimiCLI) call(p jsonl.Value, line int, t time.Time) {
	id, name, args := p.Get("id").String(), p.Get("function", "name").String(), p.Get("function", "arguments")
	if name == "" {
		name, args = p.Get("name").String(), p.Get("arguments")
	}
	k := r.of(r.s.subagent)
	if k.open[id] {
		return // asked of the client too
	}
	r.s.call(line, t, &trace.Tool{ID: scoped(r.s, k.called(id)), Name: name, Start: t}, args)
}

func (r *kimiCLI) result(p jsonl.Value, line int, t time.Time) {
	id, v := p.Get("tool_call_id").String(), p.Get("return_value")
	if !v.Exists() {
		v = p.Get("result")
	}
	k := r.of(r.s.subagent)
	tool := &trace.Tool{ID: scoped(r.s, k.at(id)), End: t}
	text := v.Get("message")
	if text.StringLen() == 0 {
		text = kimiText(v.Get("output"))
	}
	kimiOutcome(tool, v.Get("is_error").True(), text)
	delete(k.open, id)
	r.s.result(line, t, tool, v.Get("output"))
	if agent := r.agents[id]; r.s.subagent == "" && agent != "" {
		sub := &trace.Subagent{ID: agent, Status: trace.Success, End: t}
		if tool.Failed {
			sub.Status = trace.Failure
		}
		r.s.add(line, t, sub)
	}
}

func (r *kimiCLI) approval(p jsonl.Value, line int, t time.Time) {
	id := p.Get("request_id").String()
	asked, ok := r.pending[id]
	delete(r.pending, id)
	if !ok || asked.tool == "" || !p.Get("response").Is("reject") {
		return
	}
	was := r.s.subagent
	r.s.subagent = asked.agent
	r.s.add(line, t, &trace.Tool{ID: scoped(r.s, r.of(asked.agent).at(asked.tool)), Denied: true, Failed: true})
	r.s.subagent = was
}

// within reads an event of a sub-agent, which has an id of its own, and in newer
// versions a file too; older ones know it by the tool call that started it.
func (r *kimiCLI) within(p jsonl.Value, line int, t time.Time) {
	tool, e := firstString(p, "parent_tool_call_id", "task_tool_call_id"), p.Get("event")
	id := cmp.Or(p.Get("agent_id").String(), tool)
	if id == "" || e.Get("type").Is("SubagentEvent") || r.s.subagent != "" {
		return
	}
	if tool = cmp.Or(tool, id); r.agents[tool] != id {
		r.agents[tool] = id
		r.s.add(line, t, &trace.Subagent{ID: id, Name: clip(p.Get("subagent_type").String(), 80), ToolID: tool, Start: t})
	}
	r.s.subagent = id
	r.event(e.Get("type").String(), e.Get("payload"), line, t)
	r.s.subagent = ""
}

// close judges how the last turn ended. Older versions did not write that it
// did: then its last words are the answer, if no tool call is under way.
func (r *kimiCLI) close() {
	if r.s.subagent != "" {
		return
	}
	if r.turns > 0 {
		r.s.add(r.s.line, r.last, &trace.Totals{Running: true, Turns: trace.Measured(r.turns)})
	}
	if r.end == nil && r.message.Len() > 0 && len(r.of("").open) == 0 {
		r.end = &trace.End{Status: trace.Success}
	}
	if r.end == nil {
		return
	}
	if d := decisionInText(r.message.String()); d != nil && r.end.Status == trace.Success {
		r.s.add(r.said, r.last, d)
	}
	r.s.add(0, r.last, r.end)
}

func isKimiContext(v jsonl.Value, _ jsonl.Chunk) bool {
	role := v.Get("role")
	return (role.Is("_checkpoint") && v.Get("id").Kind() == jsonl.Number || role.Is("_usage") && v.Get("token_count").Kind() == jsonl.Number ||
		role.Is("_system_prompt") && v.Get("content").Exists()) && v.Get("type").Kind() == jsonl.Missing
}

// isKimiStream recognises messages by what no other agent of OpenAI's protocol
// puts in them: a part that is a thought, a note to the model in a result, the
// notes of the CLI itself.
func isKimiStream(v jsonl.Value, _ jsonl.Chunk) bool {
	if v.Get("role").Is("meta") {
		t := v.Get("type")
		return t.Is("session.resume_hint") || t.Is("system.version") || t.Is("turn.step.retrying")
	}
	if v.Get("type").Kind() != jsonl.Missing {
		return false
	}
	first := jsonl.Value{}
	for p := range v.Get("content").Elements() {
		first = p
		break
	}
	switch role := v.Get("role"); {
	case role.Is("assistant"):
		return first.Get("type").Is("think") && first.Get("think").Kind() == jsonl.String
	case role.Is("tool"):
		return v.Get("tool_call_id").Kind() == jsonl.String && strings.HasPrefix(textHead(first.Get("text"), 40)+" ", "<system>")
	}
	return false
}

// kimiMessages reads messages of OpenAI's protocol: context.jsonl, which is what
// the model is sent, and what `kimi --print --output-format stream-json` prints.
// Neither has times, models or the tokens of a call.
type kimiMessages struct {
	s       *sink
	name    *nameless
	tools   kimiTools
	started bool
	calls   int
	failed  int
	message string
	said    int // the line of it
	closing bool
}

func newKimiContext(s *sink) reader {
	s.run, s.subagent = kimiPlace(s.o.Name)
	return &kimiMessages{s: s, name: newNameless(s), tools: newKimiTools()}
}

func (r *kimiMessages) value(v jsonl.Value, line int) {
	var t time.Time
	r.name.saw(v)
	if !r.started && !v.Get("type").Is("system.version") {
		sub := r.s.subagent
		r.s.subagent = ""
		r.s.add(line, t, &trace.Start{Runtime: trace.Runtime{Name: "kimi-cli"}})
		r.s.subagent = sub
	}
	r.started = true
	switch role := v.Get("role").String(); role {
	case "assistant":
		r.assistant(v, line)
	case "tool":
		r.result(v, line)
	case "user":
		r.closing = false
	case "meta":
		r.meta(v, line)
	case "system", "_checkpoint", "_usage", "_system_prompt", "":
	default:
		r.s.drift(role)
	}
}

func (r *kimiMessages) assistant(v jsonl.Value, line int) {
	var t time.Time
	r.calls++
	r.s.add(line, t, &trace.Call{ID: scoped(r.s, "message-"+strconv.Itoa(r.calls))})
	var text words
	tools := 0
	text.add(v.Get("content"))
	for p := range v.Get("content").Elements() {
		if p.Get("type").Is("text") {
			text.add(p.Get("text"))
		}
	}
	for c := range v.Get("tool_calls").Elements() {
		tools++
		id := scoped(r.s, r.tools.called(c.Get("id").String()))
		r.s.call(line, t, &trace.Tool{ID: id, Name: c.Get("function", "name").String()}, c.Get("function", "arguments"))
	}
	if text.Len() > 0 {
		r.message, r.said = text.String(), r.s.line
	}
	r.closing = tools == 0 && text.Len() > 0
}

// result reads a result, of which the words say whether the tool failed.
func (r *kimiMessages) result(v jsonl.Value, line int) {
	r.closing = false
	id, content := v.Get("tool_call_id").String(), v.Get("content")
	text := kimiText(content)
	tool := &trace.Tool{ID: scoped(r.s, r.tools.at(id))}
	head := textHead(text, 400)
	kimiOutcome(tool, strings.HasPrefix(head, "<system>ERROR: ") || strings.HasPrefix(head, "ERROR: ") ||
		strings.Contains(textTail(text, 200), "Command failed with exit code: "), text)
	delete(r.tools.open, id)
	r.s.result(line, time.Time{}, tool, content)
}

func (r *kimiMessages) meta(v jsonl.Value, line int) {
	var t time.Time
	switch typ := v.Get("type").String(); typ {
	case "system.version":
		r.s.add(line, t, &trace.Start{Runtime: trace.Runtime{Name: "kimi-code", Version: v.Get("version").String()}})
	case "turn.step.retrying":
		r.failed++
		kind := scalar(v.Get("status_code"))
		if kind != "" {
			kind = "http_" + kind
		}
		r.s.add(line, t, &trace.Call{
			ID:    "failed-" + strconv.Itoa(r.failed),
			Error: &trace.Error{Type: cmp.Or(kind, clip(v.Get("error_name").String(), 80), "api_error"), Message: clip(v.Get("error_message").String(), 300)},
		})
	case "session.resume_hint":
	default:
		r.s.drift("meta/" + typ)
	}
}

func (r *kimiMessages) close() {
	defer r.name.close()
	if !r.closing || r.s.subagent != "" {
		return
	}
	if d := decisionInText(r.message); d != nil {
		r.s.add(r.said, time.Time{}, d)
	}
	r.s.add(0, time.Time{}, &trace.End{Status: trace.Success})
}
