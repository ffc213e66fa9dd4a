package otlp_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/ingest"
	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/otlp"
	"github.com/andon-ci/andon/internal/override"
	"github.com/andon-ci/andon/internal/price"
	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const recordings = "../../testdata/transcripts"

// read collects the files of a folder.
func read(t *testing.T, dir string, key session.Key) *session.Report {
	t.Helper()
	prices, err := price.Default()
	if err != nil {
		t.Fatal(err)
	}
	c := session.NewCollector(prices)
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		ingested(c, filepath.Base(path), raw)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return &session.Report{Sessions: session.Correlate(c.Runs(), key)}
}

// ingested reads a file into a collector.
func ingested(c *session.Collector, name string, raw []byte) {
	in := ingest.New(ingest.Options{Name: name, Emit: c.Add, Find: func(finding.Finding) {}})
	r := jsonl.NewReader(bytes.NewReader(raw), 0)
	for {
		chunk, err := r.Next()
		if err != nil {
			break
		}
		in.Chunk(chunk)
	}
	in.Close()
}

func pipeline() otlp.Pipeline {
	return otlp.Pipeline{
		Repository: "acme/shop", RunID: "9007199254740993", Attempt: "2", Workflow: "Review", WorkflowRef: "acme/shop/.github/workflows/review.yml@refs/heads/main",
		Job: "review", CheckRun: "51", Event: "pull_request", Actor: "mona", Runner: "GitHub Actions 7", HeadRef: "fix", BaseRef: "main", BaseSHA: strings.Repeat("b1", 20),
		Change: otlp.Change{Number: 12, State: "open", Title: "Limit by window"},
	}
}

func pullRequest() session.Key {
	return session.Key{
		Repository: "acme/shop", Subject: session.Subject{Kind: "pull_request", Number: 12}, HeadSHA: strings.Repeat("a1", 20), Source: session.KeyFromEvent,
	}
}

func options() otlp.Options {
	return otlp.Options{At: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)}
}

func spansOf(list []otlp.Unit) []*otlp.Span {
	var out []*otlp.Span
	for _, u := range list {
		out = slices.AppendSeq(out, u.Spans)
	}
	return out
}

func record() *override.Record {
	return &override.Record{
		Schema: override.OverrideSchema, ID: "00112233445566778899aabbccddeeff", Time: time.Date(2026, 11, 20, 15, 0, 0, 0, time.UTC),
		Repository: "acme/shop", Subject: session.Subject{Kind: "pull_request", Number: 12}, HeadSHA: strings.Repeat("a1", 20),
		Signal: override.Reverted, Strength: override.Strong, Actor: override.Person{Login: "mona", Kind: override.Human},
		Agent: override.Agent{Name: "review"}, Decision: override.Decision{Kind: trace.Approve, Time: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)},
		RunID: "5b0d6c1e-7a42-4f0e-9c53-2f6f0d1a9b11", Reason: "it broke the checkout", Evidence: []override.Evidence{{Kind: "commit", URL: "https://github.com/acme/shop/commit/b2"}},
	}
}

func TestGolden(t *testing.T) {
	for _, tc := range []struct {
		name, dir string
		change    func(*otlp.Options)
	}{
		{"claude", "claude-stream-json", nil},
		{"claude-next", "claude-stream-json", func(o *otlp.Options) {
			o.Profile, o.Scheme, o.Content, o.HideUser = otlp.Next, otlp.Grafana, true, true
		}},
		{"native", "andon-trace", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o := options()
			if tc.change != nil {
				tc.change(&o)
			}
			m := otlp.NewMapper(pipeline(), o)
			r := read(t, filepath.Join(recordings, tc.dir), pullRequest())
			units := m.Units(r)
			units = append(units, m.Override(record()))
			var got bytes.Buffer
			for b := range otlp.Batches(units, "1.2.3", func(s string) string { return s }) {
				for line, err := range b.JSON(otlp.MaxLine) {
					if err = errors.Join(err, json.Indent(&got, line, "", " ")); err != nil {
						t.Fatal(err)
					}
				}
			}
			golden := filepath.Join("../../testdata/otlp", tc.name+".json")
			if *update {
				if err := errors.Join(os.MkdirAll(filepath.Dir(golden), 0o755), os.WriteFile(golden, got.Bytes(), 0o644)); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("%s is out of date; run the test with -update and read what changed", golden)
			}
		})
	}
}

