package trend

import "slices"

// Forks counts what comes from workflow runs of forks' pull requests. Whoever
// opened one could write what the bundle of its run says.
type Forks struct {
	Runs      int64 `json:"runs"`      // in the window
	Overrides int64 `json:"overrides"` // of them, in the window
	Counted   bool  `json:"counted"`   // with all others; else no figure, rate or finding has them
}

// forks counts what comes from forks, nil for nothing, and returns the acts that
// are about such runs alone.
func (p *past) forks() (*Forks, map[act]bool) {
	f, acts := Forks{Counted: p.Forks}, map[act]bool{}
	for _, d := range p.window {
		for _, c := range d.cells {
			if c.key.fork {
				f.Runs += int64(len(c.runs))
			}
		}
	}
	for _, s := range p.stands {
		if p.ofFork(s) {
			acts[s.act] = true
		}
	}
	for _, s := range p.stands {
		if !p.ofFork(s) {
			delete(acts, s.act)
		}
	}
	for _, d := range p.window {
		f.Overrides += p.count(slices.DeleteFunc(slices.Clone(d.overrides), func(a act) bool { return !acts[a] }))
	}
	if f.Runs+f.Overrides == 0 {
		return nil, acts
	}
	return &f, acts
}

func (p *past) ofFork(s stand) bool { return p.days[s.run.day].cells[s.run.cell].key.fork }

// setApart leaves out what comes from forks. Acts are linked before, so that none
// about a fork's run is taken for one about another run.
func (p *past) setApart(acts map[act]bool) {
	p.stands = slices.DeleteFunc(p.stands, p.ofFork)
	for i, d := range p.days {
		p.days[i] = d.own(acts)
	}
	p.setWindow()
}

// own returns the day without the runs of forks, whose cells are the last, and
// without the acts.
func (d *Day) own(acts map[act]bool) *Day {
	out := *d
	n := slices.IndexFunc(d.cells, func(c *cell) bool { return c.key.fork })
	if n >= 0 {
		out.cells = d.cells[:n:n]
		out.marks = slices.DeleteFunc(slices.Clone(d.marks), func(m mark) bool { return m.Cell >= n })
		out.tools = filter(d.tools, func(k toolKey) bool { return !k.fork })
		out.errors = filter(d.errors, func(k textKey) bool { return !k.fork })
		out.judgements = filter(d.judgements, func(k textKey) bool { return !k.fork })
	}
	apart := func(a act) bool { return acts[a] }
	if len(acts) > 0 {
		out.overrides = slices.DeleteFunc(slices.Clone(d.overrides), apart)
		out.agreements = slices.DeleteFunc(slices.Clone(d.agreements), apart)
	}
	return &out
}
