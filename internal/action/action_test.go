package action

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/trace"
)

// env returns an environment with the runner's files in a new folder.
func env(t *testing.T, more map[string]string) func(string) string {
	t.Helper()
	dir := t.TempDir()
	return func(k string) string {
		switch k {
		case "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY":
			return filepath.Join(dir, k)
		}
		return more[k]
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// commands returns the lines of a log that the runner takes for commands, as
// it does: with any space before them, unless they are stopped.
func commands(log string) []string {
	var out []string
	stopped := ""
	for _, l := range strings.FieldsFunc(log, func(r rune) bool { return r == '\n' || r == '\r' }) {
		l = strings.TrimSpace(l)
		token, isStop := strings.CutPrefix(l, "::stop-commands::")
		switch {
		case stopped != "":
			if l == "::"+stopped+"::" {
				stopped = ""
			}
		case isStop:
			stopped = token
		case strings.HasPrefix(l, "::"):
			out = append(out, l)
		}
	}
	return out
}

func TestAnnotate(t *testing.T) {
	at := func(file string, line int) trace.Pos { return trace.Pos{File: file, Line: line} }
	for name, tt := range map[string]struct {
		in   finding.Finding
		want string
	}{
		"in the workspace": {
			finding.Finding{Rule: "secret/aws", Severity: finding.Error, Message: "a key", Hint: "revoke it", Pos: at("t/a.jsonl", 3)},
			"::error file=t/a.jsonl,line=3,title=Andon%3A secret/aws::a key%0Ahint: revoke it",
		},
		"elsewhere": {
			finding.Finding{Rule: "r", Severity: finding.Warning, Message: "m", Pos: at("/home/runner/a.jsonl", 3)},
			"::warning title=Andon%3A r::m (/home/runner/a.jsonl:3)",
		},
		"above the workspace": {
			finding.Finding{Rule: "r", Severity: finding.Warning, Message: "m", Pos: at("../a.jsonl", 0)},
			"::warning title=Andon%3A r::m (../a.jsonl)",
		},
		"hostile": {
			finding.Finding{Rule: "r", Severity: finding.Warning, Message: "50%\n::error::x\r\x1b[31m\u202e", Pos: at("a\nb,line=9%", 1)},
			"::warning file=a b%2Cline=9%25,line=1,title=Andon%3A r::50%25 ::error::x  [31m",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var log strings.Builder
			if err := New(&log, env(t, nil)).Annotate([]finding.Finding{tt.in}); err != nil {
				t.Fatal(err)
			}
			if got := strings.TrimSuffix(log.String(), "\n"); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// Ten of a severity are shown, a rule of its own before another's second
// finding, and the rest is counted.
func TestAnnotateLimit(t *testing.T) {
	var fs []finding.Finding
	for i := range 24 {
		fs = append(fs, finding.Finding{Rule: "many", Severity: finding.Error, Message: fmt.Sprintf("m%02d", i)})
	}
	fs = append(fs, finding.Finding{Rule: "rare", Severity: finding.Error, Message: "only"})
	for range 11 {
		fs = append(fs, finding.Finding{Rule: "w", Severity: finding.Warning})
	}
	fs = append(fs, finding.Finding{Rule: "i", Severity: finding.Info, Message: "not shown"})
	var log strings.Builder
	if err := New(&log, env(t, nil)).Annotate(fs); err != nil {
		t.Fatal(err)
	}
	got := log.String()
	if n := strings.Count(got, "::error "); n != 10 {
		t.Errorf("%d errors", n)
	}
	if n := strings.Count(got, "::warning "); n != 10 {
		t.Errorf("%d warnings", n)
	}
	lines := strings.Split(got, "\n")
	if !strings.HasSuffix(lines[0], "::m00") || !strings.HasSuffix(lines[1], "::only") || !strings.HasSuffix(lines[2], "::m01") {
		t.Errorf("order: %q", lines[:3])
	}
	if want := "andon: 15 more of severity error, 1 more of severity warning: see the job summary and the bundle\n"; !strings.HasSuffix(got, want) {
		t.Errorf("got %q", got[len(got)-120:])
	}
	if strings.Contains(got, "not shown") {
		t.Error("a finding of severity info was annotated")
	}
}

func TestPrint(t *testing.T) {
	for _, text := range []string{
		"", "plain", "plain\n", "::error::x\n", "  ::set-output name=a::b", "\r::add-mask::a\r",
		"::stop-commands::x\n::x::\n::error::y\n", "##[add-matcher]/tmp/x",
	} {
		var log strings.Builder
		if err := New(&log, env(t, nil)).Print([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if got := commands(log.String()); len(got) > 0 {
			t.Errorf("%q: commands %q", text, got)
		}
		if !strings.Contains(log.String(), text) {
			t.Errorf("%q is not in %q", text, log.String())
		}
		if after := commands(log.String() + "::error::after\n"); len(after) != 1 {
			t.Errorf("%q: commands are still stopped", text)
		}
	}
}

// FuzzPrint tries to get a command past the fence, and out of an annotation.
func FuzzPrint(f *testing.F) {
	f.Add("::error::x\n", "a,b:c\n::x")
	f.Add("::stop-commands::x\n::x::\n", "%0A::y\u2028")
	f.Fuzz(func(t *testing.T, text, name string) {
		var log strings.Builder
		r := New(&log, func(string) string { return "" })
		if err := r.Print([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if got := commands(log.String()); len(got) > 0 {
			t.Errorf("commands %q", got)
		}
		log.Reset()
		in := finding.Finding{Rule: name, Severity: finding.Error, Message: text, Hint: name, Pos: trace.Pos{File: name, Line: 1}}
		if err := r.Annotate([]finding.Finding{in}); err != nil {
			t.Fatal(err)
		}
		if got := commands(log.String()); len(got) != 1 {
			t.Errorf("commands %q", got)
		}
	})
}

func TestSummary(t *testing.T) {
	getenv := env(t, nil)
	r := New(&strings.Builder{}, getenv)
	for _, text := range []string{"# One", "# Two\n", ""} {
		if err := r.Summary([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if got := read(t, getenv("GITHUB_STEP_SUMMARY")); got != "# One\n# Two\n" {
		t.Errorf("got %q", got)
	}
}

func TestSummaryFails(t *testing.T) {
	for want, text := range map[string]int{"GitHub drops": maxSummary + 1, "$GITHUB_STEP_SUMMARY is not set": 1} {
		err := New(&strings.Builder{}, func(string) string { return "" }).Summary(make([]byte, text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	folder := t.TempDir()
	if err := New(&strings.Builder{}, func(string) string { return folder }).Summary([]byte("x")); err == nil {
		t.Error("no error for a folder in place of the file")
	}
}

func TestLine(t *testing.T) {
	for in, want := range map[string]string{
		"a\x00b\x7f": "a b", "a\u2066b\u202e": "ab", "\xffa": "a", "é\u2028x": "é x", " a ": "a",
		strings.Repeat("é", maxMessage): strings.Repeat("é", maxMessage/2) + "…",
	} {
		if got := line(in); got != want {
			t.Errorf("%.40q: got %.40q", in, got)
		}
	}
}
