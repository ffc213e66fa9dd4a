package stat

import (
	"math"
	"math/rand/v2"
	"testing"
)

// bolts is Montgomery's table 9.1: twenty values around 10, then ten around 11.
func bolts() []float64 {
	xs := []float64{9.45, 7.99, 9.29, 11.66, 12.16, 10.18, 8.04, 11.46, 9.20, 10.34, 9.03, 11.47, 10.51, 9.40, 10.08,
		9.37, 10.62, 10.31, 8.52, 10.84, 10.90, 9.33, 12.29, 11.50, 10.60, 11.08, 10.38, 11.62, 11.31, 10.52}
	for i := range xs {
		xs[i] -= 10
	}
	return xs
}

func TestCUSUM(t *testing.T) {
	// Montgomery, table 9.2: the upper sum left 0 with observation 23, and is 5.28 at
	// observation 29 and 5.30 at observation 30.
	got, ok := CUSUM(bolts(), 1)
	if !ok || got.Since != 22 || !got.Up || math.Abs(got.Height-5.30) > 0.005 {
		t.Errorf("CUSUM = %+v, %v", got, ok)
	}
	if got, ok := CUSUM(bolts()[:29], 1); !ok || math.Abs(got.Height-5.28) > 0.005 {
		t.Errorf("CUSUM up to observation 29 = %+v, %v", got, ok)
	}
	turned := []float64{math.NaN(), math.Inf(1)}
	for _, x := range bolts() {
		turned = append(turned, -x)
	}
	if got, ok := CUSUM(turned, 1); !ok || got.Since != 24 || got.Up {
		t.Errorf("CUSUM of the turned = %+v, %v", got, ok)
	}
	if got, ok := CUSUM([]float64{0.2, -0.3}, 1); ok {
		t.Errorf("CUSUM of little = %+v", got)
	}
	for _, shift := range []float64{0, math.NaN(), 5} {
		if got, ok := CUSUM(bolts(), shift); ok {
			t.Errorf("CUSUM for %v = %+v", shift, got)
		}
	}
}

func TestRunLength(t *testing.T) {
	// Montgomery, table 9.3 and equation 9.6: with k = 1/2, limit 4 has a run length
	// of 168 and limit 5 of 465 (Siegmund's approximation: 169 and 469).
	near(t, "run length of 4", math.Round(runLength(0.5, 4)), 169)
	near(t, "run length of 5", math.Round(runLength(0.5, 5)), 469)
}

// A quiet sequence has a sum as high as that of a run length only about once in it.
func TestRunLengthOfNoise(t *testing.T) {
	const series, limit = 400, 4.0
	r, days := seeded(9), 0
	for range series {
		zs := noise(r, 3000)
		for n := 1; ; n++ {
			days++
			if got, ok := CUSUM(zs[max(0, n-60):n], 1); ok && got.Height > limit {
				break
			}
		}
	}
	if mean := float64(days) / series; mean < 150 || mean > 190 {
		t.Errorf("run length %.1f, want 168", mean)
	}
}

// drifting returns the levels of days, of 40 runs each, that grow from one of them on.
func drifting(r *rand.Rand, n, from int, growth float64) *Series {
	const deviation = 0.055 // of the mean of 40 logarithms with a standard deviation of 0.35
	days := make([]Part, n)
	for i := range days {
		x := deviation*r.NormFloat64() + growth*float64(max(0, i-from+1))
		days[i] = Part{Runs: 40, Weight: 1 / (deviation * deviation), Sum: x / (deviation * deviation), Days: 1}
	}
	s := &Series{}
	s.Fill(days)
	return s
}

// A cost that grows 2 % a day is found within 14 days, its begin within a few days, and
// its growth within the interval; the same without growth seldom is.
func TestDrift(t *testing.T) {
	r, found, placed, covered, quiet := seeded(5), 0, 0, 0, 0
	for range 200 {
		s := drifting(r, 60, 46, 0.02)
		if x, ok := s.Drift(0, 60); ok && x.P <= 0.01 && x.Slope && x.Rises() {
			found++
			if x.From >= 43 && x.From <= 49 {
				placed++
			}
		}
		if e, ok := s.Growth(46, 60, 0.95); ok && e.Low <= 0.02 && e.High >= 0.02 {
			covered++
		}
		if x, ok := drifting(r, 60, 60, 0).Drift(0, 60); ok && x.P <= 0.05 {
			quiet++
		}
	}
	if found < 195 || placed < 140 || covered < 180 || quiet > 10 {
		t.Errorf("found %d of 200 drifts, %d at their place, %d intervals with the growth, and %d drifts of none", found, placed, covered, quiet)
	}
}

// A rate drifts as a level does.
func TestDriftOfRate(t *testing.T) {
	r, found := seeded(7), 0
	for range 100 {
		days := make([]Proportion, 60)
		for i := range days {
			days[i] = toss(r.Float64, 40, 0.1+0.012*float64(max(0, i-40)))
		}
		if x, ok := rates(days).Drift(0, 60); ok && x.P <= 0.01 && x.Slope {
			found++
		}
	}
	if found < 95 {
		t.Errorf("found %d of 100 drifts", found)
	}
}