// TestEverySpan holds what must be true of every span that any recording gives.
func TestEverySpan(t *testing.T) {
	dirs, err := filepath.Glob(recordings + "/*")
	if err != nil || len(dirs) < 20 {
		t.Fatalf("%d recordings, %v", len(dirs), err)
	}
	for _, dir := range dirs {
		seen := map[otlp.SpanID]bool{}
		r := read(t, dir, pullRequest())
		units := otlp.NewMapper(pipeline(), options()).Units(r)
		for _, s := range spansOf(units) {
			if seen[s.ID] || s.ID == (otlp.SpanID{}) {
				t.Errorf("%s: %s: the id %v is used twice", dir, s.Name, s.ID)
			}
			seen[s.ID] = true
			checkSpan(t, dir, s)
		}
		for _, s := range spansOf(units) {
			if s.Parent != (otlp.SpanID{}) && !seen[s.Parent] && !s.Remote {
				t.Errorf("%s: %s hangs under no span", dir, s.Name)
			}
			if circular(spansOf(units), s) {
				t.Errorf("%s: %s is its own ancestor", dir, s.Name)
			}
		}
		checkSums(t, dir, r, units)
	}
}

func checkSpan(t *testing.T, dir string, s *otlp.Span) {
	t.Helper()
	for _, key := range []string{"openinference.span.kind", "session.id", "vcs.change.id", "vcs.ref.head.revision", "cicd.pipeline.run.id", "cicd.pipeline.task.run.id", "user.id"} {
		if v, _ := attr(s, key).(string); v == "" {
			t.Errorf("%s: %s has no %s", dir, s.Name, key)
		}
	}
	ofRun := attr(s, "andon.span.kind") != "job" && attr(s, "andon.span.kind") != "conclusion"
	if ofRun && (attr(s, "gen_ai.conversation.id") == nil || attr(s, "gen_ai.agent.name") == nil) {
		t.Errorf("%s: %s has no conversation or no agent", dir, s.Name)
	}
	if len(s.Attrs) > 128 || s.End.Before(s.Start) || s.Start.Year() < 2020 {
		t.Errorf("%s: %s has %d attributes, from %v to %v", dir, s.Name, len(s.Attrs), s.Start, s.End)
	}
	keys := map[string]bool{}
	for _, a := range s.Attrs {
		if keys[a.Key] {
			t.Errorf("%s: %s has %s twice", dir, s.Name, a.Key)
		}
		keys[a.Key] = true
		counted := strings.HasPrefix(a.Key, "gen_ai.usage.") || strings.HasPrefix(a.Key, "llm.cost") || a.Key == "langfuse.observation.cost_details"
		if counted && attr(s, "gen_ai.operation.name") != "chat" {
			t.Errorf("%s: %s has %s", dir, s.Name, a.Key)
		}
	}
	if s.Failed && attr(s, "error.type") == nil {
		t.Errorf("%s: %s failed without error.type", dir, s.Name)
	}
}

func circular(list []*otlp.Span, s *otlp.Span) bool {
	at := map[otlp.SpanID]*otlp.Span{}
	for _, x := range list {
		at[x.ID] = x
	}
	for range len(list) {
		if s = at[s.Parent]; s == nil {
			return false
		}
	}
	return true
}

