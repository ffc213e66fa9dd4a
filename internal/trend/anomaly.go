package trend

import (
	"math"
	"slices"

	"github.com/andon-ci/andon/internal/stat"
)

// The measures of what is judged one by one.
const (
	ofRunCost    measure = "run cost"
	ofRunLatency measure = "run latency"
	ofSpend      measure = "spend"
)

// far is a run that is far above its own kind.
type far struct {
	sample
	measure measure
	times   float64 // the median of its kind at that time
	usual   float64 // that median
	p       float64
}

// The least that a run has to be above the median of its kind to be named, and
// to be an error.
const (
	farWarn  = 2
	farError = 5
)

// around is how many days on each side tell what was usual on a day.
const around = 3

// farRuns returns the runs that are too far above their kind to be chance, in
// one claim for each.
func (r *role) farRuns(l *levels) []claim {
	m := ofRunCost
	if l.measure == ofLatency {
		m = ofRunLatency
	}
	usual := l.usual(r)
	var away []float64
	for i, s := range r.runs {
		if !math.IsNaN(l.values[i]) {
			away = append(away, l.values[i]-usual[s.day])
		}
	}
	n := float64(len(away))
	t, ok := stat.NewTail(away)
	if !ok {
		return nil
	}
	var out []claim
	for i, s := range r.runs {
		above := l.values[i] - usual[s.day]
		if math.IsNaN(above) || above < math.Log(farWarn) {
			continue
		}
		p := t.P(above) * n / share(m)
		if p > chance {
			continue
		}
		level := l.kinds[s.kind] + usual[s.day]
		out = append(out, claim{role: r, p: p, runs: []far{{s, m, math.Exp(above), math.Exp(level), p}}})
	}
	return out
}

// usual returns the level of each day: the median of those around it, so that
// a lasting change shows on the day of it.
func (l *levels) usual(r *role) []float64 {
	out := make([]float64, r.days)
	for day := range out {
		var near []float64
		for reach := around; len(near) < 3 && reach < r.days+around; reach *= 2 {
			near = near[:0]
			for d := max(0, day-reach); d <= min(r.days-1, day+reach); d++ {
				if !math.IsNaN(l.daily[d]) {
					near = append(near, l.daily[d])
				}
			}
		}
		out[day] = median(slices.Clone(near)) + l.weekday[r.weekday(day)]
	}
	return out
}
