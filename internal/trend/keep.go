package trend

// only returns the day with those of its cells that are to be kept, and with all
// else as far as it comes from their agents.
func (d *Day) only(keep func(repository, instructions string) bool) *Day {
	d.Seal()
	if keep == nil {
		return d
	}
	out := *d
	out.cells, out.marks = nil, nil
	at := map[int]int{}
	type maker struct{ repository, agent name }
	makers := map[maker]bool{}
	for i, c := range d.cells {
		if keep(d.names.get(c.key.repository), d.names.get(c.key.path)) {
			at[i] = len(out.cells)
			out.cells = append(out.cells, c)
			makers[maker{c.key.repository, c.key.agent}] = true
		}
	}
	for _, m := range d.marks {
		if i, ok := at[m.Cell]; ok {
			m.Cell = i
			out.marks = append(out.marks, m)
		}
	}
	out.tools = filter(d.tools, func(k toolKey) bool { return makers[maker{k.repository, k.agent}] })
	out.errors = filter(d.errors, func(k textKey) bool { return makers[maker{k.repository, k.agent}] })
	out.judgements = filter(d.judgements, func(k textKey) bool { return makers[maker{k.repository, k.agent}] })
	return &out
}

func filter[K comparable, V any](m map[K]V, keep func(K) bool) map[K]V {
	out := map[K]V{}
	for k, v := range m {
		if keep(k) {
			out[k] = v
		}
	}
	return out
}

// ownActs leaves the days those acts that are about agents whose runs they have,
// on whatever day.
func ownActs(days []*Day) {
	type maker struct{ repository, agent string }
	makers := map[maker]bool{}
	for _, d := range days {
		for _, c := range d.cells {
			makers[maker{d.names.get(c.key.repository), d.names.get(c.key.agent)}] = true
		}
	}
	own := func(acts []act) (kept []act) {
		for _, a := range acts {
			if makers[maker{a.Repository, a.Agent}] {
				kept = append(kept, a)
			}
		}
		return kept
	}
	for _, d := range days {
		d.overrides, d.agreements = own(d.overrides), own(d.agreements)
	}
}
