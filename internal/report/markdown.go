package report

import (
	"cmp"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/andon-ci/andon/internal/session"
)

// maxSummary is the default limit: GitHub takes 1 MiB a step, and drops the
// whole of a summary that is larger.
const maxSummary = 900 << 10

// rank is how much a section matters; the highest is cut first.
type rank int

const (
	always rank = iota
	overview
	judgement
	failure
	decided
	timeline
	detail
)

// section is what is shown or cut as a whole.
type section struct {
	rank rank
	name string // in the line that says what was cut, of one of them
	many string // of several
	text string
}

// Markdown writes the summary of a job, in GitHub's Markdown. It is at most
// o.Limit bytes long: what is over it is cut by whole sections, the least
// important first, and a line says what.
func Markdown(w io.Writer, r *session.Report, o Options) error {
	m := summary{report: r, options: o, folder: folder(r)}
	m.options.ServerURL = strings.TrimSuffix(cmp.Or(o.ServerURL, "https://github.com"), "/")
	m.head()
	for _, s := range r.Sessions {
		m.session(s)
	}
	m.findings("About the input", worstFirst(r.Findings))
	m.add(detail, "list of unknown types", "lists of unknown types", unknownTypes(r.Coverage))
	m.foot()
	limit := o.Limit
	if limit <= 0 {
		limit = maxSummary
	}
	_, err := io.WriteString(w, assemble(m.sections, limit, "The bundle's `session.json` holds everything."))
	return err
}

// summary is a summary in the making.
type summary struct {
	report   *session.Report
	options  Options
	folder   string // that all files are in
	sections []section
}

func (m *summary) add(k rank, name, many, text string) {
	if text != "" {
		m.sections = append(m.sections, section{k, name, many, text})
	}
}

// assemble joins sections up to limit bytes. The rest says where to find what
// was cut.
func assemble(sections []section, limit int, rest string) string {
	const notice = 1 << 10 // room for the line that says what was cut
	size := 0
	for _, s := range sections {
		size += len(s.text) + 1
	}
	keep := make([]bool, len(sections))
	for i := range keep {
		keep[i] = true
	}
	over := size > limit
	for k := detail; over && k > always; k-- {
		for i := len(sections) - 1; i >= 0 && size > limit-notice; i-- {
			if sections[i].rank == k {
				keep[i] = false
				size -= len(sections[i].text) + 1
			}
		}
	}
	var b strings.Builder
	for i, s := range sections {
		if keep[i] {
			if b.Len() > 0 {
				b.WriteByte('\n')
			}
			b.WriteString(s.text)
		}
	}
	if over {
		b.WriteString("\n" + cutNotice(sections, keep, limit, rest))
	}
	return b.String()
}

// cutNotice says which sections were left out.
func cutNotice(sections []section, keep []bool, limit int, rest string) string {
	n := map[string]int{}
	var order []section
	for i, s := range sections {
		if keep[i] {
			continue
		}
		if n[s.name]++; n[s.name] == 1 {
			order = append(order, s)
		}
	}
	var parts []string
	for _, s := range order {
		parts = append(parts, plural(n[s.name], s.name, s.many))
	}
	return fmt.Sprintf("✂️ Cut to stay under %s KiB: %s. %s\n",
		number(int64(limit>>10)), strings.Join(parts, ", "), rest)
}

// markdownWriting writes what a verdict is made of into a line.
func markdownWriting() writing {
	return writing{
		strong: func(s string) string { return "**" + s + "**" },
		name:   func(s string) string { return mdCode(s, maxName) },
	}
}

// head writes the verdict, the coverage and the incidents, which are never cut.
func (m *summary) head() {
	light, line := verdict(m.report, markdownWriting())
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n\n", light, line)
	rests := coverage(m.report.Coverage)
	if m.folder != "" {
		rests = append(rests, "paths are below "+mdCode(m.folder, maxPath))
	}
	fmt.Fprintf(&b, "<sub>%s</sub>\n", strings.Join(rests, " · "))
	m.incident(&b)
	m.add(always, "", "", b.String())
}

// incident says which credentials were found and where, and what is kept out
// of the bundle for them.
func (m *summary) incident(b *strings.Builder) {
	n := leaking(m.report)
	if n == 0 {
		return
	}
	fmt.Fprintf(b, "\n> [!CAUTION]\n> **A credential is in %s: revoke it now**, then find out how the agent came to see it.", plural(n, "file", "files"))
	if n := m.report.Coverage.Suppressed; n > 0 {
		fmt.Fprintf(b, " %s kept out of the bundle.", plural(n, "trace is", "traces are"))
	}
	b.WriteByte('\n')
	const shown = 20
	leaks := group(leaks(m.report))
	for _, f := range leaks[:min(len(leaks), shown)] {
		f.Hint = ""
		b.WriteString("> ")
		m.findingItem(b, f)
	}
	if len(leaks) > shown {
		fmt.Fprintf(b, "> - %s more kinds\n", number(int64(len(leaks)-shown)))
	}
}

// session writes the sections of one session.
func (m *summary) session(s *session.Session) {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s\n\n", m.title(s))
	if len(m.report.Sessions) > 1 {
		fmt.Fprintf(&b, "%s %s\n\n", lightOfSession(s), m.sessionVerdict(s))
	}
	runsTable(&b, s)
	m.add(overview, "session", "sessions", b.String())
	m.add(decided, "list of decisions", "lists of decisions", m.decisions(s))
	m.add(timeline, "timeline", "timelines", gantt(s))
	m.findings("Findings", findingsOf(s))
	m.add(failure, "list of errors", "lists of errors", m.errors(s))
	label := labels(s)
	for _, r := range s.Runs {
		m.add(detail, "run's details", "runs' details", details(r, label[r]))
	}
	m.add(detail, "session's key", "sessions' keys", keyOf(s))
}

// sessionVerdict is the verdict of one of several sessions.
func (m *summary) sessionVerdict(s *session.Session) string {
	one := session.Report{Sessions: []*session.Session{s}}
	_, line := verdict(&one, markdownWriting())
	return line
}

var (
	repositoryName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}$`)
	commitSHA      = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`)
)

// title names a session. Only what CI said becomes a link: a trace could name
// any repository.
func (m *summary) title(s *session.Session) string {
	out := mdCode(s.ID, maxPath)
	if s.Subject.Number > 0 && s.Repository != "" {
		out = mdCode(fmt.Sprintf("%s#%d", s.Repository, s.Subject.Number), maxPath)
		if s.HeadSHA != "" {
			out += " at " + mdCode(shortSHA(s.HeadSHA), maxName)
		}
	}
	told := s.KeySource == session.KeyFromInput || s.KeySource == session.KeyFromEvent || s.KeySource == session.KeyFromEnv
	if !told || !repositoryName.MatchString(s.Repository) {
		return out
	}
	base := m.options.ServerURL + "/" + s.Repository
	switch {
	case s.Subject.Number > 0 && s.Subject.Kind == "issue":
		return fmt.Sprintf("[%s](%s/issues/%d)", out, base, s.Subject.Number)
	case s.Subject.Number > 0:
		return fmt.Sprintf("[%s](%s/pull/%d)", out, base, s.Subject.Number)
	case commitSHA.MatchString(s.HeadSHA):
		return fmt.Sprintf("[%s](%s/commit/%s)", out, base, s.HeadSHA)
	}
	return out
}

func (m *summary) foot() {
	if m.options.PriceNote != "" {
		m.add(always, "", "", "<sub>prices: "+mdText(m.options.PriceNote, maxPath)+"</sub>\n")
	}
}
