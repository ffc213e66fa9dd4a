package cli

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	metricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	metricsdata "go.opentelemetry.io/proto/otlp/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/andon-ci/andon/internal/clock"
)

// backend is an OTLP/HTTP receiver in the test's process. Status other than 200
// is what it answers to everything.
type backend struct {
	*httptest.Server
	mu      sync.Mutex
	status  int
	says    string
	spans   []*tracepb.Span
	metrics []*metricsdata.Metric
	auth    string

	resource string // of all that it got
}

func newBackend(t *testing.T, status int) *backend {
	t.Helper()
	b := &backend{status: status}
	b.Server = httptest.NewServer(b)
	t.Cleanup(b.Close)
	return b
}

func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.auth = r.Header.Get("Authorization")
	if b.status != 200 {
		w.WriteHeader(b.status)
		io.WriteString(w, b.says+b.auth)
		return
	}
	z, err := gzip.NewReader(r.Body)
	if err != nil {
		w.WriteHeader(400)
		return
	}
	raw, _ := io.ReadAll(z)
	if r.URL.Path == "/v1/metrics" {
		var m metricspb.ExportMetricsServiceRequest
		if proto.Unmarshal(raw, &m) == nil {
			b.metrics = append(b.metrics, m.ResourceMetrics[0].ScopeMetrics[0].Metrics...)
			b.resource += m.ResourceMetrics[0].Resource.String()
		}
		return
	}
	var m collectorpb.ExportTraceServiceRequest
	if proto.Unmarshal(raw, &m) != nil {
		w.WriteHeader(400)
		return
	}
	for _, rs := range m.ResourceSpans {
		b.resource += rs.Resource.String()
		for _, ss := range rs.ScopeSpans {
			b.spans = append(b.spans, ss.Spans...)
		}
	}
}

const claudeTrace = "../../testdata/transcripts/claude-stream-json"

// exporting runs a command with a clock in which waiting takes no time.
func exporting(t *testing.T, env map[string]string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs strings.Builder
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	e := Env{
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Getenv: func(k string) string { return env[k] },
		Now: func() time.Time { return now },
		Export: clock.Clock{Now: func() time.Time { return now }, Sleep: func(ctx context.Context, d time.Duration) error {
			now = now.Add(d)
			return ctx.Err()
		}},
	}
	code = Main(t.Context(), e, args)
	return out.String(), errs.String(), code
}

func TestExportNowhere(t *testing.T) {
	stdout, stderr, code := exporting(t, nil, "export", claudeTrace)
	if stdout+stderr != "" || code != 0 {
		t.Errorf("exit %d\n%s%s", code, stdout, stderr)
	}
}

func TestExportTwice(t *testing.T) {
	b := newBackend(t, 200)
	sent := filepath.Join(t.TempDir(), "sent.jsonl")
	args := []string{"export", "--sent", sent, "--endpoint", b.URL + " KEY", claudeTrace}
	env := map[string]string{"KEY": "authorization=Bearer%20s3cret"}
	_, stderr, code := exporting(t, env, args...)
	first := len(b.spans)
	if code != 0 || first == 0 || b.auth != "Bearer s3cret" || !strings.Contains(stderr, fmt.Sprintf("sent %d spans to 127.0.0.1", first)) {
		t.Fatalf("exit %d, %d spans\n%s", code, first, stderr)
	}
	if _, stderr, code := exporting(t, env, args...); code != 0 || len(b.spans) != first || strings.Contains(stderr, "sent") {
		t.Errorf("again: exit %d, %d spans\n%s", code, len(b.spans), stderr)
	}
	other := newBackend(t, 200)
	if exporting(t, env, append(args, "--endpoint", other.URL)...); len(b.spans) != first || len(other.spans) != first {
		t.Errorf("with another: %d and %d spans", len(b.spans), len(other.spans))
	}
	if exporting(t, env, append(args, "--force")...); len(b.spans) != 2*first {
		t.Errorf("with --force: %d spans, want %d", len(b.spans), 2*first)
	}
	for i, s := range b.spans[:first] {
		if string(s.SpanId) != string(b.spans[first+i].SpanId) {
			t.Fatalf("span %d has another id", i)
		}
	}
	raw, err := os.ReadFile(sent)
	if err != nil || strings.Contains(string(raw), "127.0.0.1") || strings.Contains(string(raw), "s3cret") {
		t.Errorf("%v\n%s", err, raw)
	}
}

