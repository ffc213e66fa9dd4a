package trend

import (
	"cmp"
	"slices"
	"sync"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/stat"
)

// findings returns what there is to say about the roles, the worst first.
func (p *past) findings() []finding.Finding {
	out := []finding.Finding{}
	for _, claims := range within(judgeAll(p.roles(), p.ripeness())) {
		out = append(out, p.tell(claims)...)
	}
	slices.SortStableFunc(out, func(a, b finding.Finding) int {
		return cmp.Or(cmp.Compare(b.Severity.Rank(), a.Severity.Rank()), cmp.Compare(b.Subject.To, a.Subject.To),
			cmp.Compare(a.Subject.Agent, b.Subject.Agent), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Subject.From, b.Subject.From), cmp.Compare(a.Message, b.Message))
	})
	return out
}

// atOnce is how many roles are judged at the same time: each holds its runs.
const atOnce = 2

// judgeAll returns the claims of each role. They do not depend on each other.
func judgeAll(roles []*role, late func(agent string) stat.Delays) [][]claim {
	out := make([][]claim, len(roles))
	slots := make(chan struct{}, atOnce)
	var all sync.WaitGroup
	for i, r := range roles {
		slots <- struct{}{}
		all.Go(func() {
			r.load()
			out[i] = r.judge(r.ripe(late(r.agent)))
			r.runs, r.levels = nil, nil
			<-slots
		})
	}
	all.Wait()
	return out
}

// discoveries is which share of the roles that a report names it may name for
// nothing, on average.
const discoveries = 0.25

// within returns the claims of each role that the report can afford. Each role has
// its chance of an error, and of all roles those are named that stand out
// by the rule of Benjamini and Hochberg: among many quiet ones it takes
// more to be named.
func within(all [][]claim) [][]claim {
	least := make([]float64, len(all))
	for i, claims := range all {
		least[i] = 1
		for _, c := range claims {
			least[i] = min(least[i], c.p)
		}
	}
	qs := stat.BenjaminiHochberg(least)
	out := make([][]claim, len(all))
	named := 0.0
	for i := range all {
		if qs[i] <= discoveries {
			named++
		}
	}
	affords := func(named float64) float64 { return min(chance, discoveries*named/float64(max(len(all), 1))) }
	limit, note := affords(named), suspicion*affords(max(named, 1))
	for i, claims := range all {
		for _, c := range claims {
			unsure := c.p > limit && c.p <= note && c.shift != nil && c.shift.fresh(c.role)
			if unsure {
				c.shift.unsure = true
			}
			if c.p <= limit || c.note != nil || unsure {
				out[i] = append(out[i], c)
			}
		}
	}
	return out
}
