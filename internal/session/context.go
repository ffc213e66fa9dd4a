package session

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/trace"
)

// saturation reports how full the context of the model got.
func (b *builder) saturation(r *Run, p Pricer) {
	var peak *call
	a := b.ranked(func(a *account) int64 {
		u, _ := a.sums()
		return u.Total().N()
	})[0]
	var window int64
	share := -1.0
	for i := range a.calls {
		c := &a.calls[i]
		w := b.window(a, c, p)
		n := c.usage().Prompt().N()
		if !c.ok() || n == 0 {
			continue
		}
		if s := float64(n) / float64(max(w, 1)); w > 0 && s > share {
			peak, window, share = c, w, s
		} else if peak == nil || share < 0 && n > peak.usage().Prompt().N() {
			peak = c
		}
	}
	r.Context = b.context(peak, window)
	if r.Context == nil {
		return
	}
	var at []trace.Pos
	for _, a := range b.accounts {
		if len(a.compacts) == r.Context.Compactions && len(at) == 0 {
			for _, t := range slices.Sorted(maps.Keys(a.compacts)) {
				at = append(at, a.pos(a.compacts[t]))
			}
		}
	}
	switch {
	case r.Context.Compactions > 0:
		b.fail("failure/context-saturation", finding.Warning, fmt.Sprintf("the conversation was compacted %s: the agent goes on from a summary", times(r.Context.Compactions)),
			"split the task, or let sub-agents read the large files", at...)
	case r.Context.Share >= fullContext && r.Context.Share <= 1.5: // beyond, the window is not the one that was used
		b.fail("failure/context-saturation", finding.Warning,
			fmt.Sprintf("a prompt of %d tokens filled %.0f%% of the context of %s", r.Context.PeakTokens.N(), 100*r.Context.Share, cmp.Or(a.symbols[peak.model], "the model")),
			"split the task, or let sub-agents read the large files", a.pos(peak.place))
	}
}

func (b *builder) context(peak *call, window int64) *Context {
	c := &Context{}
	for _, a := range b.accounts {
		c.Compactions = max(c.Compactions, len(a.compacts))
	}
	if peak != nil {
		c.PeakTokens = peak.usage().Prompt()
	}
	if window > 0 && peak != nil {
		c.Window = trace.Measured(window)
		c.Share = math.Round(1e4*float64(c.PeakTokens.N())/float64(window)) / 1e4
	}
	if peak == nil && c.Compactions == 0 {
		return nil
	}
	return c
}

// addCompaction counts each compaction once, though a stream and a session file
// may both tell of it.
func (a *account) addCompaction(r *trace.Record) {
	if a.compacts == nil {
		a.compacts = map[stamp]place{}
	}
	at := stampOf(r.Time)
	if at == 0 { // the n-th of its file
		at = -1
		for _, p := range a.compacts {
			if a.symbols[p.file] == r.Pos.File {
				at--
			}
		}
	}
	if _, seen := a.compacts[at]; !seen {
		a.compacts[at] = a.place(r.Pos)
	}
}

// window returns how many tokens the context of a call's model holds: as the
// trace says, else as the price list does.
func (b *builder) window(a *account, c *call, p Pricer) int64 {
	if c.window > 0 {
		return int64(c.window)
	}
	model := a.symbols[c.model]
	for _, inv := range a.order {
		if w := a.totals[inv].Windows[model]; w > 0 {
			return w
		}
	}
	if p == nil || model == "" {
		return 0
	}
	w, _ := p.Window(model)
	return w
}
