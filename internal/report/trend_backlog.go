package report

import (
	"fmt"
	"strings"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/trend"
)

// waits is a line about what waits, and what shows it.
type waits struct {
	text     string
	evidence []finding.Evidence
}

// maxWaiting is how many repositories are shown of those where something waits.
const maxWaiting = 5

// backlogLines says what waits and what stands still; nothing where nothing is
// known of it.
func backlogLines(r *trend.Report, w writing) (out []waits) {
	b := r.Backlog
	if b == nil {
		b = &trend.Backlog{}
	}
	for _, q := range b.Repositories[:min(len(b.Repositories), maxWaiting)] {
		out = append(out, waits{w.name(q.Repository) + ": " + queueWords(q), q.Evidence})
	}
	if n := len(b.Repositories) - maxWaiting; n > 0 {
		out = append(out, waits{text: plural(n, "more repository", "more repositories")})
	}
	if b.Unfinished > 0 {
		out = append(out, waits{plural(int(b.Unfinished), "run", "runs") + " began and never ended", b.Evidence})
	}
	if s := spread(r.Totals.WaitMS, milliseconds); s != "" {
		out = append(out, waits{text: "from an event to the first run: " + s})
	}
	if len(out) > 0 && len(b.Unknown) > 0 {
		out = append(out, waits{text: "what is open is not known of " + plural(len(b.Unknown), "repository", "repositories")})
	}
	return out
}

// queueWords says what was open in a repository, and when.
func queueWords(q trend.Waiting) string {
	var out []string
	if p := q.Pulls; p != nil {
		out = append(out, withoutRun(p, q.OldestMS))
	}
	running := "no workflow run is under way"
	if q.Running > 0 {
		running = fmt.Sprintf("%s under way, %s stuck", plural(int(q.Running), "workflow run", "workflow runs"), number(q.Stuck))
	}
	out = append(out, running)
	return strings.Join(out, "; ") + " (" + q.At.Format("2 Jan 15:04") + " UTC)"
}

func withoutRun(p *trend.Pulls, oldestMS int64) string {
	if p.Without == 0 {
		return fmt.Sprintf("none of %s is without a run", plural(int(p.Open), "open pull request", "open pull requests"))
	}
	verb := "have"
	if p.Without == 1 {
		verb = "has"
	}
	out := fmt.Sprintf("%s of %s %s no run", number(p.Without), plural(int(p.Open), "open pull request", "open pull requests"), verb)
	if oldestMS > 0 {
		out += ", the oldest for " + milliseconds(float64(oldestMS))
	}
	return out
}

// backlog writes what waits and what stands still.
func (t *trendPage) backlog() {
	var b strings.Builder
	for _, l := range backlogLines(t.report, markdownWriting()) {
		fmt.Fprintf(&b, "- %s%s\n", l.text, t.shownBy(l.evidence))
	}
	if b.Len() > 0 {
		t.add(decided, "list of what waits", "lists of what waits", "### What waits\n\n"+b.String())
	}
}

// trendBacklog writes the same for a terminal.
func trendBacklog(b *strings.Builder, r *trend.Report, o TerminalOptions) {
	lines := backlogLines(r, o.writing())
	if len(lines) == 0 {
		return
	}
	b.WriteString("\n" + o.in(bold, "What waits") + "\n")
	for _, l := range lines {
		item(b, "-", dim, l.text, evidencePlaces(l.evidence), o)
	}
}

// boardBacklog says in a few words what waits in all repositories.
func boardBacklog(r *trend.Report) string {
	if r.Backlog == nil {
		return ""
	}
	without, stuck := int64(0), int64(0)
	known := false
	for _, q := range r.Backlog.Repositories {
		stuck += q.Stuck
		if q.Pulls != nil {
			without, known = without+q.Pulls.Without, true
		}
	}
	out := ""
	if known {
		out += " · " + plural(int(without), "open pull request", "open pull requests") + " without a run"
	}
	if len(r.Backlog.Repositories) > 0 {
		out += " · " + number(stuck) + " stuck"
	}
	return out
}
