package ingest

import (
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// The formats of Copilot in VS Code: the chat that the editor keeps, as one
// object or as a log of its changes, and the events that the extension writes,
// which are those of Copilot CLI.
const (
	vscodeChat   = "copilot-vscode/chat"
	vscodeEvents = "copilot-vscode/events"
)

func vscodeFormats() []format {
	return []format{
		{vscodeEvents, vscodeEvents, isVSCodeEvents, newVSCodeEvents},
		{vscodeChat, vscodeChat, isVSCodeChat, newVSCodeChat},
	}
}

func isVSCodeEvents(v jsonl.Value, c jsonl.Chunk) bool {
	return isCopilotEvents(v, c) && v.Get("data", "vscodeVersion").Kind() == jsonl.String
}

func isVSCodeChat(v jsonl.Value, _ jsonl.Chunk) bool {
	if kind, ok := v.Get("kind").Int(); ok && kind == logInitial && v.Get("v", "requests").Kind() == jsonl.Array {
		return true
	}
	return v.Get("requests").Kind() == jsonl.Array && (v.Get("responderUsername").Kind() == jsonl.String ||
		v.Get("sessionId").Kind() == jsonl.String && (v.Get("creationDate").Exists() || v.Get("version").Exists()))
}

// vscodeEventReader reads the extension's events. There are no tokens, so that a
// message stands for its model call, and no last event: a message that asks for
// no tool ends the turn.
type vscodeEventReader struct {
	*copilot
	closing bool
	turns   int64
}

func newVSCodeEvents(s *sink) reader {
	return &vscodeEventReader{copilot: newCopilot(s).(*copilot)}
}

func (r *vscodeEventReader) value(v jsonl.Value, line int) {
	d := v.Get("data")
	switch v.Get("type").String() {
	case "session.start":
		r.line, r.last = line, v.Get("timestamp").Time()
		r.enter(d.Get("sessionId").String())
		c := d.Get("context")
		r.add(&trace.Start{
			Runtime: trace.Runtime{Name: "copilot-vscode", Version: d.Get("copilotVersion").String()}, Model: d.Get("selectedModel").String(),
			Context: trace.Context{Repository: c.Get("repository").String(), Branch: c.Get("branch").String(), HeadSHA: c.Get("headCommit").String()},
		})
		return
	case "user.message", "tool.execution_start", "session.shutdown":
		r.closing = false
	}
	r.copilot.value(v, line)
	if v.Get("type").Is("assistant.message") {
		r.turns++
		r.closing = r.s.subagent == "" && d.Get("toolRequests").Len() == 0 && d.Get("content").StringLen() > 0
		r.add(&trace.Call{ID: d.Get("messageId").String(), Model: d.Get("model").String(), End: r.last, Usage: trace.Usage{Output: count(d.Get("outputTokens"))}})
	}
}

func (r *vscodeEventReader) close() {
	r.add(&trace.Totals{Turns: trace.Measured(r.turns)})
	if r.closing {
		r.end(true)
	}
	r.copilot.close()
}

// vscodeChatReader reads a chat. In the log, the first line has all of it and
// each later one a change: `k` is the path, `v` the value, and `kind` says
// whether it is set, or appended after cutting the list at `i`, or deleted.
//
// What is read is kept by request until the end, in few bytes each. A request
// that was taken out of the chat again was paid for all the same and stays.
type vscodeChatReader struct {
	s       *sink
	line    int
	first   int // of the latest whole chat
	start   trace.Start
	created time.Time
	all     []*vscodeRequest
	byID    map[string]*vscodeRequest
	current []*vscodeRequest // by their place in the chat
	last    *vscodeRequest   // whose answer was read last
	message string           // that answer
	latest  time.Time
}

func newVSCodeChat(s *sink) reader {
	return &vscodeChatReader{s: s, byID: map[string]*vscodeRequest{}, start: trace.Start{Runtime: trace.Runtime{Name: "copilot-vscode"}}}
}

// The kinds of lines of the log.
const (
	logInitial = iota
	logSet
	logPush
	logDelete
)

func (r *vscodeChatReader) value(v jsonl.Value, line int) {
	r.line = line
	kind, ok := v.Get("kind").Int()
	path := v.Get("k")
	switch {
	case !ok && v.Get("requests").Kind() == jsonl.Array:
		r.session(v)
	case ok && kind == logInitial:
		r.session(v.Get("v"))
	case ok && kind == logSet, ok && kind == logPush:
		r.change(path, v, kind == logPush)
	case ok && kind == logDelete:
	default:
		r.s.drift("kind " + scalar(v.Get("kind")))
	}
}

func (r *vscodeChatReader) session(v jsonl.Value) {
	r.first = r.s.here(v)
	r.set("sessionId", v.Get("sessionId")) // before what is of it
	for key, value := range v.Members() {
		r.set(key, value)
	}
}

func (r *vscodeChatReader) set(key string, v jsonl.Value) {
	switch key {
	case "sessionId":
		if id := v.String(); id != "" {
			r.s.run = id
		}
	case "creationDate":
		r.created = millis(v)
	case "repoData":
		r.start.Context = trace.Context{
			Repository: repositoryOf(v.Get("remoteUrl").String()), Branch: v.Get("localBranch").String(),
			HeadSHA: firstString(v, "localHeadCommit", "remoteHeadCommit"),
		}
	case "requests":
		r.current = r.current[:0]
		r.push(v, -1)
	}
}

// change applies one line of the log.
func (r *vscodeChatReader) change(path, v jsonl.Value, push bool) {
	var keys []jsonl.Value
	for k := range path.Elements() {
		if keys = append(keys, k); len(keys) > 4 {
			return // within something that is not looked into
		}
	}
	cut := int64(-1)
	if n, ok := v.Get("i").Int(); ok && push {
		cut = n
	}
	switch {
	case len(keys) == 0:
	case len(keys) == 1 && push && keys[0].Is("requests"):
		r.push(v.Get("v"), cut)
	case len(keys) == 1 && !push:
		r.set(keys[0].String(), v.Get("v"))
	case len(keys) > 1 && keys[0].Is("requests"):
		r.changeRequest(keys[1:], v.Get("v"), push, cut)
	}
}

func (r *vscodeChatReader) changeRequest(keys []jsonl.Value, v jsonl.Value, push bool, cut int64) {
	n, ok := keys[0].Int()
	if !ok || n < 0 || n >= int64(len(r.current)) {
		r.s.drift("(a change of a request that is not there)")
		return
	}
	q := r.current[n]
	switch {
	case len(keys) == 1 && !push:
		r.current[n] = r.request(v)
	case len(keys) == 2 && keys[1].Is("response") && push:
		q.parts(r.s, v, cut)
	case len(keys) == 2 && !push:
		r.setRequest(q, keys[1].String(), v)
	case len(keys) == 3 && keys[1].Is("response") && !push:
		if at, ok := keys[2].Int(); ok {
			q.part(r.s, v, int(at))
		}
	}
}

// push appends requests after cutting the list where it is told to.
func (r *vscodeChatReader) push(v jsonl.Value, cut int64) {
	if cut >= 0 && cut < int64(len(r.current)) {
		r.current = r.current[:cut]
	}
	for q := range v.Elements() {
		r.current = append(r.current, r.request(q))
	}
}

func (r *vscodeChatReader) request(v jsonl.Value) *vscodeRequest {
	id := v.Get("requestId").String()
	q := r.byID[id]
	if id == "" || q == nil {
		q = &vscodeRequest{id: id}
		r.all = append(r.all, q)
		if id != "" {
			r.byID[id] = q
		}
	}
	r.line = r.s.here(v)
	for key, value := range v.Members() {
		r.setRequest(q, key, value)
	}
	return q
}

func (r *vscodeChatReader) setRequest(q *vscodeRequest, key string, v jsonl.Value) {
	q.line = r.line
	switch key {
	case "timestamp":
		q.start = millis(v)
	case "modelId":
		q.model = strings.TrimPrefix(v.String(), "copilot/")
	case "agent":
		if version := v.Get("extensionVersion").String(); version != "" {
			r.start.Runtime.Version = version
		}
	case "response":
		q.parts(r.s, v, 0)
	case "result":
		r.result(q, v)
	case "promptTokens":
		q.usage.Input = count(v).Or(q.usage.Input)
	case "completionTokens":
		q.usage.Output = count(v).Or(q.usage.Output)
	case "modelTotals":
		q.totals(v)
	case "modelState":
		q.state, _ = v.Get("value").Int()
		if t := millis(v.Get("completedAt")); !t.IsZero() {
			q.end = t
		}
	case "isCanceled":
		q.cancelled = v.True()
	}
}

func (r *vscodeChatReader) close() {
	r.s.add(r.first, r.created, &r.start)
	total := &trace.Totals{ByModel: map[string]trace.Usage{}, Turns: trace.Measured(int64(len(r.all)))}
	for _, q := range r.all {
		r.emit(q, total)
	}
	r.s.add(max(r.line, 1), r.latest, total)
	if len(r.current) == 0 {
		return
	}
	q := r.current[len(r.current)-1]
	end := q.ending()
	if end == nil {
		return
	}
	if d := decisionInText(r.message); d != nil && end.Status == trace.Success && q == r.last {
		r.s.add(q.line, q.end, d)
	}
	r.s.add(q.line, q.end, end)
}
