package stat

import (
	"math"
	"slices"
	"testing"
)

// permeability is the example of Hollander and Wolfe, table 4.1, and of R's
// wilcox.test: W = 35, 50 pairs.
func permeability() (term, weeks []float64) {
	return []float64{0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46}, []float64{1.15, 0.88, 0.90, 0.74, 1.21}
}

// comb returns n values from a lattice, some of them equal.
func comb(n, step, size int, unit float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = float64(i*step%size) / unit
	}
	return out
}

func TestMannWhitney(t *testing.T) {
	term, weeks := permeability()
	tests := []struct {
		name string
		a, b []float64
		want float64
	}{
		// scipy 1.17 mannwhitneyu, method="exact" and "asymptotic".
		{"exact", term, weeks, 0.2544122544122544},
		{"ties", []float64{1, 2, 2, 3, 5, 8, 8, 8, 9}, []float64{2, 4, 6, 8, 8, 10, 12, 13}, 0.15670357148733843},
		{"many", comb(30, 37, 101, 10), comb(40, 53, 97, 8), 0.4299732545799525},
		// By hand: 2 of the 20 orders of 3 and 3; no difference; no order.
		{"apart", []float64{1, 2, 3}, []float64{4, 5, math.NaN(), 6}, 0.1},
		{"equal", []float64{1, 2, 3}, []float64{1, 2, 3}, 1},
		{"all equal", []float64{2, 2}, []float64{2, 2, 2}, 1},
		{"one each", []float64{2}, []float64{3}, 1},
	}
	for _, tt := range tests {
		for _, pair := range [][2][]float64{{tt.a, tt.b}, {tt.b, tt.a}} {
			p, ok := MannWhitney(pair[0], pair[1])
			near(t, tt.name, p, tt.want)
			if !ok {
				t.Errorf("%s: no verdict", tt.name)
			}
		}
	}
	if _, ok := MannWhitney([]float64{1, 2}, []float64{math.NaN()}); ok {
		t.Error("an empty sample has a verdict")
	}
}

func TestU(t *testing.T) {
	term, weeks := permeability()
	if u, ties := wins(sorted(weeks), sorted(term)); u != 35 || ties != 0 {
		t.Errorf("wins = %v, %v", u, ties)
	}
	// All orders of 25 and 25 are still counted exactly.
	sum := 0.0
	for _, ways := range waysU(25, 25) {
		sum += ways
	}
	if sum != 126410606437752 {
		t.Errorf("%v orders of 25 and 25", sum)
	}
}

func TestHodgesLehmann(t *testing.T) {
	term, weeks := permeability()
	tests := []struct {
		name  string
		a, b  []float64
		level float64
		want  Estimate
	}{
		// R: wilcox.test(term, weeks, conf.int = TRUE), with the sign turned:
		// -0.15 to 0.76 at 0.95, -0.08 to 0.72 at 0.90, the difference 0.305.
		{"exact", term, weeks, 0.95, Estimate{-0.305, -0.76, 0.15}},
		{"exact", term, weeks, 0.90, Estimate{-0.305, -0.72, 0.08}},
		// numpy: the sorted differences 434 and 767, 382 and 819 of 1200.
		{"many", comb(30, 37, 101, 10), comb(40, 53, 97, 8), 0.95, Estimate{0.625, -1, 2.325}},
		{"many", comb(30, 37, 101, 10), comb(40, 53, 97, 8), 0.99, Estimate{0.625, -1.625, 2.95}},
		{"all equal", []float64{2, 2, 2, 2, 2}, []float64{2, 2, 2, 2, 2}, 0.95, Estimate{}},
	}
	for _, tt := range tests {
		got, ok := HodgesLehmann(tt.a, tt.b, tt.level)
		nearEstimate(t, tt.name, got, tt.want)
		if !ok {
			t.Errorf("%s: no verdict", tt.name)
		}
	}
	for name, pair := range map[string][2][]float64{"too few": {{1, 2, 3}, {4, 5, 6}}, "none": {nil, term}} {
		if _, ok := HodgesLehmann(pair[0], pair[1], 0.95); ok {
			t.Errorf("%s: a verdict", name)
		}
	}
}

func TestDifference(t *testing.T) {
	r := seeded(3)
	a, b := noise(r, 17), noise(r, 23)
	a[3], b[4], b[5] = 1e300, -1e300, a[0]
	var all []float64
	for _, x := range b {
		for _, y := range a {
			all = append(all, x-y)
		}
	}
	slices.Sort(all)
	a, b = sorted(a), sorted(b)
	for i, want := range all {
		if got := difference(a, b, i+1); got != want {
			t.Fatalf("difference %d = %v, want %v", i+1, got, want)
		}
	}
}
