package ingest

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// response reads what a model's API answered: one model call, or a piece of one
// where it was streamed.
func (r *chat) response(v jsonl.Value) {
	id := firstString(v, "id", "responseId")
	if id == "" {
		id = fmt.Sprintf("response %d", r.s.line)
	}
	if t := chatTime(v); !t.IsZero() {
		r.at = t
	}
	r.line, r.silent = r.s.here(v), true
	if id != r.answer {
		r.join()
	}
	before := r.conversation
	r.closing, r.err = false, nil
	if e := v.Get("error"); e.Kind() == jsonl.Object {
		r.failure(e)
		return
	}
	r.call(id, v)
	switch {
	case v.Get("choices").Kind() == jsonl.Array:
		r.choice(v.Get("choices"), id)
		r.piece(v.Get("choices"), id, before)
	case v.Get("output").Kind() == jsonl.Array:
		r.output(v.Get("output"), id)
	case v.Get("candidates").Kind() == jsonl.Array:
		r.candidate(v.Get("candidates"), id)
	default:
		r.said(v, id)
	}
}

// choice reads the first choice; the others are answers not taken.
func (r *chat) choice(choices jsonl.Value, id string) {
	for c := range choices.Elements() {
		m := firstOf(c, "message", "delta")
		r.said(m, id)
		r.closing = r.closing && ended(c.Get("finish_reason").String())
		return
	}
}

// piece joins a piece of a streamed answer to those before it. The last piece
// has a reason and no text, and one with the usage may follow that has neither.
func (r *chat) piece(choices jsonl.Value, id string, before conversation) {
	same := id == before.answer
	if choices.Len() == 0 {
		r.closing = same && before.closing
		return
	}
	for c := range choices.Elements() {
		if !c.Get("delta").Exists() {
			return
		}
		if r.message = before.message; len(r.pieces) < 1<<20 {
			r.pieces = append(r.pieces, c.Get("delta", "content").String()...)
		}
		reason := c.Get("finish_reason").String()
		r.closing = reason != "" && reason != "tool_calls" && reason != "function_call" && ended(reason)
		return
	}
}

// output reads the items of OpenAI's Responses.
func (r *chat) output(items jsonl.Value, id string) {
	var text strings.Builder
	asks := 0
	for item := range items.Elements() {
		switch item.Get("type").String() {
		case "message":
			for b := range item.Get("content").Elements() {
				text.WriteString(b.Get("text").String())
			}
		case "function_call", "custom_tool_call", "local_shell_call":
			asks++
			tool := cmp.Or(firstString(item, "call_id", "id"), fmt.Sprintf("%s tool %d", id, asks))
			name := cmp.Or(item.Get("name").String(), item.Get("type").String())
			r.s.call(r.s.here(item), r.at, &trace.Tool{ID: tool, Name: name, Start: r.at}, firstOf(item, "arguments", "input", "action"))
		}
	}
	r.answered(text.String(), asks)
}

// candidate reads the first candidate of Gemini. Its tool calls have ids in newer
// versions only.
func (r *chat) candidate(candidates jsonl.Value, id string) {
	for c := range candidates.Elements() {
		var text strings.Builder
		asks := 0
		for p := range c.Get("content", "parts").Elements() {
			text.WriteString(p.Get("text").String())
			if f := p.Get("functionCall"); f.Exists() {
				asks++
				tool := cmp.Or(f.Get("id").String(), fmt.Sprintf("%s tool %d", id, asks))
				r.s.call(r.s.here(p), r.at, &trace.Tool{ID: tool, Name: f.Get("name").String(), Start: r.at}, f.Get("args"))
			}
		}
		r.answered(text.String(), asks)
		r.closing = r.closing && ended(c.Get("finishReason").String())
		return
	}
}

func (r *chat) answered(text string, asks int) {
	if text != "" {
		r.message = text
	}
	r.closing = asks == 0 && text != ""
}

// chatUsage reads the usage of a model call in the words of each API. OpenAI's
// and Gemini's input includes what was cached, Anthropic's does not.
func chatUsage(m jsonl.Value) trace.Usage {
	if g := m.Get("usageMetadata"); g.Exists() {
		return geminiUsage(count(g.Get("promptTokenCount")), count(g.Get("cachedContentTokenCount")), count(g.Get("toolUsePromptTokenCount")),
			count(g.Get("candidatesTokenCount")), count(g.Get("thoughtsTokenCount")))
	}
	u := m.Get("usage")
	if u.Get("prompt_tokens").Exists() {
		cached := count(u.Get("prompt_tokens_details", "cached_tokens"))
		return trace.Usage{
			Input: minus(count(u.Get("prompt_tokens")), cached), CacheRead: cached,
			Output: count(u.Get("completion_tokens")), Reasoning: count(u.Get("completion_tokens_details", "reasoning_tokens")),
		}
	}
	if u.Get("total_tokens").Exists() || u.Get("input_tokens_details").Exists() {
		cached := count(u.Get("input_tokens_details", "cached_tokens"))
		return trace.Usage{
			Input: minus(count(u.Get("input_tokens")), cached), CacheRead: cached,
			Output: count(u.Get("output_tokens")), Reasoning: count(u.Get("output_tokens_details", "reasoning_tokens")),
		}
	}
	return claudeUsage(u)
}

// chatTime returns the time of a message, under the names that are common:
// a text, or a number of seconds or milliseconds since 1970.
func chatTime(v jsonl.Value) time.Time {
	t := firstOf(v, "timestamp", "created_at", "created", "createdAt")
	if at := t.Time(); !at.IsZero() {
		return at
	}
	f, ok := t.Float()
	switch {
	case !ok || f < 1e8 || f > 1e14:
		return time.Time{}
	case f < 1e11:
		return time.UnixMilli(int64(f * 1000)).UTC()
	}
	return time.UnixMilli(int64(f)).UTC()
}
