package ingest

import (
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// The formats of Copilot CLI: the events of a session on disk, and the stream
// on stdout, which leaves out the tokens and adds what is ephemeral. They share
// the ids of tool calls and sub-agents.
const (
	copilotSpace  = "copilot-cli"
	copilotEvents = "copilot-cli/events"
	copilotStream = "copilot-cli/stream"
)

func copilotFormats() []format {
	return []format{
		{copilotEvents, copilotSpace, isCopilotEvents, newCopilot},
		{copilotStream, copilotSpace, isCopilotStream, newCopilot},
	}
}

func isCopilotEvents(v jsonl.Value, _ jsonl.Chunk) bool {
	return v.Get("type").Is("session.start") && v.Get("data", "sessionId").Kind() == jsonl.String
}

func isCopilotStream(v jsonl.Value, _ jsonl.Chunk) bool {
	if v.Get("data").Kind() != jsonl.Object || v.Get("id").Kind() != jsonl.String || v.Get("timestamp").Kind() != jsonl.String {
		return false
	}
	switch family, _, _ := strings.Cut(v.Get("type").String(), "."); family {
	case "assistant", "session", "user", "tool", "model", "subagent", "system":
		return v.Get("type").String() != family
	}
	return false
}

// copilot reads events. The stream names its session only in its last line, so
// that what comes before is kept until then.
type copilot struct {
	s       *sink
	held    []trace.Record  // of a stream whose session is not known yet
	asked   map[string]bool // tool calls that the model asked for
	message string
	failure *trace.Error // the last error, until a message follows
	line    int
	last    time.Time
	over    bool // the last line of a stream was read
	shut    bool // the session was shut down, which stands in its own file alone, as what is ephemeral does in a stream
}

func newCopilot(s *sink) reader { return &copilot{s: s, asked: map[string]bool{}} }

// maxKept bounds what is kept of a stream.
const maxKept = 100_000

// add emits a fact, or keeps it until the run is known.
func (r *copilot) add(f trace.Fact) {
	if r.s.run != "" || len(r.held) >= maxKept {
		r.s.add(r.line, r.last, f)
		return
	}
	r.held = append(r.held, trace.Record{
		Pos: trace.Pos{File: r.s.o.Name, Line: r.line}, Source: r.s.source, Space: r.s.space,
		Subagent: r.s.subagent, Time: r.last, Fact: f,
	})
}

// enter says which run it is.
func (r *copilot) enter(id string) {
	if id == "" || r.s.run != "" {
		return
	}
	r.s.run = id
	r.release()
}

func (r *copilot) release() {
	run := r.s.run
	if run == "" {
		run = r.s.fallback
	}
	for _, rec := range r.held {
		rec.RunID, rec.Unnamed = run, r.s.run == ""
		r.s.o.Emit(rec)
	}
	r.held = nil
}

func (r *copilot) close() { r.release() }

func (r *copilot) value(v jsonl.Value, line int) {
	if r.over || r.shut && v.Get("ephemeral").True() {
		r.s.run = "" // another stream, whose session its own last line names
		*r = *newCopilot(r.s).(*copilot)
	}
	r.line = line
	r.s.subagent = v.Get("agentId").String()
	if t := v.Get("timestamp").Time(); !t.IsZero() {
		r.last = t
	}
	d := v.Get("data")
	switch typ := v.Get("type").String(); typ {
	case "session.start":
		r.start(d)
	case "session.usage_record":
		r.call(v.Get("id").String(), d.Get("usage"))
	case "assistant.message":
		r.assistant(d)
	case "tool.execution_start":
		r.toolStart(d)
	case "tool.execution_complete":
		r.toolEnd(d)
	case "subagent.started", "subagent.completed", "subagent.failed":
		r.agent(typ, d)
	case "session.error":
		r.failure = &trace.Error{Type: clip(d.Get("errorType").String(), 80), Message: clip(d.Get("message").String(), 300)}
		r.add(&trace.Call{ID: "error " + v.Get("id").String(), Error: r.failure})
	case "session.shutdown":
		r.shutdown(d)
	case "result":
		r.result(v)
	case "session.model_change", "session.info", "session.task_complete":
	default:
		if !isCopilotType(typ) {
			r.s.drift(typ)
		}
	}
}

// isCopilotType reports whether a type belongs to a family of events of which
// the rest is of no account here.
func isCopilotType(typ string) bool {
	family, _, ok := strings.Cut(typ, ".")
	switch family {
	case "session", "assistant", "user", "system", "tool", "model", "subagent", "permission", "hook", "skill", "mcp", "external_tool", "command", "auto_mode_switch":
		return ok
	case "abort":
		return true
	}
	return false
}

func (r *copilot) start(d jsonl.Value) {
	r.enter(d.Get("sessionId").String())
	c := d.Get("context")
	r.add(&trace.Start{
		Runtime: trace.Runtime{Name: "copilot-cli", Version: d.Get("copilotVersion").String()}, Model: d.Get("selectedModel").String(),
		Context: trace.Context{Repository: c.Get("repository").String(), Branch: c.Get("branch").String(), HeadSHA: c.Get("headCommit").String()},
	})
}

// call reads the usage of one model call. Input includes what was cached. The
// cost is in premium requests and not in money.
func (r *copilot) call(id string, u jsonl.Value) {
	read, write := count(u.Get("cacheReadTokens")), count(u.Get("cacheWriteTokens"))
	c := &trace.Call{
		ID: id, Model: u.Get("model").String(), Provider: u.Get("provider").String(), End: r.last,
		Usage: trace.Usage{
			Input: minus(count(u.Get("inputTokens")), read, write), CacheRead: read, CacheWrite5m: write,
			Output: count(u.Get("outputTokens")), Reasoning: count(u.Get("reasoningTokens")),
		},
		FirstToken: millisOf(u.Get("timeToFirstTokenMs")), Window: count(u.Get("maxPromptTokens")),
	}
	if ms, ok := u.Get("duration").Float(); ok && ms >= 0 && ms < 1e9 {
		c.Start = r.last.Add(-time.Duration(ms * float64(time.Millisecond)))
	}
	r.add(c)
}

func (r *copilot) assistant(d jsonl.Value) {
	if r.s.subagent == "" && d.Get("parentToolCallId").Kind() != jsonl.String {
		r.failure = nil
		if text := d.Get("content").String(); text != "" {
			r.message = text
		}
	}
	for t := range d.Get("toolRequests").Elements() {
		id := t.Get("toolCallId").String()
		if id == "" || len(r.asked) > maxKept || t.Get("intentionSummary").Exists() && !t.Get("type").Exists() {
			continue // without a type, the CLI has put it in itself
		}
		r.asked[id] = true
		tool := &trace.Tool{ID: id, Name: t.Get("name").String(), Start: r.last}
		decision := r.s.describe(tool, t.Get("arguments"))
		r.add(tool)
		if r.s.subagent == "" {
			r.s.await(id, decision)
		}
	}
}

func (r *copilot) toolStart(d jsonl.Value) {
	if id := d.Get("toolCallId").String(); r.asked[id] {
		r.add(&trace.Tool{ID: id, Name: d.Get("toolName").String(), Start: r.last})
	}
}

// toolEnd reads a result. Whether a command failed stands at the end of its
// output only. What the CLI ran by itself was not asked for and is no call.
func (r *copilot) toolEnd(d jsonl.Value) {
	id := d.Get("toolCallId").String()
	if !r.asked[id] {
		return
	}
	content := d.Get("result", "content")
	t := &trace.Tool{ID: id, End: r.last}
	if ms, ok := d.Get("toolTelemetry", "metrics", "durationMs").Float(); ok {
		t.Duration = trace.Measured(int64(ms))
	}
	tail := textTail(content, 200)
	switch code, ok := exitCodeAfter(tail, "completed with exit code "); {
	case !d.Get("success").True():
		t.Error = &trace.Error{Type: clip(d.Get("error", "code").String(), 80), Message: clip(d.Get("error", "message").String(), 300)}
		t.Denied = d.Get("error", "code").Is("denied") || d.Get("error", "code").Is("rejected")
	case ok:
		t.ExitCode = &code
		if code != 0 {
			t.Error = &trace.Error{Type: "exit_code"}
		}
	case d.Get("toolTelemetry", "properties", "is_timeout").Is("true"):
		t.Error = &trace.Error{Type: "timeout", Message: "the command had not ended when the call did"}
	}
	t.Failed = t.Error != nil
	r.s.outcome(t, content)
	r.add(t)
	r.decide(id, t.Failed)
}

// decide emits the decision that a tool call carried out.
func (r *copilot) decide(id string, failed bool) {
	if d := r.s.verdicts[id]; d != nil {
		delete(r.s.verdicts, id)
		if !failed {
			r.add(d)
		}
	}
}

// textTail returns the end of a string without decoding the rest of it.
func textTail(v jsonl.Value, n int) string {
	if v.Kind() != jsonl.String {
		return ""
	}
	raw := v.Raw()[1 : len(v.Raw())-1]
	if len(raw) > n {
		raw = raw[len(raw)-n:]
	}
	return strings.ToValidUTF8(string(raw), "")
}

// exitCodeAfter returns the number that follows the last mark in text.
func exitCodeAfter(text, mark string) (int, bool) {
	i := strings.LastIndex(text, mark)
	if i < 0 {
		return 0, false
	}
	return leadingInt(text[i+len(mark):])
}

func (r *copilot) agent(typ string, d jsonl.Value) {
	if r.s.subagent == "" {
		return
	}
	s := &trace.Subagent{ID: r.s.subagent, Name: d.Get("agentName").String(), ToolID: d.Get("toolCallId").String()}
	switch typ {
	case "subagent.started":
		s.Start = r.last
	case "subagent.completed":
		s.End, s.Status = r.last, trace.Success
	default:
		s.End, s.Status = r.last, trace.Failure
	}
	r.add(s)
}

// shutdown ends the run. Its totals by model are those of the older versions
// that write no usage for each call.
func (r *copilot) shutdown(d jsonl.Value) {
	t := &trace.Totals{ByModel: map[string]trace.Usage{}}
	for model, m := range d.Get("modelMetrics").Members() {
		u := m.Get("usage")
		read, write := count(u.Get("cacheReadTokens")), count(u.Get("cacheWriteTokens"))
		t.ByModel[model] = trace.Usage{
			Input: minus(count(u.Get("inputTokens")), read, write), CacheRead: read, CacheWrite5m: write,
			Output: count(u.Get("outputTokens")), Reasoning: count(u.Get("reasoningTokens")),
		}
		t.Usage = t.Usage.Add(t.ByModel[model])
		t.Calls = t.Calls.Add(count(m.Get("requests", "count")))
	}
	r.add(t)
	r.shut = true
	r.end(d.Get("shutdownType").Is("routine") || !d.Get("shutdownType").Exists())
}

// result is the last line of the stream.
func (r *copilot) result(v jsonl.Value) {
	r.enter(v.Get("sessionId").String())
	r.add(&trace.Start{Runtime: trace.Runtime{Name: "copilot-cli"}})
	r.add(&trace.Totals{Duration: count(v.Get("usage", "sessionDurationMs"))})
	code, ok := v.Get("exitCode").Int()
	r.end(ok && code == 0)
	r.over = true
}

func (r *copilot) end(fine bool) {
	r.s.subagent = ""
	if fine && r.failure == nil {
		if d := decisionInText(r.message); d != nil {
			r.add(d)
		}
		r.add(&trace.End{Status: trace.Success})
		return
	}
	r.add(&trace.End{Status: trace.Failure, Error: r.failure})
}
