package trend

import (
	"math"

	"github.com/andon-ci/andon/internal/stat"
)

// hour is one in which much more was spent than in others.
type hour struct {
	day, hour int
	times     float64 // the average hour of such a day
	runs      []sample
	p         float64
}

// spendTimes is how many times the average of a day an hour has to spend.
const spendTimes = 3

// bursts returns the hours in which a role spent too much to be chance.
func (r *role) bursts() []claim {
	spent := make([][24]float64, r.days)
	ran := make([]bool, r.days)
	sum, squares, n := 0.0, 0.0, 0.0
	most := r.dear()
	for _, s := range r.runs {
		if x := min(s.cost, most).Value(); x > 0 && !r.anomal[s.at] { // which is named itself
			spent[s.day][s.minute/60] += x
			ran[s.day] = true
			sum, squares, n = sum+x, squares+x*x, n+1
		}
	}
	if n < 50 {
		return nil
	}
	unit := squares / sum // what a run costs, and by how much it differs
	expected := r.hourly(spent, ran)
	z := func(x, e float64) float64 { return 2 * (math.Sqrt(x/unit+0.375) - math.Sqrt(e/unit+0.375)) }
	var zs []float64
	for day := range spent {
		for h, x := range spent[day] {
			if ran[day] {
				zs = append(zs, z(x, expected[day][h]))
			}
		}
	}
	tests := float64(len(zs))
	t, ok := stat.NewTail(zs)
	if !ok {
		return nil
	}
	t = t.AtLeastNormal()
	var out []claim
	for day := range spent {
		average := 0.0
		for _, e := range expected[day] {
			average += e / 24
		}
		for h, x := range spent[day] {
			if !ran[day] || x < spendTimes*average {
				continue
			}
			if p := t.P(z(x, expected[day][h])) * tests / share(ofSpend); p <= chance {
				out = append(out, claim{role: r, p: p, hour: &hour{day: day, hour: h, times: x / average, runs: r.inHour(day, h), p: p}})
			}
		}
	}
	return out
}

// dear returns what one run in twenty costs more than. Beyond it the cost of a run
// does not make an hour: such a run is judged by itself.
func (r *role) dear() stat.Amount {
	var all stat.Sketch
	for _, s := range r.runs {
		if s.cost.Positive() {
			all.Add(s.cost)
		}
	}
	return all.Quantile(0.95)
}

// hourly returns what each hour would spend: what a day of its kind does, times
// the share that the hour has. Working days and the others differ.
func (r *role) hourly(spent [][24]float64, ran []bool) [][24]float64 {
	var share [2][24]float64
	var all [2]float64
	totals := make([]float64, len(spent))
	rest := func(day int) int {
		if w := r.weekday(day); w == 0 || w == 6 {
			return 1
		}
		return 0
	}
	for day := range spent {
		for h, x := range spent[day] {
			totals[day] += x
			share[rest(day)][h] += x
			all[rest(day)] += x
		}
	}
	out := make([][24]float64, len(spent))
	for day := range spent {
		if !ran[day] {
			continue
		}
		var alike []float64
		for d := max(0, day-28); d <= min(len(spent)-1, day+28); d++ {
			if ran[d] && rest(d) == rest(day) {
				alike = append(alike, totals[d])
			}
		}
		usual := median(alike)
		for h := range out[day] {
			out[day][h] = usual * share[rest(day)][h] / max(all[rest(day)], 1e-12)
		}
	}
	return out
}

func (r *role) inHour(day, hour int) (out []sample) {
	for _, s := range r.runs {
		if int(s.day) == day && int(s.minute/60) == hour {
			out = append(out, s)
		}
	}
	return out
}
