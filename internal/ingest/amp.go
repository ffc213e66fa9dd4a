package ingest

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// The formats of Amp: the thread, as `amp threads export` writes it, and what
// `amp --execute --stream-json` prints. The stream takes the names of Claude
// Code's and is told from it by its session, which is a thread: its id begins with T-.
// It gives messages no ids, so that the two are accounts of their own.
const (
	ampThread = "amp/thread"
	ampStream = "amp/stream-json"
)

func ampFormats() []format {
	return []format{
		{ampThread, ampThread, isAmpThread, func(s *sink) reader { return &ampThreadReader{s: s} }},
		{ampStream, ampStream, isAmpStream, func(s *sink) reader { return &ampStreamReader{s: s} }},
	}
}

func isAmpThread(v jsonl.Value, _ jsonl.Chunk) bool {
	return isAmpID(v.Get("id")) && v.Get("messages").Kind() == jsonl.Array && v.Get("type").Kind() == jsonl.Missing
}

func isAmpStream(v jsonl.Value, _ jsonl.Chunk) bool {
	if !isAmpID(v.Get("session_id")) {
		return false
	}
	switch v.Get("type").String() {
	case "system", "user", "assistant", "result":
		return true
	}
	return false
}

func isAmpID(v jsonl.Value) bool {
	return v.Kind() == jsonl.String && v.StringLen() > 2 && v.StringLen() < 100 && strings.HasPrefix(v.String(), "T-")
}

// ampThreadReader reads a thread. A message says when it was done with, and a
// tool call nothing about time.
type ampThreadReader struct {
	s       *sink
	line    int
	last    time.Time
	message string
	ended   *trace.End // what the last message says, nil where the model is at work
	turns   int64
}

func (r *ampThreadReader) close() {}

func (r *ampThreadReader) value(v jsonl.Value, line int) {
	if !isAmpThread(v, jsonl.Chunk{}) {
		r.s.drift("(no thread)")
		return
	}
	*r = ampThreadReader{s: r.s, line: line}
	r.s.run, r.s.subagent = v.Get("id").String(), ""
	r.last = millis(v.Get("created"))
	r.start(v)
	for m := range v.Get("messages").Elements() {
		r.line, r.s.subagent = r.s.here(m), m.Get("parentToolUseId").String()
		switch role := m.Get("role").String(); role {
		case "assistant":
			r.assistant(m)
		case "user":
			r.user(m)
		default:
			r.s.drift("role " + role)
		}
	}
	r.s.subagent = ""
	r.s.add(r.line, r.last, &trace.Totals{Turns: trace.Measured(r.turns)})
	if r.ended == nil {
		return
	}
	if d := decisionInText(r.message); d != nil && r.ended.Status == trace.Success {
		r.s.add(r.line, r.last, d)
	}
	r.s.add(r.line, r.last, r.ended)
}

func (r *ampThreadReader) start(v jsonl.Value) {
	env := v.Get("env", "initial")
	st := &trace.Start{Runtime: trace.Runtime{Name: "amp", Version: env.Get("platform", "clientVersion").String()}}
	for tree := range env.Get("trees").Elements() {
		repo := tree.Get("repository")
		st.Context = trace.Context{
			Repository: repositoryOf(repo.Get("url").String()), HeadSHA: repo.Get("sha").String(),
			Branch: strings.TrimPrefix(repo.Get("ref").String(), "refs/heads/"),
		}
		break
	}
	for tag := range env.Get("tags").Elements() {
		if model, ok := strings.CutPrefix(tag.String(), "model:"); ok {
			st.Model = model
			break
		}
	}
	r.s.add(r.line, r.last, st)
}

