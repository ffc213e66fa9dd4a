package emit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
	"github.com/andon-ci/andon/internal/validate"
)

func writer(t *testing.T, path string, o Options) *Writer {
	t.Helper()
	if o.Now == nil {
		o.Now = func() time.Time { return time.Date(2026, 11, 20, 9, 30, 0, 5e6, time.UTC) }
	}
	w, err := New(path, o)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// records reads a trace whose every line must be a valid record.
func records(t *testing.T, path string) []map[string]any {
	t.Helper()
	v, err := validate.New()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasSuffix(raw, []byte("\n")) {
		t.Errorf("the last line has no end")
	}
	var out []map[string]any
	for line := range bytes.Lines(raw) {
		var doc jsonl.Doc
		val, _, err := doc.Parse(line)
		if err != nil {
			t.Fatalf("line %d is torn: %v", len(out)+1, err)
		}
		for _, f := range v.Line(val, trace.Pos{Line: len(out) + 1}) {
			t.Errorf("line %d: %s", f.Pos.Line, f.Message)
		}
		var r map[string]any
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

// TestConcurrent lets 50 processes and 50 goroutines with Writers of their own
// append to one file, with lines over what a pipe or a page would take whole.
func TestConcurrent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "trace.jsonl")
	const each = 4
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			cmd := exec.Command(os.Args[0], "-test.run=^TestProcess$")
			cmd.Env = append(os.Environ(), "EMIT_TEST_FILE="+path, fmt.Sprintf("EMIT_TEST_RUN=process-%d", i))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
		wg.Go(func() { appendSome(t, path, fmt.Sprintf("goroutine-%d", i), each) })
	}
	wg.Wait()
	seen := map[any]int{}
	for _, r := range records(t, path) {
		seen[r["run_id"]]++
		if n := len(r["message"].(string)); n != 9000 {
			t.Errorf("a message of %d bytes", n)
		}
	}
	for i := range 50 {
		for _, name := range []string{"process", "goroutine"} {
			if n := seen[fmt.Sprintf("%s-%d", name, i)]; n != each {
				t.Errorf("%s %d: %d of %d records", name, i, n, each)
			}
		}
	}
}

// TestProcess is one of the processes of TestConcurrent.
func TestProcess(t *testing.T) {
	path := os.Getenv("EMIT_TEST_FILE")
	if path == "" {
		t.Skip("run by TestConcurrent")
	}
	appendSome(t, path, os.Getenv("EMIT_TEST_RUN"), 4)
}

func appendSome(t *testing.T, path, run string, n int) {
	w, err := New(path, Options{RunID: run})
	if err != nil {
		t.Error(err)
		return
	}
	for range n {
		if _, err := w.Append(map[string]any{"type": "log", "message": strings.Repeat("word word ", 900)}); err != nil {
			t.Error(err)
		}
	}
}

