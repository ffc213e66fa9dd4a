package session

import (
	"maps"
	"math"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/trace"
)

// isLedger reports whether a space is that of accounts which somebody else keeps
// of a run, such as a proxy of its calls. They do not know the run's id, and lie
// beside the agent's own files more often than not.
func isLedger(space string) bool {
	return space == "gh-aw" || space == "fullsend/metrics"
}

func (b *builder) isLedger() bool {
	for _, a := range b.accounts {
		if !isLedger(a.space) {
			return false
		}
	}
	return b.unnamed
}

// settleLedgers makes the accounts that others keep of a run a part of it, so
// that nothing counts twice. Which run it is, the figures must tell: where none
// has the same, the account is a run of its own.
func (c *Collector) settleLedgers() {
	var sums []*builder // of which the calls are not known
	var calls callIndex
	for _, id := range slices.Sorted(maps.Keys(c.runs)) {
		b := c.runs[id]
		switch {
		case !b.isLedger():
		case b.hasCalls():
			if calls == nil {
				calls = c.indexCalls()
			}
			c.settle(b, calls)
		default:
			sums = append(sums, b)
		}
	}
	if len(sums) == 0 {
		return
	}
	known := c.wholes()
	for _, b := range sums {
		if run := withSum(b, known); run != nil {
			c.absorb(run, b, "")
		}
	}
}

func (b *builder) hasCalls() bool {
	return slices.ContainsFunc(b.accounts, func(a *account) bool { return len(a.calls) > 0 })
}

// callIndex counts the calls of each run by the length of their prompt, which
// grows from call to call and is nearly a name.
type callIndex map[int64]map[*builder]int

// maxSamePrompt bounds how many runs are told apart that have a prompt of one
// length.
const maxSamePrompt = 100

func (c *Collector) indexCalls() callIndex {
	x := callIndex{}
	for _, id := range slices.Sorted(maps.Keys(c.runs)) {
		b := c.runs[id]
		if b.isLedger() {
			continue
		}
		for prompt, n := range b.prompts() {
			if x[prompt] == nil {
				x[prompt] = map[*builder]int{}
			}
			if len(x[prompt]) < maxSamePrompt {
				x[prompt][b] = n
			}
		}
	}
	return x
}

// prompts counts the whole calls of a run by the length of their prompt, as the
// account has them that knows most.
func (b *builder) prompts() map[int64]int {
	most := map[int64]int{}
	for _, a := range b.accounts {
		for prompt, n := range a.prompts() {
			most[prompt] = max(most[prompt], n)
		}
	}
	return most
}

func (a *account) prompts() map[int64]int {
	out := map[int64]int{}
	for i := range a.calls {
		if n := a.calls[i].usage().Prompt().N(); n > 0 && a.calls[i].ok() {
			out[n]++
		}
	}
	return out
}

// settle makes an account of calls a part of the run that has most of them, or
// of which it has most, at the same time. Where others have the rest, it says
// nothing about any one of them, and is left out.
func (c *Collector) settle(b *builder, calls callIndex) {
	same := map[*builder]int{}
	whole, found := 0, 0
	for prompt, n := range b.prompts() {
		whole += n
		here := 0
		for run, m := range calls[prompt] {
			if run.overlaps(b) {
				same[run] += min(n, m)
				here += m
			}
		}
		found += min(n, here)
	}
	var best *builder
	for run, n := range same {
		if best == nil || n > same[best] || n == same[best] && run.id < best.id {
			best = run
		}
	}
	switch {
	case best == nil || 2*found <= min(whole, sum(best.prompts())):
		return
	case same[best] < found:
		maps.Copy(best.files, b.files)
		delete(c.runs, b.id)
		return
	}
	c.absorb(best, b, "")
}

func sum(counts map[int64]int) int {
	n := 0
	for _, m := range counts {
		n += m
	}
	return n
}

// overlaps reports whether two runs may have been at the same time: clocks of
// two machines, or of a machine and its container, may differ by a minute.
func (b *builder) overlaps(other *builder) bool {
	const slack = stamp(time.Minute)
	if b.first == 0 || other.first == 0 {
		return true
	}
	return b.first <= other.last+slack && other.first <= b.last+slack
}

// whole is what a run comes to, by each of its accounts.
type whole struct {
	run    *builder
	usages []trace.Usage // the largest first
	cost   *float64
}

// wholes returns what the runs come to that are not sums themselves.
func (c *Collector) wholes() []whole {
	var out []whole
	for _, id := range slices.Sorted(maps.Keys(c.runs)) {
		run := c.runs[id]
		if run.isLedger() && !run.hasCalls() {
			continue
		}
		w := whole{run: run}
		w.cost, _ = run.reported()
		for _, a := range run.ranked(used) {
			u, _ := a.usage()
			w.usages = append(w.usages, u)
		}
		out = append(out, w)
	}
	return out
}

// withSum returns the run that an account is the sum of: one that cost or used
// the same, or the first of those in the account's folder that do together.
func withSum(b *builder, known []whole) *builder {
	sum := b.accounts[0].total()
	var beside whole
	for _, w := range known {
		if w.comesTo(sum) {
			return w.run
		}
		if w.run.isLedger() || !w.run.liesBeside(b) {
			continue
		}
		if beside.run == nil {
			beside = whole{run: w.run, usages: make([]trace.Usage, 1)}
		}
		beside.usages[0] = beside.usages[0].Add(w.usages[0])
		beside.cost = addMoney(beside.cost, w.cost)
	}
	if beside.comesTo(sum) {
		return beside.run
	}
	return nil
}

func used(a *account) int64 {
	u, _ := a.usage()
	return u.Total().N()
}

func (w whole) comesTo(sum trace.Totals) bool {
	return sameCost(w.cost, sum.CostUSD) ||
		slices.ContainsFunc(w.usages, func(u trace.Usage) bool { return sameUsage(u, sum.Usage) })
}

func sameUsage(u, v trace.Usage) bool {
	return v.Prompt().N() > 0 && u.Prompt() == v.Prompt() && u.Output == v.Output
}

func sameCost(a, b *float64) bool {
	return a != nil && b != nil && *b > 0 && math.Abs(*a-*b) <= 1e-9**b
}

// liesBeside reports whether a file of the run is in the folder of another
// run's, or below.
func (b *builder) liesBeside(other *builder) bool {
	for _, file := range slices.Sorted(maps.Keys(other.files)) {
		dir := path.Dir(strings.ReplaceAll(file, `\`, "/"))
		for name := range b.files {
			if dir == "." || strings.HasPrefix(strings.ReplaceAll(name, `\`, "/"), dir+"/") {
				return true
			}
		}
	}
	return false
}
