package ingest

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// The formats of Kimi Code and of Kimi CLI before it. None of the files says
// which session it is of; where it lies does.
const (
	kimiCodeWire = "kimi-code/wire"
	kimiCLIWire  = "kimi-cli/wire"
	kimiContext  = "kimi-cli/context"
	kimiStream   = "kimi-cli/stream-json"
)

func kimiFormats() []format {
	return []format{
		{kimiCodeWire, kimiCodeWire, isKimiCodeWire, newKimiCode},
		{kimiCLIWire, kimiCLIWire, isKimiCLIWire, newKimiCLI},
		{kimiContext, kimiContext, isKimiContext, newKimiContext},
		{kimiStream, kimiStream, isKimiStream, newKimiContext},
	}
}

func isKimiCodeWire(v jsonl.Value, _ jsonl.Chunk) bool {
	switch t := v.Get("type"); {
	case t.Is("metadata"):
		return v.Get("protocol_version").Kind() == jsonl.String && v.Get("created_at").Exists()
	case t.Is("context.append_loop_event"):
		return v.Get("event", "type").Kind() == jsonl.String
	case t.Is("context.append_message"):
		return v.Get("message", "role").Kind() == jsonl.String
	case t.Is("turn.prompt"):
		return v.Get("origin").Kind() == jsonl.Object
	case t.Is("usage.record"):
		return v.Get("usage", "inputOther").Kind() == jsonl.Number
	}
	return false
}

// kimiPlace returns the session that a file lies in, and the agent of the
// session: <session>/agents/<agent>/wire.jsonl, <session>/wire.jsonl or
// <session>/subagents/<agent>/wire.jsonl.
func kimiPlace(path string) (session, agent string) {
	parts := strings.FieldsFunc(path, func(r rune) bool { return r == '/' || r == '\\' })
	n := len(parts)
	if n < 2 || !slices.Contains([]string{"wire.jsonl", "context.jsonl"}, parts[n-1]) {
		return "", ""
	}
	if n > 3 && (parts[n-3] == "agents" || parts[n-3] == "subagents") {
		if agent = parts[n-2]; agent == "main" {
			agent = ""
		}
		return parts[n-4], agent
	}
	if isUUID(strings.TrimPrefix(parts[n-2], "session_")) {
		return parts[n-2], ""
	}
	return "", ""
}

// scoped returns the identity that a step of a sub-agent has in its run: each
// agent numbers its own.
func scoped(s *sink, id string) string {
	if s.subagent == "" || id == "" {
		return id
	}
	return s.subagent + "/" + id
}

// kimiTools tells apart the tool calls of a file whose ids repeat: Kimi numbers
// them anew after it has shortened the conversation.
type kimiTools struct {
	seen map[string]int  // how often an id was given to a call
	open map[string]bool // calls without a result
}

func newKimiTools() kimiTools { return kimiTools{map[string]int{}, map[string]bool{}} }

// called returns the identity of a new call.
func (k kimiTools) called(id string) string {
	if id != "" {
		k.seen[id]++
		k.open[id] = true
	}
	return k.at(id)
}

// at returns the identity of the latest call of an id.
func (k kimiTools) at(id string) string {
	if n := k.seen[id]; n > 1 {
		return id + "#" + strconv.Itoa(n)
	}
	return id
}

// kimiCode reads wire.jsonl of Kimi Code: what became of an agent, record by
// record.
//
// Each step is one response of the model. The usage of a step stands in its end
// and again in a usage.record; only records of the scope session, as of a
// compaction, are of requests that are no step.
type kimiCode struct {
	s        *sink
	tools    kimiTools
	started  bool
	steps    int
	step     string // id of the step that is under way or was last
	model    string
	provider string
	request  time.Time
	trigger  string // of the compaction that is under way
	asked    bool   // a request was made of which no step has ended yet
	failed   int
	extra    int
	rejected map[string]bool // calls that a person has refused
	turns    int64
	message  words
	said     int // the line of the last of it
	end      *trace.End
	last     time.Time
}

func newKimiCode(s *sink) reader {
	s.run, s.subagent = kimiPlace(s.o.Name)
	return &kimiCode{s: s, tools: newKimiTools(), rejected: map[string]bool{}}
}

