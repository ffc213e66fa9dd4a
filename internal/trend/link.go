package trend

import (
	"cmp"
	"slices"
)

// place is where a run is.
type place struct{ day, cell, run int32 }

func (p *past) at(x place) *run { return &p.days[x.day].cells[x.cell].runs[x.run] }

// stand is an act and the run that it is about.
type stand struct {
	act   act
	run   place
	agree bool
}

// link finds the run that each act is about: by its run_id, or else as the last
// one of the agent in the repository that decided so before the act. A run is
// overridden once, however often people said so.
func (p *past) link() {
	wanted, loose := p.acts()
	found := map[id][]place{} // more than one where attempts or agents share a run_id
	var order []id
	for i, d := range p.days {
		for j, c := range d.cells {
			for k := range c.runs {
				r := &c.runs[k]
				r.flags &= kept
				if _, ok := wanted[r.id]; !ok {
					continue
				}
				if found[r.id] == nil {
					order = append(order, r.id)
				}
				found[r.id] = append(found[r.id], place{int32(i), int32(j), int32(k)})
			}
		}
	}
	for _, i := range order {
		for _, s := range wanted[i] {
			p.stand([]stand{s}, p.meant(s.act, found[i]))
		}
	}
	for i, acts := range wanted {
		if found[i] == nil {
			p.lose(acts...)
		}
	}
	p.linkLoose(loose)
}

// meant returns which of the runs of one run_id an act is about: the agent's own, that
// had begun by then, that decided, and of these the last.
func (p *past) meant(a act, of []place) place {
	if len(of) == 1 {
		return of[0]
	}
	by := cmp.Or(a.Decided, a.Time)
	likely := func(x place) (n int) {
		d := p.days[x.day]
		for i, so := range []bool{p.at(x).decision > 0, p.time(x) <= by+60, d.names.get(d.cells[x.cell].key.agent) == a.Agent} {
			if so {
				n |= 1 << i
			}
		}
		return n
	}
	return slices.MaxFunc(of, func(x, y place) int { return cmp.Or(likely(x)-likely(y), cmp.Compare(p.time(x), p.time(y))) })
}

// lose counts the overrides in the window that are about no decision of the past. Of
// a part of the runs it is not known which are.
func (p *past) lose(acts ...stand) {
	for _, s := range acts {
		if p.Keep == nil && !s.agree && s.act.Time >= dateTime(p.From).Unix() {
			p.unlinked++
		}
	}
}

// acts returns the acts by the id of their run, and those that have none.
func (p *past) acts() (wanted map[id][]stand, loose []stand) {
	wanted = map[id][]stand{}
	add := func(a act, agree bool) {
		switch {
		case a.Time > p.AsOf.Unix():
		case a.RunID != "":
			i := idOf(a.Repository, a.RunID)
			wanted[i] = append(wanted[i], stand{act: a, agree: agree})
		default:
			loose = append(loose, stand{act: a, agree: agree})
		}
	}
	for _, d := range p.days {
		for _, a := range d.overrides {
			add(a, false)
		}
		for _, a := range d.agreements {
			add(a, true)
		}
	}
	return wanted, loose
}

func (p *past) stand(acts []stand, at place) {
	r := p.at(at)
	for _, s := range acts {
		s.run = at
		p.stands = append(p.stands, s)
		if s.agree {
			r.flags |= agreed
		} else {
			r.flags |= overridden
		}
		if r.decision == 0 {
			p.lose(s)
		}
	}
}

// linkLoose links the acts that do not name their run.
func (p *past) linkLoose(loose []stand) {
	if len(loose) == 0 {
		return
	}
	type key struct{ repository, agent string }
	made := map[key][]place{}
	for _, s := range loose {
		made[key{s.act.Repository, s.act.Agent}] = nil
	}
	for i, d := range p.days {
		for j, c := range d.cells {
			k := key{d.names.get(c.key.repository), d.names.get(c.key.agent)}
			if _, ok := made[k]; ok {
				for n, r := range c.runs {
					if r.decision > 0 {
						made[k] = append(made[k], place{int32(i), int32(j), int32(n)})
					}
				}
			}
		}
	}
	for k := range made {
		slices.SortStableFunc(made[k], func(a, b place) int { return cmp.Compare(p.time(a), p.time(b)) })
	}
	for _, s := range loose {
		if len(made[key{s.act.Repository, s.act.Agent}]) == 0 {
			p.lose(s)
		}
		p.linkOne(s, made[key{s.act.Repository, s.act.Agent}])
	}
}

// lookBack is how many decisions before an act may be the one that it is about.
const lookBack = 50

func (p *past) linkOne(s stand, made []place) {
	by := cmp.Or(s.act.Decided, s.act.Time)
	if by == 0 {
		return
	}
	end, _ := slices.BinarySearchFunc(made, by+60, func(x place, t int64) int { return cmp.Compare(p.time(x), t) })
	for i := end - 1; i >= 0 && i >= end-lookBack; i-- {
		r := p.at(made[i])
		sameKind := s.act.Decision == "" || string(decisions()[r.decision-1]) == s.act.Decision
		if sameKind && r.flags&(overridden|agreed) == 0 {
			p.stand([]stand{s}, made[i])
			return
		}
	}
}

// time returns when a run began, in Unix seconds to the minute.
func (p *past) time(x place) int64 {
	return p.days[x.day].start + int64(p.at(x).minute)*60
}

// end returns when a run was over.
func (p *past) end(x place) int64 { return p.time(x) + int64(p.at(x).duration.Value()/1000) }
