package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/trend"
)

// Board writes the wall display: a light for each agent in each repository, the
// worst first, and why it is lit. It has at most lines lines; 0 is no limit.
func Board(w io.Writer, r *trend.Report, at time.Time, lines int, o TerminalOptions) error {
	var b strings.Builder
	l, what := trendState(r)
	head := fmt.Sprintf("%s  %s", o.in(bold, "ANDON"), o.lamp(l)+" "+lightWord(l)+": "+what)
	b.WriteString(head + "\n")
	b.WriteString(o.in(dim, squeeze(span(r.Window)+" · "+plural(int(r.Totals.Runs), "run", "runs")+boardBacklog(r)+" · as of "+at.UTC().Format("2006-01-02 15:04")+" UTC", o.width())) + "\n\n")
	if r.Totals.Runs == 0 {
		l, line := trendVerdict(r, o.writing())
		o.lampLine(&b, l, line)
	}
	columns := []column{
		{title: " "}, {title: "LIGHT"}, {title: "AGENT", least: 20}, {title: "REPOSITORY", least: 18}, {title: "RUNS", right: true, spare: 3}, {title: "LAST", spare: 4},
		{title: "SUCCEEDED", spare: 2}, {title: "OVERRULED", spare: 2}, {title: "WHY", least: 36},
	}
	all := boardRows(r, o)
	room := len(all)
	if lines > 0 {
		room = max(1, min(room, lines-6))
	}
	if len(all) > 0 {
		table(&b, columns, all[:room], o, "")
	}
	if n := len(all) + leftOut(r, "agent_repository") - room; n > 0 {
		fmt.Fprintf(&b, "… and %s more\n", number(int64(n)))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// boardRows returns a row for each agent in each repository, the worst first.
func boardRows(r *trend.Report, o TerminalOptions) [][]cell {
	t := trendPage{report: r}
	plain := TerminalOptions{Width: o.Width} // a cell is painted whole
	var out [][]cell
	for _, g := range t.worstGroups(r.By.Pair, aboutPair) {
		l := t.lightOf(g, aboutPair)
		out = append(out, []cell{
			{plain.lamp(l), paintOfLamp(l)}, {lightWord(l), paintOf(l)}, {termText(cmp.Or(g.Agent, "not named"), maxName), ""}, {termText(cmp.Or(g.Repository, "not named"), maxName), ""},
			{number(g.Runs), ""}, {dayOf(g.Last), dim}, {shortRate(g.Success), ""}, {shortRate(g.Override), ""}, {boardWhy(r, g), paintOf(l)},
		})
	}
	return out
}

// aboutPair reports whether a finding is about an agent in a repository: about
// it, about the agent wherever it runs, or about all of the repository.
func aboutPair(g trend.Group, s finding.Subject) bool {
	switch {
	case s.Agent != "":
		return s.Agent == g.Agent && (s.Repository == "" || s.Repository == g.Repository)
	case s.Repository != "":
		return s.Repository == g.Repository
	}
	return false
}

func paintOfLamp(l light) paint {
	if l == green {
		return inGreen
	}
	return paintOf(l)
}

// dayOf returns a date of a report as people say it, "20 Nov".
func dayOf(date string) string {
	d, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return unknownMark
	}
	return d.Format("2 Jan")
}

// shortRate is a share without its interval.
func shortRate(r *trend.Rate) string {
	switch {
	case r == nil || r.Of == 0:
		return unknownMark
	case r.Few:
		return "too few"
	}
	return portion(r.Value)
}

// boardWhy is the message of the worst finding about a group, whose row names
// the agent already.
func boardWhy(r *trend.Report, g trend.Group) string {
	var worst finding.Finding
	for _, f := range r.Findings {
		if f.Subject != nil && aboutPair(g, *f.Subject) && f.Severity.Rank() > max(worst.Severity.Rank(), finding.Info.Rank()) {
			worst = f
		}
	}
	return termText(strings.TrimPrefix(worst.Message, g.Agent+": "), maxMessage)
}
