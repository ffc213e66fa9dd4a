package ingest

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// The states of a request. Older versions have none of them.
const (
	vscodeComplete  = 1
	vscodeCancelled = 2
	vscodeFailed    = 3
)

// vscodeRequest is a prompt and what came of it: rounds of model calls, which
// are written once it is done, and the tool calls as the editor showed them.
//
// The two name a tool call alike in newer versions only. Where they do not, the
// first of one is the first of the other.
type vscodeRequest struct {
	id          string
	line        int
	start, end  time.Time
	took        time.Duration
	model       string
	state       int64
	cancelled   bool
	done        bool
	err         *trace.Error
	rounds      []vscodeRound
	calls       []vscodeCall // that the rounds asked for
	invocations []vscodeInvocation
	known       map[string]int // where they are, by id
	shown       int            // parts of the response so far
	usage       trace.Usage    // input of its last model call, output of all
	byModel     map[string]trace.Usage
}

// vscodeRound is a model call, and the line that tells of it.
type vscodeRound struct {
	trace.Call
	line int
}

// vscodeCall is a tool call of a round, and the line that tells of it.
type vscodeCall struct {
	trace.Tool
	line int
}

// vscodeInvocation is a tool call as the editor shows it.
type vscodeInvocation struct {
	trace.Tool
	line     int
	at       int    // its place in the response
	subagent string // the invocation whose sub-agent made it
	agent    string // the role of the sub-agent that it started
	starts   bool   // it started a sub-agent
	decision *trace.Decision
}

// parts takes parts of the response, after cutting it where it is told to.
func (q *vscodeRequest) parts(s *sink, v jsonl.Value, cut int64) {
	if cut >= 0 && cut < int64(q.shown) {
		q.shown = int(cut)
		for n := len(q.invocations); n > 0 && q.invocations[n-1].at >= q.shown; n-- {
			delete(q.known, q.invocations[n-1].ID)
			q.invocations = q.invocations[:n-1]
		}
	}
	for p := range v.Elements() {
		q.part(s, p, q.shown)
	}
}

// part takes one part, which may be a later version of one that was there.
func (q *vscodeRequest) part(s *sink, p jsonl.Value, at int) {
	q.shown = max(q.shown, min(at, q.shown)+1)
	if !p.Get("kind").Is("toolInvocationSerialized") && !p.Get("kind").Is("toolInvocation") {
		return
	}
	next := vscodeInvoked(s, p)
	next.at, next.line = at, s.here(p)
	next.ID = cmp.Or(next.ID, fmt.Sprintf("%s part %d", q.id, at))
	if i, ok := q.known[next.ID]; ok {
		q.invocations[i] = next
		return
	}
	if q.known == nil {
		q.known = map[string]int{}
	}
	q.known[next.ID] = len(q.invocations)
	q.invocations = append(q.invocations, next)
}

func vscodeInvoked(s *sink, p jsonl.Value) vscodeInvocation {
	data := p.Get("toolSpecificData")
	i := vscodeInvocation{
		Tool:     trace.Tool{ID: vscodeToolID(p.Get("toolCallId").String()), Name: p.Get("toolId").String()},
		subagent: vscodeToolID(p.Get("subAgentInvocationId").String()),
		starts:   data.Get("kind").Is("subagent"), agent: firstString(data, "agentName", "description"),
	}
	for _, cmd := range []jsonl.Value{data.Get("commandLine", "toolEdited"), data.Get("commandLine", "original"), data.Get("command")} {
		if cmd.StringLen() > 0 {
			i.decision = s.describe(&i.Tool, cmd)
			break
		}
	}
	i.Done = p.Get("isComplete").True()
	confirmed := p.Get("isConfirmed")
	kind, typed := confirmed.Get("type").Int()
	switch yes, plain := confirmed.Bool(); {
	case typed && (kind == 0 || kind == 5), plain && !yes && !i.Done: // denied, or skipped
		i.Denied, i.Error = true, &trace.Error{Type: "permission_denied"}
	case p.Get("resultDetails", "isError").True():
		i.Error = &trace.Error{Type: "tool_error"}
	}
	exited(&i.Tool, data.Get("terminalCommandState", "exitCode"))
	i.Duration = count(data.Get("terminalCommandState", "duration"))
	i.Failed = i.Error != nil
	return i
}

