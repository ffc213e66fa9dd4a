package stat

import (
	"math"
	"testing"
)

// heavy returns the values that n standard normal quantiles become with Tukey's h.
func heavy(n int, h float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		z := -normalQuantile((float64(i) + 0.5) / float64(n))
		out[i] = z * math.Exp(h*z*z/2)
	}
	return out
}

func TestTail(t *testing.T) {
	for _, h := range []float64{0, 0.1, 0.2} {
		tail, ok := NewTail(heavy(2000, h))
		if !ok || math.Abs(tail.h-h) > 0.02 || math.Abs(tail.scale-1) > 0.03 || math.Abs(tail.centre) > 0.01 {
			t.Errorf("h = %v: %+v, %v", h, tail, ok)
		}
	}
	// Normal values are exceeded as Abramowitz and Stegun, table 26.1, has it, or a little
	// more often; the farther the less certain that is.
	tail, _ := NewTail(heavy(20000, 0))
	for z, want := range map[float64]float64{1: 0.1587, 2: 0.02275, 3: 0.00135, 4: 3.167e-5} {
		if got := tail.P(z); got < 0.95*want || got > 2*want {
			t.Errorf("P(%v) = %v, want %v", z, got, want)
		}
	}
}

// Of exponential values the thinning out is exact: e times fewer for each mean.
func TestTailOfExponential(t *testing.T) {
	xs := make([]float64, 400)
	for i := range xs {
		xs[i] = -math.Log(1 - (float64(i)+0.5)/400)
	}
	tail, ok := NewTail(xs)
	if !ok {
		t.Fatal("no tail")
	}
	if got := tail.P(math.Log(400)) * 400; got < 0.5 || got > 2 {
		t.Errorf("%v values above that of one in 400", got)
	}
	if a, b := tail.P(12), tail.P(13); b >= a || b < a/math.E/1.5 {
		t.Errorf("P thins out from %v to %v", a, b)
	}
}

func TestAtLeastNormal(t *testing.T) {
	xs := heavy(1000, 0)
	for i := range xs {
		xs[i] = xs[i]/3 + 1
	}
	tail, _ := NewTail(xs)
	if got := tail.AtLeastNormal(); got.centre != 0 || got.scale != 1 {
		t.Errorf("AtLeastNormal = %+v", got)
	}
}

func TestNoTail(t *testing.T) {
	for what, xs := range map[string][]float64{"few": ranks(tailMin - 1), "equal": make([]float64, 100)} {
		if got, ok := NewTail(xs); ok {
			t.Errorf("%s: %+v", what, got)
		}
	}
}
