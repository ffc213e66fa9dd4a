package exporter

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/otlp"
)

// desk takes scores, and writes down how many came to which path.
type desk struct {
	*httptest.Server
	faults []http.HandlerFunc
	took   []string
}

func newDesk(t *testing.T, faults ...http.HandlerFunc) *desk {
	t.Helper()
	d := &desk{faults: faults}
	d.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(d.faults) > 0 {
			d.faults[0](w, r)
			d.faults = d.faults[1:]
			return
		}
		var body struct{ Data []json.RawMessage }
		raw, _ := io.ReadAll(r.Body)
		if json.Unmarshal(raw, &body) != nil || r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Content-Encoding") != "" {
			w.WriteHeader(400)
		}
		d.took = append(d.took, fmt.Sprint(r.URL, " ", len(body.Data)))
	}))
	t.Cleanup(d.Close)
	return d
}

func scores(spans, sessions int) []otlp.Score {
	out := make([]otlp.Score, spans+sessions)
	for i := range out {
		out[i] = otlp.Score{ID: fmt.Sprint(i), Name: "n", Label: "l", By: "HUMAN", Session: "s"}
		if i < spans {
			out[i].Run = otlp.Link{Trace: otlp.TraceID{1}, Span: otlp.SpanID{1}}
		}
	}
	return out
}

func TestScores(t *testing.T) {
	for _, tc := range []struct {
		name   string
		path   string // of the endpoint
		list   []otlp.Score
		faults []http.HandlerFunc
		want   []string
		taken  int
		says   string
	}{
		{"Phoenix", "", scores(513, 1), nil, []string{"/v1/span_annotations 512", "/v1/span_annotations 1", "/v1/session_annotations 1"}, 514, ""},
		{"Phoenix below a path", "/s/team", scores(1, 0), nil, []string{"/s/team/v1/span_annotations 1"}, 1, ""},
		{"Phoenix with a query", "?team=a", scores(1, 0), nil, []string{"/v1/span_annotations?team=a 1"}, 1, ""},
		{"Langfuse", "/api/public/otel", scores(1, 0), nil, []string{"/api/public/scores 0", "/api/public/scores 0"}, 1, ""},
		{"tried again", "", scores(1, 0), []http.HandlerFunc{answer(429, "Retry-After: 7", ""), answer(503, "", "")}, []string{"/v1/span_annotations 1"}, 1, ""},
		{"one refused", "", scores(1, 1), []http.HandlerFunc{answer(422, "", "bad id")}, []string{"/v1/session_annotations 1"}, 1, "422 Unprocessable Entity bad id"},
		{"key refused", "", scores(1, 1), []http.HandlerFunc{answer(401, "", "")}, nil, 0, "401 Unauthorized"},
		{"no such thing", "", scores(1, 1), []http.HandlerFunc{answer(405, "", "")}, nil, 0, "takes no scores"},
		{"none", "", nil, nil, nil, 0, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d, w := newDesk(t, tc.faults...), newWatch()
			x := exporterTo(t, d.URL, w, "")
			path, query, _ := strings.Cut(tc.path, "?")
			x.end.Traces = strings.TrimSuffix(d.URL+path+"/v1/traces?"+query, "?")
			taken, err := x.Scores(t.Context(), tc.list)
			if taken != tc.taken || !slices.Equal(d.took, tc.want) || (err == nil) != (tc.says == "") {
				t.Errorf("%d taken, %v: %v", taken, err, d.took)
			}
			if err != nil && !strings.Contains(err.Error(), tc.says) {
				t.Errorf("says %v", err)
			}
			if tc.name == "tried again" && !slices.Equal(w.waits, []time.Duration{7 * time.Second, 2 * time.Second}) {
				t.Errorf("waited %v", w.waits)
			}
			if x.failed != nil {
				t.Errorf("spans are kept back: %v", x.failed)
			}
		})
	}
}
