package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

// maxRows bounds each table and list of a summary.
const maxRows = 100

// rows writes at most maxRows of n rows and a line about the rest.
func rows(b *strings.Builder, n int, one, many string, row func(i int)) {
	for i := range min(n, maxRows) {
		row(i)
	}
	if n > maxRows {
		fmt.Fprintf(b, "\n… and %s.\n", plural(n-maxRows, "more "+one, "more "+many))
	}
}

// cellWriting writes what a verdict is made of into a table.
func cellWriting() writing {
	return writing{
		strong: func(s string) string { return s },
		name:   func(s string) string { return mdCode(s, maxName) },
	}
}

// runsTable writes a row for each run and, of several, one for all.
func runsTable(b *strings.Builder, s *session.Session) {
	label := labels(s)
	b.WriteString("| agent | decision | status | turns | tools | tokens in | cache read | cache write | out | cost | time |\n" +
		"|---|---|---|--:|--:|--:|--:|--:|--:|---|--:|\n")
	rows(b, len(s.Runs), "run", "runs", func(i int) {
		r := s.Runs[i]
		what := unknownMark
		if r.Decision != nil {
			what = kind(r.Decision.Kind, cellWriting())
		}
		fmt.Fprintf(b, "| %s | %s | %s %s | %s | %s | %s | %s | %s |\n",
			mdCode(label[r], maxName), what, lightOfStatus(r.Status), status(r.Status, cellWriting()),
			count(r.Turns), unbroken(withErrors(r.ToolCalls, r.ToolErrors)), usageCells(r.Usage), costCell(r.Cost), unbroken(duration(r.Elapsed())))
	})
	if len(s.Runs) > 1 && len(s.Runs) <= maxRows {
		totals(b, s)
	}
	if len(s.Cost.UnpricedModels) > 0 {
		fmt.Fprintf(b, "\n<sub>No price is known for %s.</sub>\n", names(s.Cost.UnpricedModels))
	}
}

// unbroken keeps a figure in one line of its cell.
func unbroken(figure string) string { return strings.ReplaceAll(figure, " ", "\u00a0") }

func totals(b *strings.Builder, s *session.Session) {
	what := unknownMark
	if s.Decision != nil {
		what = kind(s.Decision.Kind, cellWriting())
	}
	fmt.Fprintf(b, "| **together** | %s | | %s | %s | %s | %s | %s |\n", what,
		count(sum(s.Runs, func(r *session.Run) trace.Count { return r.Turns })),
		unbroken(withErrors(sum(s.Runs, func(r *session.Run) trace.Count { return r.ToolCalls }),
			sum(s.Runs, func(r *session.Run) trace.Count { return r.ToolErrors }))),
		usageCells(s.Usage), costCell(s.Cost), unbroken(duration(session.Elapsed(s.Runs))))
}

// usageCells returns the tokens by class; beside what was read from the cache
// stands which share of the prompt it was.
func usageCells(u trace.Usage) string {
	read := tokens(u.CacheRead)
	if _, known := u.CacheHitRate(); known {
		read += " (" + hitRate(u) + ")"
	}
	return strings.Join([]string{tokens(u.Input), read, tokens(u.CacheWrite5m.Add(u.CacheWrite1h)), tokens(u.Output)}, " | ")
}

// costCell returns a cost and what it rests on.
func costCell(c session.Cost) string {
	out := unbroken(strings.TrimPrefix(amount(c), "cost "))
	switch {
	case c.USD != nil && c.Source != "":
		out += " " + mdText(c.Source, maxName)
	case c.USD == nil && c.ComputedUSD != nil && c.Partial:
		out += " computed"
	}
	return out
}

// names lists up to three names as code.
func names(all []string) string {
	const shown = 3
	var out []string
	for _, s := range all[:min(len(all), shown)] {
		out = append(out, mdCode(s, maxName))
	}
	if len(all) > shown {
		out = append(out, fmt.Sprintf("%d more", len(all)-shown))
	}
	return strings.Join(out, ", ")
}

// decisions says what each run concluded, and where that was read.
func (m *summary) decisions(s *session.Session) string {
	var deciding []*session.Run
	for _, r := range s.Runs {
		if r.Decision != nil {
			deciding = append(deciding, r)
		}
	}
	if len(deciding) == 0 {
		return ""
	}
	var b strings.Builder
	label := labels(s)
	b.WriteString("#### Decisions\n\n")
	rows(&b, len(deciding), "decision", "decisions", func(i int) { m.decision(&b, deciding[i], label[deciding[i]]) })
	return b.String()
}