func (r *kimiCode) value(v jsonl.Value, line int) {
	t := epoch(v.Get("time"))
	for _, key := range []string{"timestamp", "created_at"} {
		if t.IsZero() {
			t = epoch(v.Get(key))
		}
	}
	if !t.IsZero() {
		r.last = t
	}
	r.start(v, line, t)
	switch typ := v.Get("type").String(); typ {
	case "metadata":
	case "turn.prompt":
		r.turns++
		r.message.Reset()
		r.end, r.asked = nil, false
	case "turn.cancel":
		r.end = &trace.End{Status: trace.Cancelled}
	case "turn.ended":
		r.end = kimiTurn(v)
	case "context.append_loop_event":
		r.event(v.Get("event"), line, t)
	case "llm.request":
		r.requested(v, line, t)
	case "usage.record":
		r.usage(v, line, t)
	case "config.update", "profile.bind":
		r.model = cmp.Or(kimiModel(v.Get("modelAlias").String()), r.model)
	case "permission.record_approval_result":
		if d := v.Get("result", "decision"); (d.Is("rejected") || d.Is("cancelled")) && len(r.rejected) < 10_000 {
			r.rejected[v.Get("toolCallId").String()] = true
		}
	case "full_compaction.begin":
		r.trigger = clip(v.Get("source").String(), 40)
	case "context.apply_compaction":
		r.s.add(line, t, &trace.Compaction{Trigger: r.trigger, Before: count(v.Get("tokensBefore"))})
	default:
		r.other(typ)
	}
}

// other counts what is new, by the families of records that are known.
func (r *kimiCode) other(typ string) {
	family, _, _ := strings.Cut(typ, ".")
	switch family {
	case "app_version", "context", "cron", "file_history", "forked", "full_compaction", "goal", "interaction", "interruptionReminder", "llm", "mcp",
		"micro_compaction", "permission", "plan_mode", "plugin", "prompt", "runtime", "skill", "staleGuard", "swarm_mode", "task", "token_counting", "tools", "turn":
	default:
		r.s.drift(typ)
	}
}

func (r *kimiCode) start(v jsonl.Value, line int, t time.Time) {
	if r.started {
		return
	}
	r.started = true
	sub := r.s.subagent
	r.s.subagent = ""
	r.s.add(line, t, &trace.Start{Runtime: trace.Runtime{Name: "kimi-code", Version: v.Get("app_version").String()}})
	if r.s.subagent = sub; sub != "" {
		r.s.add(line, t, &trace.Subagent{ID: sub, Start: t})
	}
}

// kimiModel returns a model without the name of the provider's configuration.
func kimiModel(alias string) string { return alias[strings.LastIndexByte(alias, '/')+1:] }

func kimiTurn(v jsonl.Value) *trace.End {
	e := v.Get("error")
	failure := &trace.Error{Type: cmp.Or(clip(firstString(e, "code", "name"), 80), v.Get("reason").String()), Message: clip(e.Get("message").String(), 300)}
	switch reason := v.Get("reason"); {
	case reason.Is("completed"):
		return &trace.End{Status: trace.Success}
	case reason.Is("cancelled"):
		return &trace.End{Status: trace.Cancelled}
	case reason.Is("failed"), reason.Is("blocked"):
		return &trace.End{Status: trace.Failure, Error: failure}
	}
	return nil
}

// requested reads a request. One that is made again in the same step tells that
// the one before it has failed.
func (r *kimiCode) requested(v jsonl.Value, line int, t time.Time) {
	r.model = cmp.Or(v.Get("model").String(), r.model)
	r.provider = kimiProvider(v.Get("provider").String())
	attempt, ok := leadingInt(v.Get("attempt").String())
	if r.asked && ok && attempt > 1 {
		r.failed++
		r.s.add(line, t, &trace.Call{
			ID: scoped(r.s, "failed-"+strconv.Itoa(r.failed)), Provider: r.provider, Model: r.model, Start: r.request, End: t, Error: &trace.Error{Type: "api_error"},
		})
	}
	r.asked, r.request = v.Get("kind").Is("loop"), t
}

func kimiProvider(name string) string {
	switch name {
	case "kimi":
		return "moonshot_ai"
	case "anthropic", "openai":
		return name
	}
	return ""
}

// usage reads what a request that is no step has used, and that of a step whose
// end did not say.
func (r *kimiCode) usage(v jsonl.Value, line int, t time.Time) {
	call := &trace.Call{ID: r.step, End: t, Usage: kimiUsage(v.Get("usage"))}
	if v.Get("usageScope").Is("session") || r.step == "" {
		r.extra++
		call.ID, call.Start = scoped(r.s, "request-"+strconv.Itoa(r.extra)), r.request
		call.Provider, call.Model = r.provider, kimiModel(v.Get("model").String())
	}
	r.s.add(line, t, call)
}

// kimiUsage reads usage, in the spelling of Kimi Code or of Kimi CLI.
func kimiUsage(u jsonl.Value) trace.Usage {
	either := func(a, b string) trace.Count { return count(u.Get(a)).Or(count(u.Get(b))) }
	return trace.Usage{
		Input: either("inputOther", "input_other"), Output: count(u.Get("output")),
		CacheRead: either("inputCacheRead", "input_cache_read"), CacheWrite5m: either("inputCacheCreation", "input_cache_creation"),
	}
}

