package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/session"
)

// Leak is a credential in what a workflow run has left. It is known by its rule,
// its place and its fingerprint, and never by its value.
type Leak struct {
	Workflow session.Workflow
	Finding  finding.Finding
}

// LeaksOf returns the credentials among findings, those that are no guesses.
func LeaksOf(w session.Workflow, fs []finding.Finding) []Leak {
	var out []Leak
	for _, f := range onlyLeaks(fs) {
		out = append(out, Leak{w, f})
	}
	return out
}

// IncidentRows returns a row of the table of an incident for each credential in
// each file of a workflow run, each once, with the first lines in which it
// stands. The same leak always has the same row.
func IncidentRows(leaks []Leak) []string {
	type place struct {
		run                     int64
		rule, file, fingerprint string
	}
	lines := map[place][]int{}
	var places []place
	links := map[int64]string{}
	for _, l := range leaks {
		f := l.Finding
		p := place{l.Workflow.ID, f.Rule, f.File, f.Fingerprint}
		if _, known := lines[p]; !known {
			places = append(places, p)
		}
		links[p.run] = fmt.Sprintf("[%d](%s)", p.run, l.Workflow.URL)
		lines[p] = append(lines[p], f.Line)
	}
	var out []string
	for _, p := range places {
		out = append(out, fmt.Sprintf("| %s | %s | %s | %s | %s |",
			mdCode(p.rule, maxName), mdCode(tail(p.file, maxPath), maxPath), firstLines(lines[p]), links[p.run], mdCode(p.fingerprint, maxName)))
	}
	return out
}

// firstLines lists the first lines, and says how many more there are.
func firstLines(all []int) string {
	slices.Sort(all)
	all = slices.DeleteFunc(slices.Compact(all), func(n int) bool { return n == 0 })
	const shown = 5
	var out []string
	for _, n := range all[:min(len(all), shown)] {
		out = append(out, fmt.Sprint(n))
	}
	if more := len(all) - shown; more > 0 {
		out = append(out, fmt.Sprintf("%d more", more))
	}
	return strings.Join(out, ", ")
}

// ListedRows returns the rows of an incident's text, in which the forge may have
// changed the ends of lines.
func ListedRows(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "| ") && line != incidentHead {
			out = append(out, line)
		}
	}
	return out
}

const (
	incidentHead = "| rule | file | lines | workflow run | fingerprint |"
	maxIncident  = 100 // rows, of at most some 500 bytes each
)

// IncidentMarkdown returns the text of the issue about credentials that were
// found in the traces of a subject, such as "#12".
func IncidentMarkdown(subject string, rows []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Agents that worked on %s have had credentials in their traces. **Revoke each where it was issued**, then find out how an agent came to see it. "+
		"The traces were kept out of what was uploaded, unless their workflow says otherwise; the logs of the runs may hold them all the same.\n\n", subject)
	b.WriteString(incidentHead + "\n|---|---|---|---|---|\n")
	for _, row := range rows[:min(len(rows), maxIncident)] {
		b.WriteString(row + "\n")
	}
	if more := len(rows) - maxIncident; more > 0 {
		fmt.Fprintf(&b, "\n%d more are not listed.\n", more)
	}
	b.WriteString("\n<sub>Andon adds what it finds later as long as this is open, and never closes it: close it when every credential is revoked. The same credential has the same fingerprint where the fingerprints have a key.</sub>\n")
	return b.String()
}
