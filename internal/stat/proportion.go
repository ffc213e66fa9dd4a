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
	rarer, alike := tables(a, b)
	return min(rarer+alike, 1), true
}

// FisherMidP is Fisher with half of the probability of the tables that are as likely
// as this one: Lancaster, Significance Tests in Discrete Distributions (1961). Fisher's
// test rejects less often than it may, since no table has just the probability that
// it allows; this one is right on average, and for few hits rejects a little too
// often: Agresti, Categorical Data Analysis, section 1.4.5.
func FisherMidP(a, b Proportion) (p float64, ok bool) {
	if !a.valid() || !b.valid() {
		return 0, false
	}
	if a.Total > fisherMax-b.Total {
		return TwoProportions(a, b)
	}
	rarer, alike := tables(a, b)
	return min(rarer+alike/2, 1), true
}

// tables returns the probability of all tables with the margins of this one that are
// less likely than it, and of those that are as likely.
func tables(a, b Proportion) (rarer, alike float64) {
	hits := a.Hits + b.Hits
	all := logChoose(a.Total+b.Total, hits)
	table := func(k int) float64 { return logChoose(a.Total, k) + logChoose(b.Total, hits-k) - all }
	seen := table(a.Hits)
	for k := max(0, hits-b.Total); k <= min(hits, a.Total); k++ {
		switch t := table(k); {
		case t > seen+1e-7: // R's allowance for rounding
		case t < seen-1e-7:
			rarer += math.Exp(t)
		default:
			alike += math.Exp(t)
		}
	}
	return rarer, alike
}

// Dispersion returns by how much the rates of days vary more than chance has it:
// Pearson's chi-squared over its degrees of freedom (McCullagh and Nelder, Generalized
// Linear Models, section 4.5.2), of each seven days by themselves so that lasting
// changes do not count. Of it is taken off what is an accident in one of 15 series,
// and it is never below 1.
func Dispersion(days []Part) float64 {
	chi, free := 0.0, 0.0
	for week := 0; week < len(days); week += 7 {
		x, df := pearson(days[week:min(week+7, len(days))])
		chi, free = chi+x, free+df
	}
	if free < 5 {
		return 1
	}
	return max(1, chi/free-1.5*math.Sqrt(2.5/free))
}

// pearson returns the chi-squared of days that have one rate, and its degrees of
// freedom; none of either where it says nothing.
func pearson(days []Part) (chi, df float64) {
	var all Part
	for _, d := range days {
		all = all.Plus(d)
	}
	rate := all.Mean()
	if rate <= 0 || rate >= 1 || all.Days < 2 {
		return 0, 0
	}
	for _, d := range days {
		if d.Total > 0 {
			off := d.Hits - d.Total*rate
			chi += off * off / (d.Total * rate * (1 - rate))
		}
	}
	return chi, float64(all.Days - 1)
}

// logChoose returns the logarithm of the number of ways to take k of n.
func logChoose(n, k int) float64 {
	return logFactorial(n) - logFactorial(k) - logFactorial(n-k)
}

func logFactorial(n int) float64 {
	l, _ := math.Lgamma(float64(n) + 1)
	return l
}
