package ingest

import (
	"strconv"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// otlpSpan is a span or a log record, with its resource.
type otlpSpan struct {
	v        jsonl.Value
	attrs    attributes
	resource attributes
	from     jsonl.Value // the resource itself
	fallback string      // the run of a span that names none
}

func newSpan(v, resource jsonl.Value) otlpSpan {
	return otlpSpan{v: v, attrs: attributesOf(v), resource: attributesOf(resource), from: resource}
}

// spanKind is what a span is of, in the words of the GenAI conventions.
type spanKind uint8

const (
	otherSpan spanKind = iota
	agentSpan
	chatSpan
	toolSpan
)

// kind tells by the operation's name, then by the span's: emitters leave out
// the one or the other. Spans that merely hold token counts are none of these:
// programs trace their insides, and the same response is in several of them.
func (s otlpSpan) kind(name string) spanKind {
	op := s.attrs.text("gen_ai.operation.name")
	switch op {
	case "invoke_agent":
		return agentSpan
	case "chat", "text_completion", "generate_content", "completion":
		return chatSpan
	case "execute_tool":
		return toolSpan
	}
	switch {
	case strings.HasPrefix(name, "ai."):
		return vercelKind(name)
	case op != "":
		return otherSpan
	case name == "claude_code.llm_request", strings.HasPrefix(name, "chat "):
		return chatSpan
	case name == "claude_code.interaction", name == "invoke_agent", strings.HasPrefix(name, "invoke_agent "):
		return agentSpan
	case name == "claude_code.tool", strings.HasPrefix(name, "execute_tool "):
		return toolSpan
	}
	if req := s.attrs.text("llm.request.type"); req == "chat" || req == "completion" {
		return chatSpan
	}
	return otherSpan
}

// vercelKind is the kind of a span of the Vercel AI SDK. Its outer spans repeat
// the usage of the calls that they enclose.
func vercelKind(name string) spanKind {
	name, _, _ = strings.Cut(name, " ")
	switch {
	case name == "ai.toolCall":
		return toolSpan
	case strings.HasSuffix(name, ".doGenerate"), strings.HasSuffix(name, ".doStream"):
		return chatSpan
	}
	return otherSpan
}

// claude reports whether Claude Code wrote the span.
func (s otlpSpan) claude() bool { return s.resource.text("service.name") == "claude-code" }

// run returns the run that the span is of, and the sub-agent. Claude Code gives
// the conversation of a sub-agent an id of its own, and the session's beside it;
// elsewhere the session may be wider than a run. It is empty where the span names
// neither and is to be told by its place in the trace.
func (s otlpSpan) run() (run, sub string) {
	conversation, session := s.attrs.text("gen_ai.conversation.id"), s.attrs.text("session.id")
	if s.claude() && session != "" {
		if agent := s.attrs.text("agent_id"); agent != "" {
			return session, agent
		}
		if conversation != "" && conversation != session {
			return session, conversation
		}
		return session, ""
	}
	return firstNonEmpty(conversation, session, s.attrs.text("ai.telemetry.metadata.sessionId"), s.fallback), ""
}

// context reads the conventions for version control and pipelines.
func (s otlpSpan) context() trace.Context {
	both := func(keys ...string) string {
		return firstNonEmpty(s.attrs.text(keys...), s.resource.text(keys...))
	}
	c := trace.Context{
		Repository:  repositoryOf(both("vcs.repository.url.full")),
		HeadSHA:     both("vcs.ref.head.revision"),
		Branch:      both("vcs.ref.head.name"),
		WorkflowRun: both("cicd.pipeline.run.id"),
		Attempt:     both("github.run_attempt"),
		Job:         both("github.job"),
	}
	if repo, number, ok := strings.Cut(both("fullsend.work_item_id"), "#"); ok && strings.Count(repo, "/") == 1 {
		c.Repository = firstNonEmpty(c.Repository, repo)
		c.Number, _ = strconv.Atoi(number)
	}
	if n, err := strconv.Atoi(both("vcs.change.id")); err == nil && n > 0 {
		c.Number, c.SubjectKind = n, "pull_request"
	}
	return c
}

// usage reads the tokens of a call. By the conventions the input includes what
// was read from and written to a cache; an emitter that counts more cached
// tokens than input cannot have followed them.
func (s otlpSpan) usage() trace.Usage {
	a := s.attrs
	if s.claude() {
		return trace.Usage{
			Input:        a.count("input_tokens"),
			CacheRead:    a.count("cache_read_tokens"),
			CacheWrite5m: a.count("cache_creation_tokens"),
			Output:       a.count("output_tokens"),
		}
	}
	u := trace.Usage{
		Input: a.count("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "ai.usage.inputTokens", "ai.usage.promptTokens"),
		CacheRead: a.count("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens",
			"ai.usage.cachedInputTokens", "ai.usage.inputTokenDetails.cacheReadTokens"),
		CacheWrite5m: a.count("gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_write.input_tokens",
			"gen_ai.usage.cache_creation_input_tokens", "ai.usage.inputTokenDetails.cacheWriteTokens"),
		Output:    a.count("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "ai.usage.outputTokens", "ai.usage.completionTokens"),
		Reasoning: a.count("gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens", "ai.usage.reasoningTokens", "ai.usage.outputTokenDetails.reasoningTokens"),
	}
	if u.Input.N() >= u.CacheRead.N()+u.CacheWrite5m.N() {
		u.Input = minus(u.Input, u.CacheRead, u.CacheWrite5m)
	}
	return u
}

// fault returns the error that a span ended with, nil where it did not.
func (s otlpSpan) fault() *trace.Error {
	typ, status := s.attrs.text("error.type"), s.v.Get("status")
	code, _ := status.Get("code").Int()
	if typ == "" && code != 2 && !status.Get("code").Is("STATUS_CODE_ERROR") {
		return nil
	}
	if n, ok := s.attrs.get("status_code", "http.response.status_code").Int(); ok && n >= 400 {
		typ = httpErrorType(strconv.FormatInt(n, 10))
	}
	return &trace.Error{
		Type:    firstNonEmpty(typ, s.attrs.text("error_class"), "error"),
		Message: clip(firstNonEmpty(status.Get("message").String(), s.attrs.text("error")), 500),
	}
}

func (s otlpSpan) model() string {
	return s.attrs.text("gen_ai.response.model", "gen_ai.request.model", "ai.response.model", "ai.model.id")
}

func (s otlpSpan) finish() string {
	v := s.attrs.get("gen_ai.response.finish_reasons", "ai.response.finishReason")
	for e := range v.Elements() {
		v = e
		break
	}
	if v.Kind() == jsonl.Object {
		v = anyValue(v)
	}
	return v.String()
}

// remoteParent reports whether the span's flags say that its parent is of
// another process, as the context that TRACEPARENT hands down is.
func (s otlpSpan) remoteParent() bool {
	const known, remote = 0x100, 0x200
	flags, _ := s.v.Get("flags").Int()
	return flags&known != 0 && flags&remote != 0
}

// times returns when the span began and ended.
func (s otlpSpan) times() (start, end time.Time) {
	return otlpTime(firstOf(s.v, "startTimeUnixNano", "startTime")), otlpTime(firstOf(s.v, "endTimeUnixNano", "endTime"))
}

// logTime returns when a log record was written. Codex leaves the time of its
// events at zero, and says it in an attribute.
func (s otlpSpan) logTime() time.Time {
	for _, t := range []time.Time{
		otlpTime(s.v.Get("timeUnixNano")), s.attrs.get("event.timestamp").Time(), otlpTime(s.v.Get("observedTimeUnixNano")),
	} {
		if !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}
