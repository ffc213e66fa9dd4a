package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/session"
)

// ChainMarkdown writes a chain for a comment on the pull request: what is true
// now first, all that led to it folded. It is at most o.Limit bytes long; what
// is over it is cut by whole sections.
func ChainMarkdown(w io.Writer, c *Story, o Options) error {
	m := summary{report: &session.Report{}, options: o}
	m.options.ServerURL = strings.TrimSuffix(cmp.Or(o.ServerURL, "https://github.com"), "/")
	m.chainHead(c)
	m.chainNow(c)
	m.chainHistory(c)
	for i := range c.Sessions {
		m.link(c, i)
	}
	m.findings("About the bundles", worstFirst(c.Findings))
	m.foot()
	limit := o.Limit
	if limit <= 0 {
		limit = maxSummary
	}
	_, err := io.WriteString(w, assemble(m.sections, limit, "The bundles hold everything."))
	return err
}

// chainHead writes the verdict, the coverage and what was not read, which are
// never cut.
func (m *summary) chainHead(c *Story) {
	l, line := chainVerdict(c, markdownWriting())
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n\n<sub>%s</sub>\n", l, line, strings.Join(chainCoverage(c.Coverage), " · "))
	if c.Coverage.Suppressed > 0 {
		fmt.Fprintf(&b, "\n> [!CAUTION]\n> **A credential is in %s: revoke it now and delete the artifact.** Nothing of it was used here.\n",
			plural(c.Coverage.Suppressed, "uploaded bundle", "uploaded bundles"))
		const shown = 20
		leaks := group(onlyLeaks(c.Findings))
		for _, f := range leaks[:min(len(leaks), shown)] {
			f.Hint = ""
			b.WriteString("> ")
			m.findingItem(&b, f)
		}
	}
	if c.Coverage.Partial {
		b.WriteString("\n> [!WARNING]\n> This is not all: the figures are of what could be read.\n")
		const shown = 10
		for _, u := range c.Coverage.Unread[:min(len(c.Coverage.Unread), shown)] {
			fmt.Fprintf(&b, "> - %s – %s\n", mdText(u.What, maxPath), mdText(u.Reason, maxMessage))
		}
		if n := len(c.Coverage.Unread) - shown; n > 0 {
			fmt.Fprintf(&b, "> - %s more\n", number(int64(n)))
		}
	}
	m.add(always, "", "", b.String())
}

func onlyLeaks(fs []finding.Finding) []finding.Finding {
	var out []finding.Finding
	for _, f := range fs {
		if isLeak(f) {
			out = append(out, f)
		}
	}
	return out
}

// chainNow writes the totals and one row for each head.
func (m *summary) chainNow(c *Story) {
	var b strings.Builder
	b.WriteString("| | |\n|---|---|\n")
	for _, f := range chainFacts(c) {
		fmt.Fprintf(&b, "| %s | %s |\n", f[0], f[1])
	}
	if len(c.Sessions) > 0 {
		b.WriteString("\n| head | decision | runs | cost | time |\n|---|---|--:|---|--:|\n")
		rows(&b, len(c.Sessions), "head", "heads", func(i int) {
			s := c.Sessions[i].Session
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", m.commit(c, s.HeadSHA), lightAnd(s), number(int64(len(s.Runs))),
				costCell(s.Cost), unbroken(duration(session.Elapsed(s.Runs))))
		})
	}
	m.add(overview, "table of heads", "tables of heads", b.String())
}

func lightAnd(s *session.Session) string {
	if len(s.Runs) == 0 {
		return unknownMark
	}
	return string(lightOfSession(s)) + " " + decidedBy(s, cellWriting())
}

// commit links a commit of the repository that the forge named.
func (m *summary) commit(c *Story, sha string) string {
	text := mdCode(abbreviated(sha), maxName)
	if !repositoryName.MatchString(c.Repository) || !commitSHA.MatchString(sha) {
		return text
	}
	return fmt.Sprintf("[%s](%s/%s/commit/%s)", text, m.options.ServerURL, c.Repository, sha)
}

// chainHistory writes all that happened, in order and folded.
func (m *summary) chainHistory(c *Story) {
	all := happenings(c)
	if len(all) == 0 {
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "<details><summary>What happened, in order (%s)</summary>\n\n", number(int64(len(all))))
	rows(&b, len(all), "event", "events", func(i int) {
		h := all[i]
		fmt.Fprintf(&b, "- <sub>%s</sub> ", minuteOf(h.at))
		switch {
		case h.act != nil:
			b.WriteString(actText(h.act, markdownWriting()))
		case h.record != nil:
			b.WriteString(recordLine(h.record, markdownWriting()))
		case len(h.link.Session.Runs) == 0:
			b.WriteString(agentless(h.link, m.commit(c, h.link.Session.HeadSHA)))
		default:
			s := h.link.Session
			fmt.Fprintf(&b, "%s ran at %s: %s", plural(len(s.Runs), "agent", "agents"), m.commit(c, s.HeadSHA), decidedBy(s, markdownWriting()))
		}
		b.WriteByte('\n')
	})
	b.WriteString("\n</details>\n")
	m.add(timeline, "history", "histories", b.String())
}

// link writes the runs at one head, folded.
func (m *summary) link(c *Story, i int) {
	l := c.Sessions[i]
	var b strings.Builder
	fmt.Fprintf(&b, "<details><summary>Runs at <code>%s</code></summary>\n\n", htmlName(headOf(l.Session)))
	if len(l.Session.Runs) > 0 {
		runsTable(&b, l.Session)
		b.WriteByte('\n')
	}
	rows(&b, len(l.Workflows), "workflow run", "workflow runs", func(i int) {
		w := l.Workflows[i]
		fmt.Fprintf(&b, "- %s, %s, attempt %d: %s", m.workflow(c, w), mdText(w.Event, maxName), w.Attempt, mdText(cmp.Or(w.Conclusion, w.Status), maxName))
		if w.Fork {
			b.WriteString(", of a fork")
		}
		if w.Commented {
			b.WriteString(", started by a comment")
		}
		fmt.Fprintf(&b, ", %s, %s%s\n", plural(w.Bundles, "bundle", "bundles"), plural(len(w.Runs), "run", "runs"), m.trace(w))
	})
	b.WriteString("\n</details>\n")
	m.add(detail, "head's list of runs", "heads' lists of runs", b.String())
	m.findings("At "+mdCode(headOf(l.Session), maxName), findingsOf(l.Session))
}

func htmlName(s string) string {
	return strings.TrimSuffix(strings.TrimPrefix(htmlCode(s, maxName), "<code>"), "</code>")
}

// trace links the trace of a workflow run.
func (m *summary) trace(w session.Workflow) string {
	if m.options.Trace == nil {
		return ""
	}
	page := m.options.Trace(w)
	if page == "" {
		return ""
	}
	return fmt.Sprintf(", [open the trace](%s)", page)
}

// workflow links a workflow run of the repository that the forge named.
func (m *summary) workflow(c *Story, w session.Workflow) string {
	name := mdText(cmp.Or(w.Name, fmt.Sprintf("workflow run %d", w.ID)), maxName)
	if !repositoryName.MatchString(c.Repository) {
		return name
	}
	return fmt.Sprintf("[%s](%s/%s/actions/runs/%d)", name, m.options.ServerURL, c.Repository, w.ID)
}
