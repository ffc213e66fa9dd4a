package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/trace"
	"github.com/andon-ci/andon/internal/trend"
)

// keyNumber is a figure of all runs.
type keyNumber struct {
	light  light
	name   string
	value  string
	course string // sparkline
}

// keyNumbers returns the few figures that say how the factory does. Those that
// were not measured are said not to be.
func keyNumbers(r *trend.Report) []keyNumber {
	g := r.Totals
	ps := periods(r.Window, g.Series)
	course := func(value func(period) (float64, bool)) string { return sparkline(pointsOf(ps, value)) }
	return []keyNumber{
		{lightOfMeasure(r, g.Success != nil && !g.Success.Few, "error-rate"), "runs that succeeded", rate(g.Success) + ofCount(g.Success, "run", "runs"), course(successIn)},
		{lightOfMeasure(r, g.Override != nil && !g.Override.Few, "override-rate"), "decisions that people overruled", overruledRate(r, g, rate) + ofCount(g.Override, "decision", "decisions"), course(overruledIn)},
		{lightOfMeasure(r, enough(g.CostPerRun), "cost", "spend"), "cost", costWords(g), course(costIn)},
		{lightOfMeasure(r, enough(g.DurationMS), "latency"), "time of a run", durations(g.DurationMS), ""},
		{lightOfMeasure(r, g.ToolError != nil && !g.ToolError.Few, "tool-errors", "tool-loop", "retry-storm"), "tool calls that failed", rate(g.ToolError) + loops(g), ""},
	}
}

// ofCount says of how many a share is, unless it has been said.
func ofCount(r *trend.Rate, one, many string) string {
	if r == nil || r.Of == 0 || r.Few {
		return ""
	}
	return " of " + plural(int(r.Of), one, many)
}

func loops(g trend.Group) string {
	if g.Loops == 0 {
		return ""
	}
	return "; " + plural(int(g.Loops), "run in a loop", "runs in a loop")
}

// costWords says what was spent, and what for.
func costWords(g trend.Group) string {
	out := []string{groupCost(g)}
	if s := g.CostPerRun; s != nil && s.N > 0 {
		out = append(out, coins(s.P50)+" a run"+upper(s, coins))
	}
	if f := g.CostPerDecision; f != nil {
		out = append(out, coins(*f)+" a decision")
	}
	if f := g.CostPerMerge; f != nil {
		out = append(out, coins(*f)+" a merged change")
	}
	if g.Unpriced > 0 {
		out = append(out, plural(int(g.Unpriced), "run", "runs")+" without a price")
	}
	return strings.Join(out, "; ")
}

func durations(s *trend.Spread) string {
	if s == nil || s.N == 0 {
		return "no data"
	}
	return milliseconds(s.P50) + upper(s, milliseconds)
}

// enough reports whether a distribution is of enough runs for a verdict.
func enough(s *trend.Spread) bool { return s != nil && s.N >= few }

// upper says over what the highest tenth of a distribution is, where it is of enough.
func upper(s *trend.Spread, unit func(float64) string) string {
	if !enough(s) {
		return ""
	}
	return ", 1 of 10 over " + unit(s.P90)
}

func milliseconds(f float64) string { return duration(trace.Measured(int64(f))) }

// groups writes a table for each way to group the runs: the agents in the open,
// for they are what people change.
func (t *trendPage) groups() {
	by := t.report.By
	t.add(overview, "table by agent", "tables by agent", "### By agent\n\n"+t.groupTable("agent", by.Agent, aboutAgent))
	t.moreOfAgents()
	t.folded("repository", by.Repository, aboutRepository)
	t.folded("owner", by.Owner, nil)
	t.folded("model", by.Model, aboutModel)
	t.folded("subject", by.Kind, nil)
	t.folded("instructions", by.Instructions, nil)
}

func aboutAgent(g trend.Group, s finding.Subject) bool      { return s.Agent == g.Name }
func aboutRepository(g trend.Group, s finding.Subject) bool { return s.Repository == g.Name }

// aboutModel leaves out what is about one run: that is no fault of its model.
func aboutModel(g trend.Group, s finding.Subject) bool { return s.Model == g.Name && s.RunID == "" }

func (t *trendPage) folded(one string, all []trend.Group, about func(trend.Group, finding.Subject) bool) {
	if !worthTelling(t.report, one, all) {
		return
	}
	t.add(decided, "table by "+one, "tables by "+one,
		fmt.Sprintf("<details><summary>By %s (%s%s)</summary>\n\n%s\n</details>\n", one, number(int64(len(all)+leftOut(t.report, one))), unowned(t.report, one), t.groupTable(one, all, about)))
}

