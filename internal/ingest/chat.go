package ingest

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// chatFormat is what agents write that keep no transcript of their own: the
// messages of a chat, a line each or as the list that is sent to the model, and
// what the model's API answers, in the shapes of OpenAI, Anthropic and Gemini.
// It is tried last.
const chatFormat = "chat"

func chatFormats() []format {
	return []format{{chatFormat, chatFormat, isChat, func(s *sink) reader { return &chat{s: s, name: newNameless(s)} }}}
}

func isChat(v jsonl.Value, _ jsonl.Chunk) bool {
	return isChatMessage(v) || isChatList(v.Get("messages")) || isChatResponse(v) || isChatList(v.Get("request", "messages")) ||
		isChatResponse(v.Get("response")) || isChatResponse(v.Get("response", "body"))
}

func isChatMessage(v jsonl.Value) bool {
	switch v.Get("role").String() {
	case "system", "developer", "user", "assistant", "tool", "function":
	default:
		return false
	}
	return v.Get("type").Kind() == jsonl.Missing && v.Get("message").Kind() == jsonl.Missing &&
		(v.Get("content").Kind() != jsonl.Missing || v.Get("tool_calls").Exists() || v.Get("function_call").Exists())
}

func isChatList(v jsonl.Value) bool {
	for m := range v.Elements() {
		return isChatMessage(m)
	}
	return false
}

// isChatResponse recognises the answer of a model's API.
func isChatResponse(v jsonl.Value) bool {
	switch v.Get("object").String() {
	case "chat.completion", "chat.completion.chunk":
		return v.Get("choices").Kind() == jsonl.Array
	case "response":
		return v.Get("output").Kind() == jsonl.Array
	}
	return v.Get("type").Is("message") && v.Get("role").Is("assistant") && v.Get("usage").Kind() == jsonl.Object ||
		v.Get("candidates").Kind() == jsonl.Array && v.Get("usageMetadata").Kind() == jsonl.Object ||
		v.Get("choices").Kind() == jsonl.Array && v.Get("usage").Kind() == jsonl.Object
}

// chat reads messages. What they do not say is not known: mostly tokens, and
// whether a tool call failed.
type chat struct {
	s    *sink
	name *nameless
	line int
	at   time.Time
	conversation
}

// conversation is what is kept of one chat.
type conversation struct {
	messages int
	answers  int64        // messages of the model
	answer   string       // the last one
	asked    string       // the last call of a function, which has no id
	message  string       // the model's last words
	pieces   []byte       // of its words, where they are streamed
	closing  bool         // after which nothing came
	silent   bool         // its messages were counted as answers of the API, or will be
	err      *trace.Error // the last request failed
	until    int          // the line of its last message
}

func (r *chat) value(v jsonl.Value, line int) {
	r.name.saw(v)
	r.line, r.at = line, chatTime(v)
	request := v
	if isChatList(v.Get("request", "messages")) {
		request = v.Get("request")
	}
	answer := v
	for _, path := range [][]string{{"response", "body"}, {"response"}} {
		if isChatResponse(v.Get(path...)) {
			answer = v.Get(path...)
			break
		}
	}
	responded := isChatResponse(answer)
	switch {
	case isChatList(request.Get("messages")):
		r.list(v, request, responded)
	case isChatMessage(v):
		r.one(v)
	case !responded && v.Get("error").Kind() == jsonl.Object:
		r.failure(v.Get("error"))
	case !responded:
		r.s.drift(cmp.Or(v.Get("type").String(), v.Get("object").String()))
	}
	if responded {
		r.response(answer)
	}
	r.until = r.line
}

// list reads the messages of a request, or of an example to learn from. Those of
// one chat, which grow with each request, begin alike.
func (r *chat) list(v, request jsonl.Value, responded bool) {
	list := request.Get("messages")
	run := cmp.Or(firstString(v, "conversation_id", "session_id", "thread_id"), chatStart(list))
	if run != r.s.run {
		r.finish()
		r.s.run = run
	}
	next := conversation{silent: responded}
	if responded {
		next.answers = r.answers // those before, of which this list has what was said
	}
	r.conversation = next
	if model := request.Get("model").String(); model != "" {
		r.s.add(r.s.here(request.Get("model")), r.at, &trace.Start{Model: model})
	}
	for m := range list.Elements() {
		r.one(m)
	}
}

