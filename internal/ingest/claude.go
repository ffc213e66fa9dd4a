package ingest

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// The formats of Claude Code. They share the ids of messages, tool calls and
// sub-agents, and so one space: a stream and the session files of the same run
// tell of the same calls.
const (
	claudeSpace         = "claude"
	claudeStream        = "claude-code/stream-json"
	claudeJSON          = "claude-code/json"
	claudeExecutionFile = "claude-code/execution-file"
	claudeSession       = "claude-code/session"
	claudeAgentMeta     = "claude-code/agent-meta"
)

func claudeFormats() []format {
	return []format{
		{claudeAgentMeta, claudeSpace, isClaudeAgentMeta, func(s *sink) reader { return &claudeMeta{s} }},
		{claudeExecutionFile, claudeSpace, func(v jsonl.Value, c jsonl.Chunk) bool { return c.Element && isClaudeStream(v) }, newClaudeStream},
		{claudeJSON, claudeSpace, func(v jsonl.Value, _ jsonl.Chunk) bool { return isClaudeResult(v) }, newClaudeStream},
		{claudeStream, claudeSpace, func(v jsonl.Value, _ jsonl.Chunk) bool { return isClaudeStream(v) }, newClaudeStream},
		{claudeSession, claudeSpace, func(v jsonl.Value, _ jsonl.Chunk) bool { return isClaudeSession(v) }, newClaudeSession},
	}
}

func isClaudeResult(v jsonl.Value) bool {
	return v.Get("type").Is("result") && v.Get("subtype").Kind() == jsonl.String &&
		(v.Get("num_turns").Kind() == jsonl.Number || v.Get("session_id").Kind() == jsonl.String || v.Get("is_error").Kind() == jsonl.Bool)
}

func isClaudeStream(v jsonl.Value) bool {
	switch t := v.Get("type"); {
	case t.Is("system"):
		return v.Get("subtype").Kind() == jsonl.String && v.Get("session_id").Kind() == jsonl.String
	case t.Is("assistant"), t.Is("user"):
		return v.Get("message").Kind() == jsonl.Object && v.Get("sessionId").Kind() == jsonl.Missing &&
			(v.Get("session_id").Kind() == jsonl.String || v.Get("uuid").Kind() == jsonl.Missing) && claudeMessage(v.Get("message"))
	case t.Is("stream_event"):
		return v.Get("event").Kind() == jsonl.Object
	}
	return isClaudeResult(v)
}

// claudeMessage tells an Anthropic message from those of other agents that use
// the same names round it.
func claudeMessage(m jsonl.Value) bool {
	if m.Get("role").Is("assistant") {
		return m.Get("usage").Kind() == jsonl.Object || m.Get("id").Kind() == jsonl.String || m.Get("model").Kind() == jsonl.String
	}
	for block := range m.Get("content").Elements() {
		if block.Get("tool_use_id").Kind() == jsonl.String {
			return true
		}
	}
	return false
}

func isClaudeSession(v jsonl.Value) bool {
	t := v.Get("type")
	switch {
	case t.Is("summary"):
		return v.Get("leafUuid").Kind() == jsonl.String
	case t.Is("file-history-snapshot"):
		return v.Get("snapshot").Kind() == jsonl.Object
	case t.Is("assistant"), t.Is("user"):
		return v.Get("message").Kind() == jsonl.Object && v.Get("uuid").Kind() == jsonl.String
	case t.Kind() != jsonl.String:
		return false
	}
	return v.Get("sessionId").Kind() == jsonl.String && !t.Is("result") &&
		(v.Get("parentUuid").Kind() != jsonl.Missing || isClaudeSessionType(t.String()))
}

// isClaudeAgentMeta recognises the file that stands beside a sub-agent's own.
func isClaudeAgentMeta(v jsonl.Value, _ jsonl.Chunk) bool {
	return v.Get("agentType").Kind() == jsonl.String && v.Get("type").Kind() == jsonl.Missing
}

// claudeMeta reads nothing: it does not say which run it belongs to, and what it
// says of the sub-agent stands in the session file too.
type claudeMeta struct{ s *sink }

func (*claudeMeta) value(jsonl.Value, int) {}
func (*claudeMeta) close()                 {}

