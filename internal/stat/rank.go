package stat

import (
	"math"
	"slices"
)

// exactRanks is up to how many values on each side the distribution of ranks is
// counted instead of approximated: the counts are exact in a float64 so far.
const exactRanks = 25

// MannWhitney returns the two-sided p-value of the hypothesis that a and b come
// from one distribution, against that one tends to larger values: Mann and
// Whitney, On a Test of Whether One of Two Random Variables Is Stochastically
// Larger than the Other (1947). It is exact for samples of up to 25 values
// without ties; else the normal approximation with corrections for continuity
// and ties, as R's wilcox.test has them (Lehmann, Nonparametrics, section 1.4).
// Where all values are equal the p-value is 1. It is false if a sample is empty.
func MannWhitney(a, b []float64) (p float64, ok bool) {
	a, b = sorted(a), sorted(b)
	if len(a) == 0 || len(b) == 0 {
		return 0, false
	}
	na, nb := float64(len(a)), float64(len(b))
	u, ties := wins(a, b)
	if ties == 0 && max(len(a), len(b)) <= exactRanks {
		return exactU(min(u, na*nb-u), len(a), len(b)), true
	}
	n := na + nb
	variance := na * nb / 12 * (n + 1 - ties/(n*(n-1)))
	distance := math.Abs(u-na*nb/2) - 0.5
	if variance <= 0 || distance <= 0 {
		return 1, true
	}
	return normalP(distance / math.Sqrt(variance)), true
}

// wins returns Mann and Whitney's U: the pairs in which b is the larger, and half
// of those in which both are equal. ties is the sum of t³-t over the groups of t
// equal values of both samples together.
func wins(a, b []float64) (u, ties float64) {
	below, upTo := 0, 0
	for _, x := range b {
		for below < len(a) && a[below] < x {
			below++
		}
		for upTo < len(a) && a[upTo] <= x {
			upTo++
		}
		u += float64(below) + float64(upTo-below)/2
	}
	both := append(slices.Clone(a), b...)
	slices.Sort(both)
	for _, t := range runs(both) {
		ties += t*t*t - t
	}
	return u, ties
}

// runs returns the lengths of the groups of equal values.
func runs(ascending []float64) []float64 {
	var out []float64
	for i, x := range ascending {
		if i > 0 && x == ascending[i-1] {
			out[len(out)-1]++
		} else {
			out = append(out, 1)
		}
	}
	return out
}

// exactU returns the probability that U is at most u or at least as far to the
// other side, for samples of na and nb values, and u below the middle.
func exactU(u float64, na, nb int) float64 {
	var tail, all float64
	for i, ways := range waysU(na, nb) {
		all += ways
		if float64(i) <= u {
			tail += ways
		}
	}
	return min(1, 2*tail/all)
}

// waysU returns in how many orders of na and nb values each U occurs: the
// coefficients of the Gaussian binomial, a product of (1-q^(nb+i))/(1-q^i).
func waysU(na, nb int) []float64 {
	ways := make([]float64, na*nb+1)
	ways[0] = 1
	for i := 1; i <= na; i++ {
		for u := len(ways) - 1; u >= nb+i; u-- {
			ways[u] -= ways[u-nb-i]
		}
		for u := i; u < len(ways); u++ {
			ways[u] += ways[u-i]
		}
	}
	return ways
}

// HodgesLehmann returns by how much b is shifted against a: the median of all
// differences of a value of b and one of a (Hodges and Lehmann, Estimates of
// Location Based on Rank Tests, 1963), with the interval of the shifts that
// MannWhitney does not reject (Bauer, Constructing Confidence Sets Using Rank
// Statistics, 1972; Hollander and Wolfe, section 4.3), exact for up to 25 values
// on each side, also with ties. Of logarithms, its Exp is the factor between them.
// It is false where the samples are too small for the level.
func HodgesLehmann(a, b []float64, level float64) (Estimate, bool) {
	a, b = sorted(a), sorted(b)
	pairs := len(a) * len(b)
	if pairs == 0 || !open(level) {
		return Estimate{}, false
	}
	cut := cutU(len(a), len(b), level)
	if cut < 1 {
		return Estimate{}, false
	}
	e := Estimate{Low: difference(a, b, cut), High: difference(a, b, pairs+1-cut)}
	// Halves keep the largest float64s from overflowing; those of the smallest are rounded.
	middle := difference(a, b, (pairs+1)/2)/2 + difference(a, b, pairs/2+1)/2
	e.Value = min(max(middle, e.Low), e.High)
	return e, e.finite()
}

// cutU returns the rank, from 1, of the difference at which the interval begins;
// less than 1 where even the smallest is too large.
func cutU(na, nb int, level float64) int {
	if max(na, nb) > exactRanks {
		n, m := float64(na), float64(nb)
		return int(math.Floor(n*m/2 - normalQuantile((1-level)/2)*math.Sqrt(n*m*(n+m+1)/12)))
	}
	ways := waysU(na, nb)
	all := 0.0
	for _, w := range ways {
		all += w
	}
	tail := 0.0
	return slices.IndexFunc(ways, func(w float64) bool {
		tail += w / all
		return tail > (1-level)/2
	})
}

// difference returns the k-th smallest, from 1, of all differences of a value of b
// and one of a, both ascending. It searches the float64s for the least that k
// differences do not exceed, so that the differences need not be stored.
func difference(a, b []float64, k int) float64 {
	low, high := int64(-0x7ff0000000000000), int64(0x7ff0000000000000) // the infinities
	for low < high {
		middle := low + int64(uint64(high-low)/2)
		if notAbove(a, b, fromOrder(middle)) >= k {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return fromOrder(low)
}

// notAbove returns how many differences of a value of b and one of a are at most t.
func notAbove(a, b []float64, t float64) int {
	smallest, count := 0, 0
	for _, x := range b {
		for smallest < len(a) && x-a[smallest] > t {
			smallest++
		}
		count += len(a) - smallest
	}
	return count
}

// fromOrder returns the float64 at a place in their order: 0 at 0, the negative
// ones below it.
func fromOrder(place int64) float64 {
	if place < 0 {
		return -math.Float64frombits(uint64(-place))
	}
	return math.Float64frombits(uint64(place))
}
