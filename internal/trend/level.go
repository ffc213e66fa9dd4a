package trend

import (
	"math"
	"slices"

	"github.com/andon-ci/andon/internal/stat"
)

// levels is a series of the logarithms of an amount.
type levels struct {
	series
	of      func(run) size
	kinds   []float64 // the median of each kind of runs
	values  []float64 // of each sample, less the median of its kind; NaN for none
	sigma   float64   // standard deviation of values on a day, as if they were normal
	daily   []float64 // level of each day, NaN for one without
	weekday [7]float64
}

// clip is beyond how many standard deviations a value counts as if it were there.
const clip = 2

// newLevels makes the series of an amount. What runs differ in as alike does is
// taken out: a run is compared with its own kind.
func (r *role) newLevels(m measure, alike func(kind) kind) *levels {
	of := func(x run) size { return x.cost }
	if m == ofLatency {
		of = func(x run) size { return x.duration }
	}
	l := &levels{series: series{measure: m, Series: stat.Series{Least: math.Log(1.15)}}, of: of}
	l.level(r, alike)
	l.perDay(r)
	l.season(r)
	wander := l.wander(r)
	parts := make([]stat.Part, r.days)
	for _, d := range l.counted(r) {
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
	by := map[kind]*sizes{}
	of := make([]*sizes, len(r.kinds))
	for i, k := range r.kinds {
		k = alike(k)
		if by[k] == nil {
			by[k] = &sizes{}
		}
		of[i] = by[k]
	}
	all := &sizes{}
	for _, s := range r.runs {
		if x := l.of(s.run); x.positive() {
			of[s.kind].add(x)
			all.add(x)
		}
	}
	l.kinds = make([]float64, len(r.kinds))
	for i, s := range of {
		if s.n < fewOfKind {
			s = all
		}
		l.kinds[i] = s.quantile(0.5).log()
	}
	l.values = make([]float64, len(r.runs))
	for i, s := range r.runs {
		l.values[i] = math.NaN()
		if x := l.of(s.run); x.positive() {
			l.values[i] = x.log() - l.kinds[s.kind]
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
	l.sigma = max(median(away)*1.4826, 0.02)
	l.eachDay(r, func(day int, xs []float64) {
		sum := 0.0
		for _, x := range xs {
			sum += min(max(x, medians[day]-clip*l.sigma), medians[day]+clip*l.sigma)
		}
		l.daily[day] = sum / float64(len(xs))
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
	if len(xs) == 0 {
		return 0
	}
	stat.Select(xs, (len(xs)-1)/2)
	low := xs[(len(xs)-1)/2]
	if len(xs)%2 == 1 {
		return (low + low) / 2
	}
	return (low + slices.Min(xs[len(xs)/2:])) / 2
}

// counted is how many values a day has.
type counted struct{ day, n int }

func (l *levels) counted(r *role) (out []counted) {
	l.eachDay(r, func(day int, xs []float64) { out = append(out, counted{day, len(xs)}) })
	return out
}

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
	spread := median(all) * 1.4826
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
// explain. It is seen in the differences between neighbours, in which a lasting
// change shows only once.
func (l *levels) wander(r *role) float64 {
	days := l.counted(r)
	var found, expected []float64
	for i := 1; i < len(days); i++ {
		d := l.daily[days[i].day] - l.daily[days[i-1].day]
		found = append(found, d*d)
		expected = append(expected, l.sigma*l.sigma*(1/float64(days[i].n)+1/float64(days[i-1].n)))
	}
	if len(found) < 5 {
		return l.sigma * l.sigma / 4
	}
	wander := 0.0
	for range 5 {
		sum := 0.0
		for i := range found {
			sum += min(found[i], 9*(expected[i]+2*wander)) - expected[i]
		}
		wander = max(0, sum/float64(2*len(found)))
	}
	return wander
}
