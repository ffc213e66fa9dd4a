package stat

import (
	"math"
	"testing"
)

func TestDelays(t *testing.T) {
	took := []float64{2, 4, 4, 1, 6, 3, 1, 7, 2, 5}
	limit := []float64{9, 8, 6, 5, 9, 4, 2, 8, 2, 5}
	all := []Delay{{Took: -1, Limit: 3}, {Took: 4, Limit: 3}, {Took: math.NaN(), Limit: 3}, {Took: 1, Limit: math.Inf(1)}}
	for i := range took {
		all = append(all, Delay{Took: took[i], Limit: limit[i]})
	}
	d := NewDelays(all)
	// lifelines 0.30 KaplanMeierFitter of 10 - took with entry at 10 - limit: truncation on
	// the right is late entry with the time turned round (Klein and Moeschberger).
	for at, want := range map[float64]float64{0.5: 0, 1: 0.09, 2: 0.18, 3: 0.27, 4: 0.45, 4.9: 0.45, 5: 0.5625, 6: 0.75, 7: 1, 100: 1} {
		near(t, "UpTo", d.UpTo(at), want)
	}
	if got := NewDelays(nil).UpTo(3); got != 1 {
		t.Errorf("of no delays: %v", got)
	}
}

// Without a limit this is the share of the sample; with limits it is that of all delays,
// though most of the long ones are not known yet.
func TestDelaysOfRecent(t *testing.T) {
	r := seeded(2)
	var all []Delay
	for range 4000 {
		d := Delay{Took: r.ExpFloat64(), Limit: 6 * r.Float64()}
		if d.Took <= d.Limit {
			all = append(all, d)
		}
	}
	d := NewDelays(all)
	for _, at := range []float64{0.1, 0.5, 1, 2, 3} {
		if got, want := d.UpTo(at), 1-math.Exp(-at); math.Abs(got-want) > 0.03 {
			t.Errorf("up to %v: %v, want %v", at, got, want)
		}
	}
}
