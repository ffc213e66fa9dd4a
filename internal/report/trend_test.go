package report

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/trend"
)

func trendMarkdown(t testing.TB, r *trend.Report, o TrendOptions) string {
	t.Helper()
	var b bytes.Buffer
	if err := TrendMarkdown(&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func trendText(t testing.TB, r *trend.Report, o TerminalOptions) string {
	t.Helper()
	var b bytes.Buffer
	if err := TrendTerminal(&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTrendMarkdown(t *testing.T) {
	for name, r := range map[string]*trend.Report{"trend": factory(), "trend-no-data": emptyTrend(0), "trend-nothing": emptyTrend(12)} {
		golden(t, name+".md", []byte(trendMarkdown(t, r, TrendOptions{Mention: []string{"@octo-org/platform"}})))
		golden(t, name+".txt", []byte(trendText(t, r, TerminalOptions{Width: 120})))
	}
}

// TestBrowserTrend draws the report as GitHub would. With -update it takes the
// picture of the documents.
func TestBrowserTrend(t *testing.T) {
	b := openBrowser(t)
	failing := factory()
	failing.Findings = append(failing.Findings, finding.Finding{Rule: "drift/error-rate", Severity: finding.Warning, Message: "m"})
	if d := b.draw(t, trendMarkdown(t, failing, TrendOptions{})); len(d.Errors) > 0 || len(d.Diagrams) != 3 {
		t.Errorf("%d diagrams, errors %q", len(d.Diagrams), d.Errors)
	}
	d := b.draw(t, trendMarkdown(t, factory(), TrendOptions{}))
	if len(d.Errors) > 0 {
		t.Errorf("the page has errors: %q", d.Errors)
	}
	if len(d.Diagrams) != 2 {
		t.Errorf("%d diagrams", len(d.Diagrams))
	}
	for i, c := range d.Diagrams {
		if c.Shapes < 5 || c.Kind != "xychart-beta" {
			t.Errorf("diagram %d, %s, is drawn with %d shapes", i, c.Kind, c.Shapes)
		}
	}
	if d.Width > 980 {
		t.Errorf("the page is %d pixels wide", d.Width)
	}
	if *update {
		b.picture(t, "../../docs/report.png", d.Height)
	}
}

func TestBoard(t *testing.T) {
	at := time.Date(2026, 11, 20, 14, 3, 0, 0, time.UTC)
	for name, r := range map[string]*trend.Report{"board": factory(), "board-no-data": emptyTrend(0)} {
		var b bytes.Buffer
		if err := Board(&b, r, at, 0, TerminalOptions{Width: 140}); err != nil {
			t.Fatal(err)
		}
		golden(t, name+".txt", b.Bytes())
	}
	for lines := range 12 {
		var b bytes.Buffer
		if err := Board(&b, factory(), at, lines, TerminalOptions{Width: 60}); err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(b.Bytes(), []byte("\n")); lines > 6 && n >= lines {
			t.Errorf("%d lines in %d", n, lines)
		}
	}
}

// TestTrendOfFew gives no verdict on what was measured too rarely, and none on a
// tenth of a few runs.
func TestTrendOfFew(t *testing.T) {
	r := factory()
	r.Findings, r.Totals = nil, groupOf("", 9, 1, 5, 0, 0.5)
	r.Totals.ToolError = shareOf(1, 5)
	for _, k := range keyNumbers(r) {
		if k.light != unlit || strings.Contains(k.value, "1 of 10") {
			t.Errorf("%s %s: %s", k.light, k.name, k.value)
		}
	}
	r.Findings = []finding.Finding{{Rule: "anomaly/cost", Severity: finding.Error, Message: "m"}}
	if k := keyNumbers(r)[2]; k.light != red {
		t.Errorf("%s %s with a finding about it", k.light, k.name)
	}
}

// TestTrendNames tells models apart whose names begin alike, and cuts no interval.
func TestTrendNames(t *testing.T) {
	r := factory()
	r.By.Model = []trend.Group{groupOf("claude-sonnet-4-5-20250929", 90, 1, 80, 2, 9), groupOf("claude-sonnet-4-5-20260101", 90, 0, 80, 2, 12345.67)}
	for _, width := range []int{80, 100} {
		out := trendText(t, r, TerminalOptions{Width: width})
		_, out, _ = strings.Cut(out, "By model")
		for _, want := range []string{"20250929", "20260101", "100 % (96–100)"} {
			if !strings.Contains(out, want) {
				t.Errorf("no %q in %d columns:\n%s", want, width, out)
			}
		}
	}
}

// TestBoardWhy keeps room for why a light is lit before all other figures.
func TestBoardWhy(t *testing.T) {
	for _, width := range []int{80, 100, 120} {
		var b bytes.Buffer
		if err := Board(&b, factory(), time.Time{}, 0, TerminalOptions{Width: width}); err != nil {
			t.Fatal(err)
		}
		if want := "people overrule 33 % (26–41)"; !strings.Contains(b.String(), want) {
			t.Errorf("no %q in %d columns:\n%s", want, width, &b)
		}
	}
}

// TestPeriods gives a first stretch of fewer days the height of the others where a
// day costs the same.
func TestPeriods(t *testing.T) {
	usd := 2.0
	var series []trend.Point
	for day := range 15 {
		series = append(series, trend.Point{Day: time.Date(2026, 10, 1+day, 0, 0, 0, 0, time.UTC).Format(time.DateOnly), CostUSD: &usd})
	}
	ps := periods(trend.Window{From: "2026-10-01", To: "2026-10-15", Days: 15}, series)
	if got := sparkline(pointsOf(ps, costIn)); got != "███" || *ps[0].sum.CostUSD != 2 || *ps[1].sum.CostUSD != 14 {
		t.Errorf("%s %+v", got, ps)
	}
	if got, want := spendTitle(ps), "Spend a day, in US dollars; a bar is the mean of 7 days, the first of 1"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestTrendLeftOut counts what is not shown with what the report does not list.
func TestTrendLeftOut(t *testing.T) {
	r := emptyTrend(90)
	r.Totals.Runs = 9000
	for i := range 2000 {
		r.By.Agent = append(r.By.Agent, trend.Group{Name: fmt.Sprintf("agent-%d", i), Runs: 1})
	}
	r.By.LeftOut = map[string]int{"agent": 3000}
	if got := trendMarkdown(t, r, TrendOptions{}); !strings.Contains(got, "… and 4,900 more rows.") {
		t.Error(got[:2000])
	}
	if got := trendText(t, r, TerminalOptions{Width: 120}); !strings.Contains(got, "… and 4,950 more") {
		t.Error(got[:2000])
	}
}

// TestTrendCalledOff draws the share of runs that succeeded as the key numbers have
// it: of those that did or did not.
func TestTrendCalledOff(t *testing.T) {
	r := emptyTrend(1)
	r.Window = trend.Window{From: "2026-11-20", To: "2026-11-20", Days: 1, Kept: 1}
	r.Totals.Runs = 60
	r.Totals.Series = []trend.Point{{Day: "2026-11-20", Runs: 60, Failed: 30}}
	if got := trendMarkdown(t, r, TrendOptions{}); !strings.Contains(got, "| 20 Nov | 1 | 60 | 0 % |") {
		t.Error(got)
	}
}
