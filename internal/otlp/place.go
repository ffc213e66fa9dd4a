package otlp

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/session"
)

// Link is a span that another one is about, and what it is to it.
type Link struct {
	Trace TraceID
	Span  SpanID
	Why   string // one of the reasons below; empty where the span itself says it
}

// Why one span is linked to another.
const (
	previousAttempt = "previous_attempt" // of the workflow run
	triggeredBy     = "triggered_by"     // the workflow run whose end began this one
	previousRun     = "previous_run"     // of the same agent about the same subject
	forkedFrom      = "forked_from"
	composedFrom    = "composed_from"
	partOf          = "part_of" // the job, where each run is a trace of its own
)

// maxLinks is how many spans one is linked to.
const maxLinks = 32

// Place is where a run is that was exported.
type Place struct {
	Run    string
	Thread string    // what the runs of one agent about one subject have in common; empty for none
	Start  time.Time // zero where it is not known
	Link   Link
}

// Places are the runs that were exported, now or before: later ones, and acts of
// people, are linked to them. The zero value has none.
type Places struct {
	runs    map[string]Place
	threads map[string][]Place
}

// maxPlaces is how many runs are remembered.
const maxPlaces = 100_000

// Add remembers a run; a Place of none is left out. What is said last of one
// counts.
func (p *Places) Add(x Place) {
	if x.Run == "" {
		return
	}
	if p.runs == nil {
		p.runs, p.threads = map[string]Place{}, map[string][]Place{}
	}
	if _, known := p.runs[x.Run]; !known && len(p.runs) >= maxPlaces {
		return
	}
	p.runs[x.Run] = x
	if x.Thread == "" || x.Start.IsZero() {
		return
	}
	list := slices.DeleteFunc(p.threads[x.Thread], func(y Place) bool { return y.Run == x.Run })
	at, _ := slices.BinarySearchFunc(list, x, func(a, b Place) int { return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.Run, b.Run)) })
	p.threads[x.Thread] = slices.Insert(list, at, x)
}

// Run returns where a run is.
func (p *Places) Run(id string) (Place, bool) {
	x, ok := p.runs[id]
	return x, ok
}

// before returns the last run of a thread that began before another one, in
// another trace: what is in the same one needs no link.
func (p *Places) before(x Place) (Link, bool) {
	list := p.threads[x.Thread]
	for _, y := range slices.Backward(list) {
		if y.Start.Before(x.Start) && y.Link.Trace != x.Link.Trace {
			return y.Link, true
		}
	}
	return Link{}, false
}

// Place returns where a run's own span is.
func (m *Mapper) Place(s *session.Session, r *session.Run) Place {
	x := run{m: m, s: s, r: r}
	x.place()
	p := Place{Run: r.ID, Start: r.Start, Link: Link{Trace: x.trace, Span: x.id}}
	if s.Subject.Number > 0 {
		p.Thread = strings.Join([]string{s.Repository, s.Subject.Kind, strconv.Itoa(s.Subject.Number), x.agent()}, " ")
	}
	return p
}

// lineage returns the runs that came before a run.
func (x *run) lineage() []Link {
	var out []Link
	places := x.m.o.Places
	if from, ok := places.Run(x.r.ForkedFrom); ok && x.r.ForkedFrom != "" {
		out = append(out, from.Link.as(forkedFrom))
	}
	if earlier, ok := places.before(x.m.Place(x.s, x.r)); ok {
		out = append(out, earlier.as(previousRun))
	}
	return append(out, x.apart()...)
}

// composed returns the runs that a decision was made from.
func (m *Mapper) composed(runs []string) []Link {
	var out []Link
	for _, id := range runs {
		if from, ok := m.o.Places.Run(id); ok && len(out) < maxLinks {
			out = append(out, from.Link.as(composedFrom))
		}
	}
	return out
}

// origins returns what a workflow run follows from: its previous attempt, and
// the run that triggered it. Their spans are those that the collector's receiver
// makes of them, and WorkflowRun too.
func (m *Mapper) origins() []Link {
	var out []Link
	if n, err := strconv.Atoi(m.p.Attempt); err == nil && n > 1 {
		out = append(out, m.o.Scheme.pipeline(&Pipeline{Repository: m.p.Repository, RunID: m.p.RunID, Attempt: strconv.Itoa(n - 1)}).as(previousAttempt))
	}
	if m.p.Trigger != "" {
		out = append(out, m.o.Scheme.pipeline(&Pipeline{Repository: m.p.Repository, RunID: m.p.Trigger, Attempt: m.p.TriggerAttempt}).as(triggeredBy))
	}
	return out
}

// Attrs returns the attributes of the link.
func (l Link) Attrs() []Attr {
	var a attrs
	a.text(andonLink, l.Why)
	return a
}

func (l Link) as(why string) Link {
	l.Why = why
	return l
}
