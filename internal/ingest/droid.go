package ingest

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// The formats of Factory's Droid. The session file has the messages, and the
// settings file beside it the model and the tokens. What `droid exec` prints has
// all of it, and shares no id of a message with the session.
const (
	droidSession  = "droid/session"
	droidSettings = "droid/settings"
	droidStream   = "droid/stream-json"
	droidJSON     = "droid/json"
)

func droidFormats() []format {
	return []format{
		{droidSession, droidSession, isDroidSession, func(s *sink) reader { return &droidReader{s: s} }},
		{droidSettings, droidSession, isDroidSettings, func(s *sink) reader { return &droidSettingsReader{s} }},
		{droidStream, droidStream, isDroidStream, newDroidStream},
		{droidJSON, droidStream, isDroidJSON, newDroidStream},
	}
}

func isDroidSession(v jsonl.Value, _ jsonl.Chunk) bool {
	switch t := v.Get("type"); {
	case t.Is("session_start"):
		return v.Get("id").Kind() == jsonl.String && (v.Get("cwd").Kind() == jsonl.String || v.Get("title").Kind() == jsonl.String || v.Get("sessionTitle").Kind() == jsonl.String)
	case t.Is("todo_state"):
		return v.Get("todos").Exists() && v.Get("id").Kind() == jsonl.String
	case t.Is("message"):
		return v.Get("id").Kind() == jsonl.String && droidBlocks(v.Get("message", "content"))
	}
	return false
}

// droidBlocks tells the content of a message from that of other agents that
// keep messages under this name: it is Anthropic's.
func droidBlocks(content jsonl.Value) bool {
	for b := range content.Elements() {
		if b.Get("tool_use_id").Kind() == jsonl.String || b.Get("type").Is("tool_use") && b.Get("input").Exists() {
			return true
		}
	}
	return false
}

func isDroidSettings(v jsonl.Value, _ jsonl.Chunk) bool {
	return v.Get("tokenUsage").Kind() == jsonl.Object && v.Get("type").Kind() == jsonl.Missing &&
		(v.Get("assistantActiveTimeMs").Kind() == jsonl.Number || v.Get("providerLock").Kind() == jsonl.String || v.Get("autonomyMode").Kind() == jsonl.String)
}

// isDroidStream tells a stream from Claude Code's, whose first line has the same
// type and subtype, by what the others of its lines have in common and by what
// its first one lacks.
func isDroidStream(v jsonl.Value, _ jsonl.Chunk) bool {
	if v.Get("type").Is("completion") {
		return v.Get("finalText").Kind() == jsonl.String
	}
	if v.Get("session_id").Kind() != jsonl.String && v.Get("sessionId").Kind() != jsonl.String {
		return false
	}
	switch t := v.Get("type"); {
	case t.Is("system"):
		return v.Get("cwd").Kind() == jsonl.String && (v.Get("tools").Kind() == jsonl.Array || v.Get("reasoning_effort").Exists() || v.Get("subtype").Kind() == jsonl.Missing) &&
			lacks(v, "uuid", "mcp_servers", "permissionMode", "permission_mode", "apiKeySource", "claude_code_version", "qwen_code_version", "slash_commands", "message")
	case t.Is("message"), t.Is("reasoning"):
		return v.Get("text").Kind() == jsonl.String && lacks(v, "message", "content")
	case t.Is("tool_call"):
		return v.Get("toolName").Kind() == jsonl.String
	}
	return false
}

// isDroidJSON recognises the one object of --output-format json, which is Claude
// Code's without its cost.
func isDroidJSON(v jsonl.Value, _ jsonl.Chunk) bool {
	return v.Get("type").Is("result") && v.Get("subtype").Kind() == jsonl.String && v.Get("session_id").Kind() == jsonl.String &&
		v.Get("duration_ms").Kind() == jsonl.Number && v.Get("num_turns").Kind() == jsonl.Number &&
		lacks(v, "uuid", "total_cost_usd", "cost_usd", "duration_api_ms", "modelUsage", "permission_denials", "stats", "errors")
}

// lacks reports whether an object has none of the members.
func lacks(v jsonl.Value, keys ...string) bool {
	for _, k := range keys {
		if v.Get(k).Kind() != jsonl.Missing {
			return false
		}
	}
	return true
}