// assistant reads a message of the model: one model call. Its input excludes
// what was read from the cache or written to it.
func (r *ampThreadReader) assistant(m jsonl.Value) {
	u, state := m.Get("usage"), m.Get("state")
	if t := u.Get("timestamp").Time(); !t.IsZero() {
		r.last = t
	}
	c := &trace.Call{
		ID: "message " + cmp.Or(scalar(m.Get("messageId")), strconv.Itoa(int(r.turns))), Model: u.Get("model").String(), End: u.Get("timestamp").Time(),
		Usage:        ampUsage(u),
		FinishReason: state.Get("stopReason").String(),
	}
	r.turns++
	r.ended = nil
	switch state.Get("type").String() {
	case "error":
		c.Error = &trace.Error{Type: "api_error", Message: clip(state.Get("error", "message").String(), 300)}
		r.ended = &trace.End{Status: trace.Failure, Error: c.Error}
		r.turns-- // nothing was said
	case "cancelled":
		c.Partial = !u.Exists()
		r.ended = &trace.End{Status: trace.Cancelled}
	case "streaming":
		c.Partial = true
	case "complete":
		if c.FinishReason != "tool_use" {
			r.ended = &trace.End{Status: trace.Success}
		}
	}
	r.s.add(r.s.here(u, m), r.last, c)
	for b := range m.Get("content").Elements() {
		switch b.Get("type").String() {
		case "text":
			r.message = b.Get("text").String()
		case "tool_use", "server_tool_use":
			r.s.call(r.s.here(b), r.last, &trace.Tool{ID: b.Get("id").String(), Name: b.Get("name").String(), Start: r.last}, b.Get("input"))
		}
	}
}

// ampUsage reads usage. Of the models of OpenAI, which charge nothing for writing
// to the cache, the whole input that was not in it is said to have been written.
func ampUsage(u jsonl.Value) trace.Usage {
	usage := trace.Usage{
		Input: count(u.Get("inputTokens")), CacheRead: count(u.Get("cacheReadInputTokens")),
		CacheWrite5m: count(u.Get("cacheCreationInputTokens")), Output: count(u.Get("outputTokens")),
	}
	if strings.HasPrefix(u.Get("model").String(), "gpt-") {
		usage.Input, usage.CacheWrite5m = usage.Input.Add(usage.CacheWrite5m), trace.Count{}
	}
	return usage
}

// user reads the results of tools, and otherwise that there is more to do.
func (r *ampThreadReader) user(m jsonl.Value) {
	if t := millis(m.Get("meta", "sentAt")); !t.IsZero() {
		r.last = t
	}
	for b := range m.Get("content").Elements() {
		switch b.Get("type").String() {
		case "tool_result":
			r.result(b)
		case "text":
			r.ended = nil
		}
	}
}

func (r *ampThreadReader) result(b jsonl.Value) {
	run := b.Get("run")
	t := &trace.Tool{ID: firstString(b, "toolUseID", "tool_use_id")}
	switch status := run.Get("status").String(); status {
	case "done":
	case "error":
		t.Error = &trace.Error{Type: "tool_error", Message: clip(firstString(run, "error")+run.Get("error", "message").String(), 300)}
	case "rejected-by-user":
		t.Denied, t.Error = true, &trace.Error{Type: "permission_denied", Message: clip(run.Get("reason").String(), 300)}
	case "cancelled":
		t.Error = &trace.Error{Type: "cancelled"}
	default: // it still runs, or waits for a person
		return
	}
	if ok, said := run.Get("result", "success").Bool(); said && !ok && t.Error == nil {
		t.Error = &trace.Error{Type: "tool_error"}
	}
	exited(t, run.Get("result", "exitCode"))
	t.Failed = t.Error != nil
	output := run.Get("result")
	if o := output.Get("output"); o.Kind() == jsonl.String {
		output = o
	}
	r.s.result(r.s.here(b), r.last, t, output)
}

// exited notes an exit code, which makes a failure of a call that its agent
// takes for a success.
func exited(t *trace.Tool, code jsonl.Value) {
	n, ok := code.Int()
	if !ok || n < -1<<31 || n >= 1<<31 {
		return
	}
	exit := int(n)
	t.ExitCode = &exit
	if exit != 0 && t.Error == nil {
		t.Failed, t.Error = true, &trace.Error{Type: "exit_code"}
	}
}

// ampStreamReader reads the stream. It has no times, and no models.
type ampStreamReader struct {
	s       *sink
	agents  map[string]bool
	calls   int
	message string
	usage   trace.Usage
}

func (r *ampStreamReader) close() {}