func TestIDs(t *testing.T) {
	p := pipeline()
	p.RunID, p.Attempt = "123456", "1"
	m := otlp.NewMapper(p, options())
	root, ok := m.Root()
	// printf '%s' 1234561t | sha256sum, the first 32 digits
	if want := "d0bddb24fc68d9edad44e20e7577ce1b"; !ok || root.Trace.String() != want {
		t.Errorf("trace %v, want %s", root.Trace, want)
	}
	o := options()
	o.Scheme = otlp.Grafana
	grafana, _ := otlp.NewMapper(p, o).Root()
	// printf '%s' acme/shop1234561t | sha256sum
	if want := "d35a3727d1612c6ba6c4fa8c6d0e02f6"; grafana.Trace.String() != want {
		t.Errorf("trace %v, want %s", grafana.Trace, want)
	}
	o.Incoming, _ = otlp.ParseTraceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	in, _ := otlp.NewMapper(p, o).Root()
	if in.Trace.String() != "0af7651916cd43dd8448eb211c80319c" || in.Span != root.Span {
		t.Errorf("got %v", in)
	}
	early, late := p, p
	early.CheckRun = ""
	o = options()
	o.Incoming, _ = otlp.NewMapper(early, o).Root()
	if got, _ := otlp.NewMapper(late, o).Root(); got != o.Incoming {
		t.Errorf("a step that knew less of the job made %v, the export %v", o.Incoming, got)
	}
	p.Matrix, p.CheckRun = "leg", ""
	if other, _ := otlp.NewMapper(p, options()).Root(); other.Span == root.Span {
		t.Error("two jobs have one span")
	}
	if _, ok := otlp.NewMapper(otlp.Pipeline{}, options()).Root(); ok {
		t.Error("a root outside of a pipeline")
	}
	for _, bad := range []string{"", "00", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331", "00-00000000000000000000000000000000-b7ad6b7169203331-01",
		"ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01"} {
		if _, ok := otlp.ParseTraceparent(bad); ok {
			t.Errorf("%q is a traceparent", bad)
		}
	}
}

// TestOwnTraceparent holds that a context which is our own, handed to the job
// before the agent began, is not taken for a parent.
func TestOwnTraceparent(t *testing.T) {
	r := read(t, filepath.Join(recordings, "claude-stream-json"), pullRequest())
	root, _ := otlp.NewMapper(pipeline(), options()).Root()
	for _, tc := range []struct {
		in     otlp.SpanContext
		parent string // empty is the job's, as the collector derives it
	}{
		{otlp.SpanContext{}, ""}, {root, ""}, {otlp.SpanContext{Trace: otlp.TraceID{7}, Span: otlp.SpanID{9}}, "0900000000000000"},
	} {
		o := options()
		o.Incoming = tc.in
		spans := spansOf(otlp.NewMapper(pipeline(), o).Units(r))
		job := spans[0]
		if tc.parent != "" && job.Parent.String() != tc.parent || tc.parent == "" && job.Parent.String() != jobSpan {
			t.Errorf("%v: the job's parent is %v", tc.in, job.Parent)
		}
		if job.ID != root.Span || spans[1].Parent != job.ID || spans[1].Trace != job.Trace {
			t.Errorf("%v: the run is not under the job", tc.in)
		}
	}
}

// jobSpan is digits 17 to 32 of `printf %s 51-j | sha256sum`.
const jobSpan = "00ad4e71d000ef21"

func TestClean(t *testing.T) {
	long := strings.Repeat("é", otlp.MaxValue)
	s := &otlp.Span{Name: "tool KEY", Message: "KEY", Attrs: []otlp.Attr{{Key: "a", Value: "is KEY"}, {Key: "l", Value: []string{"KEY", long}}, {Key: "u", Value: "a\xffb"}, {Key: "n", Value: int64(1)}}}
	for out := range otlp.Clean(func(yield func(*otlp.Span) bool) { yield(s) }, func(s string) string { return strings.ReplaceAll(s, "KEY", "***") }) {
		list, _ := attr(out, "l").([]string)
		if out.Name != "tool ***" || out.Message != "***" || attr(out, "a") != "is ***" || list[0] != "***" || attr(out, "u") != "a\uFFFDb" || attr(out, "n") != int64(1) {
			t.Errorf("got %v", out)
		}
		if len(list[1]) > otlp.MaxValue || !strings.HasSuffix(list[1], "é… (cut)") || attr(out, "andon.attributes.cut") != int64(1) {
			t.Errorf("cut to %d bytes", len(list[1]))
		}
	}
}

