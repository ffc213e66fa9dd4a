package trend

import (
	"math"
	"slices"

	"github.com/andon-ci/andon/internal/stat"
)

// tail tells how likely a value is that is above most others, from how far the
// upper half of many values reaches. It takes no distribution for granted but
// that the ends are no heavier than those of Tukey's h (Hoaglin, Summarizing
// Shape Numerically: The g-and-h Distributions, 1985): the value that a standard
// normal z stands for is centre + scale * z * exp(h z²/2), with h = 0 for normal
// values and about 1/n for Student's t with n degrees of freedom.
type tail struct{ centre, scale, h float64 }

// tailMin is from how many values on a tail can be told.
const tailMin = 30

// newTail fits the upper tail of values, which it sorts.
func newTail(values []float64) (t tail, ok bool) {
	n := len(values)
	if n < tailMin {
		return t, false
	}
	slices.Sort(values)
	t.centre, _ = stat.Quantile(values, 0.5)
	// The logarithm of how far a quantile is, over z, is a line over z²/2.
	var w, x, y, xx, xy float64
	for above := float64(n) / 4; above >= 6; above /= 1.6 {
		p := above / float64(n)
		q, _ := stat.Quantile(values, 1-p)
		z := stat.Normal(p)
		if q <= t.centre {
			continue
		}
		weight := above
		a, b := z*z/2, math.Log((q-t.centre)/z)
		w, x, y, xx, xy = w+weight, x+weight*a, y+weight*b, xx+weight*a*a, xy+weight*a*b
	}
	if w == 0 {
		return t, false
	}
	if varies := xx - x*x/w; varies > 0 {
		t.h = max(0, (xy-x*y/w)/varies)
	}
	t.scale = math.Exp(y/w - t.h*x/w)
	return t, t.scale > 0
}

// z returns what standard normal value a value stands for.
func (t tail) z(value float64) float64 {
	low, high := 0.0, 40.0
	for range 60 {
		z := (low + high) / 2
		if t.centre+t.scale*z*math.Exp(min(t.h*z*z/2, 300)) < value {
			low = z
		} else {
			high = z
		}
	}
	return low
}

// p returns how likely a value at least as far up is.
func (t tail) p(value float64) float64 { return math.Erfc(t.z(value)/math.Sqrt2) / 2 }
