package trend

import "github.com/andon-ci/andon/internal/stat"

// ripeMin is how much a case has to count as one, to count at all.
const ripeMin = 0.5

// newRate makes the series of a rate. Each run is one of its cases or not, and
// counts as much of one as ripe says, nil for all.
func (r *role) newRate(m measure, least, factor float64, in func(run) (hit, of bool), ripe func(sample) float64) *series {
	s := &series{measure: m, Series: stat.Series{Rates: true, Least: least, Factor: factor}}
	parts := make([]stat.Part, r.days)
	for _, x := range r.runs {
		hit, of := in(x.run)
		if !of {
			continue
		}
		weight := 1.
		if ripe != nil {
			weight = ripe(x)
		}
		if weight < ripeMin {
			continue
		}
		p := &parts[x.day]
		p.Runs++
		p.Days = 1
		if hit {
			p.Hits++
		}
		p.Total += weight
	}
	r.evenOut(parts)
	s.Scale = stat.Dispersion(parts)
	s.Fill(parts)
	return s
}

// evenOut weighs the cases of each day by how often those of its day of the week
// are hits, where that differs by more than chance.
func (r *role) evenOut(days []stat.Part) {
	var by [7]stat.Part
	var all stat.Part
	for day, p := range days {
		by[r.weekday(day)] = by[r.weekday(day)].Plus(p)
		all = all.Plus(p)
	}
	rate := all.Mean()
	if rate <= 0 || rate >= 1 {
		return
	}
	chi := 0.0
	for _, p := range by {
		expected := p.Total * rate
		chi += (p.Hits - expected) * (p.Hits - expected) / (expected*(1-rate) + 1e-9)
	}
	if all.Days < 28 || stat.ChiSquared(chi, 6) > 0.001 {
		return
	}
	for day := range days {
		p := by[r.weekday(day)]
		some := all.Total / 14
		days[day].Total *= (p.Hits + some*rate) / (p.Total + some) / rate
	}
}

// lateDays is after how many days an override is not waited for any more.
const lateDays = 60

// ownDelays is from how many overrides on an agent's tell how late they come; those
// of all agents do before.
const ownDelays = 50

// ripeness returns how late overrides come, of an agent and of all agents. The latest
// decisions have not had all of theirs, so that every rate would seem to fall in the
// end if they counted in full.
func (p *past) ripeness() func(agent string) stat.Delays {
	byAgent := map[string][]stat.Delay{}
	var all []stat.Delay
	for _, s := range p.stands {
		decided := p.decided(s)
		delay := stat.Delay{Took: float64(max(0, s.act.Time-decided)), Limit: p.since(decided)}
		if s.agree || s.act.Time == 0 || delay.Took > lateDays*24*3600 {
			continue
		}
		d := p.days[s.run.day]
		agent := d.names.get(d.cells[s.run.cell].key.agent)
		byAgent[agent] = append(byAgent[agent], delay)
		all = append(all, delay)
	}
	of := map[string]stat.Delays{}
	for agent, delays := range byAgent {
		if len(delays) >= ownDelays {
			of[agent] = stat.NewDelays(delays)
		}
	}
	common := stat.NewDelays(all)
	return func(agent string) stat.Delays {
		if own, ok := of[agent]; ok {
			return own
		}
		return common
	}
}

// ripe returns a function that says which share of its overrides a decision has had.
func (r *role) ripe(late stat.Delays) func(sample) float64 {
	const day = 24 * 3600
	return func(s sample) float64 {
		if late.UpTo(r.past.since(r.past.days[s.at.day].start+int64(s.minute)*60)-day) == 1 {
			return 1 // however long it took: most runs are far in the past
		}
		return late.UpTo(r.past.since(r.past.end(s.at)))
	}
}

// since returns the seconds from a moment until that of the report.
func (p *past) since(unix int64) float64 { return float64(max(0, p.AsOf.Unix()-unix)) }

// decided returns when the decision was made that an act is about.
func (p *past) decided(s stand) int64 {
	if s.act.Decided > 0 && s.act.Decided <= s.act.Time {
		return s.act.Decided
	}
	return p.end(s.run)
}
