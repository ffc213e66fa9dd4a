package ingest

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// The formats of Gemini CLI. They share the ids of tool calls. The figures at
// the end of the stream and of the JSON output include the sub-agents, whose
// own chats are sessions of their own; the main chat names them.
const (
	geminiSpace     = "gemini-cli"
	geminiJSON      = "gemini-cli/json"
	geminiStream    = "gemini-cli/stream-json"
	geminiChat      = "gemini-cli/chat"
	geminiTelemetry = "gemini-cli/telemetry"
)

func geminiFormats() []format {
	return []format{
		{geminiJSON, geminiSpace, isGeminiJSON, func(s *sink) reader { return &geminiJSONReader{s} }},
		{geminiChat, geminiSpace, isGeminiChat, func(s *sink) reader { return &geminiChatReader{s: s} }},
		{geminiStream, geminiSpace, isGeminiStream, func(s *sink) reader { return &geminiStreamReader{s: s} }},
		{geminiTelemetry, geminiTelemetry, isGeminiTelemetry, func(s *sink) reader { return &geminiTelemetryReader{s: s} }},
	}
}

func isGeminiJSON(v jsonl.Value, _ jsonl.Chunk) bool {
	return v.Get("stats", "models").Kind() == jsonl.Object && v.Get("type").Kind() == jsonl.Missing
}

func isGeminiChat(v jsonl.Value, _ jsonl.Chunk) bool {
	return v.Get("sessionId").Kind() == jsonl.String && v.Get("projectHash").Kind() == jsonl.String ||
		v.Get("type").Is("gemini") && v.Get("id").Kind() == jsonl.String && (v.Get("tokens").Exists() || v.Get("model").Exists())
}

func isGeminiStream(v jsonl.Value, _ jsonl.Chunk) bool {
	return v.Get("type").Is("init") && v.Get("session_id").Kind() == jsonl.String && v.Get("model").Exists() ||
		v.Get("type").Is("result") && v.Get("stats", "models").Kind() == jsonl.Object
}

func isGeminiTelemetry(v jsonl.Value, _ jsonl.Chunk) bool {
	return v.Get("hrTime").Kind() == jsonl.Array && v.Get("instrumentationScope").Kind() == jsonl.Object ||
		v.Get("resource", "attributes", "service.name").Is("gemini-cli") || v.Get("attributes", "event.name").Kind() == jsonl.String && v.Get("_body").Exists()
}

// geminiTelemetryReader reads the telemetry outfile for the one thing that the
// other files do not say: the requests that failed.
type geminiTelemetryReader struct {
	s      *sink
	failed int
}

func (r *geminiTelemetryReader) close() {}

func (r *geminiTelemetryReader) value(v jsonl.Value, line int) {
	a := v.Get("attributes")
	if !a.Get("event.name").Is("gemini_cli.api_error") || a.Get("session.id").StringLen() == 0 {
		return
	}
	r.failed++
	r.s.run = a.Get("session.id").String()
	t := a.Get("event.timestamp").Time()
	kind := scalar(a.Get("status_code"))
	if kind != "" {
		kind = "http_" + kind
	}
	r.s.add(line, t, &trace.Call{
		ID: "failed-" + strconv.Itoa(r.failed), Provider: "gcp.gemini", Model: a.Get("model").String(), End: t,
		Error: &trace.Error{Type: cmp.Or(kind, clip(a.Get("error_type").String(), 80), "api_error"), Message: clip(a.Get("error").String(), 300)},
	})
}

// geminiUsage reads counts of which the prompt includes what was cached. The
// prompts of tools that Gemini uses by itself stand beside it, as what was
// thought stands beside the output: the total is the sum of the four.
// See https://ai.google.dev/api/generate-content#UsageMetadata.
func geminiUsage(prompt, cached, tool, output, thoughts trace.Count) trace.Usage {
	return trace.Usage{
		Input: minus(prompt, cached).Add(tool), CacheRead: cached,
		Output: output.Add(thoughts), Reasoning: thoughts,
	}
}

// geminiStats reads the totals by model of the JSON output.
func geminiStats(stats jsonl.Value) *trace.Totals {
	t := &trace.Totals{ByModel: map[string]trace.Usage{}}
	for model, m := range stats.Get("models").Members() {
		k := m.Get("tokens")
		u := geminiUsage(count(k.Get("prompt")), count(k.Get("cached")), count(k.Get("tool")), count(k.Get("candidates")), count(k.Get("thoughts")))
		t.ByModel[model] = u
		t.Usage = t.Usage.Add(u)
		t.Calls = t.Calls.Add(minus(count(m.Get("api", "totalRequests")), count(m.Get("api", "totalErrors"))))
	}
	t.ToolCalls, t.ToolErrors = count(stats.Get("tools", "totalCalls")), count(stats.Get("tools", "totalFail"))
	return t
}

