package otlp

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"strconv"

	"github.com/andon-ci/andon/internal/override"
	"github.com/andon-ci/andon/internal/session"
)

// Score is what an act of a person says of a run, in the form in which Langfuse
// and Phoenix keep judgements: beside the spans, and by an id of its own, so that
// one that is sent again is the same one.
type Score struct {
	ID      string
	Name    string
	Label   string  // what was done
	Value   float64 // 0 where the decision was overridden, 1 where it was borne out
	By      string  // HUMAN, or CODE where a machine acted
	Comment string  // why, where words are sent

	Run         Link   // the span of the run that it is about; zero where that is not known
	Session     string // what was done about the change that it is about
	Environment string
	Facts       []Attr
}

// Score maps an act. A run that is not among the places is not judged, but the
// session that it belongs to: backends keep what is said of a span only where they
// have the span.
func (m *Mapper) Score(rec *override.Record) Score {
	s := m.judgement(rec)
	if p, ok := m.o.Places.Run(rec.RunID); ok && rec.RunID != "" {
		s.Run = p.Link
	}
	s.Session = m.sessionID(sessionOf(rec))
	s.Environment = m.o.Environment
	s.Facts = m.facts(rec)
	return s
}

// judgement is what an act says, whatever is told of it.
func (m *Mapper) judgement(rec *override.Record) Score {
	s := Score{ID: rec.ID, Name: "human_override", Label: string(rec.Signal), By: "HUMAN"}
	if rec.Schema == override.AgreementSchema {
		s.Value = 1
	}
	if rec.Actor.Kind == override.Machine {
		s.By = "CODE"
	}
	if m.o.Content {
		s.Comment = rec.Reason
	}
	return s
}

// facts are what an act is found by. Who acted is a hash: scores are shown where
// people are judged.
func (m *Mapper) facts(rec *override.Record) []Attr {
	var a attrs
	a.text("strength", string(rec.Strength))
	a.text("decision", string(rec.Decision.Kind))
	a.text("agent", cmp.Or(rec.Agent.Name, rec.Agent.Login))
	a.text("actor", hashed(rec.Actor.Login))
	a.text("actor_type", string(rec.Actor.Kind))
	a.text("repository", rec.Repository)
	if rec.Subject.Number > 0 {
		a.text("number", strconv.Itoa(rec.Subject.Number))
	}
	a.text("sha", rec.HeadSHA)
	a.text("url", firstURL(rec))
	return a
}

// Clean returns the score without what must not be sent.
func (s Score) Clean(scrub func(string) string) Score {
	c := cleaner{scrub: scrub}
	for _, text := range []*string{&s.ID, &s.Label, &s.Comment, &s.Session} {
		*text = c.text(*text, MaxValue)
	}
	s.Facts = c.attrs(s.Facts)
	return s
}

// sessionOf returns the session that an act is about.
func sessionOf(rec *override.Record) *session.Session {
	s := &session.Session{Repository: rec.Repository, Subject: rec.Subject, HeadSHA: rec.HeadSHA}
	s.ID = session.Key{Repository: rec.Repository, Subject: rec.Subject, HeadSHA: rec.HeadSHA}.ID(rec.RunID)
	return s
}

// firstURL returns where the act can be seen.
func firstURL(rec *override.Record) string {
	for _, e := range rec.Evidence {
		if e.URL != "" {
			return e.URL
		}
	}
	return ""
}

// hashed stands for an account where it is not to be named.
func hashed(login string) string {
	if login == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(login))
	return hex.EncodeToString(sum[:8])
}
