package report

import (
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/trend"
)

// TrendJSON writes a report of a history, described by schemas/report.schema.json.
func TrendJSON(w io.Writer, r *trend.Report) error {
	return writeJSON(w, r)
}

// TrendTitle names a report in one line, which holds no text of a trace: the
// title of an issue.
func TrendTitle(r *trend.Report) string {
	out := "Andon report, " + span(r.Window)
	l, what := trendState(r)
	switch {
	case l == unlit:
		return out + ": " + strings.ToLower(what[:1]) + what[1:]
	case len(r.Findings) == 0:
		return out + ": nothing stands out"
	}
	return out + ": " + what
}

// TrendWorst returns the highest severity of what was found, empty for none.
func TrendWorst(r *trend.Report) finding.Severity {
	var worst finding.Severity
	for _, f := range r.Findings {
		if f.Severity.Rank() > worst.Rank() {
			worst = f.Severity
		}
	}
	return worst
}

// trendState returns the light of all, and in a few words why.
func trendState(r *trend.Report) (light, string) {
	switch {
	case r.Totals.Runs == 0 && r.Window.Kept == 0:
		return unlit, "No data"
	case r.Totals.Runs == 0:
		return unlit, "Nothing happened"
	}
	n := map[finding.Severity]int{}
	for _, f := range r.Findings {
		n[f.Severity]++
	}
	var parts []string
	if k := n[finding.Error]; k > 0 {
		parts = append(parts, plural(k, "problem", "problems"))
	}
	if k := n[finding.Warning]; k > 0 {
		parts = append(parts, plural(k, "warning", "warnings"))
	}
	if k := n[finding.Info]; k > 0 {
		parts = append(parts, plural(k, "change", "changes"))
	}
	switch {
	case len(parts) == 0 && r.Totals.Runs < few:
		return unlit, "Too few to say"
	case len(parts) == 0:
		return green, "Nothing stands out"
	}
	return lightOfSeverity(TrendWorst(r)), strings.Join(parts, ", ")
}

func lightOfSeverity(s finding.Severity) light {
	switch s {
	case finding.Error:
		return red
	case finding.Warning:
		return yellow
	}
	return green
}

// lightWord says what a light means, for who cannot see its colour.
func lightWord(l light) string {
	switch l {
	case red:
		return "bad"
	case yellow:
		return "warn"
	case green:
		return "good"
	}
	return "no verdict"
}

// trendVerdict says in one line what the window came to.
func trendVerdict(r *trend.Report, w writing) (light, string) {
	l, what := trendState(r)
	t := r.Totals
	switch {
	case t.Runs == 0 && r.Window.Kept == 0:
		return l, w.strong(what) + ": the history holds nothing of " + theseDays(r.Window.Days)
	case t.Runs == 0 && r.Coverage.Forks != nil:
		return l, fmt.Sprintf("%s: no agent ran but for pull requests of forks", w.strong(what))
	case t.Runs == 0:
		return l, fmt.Sprintf("%s: no agent ran, on any of the %s of which the history holds something", w.strong(what), plural(r.Window.Kept, "day", "days"))
	}
	parts := []string{w.strong(what) + " in " + plural(int(t.Runs), "run", "runs")}
	if t.Success != nil {
		parts = append(parts, "success "+rate(t.Success))
	}
	if t.Override != nil {
		parts = append(parts, "overruled "+rate(t.Override))
	}
	return l, strings.Join(append(parts, "cost "+groupCost(t)), "; ")
}

func theseDays(n int) string {
	if n == 1 {
		return "this day"
	}
	return "these " + plural(n, "day", "days")
}

// trendCoverage says on what a report rests. The zeros in it were counted.
func trendCoverage(r *trend.Report) []string {
	c := r.Coverage
	out := []string{
		span(r.Window) + " (" + plural(r.Window.Days, "day", "days") + ", " + number(int64(r.Window.Kept)) + " of them with data)",
		plural(int(c.Runs), "run", "runs") + " seen",
		plural(int(c.Traces), "trace", "traces") + " read",
		plural(int(c.Invalid), "line", "lines") + " invalid",
		number(c.Missing) + " missing",
		number(c.Suppressed) + " suppressed",
		overridesSeen(c),
	}
	if c.Misdated > 0 {
		out = append(out, plural(int(c.Misdated), "run", "runs")+" of impossible times")
	}
	if n := len(c.Unread); n > 0 {
		out = append(out, plural(n, "file", "files")+" of the history not read")
	}
	if c.Forks != nil {
		out = append(out, ofForks(*c.Forks))
	}
	all := len(c.Repositories)
	if n := len(c.Unreachable); n > 0 {
		return append(out, plural(n, "repository", "repositories")+" not reachable")
	}
	return append(out, plural(all, "repository", "repositories")+", 0 not reachable")
}

// overridesSeen says how many overrides there are, how many of them no share
// counts, and where nobody looked for any, that it is not known.
func overridesSeen(c trend.Coverage) string {
	if c.Overrides == nil {
		return "overrides not known"
	}
	out := plural(int(*c.Overrides), "override", "overrides")
	if c.Unlinked > 0 {
		out += " (" + number(c.Unlinked) + " of decisions that the history does not hold)"
	}
	return out
}

// overruledRate is the share of decisions that people overruled, as it is laid out where
// it is known: a dash where nobody looked for overrides.
func overruledRate(r *trend.Report, g trend.Group, as func(*trend.Rate) string) string {
	if r.Coverage.Overrides == nil {
		return unknownMark
	}
	return as(g.Override)
}