// vscodeToolID returns the model's id of a tool call, to which the extension
// adds an end of its own.
func vscodeToolID(id string) string {
	id, _, _ = strings.Cut(id, "__vscode")
	return id
}

// totals reads what the whole turn used by model, sub-agents included. Input
// includes what was cached.
func (q *vscodeRequest) totals(v jsonl.Value) {
	q.byModel = map[string]trace.Usage{}
	for m := range v.Elements() {
		cached := count(m.Get("cachedTokens"))
		model := m.Get("model").String()
		q.byModel[model] = q.byModel[model].Add(trace.Usage{
			Input: minus(count(m.Get("inputTokens")), cached), CacheRead: cached, Output: count(m.Get("outputTokens")),
		})
	}
}

// result reads how a request ended, and its rounds.
func (r *vscodeChatReader) result(q *vscodeRequest, v jsonl.Value) {
	if !v.Exists() {
		return
	}
	q.done = true
	if ms, ok := v.Get("timings", "totalElapsed").Int(); ok && ms > 0 && ms < 1<<40 {
		q.took = time.Duration(ms) * time.Millisecond
	}
	if e := v.Get("errorDetails"); e.Exists() {
		q.err = &trace.Error{Type: cmp.Or(clip(e.Get("code").String(), 80), "api_error"), Message: clip(e.Get("message").String(), 300)}
	}
	meta := v.Get("metadata")
	if model := meta.Get("resolvedModel").String(); model != "" {
		q.model = model
	}
	if !q.usage.Output.Known() {
		q.usage.Output = count(meta.Get("outputTokens"))
	}
	if !q.usage.Input.Known() {
		q.usage.Input = count(meta.Get("promptTokens"))
	}
	q.rounds, q.calls = nil, nil
	results := map[string]jsonl.Value{} // looked for one by one, they would take the square of the time
	for id, result := range meta.Get("toolCallResults").Members() {
		results[id] = result
	}
	for round := range meta.Get("toolCallRounds").Elements() {
		r.round(q, round, results)
	}
}

func (r *vscodeChatReader) round(q *vscodeRequest, round jsonl.Value, results map[string]jsonl.Value) {
	n := len(q.rounds) + 1
	t := millis(round.Get("timestamp"))
	q.rounds = append(q.rounds, vscodeRound{line: r.s.here(round), Call: trace.Call{
		ID:    cmp.Or(round.Get("id").String(), fmt.Sprintf("%s %d", q.id, n)),
		Model: firstString(round, "modelId", "model"), End: t,
	}})
	if text := round.Get("response").String(); text != "" {
		r.message, r.last = text, q
	}
	for call := range round.Get("toolCalls").Elements() {
		raw := call.Get("id").String()
		t := &trace.Tool{ID: cmp.Or(vscodeToolID(raw), fmt.Sprintf("%s %d %d", q.id, n, len(q.calls))), Name: call.Get("name").String(), Start: t}
		line := r.s.here(call)
		r.s.call(line, t.Start, t, call.Get("arguments"))
		done := vscodeCall{line: line, Tool: trace.Tool{ID: t.ID}}
		if result := results[raw]; raw != "" && result.Exists() {
			done.Done, done.ResultSize, done.Result = true, size(result), digest(result)
			vscodeOutcome(&done.Tool, result.Raw())
			r.s.identify(&done.Tool, result)
		}
		q.calls = append(q.calls, done)
	}
}

// vscodeOutcome reads from what a model was told whether its tool call failed:
// the text lies within a tree of the prompt's parts.
func vscodeOutcome(t *trace.Tool, raw []byte) {
	const window = 16 << 10
	head, tail := raw[:min(len(raw), window)], raw[max(len(raw)-window, 0):]
	for _, start := range []string{`"ERROR while calling tool`, `"ERROR: `, `"Error: `} {
		if bytes.Contains(head, []byte(start)) {
			t.Failed, t.Error = true, &trace.Error{Type: "tool_error"}
		}
	}
	if bytes.Contains(head, []byte(`"The user cancelled the tool call`)) {
		t.Failed, t.Denied, t.Error = true, true, &trace.Error{Type: "permission_denied"}
	}
	if code, ok := exitCodeAfter(string(tail), "Command exited with code "); ok {
		if t.ExitCode = &code; code != 0 {
			t.Failed, t.Error = true, &trace.Error{Type: "exit_code"}
		}
	}
}

