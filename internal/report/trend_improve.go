package report

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/trend"
)

// improve writes where an effort pays most.
func (t *trendPage) improve() {
	var b strings.Builder
	if line := inVain(t.report.Totals); line != "" {
		b.WriteString("\n" + oneDollar(line) + "\n")
	}
	for _, l := range costlyLists(t.report) {
		t.costly(&b, l.title, l.all)
	}
	for _, l := range recurringLists(t.report) {
		t.recurring(&b, l.title, l.all)
	}
	if b.Len() > 0 {
		t.add(failure, "list of what to improve", "lists of what to improve", "### Where to improve\n"+b.String())
	}
}

// list is a list of where to improve, under its title.
type list[T any] struct {
	title string
	all   []T
}

func costlyLists(r *trend.Report) []list[trend.Costly] {
	i := r.Improve
	out := []list[trend.Costly]{{"Runs that failed, went in circles or were overruled, by what they cost", i.Roles}}
	if len(r.By.Repository) > 1 {
		out = append(out, list[trend.Costly]{"The same by repository", i.Repositories})
	}
	return append(out, list[trend.Costly]{"Tools whose calls fail, by what the runs cost that came to nothing with them", i.Tools})
}

func recurringLists(r *trend.Report) []list[trend.Recurring] {
	return []list[trend.Recurring]{
		{"The same failure again and again", r.Improve.Patterns},
		{"Judgements that a linter rule or a check could make", r.Improve.Judgement},
	}
}

// maxImprove is how many of each kind are shown: nobody mends twenty things.
const maxImprove = 5

func (t *trendPage) costly(b *strings.Builder, title string, all []trend.Costly) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintf(b, "\n**%s**\n\n", title)
	most := 0.0
	for _, c := range all {
		if c.WastedUSD != nil {
			most = max(most, *c.WastedUSD)
		}
	}
	for _, c := range all[:min(len(all), maxImprove)] {
		fmt.Fprintf(b, "- %s: %s\n", joinNames(c, func(s string) string { return mdCode(s, maxName) }), strings.Join(costlyWords(c, most), "; ")+t.shownBy(c.Evidence))
	}
}

// joinNames names what a Costly is about: "Bash in review in o/r".
func joinNames(c trend.Costly, name func(string) string) string {
	var names []string
	for _, s := range []string{c.Tool, c.Agent, c.Repository} {
		if s != "" {
			names = append(names, name(s))
		}
	}
	return strings.Join(names, " in ")
}

func costlyWords(c trend.Costly, most float64) []string {
	var out []string
	if c.WastedUSD != nil && *c.WastedUSD > 0 {
		out = append(out, strings.TrimSpace(coins(*c.WastedUSD)+" "+gauge(*c.WastedUSD/most, 10)))
	}
	if c.Tool != "" {
		return append(out, toolWords(c)...)
	}
	of := " of " + plural(int(c.Runs), "run", "runs")
	if c.Failed > 0 {
		out = append(out, number(c.Failed)+of+" failed")
	}
	if c.Overridden != nil && *c.Overridden > 0 {
		out = append(out, number(*c.Overridden)+of+" overruled")
	}
	return out
}

// toolWords says how the calls of a tool went.
func toolWords(c trend.Costly) []string {
	out := []string{number(c.Errors) + " of " + plural(int(c.Calls), "call", "calls") + " failed"}
	if r := c.ErrorRate; r != nil && !r.Few {
		out[0] += ", " + rate(r)
	}
	if c.Failed > 0 {
		out = append(out, "in "+plural(int(c.Failed), "run", "runs")+" that came to nothing")
	}
	if c.DurationMS > 0 {
		out = append(out, milliseconds(float64(c.DurationMS))+" in all calls")
	}
	return out
}

// inVain says how much was spent on what came to nothing, and on what.
func inVain(g trend.Group) string {
	if g.WastedUSD == nil || g.Wasted == nil || *g.WastedUSD <= 0 {
		return ""
	}
	var parts []string
	for _, p := range []struct {
		usd *float64
		on  string
	}{{&g.Wasted.FailedUSD, "that failed"}, {&g.Wasted.LoopedUSD, "that went in circles"}, {g.Wasted.OverriddenUSD, "that people overruled"}} {
		if p.usd != nil && *p.usd > 0 {
			parts = append(parts, coins(*p.usd)+" on runs "+p.on)
		}
	}
	return fmt.Sprintf("%s of %s (%s) was spent in vain: %s.", coins(*g.WastedUSD), groupCost(g), portion(*g.WastedUSD/max(*g.CostUSD, *g.WastedUSD)), strings.Join(parts, ", "))
}

func (t *trendPage) recurring(b *strings.Builder, title string, all []trend.Recurring) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintf(b, "\n**%s**\n\n", title)
	for _, p := range all[:min(len(all), maxImprove)] {
		fmt.Fprintf(b, "- %s times%s: %s%s\n", number(p.Count), inMany(p.Subjects), mdCode(cmp.Or(p.Text, p.Rule), maxPath), byAgents(p)+t.shownBy(p.Evidence))
	}
}

func inMany(subjects int64) string {
	if subjects < 2 {
		return ""
	}
	return " in " + number(subjects) + " pull requests and issues"
}

func byAgents(p trend.Recurring) string {
	if len(p.Agents) == 0 {
		return ""
	}
	return " by " + listOf(p.Agents)
}

func (t *trendPage) shownBy(all []finding.Evidence) string {
	if links := t.evidence(all[:min(len(all), 3)]); links != "" {
		return " – " + links
	}
	return ""
}

// title writes what a list of a terminal is of, unless it is empty.
func title(b *strings.Builder, text string, n int, o TerminalOptions) {
	if n == 0 {
		return
	}
	for _, line := range wrap(text, o.width()-2) {
		b.WriteString("  " + o.in(dim, line) + "\n")
	}
}

// trendImprove writes the same for a terminal.
func trendImprove(b *strings.Builder, r *trend.Report, o TerminalOptions) {
	var all strings.Builder
	if line := inVain(r.Totals); line != "" {
		item(&all, "-", dim, line, nil, o)
	}
	for _, l := range costlyLists(r) {
		title(&all, l.title, len(l.all), o)
		for _, c := range l.all[:min(len(l.all), maxImprove)] {
			item(&all, "-", dim, joinNames(c, func(s string) string { return s })+": "+strings.Join(costlyWords(c, math.Inf(1)), "; "), evidencePlaces(c.Evidence), o)
		}
	}
	for _, l := range recurringLists(r) {
		title(&all, l.title, len(l.all), o)
		for _, p := range l.all[:min(len(l.all), maxImprove)] {
			item(&all, "-", dim, number(p.Count)+" times"+inMany(p.Subjects)+": "+cmp.Or(p.Text, p.Rule), evidencePlaces(p.Evidence), o)
		}
	}
	if all.Len() > 0 {
		b.WriteString("\n" + o.in(bold, "Where to improve") + "\n" + all.String())
	}
}
