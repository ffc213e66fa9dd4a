package trend

import (
	"math"

	"github.com/andon-ci/andon/internal/stat"
)

// series is one measure of a role over the days of the past, in parts that add up.
type series struct {
	measure measure
	detail  string // of which decision it is the rate
	sums    []part // of the days before each
	tests   float64
	rates   bool
	days    int     // with anything
	scale   float64 // of a rate: how much more the days differ than chance has it, from 1

	least  float64 // difference that matters: of the logarithm, or of the rate
	factor float64 // of rates: how many times as much matters
}

// measure is what a series is of.
type measure string

const (
	ofCost     measure = "cost"
	ofLatency  measure = "latency"
	ofErrors   measure = "error-rate"
	ofDecision measure = "decision-rate"
	ofOverride measure = "override-rate"
)

// part is what some days come to.
type part struct {
	runs        float64 // cases as they were counted
	hits, total float64 // of a rate; total may be weighted
	weight, sum float64 // of logarithms: 1 / variance of each day, and its value times that
	days        int
}

func (p part) plus(q part) part {
	return part{p.runs + q.runs, p.hits + q.hits, p.total + q.total, p.weight + q.weight, p.sum + q.sum, p.days + q.days}
}

func (p part) minus(q part) part {
	return part{p.runs - q.runs, p.hits - q.hits, p.total - q.total, p.weight - q.weight, p.sum - q.sum, p.days - q.days}
}

// mean returns the mean of the logarithms, or the rate.
func (p part) mean() float64 {
	switch {
	case p.weight > 0:
		return p.sum / p.weight
	case p.total > 0:
		return min(p.hits/p.total, 1)
	}
	return 0
}

// of returns what the days from i to j-1 come to.
func (s *series) of(i, j int) part { return s.sums[j].minus(s.sums[i]) }

// fill sets the sums from what each day comes to.
func (s *series) fill(days []part) {
	s.sums = make([]part, len(days)+1)
	for i, d := range days {
		s.sums[i+1] = s.sums[i].plus(d)
		if d.runs > 0 {
			s.days++
		}
	}
}

// gain returns how much better two levels explain two parts than one does: twice
// the logarithm of the ratio of the likelihoods.
func (s *series) gain(a, b part) float64 {
	if s.rates {
		return (deviance(a.plus(b)) - deviance(a) - deviance(b)) / s.scale
	}
	if a.weight <= 0 || b.weight <= 0 {
		return 0
	}
	d := a.mean() - b.mean()
	return d * d / (1/a.weight + 1/b.weight)
}

func deviance(p part) float64 {
	hits, misses := p.hits, p.total-p.hits
	if hits <= 0 || misses <= 0 {
		return 0
	}
	return -2 * (hits*math.Log(hits/p.total) + misses*math.Log(misses/p.total))
}

// p returns the probability of a difference as large as that of two parts where
// there is none.
func (s *series) p(a, b part) float64 {
	if !s.rates {
		return stat.Student(math.Sqrt(s.gain(a, b)), float64(max(s.days-2, 1)))
	}
	p, ok := stat.Fisher(s.proportion(a), s.proportion(b))
	if !ok {
		return 1
	}
	return p
}

// proportion returns the cases of a rate, fewer of them where the days differ
// more than chance has it.
func (s *series) proportion(p part) stat.Proportion {
	total := int(math.Round(p.total / s.scale))
	return stat.Proportion{Hits: min(int(math.Round(p.hits/s.scale)), total), Total: total}
}

// enough reports whether a part carries a verdict as what came before a change,
// or after it.
func (s *series) enough(before, after part) bool {
	if s.rates {
		return before.total >= 30 && before.days >= 5 && after.total >= 5
	}
	return before.runs >= 20 && before.days >= 5 && after.runs >= 5 && after.days >= 2
}

// matters reports whether a difference is worth a word, however certain it is.
func (s *series) matters(before, after part) bool {
	a, b := before.mean(), after.mean()
	if math.Abs(a-b) < s.least {
		return false
	}
	return s.factor == 0 || max(a, b) >= s.factor*min(a, b)
}
