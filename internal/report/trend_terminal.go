package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/trend"
)

// TrendTerminal writes a report of a history for a person at a terminal, no
// wider than it.
func TrendTerminal(w io.Writer, r *trend.Report, o TerminalOptions) error {
	var b strings.Builder
	for _, part := range wrap(strings.Join(trendCoverage(r), " · "), o.width()-2) {
		b.WriteString("  " + o.in(dim, part) + "\n")
	}
	for _, name := range r.Coverage.Unreachable {
		b.WriteString("  " + o.in(inYellow, squeeze("not reachable: "+termText(name, maxName), o.width()-2)) + "\n")
	}
	for _, f := range r.Coverage.Unread {
		b.WriteString("  " + o.in(inYellow, squeeze("not read: "+termText(f.File, maxName)+": "+termText(f.Reason, maxName), o.width()-2)) + "\n")
	}
	l, line := trendVerdict(r, o.writing())
	o.lampLine(&b, l, line)
	if r.Totals.Runs > 0 {
		b.WriteString("\n")
		for _, k := range keyNumbers(r) {
			text := fmt.Sprintf("%-10s %-32s %s  %s", lightWord(k.light), k.name, k.value, k.course)
			b.WriteString("  " + o.lamp(k.light) + " " + squeeze(strings.TrimRight(text, " "), o.width()-4) + "\n")
		}
	}
	if r.Totals.Runs > 0 || len(r.Findings) > 0 {
		trendFindings(&b, r, o)
	}
	trendBacklog(&b, r, o)
	trendGroups(&b, "agent", r, r.By.Agent, aboutAgent, o)
	for _, g := range []struct {
		name  string
		all   []trend.Group
		about func(trend.Group, finding.Subject) bool
	}{{"repository", r.By.Repository, aboutRepository}, {"owner", r.By.Owner, nil}, {"model", r.By.Model, aboutModel}, {"subject", r.By.Kind, nil}} {
		if worthTelling(r, g.name, g.all) {
			trendGroups(&b, g.name, r, g.all, g.about, o)
		}
	}
	trendImprove(&b, r, o)
	if r.Totals.Runs > 0 {
		trendFigures(&b, r, o)
		trendFiguresOfAgents(&b, r, o)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func trendFindings(b *strings.Builder, r *trend.Report, o TerminalOptions) {
	b.WriteString("\n" + o.in(bold, "What changed, and why") + "\n")
	if len(r.Findings) == 0 {
		for _, line := range wrap(nothingFound(r), o.width()-2) {
			b.WriteString("  " + line + "\n")
		}
		return
	}
	const shown = 30
	for _, f := range r.Findings[:min(len(r.Findings), shown)] {
		mark, p := "i", dim
		switch f.Severity {
		case finding.Error:
			mark, p = "✗", inRed
		case finding.Warning:
			mark, p = "!", inYellow
		}
		item(b, mark, p, f.Message+" ["+f.Rule+"]", evidencePlaces(f.Evidence), o)
		if f.Hint != "" {
			for _, line := range wrap(termText(f.Hint, maxMessage), o.width()-4) {
				b.WriteString("    " + o.in(dim, line) + "\n")
			}
		}
	}
	if n := len(r.Findings) - shown; n > 0 {
		fmt.Fprintf(b, "  … and %s\n", plural(n, "more", "more"))
	}
}

// evidencePlaces returns where the first pieces of evidence are.
func evidencePlaces(all []finding.Evidence) []string {
	var out []string
	for _, e := range all[:min(len(all), 3)] {
		if e.URL != "" {
			out = append(out, e.URL)
		} else if e.File != "" {
			out = append(out, evidencePlace(e))
		}
	}
	return out
}

// trendGroups writes a table of groups with their lights.
func trendGroups(b *strings.Builder, one string, r *trend.Report, all []trend.Group, about func(trend.Group, finding.Subject) bool, o TerminalOptions) {
	if len(all) == 0 {
		return
	}
	t := trendPage{report: r}
	all = t.worstGroups(all, about)
	b.WriteString("\n" + o.in(bold, "By "+one+unowned(r, one)) + "\n\n")
	columns := []column{
		{title: "LIGHT", spare: 1}, {title: "NAME", least: 28}, {title: "RUNS", right: true}, {title: "SUCCEEDED"}, {title: "OVERRULED", spare: 2},
		{title: "COST", right: true}, {title: "MEDIAN RUN", right: true, spare: 3}, {title: "TIME", right: true, spare: 4}, {title: "COST OVER TIME", spare: 5},
	}
	without := 0
	if about == nil { // there are no lights
		without = 1
	}
	var cells [][]cell
	for _, g := range all[:min(len(all), maxTerminalGroups)] {
		l := t.lightOf(g, about)
		cells = append(cells, append([]cell{{lightWord(l), paintOf(l)}}, groupCells(r, g)...)[without:])
	}
	table(b, columns[without:], cells, o, "  ")
	if n := len(all) + leftOut(r, one) - maxTerminalGroups; n > 0 {
		fmt.Fprintf(b, "  … and %s more\n", number(int64(n)))
	}
}

// maxTerminalGroups is how many groups a table of a terminal has.
const maxTerminalGroups = 50

func groupCells(r *trend.Report, g trend.Group) []cell {
	return []cell{
		{termText(cmp.Or(g.Name, "not named"), maxName), ""}, {number(g.Runs), ""}, {tableRate(g.Success), ""}, {tableRate(g.Override), ""},
		{groupCost(g), ""}, {median(g.CostPerRun, coins), ""}, {median(g.DurationMS, milliseconds), ""},
		{sparkline(pointsOf(periods(r.Window, g.Series), costIn)), ""},
	}
}

// tableRate is a share with its interval where a word is all the room there is
// for why there is none.
func tableRate(r *trend.Rate) string {
	if r == nil || r.Of == 0 || r.Few {
		return shortRate(r)
	}
	return rate(r)
}
