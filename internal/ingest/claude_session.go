package ingest

import (
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// claudeSessionReader reads session files, ~/.claude/projects/*/<id>.jsonl, and
// the files of sub-agents beside them.
//
// A session that was resumed by an older version, or forked, begins with a copy
// of the lines of the one that it goes on from: of which the prompts keep their
// session id and all else gets the new one, or all of it says forkedFrom.
// Sub-agents stand in files of their own, or in older versions within progress
// lines.
type claudeSessionReader struct {
	claude
	id      string        // the first session id
	run     string        // the run that the session is, once that is sure
	held    *claudePrompt // the first of the session, until an answer says whose it is
	closing bool          // the last main message ended the turn
	broken  bool          // the last main message was a made-up one about a failed request
	why     string        // what it said
	main    bool          // the file is not a sub-agent's
}

// claudePrompt is a line that says nothing but that the session has begun.
type claudePrompt struct {
	line            int
	at              time.Time
	id              string
	version, branch string
	from            string
}

// leave keeps what the sink has of the session, before another is read.
func (r *claudeSessionReader) leave() { r.run = r.s.run }

// isClaudeSessionType reports whether a session file has records of the type.
func isClaudeSessionType(typ string) bool {
	switch typ {
	case "progress", "system", "queue-operation", "attachment", "permission-mode", "mode", "agent-name", "agent-setting", "custom-title",
		"ai-title", "last-prompt", "frame-link", "worktree-state", "relocated", "bridge-session", "started", "result", "pr-link", "cost-state",
		"api-request", "api-request-shape", "api-request-blob", "tools-used", "atis-latch", "tag", "speculation-accept", "content-replacement",
		"summary", "file-history-snapshot", "file-history-delta", "tool_use", "tool_result", "marble-origami-commit", "task-summary", "saved_hook_context":
		return true
	}
	return false
}

func (r *claudeSessionReader) value(v jsonl.Value, line int) {
	r.s.subagent = ""
	if v.Get("isSidechain").True() {
		r.s.subagent = v.Get("agentId").String()
	}
	t := v.Get("timestamp").Time()
	if !t.IsZero() {
		r.last = t
	}
	typ := v.Get("type").String()
	switch typ {
	case "assistant", "user":
		r.turn(v, typ, line, t)
		return
	case "progress", "system", "cost-state", "pr-link":
		r.begin(v)
	}
	switch typ {
	case "progress":
		r.progress(v.Get("data"), line)
	case "system":
		r.system(v, line, t)
	case "cost-state":
		r.cost(v, line)
	case "pr-link":
		r.pullRequest(v, line, t)
	default:
		if !isClaudeSessionType(typ) || v.Get("part").Exists() { // which is OpenCode's
			r.s.drift(typ)
		}
	}
}

func (r *claudeSessionReader) turn(v jsonl.Value, typ string, line int, t time.Time) {
	side := v.Get("isSidechain").True()
	r.main = r.main || !side
	if typ == "user" && r.s.subagent == "" && !hasToolResult(v) {
		r.asked = t
		if r.s.run == "" {
			r.hold(v, line, t)
			return
		}
	}
	r.begin(v)
	if r.s.run == "" {
		r.s.run = r.s.fallback // what has no session id yet and counts decides for the file
	}
	if !r.started[r.s.run] {
		r.start(line, t, v.Get("version").String(), "", v.Get("gitBranch").String())
	}
	if r.s.subagent != "" {
		r.s.add(line, t, &trace.Subagent{ID: r.s.subagent, Start: t, End: t})
	}
	if typ == "assistant" {
		r.assistant(v, line, t)
		r.note(v, side)
		return
	}
	r.user(v, line, t)
	if !side {
		r.closing, r.broken = false, false
		r.agentOf(v, line, t)
	}
}

// hold keeps the first line of a session back if that is a prompt, which tells
// nothing that cannot wait.
func (r *claudeSessionReader) hold(v jsonl.Value, line int, t time.Time) {
	if r.held == nil {
		r.held = &claudePrompt{
			line: line, at: t, id: v.Get("sessionId").String(), version: v.Get("version").String(), branch: v.Get("gitBranch").String(),
			from: v.Get("forkedFrom", "sessionId").String(),
		}
	}
}

func hasToolResult(v jsonl.Value) bool {
	for b := range v.Get("message", "content").Elements() {
		if b.Get("type").Is("tool_result") {
			return true
		}
	}
	return false
}

// begin says which run the session is, by the first line that counts, and what
// was held back until then.
func (r *claudeSessionReader) begin(v jsonl.Value) {
	if r.s.run != "" {
		return
	}
	id := v.Get("sessionId").String()
	p := r.held
	if p == nil {
		p = &claudePrompt{id: id, from: v.Get("forkedFrom", "sessionId").String()}
	}
	r.held = nil
	if id == "" {
		id = p.id
	}
	if id != p.id && p.from == "" {
		p.from, p.at, r.asked = p.id, time.Time{}, time.Time{} // of the session that this one goes on from
	}
	r.s.run = id
	if id == "" && p.line > 0 {
		r.s.run = r.s.fallback
	}
	if p.from == id {
		p.from = ""
	}
	if p.line > 0 {
		r.start(p.line, p.at, p.version, "", p.branch)
	}
	if p.from != "" {
		r.s.add(p.line, p.at, &trace.Start{ForkedFrom: clip(p.from, 200)})
	}
}

// note keeps what the end of the file is judged by.
func (r *claudeSessionReader) note(v jsonl.Value, side bool) {
	if side {
		return
	}
	m := v.Get("message")
	r.broken = m.Get("model").Is(synthetic) || v.Get("isApiErrorMessage").True()
	if r.broken {
		r.why = blockText(m.Get("content"))
	}
	stop := m.Get("stop_reason")
	r.closing = !r.broken && (stop.Is("end_turn") || stop.Is("stop_sequence") || stop.Is("max_tokens"))
}

// agentOf reads, from the result of the tool that starts sub-agents, which one
// it started.
func (r *claudeSessionReader) agentOf(v jsonl.Value, line int, t time.Time) {
	result := v.Get("toolUseResult")
	id := result.Get("agentId").String()
	if id == "" {
		return
	}
	sub := &trace.Subagent{ID: id, Name: result.Get("agentType").String(), Start: t}
	for b := range v.Get("message", "content").Elements() {
		if tool := b.Get("tool_use_id").String(); tool != "" {
			sub.ToolID = tool
			break
		}
	}
	if result.Get("status").Is("completed") {
		sub.Status, sub.End = trace.Success, t
	}
	r.s.subagent = id
	r.s.add(line, t, sub)
	r.s.subagent = ""
}

// progress reads the messages of a sub-agent that stand inline.
func (r *claudeSessionReader) progress(data jsonl.Value, line int) {
	if !data.Get("type").Is("agent_progress") || r.s.run == "" {
		return
	}
	id, m := data.Get("agentId").String(), data.Get("message")
	if id == "" || m.Kind() != jsonl.Object {
		return
	}
	t := m.Get("timestamp").Time()
	if t.IsZero() {
		t = r.last
	}
	r.s.subagent = id
	r.s.add(line, t, &trace.Subagent{ID: id, Start: t, End: t})
	switch typ := m.Get("type"); {
	case typ.Is("assistant"):
		r.assistant(m, line, t)
	case typ.Is("user"):
		r.user(m, line, t)
	}
}

func (r *claudeSessionReader) system(v jsonl.Value, line int, t time.Time) {
	if r.s.run == "" {
		return
	}
	switch sub := v.Get("subtype").String(); sub {
	case "api_error":
		r.failure(v.Get("error"), line, t)
	case "compact_boundary", "microcompact_boundary":
		r.compaction(v, line, t)
	case "turn_duration", "stop_hook_summary", "local_command", "session_start", "error", "api_refusal", "model_refusal_fallback",
		"informational", "away_summary", "bridge_status", "memory_saved", "scheduled_task_fire", "agents_killed", "hook_response", "init", "thinking":
	default:
		r.s.drift("system/" + sub)
	}
}

// cost reads what the process wrote of its own total when it ended in order.
func (r *claudeSessionReader) cost(v jsonl.Value, line int) {
	total := claudeModelUsage(v.Get("modelUsage"))
	total.CostUSD, total.Duration = money(v.Get("totalCostUSD")), count(v.Get("totalDuration"))
	if v.Get("hasUnknownModelCost").True() {
		total.CostUSD = nil // the sum leaves a model out
	}
	r.s.add(line, r.last, total)
}

func (r *claudeSessionReader) pullRequest(v jsonl.Value, line int, t time.Time) {
	n, _ := v.Get("prNumber").Int()
	repo := v.Get("prRepository").String()
	if n <= 0 || n > 1<<31 || strings.Count(repo, "/") != 1 || len(repo) > 200 {
		return
	}
	r.s.add(line, t, &trace.Start{Context: trace.Context{Repository: repo, SubjectKind: "pull_request", Number: int(n)}})
}

// close judges how the run ended by its last message, as a session file has no
// result: one that ends the turn was the answer, a made-up one says that a
// request failed for good, and anything else shows no end.
func (r *claudeSessionReader) close() {
	r.s.subagent = ""
	if p := r.held; p != nil && r.s.run == "" { // nobody has answered
		r.begin(jsonl.Value{})
	}
	switch {
	case !r.main:
	case r.broken:
		r.s.add(0, r.last, &trace.End{Status: trace.Failure, Error: &trace.Error{Type: "api_error", Message: clip(r.why, 300)}})
	case r.closing:
		if d := decisionInText(r.message); d != nil {
			r.s.add(r.said, r.last, d)
		}
		r.s.add(0, r.last, &trace.End{Status: trace.Success})
	}
}

// blockText returns the text of a message's content.
func blockText(content jsonl.Value) string {
	if content.Kind() == jsonl.String {
		return content.String()
	}
	for b := range content.Elements() {
		if b.Get("type").Is("text") {
			return b.Get("text").String()
		}
	}
	return ""
}
