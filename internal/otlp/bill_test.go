package otlp

import (
	"math"
	"testing"

	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

// TestBill holds that the parts of a bill add up to the run, whatever its sources
// say of it.
func TestBill(t *testing.T) {
	in := func(n int64) trace.Usage { return trace.Usage{Input: trace.Measured(n)} }
	usd := func(f float64) *float64 { return &f }
	call := func(model string, u trace.Usage, cost *float64) session.Step {
		return session.Step{Kind: session.StepLLM, Name: model, Usage: u, CostUSD: cost}
	}
	failed := session.Step{Kind: session.StepLLM, Failed: true, Usage: in(1000)}
	for _, tc := range []struct {
		name      string
		run       session.Run
		carries   bool
		rest      int
		allocated bool
	}{
		{"as the calls say", session.Run{Usage: in(30), Cost: session.Cost{USD: usd(3)}, Steps: []session.Step{call("m", in(10), usd(1)), failed, call("m", in(20), usd(2))}}, true, 0, false},
		{"reported apart", session.Run{Usage: in(30), Cost: session.Cost{USD: usd(4)}, Steps: []session.Step{call("m", in(10), usd(1)), call("m", in(20), usd(2))}}, true, 0, true},
		{"one call without a price", session.Run{Usage: in(30), Cost: session.Cost{USD: usd(4)}, Steps: []session.Step{call("m", in(10), nil), call("m", in(20), usd(2))}}, true, 0, true},
		{"more than the calls", session.Run{Usage: in(50), Cost: session.Cost{USD: usd(5)}, Steps: []session.Step{call("m", in(10), usd(1)), call("m", in(20), usd(2))}}, true, 1, false},
		{"less than the calls in a class", session.Run{Usage: trace.Usage{Input: trace.Measured(5), Output: trace.Measured(90)}, Cost: session.Cost{USD: usd(5)}, Steps: []session.Step{call("m", in(10), usd(1))}}, false, 1, true},
		{"totals alone", session.Run{Usage: in(50), Models: []string{"m"}, Cost: session.Cost{USD: usd(5)}}, true, 1, false},
		{"totals by model", session.Run{Usage: in(50), Cost: session.Cost{USD: usd(5)}, ByModel: map[string]trace.Usage{"a": in(20), "b": in(30)}}, true, 2, true},
		{"totals by model that say less", session.Run{Usage: in(50), Cost: session.Cost{USD: usd(5)}, ByModel: map[string]trace.Usage{"a": in(20)}}, true, 1, false},
		{"a cost alone", session.Run{Cost: session.Cost{USD: usd(5)}}, true, 1, false},
		{"a cost of nothing", session.Run{Usage: in(10), Cost: session.Cost{USD: usd(0)}, Steps: []session.Step{call("m", in(10), usd(0))}}, true, 0, true},
		{"no cost", session.Run{Usage: in(10), Steps: []session.Step{call("m", in(10), nil)}}, true, 0, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newBill(&tc.run)
			if b.carries != tc.carries || len(b.rest) != tc.rest || b.allocated != tc.allocated {
				t.Errorf("carries %v, rest %v, allocated %v", b.carries, b.rest, b.allocated)
			}
			var u trace.Usage
			if b.carries {
				for i := range tc.run.Steps {
					if counts(&tc.run.Steps[i]) {
						u = u.Add(tc.run.Steps[i].Usage)
					}
				}
			}
			for _, p := range b.rest {
				u = u.Add(p.usage)
			}
			if u != tc.run.Usage {
				t.Errorf("the parts used %v, the run %v", u, tc.run.Usage)
			}
			if (b.costs == nil) != (tc.run.Cost.USD == nil) || b.costs != nil && math.Abs(sumOf(b.costs)-*tc.run.Cost.USD) > 1e-12 {
				t.Errorf("the parts cost %v, the run %v", b.costs, tc.run.Cost.USD)
			}
			for _, c := range b.costs {
				if c < 0 {
					t.Errorf("a part costs %v", c)
				}
			}
		})
	}
}
