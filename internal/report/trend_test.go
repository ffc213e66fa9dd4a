package report

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

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
	d := b.draw(t, trendMarkdown(t, factory(), TrendOptions{}))
	if len(d.Errors) > 0 {
		t.Errorf("the page has errors: %q", d.Errors)
	}
	if len(d.Diagrams) != 3 {
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

var _ = fmt.Sprint
var _ = os.Args
var _ = strings.ToUpper
var _ = utf8.RuneLen
var _ = finding.Info
