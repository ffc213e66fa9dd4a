package otlp_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/otlp"
	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

// why says where the links of a span lead.
func why(s *otlp.Span) string {
	var out []string
	for _, l := range s.Links {
		out = append(out, fmt.Sprintf("%s %v/%v", l.Why, l.Trace, l.Span))
	}
	return strings.Join(out, "\n")
}

func find(t *testing.T, units []otlp.Unit, kind string) *otlp.Span {
	t.Helper()
	for _, s := range spansOf(units) {
		if attr(s, "andon.span.kind") == kind {
			return s
		}
	}
	t.Fatalf("no span of a %s", kind)
	return nil
}

// at is a session with one run of an agent, which began at an hour.
func at(run string, hour int) *session.Session {
	start := time.Date(2026, 11, 20, hour, 0, 0, 0, time.UTC)
	return &session.Session{
		ID: "acme/shop#12@" + run, Repository: "acme/shop", Subject: session.Subject{Kind: "pull_request", Number: 12},
		Runs: []*session.Run{{ID: run, Agent: trace.Agent{Name: "review"}, Start: start, End: start.Add(time.Minute), Status: trace.Success}},
	}
}

func report(list ...*session.Session) *session.Report { return &session.Report{Sessions: list} }

// TestOrigins holds that a workflow run is linked to the attempt before it and
// to the run that triggered it, as the collector's receiver names their spans.
func TestOrigins(t *testing.T) {
	p := pipeline()
	p.RunID, p.Attempt, p.Trigger, p.TriggerAttempt = "123456", "2", "123455", "3"
	const (
		// printf '%s' 1234561t | sha256sum, the first 32 digits; printf '%s' 1234561s | sha256sum, digits 17 to 32
		attempt = "previous_attempt d0bddb24fc68d9edad44e20e7577ce1b/df716375685e396d"
		// likewise of 1234553t and 1234553s
		trigger = "triggered_by 969968a992cb43d74d9191e74bb811b8/c95423685d1ff5d9"
	)
	job := find(t, otlp.NewMapper(p, options()).Units(report(at("a", 10))), "job")
	if want := attempt + "\n" + trigger; why(job) != want {
		t.Errorf("the job is linked to\n%s\nwant\n%s", why(job), want)
	}
	p.Attempt, p.Trigger = "1", ""
	if job := find(t, otlp.NewMapper(p, options()).Units(report(at("a", 10))), "job"); len(job.Links) > 0 {
		t.Errorf("the first attempt is linked to\n%s", why(job))
	}
}

// TestPreviousRun holds that a run is linked to the one of the same agent about
// the same subject that came before it in another trace, and to no other.
func TestPreviousRun(t *testing.T) {
	o := options()
	o.Places = &otlp.Places{}
	var links []string
	for i, id := range []string{"second", "first", "third"} {
		p := pipeline()
		p.RunID = fmt.Sprint(100 + i)
		units := otlp.NewMapper(p, o).Units(report(at(id, map[string]int{"first": 8, "second": 9, "third": 10}[id])))
		links = append(links, why(find(t, units, "run")))
	}
	second, _ := o.Places.Run("second")
	first, _ := o.Places.Run("first")
	want := []string{"", "", fmt.Sprintf("previous_run %v/%v", second.Link.Trace, second.Link.Span)} // "first" comes too late for "second"
	if fmt.Sprint(links) != fmt.Sprint(want) {
		t.Errorf("linked to %q, want %q", links, want)
	}
	other := at("fourth", 11)
	other.Subject.Number = 13
	beside := at("fifth", 12)
	beside.Runs[0].Agent.Name = "triage"
	for _, s := range []*session.Session{other, beside} {
		if run := find(t, otlp.NewMapper(pipeline(), o).Units(report(s)), "run"); len(run.Links) > 0 {
			t.Errorf("%s is linked to %s", s.Runs[0].ID, why(run))
		}
	}
	fork := at("sixth", 13)
	fork.Subject = session.Subject{}
	fork.Runs[0].ForkedFrom = "first"
	if run := find(t, otlp.NewMapper(pipeline(), o).Units(report(fork)), "run"); why(run) != fmt.Sprintf("forked_from %v/%v", first.Link.Trace, first.Link.Span) {
		t.Errorf("a fork is linked to %q", why(run))
	}
}

// TestConclusion holds that what several runs came to is a span that leads to
// those it follows from.
func TestConclusion(t *testing.T) {
	o := options()
	o.Places = &otlp.Places{}
	s := at("a", 10)
	s.Runs = append(s.Runs, at("b", 11).Runs[0], at("c", 12).Runs[0])
	for i, kind := range []trace.Kind{trace.Approve, trace.RequestChanges, trace.RequestChanges} {
		s.Runs[i].Decision = &session.Decision{Kind: kind}
	}
	s.Decision = &session.Composed{Kind: trace.RequestChanges, ComposedFrom: []string{"b", "c"}}
	units := otlp.NewMapper(pipeline(), o).Units(report(s))
	got, job := find(t, units, "conclusion"), find(t, units, "job")
	if got.Name != "decision request_changes" || got.Parent != job.ID || got.Trace != job.Trace || !got.End.Equal(s.Runs[2].End) {
		t.Errorf("got %v", got)
	}
	if len(got.Links) != 2 || got.Links[0].Why != "composed_from" {
		t.Errorf("linked to %s", why(got))
	}
	s.Runs = s.Runs[:1]
	for _, u := range spansOf(otlp.NewMapper(pipeline(), o).Units(report(s))) {
		if attr(u, "andon.span.kind") == "conclusion" {
			t.Error("one decision has a conclusion")
		}
	}
}

// TestTraceScope holds that with the scope agent each run is a trace of its own,
// linked to its job.
func TestTraceScope(t *testing.T) {
	o := options()
	o.Scope = otlp.AgentRun
	m := otlp.NewMapper(pipeline(), o)
	units := m.Units(report(at("a", 10), at("b", 11)))
	traces := map[otlp.TraceID]bool{}
	for _, s := range spansOf(units) {
		traces[s.Trace] = true
		if attr(s, "andon.span.kind") == "job" {
			t.Error("there is a span of the job")
		}
		if attr(s, "andon.span.kind") == "run" && (s.Parent != otlp.SpanID{} || s.Links[len(s.Links)-1].Why != "part_of" || s.Links[len(s.Links)-1].Span.String() != jobSpan) {
			t.Errorf("%s hangs under %v and is linked to %s", s.Name, s.Parent, why(s))
		}
	}
	root, _ := m.Root()
	if len(traces) != 2 || traces[root.Trace] {
		t.Errorf("%d traces", len(traces))
	}
}
