package ingest

import (
	"regexp"
	"strings"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// codexRuntime is the name of Codex CLI as a runtime.
const codexRuntime = "codex"

// codexUsage converts a usage of Codex, whose input counts cached tokens and
// whose output counts reasoning.
func codexUsage(v jsonl.Value) trace.Usage {
	read, write := count(v.Get("cached_input_tokens")), count(v.Get("cache_write_input_tokens"))
	return trace.Usage{
		Input:        minus(count(v.Get("input_tokens")), read, write),
		CacheRead:    read,
		CacheWrite5m: write,
		Output:       count(v.Get("output_tokens")),
		Reasoning:    count(v.Get("reasoning_output_tokens")),
	}
}

// less returns what u has more than v, class by class: the difference of two
// running totals.
func less(u, v trace.Usage) trace.Usage {
	return trace.Usage{
		Input:        minus(u.Input, v.Input),
		CacheRead:    minus(u.CacheRead, v.CacheRead),
		CacheWrite5m: minus(u.CacheWrite5m, v.CacheWrite5m),
		CacheWrite1h: minus(u.CacheWrite1h, v.CacheWrite1h),
		Output:       minus(u.Output, v.Output),
		Reasoning:    minus(u.Reasoning, v.Reasoning),
	}
}

// runningTotal follows a total that a source repeats as it grows. A total that
// has shrunk was reset, which a compaction of the context or a restart does:
// what it had reached before still was consumed.
type runningTotal struct {
	last trace.Usage // as it was told last
	base trace.Usage // what earlier resets had reached
	seen bool
}

// grow takes the next value of the total, and returns by how much it grew.
func (r *runningTotal) grow(u trace.Usage) trace.Usage {
	defer func() { r.last, r.seen = u, true }()
	switch {
	case !r.seen:
		return u
	case u.Total().N() < r.last.Total().N():
		r.base = r.base.Add(r.last)
		return u
	}
	return less(u, r.last)
}

// sum returns the total over all resets.
func (r *runningTotal) sum() trace.Usage { return r.base.Add(r.last) }

var codexStatus = regexp.MustCompile(`(?:unexpected status|last status:?|http) (\d{3})\b`)

// codexRequestError returns the error of a model request that a message tells
// of, nil where it is about something else.
func codexRequestError(msg string) *trace.Error {
	msg = clip(msg, 500)
	if m := codexStatus.FindStringSubmatch(msg); m != nil {
		return &trace.Error{Type: httpErrorType(m[1]), Message: msg}
	}
	lower := strings.ToLower(msg)
	for _, k := range []struct{ sign, typ string }{
		{"rate limit", "rate_limit"},
		{"usage limit", "rate_limit"},
		{"quota", "rate_limit"},
		{"stream disconnected", "connection"},
		{"stream error", "connection"},
		{"stream closed", "connection"},
		{"error sending request", "connection"},
		{"connection failed", "connection"},
		{"request timed out", "timeout"},
		{"reconnecting...", "connection"},
	} {
		if strings.Contains(lower, k.sign) {
			return &trace.Error{Type: k.typ, Message: msg}
		}
	}
	return nil
}

// httpErrorType names the error of an HTTP status.
func httpErrorType(status string) string {
	switch status {
	case "401", "403":
		return "authentication"
	case "429":
		return "rate_limit"
	case "529":
		return "overloaded"
	}
	return "http_" + status
}

var remoteURL = regexp.MustCompile(`^(?:\w+://(?:[^@/]*@)?[^/]+/|[^@/]+@[^:/]+:)([\w.-]+/[\w.-]+?)(?:\.git)?/?$`)

// repositoryOf returns owner/name of a git remote's URL, "" where it has none.
func repositoryOf(url string) string {
	if m := remoteURL.FindStringSubmatch(url); m != nil {
		return m[1]
	}
	return ""
}
