package session

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/andon-ci/andon/internal/trace"
)

// mismatch is the difference between the reported and the computed cost, as a
// share of the reported, from which on it is a finding.
const mismatch = 0.05

// The values of Cost.Source.
const (
	Reported = "reported"
	Computed = "computed"
	Mixed    = "mixed" // some runs reported, some computed
)

// cost fills in what the run cost. The agent's own figure is preferred where
// there is one; ours is kept beside it.
func (b *builder) cost(r *Run, best *account, p Pricer) {
	c := &r.Cost
	var covered bool
	c.ReportedUSD, covered = b.reported()
	unpriced := map[string]bool{}
	if p != nil {
		c.ComputedUSD = best.computed(p, r.Models, unpriced, &c.Partial)
	}
	c.UnpricedModels = slices.Sorted(maps.Keys(unpriced))
	c.Partial = c.Partial || len(unpriced) > 0
	switch {
	case c.ReportedUSD != nil && covered:
		c.USD, c.Source = c.ReportedUSD, Reported
		c.Partial = false
	case c.ComputedUSD != nil && !c.Partial:
		c.USD, c.Source = c.ComputedUSD, Computed
	case c.ReportedUSD != nil:
		c.USD, c.Source, c.Partial = c.ReportedUSD, Reported, true
	}
	if covered && c.ReportedUSD != nil && c.ComputedUSD != nil && len(unpriced) == 0 && best.accountsForCost() {
		b.compare(r, *c.ReportedUSD, *c.ComputedUSD)
	}
}

// accountsForCost reports whether an account states the usage that its cost is
// for: by model, or call by call. Others state a part of it (the usage of the
// last turn, placeholders for the output), and a difference would be no finding.
func (a *account) accountsForCost() bool {
	if t := a.total(); t.CostUSD != nil {
		return len(t.ByModel) > 0 && t.Usage.Total().Known()
	}
	_, fromCalls := a.usage()
	return fromCalls
}

func (b *builder) compare(r *Run, reported, computed float64) {
	const cent = 0.0001 // below it, rounding is all there is
	if math.Abs(reported-computed) <= max(mismatch*reported, cent) {
		return
	}
	b.warn(trace.Pos{File: r.Files[0]}, "price/mismatch",
		fmt.Sprintf("the agent reports $%.4f, the price table gives $%.4f", reported, computed),
		"the agent may bill by another price, or the table is out of date; `andon version` shows its date")
	r.Findings = b.findings
}

// reported returns what the agent says that it cost: the largest account of it,
// since a part of the files may know a part of the cost. It covers the run unless
// the tokens that it is for are fewer than those of the calls beside it: a
// process that was killed has not added its part.
func (b *builder) reported() (most *float64, covers bool) {
	for _, a := range b.accounts {
		sum := a.reported()
		if sum != nil && (most == nil || *sum > *most) {
			most, covers = sum, !a.outgrown()
		}
	}
	return most, covers
}

// outgrown reports whether an account shows calls of more tokens than its totals
// by model, which are complete for what they cover, are for.
func (a *account) outgrown() bool {
	t := a.total()
	if t.CostUSD == nil || len(t.ByModel) == 0 {
		return false
	}
	var of trace.Usage
	for _, u := range t.ByModel {
		of = of.Add(u)
	}
	sum, _ := a.sums()
	return sum.Total().N() > of.Total().N()
}

// reported returns what an account says that the run cost, as a whole or call by
// call, nil for nothing.
func (a *account) reported() *float64 {
	if sum := a.total().CostUSD; sum != nil {
		return sum
	}
	var costs bill
	for i := range a.calls {
		if c := &a.calls[i]; c.ok() && c.cost != nil {
			costs = append(costs, *c.cost)
		}
	}
	return costs.sum()
}

// bill is what each part of something cost.
type bill []float64

// sum adds up a bill, nil where it is empty. It adds in order of size, because
// rounding would else show in which order the files were read.
func (b bill) sum() *float64 {
	slices.Sort(b)
	var sum *float64
	for i := range b {
		sum = addMoney(sum, &b[i])
	}
	return sum
}

// computed prices the usage of an account, and names the models without a
// price. It returns nil where nothing could be priced.
func (a *account) computed(p Pricer, models []string, unpriced map[string]bool, partial *bool) *float64 {
	var costs bill
	add := func(model string, u trace.Usage, calls int64) {
		if u.Total().N() == 0 {
			return
		}
		usd, ok := p.Cost(model, u, calls)
		if ok && (!u.Output.Known() || !u.Prompt().Known()) {
			*partial = true // what was asked and what was answered have a price too
		}
		if !ok {
			unpriced[orString(model, "(unknown)")] = true
			return
		}
		costs = append(costs, usd)
	}
	only := ""
	if len(models) == 1 {
		only = models[0]
	}
	if _, fromCalls := a.usage(); fromCalls {
		for i := range a.calls {
			if c := &a.calls[i]; c.ok() {
				add(orString(a.symbols[c.model], only), c.usage(), 1)
			}
		}
		return costs.sum()
	}
	t := a.total()
	if len(t.ByModel) == 0 {
		add(only, t.Usage, a.llmCalls().N())
	}
	for _, m := range slices.Sorted(maps.Keys(t.ByModel)) {
		add(m, t.ByModel[m], a.callsOf(m))
	}
	return costs.sum()
}

// callsOf returns how many calls of a model were seen, 0 where none was: then
// their number is not known.
func (a *account) callsOf(model string) int64 {
	var n int64
	for i := range a.calls {
		if c := &a.calls[i]; c.ok() && a.symbols[c.model] == model {
			n++
		}
	}
	return n
}

// sumCost adds up the costs of runs. The sum of what is known is partial where
// a run's cost is not.
func sumCost(runs []*Run) Cost {
	var c Cost
	unpriced := map[string]bool{}
	for _, r := range runs {
		c.ReportedUSD = addMoney(c.ReportedUSD, r.Cost.ReportedUSD)
		c.ComputedUSD = addMoney(c.ComputedUSD, r.Cost.ComputedUSD)
		c.USD = addMoney(c.USD, r.Cost.USD)
		switch {
		case r.Cost.Source == "":
			c.Partial = true
		case c.Source == "":
			c.Source = r.Cost.Source
		case c.Source != r.Cost.Source:
			c.Source = Mixed
		}
		for _, m := range r.Cost.UnpricedModels {
			unpriced[m] = true
		}
	}
	c.UnpricedModels = slices.Sorted(maps.Keys(unpriced))
	return c
}
