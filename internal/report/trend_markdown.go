package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/trend"
)

// TrendOptions says what a report of a history cannot know from it. The zero
// value is useful.
type TrendOptions struct {
	Limit     int      // most bytes; 0 is 60,000, below the 65,536 characters of a GitHub issue
	ServerURL string   // of the forge, for links; empty is https://github.com
	Owner     string   // whose report it is; empty is everybody's
	Mention   []string // accounts that are told where something is wrong
}

const maxReport = 60_000

// TrendMarkdown writes a report of a history for an issue, in GitHub's Markdown:
// what it rests on, the key numbers, what changed and why, and the figures
// behind it. What is over the limit is cut by whole sections, and a line says
// what.
func TrendMarkdown(w io.Writer, r *trend.Report, o TrendOptions) error {
	t := trendPage{report: r, options: o}
	t.options.ServerURL = strings.TrimSuffix(cmp.Or(o.ServerURL, "https://github.com"), "/")
	t.head()
	if r.Totals.Runs > 0 {
		t.keyNumbers()
		t.moreNumbers()
		t.changes()
		t.backlog()
		t.charts()
		t.groups()
		t.improve()
	} else if len(t.report.Findings) > 0 {
		t.changes()
	}
	t.foot()
	limit := o.Limit
	if limit <= 0 {
		limit = maxReport
	}
	_, err := io.WriteString(w, assemble(t.sections, limit, "`andon report --format json` holds everything."))
	return err
}

// trendPage is a report in the making.
type trendPage struct {
	summary
	report  *trend.Report
	options TrendOptions
}

// head writes what the report rests on, and the verdict.
func (t *trendPage) head() {
	var b strings.Builder
	fmt.Fprintf(&b, "<sub>%s</sub>\n\n", strings.Join(trendCoverage(t.report), " · "))
	if t.options.Owner != "" {
		fmt.Fprintf(&b, "Of what %s owns.\n\n", mdCode(t.options.Owner, maxName))
	}
	l, line := trendVerdict(t.report, markdownWriting())
	fmt.Fprintf(&b, "%s %s\n", l, line)
	if names := t.report.Coverage.Unreachable; len(names) > 0 {
		fmt.Fprintf(&b, "\n> [!WARNING]\n> This is not all: %s could not be read.\n", listOf(names))
	}
	t.add(always, "", "", b.String())
	t.notRead()
}

// notRead names the files of the history that the figures do not have.
func (t *trendPage) notRead() {
	const shown = 10
	all := t.report.Coverage.Unread
	if len(all) == 0 {
		return
	}
	var b strings.Builder
	b.WriteString("> [!WARNING]\n> These files of the history were not read, or not to their end:\n>\n")
	for _, f := range all[:min(len(all), shown)] {
		fmt.Fprintf(&b, "> - %s: %s\n", mdCode(f.File, maxName), mdText(f.Reason, maxName))
	}
	if n := len(all) - shown; n > 0 {
		fmt.Fprintf(&b, "> - and %s\n", plural(n, "other", "others"))
	}
	t.add(always, "", "", b.String())
}

// listOf names a few of many.
func listOf(all []string) string {
	const shown = 5
	var out []string
	for _, name := range all[:min(len(all), shown)] {
		out = append(out, mdCode(name, maxName))
	}
	if n := len(all) - shown; n > 0 {
		out = append(out, number(int64(n))+" more")
	}
	return strings.Join(out, ", ")
}

// keyNumbers writes the few figures that say how the factory does, each with a
// light, a word for it, and its course.
func (t *trendPage) keyNumbers() {
	var b strings.Builder
	b.WriteString("### Key numbers\n\n| | | | over time |\n|---|---|---|---|\n")
	for _, k := range keyNumbers(t.report) {
		fmt.Fprintf(&b, "| %s\u00a0%s | **%s** | %s | %s |\n", k.light, lightWord(k.light), k.name, oneDollar(k.value), k.course)
	}
	t.add(overview, "table of key numbers", "tables of key numbers", b.String())
}

// changes writes the findings, the worst first: those that matter in the open,
// the rest folded.
func (t *trendPage) changes() {
	const open = 10
	all := t.report.Findings
	var b strings.Builder
	b.WriteString("### What changed, and why\n\n")
	if len(all) == 0 {
		b.WriteString(nothingFound(t.report) + "\n")
		t.add(judgement, "list of changes", "lists of changes", b.String())
		return
	}
	for _, f := range all[:min(len(all), open)] {
		t.change(&b, f)
	}
	t.add(always, "", "", b.String())
	if len(all) <= open {
		return
	}
	b.Reset()
	fmt.Fprintf(&b, "<details><summary>%s more</summary>\n\n", number(int64(len(all)-open)))
	rows(&b, len(all)-open, "finding", "findings", func(i int) { t.change(&b, all[open+i]) })
	b.WriteString("\n</details>\n")
	t.add(detail, "rest of the findings", "rests of the findings", b.String())
}

// nothingFound says that nothing stands out, and from how much.
func nothingFound(r *trend.Report) string {
	if r.Totals.Runs < few {
		return "With " + plural(int(r.Totals.Runs), "run", "runs") + " there is too little to say anything."
	}
	return "Nothing stands out: no run, rate or course differs from its own past by more than chance explains."
}

