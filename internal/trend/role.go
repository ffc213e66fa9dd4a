package trend

import (
	"cmp"
	"maps"
	"slices"
)

// role is an agent and all its runs, in order of days. Its days are numbered from
// the first one of the past.
type role struct {
	past       *past
	agent      string
	repository string  // where it is only about that one
	part       float64 // of the agent's chance of an error
	runs       []sample
	days       int // of the past
	from       int // the first one that is reported on

	kinds  []kind              // of which samples are
	levels map[measure]*levels // as alike makes them
	anomal map[place]bool

	changed []*event // as judgeSeries has found them
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

// roles returns the agents, in order of their names, without their runs.
func (p *past) roles() []*role {
	if len(p.days) == 0 {
		return nil
	}
	first := p.days[0].date
	all := map[string]*role{}
	for _, d := range p.days {
		for _, c := range d.cells {
			if agent := d.names.get(c.key.agent); agent != "" && all[agent] == nil {
				all[agent] = &role{past: p, agent: agent, part: 1, days: daysBetween(first, p.To) + 1, from: max(0, daysBetween(first, p.From))}
			}
		}
	}
	return slices.SortedFunc(maps.Values(all), func(a, b *role) int { return cmp.Compare(a.agent, b.agent) })
}

// load gathers the runs of a role. It is let go of them when they were judged:
// they are the most of what a report holds in memory.
func (r *role) load() {
	number := map[kind]int32{}
	first := r.past.days[0].date
	r.runs = make([]sample, 0, r.count())
	for i, d := range r.past.days {
		day := int32(daysBetween(first, d.date))
		for j, c := range d.cells {
			if d.names.get(c.key.agent) != r.agent {
				continue
			}
			k := d.kind(c.key)
			at, known := number[k]
			if !known {
				at = int32(len(r.kinds))
				number[k] = at
				r.kinds = append(r.kinds, k)
			}
			for m, x := range c.runs {
				r.runs = append(r.runs, sample{day, at, place{int32(i), int32(j), int32(m)}, x})
			}
		}
	}
}

// count returns how many runs there are to load.
func (r *role) count() (n int) {
	for _, d := range r.past.days {
		for _, c := range d.cells {
			if d.names.get(c.key.agent) == r.agent {
				n += len(c.runs)
			}
		}
	}
	return n
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

// What of an agent's work is looked at by repository too: an effect in one of
// many is a small one in all of them together.
const (
	placesMost = 8    // repositories
	placesRuns = 5    // runs a day, in each
	placesPart = 0.25 // of the agent's chance of an error, for all of them
)

// places returns the role in each of the repositories where it works most, none
// where it works in one only.
func (r *role) places() (out []*role) {
	runs := map[string]int{}
	for kind, n := range r.perKind() {
		runs[r.kinds[kind].repository] += n
	}
	if len(runs) < 2 {
		return nil
	}
	names := slices.SortedFunc(maps.Keys(runs), func(a, b string) int { return cmp.Or(cmp.Compare(runs[b], runs[a]), cmp.Compare(a, b)) })
	for _, name := range names[:min(len(names), placesMost)] {
		if runs[name] >= placesRuns*r.days && name != "" {
			out = append(out, r.in(name, runs[name]))
		}
	}
	for _, p := range out {
		p.part = placesPart / float64(len(out))
	}
	if len(out) > 0 {
		r.part = 1 - placesPart
	}
	return out
}

// perKind returns how many runs there are of each kind.
func (r *role) perKind() []int {
	runs := make([]int, len(r.kinds))
	for _, s := range r.runs {
		runs[s.kind]++
	}
	return runs
}

// in returns the role in one repository, with so many of the runs.
func (r *role) in(repository string, runs int) *role {
	out := *r
	out.repository, out.runs, out.levels = repository, make([]sample, 0, runs), nil
	for _, s := range r.runs {
		if r.kinds[s.kind].repository == repository {
			out.runs = append(out.runs, s)
		}
	}
	return &out
}
