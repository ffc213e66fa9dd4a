package otlp

import (
	"cmp"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/session"
)

// Options are how sessions are mapped.
type Options struct {
	Profile     Profile // empty is Stable
	Scheme      Scheme  // empty is GitHubReceiver
	Content     bool    // words of the agents and of people are sent too
	HideUser    bool    // the actor is named by a hash
	Service     string  // service.name; empty is "andon"
	Environment string  // empty is "ci"
	Project     string  // of Phoenix; empty is its default
	Resource    []Attr  // more attributes of the resource
	Incoming    SpanContext
	Session     string     // what the spans are grouped by; empty is made of the subject
	ChangeID    string     // of what is about no pull request that is known
	Scope       TraceScope // empty is WorkflowRun
	Places      *Places    // what was exported before; nil is nothing
	At          time.Time  // of what has no time, and no neighbour that has one
}

// TraceScope is what has a trace of its own.
type TraceScope string

// The scopes. Outside of a workflow run each run of an agent is a trace.
const (
	WorkflowRun TraceScope = "run" // each attempt of a workflow run
	AgentRun    TraceScope = "agent"
)

// Mapper maps what one pipeline has done. Outside of a pipeline the zero
// Pipeline is right: then each run is a trace of its own.
type Mapper struct {
	o Options
	p Pipeline
}

// NewMapper returns a Mapper.
func NewMapper(p Pipeline, o Options) *Mapper {
	o.Profile, o.Scheme = cmp.Or(o.Profile, Stable), cmp.Or(o.Scheme, GitHubReceiver)
	o.Scope = cmp.Or(o.Scope, WorkflowRun)
	if o.Places == nil {
		o.Places = &Places{}
	}
	o.Service, o.Environment = cmp.Or(o.Service, "andon"), cmp.Or(o.Environment, "ci")
	if p.RunID == "" {
		p = Pipeline{ServerURL: p.ServerURL, Actor: p.Actor}
	}
	return &Mapper{o: o, p: p}
}

// in returns the mapper for what is outside of a pipeline and of a repository.
func (m *Mapper) in(repository string) *Mapper {
	if m.p.Repository != "" {
		return m
	}
	other := *m
	other.p.Repository = repository
	return &other
}

// Root returns the context of the span that the runs of the job hang under. It
// is known before the first of them begins. It is false outside of a pipeline.
func (m *Mapper) Root() (SpanContext, bool) {
	if m.p.RunID == "" {
		return SpanContext{}, false
	}
	c := SpanContext{Trace: m.o.Scheme.trace(&m.p), Span: m.id("job")}
	in := m.o.Incoming
	if in.Trace != (TraceID{}) {
		c.Trace = in.Trace
	}
	for _, job := range []string{m.p.Job + m.p.Matrix, m.p.Job} {
		if in.Span == m.idIn(job, "job") { // made by a step that knew less of the job
			c.Span = in.Span
		}
	}
	return c, true
}

// id returns the id of a span of the job's, named by the parts.
func (m *Mapper) id(parts ...string) SpanID {
	return m.idIn(cmp.Or(m.p.CheckRun, m.p.Job+m.p.Matrix), parts...)
}

func (m *Mapper) idIn(job string, parts ...string) SpanID {
	return spanIDOf(append([]string{m.p.Repository, m.p.RunID, m.p.attempt(), job}, parts...)...)
}

// Units returns what there is to export of a report, in its order, and adds its
// runs to the places. Spans of runs are made only as they are asked for.
func (m *Mapper) Units(r *session.Report) []Unit {
	var out []Unit
	for _, s := range r.Sessions {
		for _, run := range s.Runs {
			m.o.Places.Add(m.Place(s, run))
		}
	}
	resource := m.resource(r)
	title := m.title(r)
	if root, ok := m.Root(); ok && len(r.Sessions) > 0 && m.o.Scope == WorkflowRun {
		out = append(out, m.job(r, root, resource))
	}
	for _, s := range r.Sessions {
		if u, ok := m.conclusion(s); ok {
			u.Resource = resource
			out = append(out, u)
		}
		for _, run := range s.Runs {
			x := m.run(s, run)
			x.title = title
			u := x.unit()
			u.Resource = resource
			out = append(out, u)
		}
	}
	return out
}

// about is what every span about a session says.
func (m *Mapper) about(s *session.Session) attrs {
	var a attrs
	a.text(sessionID, cmp.Or(m.o.Session, m.sessionID(s)))
	switch {
	case m.p.Actor == "":
	case m.o.HideUser:
		a.text(userID, hashed(m.p.Actor))
	default:
		a.text(userID, m.p.Actor)
	}
	if s.Subject.Kind == "pull_request" && s.Subject.Number > 0 {
		a.text(vcsChange, strconv.Itoa(s.Subject.Number))
		if c := m.p.Change; c.Number == s.Subject.Number {
			a.text(vcsChangeState, c.State)
			if m.o.Content {
				a.text(vcsChangeTitle, c.Title)
			}
		}
	} else {
		a.text(vcsChange, m.o.ChangeID)
	}
	a.text(vcsHeadRevision, s.HeadSHA)
	a.text(pipelineRun, m.p.RunID)
	a.text(taskRun, cmp.Or(m.p.CheckRun, m.p.Job))
	return a
}

