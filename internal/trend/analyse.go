package trend

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"
)

// Options say what to report on.
type Options struct {
	From, To string    // the first and the last day of the window, as in 2026-11-20
	AsOf     time.Time // the moment of the report; what came later is left out. The zero time is the end of To.

	Keep        func(repository, instructions string) bool         // which runs the report is about, by the path of their instructions; nil for all
	Owners      func(repository, instructions string) []string     // who answers for a run, by the path of its instructions; nil where nobody knows
	Server      string                                             // of the forge's pages; https://github.com where it is empty
	Queues      map[string]Queue                                   // what is open, by repository
	Forks       bool                                               // whether runs of forks' pull requests count as all others do
	Head        func(date, repository, instructions string) string // the commit of a run of a day with instructions of a hash, empty where it is not known; nil where nobody knows
	Unreachable []string                                           // repositories that could not be asked
	Unasked     bool                                               // whether nobody looked for overrides and agreements, so that there being none says nothing
	Unread      []Unread                                           // files of the history that were not read
}

// Analyse judges what days come to. They are in any order, one for each date at
// most; those before the window serve to compare with. A day may be analysed
// again, but not by two goroutines at once.
func Analyse(days []*Day, o Options) *Report {
	p := newPast(days, o)
	r := &Report{
		Schema: Schema,
		Window: Window{From: o.From, To: o.To, Days: daysBetween(o.From, o.To) + 1, Kept: len(p.window)},
	}
	p.link()
	forks, acts := p.forks()
	if forks != nil && !p.Forks {
		p.setApart(acts)
	}
	r.Coverage = p.coverage()
	r.Coverage.Forks = forks
	var both sync.WaitGroup
	both.Go(func() {
		p.group(r)
		r.Improve = p.improve()
		r.Backlog = p.backlog(r.Coverage.Repositories)
	})
	r.Findings = p.findings()
	both.Wait()
	if p.Unasked {
		r.unask()
	}
	return r
}

// past is what a report is made of.
type past struct {
	Options
	days   []*Day // up to the end of the window, in order
	window []*Day // those of them that are in the window
	stands []stand

	unlinked int64 // overrides in the window about no run of days
}

func newPast(days []*Day, o Options) *past {
	if o.Server == "" {
		o.Server = "https://github.com"
	}
	if o.AsOf.IsZero() {
		o.AsOf = dateTime(o.To).AddDate(0, 0, 1)
	}
	p := &past{Options: o}
	for _, d := range days {
		if d.date <= o.To && validDate(d.date) && daysBetween(d.date, o.From) <= backMost {
			p.days = append(p.days, d.only(p.Keep))
		}
	}
	if p.Keep != nil {
		ownActs(p.days)
	}
	slices.SortStableFunc(p.days, func(a, b *Day) int { return cmp.Compare(a.date, b.date) })
	p.setWindow()
	return p
}

func (p *past) setWindow() {
	p.window = nil
	for _, d := range p.days {
		if d.date >= p.From {
			p.window = append(p.window, d)
		}
	}
}

// backMost is how many days before the window serve to compare with, at most.
const backMost = 120

// validDate reports whether a text is a date of our time.
func validDate(date string) bool {
	t := dateTime(date)
	return t.Year() >= 1970 && t.Format(time.DateOnly) == date
}

// dateTime returns the first moment of a date; the zero time for what is none.
func dateTime(date string) time.Time {
	t, _ := time.Parse(time.DateOnly, date)
	return t
}

func daysBetween(from, to string) int { return int(dateTime(to).Sub(dateTime(from)).Hours() / 24) }

func (p *past) coverage() Coverage {
	c := Coverage{Overrides: new(int64), Agreements: new(int64), Unlinked: p.unlinked, Unreachable: p.Unreachable, Unread: p.Unread}
	repositories := map[string]bool{}
	for _, d := range p.window {
		c.Invalid += d.invalid + d.gaps.Invalid
		c.Missing += d.gaps.Missing
		c.Suppressed += d.gaps.Suppressed
		c.Misdated += d.gaps.Misdated
		*c.Overrides += p.count(d.overrides)
		*c.Agreements += p.count(d.agreements)
		for _, cell := range d.cells {
			c.Runs += int64(len(cell.runs))
			c.Traces += cell.counts.traces
			if r := d.names.get(cell.key.repository); r != "" {
				repositories[r] = true
			}
		}
	}
	c.Repositories = slices.Sorted(maps.Keys(repositories))
	if c.Repositories == nil {
		c.Repositories = []string{}
	}
	return c
}

// count returns how many of the acts were known at the moment of the report.
func (p *past) count(acts []act) (n int64) {
	for _, a := range acts {
		if a.Time <= p.AsOf.Unix() {
			n++
		}
	}
	return n
}
