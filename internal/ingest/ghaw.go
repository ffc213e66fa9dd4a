package ingest

import (
	"strconv"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// The formats of GitHub Agentic Workflows (gh-aw): what the API proxy of its
// firewall logs of each model call, and the sum that gh-aw makes of it. Neither
// knows the agent's session.
const (
	ghawSpace = "gh-aw"
	ghawProxy = "gh-aw/token-usage"
	ghawUsage = "gh-aw/agent-usage"
)

func ghawFormats() []format {
	return []format{
		{ghawProxy, ghawSpace, isGhawProxy, func(s *sink) reader { return &ghawProxyReader{s: s} }},
		{ghawUsage, ghawSpace, isGhawUsage, func(s *sink) reader { return &ghawUsageReader{s} }},
	}
}

// isGhawProxy recognises a call, also of versions that wrote neither a schema
// nor an event into it.
func isGhawProxy(v jsonl.Value, _ jsonl.Chunk) bool {
	if strings.HasPrefix(v.Get("_schema").String(), "token-usage/") {
		return true
	}
	return v.Get("request_id").Kind() == jsonl.String && v.Get("provider").Kind() == jsonl.String &&
		v.Get("path").Kind() == jsonl.String && v.Get("status").Kind() == jsonl.Number && v.Get("input_tokens").Kind() == jsonl.Number
}

func isGhawUsage(v jsonl.Value, _ jsonl.Chunk) bool {
	for _, key := range []string{"type", "request_id", "session_id", "run_id"} {
		if v.Get(key).Exists() {
			return false // a record of something else, which may have its tokens in it
		}
	}
	credited := v.Get("ai_credits").Kind() == jsonl.Number || v.Get("effective_tokens").Kind() == jsonl.Number
	return credited && v.Get("input_tokens").Kind() == jsonl.Number && v.Get("output_tokens").Kind() == jsonl.Number
}

// ghawProxyReader reads token-usage.jsonl. The ids are the proxy's own, or what
// the client sent: gh-aw keeps the file in two places, of which one is counted.
type ghawProxyReader struct {
	s       *sink
	started bool
}

func (r *ghawProxyReader) close() {}

func (r *ghawProxyReader) value(v jsonl.Value, line int) {
	if e := v.Get("event"); e.Exists() && !e.Is("token_usage") {
		r.s.drift(e.String())
		return
	}
	id := v.Get("request_id").String()
	if id == "" {
		r.s.bad(line, "/request_id", "a call has no id", "without request_id the two copies of the file would count twice")
		return
	}
	end := v.Get("timestamp").Time()
	c := &trace.Call{ID: id, Provider: ghawProvider(v.Get("provider").String()), End: end}
	if m := v.Get("model"); !m.Is("unknown") {
		c.Model = m.String()
	}
	if ms, ok := v.Get("duration_ms").Float(); ok && ms >= 0 && ms < 1e9 && !end.IsZero() {
		c.Start = end.Add(-time.Duration(ms * float64(time.Millisecond)))
	}
	if status, _ := v.Get("status").Int(); status >= 400 {
		c.Error = &trace.Error{Type: httpErrorType(strconv.FormatInt(status, 10))}
	} else {
		c.Usage = ghawTokens(v, strings.Contains(v.Get("path").String(), "/messages") || c.Provider == "anthropic")
	}
	if !r.started {
		r.started = true
		r.s.add(line, c.Start, &trace.Start{Runtime: trace.Runtime{Name: "gh-aw"}})
	}
	r.s.add(line, end, c)
}

// ghawProvider returns OpenTelemetry's name of a provider.
func ghawProvider(name string) string {
	switch name {
	case "gemini":
		return "gcp.gemini"
	case "unknown":
		return ""
	}
	return name
}

// ghawTokens reads counts that the proxy hands on as the API reported them:
// Anthropic's input leaves out what was cached, that of the others includes it.
// More cached tokens than input is possible only where they are left out.
func ghawTokens(v jsonl.Value, apart bool) trace.Usage {
	u := trace.Usage{
		Input:        count(v.Get("input_tokens")),
		CacheRead:    count(v.Get("cache_read_tokens")),
		CacheWrite5m: count(v.Get("cache_write_tokens")),
		Output:       count(v.Get("output_tokens")),
		Reasoning:    count(v.Get("reasoning_tokens")),
	}
	if v.Get("provider").Is("gemini") {
		u.Output = u.Output.Add(u.Reasoning) // Gemini counts what was thought apart
	}
	if cached := u.CacheRead.N() + u.CacheWrite5m.N(); !apart && cached <= u.Input.N() {
		u.Input = minus(u.Input, u.CacheRead, u.CacheWrite5m)
	}
	return u
}

// ghawUsageReader reads agent_usage.json: what the calls of token-usage.jsonl
// add up to, and zeros where no call is known.
type ghawUsageReader struct{ s *sink }

func (r *ghawUsageReader) close() {}

func (r *ghawUsageReader) value(v jsonl.Value, line int) {
	model := v.Get("primary_model").String()
	r.s.add(line, time.Time{}, &trace.Start{Runtime: trace.Runtime{Name: "gh-aw"}, Model: model})
	// Only Anthropic's API counts what was written to a cache.
	apart := strings.Contains(model, "claude") || count(v.Get("cache_write_tokens")).N() > 0
	if u := ghawTokens(v, apart); u.Total().N() > 0 {
		r.s.add(line, time.Time{}, &trace.Totals{Usage: u})
	}
}