func TestExportFails(t *testing.T) {
	good, bad := newBackend(t, 200), newBackend(t, 500)
	bad.says = "no such thing; you sent "
	env := map[string]string{"KEY": "authorization=Bearer%20s3cret-of-the-backend", "GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": filepath.Join(t.TempDir(), "summary.md")}
	args := []string{"export", "--quiet", "--endpoint", bad.URL + " KEY", "--endpoint", good.URL, claudeTrace}
	_, stderr, code := exporting(t, env, args...)
	if code != 0 || len(good.spans) == 0 || !strings.Contains(stderr, "500 Internal Server Error no such thing") || !strings.Contains(stderr, "::warning title=Andon%3A export/failed::export failed: 127.0.0.1") {
		t.Errorf("exit %d, %d spans\n%s", code, len(good.spans), stderr)
	}
	summary, err := os.ReadFile(env["GITHUB_STEP_SUMMARY"])
	if err != nil || strings.Count(string(summary), "\n") != 3 || !strings.Contains(string(summary), "500 Internal Server Error") {
		t.Errorf("%v\n%s", err, summary)
	}
	if strings.Contains(stderr+string(summary), "s3cret") {
		t.Errorf("the key is shown\n%s%s", stderr, summary)
	}
	if _, stderr, code := exporting(t, env, append(args, "--on-export-error", "fail")...); code != 3 || strings.Contains(stderr, "s3cret") {
		t.Errorf("exit %d\n%s", code, stderr)
	}
}

// TestExportContent holds that an endpoint alone exposes nothing that an agent or
// a person has said, and that a credential is cut out at every level.
func TestExportContent(t *testing.T) {
	dir := t.TempDir()
	secret := "ghp_" + "0123456789abcdefghijABCDEFGHIJ012345"
	lines := `{"type":"run.start","run_id":"r1","time":"2026-11-20T10:00:00Z","agent":{"name":"review"}}
{"type":"tool.call","run_id":"r1","span_id":"00000000000000a1","start":"2026-11-20T10:00:01Z","end":"2026-11-20T10:00:02Z","tool":"Bash","failed":true,"error":{"type":"exit","message":"said ` + secret + ` loudly"}}
{"type":"decision","run_id":"r1","time":"2026-11-20T10:00:03Z","decision":{"kind":"approve","summary":"looks fine to me"}}
{"type":"run.end","run_id":"r1","time":"2026-11-20T10:00:04Z","status":"success"}
`
	trace := filepath.Join(dir, "t.jsonl")
	overrides := filepath.Join(dir, "overrides.jsonl")
	record := `{"schema":"andon.override/v1","id":"0123456789abcdef0123456789abcdef","time":"2026-11-20T11:00:00Z","repository":"o/r","subject":{"kind":"pull_request","number":12},"signal":"revert","strength":"strong","actor":{"login":"mona","kind":"human"},"agent":{"name":"review"},"decision":{"kind":"approve","time":"2026-11-20T10:00:00Z"},"run_id":"r1","reason":"broke everything","evidence":[]}`
	for name, text := range map[string]string{trace: lines, overrides: record + "\n"} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range []struct {
		level string
		words bool
	}{{"none", false}, {"redacted", true}, {"full", true}} {
		env := map[string]string{"ANDON_CONTENT": "full"} // of bundles, and not of this
		out, stderr, code := exporting(t, env, "export", "--quiet", "--otlp-file", "-", "--content", tc.level, trace, overrides)
		if code != 0 {
			t.Fatalf("exit %d\n%s", code, stderr)
		}
		for _, words := range []string{"looks fine to me", "broke everything", "loudly"} {
			if strings.Contains(out, words) != tc.words {
				t.Errorf("%s: %q is there: %v", tc.level, words, !tc.words)
			}
		}
		if strings.Contains(out, secret) {
			t.Errorf("%s: the credential is there", tc.level)
		}
	}
}

