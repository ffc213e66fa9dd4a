package session

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/trace"
)

// flat prices every token at a millionth of a dollar, but knows only m1 and m2.
type flat struct{}

func (flat) Window(string) (int64, bool) { return 0, false }

func (flat) Cost(model string, u trace.Usage, _ int64) (float64, bool) {
	return float64(u.Total().N()) / 1e6, model == "m1" || model == "m2"
}

func at(seconds int) time.Time { return time.Unix(1_800_000_000+int64(seconds), 0).UTC() }

func tokens(in, out int64) trace.Usage {
	return trace.Usage{Input: trace.Measured(in), Output: trace.Measured(out)}
}

// rec is a record of run "r" in space "s" at a file and line.
func rec(place string, f trace.Fact) trace.Record {
	file, line := place, 0
	if i := strings.IndexByte(place, ':'); i > 0 {
		file = place[:i]
		fmt.Sscan(place[i+1:], &line)
	}
	return trace.Record{RunID: "r", Space: "s", Source: "test/format", Pos: trace.Pos{File: file, Line: line}, Fact: f}
}

func reduce(t *testing.T, recs ...trace.Record) *Run {
	t.Helper()
	c := NewCollector(flat{})
	for _, r := range recs {
		c.Add(r)
	}
	runs := c.Runs()
	if len(runs) != 1 {
		t.Fatalf("got %d runs, want 1", len(runs))
	}
	return runs[0].Run
}

func in(space string, r trace.Record) trace.Record { r.Space, r.Source = space, space; return r }

func usd(f float64) *float64 { return &f }