// change writes one finding with what shows it.
func (t *trendPage) change(b *strings.Builder, f finding.Finding) {
	fmt.Fprintf(b, "- %s %s", severityWord(f.Severity), mdText(f.Message, 2*maxMessage))
	if links := t.evidence(f.Evidence); links != "" {
		b.WriteString(" – " + links)
	}
	if f.Hint != "" {
		b.WriteString("<br>" + mdText(f.Hint, maxMessage))
	}
	fmt.Fprintf(b, " <sub>%s%s</sub>\n", mdCode(f.Rule, maxName), when(f.Subject))
}

// severityWord is a light and a word.
func severityWord(s finding.Severity) string {
	switch s {
	case finding.Error:
		return "🔴 **problem:**"
	case finding.Warning:
		return "🟡 **warning:**"
	}
	return "🔵 **change:**"
}

// when returns the days that a finding is about.
func when(s *finding.Subject) string {
	switch {
	case s == nil || s.From == "" && s.To == "":
		return ""
	case s.From == s.To || s.To == "":
		return " " + mdText(s.From, 20)
	case s.From == "":
		return " until " + mdText(s.To, 20)
	}
	return " " + mdText(s.From, 20) + " to " + mdText(s.To, 20)
}

// evidence links to what shows a claim.
func (t *trendPage) evidence(all []finding.Evidence) string {
	const shown = 5
	var out []string
	seen := map[string]bool{} // two reviews of a pull request are one page
	for _, e := range all {
		name, ok := linkName(t.report, t.options.ServerURL, e.URL)
		switch {
		case ok && seen[name]:
		case ok:
			seen[name] = true
			out = append(out, fmt.Sprintf("[%s](%s)", name, e.URL))
		case e.URL != "":
			out = append(out, mdCode(e.URL, maxPath))
		case e.File != "":
			out = append(out, mdCode(evidencePlace(e), maxPath))
		}
	}
	if n := len(out) - shown; n > 0 {
		out = append(out[:shown], number(int64(n))+" more")
	}
	return strings.Join(out, ", ")
}

// evidencePlace returns "file:line" of a piece of evidence.
func evidencePlace(e finding.Evidence) string {
	if e.Line == 0 {
		return e.File
	}
	return fmt.Sprintf("%s:%d", e.File, e.Line)
}

// charts draws the course of the window, with the table beside it.
func (t *trendPage) charts() {
	ps := periods(t.report.Window, t.report.Totals.Series)
	if len(ps) == 0 {
		return
	}
	var b strings.Builder
	draw := func(title string, c chart) {
		if d := c.xychart(); d != "" {
			fmt.Fprintf(&b, "\n**%s**\n\n%s", title, d)
		}
	}
	draw(spendTitle(ps), chart{"US dollars", true, pointsOf(ps, costIn)})
	draw("Decisions that people overruled, in %", chart{"percent", false, pointsOf(ps, overruledIn)})
	if l := lightOfMeasure(t.report, true, "error-rate"); l != green { // a line along the top tells nothing
		draw("Runs that succeeded, in %", chart{"percent", false, pointsOf(ps, successIn)})
	}
	if b.Len() > 0 {
		t.add(timeline, "set of charts", "sets of charts", "### Over time\n"+b.String())
	}
	t.courseTable(ps)
}

// spendTitle says what a bar of the spend is. The first may be of fewer days.
func spendTitle(ps []period) string {
	first, each := ps[0].length, ps[len(ps)-1].length
	switch {
	case each == 1:
		return "Spend a day, in US dollars"
	case first < each:
		return fmt.Sprintf("Spend a day, in US dollars; a bar is the mean of %d days, the first of %d", each, first)
	}
	return fmt.Sprintf("Spend a day, in US dollars; a bar is the mean of %d days", each)
}

func (t *trendPage) courseTable(ps []period) {
	var b strings.Builder
	b.WriteString("<details><summary>The same in figures</summary>\n\n| from | days | runs | succeeded | decisions | overruled | cost |\n|---|--:|--:|--:|--:|--:|--:|\n")
	for _, p := range ps {
		if p.days == 0 {
			fmt.Fprintf(&b, "| %s | %d | no data | | | | |\n", p.label, p.length)
			continue
		}
		fmt.Fprintf(&b, "| %s | %d | %s | %s | %s | %s | %s |\n", p.label, p.length, number(p.sum.Runs), share(successIn(p)), number(p.sum.Decisions), overruledShare(p), dollars(p.sum.CostUSD))
	}
	b.WriteString("\n</details>\n")
	t.add(detail, "table of the course", "tables of the course", b.String())
}

// share returns a share in percent, or that it is of too few.
func share(v float64, known bool) string {
	if !known {
		return "too few"
	}
	return portion(v / 100)
}

// overruledShare is the share of decisions that people overruled, a dash where
// nobody looked for overrides.
func overruledShare(p period) string {
	if !p.asked {
		return unknownMark
	}
	return share(overruledIn(p))
}

// foot says what the lights mean, and tells those who are to be told.
func (t *trendPage) foot() {
	var b strings.Builder
	if t.report.Totals.Runs == 0 {
		return
	}
	b.WriteString("<sub>An interval, as in 14 % (10–19), is where the true share lies in 19 of 20 such cases. 🔴 bad and 🟡 warn: a finding above says why; 🟢 good: none does; ⚪ no verdict: no data, or too few runs. " +
		"[What each figure and light means](https://github.com/andon-ci/andon/blob/main/docs/report.md)</sub>\n")
	if l, _ := trendState(t.report); len(t.options.Mention) > 0 && (l == red || l == yellow) {
		b.WriteString("\ncc " + strings.Join(t.options.Mention, " ") + "\n")
	}
	t.add(always, "", "", b.String())
}