// claude is what the readers of streams and of session files have in common.
type claude struct {
	stream   bool // the file is a stream, whose messages are written before they end
	s        *sink
	last     time.Time       // of the latest line that has a time
	asked    time.Time       // when the main agent was prompted, until it answers
	started  map[string]bool // runs of which a Start was emitted
	failed   int             // requests that failed so far
	nameless int             // tool calls without an id
	message  string          // the main agent's last message
	said     int             // the line of it
	stop     string          // and why it stopped
}

func newClaude(s *sink) claude { return claude{s: s, started: map[string]bool{}} }

// start emits what a line says of the run, once for each run.
func (r *claude) start(line int, t time.Time, version, model, branch string) {
	if r.started[r.s.run] && version == "" && model == "" {
		return
	}
	r.started[r.s.run] = true
	if branch == "HEAD" {
		branch = "" // a detached checkout, as in CI
	}
	sub := r.s.subagent
	r.s.subagent = ""
	r.s.add(line, t, &trace.Start{
		Runtime: trace.Runtime{Name: "claude-code", Version: version}, Model: model,
		Context: trace.Context{Branch: branch},
	})
	r.s.subagent = sub
}

// synthetic is the model of messages that Claude Code makes up itself, to show
// an error. No model was called for them.
const synthetic = "<synthetic>"

// assistant reads a message of the model. Each of its content blocks comes on a
// line of its own that repeats the usage of the whole message.
func (r *claude) assistant(v jsonl.Value, line int, t time.Time) {
	m := v.Get("message")
	model := m.Get("model").String()
	if model == synthetic || v.Get("isApiErrorMessage").True() {
		r.failure(v, line, t)
		return
	}
	id := firstString(m, "id")
	if id == "" {
		id = firstString(v, "requestId", "uuid")
	}
	if id == "" && m.Get("usage").Exists() {
		r.s.bad(line, "/message/id", "an assistant message has usage but no id", "without an id its usage cannot be counted once; it was left out")
		return
	}
	if id != "" && m.Get("usage").Kind() == jsonl.Object {
		usage := claudeUsage(m.Get("usage"))
		if r.stream && m.Get("stop_reason").Kind() != jsonl.String {
			usage.Output = trace.Count{} // a placeholder, until the message has ended
		}
		r.s.add(line, t, &trace.Call{
			ID: id, Provider: "anthropic", Model: model, Start: r.since(), End: t, Usage: usage,
			FinishReason: m.Get("stop_reason").String(),
		})
		r.inner(id, model, m.Get("usage", "iterations"), line, t)
	}
	r.blocks(m, line, t)
	if r.s.subagent == "" && m.Get("stop_reason").Kind() == jsonl.String {
		r.stop = m.Get("stop_reason").String()
	}
}

// since returns when a call of the main agent was made, if it answers a prompt.
func (r *claude) since() time.Time {
	if r.s.subagent != "" {
		return time.Time{}
	}
	at := r.asked
	r.asked = time.Time{}
	return at
}

func (r *claude) blocks(m jsonl.Value, line int, t time.Time) {
	if s := m.Get("content"); s.Kind() == jsonl.String && r.s.subagent == "" {
		r.message, r.said = s.String(), line
	}
	for b := range m.Get("content").Elements() {
		switch typ := b.Get("type"); {
		case typ.Is("text") && r.s.subagent == "":
			r.message, r.said = b.Get("text").String(), r.s.here(b)
		case typ.Is("tool_use"), typ.Is("server_tool_use"), typ.Is("mcp_tool_use"):
			r.toolUse(b, r.s.here(b), t)
		}
	}
}

func (r *claude) toolUse(b jsonl.Value, line int, t time.Time) {
	id := b.Get("id").String()
	if id == "" {
		r.nameless++
		id = "nameless-" + strconv.Itoa(r.nameless) // counted, though no result will find it
	}
	r.s.call(line, t, &trace.Tool{
		ID: id, Name: b.Get("name").String(), Start: t,
		Done: b.Get("type").Is("server_tool_use"), // the provider runs it within the call
	}, b.Get("input"))
}

// user reads the results of tools.
func (r *claude) user(v jsonl.Value, line int, t time.Time) {
	for b := range v.Get("message", "content").Elements() {
		if !b.Get("type").Is("tool_result") {
			continue
		}
		id := b.Get("tool_use_id").String()
		if id == "" {
			r.s.drift("tool_result without tool_use_id")
			continue
		}
		failed := b.Get("is_error").True()
		tool := &trace.Tool{ID: id, End: t, Failed: failed, Changes: claudePatch(v)}
		if failed {
			tool.ExitCode, tool.Error = claudeToolError(b.Get("content"))
			tool.Denied = tool.Error != nil && tool.Error.Type == "permission_denied" || v.Get("permissionDecision", "decision").Is("reject")
		}
		r.s.result(r.s.here(b), t, tool, b.Get("content"))
	}
}