// emit adds what is known of a request once all of it was read.
func (r *vscodeChatReader) emit(q *vscodeRequest, total *trace.Totals) {
	if q.end.IsZero() && !q.start.IsZero() && q.took > 0 {
		q.end = q.start.Add(q.took)
	}
	if q.end.After(r.latest) {
		r.latest = q.end
	}
	for i := range q.rounds {
		c := &q.rounds[i]
		c.Model = cmp.Or(c.Model, q.model)
		if i == 0 {
			c.Start = q.start
		}
		if i == len(q.rounds)-1 && c.End.IsZero() {
			c.End = q.end
		}
		r.s.add(c.line, c.End, &c.Call)
	}
	if q.err != nil && q.state != vscodeCancelled {
		r.s.add(q.line, q.end, &trace.Call{ID: "failed " + q.id, Model: q.model, End: q.end, Error: q.err})
	}
	if len(q.byModel) == 0 && q.usage.Total().Known() {
		q.byModel = map[string]trace.Usage{q.model: q.usage}
	}
	for model, u := range q.byModel {
		total.ByModel[model] = total.ByModel[model].Add(u)
		total.Usage = total.Usage.Add(u)
	}
	r.tools(q)
}

// tools joins the two accounts of a request's tool calls.
func (r *vscodeChatReader) tools(q *vscodeRequest) {
	joined := make([]bool, len(q.invocations))
	var rest []*trace.Tool // of which the editor does not show the id
	for i := range q.calls {
		t := &q.calls[i]
		if at, ok := q.known[t.ID]; ok && !joined[at] && q.invocations[at].subagent == "" {
			joined[at] = true
			q.invocations[at].tell(&t.Tool)
		} else {
			rest = append(rest, &t.Tool)
		}
	}
	for i := range q.invocations {
		if len(rest) > 0 && !joined[i] && q.invocations[i].subagent == "" {
			joined[i] = true
			q.invocations[i].tell(rest[0])
			rest = rest[1:]
		}
	}
	for i := range q.calls {
		t := &q.calls[i]
		r.s.add(t.line, q.end, &t.Tool)
		r.s.settle(t.line, q.end, t.ID, t.Failed)
	}
	for i := range q.invocations {
		r.shown(q, &q.invocations[i], joined[i])
	}
}

// shown adds what only the editor knows.
func (r *vscodeChatReader) shown(q *vscodeRequest, v *vscodeInvocation, joined bool) {
	if v.starts {
		r.s.add(v.line, q.start, &trace.Subagent{ID: v.ID, Name: v.agent, ToolID: v.ID})
	}
	if joined {
		return
	}
	r.s.subagent = v.subagent
	r.s.add(v.line, q.end, &v.Tool)
	r.s.subagent = ""
	if v.decision != nil && !v.Failed && v.subagent == "" {
		r.s.add(v.line, q.end, v.decision)
	}
}

// tell adds what the editor knows of a tool call to what the model was told.
func (v *vscodeInvocation) tell(t *trace.Tool) {
	t.Done, t.Duration = t.Done || v.Done, v.Duration
	t.Failed, t.Denied = t.Failed || v.Failed, t.Denied || v.Denied
	if t.ExitCode == nil {
		t.ExitCode = v.ExitCode
	}
	t.Error = cmp.Or(v.Error, t.Error)
}

// ending says how the run ended if this was its last request.
func (q *vscodeRequest) ending() *trace.End {
	switch {
	case q.state == vscodeCancelled || q.cancelled:
		return &trace.End{Status: trace.Cancelled}
	case q.err != nil || q.state == vscodeFailed:
		return &trace.End{Status: trace.Failure, Error: q.err}
	case q.state == vscodeComplete, q.state == 0 && q.done:
		return &trace.End{Status: trace.Success}
	}
	return nil
}
