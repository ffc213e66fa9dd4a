package trend

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/stat"
)

// findings returns what there is to say about the roles, the worst first.
func (p *past) findings() []finding.Finding {
	ripeness := p.ripeness()
	ripe := func(s sample) float64 { return ripeness(time.Unix(p.time(s.at), 0)) }
	roles := p.roles()
	all := make([][]claim, len(roles))
	judges := judges{free: make(chan struct{}, atOnce)}
	for i, r := range roles {
		judges.do(func() {
			r.load()
			all[i] = r.judge(ripe)
			r.runs = nil
		})
	}
	judges.Wait()
	out := []finding.Finding{}
	for _, claims := range within(all) {
		out = append(out, p.tell(claims)...)
	}
	slices.SortStableFunc(out, func(a, b finding.Finding) int {
		return cmp.Or(cmp.Compare(b.Severity.Rank(), a.Severity.Rank()), cmp.Compare(b.Subject.To, a.Subject.To),
			cmp.Compare(a.Subject.Agent, b.Subject.Agent), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Subject.From, b.Subject.From), cmp.Compare(a.Message, b.Message))
	})
	return out
}

// atOnce is how many roles are judged at the same time.
const atOnce = 2

// judges work side by side, a few at once.
type judges struct {
	sync.WaitGroup
	free chan struct{}
}

func (j *judges) do(work func()) {
	j.free <- struct{}{}
	j.Go(func() {
		work()
		<-j.free
	})
}

// discoveries is which share of the roles that a report names it may name for
// nothing, on average.
const discoveries = 0.2

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
	limit := min(chance, discoveries*named/float64(max(len(all), 1)))
	for i, claims := range all {
		for _, c := range claims {
			if c.p <= limit {
				out[i] = append(out[i], c)
			}
		}
	}
	return out
}