// droidReader reads session files, ~/.factory/sessions/*/<id>.jsonl. A sub-agent
// has a session of its own, which names the one that called it.
type droidReader struct {
	s       *sink
	closing bool         // the last message of the model asks for no tool
	broken  *trace.Error // the last request failed
	message string
	said    int // the line of it
	last    time.Time
}

func (r *droidReader) value(v jsonl.Value, line int) {
	t := epoch(v.Get("timestamp"))
	if !t.IsZero() {
		droidBegin(r.s, line, t, r.last)
		r.last = t
	}
	switch typ := v.Get("type").String(); typ {
	case "session_start":
		r.start(v, line, t)
	case "message":
		r.turn(v, line, t)
	case "compaction_state":
		r.s.add(line, t, &trace.Compaction{})
	case "todo_state", "session_end", "session_title", "session_settings", "agent_state", "queue_state", "file_snapshot":
	default:
		r.s.drift(typ)
	}
}

// droidBegin says when the run began, by the first line that has a time: the
// line that begins it has none.
func droidBegin(s *sink, line int, t, last time.Time) {
	if s.run != "" && s.subagent == "" && last.IsZero() {
		s.add(line, t, &trace.Start{Runtime: trace.Runtime{Name: "droid"}})
	}
}

func (r *droidReader) start(v jsonl.Value, line int, t time.Time) {
	id := v.Get("id").String()
	root := v.Get("callingSessionId").String()
	if root == "" || root == id {
		r.s.run, r.s.subagent = id, ""
		version := v.Get("version").String() // a number is the format's own
		r.s.add(line, t, &trace.Start{Runtime: trace.Runtime{Name: "droid", Version: version}})
		return
	}
	sub := firstString(v, "callingToolUseId", "id")
	r.s.run, r.s.subagent = root, sub
	r.s.add(line, t, &trace.Subagent{ID: sub, ToolID: v.Get("callingToolUseId").String(), Start: t})
}

func (r *droidReader) turn(v jsonl.Value, line int, t time.Time) {
	m := v.Get("message")
	switch role := m.Get("role"); {
	case role.Is("assistant"):
		r.assistant(v, m, line, t)
	case role.Is("user"):
		r.user(m, line, t)
	}
}

func (r *droidReader) assistant(v, m jsonl.Value, line int, t time.Time) {
	call := &trace.Call{ID: cmp.Or(v.Get("id").String(), scoped(r.s, "line-"+strconv.Itoa(line))), Model: firstString(m, "model", "modelId"), End: t}
	if u := m.Get("usage"); u.Kind() == jsonl.Object {
		call.Usage = claudeUsage(u)
	}
	r.s.add(line, t, call)
	var text words
	tools := 0
	text.add(m.Get("content"))
	for b := range m.Get("content").Elements() {
		switch typ := b.Get("type"); {
		case typ.Is("text"):
			text.add(b.Get("text"))
		case typ.Is("tool_use"):
			tools++
			droidCall(r.s, r.s.here(b), t, b.Get("id").String(), b.Get("name").String(), b.Get("input"))
		}
	}
	if text.Len() > 0 {
		r.message, r.said = text.String(), r.s.line
	}
	r.closing, r.broken = tools == 0 && text.Len() > 0, nil
}

// user reads the results of tools, and what is shown to the user alone: that a
// request has failed for good.
func (r *droidReader) user(m jsonl.Value, line int, t time.Time) {
	r.closing, r.broken = false, nil
	for b := range m.Get("content").Elements() {
		if text := b.Get("text").String(); m.Get("visibility").Is("user_only") && strings.HasPrefix(text, "Error:") {
			r.broken = &trace.Error{Type: "api_error", Message: clip(text, 300)}
			r.s.add(line, t, &trace.Call{ID: scoped(r.s, "failed-"+strconv.Itoa(line)), End: t, Error: r.broken})
		}
		if !b.Get("type").Is("tool_result") {
			continue
		}
		if id := b.Get("tool_use_id").String(); id != "" {
			droidResult(r.s, r.s.here(b), t, id, b.Get("is_error").True(), b.Get("content"))
		}
	}
}

func (r *droidReader) close() {
	switch {
	case r.s.subagent != "":
	case r.broken != nil:
		r.s.add(0, r.last, &trace.End{Status: trace.Failure, Error: r.broken})
	case r.closing:
		if d := decisionInText(r.message); d != nil {
			r.s.add(r.said, r.last, d)
		}
		r.s.add(0, r.last, &trace.End{Status: trace.Success})
	}
}

