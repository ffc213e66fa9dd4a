package otlp

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/session"
)

// Pipeline is the workflow run, and the job of it, that runs belong to. What is
// not known is empty.
type Pipeline struct {
	ServerURL   string // of the forge; empty is https://github.com
	Repository  string // owner/name
	RunID       string
	Attempt     string // empty is the first
	Workflow    string
	WorkflowRef string
	Job         string // its key in the workflow
	CheckRun    string // its id at the forge
	Matrix      string // tells the jobs of one key apart
	Event       string
	Actor       string
	Runner      string
	HeadRef     string
	BaseRef     string
	RefType     string // branch or tag
}

func (p *Pipeline) attempt() string { return cmp.Or(p.Attempt, "1") }

func (p *Pipeline) server() string {
	return strings.TrimSuffix(cmp.Or(p.ServerURL, "https://github.com"), "/")
}

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
	At          time.Time // of what has no time, and no neighbour that has one
}

// Mapper maps what one pipeline has done. Outside of a pipeline the zero
// Pipeline is right: then each run is a trace of its own.
type Mapper struct {
	o Options
	p Pipeline
}

// NewMapper returns a Mapper.
func NewMapper(p Pipeline, o Options) *Mapper {
	o.Profile, o.Scheme = cmp.Or(o.Profile, Stable), cmp.Or(o.Scheme, GitHubReceiver)
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

// Units returns what there is to export of a report, in its order. Spans are
// made only as they are asked for.
func (m *Mapper) Units(r *session.Report) []Unit {
	var out []Unit
	resource := m.resource(r)
	if root, ok := m.Root(); ok && len(r.Sessions) > 0 {
		out = append(out, m.job(r, root, resource))
	}
	for _, s := range r.Sessions {
		for _, run := range s.Runs {
			u := m.run(s, run).unit()
			u.Resource = resource
			out = append(out, u)
		}
	}
	return out
}

// Place returns where a run's own span is.
func (m *Mapper) Place(s *session.Session, r *session.Run) Link {
	x := run{m: m, s: s, r: r}
	x.place()
	return Link{x.trace, x.id}
}

// resource returns the attributes that all spans of the pipeline share.
func (m *Mapper) resource(r *session.Report) []Attr {
	var a attrs
	p := &m.p
	repository, head := shared(r)
	repository = cmp.Or(p.Repository, repository)
	a.text(serviceName, m.o.Service)
	a.text(serviceNamespace, repository)
	a.text(environmentName, m.o.Environment)
	a.text(openInferenceProject, m.o.Project)
	if p.RunID != "" {
		a.text(serviceInstance, strings.Join([]string{p.Repository, p.RunID, p.attempt()}, "/"))
		a.text(pipelineName, p.Workflow)
		a.text(pipelineRun, p.RunID)
		a.text(pipelineRunURL, fmt.Sprintf("%s/%s/actions/runs/%s/attempts/%s", p.server(), p.Repository, p.RunID, p.attempt()))
		a.text(workerName, p.Runner)
		a.text(githubAttempt, p.attempt())
		a.text(githubEvent, p.Event)
		a.text(githubWorkflowRef, p.WorkflowRef)
	}
	if owner, name, ok := strings.Cut(repository, "/"); ok {
		a.text(vcsProvider, "github")
		a.text(vcsURL, p.server()+"/"+repository)
		a.text(vcsOwner, owner)
		a.text(vcsName, name)
	}
	if p.HeadRef != "" {
		a.text(vcsHeadName, p.HeadRef)
		a.text(vcsHeadType, cmp.Or(p.RefType, "branch"))
	}
	a.text(vcsHeadRevision, head)
	if p.BaseRef != "" {
		a.text(vcsBaseName, p.BaseRef)
		a.text(vcsBaseType, "branch")
	}
	return m.override(a)
}

// MetricResource returns the attributes of the resource of metrics. What tells
// one run from another is not among them: it would begin every series anew.
func (m *Mapper) MetricResource() []Attr {
	var a attrs
	a.text(serviceName, m.o.Service)
	a.text(environmentName, m.o.Environment)
	return m.override(a)
}

// shared returns the repository and the commit that all sessions are of, empty
// where they differ.
func shared(r *session.Report) (repository, head string) {
	for i, s := range r.Sessions {
		if i == 0 {
			repository, head = s.Repository, s.HeadSHA
		}
		if s.Repository != repository {
			repository = ""
		}
		if s.HeadSHA != head {
			head = ""
		}
	}
	return repository, head
}

// override puts the attributes that were asked for in place of our own.
func (m *Mapper) override(a attrs) []Attr {
	a = slices.DeleteFunc(a, func(x Attr) bool {
		return slices.ContainsFunc(m.o.Resource, func(y Attr) bool { return x.Key == y.Key })
	})
	return append(a, m.o.Resource...)
}

// about is what every span about a session says.
func (m *Mapper) about(s *session.Session) attrs {
	var a attrs
	a.text(sessionID, m.sessionID(s))
	switch {
	case m.p.Actor == "":
	case m.o.HideUser:
		a.text(userID, hashed(m.p.Actor))
	default:
		a.text(userID, m.p.Actor)
	}
	if s.Subject.Kind == "pull_request" && s.Subject.Number > 0 {
		a.text(vcsChange, strconv.Itoa(s.Subject.Number))
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
	span.Parent = m.o.Scheme.jobSpan(&m.p)
	if in := m.o.Incoming; in.Span != root.Span && in.Span != (SpanID{}) {
		span.Parent = in.Span
	}
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
	m.grouping(&a, r.Sessions[0], nil)
	span.Attrs = a
	span.settle(m.o.At, m.o.At)
	return Unit{Key: root.Span.String(), Digest: digestOf(digest...), Resource: resource, Spans: one(span)}
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
