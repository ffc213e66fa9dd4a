// Package report renders what was collected: a Markdown job summary, JSON, the
// terminal, and findings as text, JSON or SARIF, one file each. It is for the
// people who answer for the agents and look at a summary once a day.
//
// The one design decision is that every renderer takes the same value,
// *session.Report, and works out nothing of its own: a figure is shown as it
// was measured, or is said to be unknown. All strings of a report come from
// traces and are hostile; they reach an output through escape.go only.
package report

import (
	"slices"
	"strings"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

// Options says what a summary cannot know from the report. The zero value is
// useful.
type Options struct {
	Limit     int    // most bytes of the summary; 0 is 900 KiB, below GitHub's 1 MiB a step
	ServerURL string // of the forge, for links; empty is https://github.com
	PriceNote string // source and date of the prices; empty is not shown
	Content   bool   // what tools have said may be quoted

	Trace func(session.Workflow) string // the page of a workflow run's trace, empty for none; nil for none of any
}

// TerminalOptions says what a terminal can show.
type TerminalOptions struct {
	Color bool // ANSI colours
	Width int  // in columns; 0 is 100, and none is narrower than 40
}

func (o TerminalOptions) width() int {
	if o.Width <= 0 {
		return 100
	}
	return max(o.Width, 40)
}

// sum adds up a figure of runs, as far as it was measured.
func sum(runs []*session.Run, of func(*session.Run) trace.Count) trace.Count {
	var out trace.Count
	for _, r := range runs {
		out = out.Add(of(r))
	}
	return out
}

func allRuns(r *session.Report) []*session.Run {
	var out []*session.Run
	for _, s := range r.Sessions {
		out = append(out, s.Runs...)
	}
	return out
}

// findingsOf returns what was found about a session and its runs, the worst first.
func findingsOf(s *session.Session) []finding.Finding {
	out := slices.Clone(s.Findings)
	for _, r := range s.Runs {
		out = append(out, r.Findings...)
	}
	return worstFirst(out)
}

func worstFirst(fs []finding.Finding) []finding.Finding {
	fs = slices.Clone(fs)
	finding.Sort(fs)
	slices.SortStableFunc(fs, func(a, b finding.Finding) int { return b.Severity.Rank() - a.Severity.Rank() })
	return fs
}

// allFindings returns every finding of a report, the worst first.
func allFindings(r *session.Report) []finding.Finding {
	out := slices.Clone(r.Findings)
	for _, s := range r.Sessions {
		out = append(out, findingsOf(s)...)
	}
	return worstFirst(out)
}

// leaks returns the findings that tell of credentials. Guesses of the generic
// rules, which are warnings, are not among them.
func leaks(r *session.Report) []finding.Finding {
	return slices.DeleteFunc(allFindings(r), func(f finding.Finding) bool { return !isLeak(f) })
}

func isLeak(f finding.Finding) bool {
	return strings.HasPrefix(f.Rule, "secret/") && f.Severity == finding.Error
}

// leaking counts the files with a credential, whether they are kept out of the
// bundle or are no traces that it could hold. The findings may not list all.
func leaking(r *session.Report) int {
	files := map[string]bool{}
	for _, f := range leaks(r) {
		files[f.File] = true
	}
	return max(r.Coverage.Suppressed, len(files))
}

// place returns "file:line", or as much of it as is known.
func place(p trace.Pos) string { return finding.Finding{Pos: p}.Place() }