// chatStart names a chat by what it begins with, up to the first prompt.
func chatStart(list jsonl.Value) string {
	sum := sha256.New()
	for m := range list.Elements() {
		sum.Write(m.Raw())
		if m.Get("role").Is("user") {
			break
		}
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

// one reads a message.
func (r *chat) one(m jsonl.Value) {
	r.messages++
	r.line = r.s.here(m)
	r.join()
	r.closing, r.err = false, nil
	if t := chatTime(m); !t.IsZero() {
		r.at = t
	}
	id := fmt.Sprintf("message %d", r.messages)
	switch m.Get("role").String() {
	case "assistant":
		if !r.silent {
			r.call(cmp.Or(m.Get("id").String(), id), m)
		}
		r.said(m, id)
	case "tool":
		r.outcome(m.Get("tool_call_id").String(), m, m.Get("content"))
	case "function":
		r.outcome(r.asked, m, m.Get("content"))
	case "user":
		for b := range m.Get("content").Elements() {
			if b.Get("type").Is("tool_result") {
				r.outcome(b.Get("tool_use_id").String(), b, b.Get("content"))
			}
		}
	}
}

func (r *chat) call(id string, m jsonl.Value) {
	if id != r.answer { // a streamed one comes in pieces
		r.answer = id
		r.answers++
	}
	r.s.add(r.s.here(firstOf(m, "usage", "usageMetadata"), m), r.at, &trace.Call{
		ID: id, Model: firstString(m, "model", "modelVersion"), End: r.at, Usage: chatUsage(m), FinishReason: firstString(m, "finish_reason", "stop_reason"),
	})
}

// said reads what the model said: text, and the tool calls that it asks for.
func (r *chat) said(m jsonl.Value, id string) {
	content := m.Get("content")
	var text strings.Builder
	text.WriteString(content.String())
	n := 0
	tool := func(told jsonl.Value, given, name string, args jsonl.Value) {
		n++
		r.asked = cmp.Or(given, fmt.Sprintf("%s tool %d", id, n))
		r.s.call(r.s.here(told), r.at, &trace.Tool{ID: r.asked, Name: name, Start: r.at}, args)
	}
	for b := range content.Elements() {
		text.WriteString(b.Get("text").String())
		if b.Get("type").Is("tool_use") {
			tool(b, b.Get("id").String(), b.Get("name").String(), b.Get("input"))
		}
	}
	for c := range m.Get("tool_calls").Elements() {
		f := c.Get("function")
		if !f.Exists() {
			f = c
		}
		if c.Get("id").Exists() || f.Get("name").Exists() { // later pieces of a stream have neither
			tool(c, c.Get("id").String(), f.Get("name").String(), firstOf(f, "arguments", "args", "input"))
		}
	}
	if f := m.Get("function_call"); f.Exists() {
		tool(f, "", f.Get("name").String(), f.Get("arguments"))
	}
	if text.Len() > 0 {
		r.message = text.String()
	}
	r.closing = n == 0 && text.Len() > 0 && ended(firstString(m, "finish_reason", "stop_reason"))
}

// join makes the pieces of an answer that was streamed the last words.
func (r *chat) join() {
	if len(r.pieces) > 0 {
		r.message, r.pieces = string(r.pieces), nil
	}
}

// ended reports whether a model had finished when it stopped.
func ended(reason string) bool {
	switch strings.ToLower(reason) {
	case "length", "max_tokens", "content_filter", "safety", "max_output_tokens":
		return false
	}
	return true
}

// outcome reads the result of a tool call. Whether it failed is said by few: by
// a flag, or by an exit code in what the tool put out.
func (r *chat) outcome(id string, m, content jsonl.Value) {
	if id == "" {
		r.s.drift("(a result without its call)")
		return
	}
	t := &trace.Tool{ID: id, End: r.at}
	if m.Get("is_error").True() || m.Get("isError").True() || m.Get("status").Is("error") {
		t.Error = &trace.Error{Type: "tool_error", Message: clip(textHead(content, 400), 300)}
	}
	tail := strings.NewReplacer(`\`, "", " ", "").Replace(textTail(content, 300))
	for _, mark := range []string{`"exit_code":`, `"exitCode":`, `"returncode":`, "<returncode>"} {
		if code, ok := exitCodeAfter(tail, mark); ok {
			if t.ExitCode = &code; code != 0 {
				t.Error = &trace.Error{Type: "exit_code"}
			}
			break
		}
	}
	t.Failed = t.Error != nil
	r.s.result(r.s.here(m), r.at, t, content)
}

func (r *chat) failure(e jsonl.Value) {
	kind := cmp.Or(scalar(e.Get("type")), scalar(e.Get("code")), "api_error")
	r.closing, r.err = false, &trace.Error{Type: clip(kind, 80), Message: clip(e.Get("message").String(), 300)}
	r.s.add(r.s.here(e), r.at, &trace.Call{ID: fmt.Sprintf("failed %d", r.s.line), End: r.at, Error: r.err})
}

// finish ends a chat. Its last message says whether the model had more to do.
func (r *chat) finish() {
	if r.until == 0 {
		return
	}
	r.join()
	if r.answers > 0 {
		r.s.add(r.until, time.Time{}, &trace.Totals{Turns: trace.Measured(r.answers)})
	}
	switch {
	case r.err != nil:
		r.s.add(r.until, time.Time{}, &trace.End{Status: trace.Failure, Error: r.err})
	case r.closing:
		if d := decisionInText(r.message); d != nil {
			r.s.add(r.until, time.Time{}, d)
		}
		r.s.add(r.until, time.Time{}, &trace.End{Status: trace.Success})
	}
	r.conversation = conversation{}
}

func (r *chat) close() {
	r.finish()
	r.name.close()
}
