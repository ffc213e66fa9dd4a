package session

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/trace"
)

// TestLedgers collects an account of calls and sums of them beside the runs
// that they may be of.
func TestLedgers(t *testing.T) {
	of := func(run, file, space string, f trace.Fact) trace.Record {
		r := trace.Record{RunID: run, Space: space, Source: space, Pos: trace.Pos{File: file, Line: 1}, Fact: f}
		r.Unnamed = strings.HasPrefix(run, "?")
		return r
	}
	call := func(id string, second int, u trace.Usage) *trace.Call {
		return &trace.Call{ID: id, Model: "m1", Start: at(second), End: at(second + 1), Usage: u}
	}
	agent := []trace.Record{
		of("a", "x/t.jsonl", "s", call("c1", 10, tokens(100, 7))),
		of("a", "x/t.jsonl", "s", call("c2", 20, tokens(150, 9))),
		of("b", "x/u.jsonl", "s", call("c3", 5000, tokens(100, 7))),
		of("b", "x/u.jsonl", "s", &trace.Totals{Usage: tokens(100, 7), CostUSD: usd(0.25)}),
	}
	proxy := func(second int, us ...trace.Usage) []trace.Record {
		var out []trace.Record
		for i, u := range us {
			out = append(out, of("?p", "x/p.jsonl", "gh-aw", call(fmt.Sprint("p", i), second+10*i, u)))
		}
		return out
	}
	sum := func(file, space string, u trace.Usage, cost *float64) trace.Record {
		return of("?"+space, file, space, &trace.Totals{Usage: u, CostUSD: cost})
	}
	tests := []struct {
		name string
		recs []trace.Record
		want string
	}{
		{"the same calls at the same time", proxy(10, tokens(100, 7), tokens(150, 9)), "a=266/2 b=107/1"},
		{"what it knows beyond the agent does not add to its figures", proxy(10, tokens(100, 7), tokens(150, 9), tokens(44, 4)), "a=266/2 b=107/1"},
		{"a part of the calls", proxy(20, tokens(150, 9)), "a=266/2 b=107/1"},
		{"other calls", proxy(10, tokens(500, 7), tokens(150, 9), tokens(800, 9)), "?p=1475/3 a=266/2 b=107/1"},
		{"the same calls at another time", proxy(9000, tokens(100, 7), tokens(150, 9)), "?p=266/2 a=266/2 b=107/1"},
		{"calls of several runs are of none", append(proxy(10, tokens(100, 7), tokens(150, 9)),
			of("?p", "x/p.jsonl", "gh-aw", call("p9", 5000, tokens(100, 7)))), "a=266/2 b=107/1"},
		{"a sum of tokens", []trace.Record{sum("y/agent_usage.json", "gh-aw", tokens(250, 16), nil)}, "a=266/2 b=107/1"},
		{"a sum of an account", append(proxy(10, tokens(500, 7)), sum("y/agent_usage.json", "gh-aw", tokens(500, 7), nil)), "?p=507/1 a=266/2 b=107/1"},
		{"a sum that cost the same", []trace.Record{sum("y/metrics.json", "fullsend/metrics", tokens(1, 1), usd(0.25))}, "a=266/2 b=107/1"},
		{"a sum of all runs in the folder", []trace.Record{sum("x/metrics.json", "fullsend/metrics", tokens(350, 23), nil)}, "a=266/2 b=107/1"},
		{"a sum of runs elsewhere", []trace.Record{sum("y/metrics.json", "fullsend/metrics", tokens(350, 23), nil)}, "?fullsend/metrics=373/unknown a=266/2 b=107/1"},
		{"a sum of nothing", []trace.Record{sum("x/metrics.json", "fullsend/metrics", trace.Usage{}, nil)}, "?fullsend/metrics=unknown/unknown a=266/2 b=107/1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := NewCollector(flat{})
			for _, r := range append(tt.recs, agent...) {
				c.Add(r)
			}
			got := map[string]string{}
			for _, r := range c.Runs() {
				got[r.Run.ID] = fmt.Sprintf("%s=%v/%v", r.Run.ID, r.Run.Usage.Total(), r.Run.LLMCalls)
			}
			if s := strings.Join(slices.Sorted(maps.Values(got)), " "); s != tt.want {
				t.Errorf("got %s\nwant %s", s, tt.want)
			}
		})
	}
}
