package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestExportFileElsewhere holds that --otlp-file writes to what is behind a link,
// and never puts a file in the place of a device.
func TestExportFileElsewhere(t *testing.T) {
	dir := t.TempDir()
	real, link, null := filepath.Join(dir, "real.jsonl"), filepath.Join(dir, "link.jsonl"), filepath.Join(dir, "null")
	for name, target := range map[string]string{link: real, null: os.DevNull} {
		if err := os.Symlink(target, name); err != nil {
			t.Skip(err)
		}
	}
	if err := os.WriteFile(real, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{link, null} {
		if _, stderr, code := exporting(t, nil, "export", "--otlp-file", name, claudeTrace); code != 0 {
			t.Fatalf("%s: exit %d\n%s", name, code, stderr)
		}
		if _, err := os.Readlink(name); err != nil {
			t.Errorf("the link is gone: %v", err)
		}
	}
	if raw, err := os.ReadFile(real); err != nil || !strings.HasPrefix(string(raw), `{"resourceSpans":`) {
		t.Errorf("what the link leads to: %v, %.40s", err, raw)
	}
}

// TestSentByTwo holds that exports at the same time do not forget what the others
// have sent.
func TestSentByTwo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sent.jsonl")
	first, err := newMemory(path)
	if err != nil {
		t.Fatal(err)
	}
	second, err := newMemory(path)
	if err != nil {
		t.Fatal(err)
	}
	e := export{env: Env{Stderr: &strings.Builder{}}}
	for i, m := range []*memory{first, second} {
		m.put(sentLine{Endpoint: "e", Span: string(rune('a' + i)), Digest: "d"})
		m.added = m.lines
		e.remember(m)
	}
	both, err := newMemory(path)
	if err != nil || len(both.lines) != 2 {
		t.Errorf("%v, %d lines", err, len(both.lines))
	}
}

// TestSentOfAnother holds that a file that is none of what was sent stays.
func TestSentOfAnother(t *testing.T) {
	b := newBackend(t, 200)
	path := filepath.Join(t.TempDir(), "report.json")
	const text = `{"schema":"andon.session/v1"}` + "\n"
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	_, stderr, code := exporting(t, nil, "export", "--sent", path, "--endpoint", b.URL, claudeTrace)
	if raw, err := os.ReadFile(path); code == 0 || err != nil || string(raw) != text || len(b.spans) > 0 {
		t.Errorf("exit %d, %d spans, %v, %s\n%s", code, len(b.spans), err, raw, stderr)
	}
}

// TestExportResource holds that what the environment says of the resource is
// scanned like the rest, its names too, with spans and with metrics.
func TestExportResource(t *testing.T) {
	secret := "ghp_" + "0123456789abcdefghijABCDEFGHIJ012345"
	b := newBackend(t, 200)
	env := map[string]string{"OTEL_SERVICE_NAME": "svc-" + secret, "OTEL_RESOURCE_ATTRIBUTES": secret + "=x,team=" + secret}
	for _, args := range [][]string{
		{"export", "--metrics", "delta", "--otlp-file", "-", "--endpoint", b.URL, claudeTrace}, {"metrics", "--endpoint", b.URL, claudeTrace},
	} {
		b.resource = ""
		out, stderr, code := exporting(t, env, args...)
		if code != 0 || b.resource == "" || strings.Contains(out+b.resource, secret) {
			t.Errorf("%s: exit %d\n%s%s", args[0], code, b.resource, stderr)
		}
	}
}

// TestExportOfABundle holds that a run has the name in a bundle that it has in
// its files: what the program is called, where nobody named the agent.
func TestExportOfABundle(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "bundle")
	file := filepath.Join(claudeTrace, "review.jsonl")
	if _, stderr, code := exporting(t, nil, "collect", "--quiet", "--out", dir, file); code != 0 {
		t.Fatalf("exit %d\n%s", code, stderr)
	}
	for _, from := range []string{file, dir} {
		out, stderr, code := exporting(t, nil, "export", "--otlp-file", "-", from)
		if code != 0 || !strings.Contains(out, `"name":"invoke_agent claude-code"`) {
			t.Errorf("%s: exit %d\n%s%.400s", from, code, stderr, out)
		}
	}
}

// TestMetricsRefuses holds that metrics does not take in silence what it does
// not do.
func TestMetricsRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "m.jsonl")
	for _, flags := range [][]string{{"--otlp-file", file}, {"--max-age", "7d"}, {"--sent", file}, {"--scores"}, {"--ci-spans"}, {"--force"}} {
		out, stderr, code := exporting(t, nil, append(append([]string{"metrics"}, flags...), claudeTrace)...)
		if code != 2 || out != "" || !strings.Contains(stderr, flags[0]) {
			t.Errorf("%v: exit %d\n%s", flags, code, stderr)
		}
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("there is a file with nothing in it")
	}
}
