package exporter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/andon-ci/andon/internal/otlp"
)

// ErrNoScores says that the backend has no interface for scores: it is neither
// Langfuse nor Phoenix.
var ErrNoScores = errors.New("takes no scores; Langfuse and Phoenix do")

// Scores sends judgements to where the backend keeps them: to Langfuse's interface
// where the endpoint is Langfuse's for OTLP, and else to Phoenix's. It returns how
// many were taken. The backend goes by their ids, so that they can be sent again.
func (x *Exporter) Scores(ctx context.Context, list []otlp.Score) (taken int, err error) {
	if x.failed != nil || x.end.Traces == "" {
		return 0, x.failed
	}
	s := *x // what becomes of scores says nothing about spans
	s.end.JSON, s.end.Plain, s.misses = true, true, 0
	for _, r := range scoreRequests(x.end.Traces, list) {
		var no *refused
		switch failed := s.score(ctx, r); {
		case failed == nil:
			taken += r.scores
		case errors.As(failed, &no) && (no.code == http.StatusNotFound || no.code == http.StatusMethodNotAllowed):
			return taken, fmt.Errorf("%s %w", x.Host(), ErrNoScores)
		case s.failed != nil:
			return taken, s.failed
		case err == nil:
			err = failed
		}
	}
	return taken, err
}

func (x *Exporter) score(ctx context.Context, r scoreRequest) error {
	body, err := json.Marshal(r.body)
	if err != nil {
		return fmt.Errorf("%s: scores: encoding a request: %w", x.Host(), err)
	}
	return x.post(ctx, "scores", r.url, body)
}

// scoreRequest is a request in which there is at least a part of a score.
type scoreRequest struct {
	url    string
	body   any
	scores int // that are whole with it
}

// langfusePath is where Langfuse takes traces.
const langfusePath = "/api/public/otel/v1/traces"

// scoreRequests returns what is to be sent to a backend that takes traces at a
// URL.
func scoreRequests(traces string, list []otlp.Score) []scoreRequest {
	if path, _, _ := strings.Cut(traces, "?"); strings.HasSuffix(path, langfusePath) {
		return langfuseScores(beside(traces, langfusePath, "/api/public/scores"), list)
	}
	return phoenixAnnotations(func(path string) string { return beside(traces, "/v1/traces", path) }, list)
}

// beside returns the URL of an interface with another path than the one for
// traces.
func beside(traces, path, other string) string {
	before, query, _ := strings.Cut(traces, "?")
	before = strings.TrimSuffix(before, path) + other
	if query != "" {
		before += "?" + query
	}
	return before
}

// langfuseScore is Langfuse's CreateScoreRequest.
type langfuseScore struct {
	ID          string         `json:"id"`
	Trace       string         `json:"traceId,omitempty"`
	Observation string         `json:"observationId,omitempty"`
	Session     string         `json:"sessionId,omitempty"` // where there is no trace
	Name        string         `json:"name"`
	Value       any            `json:"value"`
	Type        string         `json:"dataType"`
	Comment     string         `json:"comment,omitempty"`
	Environment string         `json:"environment,omitempty"`
	Metadata    map[string]any `json:"metadata,omitempty"`
}

// langfuseScores returns two requests for each score: Langfuse's are a number or
// a word.
func langfuseScores(url string, list []otlp.Score) []scoreRequest {
	var out []scoreRequest
	for _, s := range list {
		value := langfuseScore{
			ID: s.ID, Name: s.Name, Value: s.Value, Type: "NUMERIC", Session: s.Session,
			Comment: s.Comment, Environment: s.Environment, Metadata: facts(s),
		}
		if s.Run != (otlp.Link{}) {
			value.Trace, value.Observation, value.Session = s.Run.Trace.String(), s.Run.Span.String(), ""
		}
		label := value
		label.ID, label.Name, label.Value, label.Type = s.ID+"-signal", s.Name+"_signal", s.Label, "CATEGORICAL"
		out = append(out, scoreRequest{url, label, 0}, scoreRequest{url, value, 1})
	}
	return out
}

// phoenixAnnotation is Phoenix's SpanAnnotationData or SessionAnnotationData.
type phoenixAnnotation struct {
	Span       string         `json:"span_id,omitempty"`
	Session    string         `json:"session_id,omitempty"`
	Name       string         `json:"name"`
	By         string         `json:"annotator_kind"`
	Result     phoenixResult  `json:"result"`
	Metadata   map[string]any `json:"metadata,omitempty"`
	Identifier string         `json:"identifier"` // of name and span, what is sent again takes its place
}

type phoenixResult struct {
	Label       string  `json:"label"`
	Score       float64 `json:"score"`
	Explanation string  `json:"explanation,omitempty"`
}

// phoenixAnnotations returns requests of a few hundred annotations, those of
// spans before those of sessions.
func phoenixAnnotations(at func(path string) string, list []otlp.Score) []scoreRequest {
	var spans, sessions []phoenixAnnotation
	for _, s := range list {
		a := phoenixAnnotation{
			Name: s.Name, By: s.By, Result: phoenixResult{s.Label, s.Value, s.Comment},
			Metadata: facts(s), Identifier: s.ID,
		}
		if s.Run != (otlp.Link{}) {
			a.Span = s.Run.Span.String()
			spans = append(spans, a)
		} else {
			a.Session = s.Session
			sessions = append(sessions, a)
		}
	}
	var out []scoreRequest
	add := func(path string, list []phoenixAnnotation) {
		for part := range slices.Chunk(list, otlp.MaxSpans) {
			body := map[string]any{"data": part}
			out = append(out, scoreRequest{at(path), body, len(part)})
		}
	}
	add("/v1/span_annotations", spans)
	add("/v1/session_annotations", sessions)
	return out
}

func facts(s otlp.Score) map[string]any {
	out := map[string]any{}
	for _, a := range s.Facts {
		out[a.Key] = a.Value
	}
	return out
}
