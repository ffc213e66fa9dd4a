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
		p    float64
	}{
		// scipy 1.17 theilslopes and kendalltau(method="exact"); for 60 points
		// pymannkendall 1.4 original_test. Of the 210 slopes of the first, the
		// interval has numbers 72 and 139 (of 72.5), where scipy rounds inward.
		{"exact", x21, y21, Estimate{0.018565182119272695, 0.015100871155643134, 0.022191322474233985}, 9.793002339135753e-08},
		{"many", x60, y60, Estimate{0.004307160900525643, 0.00154659343816336, 0.008861684948799341}, 0.015099215105794483},
		// By hand: all pairs rise, 2 of 720 orders; 15 slopes of 1.
		{"line", ranks(6), ranks(6), Estimate{1, 1, 1}, 2.0 / 720},
		{"flat", ranks(7), make([]float64, 7), Estimate{}, 1},
	}
	for _, tt := range tests {
		got, p, ok := TheilSen(append(tt.x, math.NaN()), append(tt.y, 1), 0.95)
		nearEstimate(t, tt.name, got, tt.want)
		near(t, tt.name+" p", p, tt.p)
		if !ok {
			t.Errorf("%s: no verdict", tt.name)
		}
	}
}

func TestTheilSenTies(t *testing.T) {
	// pymannkendall 1.4 original_test: S = 54, variance 206, p as below.
	y := []float64{1, 2, 2, 3, 3, 3, 5, 4, 6, 6, 5, 7}
	got, p, ok := TheilSen(ranks(12), y, 0.95)
	near(t, "p", p, 0.00022189883057310844)
	near(t, "slope", got.Value, 0.5)
	if !ok {
		t.Error("no verdict")
	}
	// scipy 1.17 kendalltau(method="asymptotic"), which does not correct for
	// continuity: p = 0.014247774498746315 with equal values in both.
	x := []float64{0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3}
	y = []float64{1, 2, 1.5, 1.5, 2.5, 3, 2, 3, 3.5, 4, 2.5, 3}
	_, s := pairs(x, y)
	near(t, "p", normalP(s/math.Sqrt(varianceS(x, y))), 0.014247774498746315)
}

func TestNoSlope(t *testing.T) {
	for name, n := range map[string]int{"none": 0, "one": 1, "few": 5, "too many": slopePoints + 1} {
		if _, _, ok := TheilSen(ranks(n), ranks(n), 0.95); ok {
			t.Errorf("%s: a verdict", name)
		}
	}
	if _, _, ok := TheilSen(make([]float64, 9), ranks(9), 0.95); ok {
		t.Error("one place has a slope")
	}
}

// A cost that grows 2 % a day, seen as the medians of 40 runs with a spread of 0.35,
// is found within 21 days; the same without growth seldom is.
func TestSlowDrift(t *testing.T) {
	r := seeded(5)
	found := func(growth float64) (n int) {
		for range 200 {
			medians := make([]float64, 21)
			for day := range medians {
				costs := noise(r, 40)
				for i := range costs {
					costs[i] = 0.35*costs[i] + float64(day)*math.Log(growth)
				}
				medians[day], _ = Quantile(sorted(costs), 0.5)
			}
			if _, p, ok := TheilSen(ranks(21), medians, 0.95); ok && p <= 0.001 {
				n++
			}
		}
		return n
	}
	if drifting, quiet := found(1.02), found(1); drifting < 199 || quiet > 2 {
		t.Errorf("found %d of 200 drifts, and %d without one", drifting, quiet)
	}
}
