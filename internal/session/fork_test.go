package session

import (
	"fmt"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/trace"
)

// TestUnfork reduces run "r", a fork of run "o", in both orders of records.
func TestUnfork(t *testing.T) {
	const (
		id1, id2 = "msg_0123456789abcdef1", "msg_0123456789abcdef2"
		tool     = "toolu_0123456789abcdef"
	)
	of := func(run string, r trace.Record) trace.Record { r.RunID = run; return r }
	at := func(n int, r trace.Record) trace.Record { r.Time = at(n); return r }
	call := func(id string, end int) *trace.Call {
		return &trace.Call{ID: id, Model: "m1", Start: stampOf(at(end, trace.Record{}).Time).time(), End: at(end+1, trace.Record{}).Time, Usage: tokens(100, 10)}
	}
	tests := []struct {
		name string
		recs []trace.Record
		want string
	}{
		{"a total that has the copy in it", []trace.Record{
			of("o", rec("a:1", call(id1, 1))), rec("b:1", call(id1, 1)), rec("b:2", call(id2, 9)),
			rec("b:3", &trace.Totals{Usage: tokens(200, 20), CostUSD: usd(1), ByModel: map[string]trace.Usage{"m1": tokens(200, 20)}}),
		}, "o: calls=1 in=100\nr: calls=1 in=100 from=o"},
		{"a total of its own part", []trace.Record{
			of("o", rec("a:1", call(id1, 1))), rec("b:1", call(id1, 1)), rec("b:2", call(id2, 9)),
			rec("b:3", &trace.Totals{Usage: tokens(150, 15), CostUSD: usd(1)}),
		}, "o: calls=1 in=100\nr: calls=1 in=150 cost=1 from=o"},
		{"a total that was copied", []trace.Record{
			of("o", rec("a:1", call(id1, 1))), of("o", rec("a:2", &trace.Totals{Usage: tokens(100, 10), CostUSD: usd(1)})),
			rec("b:1", call(id1, 1)), rec("b:2", &trace.Totals{Usage: tokens(100, 10), CostUSD: usd(1)}), rec("b:3", call(id2, 9)),
		}, "o: calls=1 in=100 cost=1\nr: calls=1 in=100 from=o"},
		{"a total of its own part that is less than the copy", []trace.Record{
			of("o", rec("a:1", call(id1, 1))), rec("b:1", call(id1, 1)),
			rec("b:2", &trace.Call{ID: id2, Model: "m1", Start: stampOf(at(9, trace.Record{}).Time).time(), End: at(10, trace.Record{}).Time, Usage: tokens(10, 1)}),
			rec("b:3", &trace.Totals{Usage: tokens(10, 1), CostUSD: usd(1)}),
		}, "o: calls=1 in=100\nr: calls=1 in=10 cost=1 from=o"},
		{"requests that failed, sub-agents, compactions and a verdict in the copied part", []trace.Record{
			of("o", rec("a:1", &trace.Call{ID: "failed-1", Error: &trace.Error{Type: "x"}})),
			of("o", rec("a:2", &trace.Subagent{ID: "sub"})),
			of("o", at(1, rec("a:2", &trace.Compaction{}))),
			of("o", rec("a:3", &trace.Decision{Kind: trace.Approve})), of("o", rec("a:4", call(id1, 1))),
			rec("b:1", &trace.Call{ID: "failed-1", Error: &trace.Error{Type: "x"}}),
			rec("b:2", &trace.Subagent{ID: "sub"}), at(1, rec("b:2", &trace.Compaction{})),
			rec("b:3", &trace.Decision{Kind: trace.Approve}), rec("b:4", call(id1, 1)),
			rec("b:5", &trace.Call{ID: "failed-2", Error: &trace.Error{Type: "x"}}), rec("b:6", call(id2, 9)),
		}, "o: calls=1 in=100 errors=1 subagents=1 compactions=1 approve\nr: calls=1 in=100 errors=1 from=o"},
		{"an original of which the stream has placeholders", []trace.Record{
			of("o", rec("a:1", &trace.Call{ID: id1, Usage: tokens(100, 0), Partial: true})),
			of("o", at(0, rec("a:0", &trace.Start{}))),
			rec("b:1", call(id1, 1)), rec("b:2", call(id2, 9)),
		}, "o: calls=1 in=100\nr: calls=1 in=100 from=o"},
		{"short ids of two runs are of two calls", []trace.Record{
			of("o", rec("a:1", call("1", 1))), rec("b:1", call("1", 9)),
		}, "o: calls=1 in=100\nr: calls=1 in=100"},
		{"short ids of one moment are of one", []trace.Record{
			of("o", rec("a:1", call("1", 1))), rec("b:1", call("1", 1)), rec("b:2", call("2", 9)),
		}, "o: calls=1 in=100\nr: calls=1 in=100 from=o"},
		{"ids of the native format are of their run", []trace.Record{
			of("o", in(NativeFormat, rec("a:1", call(id1, 1)))), in(NativeFormat, rec("b:1", call(id1, 1))),
		}, "o: calls=1 in=100\nr: calls=1 in=100"},
		{"a tool's result that was copied", []trace.Record{
			of("o", rec("a:1", call(id1, 1))), of("o", rec("a:2", &trace.Tool{ID: tool, Done: true, Failed: true})),
			rec("b:1", call(id1, 1)), rec("b:2", &trace.Tool{ID: tool, Done: true, Failed: true}), rec("b:3", call(id2, 9)),
		}, "o: calls=1 in=100 tools=1/1\nr: calls=1 in=100 from=o"},
		{"two that go on from each other", []trace.Record{
			of("o", rec("a:1", call(id1, 1))), of("o", rec("a:1", &trace.Start{ForkedFrom: "r"})),
			rec("b:1", call(id1, 1)), rec("b:2", call(id2, 9)), rec("b:1", &trace.Start{ForkedFrom: "o"}),
		}, "r: calls=2 in=200 from=o\no: calls=0 in=0 from=r"},
	}
	for _, tt := range tests {
		for _, turned := range []bool{false, true} {
			t.Run(fmt.Sprint(tt.name, turned), func(t *testing.T) {
				c := NewCollector(flat{})
				for i := range tt.recs {
					if turned {
						i = len(tt.recs) - 1 - i
					}
					c.Add(tt.recs[i])
				}
				var got []string
				for _, run := range c.Runs() {
					got = append(got, outline(run.Run))
				}
				if s := strings.Join(got, "\n"); s != tt.want {
					t.Errorf("got\n%s\nwant\n%s", s, tt.want)
				}
			})
		}
	}
}

