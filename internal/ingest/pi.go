package ingest

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// The formats of pi (badlogic/pi-mono). The session file and the stream begin
// with the same line and hold the same messages. A message is known by the time
// at which its request was sent, since entry ids stand in the session alone.
const (
	piSpace   = "pi"
	piSession = "pi/session"
	piStream  = "pi/stream"
)

func piFormats() []format {
	return []format{
		{piStream, piSpace, isPiStream, newPi},
		{piSession, piSpace, isPiSession, newPi},
	}
}

func isPiStream(v jsonl.Value, _ jsonl.Chunk) bool {
	switch typ := v.Get("type"); {
	case typ.Is("message_start"), typ.Is("message_end"):
		return v.Get("message", "role").Kind() == jsonl.String
	case typ.Is("tool_execution_start"), typ.Is("tool_execution_end"):
		return v.Get("toolCallId").Kind() == jsonl.String && v.Get("toolName").Exists()
	case typ.Is("agent_end"):
		return v.Get("messages").Kind() == jsonl.Array
	}
	return false
}

func isPiSession(v jsonl.Value, _ jsonl.Chunk) bool {
	switch typ := v.Get("type"); {
	case typ.Is("session"):
		return v.Get("id").Kind() == jsonl.String && v.Get("cwd").Kind() == jsonl.String
	case typ.Is("message"):
		m := v.Get("message")
		return m.Get("role").Kind() == jsonl.String && (m.Get("timestamp").Kind() == jsonl.Number || m.Get("stopReason").Exists())
	}
	return false
}

// pi reads both files.
type pi struct {
	s       *sink
	start   *trace.Start // held back until the next line tells the two files apart
	at      int          // its line
	begun   time.Time    // when the session's file was made
	entry   string       // id of the last message's entry
	stamp   string       // what the last call was known by
	again   int          // how many calls before it were known by the same
	open    *trace.Call  // a message that has begun in the stream
	last    time.Time
	line    int
	message string
	end     *trace.End // how the run ended, if nothing more comes
}

func newPi(s *sink) reader { return &pi{s: s} }

func (r *pi) value(v jsonl.Value, line int) {
	r.line = line
	typ := v.Get("type").String()
	if typ == "session" {
		r.session(v)
		return
	}
	if r.start != nil && !piEntry(typ) {
		r.s.source = piStream
	}
	r.begin()
	if piEntry(typ) {
		r.sessionEntry(typ, v)
		return
	}
	r.event(typ, v)
}

// piEntry reports whether a type is one of the session file.
func piEntry(typ string) bool {
	switch typ {
	case "message", "model_change", "thinking_level_change", "compaction", "branch_summary",
		"custom", "custom_message", "label", "session_info":
		return true
	}
	return false
}