// leftOut returns how many groups there are beyond those that are listed.
func leftOut(r *trend.Report, one string) int {
	if one == "subject" {
		one = "subject_kind"
	}
	return r.By.LeftOut[one]
}

// worthTelling reports whether groups tell anything: of one that is of all runs,
// everything has been said.
func worthTelling(r *trend.Report, one string, all []trend.Group) bool {
	return len(all) > 1 || len(all) == 1 && unowned(r, one) != ""
}

// unowned says how many runs the groups by owner are without.
func unowned(r *trend.Report, one string) string {
	if one != "owner" || r.Coverage.Unowned == 0 {
		return ""
	}
	return "; " + plural(int(r.Coverage.Unowned), "run is", "runs are") + " nobody's"
}

// groupTable writes a row for each group. About says which findings are about a
// group; nil gives no lights.
func (t *trendPage) groupTable(title string, all []trend.Group, about func(trend.Group, finding.Subject) bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s | runs | succeeded | overruled | cost | median run | cost over time |\n|---|--:|---|---|--:|--:|---|\n", title)
	all = t.worstGroups(all, about)
	ps := func(g trend.Group) []period { return periods(t.report.Window, g.Series) }
	rows(&b, len(all)+leftOut(t.report, title), "row", "rows", func(i int) {
		g := all[i]
		fmt.Fprintf(&b, "| %s%s | %s | %s | %s | %s | %s | %s |\n", t.lamp(g, about), groupName(g), number(g.Runs), rateCell(g.Success), overruledRate(t.report, g, rateCell),
			unbroken(groupCost(g)), unbroken(oneRun(g)), sparkline(pointsOf(ps(g), costIn)))
	})
	return b.String()
}

// rateCell is a share in a table, which has no room for words.
func rateCell(r *trend.Rate) string {
	if r != nil && r.Few {
		return fmt.Sprintf("too few (%s\u00a0of\u00a0%s)", number(r.Count), number(r.Of))
	}
	return unbroken(rate(r))
}

// lamp is the light of a group, and a word unless all is well.
func (t *trendPage) lamp(g trend.Group, about func(trend.Group, finding.Subject) bool) string {
	if about == nil {
		return ""
	}
	l := t.lightOf(g, about)
	if l == green || l == unlit {
		return string(l) + "\u00a0"
	}
	return string(l) + "\u00a0" + lightWord(l) + " "
}

// oneRun is what a run in the middle costs, and how long it takes.
func oneRun(g trend.Group) string {
	if g.CostPerRun == nil && g.DurationMS == nil {
		return unknownMark
	}
	return medianWithin(g.CostPerRun, coins) + ", " + medianWithin(g.DurationMS, milliseconds)
}

// lightOf is the light of a group; about is nil where none is.
func (t *trendPage) lightOf(g trend.Group, about func(trend.Group, finding.Subject) bool) light {
	if about == nil {
		return unlit
	}
	return lightOfGroup(t.report, g.Runs, func(s finding.Subject) bool { return about(g, s) })
}

// worstGroups puts groups with a light first, and keeps the order else.
func (t *trendPage) worstGroups(all []trend.Group, about func(trend.Group, finding.Subject) bool) []trend.Group {
	if about == nil {
		return all
	}
	rank := func(g trend.Group) int { return slices.Index([]light{red, yellow, green, unlit}, t.lightOf(g, about)) }
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(x, y trend.Group) int { return rank(x) - rank(y) })
	return all
}

// groupName names what a group has in common.
func groupName(g trend.Group) string {
	if g.Path != "" {
		return strings.TrimSpace(optionalCode(g.Agent) + " " + mdCode(g.Path, maxPath) + " " + optionalCode(shortSHA(g.Name)))
	}
	if g.Name == "" {
		return "not named"
	}
	if hexRun.FindString(g.Name) == g.Name {
		return strings.TrimSpace(optionalCode(g.Agent) + " " + mdCode(shortSHA(g.Name), maxName))
	}
	return mdCode(g.Name, maxPath)
}

func median(s *trend.Spread, unit func(float64) string) string {
	if s == nil || s.N == 0 {
		return unknownMark
	}
	return unit(s.P50)
}

// medianWithin is the median with its interval, where there is one. The sign of dollars
// stands once: between two of them GitHub would set a formula.
func medianWithin(s *trend.Spread, unit func(float64) string) string {
	if s == nil || s.N == 0 || s.Low == nil || s.High == nil {
		return median(s, unit)
	}
	bare := func(f float64) string { return strings.TrimPrefix(unit(f), "$") }
	return median(s, unit) + " (" + bare(*s.Low) + "–" + bare(*s.High) + ")"
}