func (r *kimiCode) event(e jsonl.Value, line int, t time.Time) {
	switch typ := e.Get("type").String(); typ {
	case "step.begin":
		r.step = e.Get("uuid").String()
		r.message.Reset()
	case "content.part":
		if p := e.Get("part"); p.Get("type").Is("text") {
			r.message.add(p.Get("text"))
			r.said = line
		}
	case "tool.call":
		id := scoped(r.s, r.tools.called(e.Get("toolCallId").String()))
		r.s.call(line, t, &trace.Tool{ID: id, Name: e.Get("name").String(), Start: t}, e.Get("args"))
	case "tool.result":
		r.result(e, line, t)
	case "step.end":
		r.stepEnd(e, line, t)
	default:
		r.s.drift("context.append_loop_event/" + typ)
	}
}

func (r *kimiCode) stepEnd(e jsonl.Value, line int, t time.Time) {
	reason := e.Get("finishReason").String()
	r.steps++
	r.step = cmp.Or(e.Get("uuid").String(), scoped(r.s, "step-"+strconv.Itoa(r.steps)))
	r.model = cmp.Or(kimiModel(e.Get("model").String()), r.model)
	r.s.add(line, t, &trace.Call{
		ID: r.step, Provider: r.provider, Model: r.model, Start: r.request, End: t,
		Usage: kimiUsage(e.Get("usage")), FinishReason: clip(reason, 40), FirstToken: millisOf(e.Get("llmFirstTokenLatencyMs")),
	})
	r.asked, r.request = false, time.Time{}
	if reason == "end_turn" || reason == "stop" || reason == "completed" {
		r.end = &trace.End{Status: trace.Success}
	}
}

func (r *kimiCode) result(e jsonl.Value, line int, t time.Time) {
	id, out := e.Get("toolCallId").String(), e.Get("result", "output")
	if id == "" {
		id = e.Get("parentUuid").String()
	}
	tool := &trace.Tool{ID: scoped(r.s, r.tools.at(id)), End: t}
	text := kimiText(out)
	kimiOutcome(tool, e.Get("result", "isError").True(), text)
	if r.rejected[id] && tool.Failed {
		tool.Denied, tool.Error.Type = true, "permission_denied"
	}
	delete(r.rejected, id)
	delete(r.tools.open, id)
	r.s.result(line, t, tool, out)
	r.agent(textHead(text, 400), tool.ID, line, t)
}

// agent reads, from the result of the tool that starts sub-agents, which one
// it was.
func (r *kimiCode) agent(head, toolID string, line int, t time.Time) {
	id, ok := kimiField(head, "agent_id: ")
	role, known := kimiField(head, "actual_subagent_type: ")
	if !ok || !known {
		return
	}
	sub := &trace.Subagent{ID: clip(id, 80), Name: clip(role, 80), ToolID: toolID}
	switch status, _ := kimiField(head, "status: "); status {
	case "completed":
		sub.Status, sub.End = trace.Success, t
	case "failed":
		sub.Status, sub.End = trace.Failure, t
	}
	r.s.add(line, t, sub)
}

// kimiField returns the rest of the line that begins with a key.
func kimiField(text, key string) (string, bool) {
	for line := range strings.SplitSeq(text, "\n") {
		if rest, ok := strings.CutPrefix(line, key); ok && rest != "" {
			return rest, true
		}
	}
	return "", false
}

// kimiText returns the text of an output: a string, or the first part of a list
// that has one.
func kimiText(output jsonl.Value) jsonl.Value {
	for p := range output.Elements() {
		if text := p.Get("text"); text.Kind() == jsonl.String {
			return text
		}
	}
	return output
}

// kimiOutcome says whether a tool call failed.
func kimiOutcome(t *trace.Tool, failed bool, text jsonl.Value) {
	if t.Failed = failed; !failed {
		return
	}
	t.Error = &trace.Error{Type: "tool_error", Message: clip(textHead(text, 400), 300)}
	code, ok := exitCodeAfter(textTail(text, 200), "ailed with exit code: ")
	if ok && code < 1<<15 {
		t.ExitCode, t.Error.Type = &code, "exit_code"
	}
	for _, phrase := range []string{`" was denied`, "was not run because", "is rejected by the user", "rejected by the user", "denied by permission"} {
		if strings.Contains(t.Error.Message, phrase) {
			t.Denied, t.Error.Type = true, "permission_denied"
		}
	}
}

// close judges how the last turn ended.
func (r *kimiCode) close() {
	if r.s.subagent != "" {
		if r.end != nil {
			r.s.add(0, r.last, &trace.Subagent{ID: r.s.subagent, Status: r.end.Status, End: r.last})
		}
		return
	}
	if r.turns > 0 {
		r.s.add(r.s.line, r.last, &trace.Totals{Running: true, Turns: trace.Measured(r.turns)})
	}
	if r.end == nil {
		return
	}
	if d := decisionInText(r.message.String()); d != nil && r.end.Status == trace.Success {
		r.s.add(r.said, r.last, d)
	}
	r.s.add(0, r.last, r.end)
}
