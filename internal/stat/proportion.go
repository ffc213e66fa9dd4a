package stat

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// Proportion is how often something happened in a number of cases. A case is
// counted at most once: Hits lies between 0 and Total.
type Proportion struct {
	Hits, Total int
}

func (p Proportion) valid() bool { return p.Total > 0 && p.Hits >= 0 && p.Hits <= p.Total }

func (p Proportion) rate() float64 { return float64(p.Hits) / float64(p.Total) }

// Wilson returns the rate with Wilson's score interval, which keeps its level on
// average, also for few cases and for rates near 0 and 1: Wilson, Probable
// Inference, the Law of Succession, and Statistical Inference (1927); method 3
// of Newcombe, Two-sided Confidence Intervals for the Single Proportion (1998).
// It is false without cases.
func (p Proportion) Wilson(level float64) (Estimate, bool) {
	if !p.valid() || !open(level) {
		return Estimate{}, false
	}
	n, rate, z := float64(p.Total), p.rate(), normalQuantile((1-level)/2)
	centre := (rate + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(rate*(1-rate)/n+z*z/(4*n*n))
	// At 0 and 1 the interval ends there exactly, which rounding may miss.
	return Estimate{Value: rate, Low: min(max(0, centre-half), rate), High: max(min(1, centre+half), rate)}, true
}

// Exact returns the rate with the interval of Clopper and Pearson, The Use of
// Confidence or Fiducial Limits Illustrated in the Case of the Binomial (1934),
// which never holds the true rate less often than level says, and is wider than
// Wilson's for it. It is false without cases.
func (p Proportion) Exact(level float64) (Estimate, bool) {
	if !p.valid() || !open(level) {
		return Estimate{}, false
	}
	hits, misses, tail := float64(p.Hits), float64(p.Total-p.Hits), (1-level)/2
	e := Estimate{Value: p.rate(), Low: 0, High: 1}
	if p.Hits > 0 {
		e.Low = mathext.InvRegIncBeta(hits, misses+1, tail)
	}
	if p.Hits < p.Total {
		// 1 - the mirrored quantile, since tail is exact and 1-tail is not.
		e.High = 1 - mathext.InvRegIncBeta(misses, hits+1, tail)
	}
	return e, e.finite()
}

// TwoProportions returns the two-sided p-value of the hypothesis that a and b
// have one rate, by the pooled z-test (the same as Pearson's chi-squared test of
// the 2x2 table without Yates's correction): Fleiss, Statistical Methods for
// Rates and Proportions (3rd edition), section 3.1. It needs about five hits and
// five misses to be expected on each side; Fisher needs none. Where all or none
// are hits the p-value is 1. It is false if a or b has no cases.
func TwoProportions(a, b Proportion) (p float64, ok bool) {
	if !a.valid() || !b.valid() {
		return 0, false
	}
	na, nb := float64(a.Total), float64(b.Total)
	pooled := (float64(a.Hits) + float64(b.Hits)) / (na + nb)
	variance := pooled * (1 - pooled) * (1/na + 1/nb)
	if variance <= 0 {
		return 1, true
	}
	return normalP((a.rate() - b.rate()) / math.Sqrt(variance)), true
}

// fisherMax bounds the cases that Fisher sums over; beyond them the normal
// approximation is as good.
const fisherMax = 100_000

// Fisher returns the two-sided p-value of the hypothesis that a and b have one
// rate, by the exact test of Fisher, The Logic of Inductive Inference (1935): the
// probability of all tables with the same margins that are no likelier than this
// one, as R's fisher.test has it. Above 100,000 cases it is TwoProportions. It
// is false if a or b has no cases.
func Fisher(a, b Proportion) (p float64, ok bool) {
	if !a.valid() || !b.valid() {
		return 0, false
	}
	if a.Total > fisherMax-b.Total {
		return TwoProportions(a, b)
	}
	hits := a.Hits + b.Hits
	least, most := max(0, hits-b.Total), min(hits, a.Total)
	all := logChoose(a.Total+b.Total, hits)
	table := func(k int) float64 { return logChoose(a.Total, k) + logChoose(b.Total, hits-k) - all }
	seen := table(a.Hits) + 1e-7 // R's allowance for rounding
	for k := least; k <= most; k++ {
		if t := table(k); t <= seen {
			p += math.Exp(t)
		}
	}
	return min(p, 1), true
}

// logChoose returns the logarithm of the number of ways to take k of n.
func logChoose(n, k int) float64 {
	return logFactorial(n) - logFactorial(k) - logFactorial(n-k)
}

func logFactorial(n int) float64 {
	l, _ := math.Lgamma(float64(n) + 1)
	return l
}
