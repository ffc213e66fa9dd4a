package trend

import (
	"math"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/stat"
)

// shift is where a series passes from one level to another.
type shift struct {
	series     *series
	from, to   int  // days of the new level: from to to-1
	first, end int  // days that were looked at
	slope      bool // it drifts there from the old level to the new
	before     part
	after      part
	gain       float64
	p          float64 // for all places where it might have been found
	event      *event  // that explains it, nil for none
	shows      []finding.Evidence
}

func (x shift) rises() bool { return x.after.mean() > x.before.mean() }

// longest is how long a time of another level may be that is looked for within
// the days, other than at their end.
const longest = 28

// shares of the chance of an error that each way to look for a shift has.
const (
	shareEnd    = 0.75 // a level that lasts until the end
	shareWithin = 0.1
	shareSlope  = 0.15
)

// scan returns the shift from a to b-1 that explains most, false for none. The
// chance of an error is spread so that a level that lasts k days has 1/k of what
// one of a day has: there are as many ways to be wrong about a day as about
// the two days before it, or the four before these.
func (s *series) scan(a, b int) (best shift, ok bool) {
	harmonic := math.Log(float64(b-a)) + 0.58
	best.p = 1
	try := func(from, to int, before, after part, places float64) {
		if !s.enough(before, after) || !s.matters(before, after) {
			return
		}
		gain := s.gain(before, after)
		if gain < 6 || ok && gain < best.gain-12 {
			return
		}
		x := shift{series: s, from: from, to: to, first: a, end: b, before: before, after: after, gain: gain, p: s.p(before, after) * places}
		if !ok || x.p < best.p || x.p == best.p && x.gain > best.gain {
			best, ok = x, true
		}
	}
	for from := a + 1; from < b; from++ {
		try(from, b, s.of(a, from), s.of(from, b), float64(b-from)*harmonic/shareEnd)
	}
	for length := 1; length <= min(longest, (b-a)/3); length++ {
		for from := a + 5; from+length < b; from++ {
			after := s.of(from, from+length)
			places := float64(b-a) * float64(length) * 3.9 / shareWithin
			try(from, from+length, s.of(a, b).minus(after), after, places)
		}
	}
	return best, ok
}

// slopeMin is over how many days at least a series drifts.
const slopeMin = 7

// slopes returns the drift that lasts until b-1 that explains most. It is looked
// for from a few days on, each about half as long again as the one before.
func (s *series) slopes(a, b int) (best shift, ok bool) {
	places := 0.0
	for k := slopeMin; k <= b-a; k += max(1, k*2/5) {
		places++
	}
	best.p = 1
	for k := slopeMin; k <= b-a; k += max(1, k*2/5) {
		x, fits := s.slope(a, b-k, b)
		if x.p = x.p * places / shareSlope; fits && x.p < best.p {
			best, ok = x, true
		}
	}
	return best, ok
}

// slope fits a level until from, and a line from there on, by weighted least squares.
func (s *series) slope(a, from, b int) (x shift, ok bool) {
	var w, wt, wtt, wy, wty float64
	for day := a; day < b; day++ {
		d := s.of(day, day+1)
		weight, mean := s.weigh(d, a, b)
		t := float64(max(0, day-from+1))
		w += weight
		wt += weight * t
		wtt += weight * t * t
		wy += weight * mean
		wty += weight * t * mean
	}
	varies := wtt - wt*wt/max(w, 1e-300)
	before, after := s.of(a, from), s.of(from, b)
	if varies <= 0 || after.days < 5 || s.of(a, b).days < 10 || s.of(a, b).runs < 40 {
		return x, false
	}
	rise := (wty - wt*wy/w) / varies
	level := (wy - rise*wt) / w
	gain := rise * rise * varies
	if s.rates {
		gain = s.lineGain(a, from, b, level, rise)
	}
	last := level + rise*float64(b-from)
	x = shift{series: s, from: from, to: b, first: a, end: b, slope: true, before: before, after: after, gain: gain,
		p: stat.Student(math.Sqrt(max(gain, 0)), float64(max(s.days-2, 1)))}
	x.before, x.after = s.flat(before, level), s.flat(after, last)
	return x, s.matters(x.before, x.after)
}

// lineGain returns how much better a line explains a rate than one level does,
// measured as that of two levels is: the two are compared.
func (s *series) lineGain(a, from, b int, level, rise float64) float64 {
	gain := deviance(s.of(a, b))
	for day := a; day < b; day++ {
		d := s.of(day, day+1)
		rate := min(max(level+rise*float64(max(0, day-from+1)), 1e-4), 1-1e-4)
		gain += 2 * (d.hits*math.Log(rate) + max(d.total-d.hits, 0)*math.Log(1-rate))
	}
	return max(gain, 0) / s.scale
}

// weigh returns a day's value and what it weighs among the days from a to b-1.
func (s *series) weigh(d part, a, b int) (weight, mean float64) {
	if !s.rates {
		return d.weight, d.mean()
	}
	rate := s.of(a, b).mean()
	if variance := rate * (1 - rate) * s.scale; variance > 0 && d.total > 0 {
		return d.total / variance, d.hits / d.total
	}
	return 0, 0
}

// flat returns a part with the mean that it would have on a line.
func (s *series) flat(p part, mean float64) part {
	p.sum, p.hits = mean*p.weight, min(max(mean, 0), 1)*p.total
	return p
}
