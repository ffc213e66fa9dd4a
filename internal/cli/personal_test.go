package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/validate"
)

// data is personal data of every kind, and what must not be left of each.
func data() map[string]string {
	return map[string]string{
		"alice.smith@corp.example": "alice.smith", "81.2.69.142": "81.2.69.142", "+49 30 901820": "901820",
		"4111 1111 1111 1111": "1111 1111", "/home/asmith/x": "asmith",
	}
}

// personalTrace writes a trace that holds personal data in every place that ends
// up in a report.
func personalTrace(t *testing.T) string {
	t.Helper()
	var all []string
	for d := range data() {
		all = append(all, d)
	}
	line := func(format string) string {
		return strings.ReplaceAll(format, "DATA", strings.Join(all, "; ")) + "\n"
	}
	return write(t, t.TempDir(), "alice.smith@corp.example.jsonl", []byte(
		line(`{"type":"run.start","run_id":"of alice.smith@corp.example","time":"2026-11-20T10:00:00Z","agent":{"name":"agent DATA"}}`)+
			line(`{"type":"tool.call","span_id":"00f067aa0ba902b7","start":"2026-11-20T10:00:00Z","end":"2026-11-20T10:00:01Z","tool":"curl DATA","failed":true,"error":{"type":"DATA","message":"denied: DATA"}}`)+
			line(`{"type":"decision","time":"2026-11-20T10:00:02Z","decision":{"kind":"approve","summary":"it is DATA"}}`)+
			line(`{"type":"run.end","time":"2026-11-20T10:00:03Z","status":"failure","error":{"type":"x","message":"DATA"}}`)))
}

// TestPersonalDataIsNotWritten holds that with --pii no byte that is written has
// personal data in it, and that it changes nothing else: neither what is found
// nor how the command ends.
func TestPersonalDataIsNotWritten(t *testing.T) {
	trace := personalTrace(t)
	v, err := validate.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, content := range []string{"none", "redacted", "full"} {
		for _, onSecret := range []string{"suppress", "redact", "fail"} {
			for _, format := range []string{"text", "markdown", "json"} {
				name := fmt.Sprintf("%s, %s, %s", content, onSecret, format)
				out := filepath.Join(t.TempDir(), "bundle")
				env := map[string]string{"ANDON_PII": "true"}
				stdout, stderr, code := runMain(t, env, "collect", "--quiet", "--out", out, "--content", content, "--on-secret", onSecret, "--format", format, "--fail-on", "secret/*", trace)
				if code != 0 {
					t.Fatalf("%s: exit %d\n%s", name, code, stderr)
				}
				said := stdout + stderr
				for file, raw := range folder(t, out) {
					said += file + "\n" + string(raw)
				}
				for d, left := range data() {
					if i := strings.Index(said, left); i >= 0 {
						t.Errorf("%s: %s is left: …%.120s", name, d, said[max(0, i-60):])
					}
				}
				raw := folder(t, out)["session.json"]
				for _, f := range v.Document("session", raw, "session.json") {
					t.Errorf("%s: %s %s", name, f.Pointer, f.Message)
				}
				var r session.Report
				if err := json.Unmarshal(raw, &r); err != nil {
					t.Fatal(err)
				}
				if want := content != "none"; (len(r.Coverage.Personal) == 5) != want || r.Coverage.Suppressed != 0 {
					t.Errorf("%s: %+v", name, r.Coverage)
				}
				if want := content != "none" && format != "json"; strings.Contains(stdout, "personal data") != want {
					t.Errorf("%s: the summary says\n%s", name, stdout)
				}
			}
		}
	}
}

// folder returns the files of a folder by name.
func folder(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		files[path[len(dir)+1:]] = raw
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestPersonalDataStays holds that nothing looks for personal data unless asked.
func TestPersonalDataStays(t *testing.T) {
	trace := personalTrace(t)
	out := filepath.Join(t.TempDir(), "copies")
	stdout, stderr, code := runMain(t, nil, "scan", "--redact", out, trace)
	if code != 0 || !strings.Contains(stdout, "no findings") {
		t.Fatalf("exit %d\n%s%s", code, stdout, stderr)
	}
	want, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range folder(t, out) {
		if !bytes.Equal(got, want) {
			t.Error("the copy differs")
		}
	}
	for _, value := range []string{"maybe", ""} {
		_, _, code := runMain(t, map[string]string{"ANDON_PII": value}, "collect", "--quiet", trace)
		if (code == 2) != (value != "") {
			t.Errorf("ANDON_PII=%q: exit %d", value, code)
		}
	}
}
