package cli

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
	"github.com/andon-ci/andon/internal/validate"
)

const examples = "../../testdata/transcripts"

// planted is a credential that a trace of the tests holds, put together here so
// that no committed file holds it.
const planted = "ghp_" + "q7RfW2mKx9ZsVb4TnYc8" + "LdPg6HjQ3eUa5XwM"

// leaky writes a trace that holds the planted credential in every place that
// ends up in a report.
func leaky(t *testing.T) string {
	t.Helper()
	line := func(format string) string { return strings.ReplaceAll(format, "KEY", planted) + "\n" }
	return write(t, t.TempDir(), planted+".jsonl", []byte(
		line(`{"type":"run.start","run_id":"leaky","time":"2026-11-20T10:00:00Z","agent":{"name":"agent KEY"}}`)+
			line(`{"type":"tool.call","span_id":"00f067aa0ba902b7","start":"2026-11-20T10:00:00Z","end":"2026-11-20T10:00:01Z","tool":"curl KEY","failed":true,"error":{"type":"KEY","message":"denied: KEY"}}`)+
			line(`{"type":"decision","time":"2026-11-20T10:00:02Z","decision":{"kind":"approve","summary":"the key is KEY"}}`)+
			line(`{"type":"run.end","time":"2026-11-20T10:00:03Z","status":"failure","error":{"type":"x","message":"KEY"}}`)))
}

// bundleOf collects into a bundle and returns its files by name.
func bundleOf(t *testing.T, want int, args ...string) map[string][]byte {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "bundle")
	stdout, stderr, code := runMain(t, nil, append([]string{"collect", "--quiet", "--out", dir}, args...)...)
	if code != want {
		t.Fatalf("exit %d, want %d\n%s", code, want, stderr)
	}
	if strings.Contains(stdout+stderr, planted) {
		t.Errorf("the credential is printed:\n%s%s", stdout, stderr)
	}
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		rel, relErr := filepath.Rel(dir, path)
		files[filepath.ToSlash(rel)] = raw
		return errors.Join(err, relErr)
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return files
}

func traces(files map[string][]byte) []string {
	var out []string
	for name := range files {
		if strings.HasPrefix(name, "traces/") {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// TestWrittenIsValid holds everything that is written to its own schema.
func TestWrittenIsValid(t *testing.T) {
	v, err := validate.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"--pr", "31", "--repository", "octo/gate", "--sha", "0123456789ab", filepath.Join(examples, "claude-session"), filepath.Join(examples, "andon-trace")},
		{examples},
		{leaky(t)},
	} {
		files := bundleOf(t, 0, args...)
		check := func(schema, name string, raw []byte) {
			for _, f := range v.Document(schema, raw, name) {
				t.Errorf("%v: %s%s: %s", args, name, f.Pointer, f.Message)
			}
		}
		check("bundle", "manifest.json", files["manifest.json"])
		check("session", "session.json", files["session.json"])
		for line := range bytes.Lines(files["runs.jsonl"]) {
			check("rollup", "runs.jsonl", line)
		}
		for _, name := range traces(files) {
			for line := range bytes.Lines(files[name]) {
				var doc jsonl.Doc
				val, _, err := doc.Parse(line)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				for _, f := range v.Line(val, trace.Pos{File: name}) {
					t.Errorf("%s: %s%s in %s", name, f.Message, f.Pointer, line)
				}
			}
		}
	}
}

// TestManifest holds the manifest to the files beside it.
func TestManifest(t *testing.T) {
	files := bundleOf(t, 0, filepath.Join(examples, "claude-session"))
	var m manifest
	if err := json.Unmarshal(files["manifest.json"], &m); err != nil {
		t.Fatal(err)
	}
	if len(m.Files) != len(files)-1 {
		t.Errorf("the manifest lists %d files of %d", len(m.Files), len(files)-1)
	}
	for _, f := range m.Files {
		sum := sha256.Sum256(files[f.Path])
		if hex.EncodeToString(sum[:]) != f.SHA256 || int64(len(files[f.Path])) != f.Bytes {
			t.Errorf("%s is not what the manifest says", f.Path)
		}
	}
}

// TestOnSecret shows what becomes of a trace that holds a credential. In no case
// does the credential leave.
func TestOnSecret(t *testing.T) {
	tests := []struct {
		args    string
		exit    int
		verdict string // empty: no bundle
		traces  int
	}{
		{"", 0, "suppressed", 1},
		{"--on-secret suppress --content full", 0, "suppressed", 1},
		{"--on-secret redact", 0, "redacted", 2},
		{"--on-secret redact --content full", 0, "redacted", 2},
		{"--on-secret redact --content redacted", 0, "redacted", 2},
		{"--on-secret fail", 1, "", 0},
		{"--fail-on secret/*", 1, "suppressed", 1},
		{"--fail-on error", 1, "suppressed", 1},
		{"--fail-on trace/truncated", 0, "suppressed", 1},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			args := append(strings.Fields(tt.args), leaky(t), filepath.Join(examples, "claude-stream-json", "review.jsonl"))
			files := bundleOf(t, tt.exit, args...)
			for name, raw := range files {
				if bytes.Contains(raw, []byte(planted)) || strings.Contains(name, planted) {
					t.Errorf("%s holds the credential", name)
				}
			}
			var m manifest
			if tt.verdict != "" {
				if err := json.Unmarshal(files["manifest.json"], &m); err != nil {
					t.Fatal(err)
				}
			}
			if m.Scan.Verdict != tt.verdict || len(traces(files)) != tt.traces {
				t.Errorf("verdict %q with traces %v", m.Scan.Verdict, traces(files))
			}
			if tt.verdict != "" && !bytes.Contains(files["runs.jsonl"], []byte(`"leaky"`)) {
				t.Error("the rollup of the leaking run is not kept")
			}
		})
	}
}