// claudePatch returns how many lines an edit has changed, which the arguments of
// one that replaces all occurrences, or a whole file, do not tell.
func claudePatch(v jsonl.Value) []trace.Change {
	res := v.Get("toolUseResult")
	if !res.Exists() {
		res = v.Get("tool_use_result")
	}
	file, hunks := res.Get("filePath").String(), res.Get("structuredPatch")
	if file == "" || hunks.Len() == 0 {
		return nil
	}
	var added, removed int64
	for hunk := range hunks.Elements() {
		for l := range hunk.Get("lines").Elements() {
			switch {
			case bytes.HasPrefix(l.Raw(), []byte(`"+`)):
				added++
			case bytes.HasPrefix(l.Raw(), []byte(`"-`)):
				removed++
			}
		}
	}
	return []trace.Change{{Kind: trace.Edited, Path: file, Added: trace.Measured(added), Removed: trace.Measured(removed)}}
}

// compaction reads that the conversation was shortened. Streams and session
// files spell it differently.
func (r *claude) compaction(v jsonl.Value, line int, t time.Time) {
	m := v.Get("compactMetadata")
	if !m.Exists() {
		m = v.Get("compact_metadata")
	}
	before := count(m.Get("preTokens")).Or(count(m.Get("pre_tokens")))
	r.s.add(line, t, &trace.Compaction{Trigger: clip(m.Get("trigger").String(), 40), Before: before})
}

// claudeToolError reads the beginning of a failed tool's output: "Exit code 1".
func claudeToolError(content jsonl.Value) (*int, *trace.Error) {
	text := content
	for b := range content.Elements() {
		if text = b.Get("text"); text.Kind() == jsonl.String {
			break
		}
	}
	head := clip(textHead(text, 400), 300)
	e := &trace.Error{Type: "tool_error", Message: head}
	if rest, ok := strings.CutPrefix(head, "Exit code "); ok {
		if code, ok := leadingInt(rest); ok {
			e.Type = "exit_code"
			return &code, e
		}
	}
	for _, phrase := range []string{"requested permissions to", "permission to use", "needs approval", "has been denied", "doesn't want to proceed"} {
		if strings.Contains(head, phrase) {
			e.Type = "permission_denied"
		}
	}
	return nil, e
}

// textHead returns the beginning of a string without decoding the rest of it. It
// ends between two words, as what clip returns.
func textHead(v jsonl.Value, n int) string {
	if v.Kind() != jsonl.String {
		return ""
	}
	raw := v.Raw()[1 : len(v.Raw())-1]
	if len(raw) <= n {
		return v.String()
	}
	raw = raw[:n]
	if i := strings.LastIndexByte(string(raw[n-6:]), '\\'); i >= 0 {
		raw = raw[:n-6+i] // never the half of an escape
	}
	text := strings.ToValidUTF8(string(jsonl.Unescape(nil, raw)), "")
	return text[:max(strings.LastIndexAny(text, " \t\r\n"), 0)]
}

func leadingInt(s string) (n int, ok bool) {
	for i := 0; i < len(s) && i < 6 && '0' <= s[i] && s[i] <= '9'; i++ {
		n, ok = n*10+int(s[i]-'0'), true
	}
	return n, ok
}

// failure counts a request that brought no message. The stream and the session
// file number them alike, which makes them one.
func (r *claude) failure(v jsonl.Value, line int, t time.Time) {
	kind := firstString(v, "error", "subtype")
	r.failed++
	r.s.add(line, t, &trace.Call{
		ID: "failed-" + strconv.Itoa(r.failed), Provider: "anthropic",
		Error: &trace.Error{Type: claudeErrorType(kind, v.Get("error_status"), v.Get("status"))},
	})
}

func claudeErrorType(kind string, status ...jsonl.Value) string {
	for _, s := range status {
		if code, ok := s.Int(); ok {
			switch code {
			case 429:
				return "rate_limit"
			case 529:
				return "overloaded"
			}
			return "http_" + strconv.Itoa(int(code))
		}
	}
	if kind == "" {
		return "api_error"
	}
	return clip(kind, 40)
}
