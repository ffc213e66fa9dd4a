package trend

import (
	"cmp"
	"slices"
)

// role is an agent and all its runs, in order of time. Its days are numbered from
// the first one of the past.
type role struct {
	past  *past
	agent string
	runs  []sample
	days  int // of the past
	from  int // the first one that is reported on

	kinds  []kind // of which samples are
	anomal map[place]bool
}

// sample is one run of a role.
type sample struct {
	day  int32
	kind int32 // index in role.kinds
	at   place
	run
}

// kind is what runs have in common that a change is looked for in.
type kind struct {
	repository, model, sha, path, runtime, subject string
}

// roles returns the agents, in order of their names.
func (p *past) roles() []*role {
	if len(p.days) == 0 {
		return nil
	}
	first := p.days[0].date
	n := daysBetween(first, p.To) + 1
	from := max(0, daysBetween(first, p.From))
	all := map[string]*role{}
	number := map[string]map[kind]int32{}
	for i, d := range p.days {
		day := int32(daysBetween(first, d.date))
		for j, c := range d.cells {
			agent := d.names.get(c.key.agent)
			r := all[agent]
			if r == nil {
				r = &role{past: p, agent: agent, days: n, from: from}
				all[agent], number[agent] = r, map[kind]int32{}
			}
			k := d.kind(c.key)
			at, known := number[agent][k]
			if !known {
				at = int32(len(r.kinds))
				number[agent][k] = at
				r.kinds = append(r.kinds, k)
			}
			for m, x := range c.runs {
				r.runs = append(r.runs, sample{day, at, place{i, j, m}, x})
			}
		}
	}
	out := make([]*role, 0, len(all))
	for agent, r := range all {
		if agent != "" {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b *role) int { return cmp.Compare(a.agent, b.agent) })
	for _, r := range out {
		slices.SortStableFunc(r.runs, func(a, b sample) int { return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.minute, b.minute)) })
	}
	return out
}

func (d *Day) kind(k cellKey) kind {
	n := d.names
	return kind{n.get(k.repository), n.get(k.model), n.get(k.sha), n.get(k.path), n.get(k.runtime), n.get(k.kind)}
}

// date returns the date of a day by its number.
func (r *role) date(day int) string {
	return dateTime(r.past.days[0].date).AddDate(0, 0, day).Format("2006-01-02")
}

// weekday returns the day of the week of a day by its number.
func (r *role) weekday(day int) int {
	return (int(dateTime(r.past.days[0].date).Weekday()) + day) % 7
}
