// Package stat has the statistics by which a history of runs is judged:
// intervals, tests, changes, drifts, and sketches of distributions that merge.
//
// It is for package trend, which compares a run with its own kind and the time
// before a change with the time after. Every function is exact where that is
// cheap and says which approximation it uses where it is not; the tests hold
// them to published examples and to R's and SciPy's results.
//
// One rule holds for all: a NaN or infinite value is no observation and is
// left out, and where the rest does not carry a verdict (too few values, a
// level outside 0 to 1) the last result is false. A result that is true never
// contains a NaN or an infinity. Samples are not changed and need not be
// sorted, unless the function says so.
//
// Note: gonum's distributions (stat/distuv) would serve as well, but bring its
// linear algebra into the build; the special functions below them do not.
package stat

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"
)

// Estimate is a value with its confidence interval, which it lies in.
type Estimate struct {
	Value     float64
	Low, High float64
}

// Exp returns the estimate for the factor that an estimate on the logarithm
// stands for: a shift of 0.26 is 1.3 times as much. What is too large for a
// float64 is the largest.
func (e Estimate) Exp() Estimate {
	return Estimate{Value: exp(e.Value), Low: exp(e.Low), High: exp(e.High)}
}

func exp(x float64) float64 { return min(math.Exp(x), math.MaxFloat64) }

func (e Estimate) finite() bool { return finite(e.Value) && finite(e.Low) && finite(e.High) }

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// sorted returns the finite values in ascending order.
func sorted(xs []float64) []float64 {
	out := observed(xs)
	slices.Sort(out)
	return out
}

// observed returns the finite values in their order.
func observed(xs []float64) []float64 {
	out := make([]float64, 0, len(xs))
	for _, x := range xs {
		if finite(x) {
			out = append(out, x)
		}
	}
	return out
}

// open reports whether x is a level, a rate of error or the like: strictly
// between 0 and 1.
func open(x float64) bool { return x > 0 && x < 1 }

// normalQuantile returns the standard normal value that is exceeded with the
// probability tail: 1.96 for 0.025.
func normalQuantile(tail float64) float64 { return -mathext.NormalQuantile(tail) }

// Normal returns the standard normal value that is exceeded with the probability
// tail: 1.96 for 0.025 (Abramowitz and Stegun, 26.2.22, by its inverse). It is 0 for
// what is no probability between 0 and 1.
func Normal(tail float64) float64 {
	if !open(tail) {
		return 0
	}
	return normalQuantile(tail)
}

// normalP returns the probability that a standard normal value lies at least
// as far from 0 as z.
func normalP(z float64) float64 { return math.Erfc(math.Abs(z) / math.Sqrt2) }

// studentP is normalP for Student's t with df degrees of freedom (Abramowitz
// and Stegun, Handbook of Mathematical Functions, 26.7.1 and 26.5.27).
func studentP(t, df float64) float64 { return mathext.RegIncBeta(df/2, 0.5, df/(df+t*t)) }

// Student returns the two-sided p-value of a value of Student's t with df degrees
// of freedom, more than 0 of them: the probability of one at least as far from 0.
// It is 1 for a value that is not finite and for other degrees of freedom.
func Student(t, df float64) float64 {
	if !finite(t) || !(df > 0) {
		return 1
	}
	return studentP(t, df)
}

// normalTail returns the probability of a standard normal value of z or more.
func normalTail(z float64) float64 { return math.Erfc(z/math.Sqrt2) / 2 }

// ChiSquared returns the probability of a value of chi-squared with df degrees of
// freedom, more than 0 of them, that is at least as large (Abramowitz and Stegun,
// 26.4.19). It is 1 for a value that is not finite or not above 0.
func ChiSquared(chi, df float64) float64 {
	if !finite(chi) || !(chi > 0) || !(df > 0) {
		return 1
	}
	return mathext.GammaIncRegComp(df/2, chi/2)
}