// TestShared lets goroutines share one Writer.
func TestShared(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trace.jsonl")
	w := writer(t, path, Options{RunID: "r"})
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if err := w.Tool(Tool{Name: "bash", ExitCode: new(0)}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	spans := map[any]bool{}
	for _, r := range records(t, path) {
		spans[r["span_id"]] = true
	}
	if len(spans) != 50 {
		t.Errorf("%d different spans of 50", len(spans))
	}
}

func TestLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trace.jsonl")
	open := func() *os.File {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	a, b := open(), open()
	if ok, err := tryLock(a); !ok || err != nil {
		t.Fatalf("got %v, %v", ok, err)
	}
	if ok, err := tryLock(b); ok || err != nil {
		t.Fatalf("a locked file: got %v, %v", ok, err)
	}
	if _, err := a.WriteString("{}\n"); err != nil {
		t.Error(err)
	}
	if n, err := b.Read(make([]byte, 3)); n != 3 {
		t.Errorf("others cannot read: %v", err)
	}
	unlock(a)
	if ok, err := tryLock(b); !ok || err != nil {
		t.Errorf("after unlock: got %v, %v", ok, err)
	}
}

func TestTyped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trace.jsonl")
	w := writer(t, path, Options{})
	id, err := w.Start(Run{Agent: "review-security", Prompt: "agent.md", Repository: "octo/gate", Subject: "pull_request", Number: 31})
	if err != nil || len(id) != 16 {
		t.Fatalf("got %q, %v", id, err)
	}
	at := time.Date(2026, 11, 20, 9, 29, 0, 0, time.UTC)
	steps := []error{
		w.Call(Call{Model: "m", Start: at, InputTokens: new(int64(812)), OutputTokens: new(int64(0)), CostUSD: new(0.01), Partial: true}),
		w.Tool(Tool{Name: "bash", SpanID: "00f067aa0ba902b1", ExitCode: new(0), Error: "none"}),
		w.Decision(Decision{Kind: "approve", ComposedFrom: []string{"a", "b"}, Findings: new(int64(0))}),
		w.End(End{Status: "success"}),
	}
	if err := errors.Join(steps...); err != nil {
		t.Fatal(err)
	}
	got := records(t, path)
	for _, r := range got {
		if r["run_id"] != id {
			t.Errorf("%s is of run %v", r["type"], r["run_id"])
		}
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"agent":{"instructions":{"path":"agent.md"},"name":"review-security"}`,
		`"subject":{"kind":"pull_request","number":31}`,
		`"end":"2026-11-20T09:30:00.005Z"`, `"start":"2026-11-20T09:29:00Z"`,
		`"usage":{"input_tokens":812,"output_tokens":0}`,
		`"error":{"message":"none"},"exit_code":0`,
		`"decision":{"composed_from":["a","b"],"findings":0,"kind":"approve"}`,
	} {
		if !bytes.Contains(raw, []byte(want)) {
			t.Errorf("the trace lacks %s:\n%s", want, raw)
		}
	}
}

// TestRefused holds that what is refused leaves no file behind.
func TestRefused(t *testing.T) {
	token := "ghp_" + strings.Repeat("aB3x", 9)
	for name, r := range map[string]map[string]any{
		"no type":       {"message": "m"},
		"unknown type":  {"type": "of.the.future"},
		"missing field": {"type": "log"},
		"wrong word":    {"type": "run.end", "status": "done"},
		"no number":     {"type": "score", "name": "n", "value": math.NaN()},
		"backwards":     {"type": "tool.call", "tool": "t", "start": "2026-11-20T09:30:02Z", "end": "2026-11-20T09:30:01Z"},
		"no start":      {"type": "run", "agent": map[string]any{"name": "a"}, "status": "success"},
		"large":         {"type": "log", "message": strings.Repeat("m", maxRecord)},
		"null":          {"type": "llm.call", "model": nil},
	} {
		path := filepath.Join(t.TempDir(), "trace.jsonl")
		_, err := writer(t, path, Options{RunID: "r"}).Append(r)
		var invalid *InvalidError
		if !errors.As(err, &invalid) || invalid.Message == "" || invalid.Hint == "" {
			t.Errorf("%s: got %#v", name, err)
		}
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s: a file was made", name)
		}
	}
	path := filepath.Join(t.TempDir(), "trace.jsonl")
	secrets := Options{RunID: "r", Secrets: []string{"correct-horse"}}
	for _, text := range []string{token, "it is correct-horse"} {
		_, err := writer(t, path, secrets).Append(map[string]any{"type": "log", "message": text})
		var leak *SecretError
		if !errors.As(err, &leak) || leak.Pointer != "/message" || strings.Contains(err.Error(), text) {
			t.Errorf("a credential: got %v", err)
		}
	}
	if _, err := writer(t, path, Options{}).Append(map[string]any{"type": "log", "message": "m"}); !errors.Is(err, ErrNoRun) {
		t.Errorf("no run: got %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a file was made")
	}
}

func TestRedacted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trace.jsonl")
	var told []*SecretError
	w := writer(t, path, Options{RunID: "r", Secrets: []string{"31415926"}, Redact: func(e *SecretError) { told = append(told, e) }})
	token := "ghp_" + strings.Repeat("aB3x", 9)
	if _, err := w.Append(map[string]any{"type": "log", "message": "with " + token + " in it"}); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(told) != 1 || bytes.Contains(raw, []byte(token)) || !bytes.Contains(raw, []byte("with [REDACTED:")) {
		t.Errorf("told %d times, wrote %s", len(told), raw)
	}
	records(t, path)
	// a figure without its digits is no record any more
	var invalid *InvalidError
	if _, err := w.Append(map[string]any{"type": "tool.call", "tool": "t", "args_bytes": 31415926}); !errors.As(err, &invalid) {
		t.Errorf("a figure that is a secret: got %v", err)
	}
}

// TestNotTorn holds that a line which another writer began stays alone, and
// that a file which is no trace stays as it is.
func TestNotTorn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trace.jsonl")
	log := map[string]any{"type": "log", "message": "m"}
	first := `{"type":"log","time":"2026-11-20T09:30:00Z","message":"a"}`
	for text, want := range map[string]string{
		first:                         first + "\n{",
		first + "\n":                  first + "\n{",
		first + "\n" + `{"type":"lo`:  first + "\n" + `{"type":"lo` + "\n{",
		"# A report\n":                "",
		"{\n \"type\": \"module\"\n}": "",
		"[]":                          "",
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := writer(t, path, Options{RunID: "r"}).Append(log)
		got, readErr := os.ReadFile(path)
		if readErr != nil {
			t.Fatal(readErr)
		}
		if want == "" && (!errors.Is(err, errNotTrace) || string(got) != text) {
			t.Errorf("%q: got %v, %q", text, err, got)
		}
		if want != "" && (err != nil || !strings.HasPrefix(string(got), want)) {
			t.Errorf("%q: got %v, %q", text, err, got)
		}
	}
}

func TestOpenRun(t *testing.T) {
	start := func(id string) string { return `{"type":"run.start","run_id":"` + id + `"}` + "\n" }
	end := func(id string) string { return `{"type":"run.end","run_id":"` + id + `"}` + "\n" }
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"no JSON\n" + `{"type":"run.start"}` + "\n", ""},
		{start("a"), "a"},
		{start("a") + end("a"), "a"},
		{start("a") + start("b"), "b"},
		{start("a") + start("b") + end("b"), "a"},
		{start("a") + start("b") + `{"type":"run.end"}` + "\n", "a"},
		{start("a") + start("b") + end("a"), "b"},
		{start("a") + end("a") + end("a") + `{"type":"run.end"}` + "\n" + start("c") + `{"type":"run.st`, "c"},
	} {
		path := filepath.Join(t.TempDir(), "trace.jsonl")
		if err := os.WriteFile(path, []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		if got, err := openRun(path); got != c.want || err != nil {
			t.Errorf("%q: got %q, %v, want %q", c.text, got, err, c.want)
		}
	}
	if got, err := openRun(filepath.Join(t.TempDir(), "none")); got != "" || err != nil {
		t.Errorf("no file: got %q, %v", got, err)
	}
}

// TestUnchanged holds that Append leaves the caller's record alone.
func TestUnchanged(t *testing.T) {
	r := map[string]any{"type": "log", "message": "m"}
	if _, err := writer(t, filepath.Join(t.TempDir(), "t"), Options{RunID: "r"}).Append(r); err != nil {
		t.Fatal(err)
	}
	if len(r) != 2 {
		t.Errorf("the record became %v", r)
	}
}

func BenchmarkAppend(b *testing.B) {
	path := filepath.Join(b.TempDir(), "trace.jsonl")
	w, err := New(path, Options{RunID: "r"})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := w.Call(Call{Model: "m", InputTokens: new(int64(812))}); err != nil {
			b.Fatal(err)
		}
	}
}

// TestSpecialFiles holds that what is no regular file is neither waited for nor
// written to.
func TestSpecialFiles(t *testing.T) {
	for _, path := range []string{t.TempDir(), os.DevNull} {
		for _, o := range []Options{{}, {RunID: "r"}} {
			if _, err := writer(t, path, o).Append(map[string]any{"type": "log", "message": "m"}); err == nil {
				t.Errorf("%s: written to", path)
			}
		}
	}
}
