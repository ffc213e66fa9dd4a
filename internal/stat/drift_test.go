package stat

import (
	"math"
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
	// Montgomery, example 9.1: with limit 5 (run length 465) the upper sum is 5.28 at
	// observation 29, seven observations after it left 0.
	if got, ok := CUSUM(bolts(), 1, 465); !ok || got != (Alarm{At: 28, Since: 22, Up: true}) {
		t.Errorf("CUSUM = %+v, %v", got, ok)
	}
	turned := []float64{math.NaN(), math.Inf(1)}
	for _, x := range bolts() {
		turned = append(turned, -x)
	}
	if got, ok := CUSUM(turned, 1, 465); !ok || got != (Alarm{At: 30, Since: 24}) {
		t.Errorf("CUSUM of the turned = %+v, %v", got, ok)
	}
	if got, ok := CUSUM(bolts()[:28], 1, 465); ok {
		t.Errorf("CUSUM before it = %+v", got)
	}
	for _, bad := range [][2]float64{{0, 100}, {math.NaN(), 100}, {5, 100}, {1, 1}, {1, math.Inf(1)}, {1, math.NaN()}} {
		if got, ok := CUSUM(bolts(), bad[0], bad[1]); ok {
			t.Errorf("CUSUM for %v = %+v", bad, got)
		}
	}
}

func TestCUSUMLimit(t *testing.T) {
	// Montgomery, table 9.3 and equation 9.6: with k = 1/2, limit 4 has a run length
	// of 168 and limit 5 of 465 (Siegmund's approximation: 169 and 469).
	for limit, runLength := range map[float64]float64{4: 168, 5: 465} {
		if got := cusumLimit(0.5, runLength); math.Abs(got-limit) > 0.01 {
			t.Errorf("limit for %v = %v, want %v", runLength, got, limit)
		}
	}
}

func TestRunLength(t *testing.T) {
	const series = 1500
	for _, shift := range []float64{0.5, 1, 2} {
		r, sum := seeded(9), 0
		for range series {
			got, ok := CUSUM(noise(r, 1500), shift, 100)
			if !ok {
				t.Fatal("no alarm in 1500")
			}
			sum += got.At + 1
		}
		if mean := float64(sum) / series; mean < 90 || mean > 110 {
			t.Errorf("shift %v: run length %.1f, want 100", shift, mean)
		}
	}
}
