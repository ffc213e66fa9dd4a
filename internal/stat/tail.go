package stat

import (
	"math"
	"slices"
)

// Tail tells how likely a value is that is above most others, from how far the
// upper half of many values reaches. It takes no distribution for granted but
// that the ends are no heavier than those of Tukey's h (Hoaglin, Summarizing
// Shape Numerically: The g-and-h Distributions, 1985): the value that a standard
// normal z stands for is centre + scale * z * exp(h z²/2), with h = 0 for normal
// values and about 1/n for Student's t with n degrees of freedom.
//
// The farthest ones are also held against each other: beyond the threshold,
// values are taken to thin out as those of an exponential distribution do, whose
// mean comes from those next below. That is the heavier tail of the two where a
// few values in a hundred are of another kind than the rest, which no formula
// for all of them tells.
type Tail struct {
	centre, scale, h float64

	n         float64
	threshold float64
	excess    float64 // mean above it
	beyond    float64 // how many values it is the mean of
}

// tailMin is from how many values on a tail can be told.
const tailMin = 30

// NewTail fits the upper tail of values, which it puts in another order.
func NewTail(values []float64) (t Tail, ok bool) {
	n := len(values)
	if n < tailMin {
		return t, false
	}
	t.centre, _ = Median(values)
	sortUpper(values)
	// The logarithm of how far a quantile is, over z, is a line over z²/2.
	var w, x, y, xx, xy float64
	for above := float64(n) / 4; above >= 6; above /= 1.6 {
		p := above / float64(n)
		q, _ := Quantile(values, 1-p)
		z := normalQuantile(p)
		if q <= t.centre {
			continue
		}
		weight := above * z * z * z * z // 1 / variance of the logarithm, about
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
	t.thin(values)
	return t, t.scale > 0 && t.excess > 0
}

// sortUpper sorts the largest three eighths of the values, which is more than the tail
// is told from, and puts them last.
func sortUpper(values []float64) {
	from := len(values) * 5 / 8
	place(values, from)
	slices.Sort(values[from:])
}

// thin works out how the farthest values thin out. Those that are too far by the
// rest of the tail do not count, up to one in two hundred: they may be what is
// looked for.
func (t *Tail) thin(ascending []float64) {
	n := len(ascending)
	t.n = float64(n)
	outside := 0
	for outside < max(1, n/200) && normalTail(t.z(ascending[n-1-outside]))*t.n < 0.05 {
		outside++
	}
	k := min(max(10, n/50), 40)
	top := ascending[n-outside-k : n-outside]
	t.threshold = ascending[n-outside-k-1]
	for _, x := range top {
		t.excess += (x - t.threshold) / float64(k)
	}
	t.beyond = float64(k)
}

// z returns what standard normal value a value stands for.
func (t Tail) z(value float64) float64 {
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

// AtLeastNormal returns the tail of values that are standard normal at least: they lie
// around 0, and vary no less.
func (t Tail) AtLeastNormal() Tail {
	t.centre, t.scale = 0, max(t.scale, 1)
	return t
}

// Up to how many values only the thinning out counts, and from how many on the
// formula counts by a third: of few values it cannot tell what the farthest of them
// are like.
const (
	tailFew  = 500
	tailMany = 1500
	formula  = 1. / 3
)

// P returns how likely a value at least as far up is.
func (t Tail) P(value float64) float64 {
	p := normalTail(t.z(value))
	x := (value - t.threshold) / t.excess
	if x <= 0 {
		return p
	}
	// Of a value over the mean of k others, all exponential.
	q := t.beyond / t.n * math.Pow(1+x/t.beyond, -t.beyond)
	a := formula * min(max(math.Log(t.n/tailFew)/math.Log(tailMany/tailFew), 0), 1)
	return max(p, math.Pow(p, a)*math.Pow(q, 1-a))
}
