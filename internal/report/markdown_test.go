package report

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

func render(t testing.TB, r *session.Report, o Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := Markdown(&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestMarkdown(t *testing.T) {
	for name, r := range map[string]*session.Report{
		"no-runs": empty(session.Coverage{Files: 2, Unrecognised: 2}),
		"success": success(),
		"several": several(),
		"unknown": unpriced(),
		"chain":   chain(),
		"hostile": filled("# @octocat [a](http://b.example) <b> #12 `c` | $x$ :tada:\n::error::\x1b[31m\u202e%%{init}%% _x_", false),
	} {
		t.Run(name, func(t *testing.T) {
			o := Options{PriceNote: "LiteLLM, 2026-11-18", Content: true}
			golden(t, name+".md", []byte(render(t, r, o)))
		})
	}
}

// The reasons for an empty report differ, and none of them looks like a run
// that did nothing.
func TestMarkdownSaysWhyItIsEmpty(t *testing.T) {
	seen := map[string]bool{}
	for want, c := range map[string]session.Coverage{
		"no file was found where traces were looked for":  {},
		"none of the files could be read (2)":             {Files: 2, Unreadable: 2},
		"none of 3 files is in a format that can be read": {Files: 3, Unrecognised: 2, Unreadable: 1},
		"1 file without a single line":                    {Files: 1},
		"none of 4 lines in 1 file could be used":         {Files: 1, Lines: 4, InvalidLines: 4},
		"12 lines in 2 files tell of no agent's run":      {Files: 2, Lines: 12, InvalidLines: 1},
	} {
		line, _, _ := strings.Cut(render(t, empty(c), Options{}), "\n")
		if line != "⚪ **No data**: "+want {
			t.Errorf("got %q, want %q", line, want)
		}
		seen[line] = true
	}
	r := unpriced()
	r.Sessions[0].Runs[0].Status = trace.Success
	r.Sessions[0].Runs[0].LLMCalls, r.Sessions[0].Runs[0].ToolCalls = n(0), n(0)
	if line, _, _ := strings.Cut(render(t, r, Options{}), "\n"); !strings.HasPrefix(line, "⚪ **Nothing happened**: 1 run") || seen[line] {
		t.Errorf("got %q", line)
	}
}

// What was not measured is never shown as 0.
func TestMarkdownShowsUnknown(t *testing.T) {
	out := render(t, unpriced(), Options{})
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "| `run-1`") && line != "| `run-1` | – | 🟡 incomplete | – | – | – | – | – | – | unknown | – |\n" {
			t.Errorf("got %q", line)
		}
	}
	if !strings.Contains(out, "cost unknown") {
		t.Errorf("the verdict does not say that the cost is unknown:\n%s", out)
	}
}

func TestMarkdownLimit(t *testing.T) {
	r := huge()
	for _, limit := range []int{0, 64 << 10, 2 << 10} {
		out := render(t, r, Options{Limit: limit})
		if limit == 0 {
			limit = 900 << 10
		}
		if len(out) > limit || !utf8.ValidString(out) {
			t.Errorf("limit %d: got %d bytes", limit, len(out))
		}
		first, _, _ := strings.Cut(out, "\n")
		if !strings.Contains(first, "**40 sessions**") || !strings.Contains(out, "Cut to stay under") || strings.Contains(out, "<details><summary><code>review-security") {
			t.Errorf("limit %d: begins with %q", limit, first)
		}
		if opened, closed := strings.Count(out, "```mermaid"), strings.Count(out, "```\n"); opened != closed {
			t.Errorf("limit %d: %d fences opened, %d closed", limit, opened, closed)
		}
	}
	golden(t, "huge.md", []byte(render(t, r, Options{Limit: 16 << 10})))
}

// The order of importance: details first, the runs last.
func TestMarkdownCutsTheLeastFirst(t *testing.T) {
	r := several()
	whole := render(t, r, Options{})
	parts := []string{"<summary><code>", "```mermaid", "#### Decisions", "#### Errors", "#### Findings", "| agent | decision"}
	gone := 0
	for limit := len(whole) + 1; limit > 1500; limit -= 100 {
		out := render(t, r, Options{Limit: limit})
		if len(out) > limit {
			t.Fatalf("limit %d: %d bytes", limit, len(out))
		}
		for gone < len(parts) && !strings.Contains(out, parts[gone]) {
			gone++
		}
		for _, p := range parts[gone:] {
			if !strings.Contains(out, p) {
				t.Errorf("limit %d: %q was cut before %q", limit, p, parts[gone])
			}
		}
	}
	if gone < 4 {
		t.Errorf("only %d kinds of section were ever cut", gone)
	}
}