// BenchmarkUnfork has a long line of forks, each with a call of its own and one of
// each of many others: time must not grow with the square of it.
func BenchmarkUnfork(b *testing.B) {
	for _, n := range []int{1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				c := NewCollector(nil)
				add := func(run, id string, f trace.Fact) {
					r := rec("a:1", f)
					r.RunID = run
					c.Add(r)
				}
				for i := range n {
					run, id := fmt.Sprint("run", i), fmt.Sprintf("msg_%020d", i)
					add(run, id, &trace.Start{ForkedFrom: fmt.Sprint("run", i-1)})
					add(run, id, &trace.Call{ID: id, Usage: tokens(1, 1)})
					add(run, id, &trace.Tool{ID: "tool" + id})
					add("last", id, &trace.Call{ID: id, Usage: tokens(1, 1)})
					add("last", id, &trace.Tool{ID: "tool" + id})
				}
				add("last", "", &trace.Start{ForkedFrom: fmt.Sprint("run", n-1)})
				c.adopt()
				c.unfork()
			}
		})
	}
}

func TestUnforkExplains(t *testing.T) {
	const id = "msg_0123456789abcdef1"
	c := NewCollector(flat{})
	c.Explain = true
	o := rec("a:1", &trace.Call{ID: id, Model: "m1", End: at(1), Usage: tokens(100, 10)})
	o.RunID = "o"
	c.Add(o)
	c.Add(rec("b:7", &trace.Call{ID: id, Model: "m1", End: at(99), Usage: tokens(100, 10)}))
	calls := c.Runs()[1].Run.Explained.Calls
	if len(calls) != 1 || calls[0].Counted || calls[0].Line != 7 || calls[0].Why != "a copy: counts in run o" {
		t.Errorf("got %+v", calls)
	}
}

func outline(r *Run) string {
	s := fmt.Sprintf("%s: calls=%v in=%v", r.ID, r.LLMCalls, r.Usage.Input)
	if r.LLMErrors.N() > 0 {
		s += fmt.Sprintf(" errors=%v", r.LLMErrors)
	}
	if r.ToolCalls.N() > 0 {
		s += fmt.Sprintf(" tools=%v/%v", r.ToolCalls, r.ToolErrors)
	}
	if r.Subagents.N() > 0 {
		s += fmt.Sprintf(" subagents=%v", r.Subagents)
	}
	if r.Context != nil && r.Context.Compactions > 0 {
		s += fmt.Sprintf(" compactions=%v", r.Context.Compactions)
	}
	if r.Cost.ReportedUSD != nil {
		s += fmt.Sprintf(" cost=%v", *r.Cost.ReportedUSD)
	}
	if r.Decision != nil {
		s += " " + string(r.Decision.Kind)
	}
	if r.ForkedFrom != "" {
		s += " from=" + r.ForkedFrom
	}
	return s
}
