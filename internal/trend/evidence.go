package trend

import (
	"cmp"
	"slices"
	"strings"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/stat"
)

// evidenceMost is how many places a finding leads to.
const evidenceMost = 5

// mark returns what is kept of a run as evidence; only its id where it was not
// one of those that are kept.
func (p *past) mark(at place) mark {
	want := p.at(at).id
	for _, m := range p.days[at.day].marks {
		if m.ID == want && m.Cell == int(at.cell) {
			return m
		}
	}
	return mark{ID: want, Cell: int(at.cell)}
}

// evidence returns where a run can be looked at.
func (p *past) evidence(at place) []finding.Evidence {
	d := p.days[at.day]
	return p.leadTo(d.names.get(d.cells[at.cell].key.repository), p.mark(at))
}

func (p *past) leadTo(repository string, m mark) []finding.Evidence {
	e := finding.Evidence{File: m.File, URL: p.runURL(repository, m.Workflow, m.Attempt)}
	if e == (finding.Evidence{}) {
		return nil
	}
	return []finding.Evidence{e}
}

// runURL returns the address of a workflow run, empty where it is not known.
func (p *past) runURL(repository, workflow, attempt string) string {
	if repository == "" || workflow == "" || strings.Trim(workflow, "0123456789") != "" {
		return ""
	}
	url := p.Server + "/" + repository + "/actions/runs/" + workflow
	if attempt != "" && attempt != "1" && strings.Trim(attempt, "0123456789") == "" {
		url += "/attempts/" + attempt
	}
	return url
}

// shiftEvidence returns what shows a shift: overrides for their rate, else runs
// of the days after it of which a mark is kept.
func (r *role) shiftEvidence(x *shift) (out []finding.Evidence) {
	if x.series.measure == ofOverride {
		for _, s := range r.past.stands {
			d := r.past.days[s.run.day]
			if !s.agree && s.act.URL != "" && len(out) < evidenceMost && d.names.get(d.cells[s.run.cell].key.agent) == r.agent && d.date >= r.date(x.From) {
				out = append(out, finding.Evidence{URL: s.act.URL})
			}
		}
		return out
	}
	for _, s := range r.runs {
		if int(s.day) < x.From || int(s.day) >= x.To || len(out) >= evidenceMost || !x.shownBy(s.run) {
			continue
		}
		if m := r.past.mark(s.at); m.RunID != "" {
			out = append(out, r.past.leadTo(r.kinds[s.kind].repository, m)...)
		}
	}
	return out
}

// shownBy reports whether a run is one of those that the shift is about: one that
// failed, or one that decided what became more frequent.
func (x *shift) shownBy(r run) bool {
	switch x.series.measure {
	case ofErrors:
		return r.failed()
	case ofDecision:
		same := r.decision > 0 && string(decisions()[r.decision-1]) == x.series.detail
		return r.decision > 0 && same == x.Rises()
	}
	return true
}

// shown is what shows that money was spent in vain: what people overruled, the
// latest first, and runs that failed or went in circles.
type shown struct {
	acts []finding.Evidence
	runs []dear
}

// dear is a run and what it cost.
type dear struct {
	cost stat.Amount
	at   []finding.Evidence
}

func (s *shown) act(a act) {
	if len(s.acts) < evidenceMost {
		s.acts = append(s.acts, finding.Evidence{URL: a.URL})
	}
}

func (s *shown) run(cost stat.Amount, at []finding.Evidence) {
	if len(at) > 0 {
		s.runs = append(s.runs, dear{cost, at})
	}
}

// evidence returns some of both in turn, of the runs those that cost most.
func (s *shown) evidence() (out []finding.Evidence) {
	slices.SortStableFunc(s.runs, func(a, b dear) int { return cmp.Compare(b.cost, a.cost) })
	for i := range evidenceMost {
		if i < len(s.runs) {
			out = append(out, s.runs[i].at...)
		}
		if i < len(s.acts) {
			out = append(out, s.acts[i])
		}
	}
	return out[:min(len(out), evidenceMost)]
}

// costOf returns what a run of the cell cost.
func (c *cell) costOf(run id) stat.Amount {
	for _, r := range c.runs {
		if r.id == run {
			return r.cost
		}
	}
	return 0
}