// A link is made only where CI said which repository it is.
func TestMarkdownLinks(t *testing.T) {
	const link = "[`octo-org/shop#128` at `8d3f2c1b0a9e`](https://github.com/octo-org/shop/pull/128)"
	if out := render(t, success(), Options{}); !strings.Contains(out, "### "+link+"\n") {
		t.Errorf("no link in\n%s", out)
	}
	r := success()
	r.Sessions[0].KeySource = session.KeyFromTrace
	if out := render(t, r, Options{}); strings.Contains(out, "](") {
		t.Errorf("a trace made a link:\n%s", out)
	}
	r = success()
	r.Sessions[0].Subject = session.Subject{Kind: "commit"}
	if out := render(t, r, Options{ServerURL: "https://ghe.example/"}); !strings.Contains(out, "](https://ghe.example/octo-org/shop/commit/8d3f2c1b0a9e8f7d6c5b4a39281706f5e4d3c2b1)") {
		t.Errorf("no link to the commit:\n%s", out)
	}
}

func TestMarkdownIsDeterministic(t *testing.T) {
	want := render(t, several(), Options{})
	for range 20 {
		if render(t, several(), Options{}) != want {
			t.Fatal("two renderings differ")
		}
	}
}

// Many findings are listed in order of weight, and those left out are counted.
func TestMarkdownManyFindings(t *testing.T) {
	r := success()
	for i := range 250 {
		f := finding.Finding{Rule: "a/b", Severity: finding.Info, Message: fmt.Sprint(i), Pos: trace.Pos{File: "f", Line: i + 1}}
		r.Findings = append(r.Findings, f, f)
	}
	r.Findings = append(r.Findings, finding.Finding{Rule: "z/worst", Severity: finding.Error, Message: "m"})
	out := render(t, r, Options{})
	_, list, _ := strings.Cut(out, "#### About the input\n\n")
	if !strings.HasPrefix(list, "- ❌") || !strings.Contains(list, "- ℹ️ 7 (2 times) – `f:8` <sub>`a/b`</sub>\n") || !strings.Contains(list, "… and 151 more kinds of finding.") {
		t.Errorf("got %.200s", list)
	}
}

// A credential is told of wherever it was found: in a trace that is not kept
// out of the bundle, in a file that is no trace, and where there are no runs.
func TestMarkdownIncident(t *testing.T) {
	leak := finding.Finding{Rule: "secret/jwt", Severity: finding.Error, Message: "a token", Hint: "revoke", Pos: trace.Pos{File: "notes.txt", Line: 3}}
	guess := finding.Finding{Rule: "secret/generic", Severity: finding.Warning, Message: "perhaps a password", Pos: trace.Pos{File: "f", Line: 1}}
	inRun := success()
	inRun.Sessions[0].Runs[0].Findings = []finding.Finding{leak, guess}
	noRuns := empty(session.Coverage{Files: 2, Unrecognised: 2})
	noRuns.Findings = []finding.Finding{leak}
	for verdict, r := range map[string]*session.Report{
		"🔴 **approve** by `review-style`; 1 file with a credential; $0.0571; 1m 04s":               inRun,
		"🔴 **No data**: none of 2 files is in a format that can be read; 1 file with a credential": noRuns,
	} {
		out := render(t, r, Options{})
		if line, _, _ := strings.Cut(out, "\n"); line != verdict {
			t.Errorf("got %q, want %q", line, verdict)
		}
		if strings.Count(out, "> [!CAUTION]") != 1 || strings.Count(out, "a token") != 1 || !strings.Contains(out, "> - ❌ a token – `notes.txt:3` <sub>`secret/jwt`</sub>\n") {
			t.Errorf("the credential is not told of once:\n%s", out)
		}
		if strings.Contains(out, "out of the bundle") {
			t.Errorf("nothing is kept out:\n%s", out)
		}
	}
	only := success()
	only.Findings = []finding.Finding{guess}
	if out := render(t, only, Options{}); strings.Contains(out, "CAUTION") || !strings.HasPrefix(out, "🟢") || !strings.Contains(out, "perhaps a password") {
		t.Errorf("a guess is taken for a credential:\n%s", out)
	}
}

// TestMarkdownWithoutContent has nothing of what a tool has said.
func TestMarkdownWithoutContent(t *testing.T) {
	const said = "cannot find main module"
	if out := render(t, several(), Options{Content: true}); !strings.Contains(out, said) {
		t.Fatal("the sample's tool says nothing")
	}
	if out := render(t, several(), Options{}); strings.Contains(out, said) {
		t.Error("the summary quotes a tool's output")
	}
}
