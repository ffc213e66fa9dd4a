package session

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/andon-ci/andon/internal/trace"
)

// fingerprint tells one model call from another over all runs: ids that are
// unique within a run may not be beyond it, but with the moment and the tokens
// they are.
type fingerprint struct {
	id    spanID
	end   stamp
	usage trace.Usage
}

// unfork takes out of each run what it only repeats of another. A session that
// is resumed under a new id, or forked, begins with a copy of the old one's
// history: its calls were made, and paid for, once.
func (c *Collector) unfork() {
	owner := map[fingerprint]*builder{}
	for _, b := range c.byAge() {
		var copied map[*builder]int
		for _, a := range b.accounts {
			var keep []call
			for i := range a.calls {
				f := fingerprint{a.calls[i].id, a.calls[i].end, a.calls[i].usage}
				if from := owner[f]; f.end != 0 && from != nil && from != b {
					if copied == nil {
						copied = map[*builder]int{}
					}
					copied[from]++
					continue
				}
				owner[f] = b
				keep = append(keep, a.calls[i])
			}
			a.calls = keep
		}
		if len(copied) > 0 {
			b.forked(copied)
		}
	}
}

// byAge returns the runs from the oldest on. Of two that begin at one moment,
// as a copy does, the one that ends first is the original.
func (c *Collector) byAge() []*builder {
	out := make([]*builder, 0, len(c.runs))
	for _, id := range slices.Sorted(maps.Keys(c.runs)) {
		out = append(out, c.runs[id])
	}
	slices.SortStableFunc(out, func(x, y *builder) int {
		return cmp.Or(cmp.Compare(x.first, y.first), cmp.Compare(x.last, y.last))
	})
	return out
}

// forked says of a run where its history is from, and takes the tool calls out
// of it that were made there.
func (b *builder) forked(copied map[*builder]int) {
	var parent *builder
	for from, n := range copied {
		if parent == nil || n > copied[parent] || n == copied[parent] && from.id < parent.id {
			parent = from
		}
	}
	b.start.ForkedFrom = cmp.Or(b.start.ForkedFrom, parent.id)
	var last stamp
	for from := range copied {
		for _, a := range from.accounts {
			for _, own := range b.accounts {
				if own.space == a.space {
					last = max(last, own.without(a))
				}
			}
		}
	}
	b.first = max(b.first, last) // its own part begins after the copy
	if d := b.last - b.first; d < 0 || d > stamp(100*365*24*time.Hour) {
		b.first = b.last
	}
}

// without takes out the tool calls that another account has too, and returns
// when the last of them had ended.
func (a *account) without(other *account) (last stamp) {
	var keep []tool
	for i := range a.tools {
		t := &a.tools[i]
		if j, known := other.toolAt[t.id]; known && other.tools[j].start == t.start {
			last = max(last, t.until(), t.start)
			continue
		}
		keep = append(keep, *t)
	}
	a.tools = keep
	a.toolAt = map[spanID]int32{}
	for i := range a.tools {
		a.toolAt[a.tools[i].id] = int32(i)
	}
	return last
}