// session reads the first line of both files. A fork begins with a copy of
// another session's entries, and names that session's file, whose name ends with
// the id.
func (r *pi) session(v jsonl.Value) {
	r.begin()
	r.at, r.begun = r.line, v.Get("timestamp").Time()
	r.s.run, r.last = v.Get("id").String(), r.begun
	path := cmp.Or(v.Get("parentSession").String(), v.Get("branchedFrom").String())
	path = strings.TrimSuffix(path[strings.LastIndexAny(path, `/\`)+1:], ".jsonl")
	r.start = &trace.Start{
		Runtime: trace.Runtime{Name: "pi"}, Model: v.Get("modelId").String(),
		ForkedFrom: clip(path[strings.LastIndexByte(path, '_')+1:], 200),
	}
}

func (r *pi) begin() {
	if r.start != nil {
		r.s.add(r.at, r.begun, r.start)
		r.start = nil
	}
}

// sessionEntry reads a line of the session file. Branches are all in one file,
// and all of them were paid for.
func (r *pi) sessionEntry(typ string, v jsonl.Value) {
	t := v.Get("timestamp").Time()
	if t.After(r.last) {
		r.last = t
	}
	switch typ {
	case "message":
		r.entryMessage(v, t)
	case "model_change":
		r.s.add(r.line, t, &trace.Start{Runtime: trace.Runtime{Name: "pi"}, Model: v.Get("modelId").String()})
	case "compaction":
		r.s.add(r.line, t, &trace.Compaction{Before: count(v.Get("tokensBefore"))})
		r.summary(v, t)
	case "branch_summary":
		r.summary(v, t)
	}
}

func (r *pi) entryMessage(v jsonl.Value, t time.Time) {
	id := v.Get("id").String()
	if id != "" && id == r.entry {
		return // the same entry again
	}
	r.entry = id
	r.chat(v.Get("message"), t)
}

// event reads a line of the stream.
func (r *pi) event(typ string, v jsonl.Value) {
	switch typ {
	case "message_start":
		if m := v.Get("message"); m.Get("role").Is("assistant") {
			r.open = &trace.Call{
				ID: r.identity(m, 1), Provider: m.Get("provider").String(), Model: m.Get("model").String(),
				Start: piTime(m.Get("timestamp")), Partial: true,
			}
		}
	case "message_end":
		m := v.Get("message")
		if t := piTime(m.Get("timestamp")); t.After(r.last) {
			r.last = t
		}
		r.chat(m, time.Time{})
	case "tool_execution_start":
		r.s.call(r.line, time.Time{}, &trace.Tool{ID: v.Get("toolCallId").String(), Name: v.Get("toolName").String()}, v.Get("args"))
	case "tool_execution_end":
		result := v.Get("result")
		r.result(v.Get("toolCallId").String(), v.Get("isError").True(), result.Get("content"), result, time.Time{})
	case "compaction_end", "auto_compaction_end":
		r.compacted(v)
	case "auto_retry_start":
		r.end = nil
	case "agent_start", "agent_end", "agent_settled", "turn_start", "turn_end", "message_update", "tool_execution_update",
		"compaction_start", "auto_compaction_start", "auto_retry_end", "queue_update", "session_info_changed",
		"thinking_level_changed", "entry_appended", "summarization_retry_scheduled", "summarization_retry_attempt_start",
		"response", "extension_ui_request", "extension_error":
	default:
		r.s.drift(typ)
	}
}

// chat reads a message, which is the same in both files. Commands that a person
// ran beside the agent (bashExecution) are no tool calls.
func (r *pi) chat(m jsonl.Value, t time.Time) {
	switch role := m.Get("role").String(); role {
	case "assistant":
		r.assistant(m, t)
	case "toolResult":
		at := cmp.Or(t, piTime(m.Get("timestamp")))
		r.result(m.Get("toolCallId").String(), m.Get("isError").True(), m.Get("content"), m, at)
	case "user":
		r.end, r.message = nil, ""
	case "bashExecution", "custom", "hookMessage", "branchSummary", "compactionSummary", "system", "developer":
	default:
		r.s.drift("message/" + role)
	}
}

// identity returns what a message is known by in both files: when it was asked
// for, and its number among those asked for at the same time.
func (r *pi) identity(m jsonl.Value, ahead int) string {
	stamp, again := cmp.Or(scalar(m.Get("timestamp")), r.entry, strconv.Itoa(r.line)), 0
	if stamp == r.stamp {
		again = r.again + 1
	}
	if ahead == 0 {
		r.stamp, r.again = stamp, again
	}
	if again > 0 {
		stamp += "#" + strconv.Itoa(again)
	}
	return stamp
}

// piTime returns the time at a number of milliseconds since 1970. One long before
// there was pi is a number that stands in for a time.
func piTime(v jsonl.Value) time.Time {
	if t := millis(v); t.Year() >= 2020 {
		return t
	}
	return time.Time{}
}

func (r *pi) assistant(m jsonl.Value, t time.Time) {
	r.open = nil
	id, start := r.identity(m, 0), piTime(m.Get("timestamp"))
	at := cmp.Or(t, start)
	r.call(id, m, start, t)
	var text strings.Builder
	reason := m.Get("stopReason")
	for part := range m.Get("content").Elements() {
		switch typ := part.Get("type"); {
		case typ.Is("toolCall") && !reason.Is("error") && !reason.Is("aborted"): // whose calls are not made
			r.s.call(r.line, at, &trace.Tool{ID: part.Get("id").String(), Name: part.Get("name").String(), Start: t}, part.Get("arguments"))
		case typ.Is("text") && reason.Is("stop"):
			text.WriteString(part.Get("text").String())
		}
	}
	r.message = text.String()
	r.end = piEnd(m)
}

// call reads what a message has cost. A message that broke off has a usage too
// where the provider had begun to answer: it counts. Where it broke off with an
// error, that counts as well.
func (r *pi) call(id string, m jsonl.Value, start, end time.Time) {
	c := &trace.Call{
		ID: id, Provider: m.Get("provider").String(), Model: m.Get("model").String(), Start: start, End: end,
		Usage: piUsage(m.Get("usage")), CostUSD: piCost(m.Get("usage")), FinishReason: m.Get("stopReason").String(),
	}
	at, spent := cmp.Or(end, start), c.Usage.Total().N() > 0
	switch {
	case c.FinishReason == "error":
		failed := &trace.Call{ID: id, Provider: c.Provider, Model: c.Model, Start: start, End: end, Error: piError(m)}
		if spent {
			failed.ID += "/error"
			r.s.add(r.line, at, c)
		}
		r.s.add(r.line, at, failed)
		return
	case c.FinishReason == "aborted" && !spent:
		c.Partial = true
	}
	r.s.add(r.line, at, c)
}

func piError(m jsonl.Value) *trace.Error {
	return &trace.Error{Type: "api_error", Message: clip(m.Get("errorMessage").String(), 300)}
}

// piUsage reads a usage. Its classes are disjoint but for the parts that newer
// versions tell of what was written to the cache and of the output.
func piUsage(u jsonl.Value) trace.Usage {
	hour := count(u.Get("cacheWrite1h"))
	return trace.Usage{
		Input: count(u.Get("input")), CacheRead: count(u.Get("cacheRead")),
		CacheWrite5m: minus(count(u.Get("cacheWrite")), hour), CacheWrite1h: hour,
		Output: count(u.Get("output")), Reasoning: count(u.Get("reasoning")),
	}
}

// piCost returns what a message has cost, nil where pi has no price for its
// model: it then writes 0.
func piCost(u jsonl.Value) *float64 {
	usd := money(u.Get("cost", "total"))
	if usd != nil && *usd == 0 && piUsage(u).Total().N() > 0 {
		return nil
	}
	return usd
}

// piEnd returns how a run ended whose last message this is, nil where it goes
// on with a tool call.
func piEnd(m jsonl.Value) *trace.End {
	switch reason := m.Get("stopReason"); {
	case reason.Is("stop"):
		return &trace.End{Status: trace.Success}
	case reason.Is("length"):
		return &trace.End{Status: trace.Failure, Error: &trace.Error{Type: "max_tokens"}}
	case reason.Is("error"):
		return &trace.End{Status: trace.Failure, Error: piError(m)}
	case reason.Is("aborted"):
		return &trace.End{Status: trace.Cancelled, Error: &trace.Error{Type: "aborted", Message: clip(m.Get("errorMessage").String(), 300)}}
	}
	return nil
}

// compacted reads the end of a compaction in the stream. It has no result where
// it failed.
func (r *pi) compacted(v jsonl.Value) {
	result := v.Get("result")
	if !result.Exists() {
		return
	}
	c := &trace.Compaction{Trigger: "auto", Before: count(result.Get("tokensBefore"))}
	if v.Get("reason").Is("manual") {
		c.Trigger = "manual"
	}
	r.s.add(r.line, time.Time{}, c)
	r.summary(result, time.Time{})
}

// summary reads what a compaction, or leaving a branch, has cost. Older versions
// do not say.
func (r *pi) summary(v jsonl.Value, t time.Time) {
	u := v.Get("usage")
	if from := cmp.Or(v.Get("firstKeptEntryId").String(), v.Get("fromId").String()); from != "" && u.Kind() == jsonl.Object {
		r.s.add(r.line, t, &trace.Call{
			ID: "summary/" + from + "/" + scalar(v.Get("tokensBefore")), End: t, Usage: piUsage(u), CostUSD: piCost(u),
		})
	}
}

// close says how the run ended. A message that has begun and not ended was cut
// off.
func (r *pi) close() {
	r.begin()
	if r.open != nil {
		r.s.add(r.line, r.open.Start, r.open)
		return
	}
	if r.end == nil {
		return
	}
	if d := decisionInText(r.message); d != nil && r.end.Status == trace.Success {
		r.s.add(r.line, r.last, d)
	}
	r.s.add(r.line, r.last, r.end)
}