// ofForks says what becomes of the runs whose bundles strangers may have written.
func ofForks(f trend.Forks) string {
	runs := plural(int(f.Runs), "run", "runs")
	if f.Overrides > 0 {
		runs += " and " + plural(int(f.Overrides), "override", "overrides")
	}
	if f.Counted {
		return runs + " of them of forks"
	}
	return runs + " of forks apart"
}

// span returns the window as people say it: "24 Aug – 21 Nov 2026".
func span(w trend.Window) string {
	from, err1 := time.Parse(time.DateOnly, w.From)
	to, err2 := time.Parse(time.DateOnly, w.To)
	switch {
	case err1 != nil || err2 != nil:
		return "no window"
	case from.Equal(to):
		return to.Format("2 Jan 2006")
	case from.Year() != to.Year():
		return from.Format("2 Jan 2006") + " – " + to.Format("2 Jan 2006")
	}
	return from.Format("2 Jan") + " – " + to.Format("2 Jan 2006")
}

// rate returns a share with its interval, "14 % (10–19)", or why there is none.
func rate(r *trend.Rate) string {
	switch {
	case r == nil || r.Of == 0:
		return "no data"
	case r.Few:
		return fmt.Sprintf("too few to say (%s of %s)", number(r.Count), number(r.Of))
	}
	return fmt.Sprintf("%s (%s–%s)", portion(r.Value), bound(r.Low), bound(r.High))
}

// portion returns a share from 0 to 1. What is not all and not nothing never
// looks as if it were.
func portion(f float64) string {
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return "unknown"
	case f > 0 && f < 0.005:
		return "<1 %"
	case f < 1 && f >= 0.995:
		return ">99 %"
	}
	return fmt.Sprintf("%.0f %%", f*100)
}

func bound(f float64) string { return fmt.Sprintf("%.0f", min(max(f, 0), 1)*100) }

// groupCost returns what is known of the cost of a group.
func groupCost(g trend.Group) string {
	switch {
	case g.CostUSD == nil:
		return "unknown"
	case g.Unpriced > 0:
		return "≥ " + coins(*g.CostUSD)
	}
	return coins(*g.CostUSD)
}

func dollars(f *float64) string {
	if f == nil {
		return unknownMark
	}
	return coins(*f)
}

// coins returns an amount in two digits where it is below a dollar, which is as
// much as a figure of many runs is worth.
func coins(f float64) string {
	if f >= 1 || f < 0.0001 {
		return usd(f)
	}
	digits := 1 - int(math.Floor(math.Log10(f)))
	return "$" + strconv.FormatFloat(f, 'f', max(2, digits), 64)
}

// few is below how many runs nothing is said of a group.
const few = 10

// lightOfGroup is that of the worst finding about a group: about all of what
// the findings name of it.
func lightOfGroup(r *trend.Report, runs int64, about func(finding.Subject) bool) light {
	l := green
	if runs < few {
		l = unlit
	}
	for _, f := range r.Findings {
		if f.Subject != nil && about(*f.Subject) && f.Severity.Rank() > finding.Info.Rank() {
			l = worse(l, lightOfSeverity(f.Severity))
		}
	}
	return l
}

// measureOf returns what a finding measures: what it says itself, else what its
// rule does, "error-rate" of "drift/error-rate".
func measureOf(f finding.Finding) string {
	if f.Subject != nil && f.Subject.Measure != "" {
		return f.Subject.Measure
	}
	return f.Rule[strings.IndexByte(f.Rule, '/')+1:]
}

// lightOfMeasure is that of the worst finding about one of the measures; none
// where there is no finding and too little was measured.
func lightOfMeasure(r *trend.Report, known bool, measures ...string) light {
	l := green
	if !known {
		l = unlit
	}
	for _, f := range r.Findings {
		if slices.Contains(measures, measureOf(f)) && f.Severity.Rank() > finding.Info.Rank() {
			l = worse(l, lightOfSeverity(f.Severity))
		}
	}
	return l
}

// evidencePath matches what is linked to: a workflow run, a pull request, an
// issue, a commit, a file at a commit.
var evidencePath = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100})/(?:actions/runs/(\d+)(?:/attempts/\d+)?|(pull|issues)/(\d+)(?:#[a-z]+-?\d+)?|commit/([0-9a-f]{7,64})|blob/([0-9a-f]{7,64})/(?:[A-Za-z0-9_.-]+/)*([A-Za-z0-9_.-]+))$`)

// linkName returns the words of a link to what is shown as evidence, and
// whether it is a link: to the forge, and to a repository that the report is
// about. A trace could name any other place.
func linkName(r *trend.Report, server, url string) (name string, ok bool) {
	path, ok := strings.CutPrefix(url, server+"/")
	m := evidencePath.FindStringSubmatch(path)
	if !ok || m == nil || !slices.Contains(r.Coverage.Repositories, m[1]) || strings.Contains("/"+path+"/", "/../") || strings.Contains("/"+path+"/", "/./") {
		return "", false
	}
	switch {
	case m[2] != "":
		return "run " + m[2], true
	case m[3] == "pull":
		return "pull request " + m[4], true
	case m[3] == "issues":
		return "issue " + m[4], true
	case m[6] != "":
		return mdText(m[7], maxName) + " at " + m[6][:7], true
	}
	return "commit " + m[5][:7], true
}
