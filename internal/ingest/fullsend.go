package ingest

import (
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// fullsendFormat is the sum that fullsend keeps of the iterations of a run, in
// metrics.json. It names neither its run nor its sessions.
const fullsendFormat = "fullsend/metrics"

func isFullsend(v jsonl.Value, _ jsonl.Chunk) bool {
	return v.Get("token_usage", "input").Kind() == jsonl.Number && v.Get("token_usage", "output").Kind() == jsonl.Number &&
		v.Get("num_turns").Kind() == jsonl.Number && v.Get("total_cost_usd").Exists() && !v.Get("type").Exists()
}

type fullsend struct{ s *sink }

func newFullsend(s *sink) reader { return &fullsend{s} }

func (r *fullsend) close() {}

// value reads the sum. A zero is what fullsend writes for everything that the
// agent did not report, as of a run that was killed.
func (r *fullsend) value(v jsonl.Value, line int) {
	u := v.Get("token_usage")
	reasoning := positive(count(u.Get("reasoning")))
	t := &trace.Totals{
		Usage: trace.Usage{
			Input:        count(u.Get("input")),
			CacheRead:    count(u.Get("cache_read")),
			CacheWrite5m: count(u.Get("cache_creation")),
			Output:       count(u.Get("output")).Add(reasoning), // which fullsend counts apart
			Reasoning:    reasoning,
		},
		Turns:     positive(count(v.Get("num_turns"))),
		ToolCalls: count(v.Get("tool_calls")),
	}
	if usd := money(v.Get("total_cost_usd")); usd != nil && *usd > 0 {
		t.CostUSD = usd
	}
	if t.Usage.Total().N() == 0 {
		t.Usage = trace.Usage{}
	}
	r.s.add(line, time.Time{}, &trace.Start{Runtime: trace.Runtime{Name: "fullsend"}, Model: v.Get("model").String()})
	r.s.add(r.s.here(u), time.Time{}, t)
}

// positive returns a count, or unknown where it is zero because nobody counted.
func positive(c trace.Count) trace.Count {
	if c.N() == 0 {
		return trace.Count{}
	}
	return c
}
