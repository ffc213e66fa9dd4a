package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/session"
)

// ChainTerminal writes a chain for a person at a terminal, no wider than it.
func ChainTerminal(w io.Writer, c *Story, o TerminalOptions) error {
	var b strings.Builder
	l, line := chainVerdict(c, o.writing())
	o.lampLine(&b, l, line)
	for _, part := range wrap(strings.Join(chainCoverage(c.Coverage), " · "), o.width()-2) {
		b.WriteString("  " + o.in(dim, part) + "\n")
	}
	terminalUnread(&b, c.Coverage, o)
	b.WriteString("\n" + o.in(bold, squeeze(chainTitle(c), o.width())) + "\n\n")
	for _, f := range chainFacts(c) {
		fmt.Fprintf(&b, "  %s %s\n", o.in(dim, fmt.Sprintf("%-16s", f[0])), squeeze(termText(f[1], maxMessage), o.width()-19))
	}
	b.WriteByte('\n')
	for _, h := range happenings(c) {
		switch {
		case h.link != nil:
			terminalLink(&b, h.link, o)
		case h.act != nil:
			fmt.Fprintf(&b, "  %s  %s\n", o.in(dim, minuteOf(h.at)), squeeze(termText(actText(h.act, o.writing()), maxMessage), o.width()-20))
		default:
			terminalRecord(&b, h, o)
		}
	}
	terminalFindings(&b, "Findings", chainFindings(c), o)
	_, err := io.WriteString(w, b.String())
	return err
}

// chainTitle names what a chain is about.
func chainTitle(c *Story) string {
	if c.Subject.Number == 0 {
		return termText(c.Repository+"@"+c.HeadSHA, maxPath)
	}
	title := fmt.Sprintf("%s#%d", c.Repository, c.Subject.Number)
	if c.PullRequest != nil {
		title += "  " + c.PullRequest.Title
	}
	return termText(title, maxPath)
}

func terminalUnread(b *strings.Builder, c session.ChainCoverage, o TerminalOptions) {
	if !c.Partial {
		return
	}
	b.WriteString("\n" + o.in(inYellow, "Not all was read") + "\n")
	const shown = 10
	for _, u := range c.Unread[:min(len(c.Unread), shown)] {
		item(b, "!", inYellow, u.What+": "+u.Reason, nil, o)
	}
	if n := len(c.Unread) - shown; n > 0 {
		fmt.Fprintf(b, "  … and %s more\n", number(int64(n)))
	}
	if c.Cursor != "" {
		b.WriteString(squeeze("  go on with --cursor "+termText(c.Cursor, maxName), o.width()) + "\n")
	}
}

// minuteOf returns a time to the minute, in UTC.
func minuteOf(t time.Time) string {
	if t.IsZero() || !drawable(t) {
		return "(no time)"
	}
	return t.UTC().Format("2006-01-02 15:04")
}

// terminalRecord writes what somebody made of a decision. It may take lines.
func terminalRecord(b *strings.Builder, h happening, o TerminalOptions) {
	lead := "  " + o.in(dim, minuteOf(h.at)) + "  "
	for _, part := range wrap(recordLine(h.record, o.writing()), o.width()-20) {
		b.WriteString(lead + part + "\n")
		lead = strings.Repeat(" ", 20)
	}
}

// terminalLink writes a head: what was decided there, and a row for each run.
func terminalLink(b *strings.Builder, l *session.Link, o TerminalOptions) {
	s := l.Session
	at := "(no time)"
	if len(l.Workflows) > 0 {
		at = minuteOf(l.Workflows[0].Created)
	}
	what := fmt.Sprintf("%s at %s", plural(len(s.Runs), "run", "runs"), termText(headOf(s), maxName))
	if len(s.Runs) > 0 {
		what += ": " + decidedBy(s, o.writing())
	} else {
		what = agentless(l, termText(headOf(s), maxName))
	}
	fmt.Fprintf(b, "  %s  %s\n", o.in(dim, at), o.in(bold, squeeze(what, o.width()-20)))
	if len(s.Runs) == 0 {
		return
	}
	columns := []column{
		{title: "AGENT", least: 15}, {title: "DECISION", least: 15}, {title: "STATUS", least: 10}, {title: "WORKFLOW", least: 12, spare: 2},
		{title: "COST", right: true}, {title: "TIME", right: true, spare: 1},
	}
	var all [][]cell
	const shown = 100
	for _, r := range s.Runs[:min(len(s.Runs), shown)] {
		all = append(all, linkRow(l, r, o))
	}
	table(b, columns, all, o, strings.Repeat(" ", 20))
	if n := len(s.Runs) - shown; n > 0 {
		fmt.Fprintf(b, "%20s… and %s\n", "", plural(n, "more run", "more runs"))
	}
}

func linkRow(l *session.Link, r *session.Run, o TerminalOptions) []cell {
	what := cell{unknownMark, ""}
	if r.Decision != nil {
		what = cell{kind(r.Decision.Kind, o.writing()), paintOf(lightOfKind(r.Decision.Kind))}
	}
	from := unknownMark
	if w := workflowOf(l, r); w != nil {
		from = termText(cmp.Or(w.Name, fmt.Sprint(w.ID)), maxName)
	}
	return []cell{
		{termText(agentName(r), maxName), ""}, what, {status(r.Status, o.writing()), paintOf(lightOfStatus(r.Status))}, {from, dim},
		{strings.TrimPrefix(amount(r.Cost), "cost "), ""}, {duration(r.Elapsed()), ""},
	}
}
