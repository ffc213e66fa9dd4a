package trend

import (
	"math"

	"github.com/andon-ci/andon/internal/stat"
)

// levels is a series of the logarithms of an amount. How runs become the level of a day
// stays with them: it goes by their kinds and by days of the week. What is mathematics
// alone is in package stat.
type levels struct {
	series
	of      func(run) stat.Amount
	kinds   []float64 // the median of each kind of runs
	values  []float64 // of each sample, less the median of its kind; NaN for none
	sigma   float64   // standard deviation of values on a day, as if they were normal
	daily   []float64 // level of each day, NaN for one without
	counted []counted // the days with one
	weekday [7]float64
}

// clip is beyond how many standard deviations a value counts as if it were there.
const clip = 2

// newLevels makes the series of an amount. What runs differ in as alike does is
// taken out: a run is compared with its own kind.
func (r *role) newLevels(m measure, alike func(kind) kind) *levels {
	of := func(x run) stat.Amount { return x.cost }
	if m == ofLatency {
		of = func(x run) stat.Amount { return x.duration }
	}
	l := &levels{series: series{measure: m, Series: stat.Series{Least: math.Log(1.15)}}, of: of}
	l.level(r, alike)
	l.perDay(r)
	l.season(r)
	wander := l.wander()
	parts := make([]stat.Part, r.days)
	for _, d := range l.counted {
		weight := 1 / (l.sigma*l.sigma/float64(d.n) + wander)
		parts[d.day] = stat.Part{Runs: float64(d.n), Weight: weight, Sum: weight * l.daily[d.day], Days: 1}
	}
	l.Fill(parts)
	return l
}

// fewOfKind is below how many runs a kind has no median of its own.
const fewOfKind = 8

// level works out the median of each kind, and what each run has above it.
func (l *levels) level(r *role, alike func(kind) kind) {
	by := map[kind]*stat.Sketch{}
	of := make([]*stat.Sketch, len(r.kinds))
	for i, k := range r.kinds {
		k = alike(k)
		if by[k] == nil {
			by[k] = &stat.Sketch{}
		}
		of[i] = by[k]
	}
	for _, s := range r.runs {
		if x := l.of(s.run); x.Positive() {
			of[s.kind].Add(x)
		}
	}
	all := &stat.Sketch{}
	for _, s := range by {
		all.Merge(s)
	}
	l.kinds = make([]float64, len(r.kinds))
	for i, s := range of {
		if s.Count() < fewOfKind {
			s = all
		}
		l.kinds[i] = s.Quantile(0.5).Log()
	}
	l.values = make([]float64, len(r.runs))
	for i, s := range r.runs {
		l.values[i] = math.NaN()
		if x := l.of(s.run); x.Positive() {
			l.values[i] = x.Log() - l.kinds[s.kind]
		}
	}
}

// perDay works out the level of each day: a mean in which what is far from the
// day's median counts as if it were nearer.
func (l *levels) perDay(r *role) {
	l.daily = make([]float64, r.days)
	medians := make([]float64, r.days)
	for day := range medians {
		medians[day], l.daily[day] = math.NaN(), math.NaN()
	}
	var away []float64
	l.eachDay(r, func(day int, xs []float64) {
		medians[day] = median(xs)
		if len(xs) > 1 {
			// A median of few lies nearer to them than the true one.
			wide := math.Sqrt(float64(len(xs)) / float64(len(xs)-1))
			for _, x := range xs {
				away = append(away, math.Abs(x-medians[day])*wide)
			}
		}
	})
	l.sigma = max(stat.MAD(away), 0.02)
	l.eachDay(r, func(day int, xs []float64) {
		sum := 0.0
		for _, x := range xs {
			sum += min(max(x, medians[day]-clip*l.sigma), medians[day]+clip*l.sigma)
		}
		l.daily[day] = sum / float64(len(xs))
		l.counted = append(l.counted, counted{day, len(xs)})
	})
}

func (l *levels) eachDay(r *role, do func(day int, values []float64)) {
	var xs []float64
	for i, s := range r.runs {
		if !math.IsNaN(l.values[i]) {
			xs = append(xs, l.values[i])
		}
		if last := i+1 == len(r.runs) || r.runs[i+1].day != s.day; last && len(xs) > 0 {
			do(int(s.day), xs)
			xs = xs[:0]
		}
	}
}

// median returns the median of values, 0 of none. It puts them in another order.
func median(xs []float64) float64 {
	middle, _ := stat.Median(xs)
	return middle
}

// counted is how many values a day has.
type counted struct{ day, n int }

// season takes the pattern of the week out of the daily levels, where there is
// one that is no accident.
func (l *levels) season(r *role) {
	var by [7][]float64
	var all []float64
	for day := 3; day+3 < len(l.daily); day++ {
		week := 0.0
		for _, x := range l.daily[day-3 : day+4] {
			week += x / 7
		}
		if d := l.daily[day] - week; !math.IsNaN(d) {
			by[r.weekday(day)] = append(by[r.weekday(day)], d)
		}
	}
	var mid [7]float64
	sum := 0.0
	for w := range by {
		if len(by[w]) < 3 {
			return
		}
		mid[w] = median(by[w])
		sum += mid[w] / 7
		for _, x := range by[w] {
			all = append(all, math.Abs(x-mid[w]))
		}
	}
	spread := stat.MAD(all)
	chi := 0.0
	for w := range mid {
		mid[w] -= sum
		// The variance of a median is pi/2 times that of a mean.
		chi += mid[w] * mid[w] * float64(len(by[w])) / (spread*spread*math.Pi/2 + 1e-12)
	}
	if stat.ChiSquared(chi, 6) > 0.01 {
		return
	}
	l.weekday = mid
	for day := range l.daily {
		l.daily[day] -= mid[r.weekday(day)]
	}
}

// wander returns the variance that the level of a day has beyond what its runs
// explain; a guess where there are too few days to tell.
func (l *levels) wander() float64 {
	var levels, variances []float64
	for _, d := range l.counted {
		levels, variances = append(levels, l.daily[d.day]), append(variances, l.sigma*l.sigma/float64(d.n))
	}
	wander, ok := stat.Wander(levels, variances)
	if !ok {
		return l.sigma * l.sigma / 4
	}
	return wander
}
