package stat

import (
	"math"
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

// ranks returns 1 to n.
func ranks(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = float64(i + 1)
	}
	return out
}

func TestMedianRank(t *testing.T) {
	tests := []struct {
		n, rank int64
		level   float64
	}{
		// scipy 1.17, from binom(n, 0.5): the ranks of the interval. Those of 10 and
		// 20 at 0.95 also in Conover, table A3.
		{6, 1, 0.95}, {10, 2, 0.95}, {10, 1, 0.99}, {20, 6, 0.95}, {20, 4, 0.99},
		{100, 40, 0.95}, {100, 37, 0.99}, {1001, 470, 0.95}, {1001, 460, 0.99},
	}
	for _, tt := range tests {
		if got := medianRank(tt.n, tt.level); got != tt.rank {
			t.Errorf("of %d at %v: %d, want %d", tt.n, tt.level, got, tt.rank)
		}
	}
	for n := range int64(6) {
		if got := medianRank(n, 0.95); got != 0 {
			t.Errorf("%d values have an interval from %d on", n, got)
		}
	}
}

func TestMAD(t *testing.T) {
	// chem: copper in wholemeal flour, with the median 3.385 and the mad of Venables and
	// Ripley, Modern Applied Statistics with S, section 5.5 (R: mad(chem)).
	chem := []float64{2.90, 3.10, 3.40, 3.40, 3.70, 3.70, 2.80, 2.50, 2.40, 2.40, 2.70, 2.20,
		5.28, 3.37, 3.03, 3.03, 28.95, 3.77, 3.40, 2.20, 3.50, 3.60, 3.70, 3.70}
	for i, x := range chem {
		chem[i] = math.Abs(x - 3.385)
	}
	if got := MAD(chem); math.Abs(got-0.526323) > 1e-6 {
		t.Errorf("MAD = %v", got)
	}
	if got := MAD(nil); got != 0 {
		t.Errorf("of none: %v", got)
	}
}

func TestWander(t *testing.T) {
	r := seeded(10)
	levels, variances := noise(r, 400), make([]float64, 400)
	for i := range levels {
		variances[i] = 0.36
		if i >= 200 {
			levels[i] += 5 // which shows in one difference only
		}
	}
	if got, ok := Wander(levels, variances); !ok || math.Abs(got-0.64) > 0.12 {
		t.Errorf("Wander = %v, %v, want 0.64", got, ok)
	}
	for i := range variances {
		variances[i] = 1.2
	}
	if got, ok := Wander(levels, variances); !ok || got != 0 {
		t.Errorf("less than chance: %v, %v", got, ok)
	}
	if _, ok := Wander(levels[:5], variances[:5]); ok {
		t.Error("four differences have a variance")
	}
}
