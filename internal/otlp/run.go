package otlp

import (
	"cmp"
	"iter"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

// maxFiles is how many files of a run are named.
const maxFiles = 100

// run is one run on its way to spans.
type run struct {
	m      *Mapper
	s      *session.Session
	r      *session.Run
	common attrs
	trace  TraceID
	id     SpanID
	parent SpanID
	title  string // of its trace
	start  time.Time
	end    time.Time
	bill   bill
	subs   map[string]*session.Subagent // by every id that steps use
	within map[string]string            // the tree's parent of a sub-agent, by id
	tools  map[string]string            // of the calls that started sub-agents: who made them
}

func (m *Mapper) run(s *session.Session, r *session.Run) *run {
	x := &run{m: m, s: s, r: r, subs: map[string]*session.Subagent{}, within: map[string]string{}, tools: map[string]string{}}
	x.place()
	x.times()
	x.common = m.about(s)
	x.common.text(genAIConversation, r.ID)
	x.common.text(genAIAgentName, x.agent())
	x.plant("", r.Agents)
	for i := range r.Steps {
		if st := &r.Steps[i]; st.Kind == session.StepTool {
			if _, starts := x.tools[st.ID]; starts {
				x.tools[st.ID] = x.own(st.Subagent)
			}
		}
	}
	return x
}

// place finds the run's trace, and what its span hangs under: the job's, or
// outside of one what the environment names.
func (x *run) place() {
	x.id = x.spanID("run", x.r.ID)
	root, ok := x.m.Root()
	switch {
	case ok && x.m.o.Scope == AgentRun:
		x.trace = traceIDOf("run", x.s.Repository, x.m.p.RunID, x.m.p.attempt(), x.r.ID)
		return
	case ok:
		x.trace, x.parent = root.Trace, root.Span
		return
	}
	x.trace = traceIDOf("run", x.s.Repository, x.r.ID)
	if in := x.m.o.Incoming; in.Trace != (TraceID{}) {
		x.trace, x.parent = in.Trace, in.Span
	}
}

// apart returns the job that a run is of which is a trace of its own.
func (x *run) apart() []Link {
	root, ok := x.m.Root()
	if !ok || x.m.o.Scope != AgentRun {
		return nil
	}
	out := x.m.origins()
	if job := x.m.above(root); job != (SpanID{}) {
		out = append(out, Link{root.Trace, job, partOf})
	}
	return out
}

// listing is what the run's trace is listed by. Where the job is above, that says
// what all of them cost.
func (x *run) listing() listing {
	l := listing{title: x.title, agent: cmp.Or(x.r.Agent.Name, x.r.Runtime.Name), outcome: string(x.r.Status)}
	if x.m.p.RunID == "" || x.m.o.Scope == AgentRun {
		l.title, l.cost = x.m.titled(l.agent), x.r.Cost.USD
	}
	return l
}

// version names what the agent was: its instructions, else the program.
func (x *run) version() string {
	if i := x.r.Agent.Instructions; i != nil && i.SHA256 != "" {
		return i.SHA256[:min(len(i.SHA256), 12)]
	}
	return x.r.Runtime.Version
}

// spanID returns the id of a span of the run.
func (x *run) spanID(parts ...string) SpanID {
	return x.m.in(x.s.Repository).id(parts...)
}

// times finds when the run was. One whose trace has no times is put where the
// others of its session are.
func (x *run) times() {
	x.start, x.end = x.r.Start, x.r.End
	for _, other := range x.s.Runs {
		if x.start.IsZero() {
			x.start = other.Start
		}
	}
	if x.start.IsZero() {
		x.start = x.m.o.At
	}
	if x.end.Before(x.start) {
		x.end = x.start
	}
}

// plant takes down the tree of sub-agents.
func (x *run) plant(parent string, agents []*session.Subagent) {
	for _, a := range agents {
		x.within[a.ID] = parent
		x.subs[a.ID] = a
		for _, alias := range a.Aliases {
			x.subs[alias] = a
		}
		if a.Tool != "" {
			x.tools[a.Tool] = "?" // until the call is seen
		}
		x.plant(a.ID, a.Subagents)
	}
}

// own returns the id that the tree has for a sub-agent, and the given one for
// one that is not in it.
func (x *run) own(subagent string) string {
	if a := x.subs[subagent]; a != nil {
		return a.ID
	}
	return subagent
}

func (x *run) agent() string {
	return cmp.Or(x.r.Agent.Name, x.r.Runtime.Name, strings.SplitN(x.r.Format, "/", 2)[0])
}

// unit returns the run's spans, made as they are asked for, its own first.
func (x *run) unit() Unit {
	return Unit{
		Key: x.id.String(), Digest: x.digest(), End: x.end, Place: x.m.Place(x.s, x.r), Spans: x.spans(),
		Measure: func(m *Meter) { m.add(x) },
	}
}

// digest changes when the run has gone on, but not with the form in which it
// was read: a bundle tells the same figures as the files it was made from.
func (x *run) digest() string {
	r := x.r
	return digestOf(string(r.Status), r.Usage.Total().String(), r.LLMCalls.String(), r.ToolCalls.String())
}

func (x *run) spans() iter.Seq[*Span] {
	return func(yield func(*Span) bool) {
		x := *x // several may ask at once
		x.bill = newBill(x.r)
		_ = yield(x.root()) && x.agents(x.r.Agents, yield) && x.steps(yield) && x.totals(yield) &&
			x.verdict(yield) && x.scores(yield) && x.findings(yield)
	}
}

// span begins a span of the run. What it is of, the parts name.
func (x *run) span(what, title, kind string, parts ...string) *Span {
	s := &Span{Trace: x.trace, ID: x.spanID(append([]string{"run", x.r.ID, what}, parts...)...), Parent: x.id, Name: title, Kind: Internal}
	a := slices.Clone(x.common)
	a.text(andonSpan, what)
	a.text(openInferenceKind, kind)
	s.Attrs = a
	return s
}

// after puts a span at the run's end, where what is said of the whole of it is.
func (x *run) after(s *Span) {
	s.Start, s.End = x.r.End, x.r.End
	if x.r.End.IsZero() {
		s.Start, s.End = x.r.Start, x.r.Start
	}
	s.settle(x.end, x.end)
}

// set adds attributes to a span.
func (s *Span) set(a attrs) { s.Attrs = append(s.Attrs, a...) }

func (x *run) root() *Span {
	r := x.r
	s := x.span("run", "invoke_agent "+x.agent(), "AGENT")
	s.ID, s.Parent, s.Start, s.End = x.id, x.parent, r.Start, r.End
	s.Remote, s.Links = x.m.p.RunID == "" && x.parent != SpanID{}, x.lineage()
	var a attrs
	a.text(genAIOperation, "invoke_agent")
	a.text(genAIProvider, x.provider(nil))
	a.text(agentName, x.agent())
	a.text(genAIAgentVersion, r.Runtime.Version)
	if len(r.Models) == 1 {
		a.text(genAIRequestModel, r.Models[0])
	}
	x.identity(&a)
	x.figures(&a)
	x.m.grouping(&a, x.s, x.listing())
	a.text(langfuseVersion, x.version())
	x.answer(&a)
	s.set(a)
	x.ended(s)
	s.settle(x.start, x.end)
	return s
}

// identity says who ran on what, as the trace itself says it.
func (x *run) identity(a *attrs) {
	r := x.r
	a.text(andonSession, x.s.ID)
	if x.s.Repository != "" {
		a.text(vcsURL, x.m.p.server()+"/"+x.s.Repository)
	}
	a.text(andonAgent, r.Agent.Name)
	if i := r.Agent.Instructions; i != nil {
		a.text(andonPath, i.Path)
		a.text(andonHash, i.SHA256)
	}
	a.text(andonRuntime, r.Runtime.Name)
	a.text(andonVersion, r.Runtime.Version)
	a.text(andonFormat, r.Format)
	var files []string
	for _, f := range r.Files[:min(len(r.Files), maxFiles)] {
		files = append(files, path.Base(f))
	}
	a.list(andonFiles, files)
	a.text(andonForked, r.ForkedFrom)
	a.text(andonSubjectKind, x.s.Subject.Kind)
	if n := x.s.Subject.Number; n > 0 {
		a.add(andonSubject, int64(n))
	}
}

// figures are the totals of the run but for tokens and cost, which stand at the
// spans of model calls alone: backends add them up.
func (x *run) figures(a *attrs) {
	r := x.r
	a.text(andonStatus, string(r.Status))
	a.list(andonModels, r.Models)
	a.count(andonTurns, r.Turns)
	a.count(andonCalls, r.LLMCalls)
	a.count(andonErrors, r.LLMErrors)
	a.count(andonToolCalls, r.ToolCalls)
	a.count(andonToolErrors, r.ToolErrors)
	a.count(andonDenials, r.PermissionDenials)
	a.count(andonSubagents, r.Subagents)
	a.count(andonDuration, r.DurationMS)
	if r.Cost.ReportedUSD != nil {
		a.add(andonReported, *r.Cost.ReportedUSD)
	}
	if r.StepsDropped > 0 {
		a.add(andonDropped, int64(r.StepsDropped))
	}
	secrets, valid := int64(0), true
	for _, f := range r.Findings {
		if strings.HasPrefix(f.Rule, "secret/") {
			secrets++
		}
		valid = valid && !(f.Severity == finding.Error && strings.HasPrefix(f.Rule, "trace/"))
	}
	a.add(andonSecrets, secrets)
	a.add(andonValid, valid)
	x.changes(a)
}

// changes says how much the run changed, and not what.
func (x *run) changes(a *attrs) {
	c := x.r.Changes
	if c == nil {
		return
	}
	a.add(andonFilesEdited, int64(c.FilesEdited))
	a.count(andonLinesAdded, c.LinesAdded)
	a.count(andonLinesRemoved, c.LinesRemoved)
	for _, made := range []struct {
		what string
		n    int
	}{
		{"commits", c.Commits}, {"pushes", c.Pushes}, {"pull_requests", c.PullRequests},
		{"reviews", c.Reviews}, {"comments", c.Comments}, {"merges", c.Merges},
	} {
		if made.n > 0 {
			a.add(andonMade+made.what, int64(made.n))
		}
	}
}

// ended says how the run ended. One that somebody cancelled has not failed.
func (x *run) ended(s *Span) {
	r := x.r
	if r.Status != trace.Failure && r.Status != trace.Timeout {
		if r.Error != nil {
			s.Attrs = append(s.Attrs, Attr{errorType, errorTypeOf(r.Error)})
		}
		return
	}
	typ, message := string(r.Status), ""
	if r.Error != nil {
		typ, message = errorName(cmp.Or(r.Error.Type, typ)), r.Error.Message
	}
	x.fail(s, typ, message)
}

// fail marks a span as failed. The message is words, the type is not.
func (x *run) fail(s *Span, typ, message string) {
	s.Failed, s.Message = true, typ
	if x.m.o.Content && message != "" {
		s.Message = message
	}
	s.Attrs = append(s.Attrs, Attr{errorType, typ}, Attr{langfuseLevel, "ERROR"}, Attr{langfuseMessage, s.Message})
}
