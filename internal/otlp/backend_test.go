package otlp_test

import (
	"slices"
	"strings"

	"github.com/andon-ci/andon/internal/otlp"
)

// field is what a backend shows of a span, and what it takes it from: the first
// of the names that the span has, else that its resource has. Names in
// parentheses are parts of the span itself.
type field struct {
	name string
	from []string
}

// langfuseFields are Langfuse's, of OtelIngestionProcessor.ts, without the names
// of other programs' conventions.
func langfuseFields() []field {
	return []field{
		{"name", []string{"gen_ai.tool.name", "(name)"}},
		{"session", []string{"langfuse.session.id", "session.id", "gen_ai.conversation.id"}},
		{"user", []string{"langfuse.user.id", "user.id"}},
		{"model", []string{"langfuse.observation.model.name", "gen_ai.response.model", "gen_ai.request.model", "llm.response.model", "llm.model_name", "model"}},
		{"level", []string{"langfuse.observation.level", "(level)"}},
		{"message", []string{"langfuse.observation.status_message", "(message)"}},
		{"input", []string{"langfuse.observation.input", "input.value", "gen_ai.input.messages", "gen_ai.tool.call.arguments"}},
		{"output", []string{"langfuse.observation.output", "output.value", "gen_ai.output.messages", "gen_ai.tool.call.result"}},
		{"cost", []string{"langfuse.observation.cost_details", "gen_ai.usage.cost", "llm.cost.total"}},
		{"trace", []string{"langfuse.trace.name"}},
		{"tags", []string{"langfuse.trace.tags", "langfuse.tags", "tag.tags"}},
		{"release", []string{"langfuse.release"}},
		{"version", []string{"langfuse.version", "service.version"}},
		{"environment", []string{"langfuse.environment", "deployment.environment.name", "deployment.environment"}},
		{"pr", []string{"langfuse.trace.metadata.pr"}},
	}
}

// phoenixFields are Phoenix's: what OpenInference's names say wins over what it
// makes of gen_ai.* (trace/otel.py and trace/gen_ai/conversion.py).
func phoenixFields() []field {
	return []field{
		{"name", []string{"(name)"}},
		{"session", []string{"session.id", "gen_ai.conversation.id"}},
		{"user", []string{"user.id"}},
		{"model", []string{"llm.model_name", "gen_ai.request.model"}},
		{"level", []string{"(level)"}},
		{"message", []string{"(message)"}},
		{"input", []string{"input.value", "gen_ai.tool.call.arguments"}},
		{"output", []string{"output.value", "gen_ai.tool.call.result"}},
		{"tags", []string{"tag.tags"}},
		{"metadata", []string{"metadata"}},
		{"project", []string{"openinference.project.name"}},
		{"tool", []string{"tool.name", "gen_ai.tool.name"}},
	}
}

// facts are what a span and its resource have, by name.
func facts(s *otlp.Span, resource []otlp.Attr) map[string]any {
	out := map[string]any{}
	for _, a := range slices.Concat(resource, s.Attrs) {
		out[a.Key] = a.Value
	}
	out["(name)"], out["(level)"] = s.Name, "DEFAULT"
	if s.Failed {
		out["(level)"], out["(message)"] = "ERROR", s.Message
	}
	return out
}

// pick applies the fields to a span.
func pick(have map[string]any, fields []field) map[string]any {
	out := map[string]any{}
	for _, f := range fields {
		for _, name := range f.from {
			if v, ok := have[name]; ok && out[f.name] == nil {
				out[f.name] = v
			}
		}
	}
	return out
}

// kinds are the types of observations by OpenInference's kind and by operation:
// Langfuse asks for the kind first, as Phoenix does.
func kinds() (byKind, byOperation map[string]string) {
	byKind = map[string]string{"LLM": "GENERATION"}
	for _, same := range []string{"CHAIN", "AGENT", "TOOL", "RETRIEVER", "EMBEDDING", "GUARDRAIL", "EVALUATOR"} {
		byKind[same] = same
	}
	return byKind, map[string]string{"chat": "GENERATION", "invoke_agent": "AGENT", "execute_tool": "TOOL"}
}

// langfuseSees returns what Langfuse shows of a span.
func langfuseSees(s *otlp.Span, resource []otlp.Attr) map[string]any {
	have := facts(s, resource)
	out := pick(have, langfuseFields())
	byKind, byOperation := kinds()
	kind, _ := have["openinference.span.kind"].(string)
	operation, _ := have["gen_ai.operation.name"].(string)
	out["type"] = "SPAN"
	switch {
	case byKind[kind] != "":
		out["type"] = byKind[kind]
	case byOperation[operation] != "":
		out["type"] = byOperation[operation]
	case have["gen_ai.tool.name"] != nil:
		out["type"] = "TOOL"
	case out["model"] != nil:
		out["type"] = "GENERATION"
	}
	out["usage"] = langfuseUsage(have)
	if operation == "invoke_agent" || operation == "agent_step" {
		delete(out, "model")
		delete(out, "cost")
		delete(out, "usage")
	}
	return out
}

// langfuseUsage returns tokens by type: those of caches and of reasoning apart
// from the rest, and what it does not know as a type of its own.
func langfuseUsage(have map[string]any) map[string]int64 {
	raw := map[string]int64{}
	for key, v := range have {
		name, ok := strings.CutPrefix(key, "gen_ai.usage.")
		if n, is := v.(int64); ok && is && name != "cost" {
			raw[name] = n
		}
	}
	out := map[string]int64{}
	rename := map[string]string{
		"cache_read.input_tokens": "input_cached_tokens", "cache_creation.input_tokens": "input_cache_creation", "reasoning.output_tokens": "output_reasoning_tokens",
	}
	for name, n := range raw {
		switch {
		case name == "input_tokens":
			out["input"] = max(0, n-raw["cache_read.input_tokens"]-raw["cache_creation.input_tokens"])
		case name == "output_tokens":
			out["output"] = max(0, n-raw["reasoning.output_tokens"])
		case rename[name] != "":
			out[rename[name]] = n
		default:
			out[name] = n
		}
	}
	return out
}

// phoenixSees returns what Phoenix shows of a span. It counts tokens at the kind
// LLM alone, and reads no cost: it has prices.
func phoenixSees(s *otlp.Span, resource []otlp.Attr) map[string]any {
	have := facts(s, resource)
	out := pick(have, phoenixFields())
	if have["openinference.span.kind"] == nil {
		_, byOperation := kinds()
		operation, _ := have["gen_ai.operation.name"].(string)
		have["openinference.span.kind"] = strings.Replace(byOperation[operation], "GENERATION", "LLM", 1)
	}
	out["type"] = have["openinference.span.kind"]
	if out["type"] == "LLM" {
		usage := pick(have, []field{
			{"prompt", []string{"llm.token_count.prompt", "gen_ai.usage.input_tokens"}},
			{"completion", []string{"llm.token_count.completion", "gen_ai.usage.output_tokens"}},
			{"cache_read", []string{"llm.token_count.prompt_details.cache_read", "gen_ai.usage.cache_read.input_tokens"}},
			{"cache_write", []string{"llm.token_count.prompt_details.cache_write", "gen_ai.usage.cache_creation.input_tokens"}},
		})
		tokens := map[string]int64{}
		for name, n := range usage {
			tokens[name], _ = n.(int64)
		}
		out["usage"] = tokens
	}
	return out
}
