package stat

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"
)

// Change is where a series passes from one level to another.
type Change struct {
	From, At, To int     // the levels hold for the indices From to At-1 and At to To-1
	P            float64 // the p-value of this change, for all places where it might have been found
}

// MeanChanges returns the changes of the mean in a series of independent values
// with one, unknown standard deviation, such as the daily medians of logarithms.
// In a series without a change it finds one with a probability of at most alpha; no
// level is shorter than shortest values.
//
// The changes are those that leave the least squares, at a penalty for each: Killick,
// Fearnhead and Eckley, Optimal Detection of Changepoints with a Linear
// Computational Cost (2012). The penalty is what the best of all places in a series
// without a change gains with the probability alpha, by Bonferroni's inequality:
// the square of Student's t at alpha over the number of places. The deviation comes
// from the differences between neighbours, in which a change shows only once
// (von Neumann, Distribution of the Ratio of the Mean Square Successive Difference
// to the Variance, 1941), and with it the degrees of freedom, about 2/3 of the
// values. A single outlier widens it, and hides changes.
//
// It is false for a series of fewer than twice the shortest level or 6 values, with a
// value that is not finite (indices would move), or with values too far apart to square.
func MeanChanges(xs []float64, shortest int, alpha float64) ([]Change, bool) {
	n := len(xs)
	if n < 6 || shortest < 1 || shortest > n/2 || !open(alpha) || len(observed(xs)) < n {
		return nil, false
	}
	squares := prefix(xs)
	if squares.variance == 0 {
		return nil, true
	}
	places := float64(n - 2*shortest + 1)
	df := 2 * float64((n-1)*(n-1)) / float64(3*n-4)
	penalty := studentSquare(alpha/places, df) * squares.variance
	if !finite(penalty) || !finite(squares.squares[n]*float64(n)) {
		return nil, false
	}
	p := func(from, at, to int) float64 {
		gain := squares.within(from, to) - squares.within(from, at) - squares.within(at, to)
		return min(1, places*studentP(math.Sqrt(max(0, gain)/squares.variance), df))
	}
	return changes(segment(n, shortest, penalty, squares.within), n, alpha, p), true
}

// studentSquare returns the square that Student's t exceeds with the probability p.
func studentSquare(p, df float64) float64 {
	x := mathext.InvRegIncBeta(df/2, 0.5, p)
	return df * (1 - x) / x
}

// squareSums has the sums of the first values of a series and of their squares, both
// about the mean, and the variance that the neighbours' differences show.
type squareSums struct {
	sums, squares []float64
	variance      float64
}

func prefix(xs []float64) squareSums {
	n := len(xs)
	mean := 0.0
	for _, x := range xs {
		mean += x / float64(n)
	}
	s := squareSums{sums: make([]float64, n+1), squares: make([]float64, n+1)}
	for i, x := range xs {
		s.sums[i+1] = s.sums[i] + x - mean
		s.squares[i+1] = s.squares[i] + (x-mean)*(x-mean)
		if i > 0 {
			s.variance += (x - xs[i-1]) * (x - xs[i-1]) / float64(2*(n-1))
		}
	}
	return s
}

// within returns the sum of squares about the mean of the values from i to j-1.
func (s squareSums) within(i, j int) float64 {
	sum := s.sums[j] - s.sums[i]
	return max(0, s.squares[j]-s.squares[i]-sum*sum/float64(j-i))
}

// RateChanges is MeanChanges for a series of counts, such as the failed runs of
// each day: a day weighs as much as it has cases, and may have none. The penalty is
// that of the likelihood ratio (chi-squared with one degree of freedom at alpha over
// the number of places), and since that is rough for few hits, a change also stands
// only if Fisher's test of both levels, times the number of places, agrees. It is
// false for fewer than twice shortest days or 6, and for a day with more hits than
// cases.
func RateChanges(days []Proportion, shortest int, alpha float64) ([]Change, bool) {
	n := len(days)
	if n < 6 || shortest < 1 || shortest > n/2 || !open(alpha) {
		return nil, false
	}
	sums := make([]Proportion, n+1)
	for i, d := range days {
		if d != (Proportion{}) && !d.valid() || d.Total > math.MaxInt32 {
			return nil, false
		}
		sums[i+1] = Proportion{Hits: sums[i].Hits + d.Hits, Total: sums[i].Total + d.Total}
	}
	between := func(i, j int) Proportion {
		return Proportion{Hits: sums[j].Hits - sums[i].Hits, Total: sums[j].Total - sums[i].Total}
	}
	places := float64(n - 2*shortest + 1)
	z := normalQuantile(alpha / places / 2)
	if !finite(z) {
		return nil, false
	}
	cost := func(i, j int) float64 { return between(i, j).deviance() }
	p := func(from, at, to int) float64 {
		p, ok := Fisher(between(from, at), between(at, to))
		if !ok {
			return 1
		}
		return min(1, places*p)
	}
	return changes(segment(n, shortest, z*z, cost), n, alpha, p), true
}

// deviance returns -2 times the greatest log-likelihood.
func (p Proportion) deviance() float64 {
	if !p.valid() || p.Hits == 0 || p.Hits == p.Total {
		return 0
	}
	hits, misses, total := float64(p.Hits), float64(p.Total-p.Hits), float64(p.Total)
	return -2 * (hits*math.Log(hits/total) + misses*math.Log(misses/total))
}

// segment returns where the cheapest division of n places begins a new part: the
// sum of the parts' costs and of a penalty for each border is least, and no part is
// shorter than shortest. This is PELT. A begin that is beaten at t is kept until a
// part could begin at t: before that, nothing else can take its place.
func segment(n, shortest int, penalty float64, cost func(from, to int) float64) []int {
	total := make([]float64, n+1)
	begin := make([]int, n+1)
	beaten := make([]int, n+1) // the place from which a begin is of no use; 0 is never
	begins := []int{}
	total[0] = -penalty
	for t := shortest; t <= n; t++ {
		if t == shortest || t >= 2*shortest {
			begins = append(begins, t-shortest)
		}
		begins = slices.DeleteFunc(begins, func(s int) bool { return beaten[s] > 0 && beaten[s] <= t })
		total[t] = math.Inf(1)
		for _, s := range begins {
			if c := total[s] + cost(s, t) + penalty; c < total[t] {
				total[t], begin[t] = c, s
			}
		}
		for _, s := range begins {
			if beaten[s] == 0 && total[s]+cost(s, t) >= total[t] {
				beaten[s] = t + shortest
			}
		}
	}
	var out []int
	for s := begin[n]; s > 0; s = begin[s] {
		out = append(out, s)
	}
	slices.Reverse(out)
	return out
}

// changes returns the borders with their p-values, without those that alpha does
// not allow, the least certain removed first.
func changes(borders []int, n int, alpha float64, p func(from, at, to int) float64) []Change {
	for {
		out := make([]Change, len(borders))
		worst := -1
		for i, at := range borders {
			out[i] = Change{From: 0, At: at, To: n}
			if i > 0 {
				out[i].From = borders[i-1]
			}
			if i+1 < len(borders) {
				out[i].To = borders[i+1]
			}
			out[i].P = p(out[i].From, at, out[i].To)
			if worst < 0 || out[i].P > out[worst].P {
				worst = i
			}
		}
		if worst < 0 || out[worst].P <= alpha {
			return out
		}
		borders = slices.Delete(borders, worst, worst+1)
	}
}
