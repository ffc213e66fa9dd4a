package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

// comparisons returns samples by name.
func comparisons() map[string]*session.Diff {
	before, after := sampleSession(security()), sampleSession(security())
	r := after.Runs[0]
	r.ID = "7a1f0e52-0000-4f0e-8d57-2b1f4f6d9a10"
	r.Agent.Instructions.SHA256 = strings.Repeat("ab", 32)
	r.Runtime.Version = "2.1.4"
	r.Decision.Kind = trace.Approve
	r.Usage.Output, r.Usage.Reasoning = n(6_950), n(1_200)
	r.Cost.USD = money(0.2884)
	r.Tools["Grep"] = session.ToolStat{Calls: 2}
	r.Tools["Edit"] = session.ToolStat{Calls: 4, Errors: 1}
	r.Context.Share = 0.3
	r.DurationMS = n(166_000)
	one := session.Compared{Name: "before/execution.json", Session: before, Run: before.Runs[0], Coverage: several().Coverage}
	two := session.Compared{Name: "after/execution.json", Session: after, Run: r, Coverage: several().Coverage}
	whole := several().Sessions[0]
	return map[string]*session.Diff{
		"run":     session.Compare(one, two),
		"same":    session.Compare(one, one),
		"session": session.Compare(session.Compared{Name: "main", Session: whole, Coverage: several().Coverage}, session.Compared{Name: "pr", Session: sampleSession(security(), style()), Coverage: several().Coverage}),
		"unknown": session.Compare(one, session.Compared{Name: "a.jsonl", Session: unpriced().Sessions[0], Coverage: unpriced().Coverage}),
	}
}

func TestDiffGolden(t *testing.T) {
	for name, d := range comparisons() {
		var text, narrow, markdown, raw bytes.Buffer
		for _, err := range []error{
			DiffTerminal(&text, d, TerminalOptions{}), DiffTerminal(&narrow, d, TerminalOptions{Width: 60}),
			DiffMarkdown(&markdown, d), DiffJSON(&raw, d),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		golden(t, "diff-"+name+".txt", text.Bytes())
		golden(t, "diff-"+name+".md", markdown.Bytes())
		golden(t, "diff-"+name+".json", raw.Bytes())
		for line := range strings.Lines(narrow.String()) {
			if w := wide(strings.TrimSuffix(line, "\n")); w > 60 {
				t.Errorf("%s: a line of %d columns: %q", name, w, line)
			}
		}
	}
}

// What is not known is neither 0 nor a change.
func TestDiffUnknown(t *testing.T) {
	var b bytes.Buffer
	if err := DiffTerminal(&b, comparisons()["unknown"], TerminalOptions{}); err != nil {
		t.Fatal(err)
	}
	rows := 0
	_, figures, _ := strings.Cut(b.String(), "CHANGE\n")
	figures, _, _ = strings.Cut(figures, "FINDINGS\n") // of which it is known that there are none
	for line := range strings.Lines(figures) {
		if f := strings.Fields(line); len(f) > 2 && f[len(f)-2] == unknownMark {
			rows++
			if f[len(f)-1] != unknownMark {
				t.Errorf("a change to what is not known: %q", line)
			}
		}
	}
	if rows < 20 || strings.Contains(figures, "%)") {
		t.Errorf("%d rows are not known in\n%s", rows, b.String())
	}
}

func TestDiffColours(t *testing.T) {
	var b bytes.Buffer
	if err := DiffTerminal(&b, comparisons()["run"], TerminalOptions{Color: true}); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(b.String()) {
		coloured := strings.Contains(line, "\x1b[31m") || strings.Contains(line, "\x1b[32m")
		if bad := strings.Contains(line, "Edit errors"); coloured != bad {
			t.Errorf("coloured: %v, it tells of errors: %v: %q", coloured, bad, line)
		}
	}
}

func TestDiffChange(t *testing.T) {
	figure := func(unit session.Unit, a, b float64) session.DiffRow {
		before := &session.Run{ID: "a", Usage: trace.Usage{Output: n(int64(a))}, DurationMS: n(int64(a)), Cost: session.Cost{USD: &a},
			Context: &session.Context{PeakTokens: n(1), Window: n(1), Share: a}, Turns: n(int64(a))}
		after := &session.Run{ID: "b", Usage: trace.Usage{Output: n(int64(b))}, DurationMS: n(int64(b)), Cost: session.Cost{USD: &b},
			Context: &session.Context{PeakTokens: n(1), Window: n(1), Share: b}, Turns: n(int64(b))}
		of := func(r *session.Run) session.Compared {
			return session.Compared{Session: &session.Session{Runs: []*session.Run{r}}, Run: r}
		}
		at := map[session.Unit]string{"tokens": "output", "ms": "duration", "usd": "cost", "share": "share", "count": "turns"}
		for _, s := range session.Compare(of(before), of(after)).Sections {
			for _, r := range s.Rows {
				if r.Name == at[unit] && r.Unit == unit {
					return r
				}
			}
		}
		t.Fatalf("no row in %s", unit)
		return session.DiffRow{}
	}
	for _, tt := range []struct {
		unit session.Unit
		a, b float64
		want string
	}{
		{"tokens", 15_000, 16_200, "+1.2k (+8%)"},
		{"tokens", 16_200, 15_000, "−1.2k (−7.4%)"},
		{"tokens", 5, 5, "="},
		{"tokens", 0, 5, "+5"},
		{"tokens", 10_000, 39, "−10k (−99.6%)"},
		{"tokens", 10_000, 0, "−10k (−100%)"},
		{"tokens", 1_000_000, 1_000_001, "+1 (+<0.1%)"},
		{"tokens", 1, 1 << 60, "+1152921504.61B (+>1,000,000%)"},
		{"count", 3, 40, "+37 (+1,233%)"},
		{"usd", 0.1, 0.125, "+$0.025 (+25%)"},
		{"usd", 0.1, 0.3, "+$0.20 (+200%)"},
		{"ms", 183_400, 166_000, "−17.4s (−9.5%)"},
		{"share", 0.2154, 0.3, "+8.5 points"},
		{"share", 0.25, 0.2501, "+<0.1 points"},
	} {
		if got := diffChange(figure(tt.unit, tt.a, tt.b)); got != tt.want {
			t.Errorf("%s %v to %v: got %q, want %q", tt.unit, tt.a, tt.b, got, tt.want)
		}
	}
}

// A list of more than anyone can look at is cut, and says so; JSON has it all.
func TestDiffLong(t *testing.T) {
	r := security()
	r.Changes.Files = nil
	for i := range 500 {
		r.Changes.Files = append(r.Changes.Files, session.FileChange{Path: strings.Repeat("x", i+1), Edits: 1})
	}
	r.Changes.FilesEdited = 500
	s, other := sampleSession(r), sampleSession(style())
	d := session.Compare(session.Compared{Name: "a", Session: s}, session.Compared{Name: "b", Session: other}, "files")
	var b, raw bytes.Buffer
	if err := DiffMarkdown(&b, d); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "more differ") || b.Len() > 10_000 {
		t.Errorf("%d bytes:\n%s", b.Len(), b.String())
	}
	if err := DiffJSON(&raw, d); err != nil {
		t.Fatal(err)
	}
	var all session.Diff
	if err := json.Unmarshal(bytes.ReplaceAll(bytes.ReplaceAll(raw.Bytes(), []byte(`"a": 1`), []byte(`"_": 1`)), []byte(`"b": 0`), []byte(`"_": 1`)), &all); err != nil {
		t.Fatal(err)
	}
	if n := len(all.Sections[0].Rows); n < 500 {
		t.Errorf("%d rows", n)
	}
}