// geminiJSONReader reads what `gemini --output-format json` prints.
type geminiJSONReader struct{ s *sink }

func (r *geminiJSONReader) close() {}

func (r *geminiJSONReader) value(v jsonl.Value, line int) {
	r.s.run = v.Get("session_id").String()
	var t time.Time
	r.s.add(line, t, &trace.Start{Runtime: trace.Runtime{Name: "gemini-cli"}})
	r.s.add(r.s.here(v.Get("stats")), t, geminiStats(v.Get("stats")))
	if e := v.Get("error"); e.Exists() {
		r.s.add(r.s.here(e), t, &trace.End{Status: trace.Failure, Error: &trace.Error{Type: clip(e.Get("type").String(), 80), Message: clip(e.Get("message").String(), 300)}})
		return
	}
	answer := v.Get("response")
	if d := decisionInText(answer.String()); d != nil {
		r.s.add(r.s.here(answer), t, d)
	}
	r.s.add(r.s.here(answer), t, &trace.End{Status: trace.Success})
}

// geminiStreamReader reads what `gemini --output-format stream-json` prints.
type geminiStreamReader struct {
	s       *sink
	message strings.Builder // the last of the agent, which comes in pieces
	last    time.Time
}

func (r *geminiStreamReader) close() {}

func (r *geminiStreamReader) value(v jsonl.Value, line int) {
	if t := v.Get("timestamp").Time(); !t.IsZero() {
		r.last = t
	}
	switch typ := v.Get("type").String(); typ {
	case "init":
		r.s.run = v.Get("session_id").String()
		r.s.add(line, r.last, &trace.Start{Runtime: trace.Runtime{Name: "gemini-cli"}, Model: v.Get("model").String()})
	case "message":
		if v.Get("role").Is("assistant") && r.message.Len() < 1<<20 {
			r.message.WriteString(v.Get("content").String())
		}
	case "tool_use":
		r.message.Reset()
		r.toolUse(v, line)
	case "tool_result":
		id := v.Get("tool_id").String()
		t := &trace.Tool{ID: id, End: r.last}
		geminiOutcome(t, v.Get("status").String(), v.Get("output"), v.Get("error", "message"))
		r.s.result(line, r.last, t, v.Get("output"))
	case "error":
		r.s.add(line, r.last, &trace.Log{Severity: "error", Message: clip(v.Get("message").String(), 300)})
	case "result":
		r.result(v, line)
	default:
		r.s.drift(typ)
	}
}

func (r *geminiStreamReader) toolUse(v jsonl.Value, line int) {
	id, name, args := v.Get("tool_id").String(), v.Get("tool_name").String(), v.Get("parameters")
	if id == "" {
		r.s.bad(line, "/tool_id", "a tool call has no id", "without tool_id its result cannot be found")
		return
	}
	r.s.call(line, r.last, &trace.Tool{ID: id, Name: name, Start: r.last}, args)
}

// geminiOutcome says whether a tool call failed. A shell command that failed is
// a successful call whose output says so.
func geminiOutcome(t *trace.Tool, status string, output, message jsonl.Value) {
	switch status {
	case "error":
		t.Failed = true
		t.Error = &trace.Error{Type: "tool_error", Message: clip(message.String(), 300)}
	case "cancelled":
		t.Failed, t.Denied = true, true
		t.Error = &trace.Error{Type: "cancelled"}
	}
	if code, ok := exitCodeAfter(textTail(output, 400), "Exit Code: "); ok {
		t.ExitCode = &code
		if code != 0 {
			t.Failed = true
			t.Error = &trace.Error{Type: "exit_code"}
		}
	}
}

func (r *geminiStreamReader) result(v jsonl.Value, line int) {
	stats := v.Get("stats")
	t := &trace.Totals{Duration: count(stats.Get("duration_ms")), ToolCalls: count(stats.Get("tool_calls")), ByModel: map[string]trace.Usage{}}
	for model, m := range stats.Get("models").Members() {
		t.ByModel[model] = trace.Usage{Input: minus(count(m.Get("input_tokens")), count(m.Get("cached"))), CacheRead: count(m.Get("cached")), Output: geminiOutput(m)}
		t.Usage = t.Usage.Add(t.ByModel[model])
	}
	if len(t.ByModel) == 0 {
		t.Usage = trace.Usage{Input: minus(count(stats.Get("input_tokens")), count(stats.Get("cached"))), CacheRead: count(stats.Get("cached")), Output: geminiOutput(stats)}
	}
	r.s.add(line, r.last, t)
	if !v.Get("status").Is("success") {
		e := v.Get("error")
		r.s.add(line, r.last, &trace.End{Status: trace.Failure, Error: &trace.Error{Type: clip(e.Get("type").String(), 80), Message: clip(e.Get("message").String(), 300)}})
		return
	}
	if d := decisionInText(r.message.String()); d != nil {
		r.s.add(line, r.last, d)
	}
	r.s.add(line, r.last, &trace.End{Status: trace.Success})
}

