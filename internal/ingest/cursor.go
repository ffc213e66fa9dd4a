package ingest

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// The formats of Cursor's agent: what `cursor-agent -p --output-format
// stream-json` (or json) prints, and the transcript that it and the editor keep.
// The transcript names neither its session nor, in most versions, its tool
// calls.
const (
	cursorStream     = "cursor/stream-json"
	cursorTranscript = "cursor/transcript"
)

func cursorFormats() []format {
	return []format{
		{cursorStream, cursorStream, isCursorStream, func(s *sink) reader { return &cursorStreamReader{s: s} }},
		{cursorTranscript, cursorTranscript, isCursorTranscript, newCursorTranscript},
	}
}

// isCursorStream tells the stream from Claude Code's, of which it takes over the
// names: Cursor's first line lists no tools, and its last counts no turns.
func isCursorStream(v jsonl.Value, _ jsonl.Chunk) bool {
	missing := func(keys ...string) bool {
		for _, k := range keys {
			if v.Get(k).Kind() != jsonl.Missing {
				return false
			}
		}
		return true
	}
	switch t := v.Get("type"); {
	case t.Is("tool_call"):
		return v.Get("subtype").Kind() == jsonl.String && v.Get("tool_call").Kind() == jsonl.Object
	case t.Is("thinking"):
		return v.Get("session_id").Kind() == jsonl.String && (v.Get("subtype").Is("delta") || v.Get("subtype").Is("completed"))
	case t.Is("system"):
		return v.Get("subtype").Is("init") && v.Get("session_id").Kind() == jsonl.String && v.Get("model").Kind() == jsonl.String &&
			(v.Get("permissionMode").Exists() || v.Get("apiKeySource").Exists()) && missing("tools", "uuid", "claude_code_version", "mcp_servers")
	case t.Is("result"):
		return v.Get("subtype").Kind() == jsonl.String && v.Get("duration_ms").Kind() == jsonl.Number && v.Get("is_error").Kind() == jsonl.Bool &&
			(v.Get("request_id").Kind() == jsonl.String || v.Get("duration_api_ms").Exists()) && missing("num_turns", "uuid", "total_cost_usd", "stats", "modelUsage")
	}
	return false
}

func isCursorTranscript(v jsonl.Value, _ jsonl.Chunk) bool {
	return (v.Get("role").Is("user") || v.Get("role").Is("assistant")) && v.Get("type").Kind() == jsonl.Missing &&
		v.Get("content").Kind() == jsonl.Missing && v.Get("message", "content").Exists() && v.Get("session_id").Kind() == jsonl.Missing
}

// cursorStreamReader reads the stream. It has no usage but the sum at the end,
// which older versions lack, and names model calls by their ids only.
type cursorStreamReader struct {
	s       *sink
	model   string
	message strings.Builder // since the last tool call
	started bool
	last    time.Time
	ended   map[string]bool // model calls that were seen
	tools   int
	open    map[string]int // tool calls without an id, by name
	answer  bool           // there were words since the last line that names a model call
}

func (r *cursorStreamReader) close() {}

func (r *cursorStreamReader) value(v jsonl.Value, line int) {
	if id := v.Get("session_id").String(); id != "" {
		r.s.run = id
	}
	if t := millis(v.Get("timestamp_ms")); !t.IsZero() {
		r.last = t
	}
	r.call(v.Get("model_call_id").String(), line)
	switch typ := v.Get("type").String(); typ {
	case "system":
		r.start(v, line)
	case "assistant":
		r.assistant(v)
	case "tool_call":
		r.tool(v, line)
	case "result":
		r.start(v, line)
		r.result(v, line)
	case "user", "thinking", "interaction_query":
	default:
		r.s.drift(typ)
	}
}

func (r *cursorStreamReader) start(v jsonl.Value, line int) {
	if r.started && !v.Get("model").Exists() {
		return
	}
	r.started, r.model = true, v.Get("model").String()
	r.s.add(line, r.last, &trace.Start{Runtime: trace.Runtime{Name: "cursor-agent"}, Model: r.model})
}

// call notes a model call, which several lines name.
func (r *cursorStreamReader) call(id string, line int) {
	if id != "" {
		r.answer = false
	}
	if id == "" || r.ended[id] || len(r.ended) >= maxKept {
		return
	}
	if r.ended == nil {
		r.ended = map[string]bool{}
	}
	r.ended[id] = true
	r.s.add(line, r.last, &trace.Call{ID: id, Model: r.model, End: r.last})
}

