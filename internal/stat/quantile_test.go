package stat

import (
	"math"
	"slices"
	"testing"
)

func TestQuantile(t *testing.T) {
	// numpy 2.4 quantile([1,2,4,8,16.5], q)
	for q, want := range map[float64]float64{0: 1, 0.1: 1.4, 0.25: 2, 0.5: 4, 0.9: 13.1, 0.99: 16.16, 1: 16.5} {
		got, ok := Quantile([]float64{math.NaN(), math.Inf(-1), 1, 2, 4, 8, 16.5, math.Inf(1)}, q)
		near(t, "quantile", got, want)
		if !ok {
			t.Errorf("no quantile %v", q)
		}
	}
	for _, xs := range [][]float64{nil, {math.NaN()}, {math.Inf(1)}} {
		if got, ok := Quantile(xs, 0.5); ok || got != 0 {
			t.Errorf("Quantile(%v) = %v, %v", xs, got, ok)
		}
	}
	for _, q := range []float64{-0.1, 1.1, math.NaN()} {
		if _, ok := Quantile([]float64{1, 2}, q); ok {
			t.Errorf("there is a quantile %v", q)
		}
	}
}

func TestMedian(t *testing.T) {
	tests := []struct {
		n         int
		level     float64
		low, high float64
	}{
		// scipy 1.17, from binom(n, 0.5): the ranks of the interval. Those of 10 and
		// 20 at 0.95 also in Conover, table A3.
		{6, 0.95, 1, 6}, {10, 0.95, 2, 9}, {10, 0.99, 1, 10}, {20, 0.95, 6, 15}, {20, 0.99, 4, 17},
		{100, 0.95, 40, 61}, {100, 0.99, 37, 64}, {1001, 0.95, 470, 532}, {1001, 0.99, 460, 542},
	}
	for _, tt := range tests {
		got, ok := Median(ranks(tt.n), tt.level)
		if !ok {
			t.Errorf("no median of %d", tt.n)
		}
		nearEstimate(t, "median", got, Estimate{Value: float64(tt.n+1) / 2, Low: tt.low, High: tt.high})
	}
	for n := range 6 {
		if _, ok := Median(ranks(n), 0.95); ok {
			t.Errorf("%d values have an interval", n)
		}
	}
	for _, level := range []float64{0, 1, -1, math.NaN()} {
		if _, ok := Median(ranks(20), level); ok {
			t.Errorf("the level %v has an interval", level)
		}
	}
}

// ranks returns 1 to n.
func ranks(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = float64(i + 1)
	}
	return out
}

func TestScale(t *testing.T) {
	// chem: copper in wholemeal flour, with the median and mad of Venables and
	// Ripley, Modern Applied Statistics with S, section 5.5 (R: mad(chem)).
	chem := []float64{2.90, 3.10, 3.40, 3.40, 3.70, 3.70, 2.80, 2.50, 2.40, 2.40, 2.70, 2.20,
		5.28, 3.37, 3.03, 3.03, 28.95, 3.77, 3.40, 2.20, 3.50, 3.60, 3.70, 3.70}
	before := slices.Clone(chem)
	centre, spread, ok := Scale(chem)
	if !ok || math.Abs(centre-3.385) > 1e-9 || math.Abs(spread-0.526323) > 1e-6 {
		t.Errorf("Scale = %v, %v, %v", centre, spread, ok)
	}
	if !slices.Equal(chem, before) {
		t.Error("Scale changes its sample")
	}
	if centre, spread, ok := Scale([]float64{7, 7, 7, math.NaN()}); !ok || centre != 7 || spread != 0 {
		t.Errorf("equal values have %v, %v, %v", centre, spread, ok)
	}
	if centre, spread, ok := Scale([]float64{math.Inf(1)}); ok || centre != 0 || spread != 0 {
		t.Errorf("no value has %v, %v, %v", centre, spread, ok)
	}
}

func TestLogs(t *testing.T) {
	got := Logs([]float64{math.E, 0, -1, math.NaN(), math.Inf(1), 1})
	if len(got) != 2 || got[0] != 1 || got[1] != 0 {
		t.Errorf("Logs = %v", got)
	}
}