// TestContent holds that no text of a trace is in a bundle that was not asked
// to have it.
func TestContent(t *testing.T) {
	const said = "I'll read the change first"
	for level, want := range map[string]bool{"none": false, "redacted": true, "full": true} {
		files := bundleOf(t, 0, "--content", level, filepath.Join(examples, "claude-stream-json", "review.jsonl"))
		found := false
		for _, name := range traces(files) {
			found = found || bytes.Contains(files[name], []byte(said))
		}
		if found != want || len(traces(files)) != 1 {
			t.Errorf("--content %s: text there %v, want %v; traces %v", level, found, want, traces(files))
		}
	}
}

// TestBundleIsReadAgain collects a bundle's own traces, and gets the same
// figures.
func TestBundleIsReadAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "bundle")
	source := filepath.Join(examples, "claude-session")
	if _, stderr, code := runMain(t, nil, "collect", "--out", dir, source); code != 0 {
		t.Fatal(stderr)
	}
	first, again := figures(collected(t, source)), figures(collected(t, filepath.Join(dir, "traces")))
	if fmt.Sprint(first) != fmt.Sprint(again) {
		t.Errorf("read again, the figures are\n%v\nand were\n%v", again, first)
	}
	out, stderr, code := runMain(t, nil, "show", "--run", "5b0d", dir)
	if code != 0 || !strings.Contains(out, "Bash") {
		t.Errorf("show: exit %d\n%s%s", code, out, stderr)
	}
}

func TestBundlePlace(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "precious.txt", []byte("mine"))
	_, stderr, code := runMain(t, nil, "collect", "--out", dir, filepath.Join(examples, "andon-trace"))
	if code != exitUsage || !strings.Contains(stderr, "is no bundle") {
		t.Errorf("exit %d: %s", code, stderr)
	}
	if _, err := os.Stat(filepath.Join(dir, "precious.txt")); err != nil {
		t.Error("a folder that is no bundle was replaced")
	}
	bundle := filepath.Join(t.TempDir(), "b")
	for range 2 { // an earlier bundle is replaced
		if _, stderr, code := runMain(t, nil, "collect", "--out", bundle, filepath.Join(examples, "andon-trace")); code != 0 {
			t.Errorf("exit %d: %s", code, stderr)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(bundle), ".andon-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestSameBytes holds that the same input gives the same bytes.
func TestSameBytes(t *testing.T) {
	for _, format := range []string{"json", "markdown", "text"} {
		first, _, _ := runMain(t, nil, "collect", "--format", format, examples)
		again, _, _ := runMain(t, nil, "collect", "--format", format, examples)
		if first != again || first == "" {
			t.Errorf("%s differs from run to run", format)
		}
	}
}
