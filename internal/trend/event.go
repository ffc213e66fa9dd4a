package trend

import "slices"

// event is a day on which what an agent works with became another.
type event struct {
	day     int
	changes []change

	versions []version // of the instructions, where they are one of the changes

	before, after int // runs, in the past that was looked at and since
}

// change is one thing that became another.
type change struct {
	what     thing
	from, to string
}

// thing is what may change.
type thing string

const (
	theInstructions thing = "instructions"
	theModel        thing = "model"
	theRuntime      thing = "runtime"
	theRepository   thing = "repository"
)

func things() []thing { return []thing{theInstructions, theModel, theRuntime, theRepository} }

func (k kind) get(t thing) string {
	switch t {
	case theInstructions:
		return k.sha
	case theModel:
		return k.model
	case theRuntime:
		return k.runtime
	}
	return k.repository
}

// What makes a new value a change: a past that hardly had it, and that most runs
// have it from then on.
const (
	pastDays = 14 // that are looked at
	pastRuns = 15
	pastHas  = 0.1
	nextDays = 3 // with runs
	nextRuns = 5
	nextHas  = 0.6
)

// events returns the changes of a role, in order, those of a day together.
func (r *role) events() []*event {
	var out []*event
	for _, t := range things() {
		for _, e := range r.changes(t) {
			i, found := slices.BinarySearchFunc(out, e.day, func(x *event, day int) int { return x.day - day })
			if found {
				out[i].changes = append(out[i].changes, e.changes...)
				out[i].versions = append(out[i].versions, e.versions...)
			} else {
				out = slices.Insert(out, i, e)
			}
		}
	}
	return out
}

// changes returns when most runs began to have another value.
func (r *role) changes(t thing) (out []*event) {
	days := r.values(t)
	last := 0 // change
	for day, of := range days {
		v, _ := most(of)
		if v == "" {
			continue
		}
		past := total(days[max(last, day-pastDays):day])
		before, runs := most(past)
		next := total(days[day:r.after(days, day)])
		_, runsNext := most(next)
		if before == "" || runs < pastRuns || runsNext < nextRuns ||
			float64(past[v]) > pastHas*float64(runs) || float64(next[v]) < nextHas*float64(runsNext) {
			continue
		}
		_, since := most(total(days[day:]))
		e := &event{day: day, changes: []change{{t, before, v}}, before: runs, after: since}
		if t == theInstructions {
			e.versions = r.versions(day, before, v)
		}
		out = append(out, e)
		last = day
	}
	return out
}

// values counts the runs of each day by what they have of a thing.
func (r *role) values(t thing) []map[string]int {
	days := make([]map[string]int, r.days)
	count := make([]int, len(r.kinds))
	for i, s := range r.runs {
		count[s.kind]++
		if i+1 < len(r.runs) && r.runs[i+1].day == s.day {
			continue
		}
		days[s.day] = map[string]int{}
		for k, n := range count {
			if n > 0 {
				days[s.day][r.kinds[k].get(t)] += n
				count[k] = 0
			}
		}
	}
	return days
}

// after returns the end of the next days with runs.
func (r *role) after(days []map[string]int, day int) int {
	n := 0
	for ; day < len(days) && n < nextDays; day++ {
		if len(days[day]) > 0 {
			n++
		}
	}
	return day
}

func total(days []map[string]int) map[string]int {
	out := map[string]int{}
	for _, d := range days {
		for v, n := range d {
			out[v] += n
		}
	}
	return out
}

// most returns the value that most runs have, and how many runs there are.
func most(of map[string]int) (value string, runs int) {
	best := 0
	for v, n := range of {
		runs += n
		if n > best || n == best && v < value {
			value, best = v, n
		}
	}
	return value, runs
}

// has returns the change of a thing.
func (e *event) has(t thing) (change, bool) {
	i := slices.IndexFunc(e.changes, func(c change) bool { return c.what == t })
	if i < 0 {
		return change{}, false
	}
	return e.changes[i], true
}