// sessionID returns what a backend is to group by: all that was done about a
// pull request or an issue, over its commits.
func (m *Mapper) sessionID(s *session.Session) string {
	sha := s.HeadSHA[:min(len(s.HeadSHA), 12)]
	switch {
	case s.Subject.Number > 0:
		return s.Repository + "#" + strconv.Itoa(s.Subject.Number)
	case sha != "" && !strings.Contains(s.ID, "!"):
		return s.Repository + "@" + sha
	}
	return s.ID
}

// job returns the span that the runs of a job hang under. The agents' own spans
// do too, where `andon traceparent` has told them of it.
func (m *Mapper) job(r *session.Report, root SpanContext, resource []Attr) Unit {
	digest := make([]string, 0, len(r.Sessions))
	span := &Span{Trace: root.Trace, ID: root.Span, Name: "invoke_workflow " + cmp.Or(m.p.Workflow, "andon"), Kind: Internal}
	span.Parent, span.Links = m.above(root), m.origins()
	span.Remote = span.Parent != SpanID{}
	for _, s := range r.Sessions {
		for _, run := range s.Runs {
			digest = append(digest, run.ID)
			span.widen(run.Start, run.End)
		}
	}
	a := m.about(r.Sessions[0])
	a.text(andonSpan, "job")
	a.text(openInferenceKind, "CHAIN")
	a.text(genAIOperation, "invoke_workflow")
	a.text(genAIWorkflow, m.p.Workflow)
	a.text(pipelineTask, m.p.Job)
	a.text(githubJob, m.p.Job)
	m.grouping(&a, r.Sessions[0], listing{title: m.title(r), cost: costOf(r)})
	span.Attrs = a
	span.settle(m.o.At, m.o.At)
	return span.unit(resource, digest...)
}

// above returns what the job's span hangs under: what the environment names,
// else the job as others make a span of it.
func (m *Mapper) above(root SpanContext) SpanID {
	if in := m.o.Incoming; in.Span != root.Span && in.Span != (SpanID{}) {
		return in.Span
	}
	return m.o.Scheme.jobSpan(&m.p)
}

// conclusion returns what a session came to where several of its runs decided,
// as a span that leads to those that it follows from.
func (m *Mapper) conclusion(s *session.Session) (Unit, bool) {
	deciders := 0
	for _, r := range s.Runs {
		if r.Decision != nil {
			deciders++
		}
	}
	if deciders < 2 || s.Decision == nil {
		return Unit{}, false
	}
	parts := append([]string{"conclusion", s.ID, string(s.Decision.Kind)}, s.Decision.ComposedFrom...)
	at := m.in(s.Repository)
	span := &Span{Trace: traceIDOf(append([]string{s.Repository}, parts...)...), ID: at.id(parts...), Name: "decision " + string(s.Decision.Kind), Kind: Internal}
	if root, ok := m.Root(); ok && m.o.Scope == WorkflowRun {
		span.Trace, span.Parent = root.Trace, root.Span
	}
	for _, r := range s.Runs {
		span.widen(r.End, r.End)
	}
	span.Start = span.End
	a := m.about(s)
	a.text(andonSpan, "conclusion")
	a.text(openInferenceKind, "CHAIN")
	a.text(andonDecision, string(s.Decision.Kind))
	a.list(andonComposed, s.Decision.ComposedFrom)
	span.Attrs, span.Links = a, m.composed(s.Decision.ComposedFrom)
	span.settle(m.o.At, m.o.At)
	return span.unit(nil), true
}

// unit returns a span that is exported by itself.
func (s *Span) unit(resource []Attr, digest ...string) Unit {
	return Unit{Key: s.ID.String(), Digest: digestOf(digest...), End: s.End, Resource: resource, Spans: one(s)}
}

func digestOf(parts ...string) string {
	sum := name(parts...)
	return hex.EncodeToString(sum[:8])
}

func one(s *Span) func(func(*Span) bool) {
	return func(yield func(*Span) bool) { yield(s) }
}

// widen makes the span reach over the times that are known.
func (s *Span) widen(start, end time.Time) {
	if end.IsZero() {
		end = start
	}
	if !start.IsZero() && (s.Start.IsZero() || start.Before(s.Start)) {
		s.Start = start
	}
	if end.After(s.End) {
		s.End = end
	}
}

// settle gives the span the times that it lacks: what it does not know of its
// own from the other, else from those given, and says so.
func (s *Span) settle(start, end time.Time) {
	switch {
	case s.Start.IsZero() && s.End.IsZero():
		s.Start, s.End = start, end
		s.Attrs = append(s.Attrs, Attr{andonNoTime, "both"})
	case s.Start.IsZero():
		s.Start = s.End
		s.Attrs = append(s.Attrs, Attr{andonNoTime, "start"})
	case s.End.IsZero():
		s.End = s.Start
		s.Attrs = append(s.Attrs, Attr{andonNoTime, "end"})
	}
	if s.End.Before(s.Start) {
		s.End = s.Start
	}
}