func droidCall(s *sink, line int, t time.Time, id, name string, args jsonl.Value) {
	s.call(line, t, &trace.Tool{ID: id, Name: name, Start: t}, args)
	if name == "Task" && id != "" {
		s.add(line, t, &trace.Subagent{ID: id, Name: clip(args.Get("subagent_type").String(), 80), ToolID: id, Start: t})
	}
}

// droidResult reads a result. A failed command is marked in newer versions only,
// and told in words by all.
func droidResult(s *sink, line int, t time.Time, id string, failed bool, value jsonl.Value) {
	tool := &trace.Tool{ID: id, End: t, Failed: failed}
	text := value
	for b := range value.Elements() {
		if text = b.Get("text"); text.Kind() == jsonl.String {
			break
		}
	}
	for _, key := range []string{"stdout", "output", "error", "content"} {
		if v := value.Get(key); v.Kind() == jsonl.String {
			text = v
		}
	}
	head := textHead(text, 400)
	if code, ok := droidExit(value, head, textTail(text, 200)); ok {
		tool.ExitCode = &code
		tool.Failed = tool.Failed || code != 0
	}
	if strings.HasPrefix(head, "Error:") || strings.HasPrefix(head, `{"success":false`) {
		tool.Failed = true
	}
	if tool.Failed {
		tool.Error = &trace.Error{Type: "tool_error", Message: clip(head, 300)}
		if tool.ExitCode != nil {
			tool.Error.Type = "exit_code"
		}
		for _, phrase := range []string{"insufficient permission", "cancelled by user", "canceled by user", "rejected by user", "rejected by the user", "denied by user", "denied by the user"} {
			if strings.Contains(strings.ToLower(head), phrase) {
				tool.Denied, tool.Error.Type = true, "permission_denied"
			}
		}
	}
	s.result(line, t, tool, value)
}

// droidExit returns the exit code of a command: of a structured result, or of
// the words that stand at either end of its output.
func droidExit(value jsonl.Value, head, tail string) (int, bool) {
	if n, ok := value.Get("exitCode").Int(); ok && n >= 0 && n < 1<<15 {
		return int(n), true
	}
	if first, _, _ := strings.Cut(head, "\n"); strings.HasPrefix(first, "Error: Command failed") {
		if code, ok := exitCodeAfter(first, "(exit code: "); ok {
			return code, true
		}
	}
	if i := strings.LastIndex(tail, "[Process exited with code "); i >= 0 {
		return exitCodeAfter(tail[i:], "with code ")
	}
	return 0, false
}

// epoch reads a time, of text or of a number of seconds or milliseconds since
// 1970.
func epoch(v jsonl.Value) time.Time {
	f, ok := v.Float()
	switch {
	case !ok || !(f > 0 && f < 1e14):
		return v.Time()
	case f < 1e11:
		return time.UnixMicro(int64(f * 1e6)).UTC()
	}
	return time.UnixMicro(int64(f * 1e3)).UTC()
}

// droidSettingsReader reads <id>.settings.json, which does not say which session
// it belongs to but by its name.
type droidSettingsReader struct{ s *sink }

func (*droidSettingsReader) close() {}

func (r *droidSettingsReader) value(v jsonl.Value, line int) {
	k := v.Get("tokenUsage")
	if k.Kind() != jsonl.Object {
		return
	}
	if id, ok := strings.CutSuffix(baseName(r.s.o.Name), ".settings.json"); ok {
		r.s.run = id
	}
	u := trace.Usage{
		Input: count(k.Get("inputTokens")), CacheRead: count(k.Get("cacheReadTokens")), CacheWrite5m: count(k.Get("cacheCreationTokens")),
		Output: count(k.Get("outputTokens")), Reasoning: count(k.Get("thinkingTokens")),
	}
	model := v.Get("model").String()
	total := &trace.Totals{Running: true, Usage: u}
	if model != "" {
		total.ByModel = map[string]trace.Usage{model: u}
	}
	r.s.add(line, time.Time{}, &trace.Start{Runtime: trace.Runtime{Name: "droid"}, Model: model})
	r.s.add(r.s.here(k), time.Time{}, total)
}

// baseName returns the last part of a path in either spelling.
func baseName(path string) string { return path[strings.LastIndexAny(path, `/\`)+1:] }
