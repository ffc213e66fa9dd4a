package trend

// disagree takes the rates of agreement out of a report on a history that keeps
// no agreements.
func (r *Report) disagree() {
	r.eachGroup(func(g *Group) { g.Agreement = nil })
}

// unask takes out of a report what would say that people overruled nothing, where
// nobody looked whether they did.
func (r *Report) unask() {
	r.Coverage.Overrides, r.Coverage.Agreements = nil, nil
	r.eachGroup(func(g *Group) {
		g.Override, g.Agreement = nil, nil
		if g.Wasted != nil {
			g.Wasted.OverriddenUSD = nil
		}
		for i := range g.Series {
			g.Series[i].Overridden = nil
		}
	})
	for _, all := range [][]Costly{r.Improve.Roles, r.Improve.Repositories} {
		for i := range all {
			all[i].Overridden = nil
		}
	}
}

// eachGroup visits the totals and all groups.
func (r *Report) eachGroup(visit func(*Group)) {
	visit(&r.Totals)
	for _, groups := range [][]Group{r.By.Agent, r.By.Repository, r.By.Owner, r.By.Model, r.By.Instructions, r.By.Kind, r.By.Pair} {
		for i := range groups {
			visit(&groups[i])
		}
	}
}
