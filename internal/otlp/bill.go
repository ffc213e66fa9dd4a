package otlp

import (
	"maps"
	"slices"
	"strconv"

	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

// bill says which span of a run shows which part of its tokens and of its cost,
// so that over all spans they add up to what the run used and cost: no more,
// for backends add them up, and no less.
type bill struct {
	carries   bool      // the calls' spans show their tokens
	rest      []part    // what no call accounts for
	costs     []float64 // of the steps, then of the rest; nil where the cost is not known
	allocated bool      // the run's cost was shared out by what the parts used
}

// part is what a model was used for beside the calls that are known.
type part struct {
	model string
	usage trace.Usage
}

func newBill(r *session.Run) bill {
	var b bill
	var sum trace.Usage
	by := map[string]trace.Usage{}
	for i := range r.Steps {
		if st := &r.Steps[i]; counts(st) {
			sum = sum.Add(st.Usage)
			by[st.Name] = by[st.Name].Add(st.Usage)
		}
	}
	rest, fits := subtract(r.Usage, sum)
	b.carries = fits
	if !fits {
		rest, by = r.Usage, map[string]trace.Usage{} // two sources that do not agree
	}
	if rest != (trace.Usage{}) {
		b.rest = split(r, rest, by)
	}
	b.price(r)
	return b
}

// counts reports whether a step is a call whose tokens count.
func counts(st *session.Step) bool {
	return st.Kind == session.StepLLM && !st.Failed && !st.Partial
}

// subtract returns u without v, class by class, and whether no class of u is
// less than that of v. A class in which nothing is left is not there.
func subtract(u, v trace.Usage) (rest trace.Usage, fits bool) {
	fits = true
	minus := func(x, y trace.Count) trace.Count {
		fits = fits && x.N() >= y.N()
		if x.N() == y.N() && (y.Known() || !x.Known()) {
			return trace.Count{}
		}
		return trace.Measured(x.N() - y.N())
	}
	rest = trace.Usage{
		Input: minus(u.Input, v.Input), CacheRead: minus(u.CacheRead, v.CacheRead),
		CacheWrite5m: minus(u.CacheWrite5m, v.CacheWrite5m), CacheWrite1h: minus(u.CacheWrite1h, v.CacheWrite1h),
		Output: minus(u.Output, v.Output), Reasoning: minus(u.Reasoning, v.Reasoning),
	}
	return rest, fits
}

// split shares the rest out among models, where the run says what it used each
// for and that explains the rest; else it is one part.
func split(r *session.Run, rest trace.Usage, by map[string]trace.Usage) []part {
	var parts []part
	var sum trace.Usage
	for _, model := range slices.Sorted(maps.Keys(r.ByModel)) {
		u, fits := subtract(r.ByModel[model], by[model])
		if !fits {
			sum = trace.Usage{}
			break
		}
		if u != (trace.Usage{}) {
			parts = append(parts, part{model, u})
			sum = sum.Add(u)
		}
	}
	if left, fits := subtract(rest, sum); len(parts) > 0 && fits && left.Total().N() == 0 && left.Reasoning.N() == 0 {
		return parts
	}
	whole := part{usage: rest}
	if len(r.Models) == 1 {
		whole.model = r.Models[0]
	}
	return []part{whole}
}

// price shares out what the run cost: to each call what it cost, where that is
// known and adds up; else by the tokens.
func (b *bill) price(r *session.Run) {
	if r.Cost.USD == nil {
		return
	}
	total := *r.Cost.USD
	steps := len(r.Steps)
	own, priced := b.ownCosts(r)
	left := total - sumOf(own)
	switch {
	case priced && len(b.rest) == 0 && sumOf(own) > 0:
		b.allocated = !nearly(left, total)
		b.costs = own
		if b.allocated {
			b.costs = share(total, own)
		}
		return
	case priced && len(b.rest) == 1 && left >= 0:
		own[steps] = left
		b.costs = own
		return
	}
	weights, any := b.weights(r)
	if !any {
		if len(b.rest) == 0 {
			b.rest = []part{{}}
		}
		weights = make([]float64, steps+len(b.rest))
		weights[steps] = 1
	}
	b.costs, b.allocated = share(total, weights), any
}

// ownCosts returns what each call cost by itself, and whether that is known of
// all of them.
func (b *bill) ownCosts(r *session.Run) (costs []float64, all bool) {
	costs, all = make([]float64, len(r.Steps)+len(b.rest)), b.carries
	for i := range r.Steps {
		st := &r.Steps[i]
		switch {
		case !counts(st):
		case st.CostUSD != nil:
			costs[i] = *st.CostUSD
		default:
			all = all && st.Usage.Total().N() == 0
		}
	}
	return costs, all
}

// weights returns what each part used, in tokens of input: what was read from a
// cache costs a tenth of those, what was answered five times as much, at most
// providers.
func (b *bill) weights(r *session.Run) (w []float64, any bool) {
	weigh := func(u trace.Usage) float64 {
		return float64(u.Input.N()) + 0.1*float64(u.CacheRead.N()) + 1.25*float64(u.CacheWrite5m.N()) + 2*float64(u.CacheWrite1h.N()) + 5*float64(u.Output.N())
	}
	w = make([]float64, len(r.Steps)+len(b.rest))
	for i := range r.Steps {
		if b.carries && counts(&r.Steps[i]) {
			w[i] = weigh(r.Steps[i].Usage)
		}
	}
	for i, p := range b.rest {
		w[len(r.Steps)+i] = weigh(p.usage)
	}
	return w, sumOf(w) > 0
}

// share divides a sum by weights. The last part that has one takes what
// rounding leaves, so that the parts add up.
func share(total float64, weights []float64) []float64 {
	out := make([]float64, len(weights))
	all, given, last := sumOf(weights), 0.0, 0
	for i, w := range weights {
		if w > 0 {
			out[i] = total * (w / all)
			given += out[i]
			last = i
		}
	}
	out[last] = max(0, out[last]+total-given)
	return out
}

// of returns the cost of the span of a step, or of the rest behind the steps.
func (b *bill) of(i int) (usd float64, ok bool) {
	if b.costs == nil {
		return 0, false
	}
	return b.costs[i], true
}

func sumOf(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum
}

// nearly reports whether a difference is what rounding makes of a sum.
func nearly(difference, total float64) bool {
	return difference < 1e-9*max(total, 1) && difference > -1e-9*max(total, 1)
}

// number writes a float as JSON does, without an exponent.
func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
