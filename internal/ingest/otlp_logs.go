package ingest

import (
	"strconv"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// otlpLogs reads the log events in which Claude Code and Codex report each
// request. They know what no transcript does: the requests that failed and were
// tried again, and the calls of a run that was killed before it wrote a span.
type otlpLogs struct {
	r     *otlp
	roots map[string]string // the first conversation of each trace
	root  map[string]string // the conversation that a Codex sub-agent's belongs to
	calls map[string]int    // by conversation
}

func newOTLPLogs(r *otlp) otlpLogs {
	return otlpLogs{r: r, roots: map[string]string{}, root: map[string]string{}, calls: map[string]int{}}
}

func (l *otlpLogs) add(s otlpSpan, line int) {
	switch s.attrs.text("event.name") {
	case "api_request", "claude_code.api_request":
		l.claudeCall(s, line)
	case "api_error", "claude_code.api_error":
		l.claudeError(s, line)
	case "tool_result", "claude_code.tool_result":
		l.claudeTool(s, line)
	case "tool_decision", "claude_code.tool_decision":
		l.claudeDecision(s, line)
	case "codex.tool_result":
		l.codexTool(s, line)
	case "codex.api_request":
		l.codexRequest(s, line)
	case "codex.sse_event", "codex.websocket_event":
		if s.attrs.text("event.kind") == "response.completed" {
			l.codexCall(s, line)
		}
	}
}

func (l *otlpLogs) claudeCall(s otlpSpan, line int) {
	run, id := s.attrs.text("session.id"), s.attrs.text("request_id")
	if run == "" {
		return
	}
	a, at := s.attrs, s.logTime()
	u := trace.Usage{
		Input:        a.count("input_tokens"),
		CacheRead:    a.count("cache_read_tokens"),
		CacheWrite5m: a.count("cache_creation_5m_tokens"),
		CacheWrite1h: a.count("cache_creation_1h_tokens"),
		Output:       a.count("output_tokens"),
	}
	if !u.CacheWrite5m.Known() {
		u.CacheWrite5m = minus(a.count("cache_creation_tokens"), u.CacheWrite1h)
	}
	if id == "" {
		id = l.number(run)
	}
	usd, _ := anyFloat(a.get("cost_usd"))
	l.r.start(otlpLogsFormat, run, s, line, at)
	c := &trace.Call{ID: id, Provider: "anthropic", Model: a.text("model"), End: at, Usage: u}
	if usd > 0 {
		c.CostUSD = &usd
	}
	l.r.emit(otlpLogsFormat, run, "", line, at, c)
}

// claudeError counts the failed requests of a call that was given up: one event
// stands for all of its attempts.
func (l *otlpLogs) claudeError(s otlpSpan, line int) {
	run := s.attrs.text("session.id")
	if run == "" {
		return
	}
	status, _ := s.attrs.get("status_code").Int()
	attempts, _ := s.attrs.get("attempt").Int()
	e := &trace.Error{Type: httpErrorType(strconv.FormatInt(status, 10)), Message: clip(s.attrs.text("error"), 500)}
	if status == 0 {
		e.Type = "error"
	}
	id := firstNonEmpty(s.attrs.text("request_id"), l.number(run))
	for i := range min(max(attempts, 1), 100) {
		l.r.emit(otlpLogsFormat, run, "", line, s.logTime(), &trace.Call{ID: id + "~" + strconv.FormatInt(i, 10), Model: s.attrs.text("model"), Error: e})
	}
}

func (l *otlpLogs) claudeTool(s otlpSpan, line int) {
	a, at := s.attrs, s.logTime()
	run, id := a.text("session.id"), a.text("tool_use_id")
	if run == "" || id == "" {
		return
	}
	l.r.emit(otlpLogsFormat, run, "", line, at, &trace.Tool{
		ID: id, Name: a.text("tool_name"), End: at, Duration: a.count("duration_ms"), Done: true, Failed: isFalse(a.get("success")),
		ArgsSize: a.count("tool_input_size_bytes"), ResultSize: a.count("tool_result_size_bytes"),
	})
}

func (l *otlpLogs) claudeDecision(s otlpSpan, line int) {
	run, id := s.attrs.text("session.id"), s.attrs.text("tool_use_id")
	if run == "" || id == "" {
		return
	}
	denied := s.attrs.text("decision") == "reject"
	l.r.emit(otlpLogsFormat, run, "", line, s.logTime(), &trace.Tool{ID: id, Name: s.attrs.text("tool_name"), Denied: denied, Failed: denied})
}

// codexTool reads a tool call's end. Its success is that of the call: whether
// the command failed stands in the output, where that is recorded.
func (l *otlpLogs) codexTool(s otlpSpan, line int) {
	a := s.attrs
	conversation, id := a.text("conversation.id"), a.text("call_id")
	if conversation == "" || id == "" {
		return
	}
	run, sub, at := l.of(conversation), "", s.logTime()
	if run != conversation {
		sub = conversation
	}
	t := &trace.Tool{ID: id, Name: a.text("tool_name"), End: at, Duration: a.count("duration_ms"), Done: true}
	var res codexResult
	res.read(&l.r.doc, a.get("output"))
	res.apply(t)
	t.Failed = t.Failed || isFalse(a.get("success"))
	l.r.emit(otlpLogsFormat, run, sub, line, at, t)
}

// isFalse reports whether a boolean, or a string in place of one, is false.
func isFalse(v jsonl.Value) bool {
	b, ok := v.Bool()
	return ok && !b || v.Is("false")
}

// codexRequest learns which conversations belong together, and counts failed
// requests. A sub-agent's requests are in the trace of the turn that started it,
// where the first one is the main agent's.
func (l *otlpLogs) codexRequest(s otlpSpan, line int) {
	conversation, trc := s.attrs.text("conversation.id"), s.v.Get("traceId").String()
	if conversation == "" {
		return
	}
	if trc != "" && len(l.roots) < maxOpen && l.roots[trc] == "" {
		l.roots[trc] = l.of(conversation)
	}
	if root := l.roots[trc]; root != "" && root != conversation && l.root[conversation] == "" && len(l.root) < maxOpen {
		l.root[conversation] = root
	}
	status, _ := s.attrs.get("http.response.status_code").Int()
	if status < 400 && s.attrs.text("error.message") == "" {
		return
	}
	e := &trace.Error{Type: "connection", Message: clip(s.attrs.text("error.message"), 500)}
	if status >= 400 {
		e.Type = httpErrorType(strconv.FormatInt(status, 10))
	}
	l.codex(s, conversation, line, &trace.Call{ID: l.number(conversation), Error: e})
}

// codexCall reads a response that came to its end.
func (l *otlpLogs) codexCall(s otlpSpan, line int) {
	conversation := s.attrs.text("conversation.id")
	if conversation == "" || !s.attrs.get("input_token_count").Exists() {
		return
	}
	a := s.attrs
	read, write := a.count("cached_token_count"), a.count("cache_write_token_count")
	l.codex(s, conversation, line, &trace.Call{ID: l.number(conversation), Usage: trace.Usage{
		Input:        minus(a.count("input_token_count"), read, write),
		CacheRead:    read,
		CacheWrite5m: write,
		Output:       a.count("output_token_count"),
		Reasoning:    a.count("reasoning_token_count"),
	}})
}

func (l *otlpLogs) codex(s otlpSpan, conversation string, line int, c *trace.Call) {
	run, sub, at := l.of(conversation), "", s.logTime()
	if run != conversation {
		sub = conversation
		l.r.emit(otlpLogsFormat, run, sub, line, at, &trace.Subagent{ID: sub})
	}
	c.Provider, c.Model, c.End = "openai", s.attrs.text("model"), at
	l.r.start(otlpLogsFormat, run, s, line, at)
	l.r.emit(otlpLogsFormat, run, sub, line, at, c)
}

// of returns the conversation that started the given one.
func (l *otlpLogs) of(conversation string) string {
	return firstNonEmpty(l.root[conversation], conversation)
}

// number returns an id for a call without one: a conversation's log is written
// in order, so that it is the same in every copy.
func (l *otlpLogs) number(conversation string) string {
	if _, known := l.calls[conversation]; known || len(l.calls) < maxOpen {
		l.calls[conversation]++
	}
	return conversation + "#" + strconv.Itoa(l.calls[conversation])
}

// anyFloat reads a number that may be a string.
func anyFloat(v jsonl.Value) (float64, bool) {
	if f, ok := v.Float(); ok {
		return f, true
	}
	f, err := strconv.ParseFloat(v.String(), 64)
	return f, err == nil
}
