package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/andon-ci/andon/internal/trace"
	"github.com/andon-ci/andon/internal/trend"
)

// figure is a figure of some runs, and what it is called.
type figure struct{ name, value string }

// figures returns what is known of some runs beside the key numbers. What was not
// measured is left out.
func figures(g trend.Group) []figure {
	all := []figure{
		{"runs that came to an end", rateOf(g.Complete, "run", "runs")},
		{"decisions that people bore out, of those they took a stand on", rateOf(g.Agreement, "decision", "decisions")},
		{"calls of models that failed", rateOf(g.LLMError, "call", "calls")},
		{"tokens", tokenWords(g.Tokens)},
		{"prompt tokens from a cache", part(g.CacheHit)},
		{"runs whose context was full", partOf(g.Saturated, g.Runs)},
		{"time of a run", spread(g.DurationMS, milliseconds)},
		{"cost of a run", spread(g.CostPerRun, coins)},
		{"cost of a decision", known(g.CostPerDecision)},
		{"cost of a merged change", known(g.CostPerMerge) + ofMerged(g)},
	}
	return slices.DeleteFunc(all, func(f figure) bool { return f.value == "" })
}

func rateOf(r *trend.Rate, one, many string) string {
	if r == nil || r.Of == 0 {
		return ""
	}
	return rate(r) + ofCount(r, one, many)
}

// part is a share without an interval: tokens do not come one by one.
func part(r *trend.Rate) string {
	if r == nil || r.Of == 0 {
		return ""
	}
	return portion(r.Value)
}

func partOf(n, of int64) string {
	if n == 0 {
		return ""
	}
	return portion(float64(n)/float64(max(of, 1))) + ", " + number(n) + " of " + plural(int(of), "run", "runs")
}

func known(usd *float64) string {
	if usd == nil {
		return ""
	}
	return coins(*usd)
}

func ofMerged(g trend.Group) string {
	if g.CostPerMerge == nil || g.Merged == 0 {
		return ""
	}
	return ", of " + plural(int(g.Merged), "change", "changes")
}

// tokenWords says how many tokens of each class there were.
func tokenWords(t *trend.Tokens) string {
	if t == nil {
		return ""
	}
	var out []string
	for _, c := range []struct {
		n    int64
		what string
	}{{t.Input, "in"}, {t.CacheRead, "read from a cache"}, {t.CacheWrite, "written to a cache"}, {t.Output, "out"}} {
		if c.n > 0 {
			out = append(out, tokens(trace.Measured(c.n))+" "+c.what)
		}
	}
	return strings.Join(out, ", ")
}

// spread says below what one half, nine tenths and 99 of 100 runs are.
func spread(s *trend.Spread, unit func(float64) string) string {
	if s == nil || s.N == 0 {
		return ""
	}
	out := []string{"half below " + unit(s.P50)}
	if enough(s) {
		out = append(out, "90 % below "+unit(s.P90))
	}
	if s.N >= enoughForTail {
		out = append(out, "99 % below "+unit(s.P99))
	}
	return strings.Join(out, ", ")
}

// enoughForTail is of how many runs it takes one to know what 99 of 100 are below.
const enoughForTail = 100

// figureTitles name the cells of figureRow.
func figureTitles() []string {
	return []string{"came to an end", "borne out", "tool errors", "from a cache", "context full", "time p50, p90, p99", "cost p50, p90, p99", "a decision", "a merged change", "in vain"}
}

// figureRow returns the figures of a group that the table of all groups has no
// room for.
func figureRow(g trend.Group) []string {
	full := unknownMark
	if g.Saturated > 0 {
		full = number(g.Saturated)
	}
	return []string{
		tableRate(g.Complete), tableRate(g.Agreement), tableRate(g.ToolError), cmp.Or(part(g.CacheHit), unknownMark), full,
		quantiles(g.DurationMS, milliseconds), quantiles(g.CostPerRun, coins),
		dollars(g.CostPerDecision), dollars(g.CostPerMerge), dollars(g.WastedUSD),
	}
}

// quantiles are those of a spread that is of enough runs for them.
func quantiles(s *trend.Spread, unit func(float64) string) string {
	if s == nil || s.N == 0 {
		return unknownMark
	}
	out := []string{unit(s.P50), unknownMark, unknownMark}
	if enough(s) {
		out[1] = unit(s.P90)
	}
	if s.N >= enoughForTail {
		out[2] = unit(s.P99)
	}
	return strings.Join(out, ", ")
}

// moreNumbers writes the figures behind the key numbers, folded.
func (t *trendPage) moreNumbers() {
	var b strings.Builder
	b.WriteString("<details><summary>More numbers</summary>\n\n| | |\n|---|---|\n")
	for _, f := range figures(t.report.Totals) {
		fmt.Fprintf(&b, "| %s | %s |\n", f.name, oneDollar(f.value))
	}
	b.WriteString("\n</details>\n")
	t.add(detail, "table of more numbers", "tables of more numbers", b.String())
}

// oneDollar keeps two dollars from making a formula.
func oneDollar(s string) string { return strings.ReplaceAll(s, "$", "<span>$</span>") }

// moreOfAgents writes the figures of each agent that the table of agents has no
// room for.
func (t *trendPage) moreOfAgents() {
	all := t.report.By.Agent
	if len(all) == 0 {
		return
	}
	var b strings.Builder
	titles := figureTitles()
	fmt.Fprintf(&b, "<details><summary>By agent, more numbers (%s)</summary>\n\n| agent | %s |\n|---|%s\n", number(int64(len(all)+leftOut(t.report, "agent"))), strings.Join(titles, " | "), strings.Repeat("---|", len(titles)))
	rows(&b, len(all)+leftOut(t.report, "agent"), "row", "rows", func(i int) {
		row := figureRow(all[i])
		for k := range row {
			row[k] = unbroken(oneDollar(row[k]))
		}
		fmt.Fprintf(&b, "| %s | %s |\n", groupName(all[i]), strings.Join(row, " | "))
	})
	b.WriteString("\n</details>\n")
	t.add(detail, "table of more numbers by agent", "tables of more numbers by agent", b.String())
}

// trendFigures writes the same for a terminal.
func trendFigures(b *strings.Builder, r *trend.Report, o TerminalOptions) {
	b.WriteString("\n" + o.in(bold, "More numbers") + "\n")
	for _, f := range figures(r.Totals) {
		for i, line := range wrap(f.name+": "+f.value, o.width()-4) {
			indent := "  "
			if i > 0 {
				indent = "    "
			}
			b.WriteString(indent + line + "\n")
		}
	}
}

// trendFiguresOfAgents writes the table of more numbers by agent for a terminal.
func trendFiguresOfAgents(b *strings.Builder, r *trend.Report, o TerminalOptions) {
	if len(r.By.Agent) == 0 {
		return
	}
	b.WriteString("\n" + o.in(bold, "By agent, more numbers") + "\n\n")
	columns := []column{{title: "NAME", least: 20}}
	for i, title := range figureTitles() {
		columns = append(columns, column{title: strings.ToUpper(title), spare: []int{3, 2, 5, 4, 9, 0, 1, 7, 8, 6}[i]})
	}
	var cells [][]cell
	for _, g := range r.By.Agent[:min(len(r.By.Agent), maxTerminalGroups)] {
		row := []cell{{termText(cmp.Or(g.Name, "not named"), maxName), ""}}
		for _, text := range figureRow(g) {
			row = append(row, cell{text, ""})
		}
		cells = append(cells, row)
	}
	table(b, columns, cells, o, "  ")
}