// hostileDiff is a comparison in which every string of one side, or of both, is
// s.
func hostileDiff(s string, all bool) *session.Diff {
	whole := func(r *session.Report) session.Compared {
		return session.Compared{Name: s, Session: r.Sessions[0], Coverage: r.Coverage}
	}
	return session.Compare(whole(filled(s, all)), whole(several()))
}

func TestHostileDiff(t *testing.T) {
	render := func(s string, all bool) string {
		var b bytes.Buffer
		if err := DiffMarkdown(&b, hostileDiff(s, all)); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	want := map[bool]page{false: pageOf(t, render("harmless", false)), true: pageOf(t, render("harmless", true))}
	for _, s := range hostileTexts(t) {
		for _, all := range []bool{false, true} {
			markdown := render(s, all)
			checkPlain(t, s, markdown)
			got := pageOf(t, markdown)
			if i := firstDifference(got.tags, want[all].tags); i >= 0 {
				t.Errorf("%q makes other elements, from the %d. on: %.200q, not %.200q", s, i, got.tags[i:], want[all].tags[i:])
			}
			if m := effect.FindString(got.text); m != "" {
				t.Errorf("%q has an effect: %q", s, m)
			}
			checkDiffPrograms(t, s, hostileDiff(s, all))
		}
	}
}

func checkDiffPrograms(t *testing.T, s string, d *session.Diff) {
	t.Helper()
	for _, width := range []int{60, 100} {
		var b bytes.Buffer
		if err := DiffTerminal(&b, d, TerminalOptions{Width: width}); err != nil {
			t.Fatal(err)
		}
		checkPlain(t, s, b.String())
		for line := range strings.Lines(b.String()) {
			if w := wide(strings.TrimSuffix(line, "\n")); w > width {
				t.Errorf("%q: a line of %d columns, over %d: %q", s, w, width, line)
			}
		}
	}
	var b bytes.Buffer
	if err := DiffJSON(&b, d); err != nil {
		t.Fatal(err)
	}
	checkPlain(t, s, strings.ReplaceAll(b.String(), "\ue000", ""))
}
