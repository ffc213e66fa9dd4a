package stat

import (
	"math"
	"slices"
)

// slopePoints bounds the points of a slope, whose pairs are all looked at.
const slopePoints = 2000

// exactKendall is up to how many points the distribution of Kendall's S is
// counted instead of approximated.
const exactKendall = 30

// TheilSen returns by how much y grows for each 1 of x, as the median of the
// slopes between all points with different x, with its interval: Theil (1950) and
// Sen, Estimates of the Regression Coefficient Based on Kendall's Tau (1968);
// Hollander and Wolfe, section 9.3. For the logarithm of a cost by day, Exp of it
// is the growth a day: 1.02 is 2 %.
//
// p is the two-sided p-value of the hypothesis that y does not drift: the test of
// Mann and Kendall on the same pairs, exact up to 30 points without ties, else
// normal with corrections for continuity and ties (Kendall, Rank Correlation
// Methods, 4th edition, chapters 3 and 4). Its points must be independent once
// the drift is taken out: a season of weekdays has to be removed before, or the
// test loses power.
//
// It is meant for one point a day. It is false for more than 2000 points, for
// too few for the level (fewer than 6 at 0.95), and where a slope exceeds a float64.
// A point with a coordinate that is not finite is left out, as is what one slice has
// more of.
func TheilSen(x, y []float64, level float64) (slope Estimate, p float64, ok bool) {
	x, y = points(x, y)
	if len(x) > slopePoints || !open(level) {
		return Estimate{}, 0, false
	}
	slopes, s := pairs(x, y)
	// Equal values of y would narrow the interval, down to nothing where all are.
	reach := normalQuantile((1-level)/2) * math.Sqrt(varianceS(x, nil))
	cut := int(math.Floor((float64(len(slopes)) - reach) / 2))
	if cut < 1 {
		return Estimate{}, 0, false
	}
	slices.Sort(slopes)
	if !finite(slopes[0]) || !finite(slopes[len(slopes)-1]) {
		return Estimate{}, 0, false
	}
	value, _ := Quantile(slopes, 0.5)
	slope = Estimate{Value: value, Low: slopes[cut-1], High: slopes[len(slopes)-cut]}
	if len(x) <= exactKendall && !tied(x) && !tied(y) {
		return slope, exactS(s, len(x)), true
	}
	deviation := math.Sqrt(varianceS(x, y))
	if deviation == 0 {
		return slope, 1, true
	}
	return slope, normalP(max(0, math.Abs(s)-1) / deviation), true
}

// points returns the points with two finite coordinates.
func points(x, y []float64) (xs, ys []float64) {
	for i := range min(len(x), len(y)) {
		if finite(x[i]) && finite(y[i]) {
			xs, ys = append(xs, x[i]), append(ys, y[i])
		}
	}
	return xs, ys
}

// pairs returns the slopes between all points with different x, and Kendall's S:
// how many of them rise, less how many fall.
func pairs(x, y []float64) (slopes []float64, s float64) {
	slopes = make([]float64, 0, len(x)*len(x)/2)
	for i := range x {
		for j := range i {
			if x[i] == x[j] {
				continue
			}
			slope := (y[i] - y[j]) / (x[i] - x[j])
			slopes = append(slopes, slope)
			if y[i] != y[j] {
				s += math.Copysign(1, slope)
			}
		}
	}
	return slopes, s
}

// varianceS returns the variance of S where y does not depend on x (Kendall,
// equation 4.3), for the equal values in both.
func varianceS(x, y []float64) float64 {
	x0, x1, x2 := tieSums(x)
	y0, y1, y2 := tieSums(y)
	n := float64(len(x))
	v := (n*(n-1)*(2*n+5) - x0 - y0) / 18
	if n > 2 {
		v += x1 * y1 / (9 * n * (n - 1) * (n - 2))
	}
	if n > 1 {
		v += x2 * y2 / (2 * n * (n - 1))
	}
	return max(v, 0)
}

// tieSums returns the sums of t(t-1)(2t+5), t(t-1)(t-2) and t(t-1) over the groups
// of t equal values.
func tieSums(xs []float64) (a, b, c float64) {
	for _, t := range runs(sorted(xs)) {
		a += t * (t - 1) * (2*t + 5)
		b += t * (t - 1) * (t - 2)
		c += t * (t - 1)
	}
	return a, b, c
}

func tied(xs []float64) bool {
	return len(runs(sorted(xs))) < len(xs)
}

// exactS returns the probability that S of n points in random order is at least as
// far from 0 as s. The pairs that fall are the inversions of a permutation; adding
// the i-th point adds 0 to i-1 of them, each as likely.
func exactS(s float64, n int) float64 {
	likely := make([]float64, n*(n-1)/2+1)
	likely[0] = 1
	for i := 2; i <= n; i++ {
		for k := i * (i - 1) / 2; k >= 0; k-- {
			sum := 0.0
			for j := max(0, k-i+1); j <= k; j++ {
				sum += likely[j]
			}
			likely[k] = sum / float64(i)
		}
	}
	tail := 0.0
	for falls, p := range likely {
		if float64(len(likely)-1-2*falls) >= math.Abs(s) {
			tail += p
		}
	}
	return min(1, 2*tail)
}
