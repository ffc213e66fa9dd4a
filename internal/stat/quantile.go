package stat

import (
	"math"
	"sort"

	"gonum.org/v1/gonum/mathext"
)

// Quantile returns the q-quantile of a sample in ascending order, for q from 0
// to 1, interpolated between the values at both sides of rank 1 + q (n - 1).
// This is type 7 of Hyndman and Fan, Sample Quantiles in Statistical Packages
// (1996), the default of R and NumPy. It is false for a sample without values
// and for another q.
func Quantile(ascending []float64, q float64) (float64, bool) {
	xs := trim(ascending)
	if len(xs) == 0 || !(q >= 0 && q <= 1) {
		return 0, false
	}
	rank := q * float64(len(xs)-1)
	i := int(rank)
	part := rank - float64(i)
	if part == 0 || xs[i] == xs[i+1] {
		return xs[i], true
	}
	return (1-part)*xs[i] + part*xs[i+1], true
}

// trim cuts off what is not finite, which sorting puts at the ends.
func trim(xs []float64) []float64 {
	for len(xs) > 0 && !finite(xs[0]) {
		xs = xs[1:]
	}
	for len(xs) > 0 && !finite(xs[len(xs)-1]) {
		xs = xs[:len(xs)-1]
	}
	return xs
}

// Median returns the median of a sample in ascending order, and as its interval
// the narrowest symmetrical pair of values that holds the true median with at
// least the probability level, whatever the distribution: Conover, Practical
// Nonparametric Statistics (3rd edition), section 3.2.
//
// It is false where no pair does, as with fewer than 6 values at 0.95; Quantile
// has the median of these.
func Median(ascending []float64, level float64) (Estimate, bool) {
	xs := trim(ascending)
	n := len(xs)
	if !open(level) {
		return Estimate{}, false
	}
	// below is how many of the lowest values may be cut off: the most for which
	// that many or fewer lie under the median with a probability of (1-level)/2.
	below := sort.Search(n/2, func(k int) bool { return halves(k, n) > (1-level)/2 })
	if below == 0 {
		return Estimate{}, false
	}
	value, _ := Quantile(xs, 0.5)
	return Estimate{Value: value, Low: xs[below-1], High: xs[n-below]}, true
}

// halves returns the probability of at most k heads in n tosses of a fair coin.
func halves(k, n int) float64 { return mathext.RegIncBeta(float64(n-k), float64(k+1), 0.5) }

// Logs returns the natural logarithms of the values that have one, in their
// order: costs and durations are near log-normal, so that they are judged there.
// Nothing stands for a value that is not above 0.
func Logs(xs []float64) []float64 {
	out := make([]float64, 0, len(xs))
	for _, x := range xs {
		if x > 0 && finite(x) {
			out = append(out, math.Log(x))
		}
	}
	return out
}

// Scale returns the median of a sample, and as its spread the median absolute
// deviation from it times 1.4826, which estimates the standard deviation of
// normal values and does not move for outliers: Hampel, The Influence Curve and
// Its Role in Robust Estimation (1974); R's mad.
//
// The spread is 0 where more than half of the values are equal. It is too small
// on average for fewer than 10 values. Scale is false for a sample without values.
func Scale(xs []float64) (centre, spread float64, ok bool) {
	values := sorted(xs)
	centre, ok = Quantile(values, 0.5)
	if !ok {
		return 0, 0, false
	}
	for i, x := range values {
		values[i] = math.Abs(x - centre)
	}
	mad, ok := Quantile(sorted(values), 0.5)
	spread = mad / mathext.NormalQuantile(0.75)
	return centre, spread, ok && finite(spread)
}
