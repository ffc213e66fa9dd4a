package trend

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/trace"
)

// What is worth a place in the lists of where to improve.
const (
	improveMost    = 10 // in each list
	errorsLeast    = 3  // times that a failure came back
	judgementLeast = 5  // subjects on which the same was said
)

// improve says where an effort pays most.
func (p *past) improve() Improve {
	return Improve{
		Roles: p.costly(func(d *Day, k cellKey) Costly {
			return Costly{Agent: d.names.get(k.agent), Repository: d.names.get(k.repository)}
		}),
		Repositories: p.costly(func(d *Day, k cellKey) Costly { return Costly{Repository: d.names.get(k.repository)} }),
		Tools:        p.tools(),
		Patterns:     p.recurring(func(d *Day) map[textKey]*recurrence { return d.errors }, p.oftenFailed),
		Judgement:    p.recurring(func(d *Day) map[textKey]*recurrence { return d.judgements }, p.oftenSaid),
	}
}

// who is what a Costly is about.
type who struct{ agent, repository, tool string }

// costly ranks what runs have in common by what it wasted.
func (p *past) costly(of func(*Day, cellKey) Costly) []Costly {
	all := map[who]*Costly{}
	get := func(d *Day, k cellKey) *Costly {
		c := of(d, k)
		w := who{agent: c.Agent, repository: c.Repository}
		if all[w] == nil {
			all[w] = &c
		}
		return all[w]
	}
	for _, d := range p.window {
		for _, c := range d.cells {
			get(d, c.key).addRuns(c)
		}
	}
	shows := map[*Costly]*shown{}
	show := func(d *Day, k cellKey) *shown {
		c := get(d, k)
		if shows[c] == nil {
			shows[c] = &shown{}
		}
		return shows[c]
	}
	for _, s := range slices.Backward(p.stands) {
		if d := p.days[s.run.day]; !s.agree && s.act.URL != "" && d.date >= p.From {
			show(d, d.cells[s.run.cell].key).act(s.act)
		}
	}
	for _, d := range slices.Backward(p.window) {
		for _, m := range d.marks {
			if m.Bad {
				show(d, d.cells[m.Cell].key).run(d.cells[m.Cell].costOf(m.ID), p.leadTo(d.names.get(d.cells[m.Cell].key.repository), m))
			}
		}
	}
	for c, s := range shows {
		c.Evidence = s.evidence()
	}
	return ranked(all)
}

func (c *Costly) addRuns(of *cell) {
	if c.Overridden == nil {
		c.Overridden = new(int64)
	}
	wasted := of.counts.wasted
	for _, r := range of.runs {
		c.Runs++
		if r.failed() {
			c.Failed++
		}
		if r.is(overridden) {
			*c.Overridden++
			if !r.wasted() {
				wasted += r.cost.Value()
			}
		}
	}
	if of.counts.priced > 0 {
		if c.WastedUSD == nil {
			c.WastedUSD = ref(0.)
		}
		*c.WastedUSD += wasted
	}
}

// ranked returns those that wasted anything, the worst first.
func ranked(all map[who]*Costly) []Costly {
	var out []Costly
	for _, c := range all {
		if c.bad() > 0 || c.WastedUSD != nil && *c.WastedUSD > 0 {
			out = append(out, *c)
		}
	}
	usd := func(c Costly) float64 {
		if c.WastedUSD == nil {
			return 0
		}
		return *c.WastedUSD
	}
	slices.SortFunc(out, func(a, b Costly) int {
		return cmp.Or(cmp.Compare(usd(b), usd(a)), cmp.Compare(b.bad(), a.bad()),
			cmp.Compare(a.Agent, b.Agent), cmp.Compare(a.Repository, b.Repository), cmp.Compare(a.Tool, b.Tool))
	})
	return out[:min(len(out), improveMost)]
}

// bad counts what went wrong.
func (c Costly) bad() int64 {
	n := c.Failed + c.Errors
	if c.Overridden != nil {
		n += *c.Overridden
	}
	return n
}