func (m *summary) decision(b *strings.Builder, r *session.Run, label string) {
	d := r.Decision
	fmt.Fprintf(b, "- %s: %s", mdCode(label, maxName), kind(d.Kind, markdownWriting()))
	if n, known := d.Findings.Get(); known {
		fmt.Fprintf(b, " with %s", plural(int(n), "finding", "findings"))
	}
	if d.Summary != "" {
		fmt.Fprintf(b, " – %s", mdText(d.Summary, maxMessage))
	}
	fmt.Fprintf(b, " <sub>%s", sourceOf(d.Source))
	if d.Place != nil {
		fmt.Fprintf(b, ", %s", m.codes([]string{place(*d.Place)}))
	}
	b.WriteString("</sub>\n")
}

// sourceOf says where a decision was read.
func sourceOf(s trace.DecisionSource) string {
	switch s {
	case trace.FromRecord:
		return "from a decision record"
	case trace.FromStructuredOutput:
		return "from structured output"
	case trace.FromToolCall:
		return "from a tool call"
	case trace.FromText:
		return "from the last message"
	}
	return "from " + mdText(string(s), maxName)
}

// findings adds a list of findings, the worst first. Credentials stand at the
// head of the summary already.
func (m *summary) findings(title string, fs []finding.Finding) {
	fs = slices.DeleteFunc(fs, isLeak)
	if len(fs) == 0 {
		return
	}
	all := group(fs)
	var b strings.Builder
	fmt.Fprintf(&b, "#### %s\n\n", title)
	rows(&b, len(all), "kind of finding", "kinds of finding", func(i int) { m.findingItem(&b, all[i]) })
	m.add(judgement, "list of findings", "lists of findings", b.String())
}

func (m *summary) findingItem(b *strings.Builder, f found) {
	fmt.Fprintf(b, "- %s %s%s", severityMark(f.Severity), mdText(f.Message, maxMessage), times(f.n))
	if len(f.places) > 0 {
		fmt.Fprintf(b, " – %s", m.codes(f.places))
	}
	fmt.Fprintf(b, " <sub>%s</sub>", mdCode(f.Rule, maxName))
	if f.Hint != "" {
		fmt.Fprintf(b, "<br>%s", mdText(f.Hint, maxMessage))
	}
	b.WriteByte('\n')
}

func severityMark(s finding.Severity) string {
	switch s {
	case finding.Error:
		return "❌"
	case finding.Warning:
		return "⚠️"
	}
	return "ℹ️"
}

// errors lists the runs that did not succeed, and the steps that failed,
// each with the lines that show it.
func (m *summary) errors(s *session.Session) string {
	all := faults(s, m.options.Content)
	if len(all) == 0 {
		return ""
	}
	label := labels(s)
	var b strings.Builder
	b.WriteString("#### Errors\n\n")
	rows(&b, len(all), "error", "errors", func(i int) { m.errorItem(&b, all[i], label[all[i].run]) })
	return b.String()
}

func (m *summary) errorItem(b *strings.Builder, f fault, label string) {
	agent := mdCode(label, maxName)
	switch {
	case f.step == nil && f.run.Status == trace.Incomplete && f.run.Error == nil:
		fmt.Fprintf(b, "- %s has no end: its trace stops", agent)
	case f.step == nil:
		fmt.Fprintf(b, "- %s ended with %s%s", agent, status(f.run.Status, markdownWriting()), errorText(f.run.Error))
	default:
		fmt.Fprintf(b, "- %s: %s failed%s", agent, mdCode(stepName(f.step), maxName), times(f.n))
		b.WriteString(exitText(f.step) + errorText(f.err))
	}
	if len(f.places) > 0 {
		fmt.Fprintf(b, " – %s", m.codes(f.places))
	}
	b.WriteByte('\n')
}

func stepName(s *session.Step) string {
	if s.Name == "" {
		return s.Kind
	}
	return s.Name
}

func exitText(s *session.Step) string {
	if code := exitCode(s); code != 0 {
		return fmt.Sprintf(" with exit code %d", code)
	}
	return ""
}

// withoutExit returns a step's error, without a type that only says what the
// exit code says.
func withoutExit(s *session.Step) *trace.Error {
	if s.Error == nil || s.Error.Type != "exit_code" || exitCode(s) == 0 {
		return s.Error
	}
	return &trace.Error{Message: s.Error.Message}
}

func errorText(e *trace.Error) string {
	out := ""
	if e != nil && e.Type != "" {
		out += ", " + mdCode(e.Type, maxName)
	}
	if e != nil && e.Message != "" {
		out += ": " + mdText(e.Message, maxMessage)
	}
	return out
}