// assistant keeps the words after the last tool call. With partial output they
// come in pieces, and then once more as a whole.
func (r *cursorStreamReader) assistant(v jsonl.Value) {
	r.answer = r.answer || !v.Get("model_call_id").Exists()
	var text strings.Builder
	for b := range v.Get("message", "content").Elements() {
		text.WriteString(b.Get("text").String())
	}
	if !v.Get("timestamp_ms").Exists() || v.Get("model_call_id").Exists() || r.message.Len() > 1<<20 {
		r.message.Reset()
	}
	r.message.WriteString(text.String())
}

// tool reads a tool call. What it is called is the name of its only member that
// ends in ToolCall.
func (r *cursorStreamReader) tool(v jsonl.Value, line int) {
	name, body := cursorTool(v.Get("tool_call"))
	id := r.toolID(v, name)
	args := body.Get("args")
	if name == "mcp" {
		name = ""
		if tool := firstString(args, "toolName", "name"); args.Get("providerIdentifier").Exists() {
			name = "mcp__" + args.Get("providerIdentifier").String() + "__" + tool
		}
		args = args.Get("args")
	}
	if f := body.Get("arguments"); f.Exists() {
		name, args = body.Get("name").String(), f
	}
	r.message.Reset()
	r.tools++
	if v.Get("subtype").Is("started") {
		r.s.call(line, r.last, &trace.Tool{ID: id, Name: name, Start: r.last}, args)
		if name == "task" {
			r.s.add(line, r.last, &trace.Subagent{ID: id, ToolID: id, Name: scalar(args.Get("subagentType")), Start: r.last})
		}
		return
	}
	if !v.Get("subtype").Is("completed") {
		r.s.drift("tool_call/" + v.Get("subtype").String())
		return
	}
	t, output := cursorOutcome(body.Get("result"))
	t.ID, t.Name, t.End = id, name, r.last
	r.s.result(line, r.last, t, output)
	if name == "task" {
		sub := &trace.Subagent{ID: id, End: r.last, Status: trace.Success}
		if t.Failed {
			sub.Status = trace.Failure
		}
		r.s.add(line, r.last, sub)
	}
}

// toolID returns the id of a tool call. One that was written without is the
// only one of its name that is under way.
func (r *cursorStreamReader) toolID(v jsonl.Value, name string) string {
	if id := cmp.Or(v.Get("call_id").String(), v.Get("tool_call", "toolCallId").String()); id != "" {
		return id
	}
	if r.open == nil {
		r.open = map[string]int{}
	}
	if v.Get("subtype").Is("started") && len(r.open) < maxKept {
		r.open[name] = r.tools
	}
	return fmt.Sprintf("%s %d", cmp.Or(name, "tool"), r.open[name])
}

func cursorTool(call jsonl.Value) (name string, body jsonl.Value) {
	for key, v := range call.Members() {
		if name, ok := strings.CutSuffix(key, "ToolCall"); ok {
			return name, v
		}
		if key == "function" || body.Kind() == jsonl.Missing && v.Kind() == jsonl.Object {
			name, body = key, v
		}
	}
	return name, body
}

// cursorOutcome reads a result: an object whose one member says how it went. The
// names of success and of failure differ between tools and versions.
func cursorOutcome(result jsonl.Value) (*trace.Tool, jsonl.Value) {
	t := &trace.Tool{}
	for key, v := range result.Members() {
		low := strings.ToLower(key)
		switch {
		case strings.Contains(low, "reject") || low == "permissiondenied":
			t.Denied, t.Error = true, &trace.Error{Type: "permission_denied", Message: clip(v.Get("reason").String(), 300)}
		case low == "failure" && v.Get("exitCode").Exists():
		case cursorFailed(low):
			t.Error = &trace.Error{Type: "tool_error", Message: clip(firstString(v, "error", "errorMessage", "message", "reason"), 300)}
		case v.Get("isError").True():
			t.Error = &trace.Error{Type: "tool_error"}
		}
		exited(t, v.Get("exitCode"))
		t.Duration = count(v.Get("executionTime"))
		t.Failed = t.Error != nil
		return t, v
	}
	return t, result
}

func cursorFailed(key string) bool {
	for _, part := range []string{"error", "fail", "denied", "notfound", "invalid", "timeout", "cancel", "abort"} {
		if strings.Contains(key, part) {
			return true
		}
	}
	return false
}