// TestExportLinks holds that an override has exactly one link, and that it leads
// to the span of the run, whether that was exported now or before.
func TestExportLinks(t *testing.T) {
	dir := t.TempDir()
	sent := filepath.Join(dir, "sent.jsonl")
	b := newBackend(t, 200)
	ci := map[string]string{"GITHUB_RUN_ID": "77", "GITHUB_REPOSITORY": "o/r", "GITHUB_JOB": "review", "GITHUB_WORKFLOW": "Review", "GITHUB_SHA": strings.Repeat("a", 40)}
	if _, stderr, code := exporting(t, ci, "export", "--sent", sent, "--endpoint", b.URL, claudeTrace); code != 0 {
		t.Fatal(stderr)
	}
	var root *tracepb.Span
	for _, s := range b.spans {
		for _, a := range s.Attributes {
			if s.Name == "invoke_agent claude-code" && a.Value.GetStringValue() == "5b0d6c1e-7a42-4f0e-9c53-2f6f0d1a9b11" {
				root = s
			}
		}
	}
	record := filepath.Join(dir, "o.json")
	text := `{"overrides":[{"schema":"andon.override/v1","id":"0123456789abcdef0123456789abcdef","time":"2026-11-20T11:00:00Z","repository":"o/r","subject":{"kind":"pull_request","number":12},"signal":"revert","strength":"strong","actor":{"kind":"human"},"agent":{},"decision":{},"run_id":"5b0d6c1e-7a42-4f0e-9c53-2f6f0d1a9b11","evidence":[]}],"agreements":[],"coverage":{}}`
	if err := os.WriteFile(record, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	b.spans = nil
	if _, stderr, code := exporting(t, nil, "export", "--sent", sent, "--endpoint", b.URL, record); code != 0 {
		t.Fatal(stderr)
	}
	if len(b.spans) != 1 || len(b.spans[0].Links) != 1 {
		t.Fatalf("got %v", b.spans)
	}
	if l := b.spans[0].Links[0]; string(l.SpanId) != string(root.SpanId) || string(l.TraceId) != string(root.TraceId) {
		t.Errorf("the link leads to %x, want %x", l.SpanId, root.SpanId)
	}
}

// TestExportLarge holds that a session of 100,000 spans goes out in requests of
// bounded size, with no more in memory than its steps and one request.
func TestExportLarge(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	const n = 100_000
	file := filepath.Join(t.TempDir(), "large.jsonl")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	enc := json.NewEncoder(f)
	at := func(i int) string { return time.Unix(1_790_000_000+int64(i), 0).UTC().Format(time.RFC3339) }
	enc.Encode(map[string]any{"type": "run.start", "run_id": "large", "time": at(0), "agent": map[string]any{"name": "a"}})
	for i := range n {
		enc.Encode(map[string]any{"type": "llm.call", "run_id": "large", "span_id": fmt.Sprintf("%016x", i+1), "start": at(i), "end": at(i + 1), "model": "m", "usage": map[string]any{"input_tokens": 3, "output_tokens": 2}})
	}
	enc.Encode(map[string]any{"type": "run.end", "run_id": "large", "time": at(n + 1), "status": "success"})
	f.Close()
	var most, spans int
	var heap uint64
	b := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		z, _ := gzip.NewReader(r.Body)
		raw, _ := io.ReadAll(z)
		var m collectorpb.ExportTraceServiceRequest
		if proto.Unmarshal(raw, &m) == nil {
			k := len(m.ResourceSpans[0].ScopeSpans[0].Spans)
			spans, most = spans+k, max(most, k)
		}
		if len(raw) > 4<<20 {
			t.Errorf("a request of %d bytes", len(raw))
		}
		if spans%20_480 < 512 {
			var s runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&s)
			heap = max(heap, s.HeapAlloc)
		}
	}))
	defer b.Close()
	if _, stderr, code := exporting(t, nil, "export", "--quiet", "--endpoint", b.URL, file); code != 0 || stderr != "" {
		t.Fatalf("exit %d\n%s", code, stderr)
	}
	if spans != n+1 || most > 512 {
		t.Errorf("%d spans, at most %d in a request", spans, most)
	}
	if heap > 160<<20 {
		t.Errorf("%d MiB in use", heap>>20)
	}
	t.Logf("%d MiB in use at most", heap>>20)
}

// TestExportDelta holds that metrics of what is sent go with it once, and only
// where they are asked for.
func TestExportDelta(t *testing.T) {
	b := newBackend(t, 200)
	args := []string{"export", "--sent", filepath.Join(t.TempDir(), "sent.jsonl"), "--endpoint", b.URL, claudeTrace}
	for i, tc := range []struct {
		args []string
		want float64
	}{{append(args, "--metrics", "delta"), 3}, {append(args, "--metrics", "delta"), 0}, {append(args, "--force"), 0}} {
		b.metrics = nil
		if _, stderr, code := exporting(t, nil, tc.args...); code != 0 || strings.Contains(stderr, "warning") {
			t.Fatalf("exit %d\n%s", code, stderr)
		}
		runs := 0.0
		for _, m := range b.metrics {
			if m.Name == "andon.runs" {
				if m.GetSum().AggregationTemporality != metricsdata.AggregationTemporality_AGGREGATION_TEMPORALITY_DELTA {
					t.Error("not delta")
				}
				for _, p := range m.GetSum().DataPoints {
					runs += p.GetAsDouble()
				}
			}
		}
		if runs != tc.want {
			t.Errorf("%d: %v runs, want %v", i, runs, tc.want)
		}
	}
	b.metrics = nil
	if _, stderr, code := exporting(t, nil, "metrics", "--endpoint", b.URL, claudeTrace); code != 0 || len(b.metrics) == 0 {
		t.Fatalf("exit %d\n%s", code, stderr)
	}
	for _, m := range b.metrics {
		if s := m.GetSum(); s != nil && (s.AggregationTemporality != metricsdata.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE || s.DataPoints[0].StartTimeUnixNano == 0) {
			t.Errorf("%s is not cumulative from a start", m.Name)
		}
	}
}

