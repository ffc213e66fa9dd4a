package trend

import (
	"math"
	"time"
)

// ripeMin is how much a case has to count as one, to count at all.
const ripeMin = 0.5

// newRate makes the series of a rate. Each run is one of its cases or not, and
// counts as much of one as ripe says, nil for all.
func (r *role) newRate(m measure, least, factor float64, in func(run) (hit, of bool), ripe func(sample) float64) *series {
	s := &series{measure: m, rates: true, scale: 1, least: least, factor: factor}
	parts := make([]part, r.days)
	for _, x := range r.runs {
		hit, of := in(x.run)
		weight := 1.
		if ripe != nil {
			weight = ripe(x)
		}
		if !of || weight < ripeMin {
			continue
		}
		p := &parts[x.day]
		p.runs++
		p.days = 1
		if hit {
			p.hits++
		}
		p.total += weight
	}
	r.evenOut(parts)
	s.scale = scaleOf(parts)
	s.fill(parts)
	return s
}

// evenOut weighs the cases of each day by how often those of its day of the week
// are hits, where that differs by more than chance.
func (r *role) evenOut(days []part) {
	var by [7]part
	var all part
	for day, p := range days {
		by[r.weekday(day)] = by[r.weekday(day)].plus(p)
		all = all.plus(p)
	}
	rate := all.mean()
	if rate <= 0 || rate >= 1 {
		return
	}
	chi := 0.0
	for _, p := range by {
		expected := p.total * rate
		chi += (p.hits - expected) * (p.hits - expected) / (expected*(1-rate) + 1e-9)
	}
	if chi < 22.5 || all.days < 28 { // chi-squared with 6 degrees of freedom at 0.001
		return
	}
	for day := range days {
		p := by[r.weekday(day)]
		some := all.total / 14
		days[day].total *= (p.hits + some*rate) / (p.total + some) / rate
	}
}

// scaleOf returns by how much the days vary more than chance has it: Pearson's
// chi-squared over its degrees of freedom, of each week by itself so that lasting
// changes do not count; 1 where that may be an accident.
func scaleOf(days []part) float64 {
	chi, free := 0.0, 0.0
	for week := 0; week < len(days); week += 7 {
		all, n := part{}, -1.0
		for _, d := range days[week:min(week+7, len(days))] {
			all = all.plus(d)
			n += float64(d.days)
		}
		rate := all.mean()
		if rate <= 0 || rate >= 1 || n < 1 {
			continue
		}
		for _, d := range days[week:min(week+7, len(days))] {
			if d.total > 0 {
				chi += (d.hits - d.total*rate) * (d.hits - d.total*rate) / (d.total * rate * (1 - rate))
			}
		}
		free += n
	}
	if free < 5 {
		return 1
	}
	return max(1, chi/free-1.5*math.Sqrt(2.5/free))
}

// lateDays is after how many days an override is not waited for any more.
const lateDays = 60

// ripeness returns which share of its overrides a decision has had by the moment
// of the report. The younger ones still come, so that without it every rate would
// seem to fall in the end. The delays are known of the acts that have come, the
// long ones only of old decisions: this is the estimator of Lynden-Bell for
// samples that are cut off at the right (Monthly Notices of the Royal Astronomical
// Society 155, 1971), by days.
func (p *past) ripeness() func(at time.Time) float64 {
	var events, atRisk [lateDays + 2]float64
	for _, s := range p.stands {
		decided := p.decided(s)
		delay := int(max(0, s.act.Time-decided) / 86400)
		age := int(max(0, p.AsOf.Unix()-decided) / 86400)
		if s.agree || s.act.Time == 0 || delay > lateDays {
			continue
		}
		events[delay]++
		for u := delay; u <= min(age, lateDays); u++ {
			atRisk[u]++
		}
	}
	var arrived [lateDays + 2]float64 // by the end of each day
	arrived[lateDays], arrived[lateDays+1] = 1, 1
	for u := lateDays; u > 0; u-- {
		arrived[u-1] = arrived[u]
		if atRisk[u] > 0 {
			arrived[u-1] *= 1 - events[u]/atRisk[u]
		}
	}
	return func(at time.Time) float64 {
		age := max(0, p.AsOf.Sub(at).Hours()/24)
		i := min(int(age), lateDays)
		before := 0.0
		if i > 0 {
			before = arrived[i-1]
		}
		return max(before+(arrived[i]-before)*(age-float64(i)), 1e-3)
	}
}

// decided returns when the decision was made that an act is about.
func (p *past) decided(s stand) int64 {
	if s.act.Decided > 0 && s.act.Decided <= s.act.Time {
		return s.act.Decided
	}
	return p.time(s.run)
}
