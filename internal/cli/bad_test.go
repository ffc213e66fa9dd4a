package cli

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/session"
)

// good is a native trace with one run, which every bad input is put beside.
const good = `{"type":"run.start","run_id":"good","time":"2026-11-20T10:00:00Z","agent":{"name":"reviewer"}}
{"type":"llm.call","span_id":"00f067aa0ba902b7","start":"2026-11-20T10:00:01Z","end":"2026-11-20T10:00:02Z","model":"gpt-5","usage":{"input_tokens":10,"output_tokens":5}}
{"type":"run.end","time":"2026-11-20T10:00:03Z","status":"success"}
`

func write(t *testing.T, dir, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestBadInput reads each bad input beside a good one. The good one is always
// read, and the bad one is a finding that says where.
func TestBadInput(t *testing.T) {
	start := `{"type":"run.start","run_id":"bad","time":"2026-11-20T10:00:00Z","agent":{"name":"a"}}` + "\n"
	call := func(field string) string {
		return `{"type":"llm.call","span_id":"00f067aa0ba902b8","start":"2026-11-20T10:00:01Z","end":"2026-11-20T10:00:02Z","model":"m"` + field + "}\n"
	}
	tests := []struct {
		name    string
		content string
		rule    string // the finding that must be there; empty: none may be
		line    int
	}{
		{"empty", "", "input/empty", 0},
		{"blank", "\n\n  \n", "input/empty", 0},
		{"byte order mark", "\xef\xbb\xbf" + start, "", 0},
		{"CRLF", strings.ReplaceAll(start, "\n", "\r\n"), "", 0},
		{"NUL", start + "\x00\x00\x00\n", "trace/invalid-json", 2},
		{"NUL in a string", start + "{\"type\":\"log\",\"message\":\"\x00\"}\n", "trace/invalid-json", 2},
		{"invalid UTF-8", start + "{\"type\":\"log\",\"time\":\"2026-11-20T10:00:01Z\",\"message\":\"\xff\xfe\"}\n", "trace/invalid-utf8", 2},
		{"truncated last line", start + `{"type":"llm.call","span_id":"00f067`, "trace/truncated", 2},
		{"broken line", start + `{"type":"log",,}` + "\n" + call(""), "trace/invalid-json", 2},
		{"10,000 levels", start + strings.Repeat("[", 10_000) + "\n", "trace/invalid-json", 2},
		{"10,000 levels, closed", start + `{"type":"log","a":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + "}\n", "trace/invalid-json", 2},
		{"duplicate keys", start + call(`,"model":"n"`), "trace/duplicate-key", 2},
		{"number beyond int64", start + call(`,"usage":{"input_tokens":99999999999999999999}`), "", 0},
		{"negative tokens", start + call(`,"usage":{"input_tokens":-1}`), "trace/bad-value", 2},
		{"wrong type", start + call(`,"usage":{"input_tokens":"many"}`), "trace/wrong-type", 2},
		{"missing field", start + `{"type":"llm.call","span_id":"00f067aa0ba902b8"}` + "\n", "trace/missing-field", 2},
		{"missing time", start + `{"type":"run.end","status":"success"}` + "\n", "trace/missing-field", 2},
		{"end before start", start + strings.Replace(call(""), "10:00:02", "09:00:02", 1), "trace/end-before-start", 2},
		{"times out of order", start + `{"type":"log","time":"2026-11-20T09:00:00Z","message":"x"}` + "\n", "trace/time-order", 2},
		{"a time nobody lives to see", start + `{"type":"log","time":"9999-12-31T23:59:59Z","message":"x"}` + "\n", "", 0},
		{"two runs with one id", start + start, "trace/duplicate-run", 2},
		{"two objects on a line", strings.TrimSpace(start) + call(""), "trace/several-values", 1},
		{"unknown type", start + `{"type":"dream"}` + "\n", "", 0},
		{"not a transcript", `{"hello":"world"}` + "\n", "input/unrecognised", 0},
		{"binary", "\x7fELF\x02\x01\x01\x00\x00\x00", "input/unrecognised", 0},
		{"only brackets", strings.Repeat("[{", 5000), "", -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			g := write(t, dir, "good.jsonl", []byte(good))
			b := write(t, dir, "bad.jsonl", []byte(tt.content))
			r := beside(t, nil, g, b)
			checkFinding(t, r, b, tt.rule, tt.line)
		})
	}
}

// beside collects paths of which one is the good trace, and checks that it was
// read.
func beside(t *testing.T, env map[string]string, paths ...string) *session.Report {
	t.Helper()
	out, stderr, code := runMain(t, env, append([]string{"collect", "--format", "json"}, paths...)...)
	if code != 0 && !strings.Contains(stderr, "does not exist") {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	var r session.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	for _, s := range r.Sessions {
		for _, run := range s.Runs {
			if run.ID == "good" && run.Status == "success" && run.Usage.Total().N() == 15 {
				return &r
			}
		}
	}
	t.Fatalf("the good trace was not read: %s", out)
	return nil
}

func checkFinding(t *testing.T, r *session.Report, file, rule string, line int) {
	t.Helper()
	var there []string
	for _, f := range allFindings(r) {
		if f.File != file || strings.HasPrefix(f.Rule, "failure/") { // of the run, not of the input
			continue
		}
		there = append(there, f.Rule)
		if f.Rule == rule {
			if line >= 0 && f.Line != line {
				t.Errorf("%s is reported at line %d, want %d", rule, f.Line, line)
			}
			if f.Message == "" || f.Hint == "" {
				t.Errorf("%s says no message or no hint: %+v", rule, f)
			}
		}
	}
	switch {
	case rule == "" && line == 0 && len(there) > 0:
		t.Errorf("unexpected findings: %v", there)
	case rule != "" && !slices.Contains(there, rule):
		t.Errorf("no finding %s; there are %v", rule, there)
	}
}

func TestBadFiles(t *testing.T) {
	dir := t.TempDir()
	g := write(t, dir, "good.jsonl", []byte(good))
	outside := write(t, t.TempDir(), "secret.jsonl", []byte(good))
	tree := filepath.Join(dir, "tree")
	if err := os.Mkdir(tree, 0o755); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(tree, "link.jsonl")
	if err := os.Symlink(outside, link); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	tests := []struct {
		name, path, file, rule string
	}{
		{"a path that is not there", filepath.Join(dir, "nosuch.jsonl"), filepath.Join(dir, "nosuch.jsonl"), "input/unreadable"},
		{"a pattern that matches nothing", filepath.Join(dir, "nosuch", "*.jsonl"), filepath.Join(dir, "nosuch", "*.jsonl"), "input/no-match"},
		{"a bad pattern", filepath.Join(dir, "[.jsonl"), filepath.Join(dir, "[.jsonl"), "input/no-match"},
		{"a link out of the folder", tree, link, "input/link"},
	}
	if runtime.GOOS != "windows" {
		tests = append(tests, struct{ name, path, file, rule string }{"a device", "/dev/zero", "/dev/zero", "input/not-a-file"})
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			checkFinding(t, beside(t, nil, g, tt.path), tt.file, tt.rule, 0)
		})
	}
	t.Run("a broken archive", func(t *testing.T) {
		b := write(t, dir, "broken.jsonl.gz", append([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00"), "nonsense"...))
		checkFinding(t, beside(t, nil, g, b), b, "input/unreadable", 0)
	})
	t.Run("an event that is not JSON", func(t *testing.T) {
		e := write(t, dir, "event.json", []byte("<html>"))
		checkFinding(t, beside(t, nil, "--event", e, g), e, "input/event", 0)
	})
}

func TestCompressed(t *testing.T) {
	var gz, zs bytes.Buffer
	w := gzip.NewWriter(&gz)
	w.Write([]byte(good))
	w.Close()
	z, err := zstd.NewWriter(&zs)
	if err != nil {
		t.Fatal(err)
	}
	z.Write([]byte(good))
	z.Close()
	for name, content := range map[string][]byte{"a.jsonl.gz": gz.Bytes(), "b.jsonl.zst": zs.Bytes(), "no-ending": gz.Bytes()} {
		t.Run(name, func(t *testing.T) {
			beside(t, nil, write(t, t.TempDir(), name, content))
		})
	}
}

func TestFolder(t *testing.T) {
	dir := t.TempDir()
	deep := filepath.Join(dir, "a", "b")
	if err := os.MkdirAll(deep, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, deep, "trace.txt", []byte(good)) // a name says nothing
	write(t, deep, "notes.md", []byte("# notes\n"))
	for _, path := range []string{dir, filepath.Join(dir, "**"), filepath.Join(dir, "**", "*.txt")} {
		r := beside(t, nil, path)
		for _, f := range allFindings(r) {
			if f.Severity.Rank() >= finding.Warning.Rank() {
				t.Errorf("%s: %s: %s", path, f.Rule, f.Message)
			}
		}
	}
}

// TestUnrecognisedReason says why a file that is one value is not read.
func TestUnrecognisedReason(t *testing.T) {
	dir := t.TempDir()
	for name, tt := range map[string]struct{ text, want string }{
		"wide.json": {`{"messages":[` + strings.Repeat("1,", 2<<20) + `1]}`, "recognised: not valid JSON: more than 2 million values within one at byte 4194"},
		"bad.json":  {`{"messages":[}`, "recognised: not valid JSON: "},
		"cut.json":  {`{"messages":[`, "recognised: the last record is cut off"},
		"none.json": {`{"messages":1}`, "no known transcript format was recognised [input"},
	} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(tt.text), 0o644); err != nil {
			t.Fatal(err)
		}
		stdout, stderr, code := runMain(t, nil, "collect", "--quiet", file)
		if flat := strings.Join(strings.Fields(stdout), " "); code != 0 || !strings.Contains(flat, tt.want) {
			t.Errorf("%s: %d %s%s", name, code, stdout, stderr)
		}
	}
}
