package stat

import "math"

// How a drift is looked for: over so many days at least, once there are some to compare
// them with, by a chart for shifts of a standard deviation. No day counts for more than
// a few of them: one that is far off by itself is no drift.
const (
	driftMin   = 7
	driftPast  = 10
	driftShift = 1
	driftMost  = 3
)

// driftEarlier is up to how many days before the chart left 0 the drift may have begun:
// the first days of a slow one do not show.
const driftEarlier = 14

// Drift returns the drift that lasts until b-1, of those in the days from a on. Whether
// there is one is told by a CUSUM chart of what each day is above the mean of all days
// before it; since when, by which level and line explain the days best. The residuals
// of days against those before are independent (Brown, Durbin and Evans, Techniques for
// Testing the Constancy of Regression Relationships over Time, 1975), so that the chart
// has its run length without knowing the level. P is that of all days on which somebody
// may look.
func (s *Series) Drift(a, b int) (best Shift, ok bool) {
	e, ok := CUSUM(s.residuals(a, b), driftShift)
	if !ok {
		return Shift{}, false
	}
	ok = false
	for from := max(a+1, a+e.Since-driftEarlier); from <= b-driftMin; from++ {
		if x, fits := s.slope(a, from, b); fits && x.Rises() == e.Up && (!ok || x.Gain > best.Gain) {
			best, ok = x, true
		}
	}
	best.P = float64(b-a) / e.RunLength / shareSlope
	return best, ok
}

// residuals returns how far each day is from all before it, in standard deviations;
// NaN for a day that cannot be compared.
func (s *Series) residuals(a, b int) []float64 {
	zs := make([]float64, b-a)
	for i := range zs {
		zs[i] = math.NaN()
		before, day := s.Of(a, a+i), s.Of(a+i, a+i+1)
		if before.Days < driftPast || day.Days == 0 {
			continue
		}
		z := min(math.Sqrt(max(s.gain(before, day), 0)), driftMost)
		zs[i] = math.Copysign(z, day.Mean()-before.Mean())
	}
	return zs
}

// slope fits a level until from, and a line from there on, by weighted least squares.
func (s *Series) slope(a, from, b int) (x Shift, ok bool) {
	var w, wt, wtt, wy, wty float64
	for day := a; day < b; day++ {
		d := s.Of(day, day+1)
		weight, mean := s.weigh(d, a, b)
		t := float64(max(0, day-from+1))
		w += weight
		wt += weight * t
		wtt += weight * t * t
		wy += weight * mean
		wty += weight * t * mean
	}
	varies := wtt - wt*wt/max(w, 1e-300)
	before, after := s.Of(a, from), s.Of(from, b)
	if varies <= 0 || after.Days < 5 || s.Of(a, b).Days < 10 || s.Of(a, b).Runs < 40 {
		return x, false
	}
	rise := (wty - wt*wy/w) / varies
	level := (wy - rise*wt) / w
	gain := rise * rise * varies
	if s.Rates {
		gain = s.lineGain(a, from, b, level, rise)
	}
	last := level + rise*float64(b-from)
	x = Shift{From: from, To: b, First: a, End: b, Slope: true, Before: before, After: after, Gain: gain}
	x.Before, x.After = s.flat(before, level), s.flat(after, last)
	return x, s.Matters(x.Before, x.After)
}

// lineGain returns how much better a line explains a rate than one level does,
// measured as that of two levels is: the two are compared.
func (s *Series) lineGain(a, from, b int, level, rise float64) float64 {
	gain := s.Of(a, b).deviance()
	for day := a; day < b; day++ {
		d := s.Of(day, day+1)
		rate := min(max(level+rise*float64(max(0, day-from+1)), 1e-4), 1-1e-4)
		gain += 2 * (d.Hits*math.Log(rate) + max(d.Total-d.Hits, 0)*math.Log(1-rate))
	}
	return max(gain, 0) / s.Scale
}

// weigh returns a day's value and what it weighs among the days from a to b-1.
func (s *Series) weigh(d Part, a, b int) (weight, mean float64) {
	if !s.Rates {
		return d.Weight, d.Mean()
	}
	rate := s.Of(a, b).Mean()
	if variance := rate * (1 - rate) * s.Scale; variance > 0 && d.Total > 0 {
		return d.Total / variance, d.Hits / d.Total
	}
	return 0, 0
}

// flat returns a part with the mean that it would have on a line.
func (s *Series) flat(p Part, mean float64) Part {
	p.Sum, p.Hits = mean*p.Weight, min(max(mean, 0), 1)*p.Total
	return p
}
