package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// phoenix is a project of a real Arize Phoenix, which scripts/phoenix.sh runs.
type phoenix struct {
	url  string
	name string
}

func newPhoenix(t *testing.T, name string) *phoenix {
	t.Helper()
	url := os.Getenv("ANDON_PHOENIX")
	if url == "" {
		t.Skip("ANDON_PHOENIX names no Arize Phoenix; one is started by: scripts/phoenix.sh ~/.cache/phoenix go test -count=1 -run '^TestPhoenix' ./internal/cli")
	}
	return &phoenix{url, name}
}

// pxSpan is a span as Phoenix tells it.
type pxSpan struct {
	SpanID      string `json:"spanId"`
	ParentID    string `json:"parentId"`
	Name        string
	SpanKind    string  `json:"spanKind"`
	StatusCode  string  `json:"statusCode"`
	Prompt      float64 `json:"cumulativeTokenCountPrompt"` // with all that is below it
	Completion  float64 `json:"cumulativeTokenCountCompletion"`
	CostSummary *pxCost
	Attributes  pxAttributes
	Annotations []pxAnnotation `json:"spanAnnotations"`
}

type pxCost struct{ Total struct{ Cost float64 } }

type pxAnnotation struct {
	Name, Label, Identifier, AnnotatorKind, Explanation string
	Score                                               float64
	Metadata                                            map[string]any
}

// pxAttributes are attributes, which Phoenix nests at the points of their names
// and gives as text.
type pxAttributes map[string]any

func (a *pxAttributes) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return err
	}
	return json.Unmarshal([]byte(text), (*map[string]any)(a))
}

func (a pxAttributes) get(name string) any {
	var at any = map[string]any(a)
	for part := range strings.SplitSeq(name, ".") {
		m, _ := at.(map[string]any)
		at = m[part]
	}
	return at
}

// pxProject is all that Phoenix tells of a project.
type pxProject struct {
	Sessions struct {
		Edges []struct{ Node pxSession }
	}
	Spans struct{ Edges []struct{ Node pxSpan } }
}

type pxSession struct {
	SessionID   string `json:"sessionId"`
	NumTraces   int    `json:"numTraces"`
	TokenUsage  struct{ Prompt, Completion float64 }
	CostSummary pxCost
	Annotations []pxAnnotation `json:"sessionAnnotations"`
}

func (p *pxProject) spans() []*pxSpan {
	out := make([]*pxSpan, len(p.Spans.Edges))
	for i := range p.Spans.Edges {
		out[i] = &p.Spans.Edges[i].Node
	}
	return out
}

const pxQuery = `query ($name: String!) { getProjectByName(name: $name) {
  sessions(first: 100) { edges { node {
    sessionId numTraces tokenUsage { prompt completion } costSummary { total { cost } } 
    sessionAnnotations { name label score explanation identifier annotatorKind metadata }
  } } }
  spans(first: 1000, sort: {col: startTime, dir: asc}) { edges { node {
    spanId parentId name spanKind statusCode cumulativeTokenCountPrompt cumulativeTokenCountCompletion
    costSummary { total { cost } } attributes
    spanAnnotations { name label score explanation identifier annotatorKind metadata }
  } } }
} }`

// ask returns what Phoenix tells of the project, and the text of it.
func (p *phoenix) ask(t *testing.T) (*pxProject, string) {
	t.Helper()
	body, _ := json.Marshal(map[string]any{"query": pxQuery, "variables": map[string]string{"name": p.name}})
	resp, err := http.Post(p.url+"/graphql", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	var out struct {
		Data struct {
			Project *pxProject `json:"getProjectByName"`
		}
		Errors []any
	}
	if err := cmp.Or(err, json.Unmarshal(raw, &out)); err != nil || len(out.Errors) > 0 {
		t.Fatalf("%v\n%.2000s", err, raw)
	}
	return cmp.Or(out.Data.Project, &pxProject{}), string(raw)
}

// until asks until what is told is so: Phoenix takes spans down after it has
// answered.
func (p *phoenix) until(t *testing.T, so func(*pxProject) bool) (*pxProject, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		got, raw := p.ask(t)
		if so(got) {
			return got, raw
		}
		select {
		case <-ctx.Done():
			t.Fatalf("Phoenix tells nothing more in a minute than\n%.5000s", raw)
		case <-tick.C:
		}
	}
}

// export runs the command against Phoenix, and waits until it has all that was
// sent.
func (p *phoenix) export(t *testing.T, env map[string]string, args ...string) (*pxProject, string) {
	t.Helper()
	env = maps.Clone(env)
	if env == nil {
		env = map[string]string{}
	}
	env["OTEL_RESOURCE_ATTRIBUTES"] = "openinference.project.name=" + p.name
	_, stderr, code := runAt(t, env, append([]string{"export", "--endpoint", p.url, "--on-export-error", "fail"}, args...)...)
	sent, at := 0, max(0, strings.Index(stderr, "andon: sent"))
	if _, err := fmt.Sscanf(stderr[at:], "andon: sent %d spans", &sent); err != nil || code != 0 {
		t.Fatalf("exit %d\n%s", code, stderr)
	}
	return p.until(t, func(got *pxProject) bool { return len(got.Spans.Edges) >= sent })
}