func TestOverride(t *testing.T) {
	m := otlp.NewMapper(pipeline(), options())
	rec := record()
	first, again := spansOf([]otlp.Unit{m.Override(rec)}), spansOf([]otlp.Unit{m.Override(rec)})
	s := first[0]
	if len(first) != 1 || len(s.Links) != 1 || s.Parent != (otlp.SpanID{}) || again[0].ID != s.ID || again[0].Trace != s.Trace {
		t.Fatalf("got %v", first)
	}
	for key, want := range map[string]any{
		"openinference.span.kind": "EVALUATOR", "annotations.0.annotation.name": "human_override", "annotations.0.annotation.label": "revert",
		"annotations.0.annotation.score": 0.0, "annotations.0.annotation.annotator_kind": "HUMAN", "annotations.0.annotation.identifier": rec.ID,
		"annotations.0.annotation.explanation": nil, "gen_ai.evaluation.score.value": 0.0, "session.id": "acme/shop#12", "andon.override.latency_s": 10800.0,
	} {
		if attr(s, key) != want {
			t.Errorf("%s is %v, want %v", key, attr(s, key), want)
		}
	}
	rec.RunID, rec.Schema = "", override.AgreementSchema
	agreed := spansOf([]otlp.Unit{m.Override(rec)})[0]
	if len(agreed.Links) != 1 || attr(agreed, "andon.override.target") != "change" || attr(agreed, "annotations.0.annotation.score") != 1.0 {
		t.Errorf("got %v", agreed)
	}
}

// TestPrometheus holds the exposition format, and that its totals are those of
// the runs.
func TestPrometheus(t *testing.T) {
	for _, tc := range []struct {
		name    string
		profile otlp.Profile
	}{{"claude", otlp.Stable}, {"claude-next", otlp.Next}} {
		m, p := otlp.NewMeter(tc.profile), pipeline()
		r := read(t, filepath.Join(recordings, "claude-stream-json"), pullRequest())
		for _, s := range r.Sessions {
			m.Add(s, &p)
		}
		m.AddOverride(record())
		var got bytes.Buffer
		if err := otlp.WritePrometheus(&got, m.Metrics()); err != nil {
			t.Fatal(err)
		}
		golden := filepath.Join("../../testdata/otlp", tc.name+".prom")
		if *update {
			if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil || !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%s is out of date; run the test with -update and read what changed", golden)
		}
		cost := 0.0
		for _, x := range m.Metrics() {
			for _, point := range x.Points {
				if x.Name == "andon.cost" {
					cost += point.Value
				}
				for _, a := range point.Attrs {
					if strings.Contains(a.Key, "run.id") || strings.Contains(a.Key, "revision") || strings.Contains(a.Key, "change") || a.Key == "session.id" || a.Key == "user.id" {
						t.Errorf("%s has %s", x.Name, a.Key)
					}
				}
			}
		}
		if math.Abs(cost-*r.Sessions[0].Cost.USD) > 1e-9 {
			t.Errorf("cost %v, want %v", cost, *r.Sessions[0].Cost.USD)
		}
	}
}

// attr returns the value of an attribute, nil where the span has none.
func attr(s *otlp.Span, key string) any {
	i := slices.IndexFunc(s.Attrs, func(a otlp.Attr) bool { return a.Key == key })
	if i < 0 {
		return nil
	}
	return s.Attrs[i].Value
}
