package session

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/andon-ci/andon/internal/trace"
)

// Explanation says from which lines the totals of a run come, which lines tell
// of one thing and were merged, and what was left out and why.
type Explanation struct {
	Calls   []Explained `json:"calls,omitempty"`    // model calls
	Tools   []Explained `json:"tools,omitempty"`    // tool calls
	Totals  []Explained `json:"totals,omitempty"`   // what the agent reports of itself
	NotUsed []Explained `json:"not_used,omitempty"` // other accounts of the run
}

// Explained is one thing that was read, and what became of it.
type Explained struct {
	trace.Pos
	Format  string       `json:"format,omitempty"`
	Name    string       `json:"name,omitempty"`  // model or tool
	Agent   string       `json:"agent,omitempty"` // id of the sub-agent
	Usage   *trace.Usage `json:"usage,omitempty"`
	Counted bool         `json:"counted"`
	Why     string       `json:"why,omitempty"`    // it was not counted, or counts for what
	Merged  []trace.Pos  `json:"merged,omitempty"` // the other lines that tell of it
}

// sources says of each figure which format it was taken from, where the run is
// known from several.
func (b *builder) sources(r *Run) {
	if len(r.Formats) < 2 {
		return
	}
	usage := b.usageAccount()
	r.Sources = map[string]string{}
	set := func(figure, source string) {
		if source != "" {
			r.Sources[figure] = source
		}
	}
	set("usage", usage.usageSource())
	set("llm_calls", usage.usageSource())
	set("cost", b.costSource(r))
	set("tool_calls", b.formatsAt(b.toolAccount().toolPlaces()))
	end, decision := b.verdicts()
	if end != nil {
		set("status", end.source)
	}
	if decision != nil {
		set("decision", decision.source)
	}
}

// sourceNames joins the names of formats.
func sourceNames(formats iter.Seq[string]) string {
	return strings.Join(slices.Sorted(formats), " + ")
}

// usageSource names the formats that an account's usage is from.
func (a *account) usageSource() string {
	from := map[string]bool{}
	if _, fromCalls := a.usage(); fromCalls {
		for i := range a.calls {
			if c := &a.calls[i]; c.ok() {
				from[a.symbols[c.source]] = true
			}
		}
	} else {
		for _, t := range a.totals {
			from[t.source] = true
		}
	}
	return sourceNames(maps.Keys(from))
}

func (b *builder) costSource(r *Run) string {
	if r.Cost.Source != Reported {
		return ""
	}
	for _, a := range b.accounts {
		sum := a.reported()
		if sum == nil || *sum != *r.Cost.ReportedUSD {
			continue
		}
		if a.total().CostUSD == nil {
			return a.usageSource()
		}
		from := map[string]bool{}
		for _, t := range a.totals {
			from[t.source] = true
		}
		return sourceNames(maps.Keys(from))
	}
	return ""
}

func (a *account) toolPlaces() []trace.Pos {
	out := make([]trace.Pos, len(a.tools))
	for i := range a.tools {
		out[i] = a.pos(a.tools[i].place)
	}
	return out
}

// formatsAt names the formats of the files that places are in.
func (b *builder) formatsAt(places []trace.Pos) string {
	from := map[string]bool{}
	for _, p := range places {
		from[b.files[p.File]] = true
	}
	return sourceNames(maps.Keys(from))
}

// explain lists what was read of the run, and what was counted.
func (b *builder) explain() *Explanation {
	e := &Explanation{}
	usage, tools := b.usageAccount(), b.toolAccount()
	_, fromCalls := usage.usage()
	for i := range usage.calls {
		e.Calls = append(e.Calls, usage.explainCall(&usage.calls[i], fromCalls))
	}
	for _, c := range usage.copies {
		x := usage.explainCall(&c.call, fromCalls)
		x.Counted, x.Why = false, "a copy: counts in run "+c.from
		e.Calls = append(e.Calls, x)
	}
	for i := range tools.tools {
		t := &tools.tools[i]
		e.Tools = append(e.Tools, Explained{
			Pos: tools.pos(t.place), Format: b.files[tools.pos(t.place).File], Name: tools.symbols[t.name], Agent: tools.symbols[t.subagent],
			Counted: true, Why: t.outcome(), Merged: tools.others(t.id, t.place),
		})
	}
	for _, inv := range usage.order {
		e.Totals = append(e.Totals, usage.totals[inv].explained(fromCalls))
	}
	for _, a := range b.accounts {
		if a == usage {
			continue
		}
		u, _ := a.usage()
		x := Explained{Format: strings.Join(a.sources(), " + "), Why: "another source knows of as many tokens or of more"}
		switch {
		case u.Total().Known() && a.isTelemetry():
			x.Why = "the agent's own files come before telemetry"
		case !u.Total().Known():
			x.Why = "says nothing of tokens"
		}
		if u.Total().Known() {
			x.Usage = &u
		}
		for p := range a.places() {
			x.Pos = a.pos(p)
			break
		}
		e.NotUsed = append(e.NotUsed, x)
	}
	return e
}

func (a *account) explainCall(c *call, fromCalls bool) Explained {
	x := Explained{
		Pos: a.pos(c.place), Format: a.symbols[c.source], Name: a.symbols[c.model], Agent: a.symbols[c.subagent],
		Usage: new(c.usage()), Counted: fromCalls, Merged: a.others(c.id, c.place),
	}
	switch {
	case c.err != nil:
		x.Usage, x.Counted, x.Why = nil, false, "failed: "+cmp.Or(c.err.Type, "error")+"; counts as an error"
	case c.partial:
		x.Counted, x.Why = false, "cut off: its usage is not known as a whole"
	case !fromCalls:
		x.Why = "counts as a call; the agent's own totals know of more tokens"
	}
	return x
}

func (t *totals) explained(fromCalls bool) Explained {
	x := Explained{Pos: t.pos, Format: t.source, Usage: &t.Usage, Counted: !fromCalls, Merged: t.others}
	switch {
	case !t.Usage.Total().Known():
		x.Usage, x.Counted, x.Why = nil, false, "says nothing of tokens"
	case fromCalls:
		x.Why = "the calls add up to as much or to more; it fills in what they do not say"
	}
	return x
}

func (t *tool) outcome() string {
	switch {
	case t.denied:
		return "denied"
	case t.failed:
		return "failed"
	case !t.done:
		return "no result"
	}
	return ""
}

// others returns the lines that tell of a step besides the one at p.
func (a *account) others(id spanID, p place) []trace.Pos {
	var out []trace.Pos
	for _, q := range a.merged[id] {
		if q != p && !slices.Contains(out, a.pos(q)) {
			out = append(out, a.pos(q))
		}
	}
	return out
}
