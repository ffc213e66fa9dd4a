package stat

import "math"

// Shift is where a series passes from one level to another.
type Shift struct {
	From, To   int  // days of the new level: from From to To-1
	First, End int  // days that were looked at: from First to End-1
	Slope      bool // the level drifts there from the old one to the new one
	Before     Part
	After      Part
	Gain       float64 // how much better it explains the days than one level does, as -2 log likelihood
	P          float64 // for all places where it might have been found; may be above 1
}

// Rises reports whether the new level is the higher one.
func (x Shift) Rises() bool { return x.After.Mean() > x.Before.Mean() }

// longest is how long a time of another level may be that is looked for within
// the days, other than at their end.
const longest = 28

// Shares of the chance of an error that each way to look for a shift has.
const (
	shareEnd    = 0.75 // a level that lasts until the end
	shareWithin = 0.1
	shareSlope  = 0.15
)

// gainLeast is what a shift has to gain to be looked at: less is never certain.
const gainLeast = 6

// Scan returns the shift of the days from a to b-1 that is least likely to be chance,
// false for none that carries a verdict. Taken once more on the days before and after
// what it finds this is binary segmentation (Scott and Knott, A Cluster Analysis Method
// for Grouping Means in the Analysis of Variance, 1974), with the levels of limited
// length of Olshen, Venkatraman, Lucito and Wigler, Circular Binary Segmentation
// (2004).
//
// In place of a penalty for each change, the p-value is multiplied by the number of
// places where it might have been found (Bonferroni's inequality), each weighed by
// what is expected of it: see weight. A series without a change has a shift with
// P of at most alpha with a probability of at most alpha, often much less, since
// neighbouring places say nearly the same.
func (s *Series) Scan(a, b int) (best Shift, ok bool) {
	best.P = 1
	try := func(from, to int, before, after Part, places float64) {
		if !s.Enough(before, after) || !s.Matters(before, after) {
			return
		}
		gain := s.gain(before, after)
		if gain < gainLeast || ok && gain < best.Gain-2*gainLeast {
			return
		}
		x := Shift{From: from, To: to, First: a, End: b, Before: before, After: after, Gain: gain, P: s.p(before, after) * places}
		if !ok || x.P < best.P || x.P == best.P && x.Gain > best.Gain {
			best, ok = x, true
		}
	}
	for from := a + 1; from < b; from++ {
		try(from, b, s.Of(a, from), s.Of(from, b), 1/(shareEnd*s.weight(b-from, b-a)))
	}
	for length := 1; length <= min(longest, (b-a)/3); length++ {
		for from := a + 5; from+length < b; from++ {
			after := s.Of(from, from+length)
			places := float64(b-a) * float64(length) * harmonic(longest) / shareWithin
			try(from, from+length, s.Of(a, b).Minus(after), after, places)
		}
	}
	return best, ok
}

// weight returns the share of a level that lasts some days in the chance of an error
// of all that last until the end. Without a term it is in proportion to 1 / length:
// there are as many ways to be wrong about a day as about the two days before it,
// or the four before these. With a term most of it is for the days when a change
// is due: earlier ones need not be found and later ones have more to show.
func (s *Series) weight(length, days int) float64 {
	k, due := float64(length), float64(s.Due)
	switch {
	case due < 2:
		return 1 / (k * harmonic(days))
	case k < due:
		return 0.05 / (due - 1)
	case k <= due+1:
		return 0.35
	}
	return 0.25 * (due + 1) / (k * (k - 1)) // which adds up to 0.25
}

// harmonic returns the sum of 1/k for k from 1 to n (Euler's approximation).
func harmonic(n int) float64 { return math.Log(float64(n)) + 0.5772 + 1/float64(2*n) }

// At returns the shift on a day of those from a to b-1, false where it carries no
// verdict. Its P is of this one place.
func (s *Series) At(a, day, b int) (x Shift, ok bool) {
	if day <= a || day >= b {
		return x, false
	}
	before, after := s.Of(a, day), s.Of(day, b)
	if !s.Enough(before, after) {
		return x, false
	}
	return Shift{From: day, To: b, First: a, End: b, Before: before, After: after, Gain: s.gain(before, after), P: s.p(before, after)}, true
}