// TestExportBundles holds that what a job sent is not sent again from its bundle,
// and that a bundle is exported as the run that it is from.
func TestExportBundles(t *testing.T) {
	b, dir := newBackend(t, 200), t.TempDir()
	then := map[string]string{"GITHUB_RUN_ID": "77", "GITHUB_RUN_ATTEMPT": "2", "GITHUB_REPOSITORY": "o/r", "GITHUB_JOB": "review", "GITHUB_WORKFLOW": "Review", "GITHUB_SHA": strings.Repeat("a", 40)}
	bundle := filepath.Join(dir, "bundles", "one")
	if err := os.Mkdir(filepath.Dir(bundle), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, stderr, code := exporting(t, then, "collect", "--quiet", "--out", bundle, "--otlp-endpoint", b.URL, claudeTrace); code != 0 || len(b.spans) == 0 {
		t.Fatalf("exit %d\n%s", code, stderr)
	}
	ids := map[string]bool{}
	for _, s := range b.spans {
		ids[string(s.TraceId)+string(s.SpanId)] = true
	}
	now := map[string]string{"GITHUB_RUN_ID": "99", "GITHUB_REPOSITORY": "o/r", "TRACEPARENT": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
	b.spans = nil
	backfill := []string{"export", "--quiet", "--endpoint", b.URL, "--from-bundles", filepath.Dir(bundle)}
	if _, stderr, code := exporting(t, now, backfill...); code != 0 || len(b.spans) != 0 {
		t.Fatalf("exit %d, %d spans sent again\n%s", code, len(b.spans), stderr)
	}
	if _, stderr, code := exporting(t, now, append(backfill, "--force")...); code != 0 || len(b.spans) == 0 {
		t.Fatalf("exit %d, %d spans\n%s", code, len(b.spans), stderr)
	}
	for _, s := range b.spans {
		if !ids[string(s.TraceId)+string(s.SpanId)] {
			t.Errorf("%s has another id than when the job sent it", s.Name)
		}
	}
	if _, stderr, code := exporting(t, then, "collect", "--quiet", "--out", bundle, claudeTrace); code != 0 {
		t.Errorf("the bundle cannot be replaced: %s", stderr)
	}
}

// TestMetricsOfHistory holds that the metrics of a history are those of what was
// put into it.
func TestMetricsOfHistory(t *testing.T) {
	dir := t.TempDir()
	bundle, history := filepath.Join(dir, "bundle"), filepath.Join(dir, "history")
	env := map[string]string{"GITHUB_RUN_ID": "77", "GITHUB_REPOSITORY": "o/r", "GITHUB_JOB": "review", "GITHUB_WORKFLOW": "Review", "GITHUB_SHA": strings.Repeat("a", 40)}
	if _, stderr, code := exporting(t, env, "collect", "--quiet", "--out", bundle, claudeTrace); code != 0 {
		t.Fatal(stderr)
	}
	if _, stderr, code := exporting(t, nil, "sync", "--history", history+"/", bundle); code != 0 {
		t.Fatal(stderr)
	}
	direct, _, _ := exporting(t, env, "metrics", "--quiet", claudeTrace)
	kept, stderr, code := exporting(t, nil, "metrics", "--quiet", "--history", history+"/")
	if code != 0 {
		t.Fatal(stderr)
	}
	for _, line := range strings.Split(direct, "\n") {
		same := strings.HasPrefix(line, "andon_runs") || strings.HasPrefix(line, "andon_turns") || strings.HasPrefix(line, "gen_ai_invoke_agent")
		if same && !strings.Contains(kept, line+"\n") {
			t.Errorf("the history has no line %s", line)
		}
	}
	if !strings.Contains(kept, "andon_runs_total{") || !strings.Contains(kept, "andon_cost_USD_total{") {
		t.Errorf("got\n%s", kept)
	}
}
