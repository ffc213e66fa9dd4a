package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

// Terminal writes a report for a person at a terminal, no wider than it.
func Terminal(w io.Writer, r *session.Report, o TerminalOptions) error {
	var b strings.Builder
	l, line := verdict(r, o.writing())
	o.lampLine(&b, l, line)
	for _, part := range wrap(strings.Join(coverage(r.Coverage), " · "), o.width()-2) {
		b.WriteString("  " + o.in(dim, part) + "\n")
	}
	ids := idLength(allRuns(r))
	for _, s := range r.Sessions {
		terminalSession(&b, s, ids, o)
	}
	terminalFindings(&b, "Findings", allFindings(r), o)
	_, err := io.WriteString(w, b.String())
	return err
}

// lampLine writes a line behind a lamp.
func (o TerminalOptions) lampLine(b *strings.Builder, l light, line string) {
	for i, part := range wrap(line, o.width()-2) {
		lead := "  "
		if i == 0 {
			lead = o.lamp(l) + " "
		}
		b.WriteString(lead + part + "\n")
	}
}

// writing writes what a verdict is made of. The line is wrapped before it is
// shown, so that it takes no colour but the lamp's.
func (o TerminalOptions) writing() writing {
	return writing{
		strong: func(s string) string { return s },
		name:   func(s string) string { return squeeze(termText(s, maxName), o.width()-18) },
	}
}

func (o TerminalOptions) lamp(l light) string {
	switch l {
	case red:
		return o.in(inRed, "●")
	case yellow:
		return o.in(inYellow, "●")
	case green:
		return o.in(inGreen, "●")
	}
	return "○"
}

func paintOf(l light) paint {
	switch l {
	case red:
		return inRed
	case yellow:
		return inYellow
	}
	return ""
}

func terminalSession(b *strings.Builder, s *session.Session, ids int, o TerminalOptions) {
	title := squeeze(termText(s.ID, maxPath), o.width()-32)
	fmt.Fprintf(b, "\n%s  %s\n\n", o.in(bold, title), o.in(dim, aboutKey(s)))
	columns := []column{
		{title: "RUN", spare: 9}, {title: "AGENT", least: 15}, {title: "DECISION", least: 15}, {title: "STATUS", least: 10}, {title: "TURNS", right: true, spare: 5},
		{title: "TOOLS", right: true, spare: 2}, {title: "IN", right: true, spare: 4}, {title: "CACHE READ", right: true, spare: 8},
		{title: "WRITE", right: true, spare: 10}, {title: "OUT", right: true, spare: 3}, {title: "HIT", right: true, spare: 6},
		{title: "COST", right: true}, {title: "BASIS", spare: 11, least: 8}, {title: "TIME", right: true},
	}
	var all [][]cell
	for _, r := range s.Runs {
		id := cell{termText(shortID(r, ids), maxName), dim}
		all = append(all, append([]cell{id}, terminalRun(r, o)...))
	}
	if len(s.Runs) == 1 { // whose id is needed to name no run
		columns = columns[1:]
		all[0] = all[0][1:]
	}
	table(b, columns, all, o, "  ")
	terminalWork(b, s, o)
	terminalErrors(b, s, o)
}

// terminalWork says of each run where its time went and what it changed.
func terminalWork(b *strings.Builder, s *session.Session, o TerminalOptions) {
	label := labels(s)
	const shown = 10
	for _, r := range s.Runs[:min(len(s.Runs), shown)] {
		lines := work(r, o.writing())
		if len(lines) == 0 {
			continue
		}
		b.WriteByte('\n')
		if len(s.Runs) > 1 {
			b.WriteString("  " + o.in(bold, squeeze(termText(label[r], maxName), o.width()-2)) + "\n")
		}
		for _, l := range lines {
			for i, part := range wrap(l[1], o.width()-16) {
				lead := l[0]
				if i > 0 {
					lead = ""
				}
				fmt.Fprintf(b, "  %s %s\n", o.in(dim, fmt.Sprintf("%-13s", lead)), part)
			}
		}
	}
}