// tools ranks the tools by what runs wasted in which calls of them failed.
func (p *past) tools() []Costly {
	all := map[who]*Costly{}
	for _, d := range p.window {
		for k, t := range d.tools {
			w := who{agent: d.names.get(k.agent), repository: d.names.get(k.repository), tool: d.names.get(k.tool)}
			c := all[w]
			if c == nil {
				c = &Costly{Agent: w.agent, Repository: w.repository, Tool: w.tool, WastedUSD: ref(0.)}
				all[w] = c
			}
			c.Runs += t.runs
			c.Failed += t.failed
			c.Calls += t.calls
			c.Errors += t.errors
			c.DurationMS += t.time
			*c.WastedUSD += t.wasted
		}
	}
	maps.DeleteFunc(all, func(_ who, c *Costly) bool { return c.Errors == 0 })
	out := ranked(all)
	for i := range out {
		out[i].ErrorRate = rate(out[i].Errors, out[i].Calls)
		out[i].Evidence = p.toolEvidence(out[i])
	}
	return out
}

// toolEvidence leads to the runs in which most calls of a tool failed: of each
// day one, and of the days those on which it was worst.
func (p *past) toolEvidence(of Costly) (out []finding.Evidence) {
	var worst []*toolUse
	for _, d := range slices.Backward(p.window) { // of equally bad days the latest
		for k, t := range d.tools {
			if t.most > 0 && d.names.get(k.tool) == of.Tool && d.names.get(k.agent) == of.Agent && d.names.get(k.repository) == of.Repository {
				worst = append(worst, t)
			}
		}
	}
	slices.SortStableFunc(worst, func(a, b *toolUse) int { return cmp.Compare(b.most, a.most) })
	for _, t := range worst[:min(len(worst), evidenceMost)] {
		out = append(out, p.leadTo(of.Repository, mark{Workflow: t.workflow, File: t.file})...)
	}
	return out
}

// gathered is a text while its occurrences are counted.
type gathered struct {
	Recurring
	subjects             map[string]bool
	agents, repositories map[string]bool
}

// recurring gathers the texts of all days, those that came most often first.
func (p *past) recurring(of func(*Day) map[textKey]*recurrence, keep func(*gathered, string) bool) []Recurring {
	type text struct{ kind, text string }
	all := map[text]*gathered{}
	for _, d := range p.window {
		texts := of(d)
		for _, k := range sortedKeys(texts, func(k textKey) []name { return []name{k.repository, k.agent, k.kind, k.text} }) {
			t := text{d.names.get(k.kind), d.names.get(k.text)}
			if all[t] == nil {
				all[t] = &gathered{subjects: map[string]bool{}, agents: map[string]bool{}, repositories: map[string]bool{}}
			}
			p.gather(all[t], texts[k], d.names.get(k.repository), d.names.get(k.agent))
		}
	}
	var out []Recurring
	for t, g := range all {
		g.Text = cmp.Or(t.text, t.kind)
		if t.kind != "" && t.text != "" {
			g.Text = t.kind + ": " + t.text
		}
		g.Subjects = int64(len(g.subjects))
		if keep(g, t.kind) {
			g.Agents, g.Repositories = slices.Sorted(maps.Keys(g.agents)), slices.Sorted(maps.Keys(g.repositories))
			out = append(out, g.Recurring)
		}
	}
	slices.SortFunc(out, func(a, b Recurring) int {
		return cmp.Or(cmp.Compare(b.Subjects, a.Subjects), cmp.Compare(b.Count, a.Count), cmp.Compare(a.Text, b.Text))
	})
	return out[:min(len(out), improveMost)]
}

func (p *past) gather(g *gathered, r *recurrence, repository, agent string) {
	g.Count += r.count
	g.agents[agent], g.repositories[repository] = true, true
	if url := p.runURL(repository, r.workflow, ""); url != "" && len(g.Evidence) < evidenceMost {
		g.Evidence = append(g.Evidence, finding.Evidence{URL: url})
	}
	for _, n := range r.subjects {
		g.subjects[fmt.Sprintf("%s#%d", repository, n)] = true
	}
}

func (p *past) oftenFailed(g *gathered, _ string) bool { return g.Count >= errorsLeast }

// oftenSaid reports whether a check might say it as well: something that was
// found wrong, on many subjects.
func (p *past) oftenSaid(g *gathered, kind string) bool {
	switch trace.Kind(kind) {
	case trace.Approve, trace.Merge, trace.NoOp, trace.Commit:
		return false
	}
	return g.Subjects >= judgementLeast
}
