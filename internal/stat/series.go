package stat

import "math"

// Part is what some days of a Series come to. Parts of different days add up.
type Part struct {
	Runs        float64 // cases as they were counted
	Hits, Total float64 // of a rate; Total may be weighted
	Weight, Sum float64 // of a level: 1 / variance of each day, and its value times that
	Days        int     // with any case
}

// Plus returns what the days of both parts come to.
func (p Part) Plus(q Part) Part {
	return Part{p.Runs + q.Runs, p.Hits + q.Hits, p.Total + q.Total, p.Weight + q.Weight, p.Sum + q.Sum, p.Days + q.Days}
}

// Minus returns what is left of a part without the days of another one in it.
func (p Part) Minus(q Part) Part {
	return Part{p.Runs - q.Runs, p.Hits - q.Hits, p.Total - q.Total, p.Weight - q.Weight, p.Sum - q.Sum, p.Days - q.Days}
}

// Mean returns the weighted mean of the levels, or the rate; 0 for no case.
func (p Part) Mean() float64 {
	switch {
	case p.Weight > 0:
		return p.Sum / p.Weight
	case p.Total > 0:
		return min(p.Hits/p.Total, 1)
	}
	return 0
}

// deviance returns -2 times the greatest log-likelihood of a rate.
func (p Part) deviance() float64 {
	hits, misses := p.Hits, p.Total-p.Hits
	if hits <= 0 || misses <= 0 {
		return 0
	}
	return -2 * (hits*math.Log(hits/p.Total) + misses*math.Log(misses/p.Total))
}

// Series is a level or a rate, day by day, in which changes are looked for. Days are
// counted from 0.
type Series struct {
	Rates bool    // whether it is one of rates
	Scale float64 // of rates: how much more the days vary than chance has it, from 1 on (Dispersion)

	Least  float64 // difference that matters: of the level, or of the rate
	Factor float64 // of rates: how many times as much matters; 0 for any
	Due    int     // within how many days a change has to be found; 0 for no such term

	sums []Part // of the days before each
	days int    // with any case
}

// Fill sets what each day comes to.
func (s *Series) Fill(days []Part) {
	s.sums, s.days = make([]Part, len(days)+1), 0
	for i, d := range days {
		s.sums[i+1] = s.sums[i].Plus(d)
		if d.Runs > 0 {
			s.days++
		}
	}
}

// Of returns what the days from i to j-1 come to.
func (s *Series) Of(i, j int) Part { return s.sums[j].Minus(s.sums[i]) }

// Values returns the level or the rate of each of the days from i to j-1 that has any
// case.
func (s *Series) Values(i, j int) []float64 {
	_, values := s.points(i, j)
	return values
}

// Growth returns by how much the level grows each day from i to j-1, by TheilSen.
func (s *Series) Growth(i, j int, level float64) (Estimate, bool) {
	days, values := s.points(i, j)
	return TheilSen(days, values, level)
}

// points returns the days from i to j-1 with any case, and what they have.
func (s *Series) points(i, j int) (days, values []float64) {
	for day := i; day < j; day++ {
		if d := s.Of(day, day+1); d.Days > 0 {
			days, values = append(days, float64(day)), append(values, d.Mean())
		}
	}
	return days, values
}

// gain returns how much better two levels explain two parts than one does: twice
// the logarithm of the ratio of the likelihoods.
func (s *Series) gain(a, b Part) float64 {
	if s.Rates {
		return (a.Plus(b).deviance() - a.deviance() - b.deviance()) / s.Scale
	}
	if a.Weight <= 0 || b.Weight <= 0 {
		return 0
	}
	d := a.Mean() - b.Mean()
	return d * d / (1/a.Weight + 1/b.Weight)
}

// p returns the probability of a difference as large as that of two parts where
// there is none: by Student's t of the levels, and of rates by Fisher's test with the
// mid-P value, since the many parts that are looked at leave no room for one that
// is too careful.
func (s *Series) p(a, b Part) float64 {
	if !s.Rates {
		return Student(math.Sqrt(s.gain(a, b)), float64(max(s.days-2, 1)))
	}
	p, ok := FisherMidP(s.proportion(a), s.proportion(b))
	if !ok {
		return 1
	}
	return p
}

// Alike returns the p-value of the hypothesis that the days from i to at-1 and those
// from at to j-1 have one level or rate, of this one place, by tests that take nothing for
// granted: MannWhitney of the levels of the days, and Fisher of the cases of a rate.
func (s *Series) Alike(i, at, j int) (p float64, ok bool) {
	if s.Rates {
		return Fisher(s.proportion(s.Of(i, at)), s.proportion(s.Of(at, j)))
	}
	return MannWhitney(s.Values(i, at), s.Values(at, j))
}

// proportion returns the cases of a rate, fewer of them where the days differ
// more than chance has it.
func (s *Series) proportion(p Part) Proportion {
	total := int(math.Round(p.Total / s.Scale))
	return Proportion{Hits: min(int(math.Round(p.Hits/s.Scale)), total), Total: total}
}

// Enough reports whether two parts carry a verdict as what came before a change and
// what came after it. Small samples carry none.
func (s *Series) Enough(before, after Part) bool {
	if s.Rates {
		return before.Total >= 30 && before.Days >= 5 && after.Total >= 5
	}
	return before.Runs >= 20 && before.Days >= 5 && after.Runs >= 5 && after.Days >= 2
}

// Matters reports whether a difference is worth a word, however certain it is.
func (s *Series) Matters(before, after Part) bool {
	a, b := before.Mean(), after.Mean()
	if math.Abs(a-b) < s.Least {
		return false
	}
	return s.Factor == 0 || max(a, b) >= s.Factor*min(a, b)
}