// geminiOutput returns the output of which the stream leaves out what was
// thought: the total is what is not input. The prompts of tools that Gemini uses
// by itself are in that rest too, and nothing in the stream tells them apart.
func geminiOutput(m jsonl.Value) trace.Count {
	if total := count(m.Get("total_tokens")); total.Known() {
		return minus(total, count(m.Get("input_tokens")))
	}
	return count(m.Get("output_tokens"))
}

// geminiChatReader reads the chats that Gemini CLI keeps: lines of records, of
// which later versions of a message replace earlier ones, or in older versions
// one object.
type geminiChatReader struct {
	s       *sink
	sub     bool
	message string
	closing bool // the last message of the model asks for no tool
	last    time.Time
	line    int
}

func (r *geminiChatReader) value(v jsonl.Value, line int) {
	r.line = line
	if id := v.Get("sessionId").String(); id != "" && r.s.run == "" {
		r.s.run = id
		r.sub = v.Get("kind").Is("subagent")
		r.s.add(line, v.Get("startTime").Time(), &trace.Start{Runtime: trace.Runtime{Name: "gemini-cli"}})
	}
	for _, list := range []jsonl.Value{v.Get("messages"), v.Get("$set", "messages")} {
		for m := range list.Elements() {
			r.record(m)
		}
	}
	if v.Get("type").Exists() {
		r.record(v)
	}
}

func (r *geminiChatReader) record(m jsonl.Value) {
	r.line = r.s.here(m)
	t := m.Get("timestamp").Time()
	if !t.IsZero() {
		r.last = t
	}
	switch typ := m.Get("type").String(); typ {
	case "gemini":
		r.model(m, t)
	case "user":
		r.closing = false
	case "info", "error", "warning":
	default:
		r.s.drift(typ)
	}
}

// model reads a message of the model.
func (r *geminiChatReader) model(m jsonl.Value, t time.Time) {
	id, k := m.Get("id").String(), m.Get("tokens")
	if id != "" && k.Kind() == jsonl.Object {
		r.s.add(r.s.here(k), t, &trace.Call{
			ID: id, Provider: "gcp.gemini", Model: m.Get("model").String(), End: t,
			Usage: geminiUsage(count(k.Get("input")), count(k.Get("cached")), count(k.Get("tool")), count(k.Get("output")), count(k.Get("thoughts"))),
		})
	}
	text := m.Get("content").String()
	for p := range m.Get("content").Elements() {
		text += p.Get("text").String()
	}
	if text != "" {
		r.message = text
	}
	r.closing = m.Get("toolCalls").Len() == 0 && text != ""
	for call := range m.Get("toolCalls").Elements() {
		r.tool(call, t)
	}
}

func (r *geminiChatReader) tool(call jsonl.Value, t time.Time) {
	id, name := call.Get("id").String(), call.Get("name").String()
	if id == "" {
		return
	}
	end, line := call.Get("timestamp").Time(), r.s.here(call)
	r.s.call(line, t, &trace.Tool{ID: id, Name: name, Start: t}, call.Get("args"))
	if !call.Get("status").Exists() {
		return
	}
	tool := &trace.Tool{ID: id, End: end, Changes: geminiDiff(call.Get("resultDisplay"))}
	output, message := call.Get("result"), jsonl.Value{}
	for part := range call.Get("result").Elements() {
		output, message = part.Get("functionResponse", "response", "output"), part.Get("functionResponse", "response", "error")
		break
	}
	geminiOutcome(tool, call.Get("status").String(), output, message)
	r.s.result(line, end, tool, output)
	if sub := call.Get("agentId").String(); sub != "" {
		s := &trace.Subagent{ID: sub, Name: call.Get("args", "agent_name").String(), ToolID: id, Start: t, End: end}
		if call.Get("status").Is("success") {
			s.Status = trace.Success
		}
		r.s.add(line, end, s)
	}
}

// geminiDiff reads how many lines an edit has changed.
func geminiDiff(d jsonl.Value) []trace.Change {
	file, stat := firstString(d, "filePath", "fileName"), d.Get("diffStat")
	if file == "" || stat.Kind() != jsonl.Object {
		return nil
	}
	return []trace.Change{{
		Kind: trace.Edited, Path: file, Added: count(stat.Get("model_added_lines")), Removed: count(stat.Get("model_removed_lines")),
	}}
}

// close judges how the run ended by its last message, as a chat says nothing of
// it. A message is written before its tool calls, and again with them once they
// have ended: that one is under way, the stream alone shows.
func (r *geminiChatReader) close() {
	if !r.closing {
		return
	}
	if d := decisionInText(r.message); d != nil && !r.sub {
		r.s.add(r.line, r.last, d)
	}
	r.s.add(0, r.last, &trace.End{Status: trace.Success})
}
