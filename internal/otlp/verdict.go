package otlp

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/andon-ci/andon/internal/finding"
)

// maxFindings is how many findings of a run have a span each.
const maxFindings = 100

// verdict gives what the run decided.
func (x *run) verdict(yield func(*Span) bool) bool {
	d := x.r.Decision
	if d == nil {
		return true
	}
	s := x.span("decision", "decision "+string(d.Kind), "CHAIN")
	s.Links = x.m.composed(d.ComposedFrom())
	x.after(s)
	var a attrs
	a.text(andonDecision, string(d.Kind))
	a.text(andonSource, string(d.Source))
	a.count(andonFindings, d.Findings)
	a.list(andonComposed, d.ComposedFrom())
	if x.m.o.Content {
		a.text(andonSummary, d.Summary)
	}
	x.answer(&a)
	s.set(a)
	return yield(s)
}

// answer gives the words of the decision as what the run came to, where backends
// show that.
func (x *run) answer(a *attrs) {
	if d := x.r.Decision; d != nil && d.Summary != "" && x.m.o.Content {
		a.text(outputValue, d.Summary)
		a.text(outputType, "text/plain")
	}
}

// scores gives what evaluations came to.
func (x *run) scores(yield func(*Span) bool) bool {
	for i, score := range x.r.Scores {
		s := x.span("score", "score "+score.Name, "EVALUATOR", strconv.Itoa(i), score.Name)
		x.after(s)
		var a attrs
		a.text(genAIEvaluation, score.Name)
		if score.Value != nil && !math.IsInf(*score.Value, 0) && !math.IsNaN(*score.Value) {
			a.add(genAIScoreValue, *score.Value)
		}
		a.text(genAIScoreLabel, score.Label)
		a.text(andonJudge, score.Judge)
		s.set(a)
		if !yield(s) {
			return false
		}
	}
	return true
}

func (x *run) findings(yield func(*Span) bool) bool {
	for i, f := range x.r.Findings {
		if i == maxFindings {
			break
		}
		if !yield(x.finding(i, f)) {
			return false
		}
	}
	return true
}

func (x *run) finding(i int, f finding.Finding) *Span {
	kind := "EVALUATOR"
	if strings.HasPrefix(f.Rule, "secret/") {
		kind = "GUARDRAIL"
	}
	s := x.span("finding", "finding "+f.Rule, kind, f.Rule, fmt.Sprint(i))
	x.after(s)
	var a attrs
	a.text(andonRule, f.Rule)
	a.text(andonSeverity, string(f.Severity))
	if f.Line > 0 {
		a.add(andonLine, int64(f.Line))
	}
	if x.m.o.Content {
		a.text(andonText, f.Message)
	}
	if f.Severity == finding.Error {
		a.text(langfuseLevel, "ERROR")
	}
	s.set(a)
	return s
}
