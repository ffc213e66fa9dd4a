package otlp

import (
	"cmp"
	"strconv"

	"github.com/andon-ci/andon/internal/override"
	"github.com/andon-ci/andon/internal/session"
)

// Override maps an act of a person that contradicts a decision, or bears it out,
// to a trace of its own with one span: the run that it is about was sent before,
// and cannot be changed. It follows OpenInference's annotations, whose carrier
// has exactly one link, to the span that it judges. A run that is not among the
// places is looked for where a run outside of a pipeline would be, and a decision
// of no known run is linked to the change.
func (m *Mapper) Override(rec *override.Record) Unit {
	s := sessionOf(rec)
	agreed := rec.Schema == override.AgreementSchema
	span := &Span{
		Trace: traceIDOf("override", rec.Repository, rec.ID), ID: spanIDOf("override", rec.Repository, rec.ID),
		Name: "override " + string(rec.Signal), Kind: Internal, Start: rec.Time, End: rec.Time,
	}
	if agreed {
		span.Name = "agreement " + string(rec.Signal)
	}
	link, target := m.target(rec)
	span.Links = []Link{link}
	a := NewMapper(Pipeline{}, m.o).about(s)
	a.text(andonSpan, "override")
	a.text(openInferenceKind, "EVALUATOR")
	a.text(genAIConversation, rec.RunID)
	a.text(genAIAgentName, cmp.Or(rec.Agent.Name, rec.Agent.Login))
	a.text(andonOverride+"target", target)
	m.annotate(&a, rec)
	m.act(&a, rec)
	m.grouping(&a, s, listing{title: m.titled("")})
	span.Attrs = a
	span.settle(m.o.At, m.o.At)
	u := span.unit(m.resource(&session.Report{Sessions: []*session.Session{s}}), rec.ID)
	u.Measure = func(m *Meter) { m.AddOverride(rec) }
	return u
}

// target returns the span that an act is about, and what it is of.
func (m *Mapper) target(rec *override.Record) (Link, string) {
	if rec.RunID != "" {
		if p, ok := m.o.Places.Run(rec.RunID); ok {
			return p.Link, "run"
		}
		return Link{Trace: traceIDOf("run", rec.Repository, rec.RunID), Span: NewMapper(Pipeline{}, m.o).in(rec.Repository).id("run", rec.RunID)}, "run"
	}
	about := []string{"change", rec.Repository, rec.Subject.Kind, strconv.Itoa(rec.Subject.Number), rec.HeadSHA}
	return Link{Trace: traceIDOf(about...), Span: spanIDOf(about...)}, "change"
}

// annotate says the judgement in the words of OpenInference and of
// OpenTelemetry.
func (m *Mapper) annotate(a *attrs, rec *override.Record) {
	s := m.judgement(rec)
	for _, prefix := range []string{annotation, traceAnnotation} {
		a.text(prefix+"name", s.Name)
		a.text(prefix+"label", s.Label)
		a.add(prefix+"score", s.Value)
		a.text(prefix+"annotator_kind", s.By)
		a.text(prefix+"identifier", s.ID)
		a.text(prefix+"explanation", s.Comment)
	}
	a.text(genAIEvaluation, s.Name)
	a.add(genAIScoreValue, s.Value)
	a.text(genAIScoreLabel, s.Label)
	a.text(genAIExplanation, s.Comment)
}

// act says who did what to which decision.
func (m *Mapper) act(a *attrs, rec *override.Record) {
	a.text(andonOverride+"kind", string(rec.Signal))
	a.text(andonOverride+"strength", string(rec.Strength))
	a.text(andonOverride+"actor_type", string(rec.Actor.Kind))
	if !m.o.HideUser {
		a.text(andonOverride+"actor", rec.Actor.Login)
	}
	a.text(andonOverride+"target_agent", cmp.Or(rec.Agent.Name, rec.Agent.Login))
	a.text(andonOverride+"target_sha", rec.HeadSHA)
	a.text(andonOverride+"decision", string(rec.Decision.Kind))
	if !rec.Decision.Time.IsZero() && !rec.Time.IsZero() {
		a.add(andonOverride+"latency_s", max(0, rec.Time.Sub(rec.Decision.Time).Seconds()))
	}
	a.text(andonOverride+"url", firstURL(rec))
}