func TestReduce(t *testing.T) {
	call := func(id string, u trace.Usage) *trace.Call { return &trace.Call{ID: id, Model: "m1", Usage: u} }
	tests := []struct {
		name string
		recs []trace.Record
		want string
	}{
		{"usage repeated per block counts once, at its largest", []trace.Record{
			rec("a:1", call("c1", tokens(10, 1))), rec("a:2", call("c1", tokens(10, 7))), rec("a:3", call("c2", tokens(5, 2))),
		}, "in=15 out=9 calls=2 errors=0 computed=0.000024"},
		{"a session file tells of the same calls as the stream", []trace.Record{
			rec("a:1", call("c1", tokens(10, 7))), rec("b:1", call("c1", tokens(10, 7))),
		}, "in=10 out=7 calls=1 errors=0 computed=0.000017"},
		{"two accounts are never added up", []trace.Record{
			in("s1", rec("a:1", call("c1", tokens(10, 7)))), in("s2", rec("b:1", call("x1", tokens(10, 7)))),
		}, "in=10 out=7 calls=1 errors=0 computed=0.000017"},
		{"telemetry stands back behind the agent's own files", []trace.Record{
			rec("a:1", call("c1", tokens(10, 7))), in("otlp", rec("b:1", call("x1", tokens(99, 99)))),
		}, "in=10 out=7 calls=1 errors=0 computed=0.000017"},
		{"telemetry counts where nothing else knows", []trace.Record{
			rec("a:1", &trace.Start{Runtime: trace.Runtime{Name: "cli"}}), in("otlp", rec("b:1", call("x1", tokens(9, 8)))),
		}, "in=9 out=8 calls=1 errors=0 computed=0.000017"},
		{"totals win where the calls fall short", []trace.Record{
			rec("a:1", call("c1", tokens(10, 1))),
			rec("a:2", &trace.Totals{Usage: tokens(10, 7), ByModel: map[string]trace.Usage{"m2": tokens(10, 7)}}),
		}, "in=10 out=7 calls=1 errors=0 computed=0.000017"},
		{"the last totals of an invocation replace the earlier", []trace.Record{
			rec("a:1", &trace.Totals{Usage: tokens(10, 1)}), rec("a:2", &trace.Totals{Usage: tokens(20, 2)}),
		}, "in=20 out=2 calls=unknown errors=unknown computed=none unpriced=(unknown)"},
		{"totals of two invocations are added up", []trace.Record{
			rec("a:1", &trace.Totals{Invocation: "1", Usage: tokens(10, 1)}), rec("b:2", &trace.Totals{Invocation: "2", Usage: tokens(20, 2)}),
		}, "in=30 out=3 calls=unknown errors=unknown computed=none unpriced=(unknown)"},
		{"a failed request is no call", []trace.Record{
			rec("a:1", &trace.Call{ID: "e", Error: &trace.Error{Type: "overloaded"}}), rec("a:2", call("c1", tokens(1, 1))),
		}, "in=1 out=1 calls=1 errors=1 computed=0.000002"},
		{"a partial call is left out of the sums", []trace.Record{
			rec("a:1", call("c1", tokens(1, 1))), rec("a:2", &trace.Call{ID: "c2", Usage: tokens(9, 9), Partial: true}),
		}, "in=1 out=1 calls=1 errors=0 computed=0.000002"},
		{"an unknown model is unpriced and named", []trace.Record{
			rec("a:1", &trace.Call{ID: "c1", Model: "m9", Usage: tokens(1, 1)}),
		}, "in=1 out=1 calls=1 errors=0 computed=none unpriced=m9"},
		{"nothing measured is unknown", []trace.Record{
			rec("a:1", &trace.Start{}),
		}, "in=unknown out=unknown calls=unknown errors=unknown computed=none"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := reduce(t, tt.recs...)
			got := fmt.Sprintf("in=%v out=%v calls=%v errors=%v computed=", r.Usage.Input, r.Usage.Output, r.LLMCalls, r.LLMErrors)
			if r.Cost.ComputedUSD == nil {
				got += "none"
			} else {
				got += fmt.Sprintf("%.6f", *r.Cost.ComputedUSD)
			}
			if len(r.Cost.UnpricedModels) > 0 {
				got += " unpriced=" + strings.Join(r.Cost.UnpricedModels, ",")
			}
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestTools(t *testing.T) {
	one := 1
	r := reduce(t,
		rec("a:1", &trace.Tool{ID: "t1", Name: "Bash", Start: at(0)}),
		rec("a:2", &trace.Tool{ID: "t1", End: at(3), ExitCode: &one, Failed: true, Done: true}),
		rec("a:3", &trace.Tool{ID: "t2", Name: "Read", Duration: trace.Measured(40), Done: true}),
		rec("a:4", &trace.Tool{ID: "t3", Name: "Bash", Failed: true, Denied: true}),
	)
	got := fmt.Sprintf("%v %v denied=%v %+v", r.ToolCalls, r.ToolErrors, r.PermissionDenials, r.Tools)
	want := "3 2 denied=1 map[Bash:{Calls:2 Errors:2 DurationMS:3000} Read:{Calls:1 Errors:0 DurationMS:40}]"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if p := r.Steps[0].Pos.Line; p != 2 {
		t.Errorf("the evidence of the failure is line %d, want 2", p)
	}
}

func TestStatus(t *testing.T) {
	end := func(place string, when int, s trace.Status) trace.Record {
		r := rec(place, &trace.End{Status: s})
		if when > 0 {
			r.Time = at(when)
		}
		return r
	}
	tests := []struct {
		name string
		recs []trace.Record
		want trace.Status
	}{
		{"no end is incomplete", []trace.Record{rec("a:1", &trace.Start{})}, trace.Incomplete},
		{"the last result of a file counts", []trace.Record{end("a:1", 0, trace.Failure), end("a:2", 0, trace.Success)}, trace.Success},
		{"of two files on one moment the worse counts", []trace.Record{end("a:1", 10, trace.Failure), end("b:1", 11, trace.Success)}, trace.Failure},
		{"in either order", []trace.Record{end("b:1", 11, trace.Success), end("a:1", 10, trace.Failure)}, trace.Failure},
		{"a resumed run counts by its last invocation", []trace.Record{end("b:1", 500, trace.Success), end("a:1", 10, trace.Failure)}, trace.Success},
		{"a sub-agent's end is not the run's", []trace.Record{
			end("a:1", 10, trace.Success),
			{RunID: "r", Space: "s", Subagent: "sub", Pos: trace.Pos{File: "a", Line: 2}, Fact: &trace.End{Status: trace.Failure}},
		}, trace.Success},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := reduce(t, tt.recs...).Status; got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestDecisionWeight(t *testing.T) {
	d := func(k trace.Kind, s trace.DecisionSource) trace.Record {
		return rec("a:1", &trace.Decision{Kind: k, Source: s})
	}
	tests := []struct {
		name string
		recs []trace.Record
		want string
	}{
		{"a surer source wins", []trace.Record{d(trace.Approve, trace.FromToolCall), d(trace.RequestChanges, trace.FromText)}, "approve tool_call"},
		{"a record wins over all", []trace.Record{d(trace.NoOp, trace.FromRecord), d(trace.Approve, trace.FromStructuredOutput)}, "no_op record"},
		{"a verdict wins over a side effect", []trace.Record{d(trace.Approve, trace.FromText), d(trace.Commit, trace.FromToolCall)}, "approve text"},
		{"the last of equals wins", []trace.Record{d(trace.Approve, trace.FromText), d(trace.RequestChanges, trace.FromText)}, "request_changes text"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := reduce(t, tt.recs...).Decision
			if s := fmt.Sprintf("%s %s", got.Kind, got.Source); s != tt.want {
				t.Errorf("got %s, want %s", s, tt.want)
			}
		})
	}
}

func TestCostMismatch(t *testing.T) {
	for _, tt := range []struct {
		reported float64
		findings int
	}{{1.0, 0}, {1.04, 0}, {1.06, 1}, {0.9, 1}} {
		r := reduce(t,
			rec("a:1", &trace.Call{ID: "c", Model: "m1", Usage: tokens(1_000_000, 0)}),
			rec("a:2", &trace.Totals{CostUSD: usd(tt.reported), Usage: tokens(1_000_000, 0), ByModel: map[string]trace.Usage{"m1": tokens(1_000_000, 0)}}))
		if n := countRule(r, "price/mismatch"); n != tt.findings {
			t.Errorf("reported %v against 1.0: %d findings, want %d", tt.reported, n, tt.findings)
		}
		if *r.Cost.USD != tt.reported || r.Cost.Source != Reported || *r.Cost.ComputedUSD != 1 {
			t.Errorf("reported %v: got %+v", tt.reported, r.Cost)
		}
	}
}

// TestCostOfAPart has a total that a first process wrote and calls of a second
// one, which was killed.
func TestCostOfAPart(t *testing.T) {
	calls := []trace.Record{
		rec("a:1", &trace.Call{ID: "c1", Model: "m1", Usage: tokens(1_000_000, 0)}),
		rec("a:2", &trace.Totals{CostUSD: usd(1), Usage: tokens(1_000_000, 0), ByModel: map[string]trace.Usage{"m1": tokens(1_000_000, 0)}}),
		rec("a:3", &trace.Call{ID: "c2", Model: "m1", Usage: tokens(1_000_000, 0)}),
	}
	r := reduce(t, calls...)
	if *r.Cost.USD != 2 || r.Cost.Source != Computed || *r.Cost.ReportedUSD != 1 || r.Cost.Partial || countRule(r, "price/mismatch") != 0 {
		t.Errorf("a part was reported: %+v", r.Cost)
	}
	r = reduce(t, append(calls, rec("a:4", &trace.Call{ID: "c3", Model: "nobody's", Usage: tokens(1, 1)}))...)
	if *r.Cost.USD != 1 || r.Cost.Source != Reported || !r.Cost.Partial {
		t.Errorf("the rest has no price: %+v", r.Cost)
	}
}

func countRule(r *Run, rule string) int {
	n := 0
	for _, f := range r.Findings {
		if f.Rule == rule {
			n++
		}
	}
	return n
}

func TestCostIsFinite(t *testing.T) {
	huge := 1e308
	c := NewCollector(flat{})
	for _, run := range []string{"r1", "r2"} {
		for _, id := range []string{"a", "b"} {
			r := rec("a:1", &trace.Call{ID: run + id, Model: "m1", Usage: tokens(1, 1), CostUSD: &huge})
			r.RunID = run
			c.Add(r)
		}
	}
	if _, err := json.Marshal(Correlate(c.Runs(), Key{HeadSHA: "0123456"})); err != nil {
		t.Error(err)
	}
}

func TestCompose(t *testing.T) {
	run := func(id string, k trace.Kind, from ...string) *Run {
		return &Run{ID: id, Decision: &Decision{Kind: k, composedFrom: from}}
	}
	tests := []struct {
		name string
		runs []*Run
		want string
	}{
		{"one objection outweighs approvals", []*Run{run("a", trace.Approve), run("b", trace.RequestChanges), run("c", trace.Approve)}, "request_changes from b"},
		{"all who agree are named", []*Run{run("a", trace.Approve), run("b", trace.Approve), run("c", trace.Comment)}, "approve from a,b"},
		{"an orchestrator wins over its parts", []*Run{run("a", trace.RequestChanges), run("o", trace.Approve, "a")}, "approve from a"},
		{"none decided", []*Run{{ID: "a"}}, "none"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := "none"
			if c := compose(tt.runs); c != nil {
				got = fmt.Sprintf("%s from %s", c.Kind, strings.Join(c.ComposedFrom, ","))
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestKey(t *testing.T) {
	const sha = "1a2b3c4d5e6f7a8b9c0d1a2b3c4d5e6f7a8b9c0d"
	pull := Key{Repository: "o/r", Subject: Subject{"pull_request", 12}, HeadSHA: sha, Source: KeyFromEvent}
	tests := []struct {
		name  string
		given Key
		ctx   trace.Context
		want  string
	}{
		{"event", pull, trace.Context{}, "o/r#12@1a2b3c4d5e6f event"},
		{"input fills in from the event", Key{Subject: Subject{"pull_request", 12}, Source: KeyFromInput}.Or(pull), trace.Context{}, "o/r#12@1a2b3c4d5e6f input"},
		{"another pull request's commit is not taken", Key{Subject: Subject{"pull_request", 13}, Source: KeyFromInput}.Or(pull), trace.Context{}, "o/r#13 input"},
		{"issue", Key{Repository: "o/r", Subject: Subject{"issue", 5}, Source: KeyFromEvent}, trace.Context{HeadSHA: sha}, "o/r#5 event"},
		{"commit", Key{Repository: "o/r", Subject: Subject{"commit", 0}, HeadSHA: sha, Source: KeyFromEnv}, trace.Context{}, "o/r@1a2b3c4d5e6f env"},
		{"schedule", Key{Repository: "o/r", Subject: Subject{"schedule", 0}, HeadSHA: sha, Pipeline: "nightly@77", Source: KeyFromEnv}, trace.Context{}, "o/r!nightly@77 env"},
		{"trace", Key{}, trace.Context{Repository: "o/r", HeadSHA: strings.ToUpper(sha)}, "o/r@1a2b3c4d5e6f trace"},
		{"a merge commit seen by the trace is no head", Key{Repository: "o/r", Subject: Subject{"pull_request", 12}, Source: KeyFromEvent}, trace.Context{HeadSHA: sha}, "o/r#12 event"},
		{"nothing", Key{}, trace.Context{}, "run:r none"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := Correlate([]Collected{{Run: &Run{ID: "r"}, Context: tt.ctx}}, tt.given)
			if got := s[0].ID + " " + string(s[0].KeySource); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestDeterminism adds the same records in two orders of the files.
func TestDeterminism(t *testing.T) {
	a := []trace.Record{
		rec("a:1", &trace.Call{ID: "c1", Model: "m1", Usage: tokens(1, 2), Start: at(1), End: at(2)}),
		rec("a:2", &trace.Tool{ID: "t1", Name: "Bash", Start: at(2)}),
	}
	b := []trace.Record{
		in("s2", rec("b:1", &trace.Call{ID: "d1", Model: "m2", Usage: tokens(1, 2), Start: at(1), End: at(2)})),
		in("s2", rec("b:2", &trace.Tool{ID: "u1", Name: "Bash", Start: at(2)})),
	}
	first, err := json.Marshal(reduce(t, append(append([]trace.Record{}, a...), b...)...))
	if err != nil {
		t.Fatal(err)
	}
	second, err := json.Marshal(reduce(t, append(append([]trace.Record{}, b...), a...)...))
	if err != nil {
		t.Fatal(err)
	}
	if string(first) != string(second) {
		t.Errorf("the order of files shows:\n%s\n%s", first, second)
	}
}

func TestStepsAreBounded(t *testing.T) {
	c := NewCollector(nil)
	for i := range maxSteps + 5 {
		c.Add(rec("a:1", &trace.Tool{ID: fmt.Sprint(i), Name: "Bash", Done: true}))
	}
	r := c.Runs()[0].Run
	if len(r.Steps) != maxSteps || r.StepsDropped != 5 || r.ToolCalls.N() != maxSteps+5 {
		t.Errorf("got %d steps, %d dropped, %v calls", len(r.Steps), r.StepsDropped, r.ToolCalls)
	}
}

// TestCostOfAnUnknownPrompt has a call of which only the answer was measured.
func TestCostOfAnUnknownPrompt(t *testing.T) {
	r := reduce(t, rec("a:1", &trace.Call{ID: "c", Model: "m1", Usage: trace.Usage{Output: trace.Measured(120)}}))
	if r.Cost.USD != nil || !r.Cost.Partial {
		t.Errorf("the price of the answer alone counts as the whole: %+v", r.Cost)
	}
}
