package cli

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
	"github.com/andon-ci/andon/internal/validate"
)

const repo = "../.."

// TestChecksDocumented holds docs/checks.md equal to the rules.
func TestChecksDocumented(t *testing.T) {
	var b strings.Builder
	b.WriteString(`# Checks

Every finding names one of these rules. The ids are stable: ` + "`--fail-on`" + ` takes them,
one by one or as in ` + "`secret/*`" + `. An error is something that is wrong, a warning
something to look at, an info something to know.

This page is generated: ` + "`go test ./internal/cli -run Checks -update`" + `.
`)
	group := ""
	for _, r := range allRules() {
		if g, _, _ := strings.Cut(r.ID, "/"); g != group {
			group = g
			fmt.Fprintf(&b, "\n## %s\n\n| rule | severity | what | why, and what to do |\n|---|---|---|---|\n", group)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", r.ID, r.Severity, cell(r.Title), cell(r.Help))
	}
	golden(t, filepath.Join(repo, "docs", "checks.md"), b.String())
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s is out of date; run the test with -update", path)
	}
}

func TestRulesAreWhole(t *testing.T) {
	for _, r := range allRules() {
		if r.Title == "" || r.Help == "" || r.Severity.Rank() == 0 {
			t.Errorf("rule %s lacks a title, a help or a severity", r.ID)
		}
	}
}

// block is a fenced block of a document.
type block struct {
	file string
	line int
	lang string
	text string
}

// blocks returns the fenced blocks of the README and of docs.
func blocks(t *testing.T) []block {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(repo, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, filepath.Join(repo, "README.md"), filepath.Join(repo, "CONTRIBUTING.md"))
	var out []block
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var open *block
		for i, line := range strings.Split(string(raw), "\n") {
			switch {
			case strings.HasPrefix(line, "```") && open == nil:
				open = &block{file: file, line: i + 1, lang: strings.TrimPrefix(line, "```")}
			case strings.HasPrefix(line, "```"):
				out = append(out, *open)
				open = nil
			case open != nil:
				open.text += line + "\n"
			}
		}
	}
	return out
}

// TestDocumentedCommands runs every command of the documents' console blocks
// in a copy of what they name, and compares the output where one is shown. A
// command that installs or tests the project itself is left to CI, which runs
// it as it stands.
func TestDocumentedCommands(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("no sh here")
	}
	bin := t.TempDir()
	build := exec.Command("go", "build", "-o", filepath.Join(bin, "andon"), "./cmd/andon")
	build.Dir = repo
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	ran := 0
	for _, b := range blocks(t) {
		if b.lang != "console" {
			continue
		}
		for _, c := range commandsIn(b.text) {
			if slices.Contains([]string{"go test ./...", "go install github.com/andon-ci/andon/cmd/andon@latest"}, c.line) {
				continue
			}
			ran++
			t.Run(fmt.Sprintf("%s:%d %s", filepath.Base(b.file), b.line, c.line), func(t *testing.T) { c.run(t, bin) })
		}
	}
	if ran < 5 {
		t.Errorf("only %d commands found in the documents", ran)
	}
}

// TestDocumentedRecords validates the native records that the documents show.
func TestDocumentedRecords(t *testing.T) {
	v, err := validate.New()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, b := range blocks(t) {
		if b.lang != "json" || !strings.Contains(b.text, `"type":"run`) {
			continue
		}
		for line := range strings.Lines(b.text) {
			seen++
			var doc jsonl.Doc
			val, _, err := doc.Parse([]byte(line))
			if err != nil {
				t.Errorf("%s:%d: %v", b.file, b.line, err)
				continue
			}
			for _, f := range v.Line(val, trace.Pos{File: b.file, Line: b.line}) {
				t.Errorf("%s: %s", f.Place(), f.Message)
			}
		}
	}
	if seen == 0 {
		t.Error("the documents show no record")
	}
}

// shown is a command and the output that the document shows for it.
type shown struct {
	line string
	want string
}

func commandsIn(text string) []shown {
	var out []shown
	for line := range strings.SplitAfterSeq(text, "\n") {
		if cmd, ok := strings.CutPrefix(line, "$ "); ok {
			out = append(out, shown{line: strings.TrimSpace(cmd)})
		} else if len(out) > 0 {
			out[len(out)-1].want += line
		}
	}
	return out
}

func (c shown) run(t *testing.T, bin string) {
	t.Helper()
	work := t.TempDir()
	for _, name := range []string{"testdata", "cmd", "internal", "schemas", "go.mod", "go.sum", "scripts"} {
		abs, err := filepath.Abs(filepath.Join(repo, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(abs, filepath.Join(work, name)); err != nil {
			t.Skipf("no symbolic links here: %v", err)
		}
	}
	line := strings.Replace(c.line, "go run ./cmd/andon", "andon", 1)
	cmd := exec.Command("sh", "-c", line)
	cmd.Dir = work
	cmd.Env = append(withoutActions(os.Environ()), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "COLUMNS=100")
	out, err := cmd.CombinedOutput()
	if fails := strings.Contains(c.want, "exit 1"); fails != (err != nil) {
		t.Fatalf("got %v, the document says that it fails: %v\n%s", err, fails, out)
	}
	for want := range strings.SplitSeq(c.want, "\n") {
		want = strings.TrimSpace(strings.TrimSuffix(want, "…"))
		if want != "" && want != "exit 1" && !strings.Contains(string(out), want) {
			t.Errorf("the output lacks %q:\n%s", want, out)
		}
	}
}

// withoutActions hides that the test itself may run in GitHub Actions.
func withoutActions(env []string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(kv string) bool {
		return strings.HasPrefix(kv, "GITHUB_") || strings.HasPrefix(kv, "ANDON_")
	})
}

// TestDocNamesCommands holds the manual and the help to the same commands.
func TestDocNamesCommands(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(repo, "cmd", "andon", "doc.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range commands() {
		line := regexp.MustCompile(`(?m)^\t` + c.name + ` +` + regexp.QuoteMeta(c.summary) + `$`)
		if !line.Match(raw) {
			t.Errorf("cmd/andon/doc.go does not have %q with its summary %q", c.name, c.summary)
		}
	}
}
