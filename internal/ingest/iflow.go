package ingest

import (
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// The formats of iFlow CLI. Its sessions look like Claude Code's, but for what
// is in them: results are Gemini's, token counts are never filled in, and one
// response of the model stands in several records that overlap. The execution
// information has the tokens, and shares the session's space.
const (
	iflowSession = "iflow-cli/session"
	iflowInfo    = "iflow-cli/execution-info"
)

func iflowFormats() []format {
	return []format{
		{iflowSession, iflowSession, isIflowSession, func(s *sink) reader { return &iflowReader{s: s, open: map[string]bool{}} }},
		{iflowInfo, iflowSession, isIflowInfo, func(s *sink) reader { return &iflowInfoReader{s} }},
	}
}

// isIflowSession tells a record from one of Claude Code, whose session ids have
// no prefix.
func isIflowSession(v jsonl.Value, _ jsonl.Chunk) bool {
	return v.Get("uuid").Kind() == jsonl.String && v.Get("message").Kind() == jsonl.Object &&
		v.Get("parentUuid").Kind() != jsonl.Missing && strings.HasPrefix(v.Get("sessionId").String(), "session-")
}

func isIflowInfo(v jsonl.Value, _ jsonl.Chunk) bool {
	return v.Get("session-id").Kind() == jsonl.String && v.Get("assistantRounds").Kind() == jsonl.Number
}

// iflowInfoReader reads what `iflow -p` prints behind its answer, and writes to
// the file of --output-file: the figures of one invocation.
type iflowInfoReader struct{ s *sink }

func (*iflowInfoReader) close() {}

func (r *iflowInfoReader) value(v jsonl.Value, line int) {
	var t time.Time
	if r.s.run = v.Get("session-id").String(); r.s.run == "" {
		r.s.drift("(not execution information)")
		return
	}
	r.s.add(line, t, &trace.Start{Runtime: trace.Runtime{Name: "iflow-cli"}})
	r.s.add(r.s.here(v.Get("tokenUsage"), v), t, &trace.Totals{
		Invocation: v.Get("conversation-id").String(),
		Usage:      trace.Usage{Input: count(v.Get("tokenUsage", "input")), Output: count(v.Get("tokenUsage", "output"))},
		Turns:      count(v.Get("assistantRounds")), Duration: count(v.Get("executionTimeMs")),
	})
	line = r.s.here(v.Get("terminationReason"), v)
	switch reason := v.Get("terminationReason").String(); reason {
	case "":
		r.s.add(line, t, &trace.End{Status: trace.Success})
	case "max_turns_exceeded":
		r.s.add(line, t, &trace.End{Status: trace.Failure, Error: &trace.Error{Type: "max_turns"}})
	default:
		r.s.add(line, t, &trace.End{Status: trace.Failure, Error: &trace.Error{Type: clip(reason, 80)}})
	}
}

// iflowReader reads session files, ~/.iflow/projects/*/session-<id>.jsonl.
//
// While a response streams, a record is written for each of its tool calls with
// the calls that are then under way: records that no result and no prompt
// separates are one response.
type iflowReader struct {
	s       *sink
	started bool
	call    string          // the response that is being read, empty between two
	open    map[string]bool // tool calls, true until their result was read
	waiting int             // of them, those without a result
	message string
	said    int // the line of it
	last    time.Time
}

func (r *iflowReader) value(v jsonl.Value, line int) {
	if r.s.run == "" {
		r.s.run = v.Get("sessionId").String()
	}
	t := v.Get("timestamp").Time()
	if !t.IsZero() {
		r.last = t
	}
	r.s.subagent = ""
	if v.Get("isSidechain").True() {
		r.s.subagent = v.Get("agentId").String()
	}
	switch typ := v.Get("type").String(); typ {
	case "assistant":
		r.start(v, line, t)
		r.assistant(v.Get("message"), line, t)
	case "user":
		r.start(v, line, t)
		r.user(v, line, t)
	case "system", "summary", "file-history-snapshot", "progress":
	default:
		r.s.drift(typ)
	}
}

// start leaves the version out: what the records have is their own, not the
// CLI's.
func (r *iflowReader) start(v jsonl.Value, line int, t time.Time) {
	if r.started {
		return
	}
	r.started = true
	branch := v.Get("gitBranch").String()
	if branch == "HEAD" {
		branch = "" // a detached checkout, as in CI
	}
	r.s.add(line, t, &trace.Start{Runtime: trace.Runtime{Name: "iflow-cli"}, Context: trace.Context{Branch: branch}})
}

func (r *iflowReader) assistant(m jsonl.Value, line int, t time.Time) {
	if r.call == "" {
		r.call, r.message = m.Get("id").String(), ""
	}
	call := &trace.Call{ID: r.call, Model: m.Get("model").String(), End: t, FinishReason: m.Get("stop_reason").String()}
	if u := claudeUsage(m.Get("usage")); u.Total().N() > 0 {
		call.Usage = u // zeros say that it was not counted
	}
	if r.call != "" {
		r.s.add(line, t, call)
	}
	if text := m.Get("content"); text.Kind() == jsonl.String {
		r.message, r.said = text.String(), line
	}
	for b := range m.Get("content").Elements() {
		switch typ := b.Get("type"); {
		case typ.Is("text") && r.s.subagent == "":
			r.message, r.said = b.Get("text").String(), r.s.here(b)
		case typ.Is("tool_use"):
			r.toolUse(b, r.s.here(b), t)
		}
	}
}

func (r *iflowReader) toolUse(b jsonl.Value, line int, t time.Time) {
	id, name, input := b.Get("id").String(), b.Get("name").String(), b.Get("input")
	if _, seen := r.open[id]; seen || id == "" {
		return
	}
	r.open[id] = true
	r.waiting++
	r.s.call(line, t, &trace.Tool{ID: id, Name: name, Start: t}, input)
	if name == "task" || name == "Task" {
		r.s.add(line, t, &trace.Subagent{ID: id, Name: clip(firstString(input, "subagent_type", "agent_type", "agent_name"), 80), ToolID: id, Start: t})
	}
}

func (r *iflowReader) user(v jsonl.Value, line int, t time.Time) {
	if v.Get("isMeta").True() {
		return // no one's words: a reminder that the CLI puts in
	}
	if r.s.subagent == "" {
		r.call = ""
	}
	results := 0
	for b := range v.Get("message", "content").Elements() {
		if b.Get("type").Is("tool_result") {
			results++
			r.toolResult(b, v.Get("toolUseResult", "status").String(), line, t)
		}
	}
	if results == 0 {
		r.message = ""
	}
}

// toolResult reads a result, which is Gemini's within Anthropic's.
func (r *iflowReader) toolResult(b jsonl.Value, status string, line int, t time.Time) {
	id := b.Get("tool_use_id").String()
	if id == "" {
		r.s.drift("tool_result without tool_use_id")
		return
	}
	if r.open[id] {
		r.open[id] = false
		r.waiting--
	}
	response := functionResponse(b.Get("content", "responseParts")).Get("response")
	output, message := response.Get("output"), response.Get("error")
	if output.Kind() == jsonl.Missing && message.Kind() == jsonl.Missing {
		output = b.Get("content") // as Anthropic has it
	}
	if status != "cancelled" && (b.Get("is_error").True() || message.Exists()) {
		status = "error"
	}
	tool := &trace.Tool{ID: id, End: t}
	geminiOutcome(tool, status, output, message)
	r.s.result(line, t, tool, output)
}

// functionResponse returns the first response in parts of Gemini's protocol,
// which may be one part or a list of them.
func functionResponse(parts jsonl.Value) jsonl.Value {
	for p := range parts.Elements() {
		if f := p.Get("functionResponse"); f.Exists() {
			return f
		}
	}
	return parts.Get("functionResponse")
}

// close judges how the run ended by its last record: a response that waits for
// no result was the answer.
func (r *iflowReader) close() {
	r.s.subagent = ""
	if r.call == "" || r.waiting > 0 || r.message == "" {
		return
	}
	if d := decisionInText(r.message); d != nil {
		r.s.add(r.said, r.last, d)
	}
	r.s.add(0, r.last, &trace.End{Status: trace.Success})
}