func (r *ampStreamReader) value(v jsonl.Value, line int) {
	if id := v.Get("session_id").String(); id != "" {
		r.s.run = id
	}
	r.subagent(v.Get("parent_tool_use_id").String(), line)
	switch typ := v.Get("type").String(); typ {
	case "system":
		if v.Get("subtype").Is("init") {
			r.s.add(line, time.Time{}, &trace.Start{Runtime: trace.Runtime{Name: "amp"}, Model: v.Get("model").String()})
		}
	case "assistant":
		r.assistant(v.Get("message"), line)
	case "user":
		r.user(v.Get("message"), line)
	case "result":
		r.s.subagent = ""
		r.result(v, line)
	default:
		r.s.drift(typ)
	}
}

// subagent says whose the line is: a sub-agent has no id but that of the tool
// call which started it.
func (r *ampStreamReader) subagent(tool string, line int) {
	if r.s.subagent = tool; tool == "" || r.agents[tool] || len(r.agents) >= maxKept {
		return
	}
	if r.agents == nil {
		r.agents = map[string]bool{}
	}
	r.agents[tool] = true
	r.s.add(line, time.Time{}, &trace.Subagent{ID: tool, ToolID: tool})
}

func (r *ampStreamReader) assistant(m jsonl.Value, line int) {
	r.calls++
	u := claudeUsage(m.Get("usage"))
	r.usage = r.usage.Add(u)
	r.s.add(line, time.Time{}, &trace.Call{
		ID: fmt.Sprintf("%d-%016x", r.calls, digest(m)), Model: m.Get("model").String(), Usage: u, FinishReason: m.Get("stop_reason").String(),
	})
	for b := range m.Get("content").Elements() {
		switch typ := b.Get("type"); {
		case typ.Is("text") && r.s.subagent == "":
			r.message = b.Get("text").String()
		case typ.Is("tool_use"):
			r.s.call(line, time.Time{}, &trace.Tool{ID: b.Get("id").String(), Name: b.Get("name").String()}, b.Get("input"))
		}
	}
}

// user reads the results of tools. That of a command is JSON within a string,
// with the exit code at its end.
func (r *ampStreamReader) user(m jsonl.Value, line int) {
	for b := range m.Get("content").Elements() {
		if !b.Get("type").Is("tool_result") {
			continue
		}
		t, content := &trace.Tool{ID: b.Get("tool_use_id").String()}, b.Get("content")
		tail := strings.ReplaceAll(textTail(content, 200), `\`, "")
		if code, ok := exitCodeAfter(tail, `"exitCode":`); ok {
			if t.ExitCode = &code; code != 0 {
				t.Error = &trace.Error{Type: "exit_code"}
			}
		}
		if b.Get("is_error").True() && t.Error == nil {
			t.Error = &trace.Error{Type: "tool_error", Message: clip(textHead(content, 400), 300)}
		}
		t.Failed = t.Error != nil
		r.s.result(line, time.Time{}, t, content)
	}
}

// result ends a process. A thread that was continued has one for each.
func (r *ampStreamReader) result(v jsonl.Value, line int) {
	total := &trace.Totals{
		Invocation: fmt.Sprintf("%016x", digest(v)), Turns: count(v.Get("num_turns")), Duration: count(v.Get("duration_ms")),
	}
	if !r.usage.Total().Known() && v.Get("usage").Exists() {
		total.Usage = claudeUsage(v.Get("usage"))
	}
	if d := v.Get("permission_denials"); d.Kind() == jsonl.Array {
		total.PermissionDenials = trace.Measured(int64(d.Len()))
	}
	r.s.add(line, time.Time{}, total)
	if v.Get("subtype").Is("success") && !v.Get("is_error").True() {
		if d := decisionInText(cmp.Or(v.Get("result").String(), r.message)); d != nil {
			r.s.add(line, time.Time{}, d)
		}
		r.s.add(line, time.Time{}, &trace.End{Status: trace.Success})
		return
	}
	e := &trace.Error{Type: cmp.Or(v.Get("subtype").String(), "error"), Message: clip(firstString(v, "error", "result"), 300)}
	if e.Type == "error_max_turns" {
		e.Type = "max_turns"
	}
	r.s.add(line, time.Time{}, &trace.End{Status: trace.Failure, Error: e})
}
