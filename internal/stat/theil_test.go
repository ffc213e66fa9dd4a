package stat

import (
	"math"
	"testing"
)

func TestTheilSen(t *testing.T) {
	wave := func(n int, drift, height, pace float64) (x, y []float64) {
		for i := range n {
			d := float64(i)
			x, y = append(x, d), append(y, drift*d+height*math.Sin(d*d*pace))
		}
		return x, y
	}
	x21, y21 := wave(21, 0.02, 0.07, 1)
	x60, y60 := wave(60, 0.004, 0.5, 1.3)
	tests := []struct {
		name string
		x, y []float64
		want Estimate
	}{
		// scipy 1.17 theilslopes. Of the 210 slopes of the first, the
		// interval has numbers 72 and 139 (of 72.5), where scipy rounds inward.
		{"exact", x21, y21, Estimate{0.018565182119272695, 0.015100871155643134, 0.022191322474233985}},
		{"many", x60, y60, Estimate{0.004307160900525643, 0.00154659343816336, 0.008861684948799341}},
		// By hand: 15 slopes of 1.
		{"line", ranks(6), ranks(6), Estimate{1, 1, 1}},
		{"flat", ranks(7), make([]float64, 7), Estimate{}},
	}
	for _, tt := range tests {
		got, ok := TheilSen(append(tt.x, math.NaN()), append(tt.y, 1), 0.95)
		nearEstimate(t, tt.name, got, tt.want)
		if !ok {
			t.Errorf("%s: no verdict", tt.name)
		}
	}
}

func TestVarianceS(t *testing.T) {
	// Kendall, Rank Correlation Methods, equation 4.1: n(n-1)(2n+5)/18, and for ties
	// pymannkendall 1.4 original_test: 206 for the y of a series of 12 with six ties.
	near(t, "of 10", varianceS(ranks(10)), 125)
	near(t, "with ties", varianceS([]float64{1, 2, 2, 3, 3, 3, 5, 4, 6, 6, 5, 7}), 206)
}

func TestNoSlope(t *testing.T) {
	for name, n := range map[string]int{"none": 0, "one": 1, "few": 5, "too many": slopePoints + 1} {
		if _, ok := TheilSen(ranks(n), ranks(n), 0.95); ok {
			t.Errorf("%s: a verdict", name)
		}
	}
	if _, ok := TheilSen(make([]float64, 9), ranks(9), 0.95); ok {
		t.Error("one place has a slope")
	}
}