// result ends the run. Its usage is of all model calls together; input excludes
// what was read from the cache.
func (r *cursorStreamReader) result(v jsonl.Value, line int) {
	if r.answer && (len(r.ended) > 0 || r.tools == 0) { // the last model call is not named
		r.answer = false
		r.s.add(line, r.last, &trace.Call{ID: "answer " + v.Get("request_id").String(), Model: r.model, End: r.last})
	}
	u := v.Get("usage")
	total := &trace.Totals{
		Invocation: firstString(v, "request_id"), Duration: count(v.Get("duration_ms")),
		Usage: trace.Usage{
			Input: count(u.Get("inputTokens")), CacheRead: count(u.Get("cacheReadTokens")),
			CacheWrite5m: count(u.Get("cacheWriteTokens")), Output: count(u.Get("outputTokens")),
		},
	}
	if r.model != "" && total.Usage.Total().Known() {
		total.ByModel = map[string]trace.Usage{r.model: total.Usage}
	}
	r.s.add(line, r.last, total)
	if !v.Get("subtype").Is("success") || v.Get("is_error").True() {
		r.s.add(line, r.last, &trace.End{Status: trace.Failure, Error: &trace.Error{
			Type: cursorErrorType(v), Message: clip(firstString(v, "error", "result"), 300),
		}})
		return
	}
	d := decisionInText(r.message.String())
	if d == nil {
		d = decisionInText(v.Get("result").String()) // all that was said, without anything between
	}
	if d != nil {
		r.s.add(line, r.last, d)
	}
	r.s.add(line, r.last, &trace.End{Status: trace.Success})
}

func cursorErrorType(v jsonl.Value) string {
	if s := v.Get("subtype").String(); s != "success" {
		return clip(cmp.Or(s, "error"), 80)
	}
	return "error"
}

// cursorReader reads a transcript: a line for each message, without times, usage
// or results. Newer versions end a turn with a line that says how it ended.
type cursorReader struct {
	s       *sink
	name    *nameless
	line    int
	message string
	ended   *trace.End
	turns   int64
}

func newCursorTranscript(s *sink) reader {
	r := &cursorReader{s: s, name: newNameless(s)}
	s.add(1, time.Time{}, &trace.Start{Runtime: trace.Runtime{Name: "cursor-agent"}})
	return r
}

func (r *cursorReader) value(v jsonl.Value, line int) {
	r.name.saw(v)
	r.line = line
	switch role := v.Get("role"); {
	case role.Is("assistant"):
		r.assistant(v.Get("message"), line)
	case role.Is("user"), role.Is("tool"):
		r.user(v.Get("message"), line)
	case v.Get("type").Is("turn_ended"):
		r.end(v)
	default:
		r.s.drift(cmp.Or(v.Get("type").String(), "role "+role.String()))
	}
}

func (r *cursorReader) assistant(m jsonl.Value, line int) {
	r.turns++
	id := fmt.Sprintf("message %d", r.turns)
	r.s.add(line, time.Time{}, &trace.Call{ID: id, Model: m.Get("model").String()})
	r.ended = &trace.End{Status: trace.Success}
	n := 0
	for b := range m.Get("content").Elements() {
		switch b.Get("type").String() {
		case "text":
			r.message = b.Get("text").String()
		case "tool_use":
			n++
			r.ended = nil
			tool := cmp.Or(b.Get("id").String(), fmt.Sprintf("%s tool %d", id, n))
			r.s.call(line, time.Time{}, &trace.Tool{ID: tool, Name: b.Get("name").String()}, b.Get("input"))
			if b.Get("name").Is("Task") || b.Get("name").Is("Subagent") {
				r.s.add(line, time.Time{}, &trace.Subagent{ID: tool, ToolID: tool, Name: firstString(b.Get("input"), "subagent_type", "subagentType")})
			}
		}
	}
	if text := m.Get("content"); text.Kind() == jsonl.String {
		r.message = text.String()
	}
}

// user reads results, which few versions write.
func (r *cursorReader) user(m jsonl.Value, line int) {
	r.ended = nil
	for b := range m.Get("content").Elements() {
		id := b.Get("tool_use_id").String()
		if !b.Get("type").Is("tool_result") || id == "" {
			continue
		}
		t := &trace.Tool{ID: id, Failed: b.Get("is_error").True()}
		if t.Failed {
			t.ExitCode, t.Error = claudeToolError(b.Get("content"))
		}
		r.s.result(line, time.Time{}, t, b.Get("content"))
	}
}

func (r *cursorReader) end(v jsonl.Value) {
	switch status := v.Get("status").String(); status {
	case "success", "completed", "":
		r.ended = &trace.End{Status: trace.Success}
	case "aborted", "cancelled", "canceled", "interrupted":
		r.ended = &trace.End{Status: trace.Cancelled}
	default:
		message := firstString(v, "error", "message") + v.Get("error", "message").String()
		r.ended = &trace.End{Status: trace.Failure, Error: &trace.Error{Type: clip(status, 80), Message: clip(message, 300)}}
	}
}

func (r *cursorReader) close() {
	r.s.add(r.line, time.Time{}, &trace.Totals{Turns: trace.Measured(r.turns)})
	if r.ended != nil {
		if d := decisionInText(r.message); d != nil && r.ended.Status == trace.Success {
			r.s.add(r.line, time.Time{}, d)
		}
		r.s.add(r.line, time.Time{}, r.ended)
	}
	r.name.close()
}
