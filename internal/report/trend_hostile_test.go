package report

import (
	"bytes"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/trend"
)

// filledTrend returns a report in which every string is s, but for the dates,
// without which there would be no charts, and the severities.
func filledTrend(s string, dates bool) *trend.Report {
	r, clean := factory(), factory()
	r.Coverage.Unreachable = []string{"a", "b"}
	fill(reflect.ValueOf(r), s, true)
	for i := range r.Findings {
		r.Findings[i].Severity = clean.Findings[i].Severity
	}
	if dates {
		r.Window = clean.Window
		r.Totals.Series = clean.Totals.Series
		for i := range r.By.Agent {
			r.By.Agent[i].Series = clean.By.Agent[i].Series
		}
	}
	return r
}

// xyLine matches every line of a chart that we write.
var xyLine = regexp.MustCompile(`^(---|config:|  xyChart:|    (width|height): \d+|  themeVariables:|    xyChart:|      plotColorPalette: "#[0-9a-f]{6}"|xychart-beta|` +
	`  x-axis \["[\pL\pN_./… -]+"(, "[\pL\pN_./… -]+")*\]|  y-axis "[\pL\pN_./… -]+" 0 --> [0-9.]+|  (bar|line) \[[0-9.]+(, [0-9.]+)*\])$`)

func checkTrend(t testing.TB, s string, dates bool, want page) {
	t.Helper()
	r := filledTrend(s, dates)
	markdown := trendMarkdown(t, r, TrendOptions{Owner: s})
	checkPlain(t, s, markdown)
	got := pageOf(t, markdown)
	if i := firstDifference(got.tags, want.tags); i >= 0 {
		t.Errorf("%q makes other elements, from the %d. on: %.200q, not %.200q", s, i, got.tags[i:], want.tags[i:])
	}
	// our own word has seven letters that could be digits of a commit
	if m := effect.FindString(strings.ReplaceAll(got.text, "succeeded", "")); m != "" {
		t.Errorf("%q has an effect: %q", s, m)
	}
	for _, d := range got.diagram {
		for line := range strings.Lines(d) {
			if !xyLine.MatchString(strings.TrimSuffix(line, "\n")) {
				t.Errorf("%q breaks a diagram: %q", s, line)
			}
		}
	}
	if title := TrendTitle(r); dates && title != TrendTitle(factory()) {
		t.Errorf("%q is in the title: %q", s, title)
	}
	checkTrendTerminal(t, s, r)
}

func checkTrendTerminal(t testing.TB, s string, r *trend.Report) {
	t.Helper()
	for _, o := range []TerminalOptions{{Width: 60}, {Width: 140, Color: true}} {
		var board bytes.Buffer
		if err := Board(&board, r, time.Date(2026, 11, 20, 14, 3, 0, 0, time.UTC), 0, o); err != nil {
			t.Fatal(err)
		}
		out := trendText(t, r, o) + board.String()
		if o.Color {
			out = regexp.MustCompile("\x1b\\[[0-9]{1,2}m").ReplaceAllString(out, "")
		}
		checkPlain(t, s, out)
		for line := range strings.Lines(out) {
			if w := wide(strings.TrimSuffix(line, "\n")); w > o.Width {
				t.Errorf("%q: a line of %d columns, over %d: %q", s, w, o.Width, line)
			}
		}
	}
}

func harmlessTrend(t testing.TB) map[bool]page {
	of := func(dates bool) page {
		return pageOf(t, trendMarkdown(t, filledTrend("harmless", dates), TrendOptions{Owner: "harmless"}))
	}
	return map[bool]page{true: of(true), false: of(false)}
}

func TestHostileTrend(t *testing.T) {
	want := harmlessTrend(t)
	for _, s := range hostileTexts(t) {
		checkTrend(t, s, true, want[true])
		checkTrend(t, s, false, want[false])
	}
}

func FuzzHostileTrend(f *testing.F) {
	texts := hostileTexts(f)
	for i := 0; i < len(texts); i += 7 {
		f.Add(texts[i])
	}
	want := harmlessTrend(f)
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 500 || s == "" {
			return
		}
		if _, err := time.Parse(time.DateOnly, s); err == nil {
			return // a date is shown as one
		}
		checkTrend(t, s, true, want[true])
	})
}

// Nothing but the forge's own pages, of repositories that the report is about,
// is linked to.
func TestTrendLinks(t *testing.T) {
	r := factory()
	for url, want := range map[string]string{
		"https://github.com/octo-org/shop/actions/runs/7":                 "run 7",
		"https://github.com/octo-org/shop/actions/runs/7/attempts/2":      "run 7",
		"https://github.com/octo-org/shop/pull/512#pullrequestreview-12":  "pull request 512",
		"https://github.com/octo-org/web/issues/3":                        "issue 3",
		"https://github.com/octo-org/web/commit/8d3f2c1b0a9e":             "commit 8d3f2c1",
		"https://github.com/octo-org/web/blob/8d3f2c1b0a9e/.github/a.md":  "a.md at 8d3f2c1",
		"https://github.com/octo-org/web/blob/8d3f2c1b0a9e/../../../../e": "",
		"https://github.com/octo-org/web/blob/8d3f2c1b0a9e/%2e%2e/x":      "",
		"https://github.com/evil/web/blob/8d3f2c1b0a9e/a.md":              "",
		"https://github.com/evil/web/pull/3":                              "",
		"https://github.com.evil.example/octo-org/web/pull/3":             "",
		"https://github.com/octo-org/web/../../evil/pull/3":               "",
		"https://github.com/octo-org/web/pull/3)[x](y":                    "",
		"javascript:alert(1)": "",
		"":                    "",
	} {
		if got, ok := linkName(r, "https://github.com", url); got != want || ok != (want != "") {
			t.Errorf("%q: got %q, want %q", url, got, want)
		}
	}
}

// A report with all that can be too much stays under the limit, and says what
// was cut.
func TestTrendLimit(t *testing.T) {
	r := factory()
	for len(r.By.Agent) < 300 {
		r.By.Agent = append(r.By.Agent, groupOf(strings.Repeat("agent-", 20), 100, 1, 50, 2, 3))
		r.Findings = append(r.Findings, finding.Finding{Rule: "anomaly/cost", Severity: finding.Warning, Message: strings.Repeat("a long message ", 40)})
	}
	r.By.Model, r.By.Repository, r.By.Instructions = r.By.Agent, r.By.Agent, r.By.Agent
	out := trendMarkdown(t, r, TrendOptions{})
	if len(out) > maxReport || !strings.Contains(out, "Cut to stay under") || !strings.Contains(out, "### Key numbers") || !strings.Contains(out, "**problem:**") {
		t.Errorf("%d bytes:\n%.1000s", len(out), out)
	}
}
