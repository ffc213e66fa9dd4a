package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/ingest"
	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

// outlines reads texts, each as a file, and tells of each run what they say.
func outlines(texts ...[]byte) string {
	c := session.NewCollector(nil)
	for n, text := range texts {
		f := ingest.New(ingest.Options{Name: fmt.Sprint(n), Emit: c.Add, Find: func(finding.Finding) {}})
		feed(f, text)
		f.Close()
	}
	var out []string
	for _, run := range c.Runs() {
		r := run.Run
		s := fmt.Sprintf("%s: %v calls, %v failed, %+v, %v tools, %v failed, %v sub-agents, %s, start %v, %vms, %s", r.ID, r.LLMCalls, r.LLMErrors, r.Usage,
			r.ToolCalls, r.ToolErrors, r.Subagents, r.Status, r.Start, r.DurationMS, r.Runtime.Name)
		if r.Decision != nil {
			s += fmt.Sprintf(", %s %q", r.Decision.Kind, r.Decision.Summary)
		}
		if r.ForkedFrom != "" {
			s += ", from " + r.ForkedFrom
		}
		out = append(out, s)
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// named returns the transcripts that name their runs, by folder. Those of the
// others cannot be told apart once they are joined.
func named(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for _, dir := range []string{
		"amp", "andon-trace", "claude-session", "claude-stream-json", "codex-exec", "codex-rollout", "copilot-cli", "droid", "gemini-cli",
		"opencode", "pi", "qwen-code",
	} {
		files, err := filepath.Glob("../../testdata/transcripts/" + dir + "/*.jsonl")
		if err != nil || len(files) == 0 {
			t.Fatalf("no transcripts of %s: %v", dir, err)
		}
		out[dir] = files
	}
	return out
}

// TestJoined joins two files, as cat does, and expects the runs of both to be
// read as if each had been a file of its own.
func TestJoined(t *testing.T) {
	for _, files := range named(t) {
		for _, x := range files {
			for _, y := range files {
				if x == y && (strings.Contains(x, "subagent") || strings.Contains(x, "broken")) { // whose own id is no run's, or whose calls have none
					continue
				}
				joined(t, x, y)
			}
		}
	}
}

// TestJoinedAcross does the same with files of different agents.
func TestJoinedAcross(t *testing.T) {
	all := named(t)
	for _, xs := range all {
		for _, ys := range all {
			if xs[0] != ys[0] {
				joined(t, xs[len(xs)-1], ys[0])
			}
		}
	}
}

// TestJoinedRecordings does the same with recordings of the real CLIs: streams,
// session files, and both of one run.
func TestJoinedRecordings(t *testing.T) {
	truths(t) // skips without them
	of := func(cli, scenario string) (files []string) {
		err := filepath.WalkDir(filepath.Join(transcripts, cli, scenario), func(p string, d os.DirEntry, err error) error {
			if err == nil && strings.HasSuffix(p, ".jsonl") && !strings.Contains(p, "otel") && d.Type().IsRegular() {
				files = append(files, p)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return files
	}
	for _, cli := range []string{"claude-2.1.329", "codex-0.169.0", "copilot-1.0.102", "gemini-0.61.0", "opencode-1.18.33"} {
		files := append(of(cli, "approve"), of(cli, "subagent")...)
		for _, x := range files {
			for _, y := range files {
				if x != y {
					joined(t, x, y)
				}
			}
		}
	}
}

func joined(t *testing.T, x, y string) {
	t.Helper()
	a, b := content(t, x), content(t, y)
	if format(a) == format(b) {
		b = renamed(a, b)
	}
	name := filepath.Base(filepath.Dir(x)) + "/" + filepath.Base(x) + "+" + filepath.Base(filepath.Dir(y)) + "/" + filepath.Base(y)
	t.Run(name, func(t *testing.T) {
		if want, got := outlines(a, b), outlines(slices.Concat(a, b)); got != want {
			t.Errorf("joined\n%s\napart\n%s", got, want)
		}
	})
}

func content(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasSuffix(raw, []byte("\n")) {
		raw = append(raw, '\n')
	}
	return raw
}

// format returns what a text is as a file.
func format(text []byte) string {
	f := ingest.New(ingest.Options{Emit: func(trace.Record) {}, Find: func(finding.Finding) {}})
	feed(f, text)
	return f.Close().Format
}

func feed(f *ingest.File, text []byte) {
	r := jsonl.NewReader(bytes.NewReader(text), 0)
	for {
		chunk, err := r.Next()
		if err != nil {
			return
		}
		f.Chunk(chunk)
	}
}

// renamed gives the runs of b other ids where a has the same.
func renamed(a, b []byte) []byte {
	known := map[string]bool{}
	for line := range strings.Lines(outlines(a)) {
		id, _, _ := strings.Cut(line, ": ")
		known[id] = true
	}
	for line := range strings.Lines(outlines(b)) {
		if id, _, _ := strings.Cut(line, ": "); known[id] {
			b = bytes.ReplaceAll(b, []byte(id), []byte(id[:len(id)-1]+"x"))
		}
	}
	return b
}
