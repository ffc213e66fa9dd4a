package stat

import (
	"math"

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

// medianRank returns the rank, from 1, of the value of n that begins the interval of
// their median, which ends as many values before the last; 0 where there is none. It is
// the most of the lowest values that can be cut off so that as many or fewer lie under
// the median with a probability of (1-level)/2: the normal approximation, set right.
func medianRank(n int64, level float64) int64 {
	tail := (1 - level) / 2
	rank := int64((float64(n) - normalQuantile(tail)*math.Sqrt(float64(n))) / 2)
	rank = min(max(rank, 0), n/2)
	for rank < n/2 && halves(rank, n) <= tail {
		rank++
	}
	for rank > 0 && halves(rank-1, n) > tail {
		rank--
	}
	return rank
}

// halves returns the probability of at most k heads in n tosses of a fair coin.
func halves(k, n int64) float64 {
	return mathext.RegIncBeta(float64(n-k), float64(k+1), 0.5)
}

// MAD returns the standard deviation of normal values that lie so far from their centre,
// by the median of these distances times 1.4826: it does not move for outliers. Hampel,
// The Influence Curve and Its Role in Robust Estimation (1974); R's mad. The distances are
// finite, and it puts them in another order. It is 0 of none, and where more than half of
// them are.
func MAD(distances []float64) float64 {
	middle, _ := Median(distances)
	return middle / mathext.NormalQuantile(0.75)
}

// Wander returns the variance that levels have beyond that of each, which is known. It
// is seen in the differences between neighbours, in which a lasting change shows only
// once (von Neumann, Distribution of the Ratio of the Mean Square Successive Difference
// to the Variance, 1941), and of which none counts for more than three standard
// deviations (Huber, Robust Statistics, section 5.2). It is false for fewer than five
// differences.
func Wander(levels, variances []float64) (float64, bool) {
	n := len(levels) - 1
	if n < 5 || len(variances) != n+1 {
		return 0, false
	}
	wander := 0.0
	for range 5 {
		sum := 0.0
		for i := range n {
			d, expected := levels[i+1]-levels[i], variances[i+1]+variances[i]
			sum += min(d*d, 9*(expected+2*wander)) - expected
		}
		wander = max(0, sum/float64(2*n))
	}
	return wander, true
}
