package session

import (
	"cmp"
	"slices"

	"github.com/andon-ci/andon/internal/trace"
)

// ranked returns the accounts with the most telling first by the given measure,
// telemetry behind those of the agent itself.
func (b *builder) ranked(measure func(*account) int64) []*account {
	out := slices.Clone(b.accounts)
	if len(out) == 1 {
		return out
	}
	measured := make(map[*account]int64, len(out)) // once, since it may go through all steps
	for _, a := range out {
		measured[a] = measure(a)
	}
	slices.SortStableFunc(out, func(x, y *account) int {
		mx, my := measured[x], measured[y]
		if x.isTelemetry() != y.isTelemetry() && mx > 0 && my > 0 {
			if x.isTelemetry() {
				return 1
			}
			return -1
		}
		if mx != my {
			return cmp.Compare(my, mx)
		}
		return cmp.Or(cmp.Compare(y.detail(), x.detail()), cmp.Compare(x.space, y.space))
	})
	return out
}

// detail measures, between accounts that know equally much, which says it more
// closely: with times, and with usage in more classes.
func (a *account) detail() int {
	n := 0
	for i := range a.tools {
		if a.tools[i].start != 0 {
			n++
		}
	}
	u, _ := a.usage()
	return n + knownClasses(u)
}

func knownClasses(u trace.Usage) int {
	n := 0
	for _, c := range []trace.Count{u.Input, u.CacheRead, u.CacheWrite5m, u.CacheWrite1h, u.Output, u.Reasoning} {
		if c.Known() {
			n++
		}
	}
	return n
}

// byUsage returns the accounts that know of most tokens first, of equal ones
// those that tell more classes apart. Telemetry stands behind an agent's own
// account, but for one that it is sure to contain.
func (b *builder) byUsage() []*account {
	out := b.ranked(func(a *account) int64 {
		u, _ := a.usage()
		if n := u.Total().N(); n > 0 && n < 1<<59 {
			return n<<3 + int64(knownClasses(u))
		}
		return u.Total().N()
	})
	for i, a := range out {
		if a.isTelemetry() && a.contains(out[0]) {
			return slices.Insert(slices.Delete(out, i, i+1), 0, a)
		}
	}
	return out
}

// contains reports whether an account knows the same usage as another and more
// of it: that of sub-agents besides, as a stream that shows only the main
// agent's, or the output besides, as a stream that was cut off before its total.
func (a *account) contains(other *account) bool {
	u, _ := other.usage()
	all, _ := a.usage()
	if all.Total().N() <= u.Total().N() || u.Prompt().N() == 0 || fill(all, u) != all {
		return false
	}
	if !u.Output.Known() {
		return all.Prompt() == u.Prompt()
	}
	var main trace.Usage
	for i := range a.calls {
		if c := &a.calls[i]; c.ok() && c.subagent == 0 {
			main = main.Add(c.usage())
		}
	}
	return main.Prompt() == u.Prompt() && main.Output == u.Output
}

func (b *builder) usageAccount() *account { return b.byUsage()[0] }