// aboutKey says who told what a session is about.
func aboutKey(s *session.Session) string {
	if s.KeySource == "" || s.KeySource == session.KeyFromNone {
		return "no key"
	}
	return "key from " + termText(string(s.KeySource), 20)
}

func terminalRun(r *session.Run, o TerminalOptions) []cell {
	what := cell{unknownMark, ""}
	if r.Decision != nil {
		what = cell{kind(r.Decision.Kind, o.writing()), paintOf(lightOfKind(r.Decision.Kind))}
	}
	u := r.Usage
	return []cell{
		{termText(agentName(r), maxName), ""}, what, {status(r.Status, o.writing()), paintOf(lightOfStatus(r.Status))},
		{count(r.Turns), ""}, {withErrors(r.ToolCalls, r.ToolErrors), ""},
		{tokens(u.Input), ""}, {tokens(u.CacheRead), ""}, {tokens(u.CacheWrite5m.Add(u.CacheWrite1h)), ""}, {tokens(u.Output), ""},
		{hitRate(u), ""}, {strings.TrimPrefix(amount(r.Cost), "cost "), ""}, {basis(r.Cost), dim}, {duration(r.Elapsed()), ""},
	}
}

// basis says what a cost rests on.
func basis(c session.Cost) string {
	if c.USD == nil && len(c.UnpricedModels) > 0 {
		return "no price for " + termText(strings.Join(c.UnpricedModels, ", "), maxName)
	}
	return termText(c.Source, 20)
}

func terminalErrors(b *strings.Builder, s *session.Session, o TerminalOptions) {
	all, label := faults(s, true), labels(s)
	if len(all) == 0 {
		return
	}
	b.WriteString("\n" + o.in(bold, "Errors") + "\n")
	const shown = 20
	for _, f := range all[:min(len(all), shown)] {
		text := label[f.run] + " ended with " + string(f.run.Status) + plainError(f.run.Error)
		switch {
		case f.step == nil && f.run.Status == trace.Incomplete && f.run.Error == nil:
			text = label[f.run] + " has no end: its trace stops"
		case f.step != nil:
			text = label[f.run] + ": " + stepName(f.step) + " failed" + times(f.n) + exitText(f.step) + plainError(f.err)
		}
		item(b, "✗", inRed, text, f.places, o)
	}
	if len(all) > shown {
		fmt.Fprintf(b, "  … and %d more; `andon show --run ID` lists a run's steps\n", len(all)-shown)
	}
}

func plainError(e *trace.Error) string {
	out := ""
	if e != nil && e.Type != "" {
		out += ", " + e.Type
	}
	if e != nil && e.Message != "" {
		out += ": " + e.Message
	}
	return out
}

func terminalFindings(b *strings.Builder, title string, fs []finding.Finding, o TerminalOptions) {
	if len(fs) == 0 {
		return
	}
	b.WriteString("\n" + o.in(bold, title) + "\n")
	const shown = 50
	all := group(fs)
	for _, f := range all[:min(len(all), shown)] {
		mark, p := "i", dim
		switch f.Severity {
		case finding.Error:
			mark, p = "✗", inRed
		case finding.Warning:
			mark, p = "!", inYellow
		}
		item(b, mark, p, f.Message+times(f.n)+" ["+f.Rule+"]", f.places, o)
		if f.Hint != "" {
			for _, line := range wrap(termText(f.Hint, maxMessage), o.width()-6) {
				b.WriteString("      " + o.in(dim, line) + "\n")
			}
		}
	}
	if len(all) > shown {
		fmt.Fprintf(b, "  … and %d more\n", len(all)-shown)
	}
}

// item writes a mark, a message, and below it the places that show it.
func item(b *strings.Builder, mark string, p paint, message string, places []string, o TerminalOptions) {
	for i, line := range wrap(termText(message, maxMessage), o.width()-4) {
		lead := "    "
		if i == 0 {
			lead = "  " + o.in(p, mark) + " "
		}
		b.WriteString(lead + line + "\n")
	}
	for _, where := range places {
		b.WriteString("    " + o.in(dim, squeezePlace(where, o.width()-4)) + "\n")
	}
}
