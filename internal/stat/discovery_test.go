package stat

import (
	"math"
	"testing"
)

func TestBenjaminiHochberg(t *testing.T) {
	// The p-values of Benjamini and Hochberg (1995), section 3.2; the q-values are
	// R's p.adjust(p, "BH") and scipy 1.17's false_discovery_control.
	ps := []float64{0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1}
	qs := []float64{0.0015, 0.003, 0.0095, 0.035625, 0.0603, 0.0638571, 0.0638571, 0.0645, 0.0765, 0.486, 0.5811818, 0.714875, 0.7532308, 0.8132143, 1}
	// In another order, with what is no p-value.
	in := []float64{math.NaN(), -1, 2, math.Inf(1)}
	want := []float64{1, 1, 1, 1}
	for i := range ps {
		at := i * 7 % len(ps)
		in, want = append(in, ps[at]), append(want, qs[at])
	}
	for i, got := range BenjaminiHochberg(in) {
		if math.Abs(got-want[i]) > 1e-7 {
			t.Errorf("the q-value of %v is %v, want %v", in[i], got, want[i])
		}
	}
	if got := BenjaminiHochberg(nil); len(got) != 0 {
		t.Errorf("no p-values have %v", got)
	}
}
