package ingest

import (
	"strconv"
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// claudeUsage reads usage, of which older versions do not say how long what was
// written to the cache lives: five minutes was the only lifetime then.
func claudeUsage(u jsonl.Value) trace.Usage {
	usage := trace.Usage{
		Input:     count(u.Get("input_tokens")),
		CacheRead: count(u.Get("cache_read_input_tokens")),
		Output:    count(u.Get("output_tokens")),
		Reasoning: thinking(u.Get("output_tokens_details", "thinking_tokens")),
	}
	if split := u.Get("cache_creation"); split.Kind() == jsonl.Object {
		usage.CacheWrite5m = count(split.Get("ephemeral_5m_input_tokens"))
		usage.CacheWrite1h = count(split.Get("ephemeral_1h_input_tokens"))
	}
	if usage.CacheWrite5m.N()+usage.CacheWrite1h.N() == 0 {
		if whole := count(u.Get("cache_creation_input_tokens")); whole.Known() {
			usage.CacheWrite5m = whole
		}
	}
	return usage
}

// inner emits the calls that the provider made to answer one request and leaves
// out of the usage around them: of the model that was asked for advice, and of
// the summary that made the context smaller. Each has the request's id and a
// number, the same on all lines that repeat the usage.
// See https://platform.claude.com/docs/en/agents-and-tools/tool-use/advisor-tool
// and https://platform.claude.com/docs/en/build-with-claude/compaction.
func (r *claude) inner(id, model string, iterations jsonl.Value, line int, t time.Time) {
	advised, compacted := 0, 0
	for it := range iterations.Elements() {
		c := &trace.Call{Provider: "anthropic", End: t}
		switch typ := it.Get("type"); {
		case typ.Is("advisor_message"):
			advised++
			c.ID, c.Model = id+"#advisor"+strconv.Itoa(advised), it.Get("model").String()
		case typ.Is("compaction"):
			compacted++
			c.ID, c.Model = id+"#compaction"+strconv.Itoa(compacted), model
		default:
			continue
		}
		c.Usage = claudeUsage(it)
		r.s.add(line, t, c)
	}
}

// thinking reads a count of thinking tokens. Claude Code writes 0 also where the
// model thought and the provider did not say how much, so that 0 says nothing.
func thinking(v jsonl.Value) trace.Count {
	if n := count(v); n.N() > 0 {
		return n
	}
	return trace.Count{}
}

// claudeModelUsage reads the totals by model, which include the sub-agents.
func claudeModelUsage(v jsonl.Value) *trace.Totals {
	t := &trace.Totals{ByModel: map[string]trace.Usage{}, Windows: map[string]int64{}}
	for model, m := range v.Members() {
		u := trace.Usage{
			Input:        count(m.Get("inputTokens")),
			CacheRead:    count(m.Get("cacheReadInputTokens")),
			CacheWrite5m: count(m.Get("cacheCreationEphemeral5mInputTokens")),
			CacheWrite1h: count(m.Get("cacheCreationEphemeral1hInputTokens")),
			Output:       count(m.Get("outputTokens")),
			Reasoning:    thinking(m.Get("thinkingTokens")),
		}
		if !u.CacheWrite5m.Known() {
			u.CacheWrite5m = minus(count(m.Get("cacheCreationInputTokens")), u.CacheWrite1h)
		}
		t.ByModel[model] = u
		t.Usage = t.Usage.Add(u)
		if w := count(m.Get("contextWindow")); w.N() > 0 {
			t.Windows[model] = w.N()
		}
	}
	return t
}
