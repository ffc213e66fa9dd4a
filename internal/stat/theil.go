package stat

import (
	"math"
	"slices"
)

// slopePoints bounds the points of a slope, whose pairs are all looked at.
const slopePoints = 2000

// TheilSen returns by how much y grows for each 1 of x, as the median of the
// slopes between all points with different x, with its interval: Theil (1950) and
// Sen, Estimates of the Regression Coefficient Based on Kendall's Tau (1968);
// Hollander and Wolfe, section 9.3. For the logarithm of a cost by day, Exp of it
// is the growth a day: 1.02 is 2 %.
//
// It is meant for one point a day. It is false for more than 2000 points, for
// too few for the level (fewer than 6 at 0.95), and where a slope exceeds a float64.
// A point with a coordinate that is not finite is left out, as is what one slice has
// more of.
func TheilSen(x, y []float64, level float64) (Estimate, bool) {
	x, y = points(x, y)
	if len(x) > slopePoints || !open(level) {
		return Estimate{}, false
	}
	slopes := slopes(x, y)
	reach := normalQuantile((1-level)/2) * math.Sqrt(varianceS(x))
	cut := int(math.Floor((float64(len(slopes)) - reach) / 2))
	if cut < 1 {
		return Estimate{}, false
	}
	slices.Sort(slopes)
	if !finite(slopes[0]) || !finite(slopes[len(slopes)-1]) {
		return Estimate{}, false
	}
	value, _ := Quantile(slopes, 0.5)
	return Estimate{Value: value, Low: slopes[cut-1], High: slopes[len(slopes)-cut]}, true
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

// slopes returns the slopes between all points with different x.
func slopes(x, y []float64) []float64 {
	out := make([]float64, 0, len(x)*len(x)/2)
	for i := range x {
		for j := range i {
			if x[i] != x[j] {
				out = append(out, (y[i]-y[j])/(x[i]-x[j]))
			}
		}
	}
	return out
}

// varianceS returns the variance of Kendall's S where y does not depend on x, for the
// equal values in x (Kendall, Rank Correlation Methods, 4th edition, equation 4.3).
// Those in y are left out: they would narrow the interval, down to nothing where all
// are equal.
func varianceS(x []float64) float64 {
	v := kendall(float64(len(x)))
	for _, t := range runs(sorted(x)) {
		v -= kendall(t)
	}
	return max(v, 0)
}

func kendall(n float64) float64 { return n * (n - 1) * (2*n + 5) / 18 }
