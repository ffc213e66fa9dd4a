package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// TestExportHistory holds that what people did days later is a trace of one span
// with one link, to the span that the job exported, and is sent once.
func TestExportHistory(t *testing.T) {
	dir, b := t.TempDir(), newBackend(t, 200)
	bundle, kept := filepath.Join(dir, "bundle"), filepath.Join(dir, "history")
	job := map[string]string{
		"GITHUB_RUN_ID": "77", "GITHUB_RUN_ATTEMPT": "2", "GITHUB_REPOSITORY": "o/r", "GITHUB_JOB": "review", "GITHUB_WORKFLOW": "Review",
		"GITHUB_SHA": strings.Repeat("a", 40), "ANDON_CHECK_RUN_ID": "51", "ANDON_MATRIX": `{"go":"1.26"}`,
	}
	if _, stderr, code := exporting(t, job, "collect", "--quiet", "--out", bundle, "--otlp-endpoint", b.URL, claudeTrace); code != 0 {
		t.Fatal(stderr)
	}
	const run = "5b0d6c1e-7a42-4f0e-9c53-2f6f0d1a9b11"
	var want *tracepb.Span
	for _, s := range b.spans {
		for _, a := range s.Attributes {
			if s.Name == "invoke_agent claude-code" && a.Value.GetStringValue() == run {
				want = s
			}
		}
	}
	if _, stderr, code := exporting(t, nil, "sync", "--history", kept+"/", bundle); code != 0 {
		t.Fatal(stderr)
	}
	record := `{"schema":"andon.override/v1","id":"0123456789abcdef0123456789abcdef","time":"2026-11-20T11:00:00Z","repository":"o/r","subject":{"kind":"pull_request","number":12},"signal":"revert","strength":"strong","actor":{"kind":"human","login":"mona"},"agent":{},"decision":{},"run_id":"` + run + `","evidence":[]}`
	day := filepath.Join(kept, "overrides", "2026", "11", "20.jsonl")
	if err := os.MkdirAll(filepath.Dir(day), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(day, []byte(record+"\nno record\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{"export", "--quiet", "--history", kept + "/", "--sent", filepath.Join(dir, "sent.jsonl"), "--endpoint", b.URL}
	b.spans = nil
	for range 2 {
		if _, stderr, code := exporting(t, nil, args...); code != 0 {
			t.Fatal(stderr)
		}
	}
	if len(b.spans) != 1 || len(b.spans[0].Links) != 1 || b.spans[0].Name != "override revert" {
		t.Fatalf("got %v", b.spans)
	}
	if l := b.spans[0].Links[0]; string(l.SpanId) != string(want.SpanId) || string(l.TraceId) != string(want.TraceId) {
		t.Errorf("the link leads to %x, want %x", l.SpanId, want.SpanId)
	}
	for _, a := range b.spans[0].Attributes {
		if a.Value.GetStringValue() == "mona" {
			t.Errorf("%s names a person", a.Key)
		}
	}
	b.spans = nil
	if _, stderr, code := exporting(t, nil, append(args, "--force", "--max-age", "2026-11-21")...); code != 0 || len(b.spans) != 0 {
		t.Errorf("exit %d, %d spans\n%s", code, len(b.spans), stderr)
	}
}
