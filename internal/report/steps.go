package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

// barWidth is the columns of a step's bar; the whole is the run's time.
const barWidth = 20

// Steps writes the steps of one run, in order of start: when each began after
// the start of the run, how long it took, and what it was.
func Steps(w io.Writer, run *session.Run, o TerminalOptions) error {
	var b strings.Builder
	name := squeeze(termText(agentName(run), maxName), o.width()/2)
	fmt.Fprintf(&b, "%s  %s\n", o.in(bold, name), o.in(dim, squeeze("run "+termText(run.ID, maxName), o.width()-wide(name)-2)))
	o.lampLine(&b, lightOfStatus(run.Status), fmt.Sprintf("%s, %s, %s model calls, %s tool calls, %s", status(run.Status, o.writing()),
		duration(elapsed(run)), withErrors(run.LLMCalls, run.LLMErrors), withErrors(run.ToolCalls, run.ToolErrors), amount(run.Cost)))
	b.WriteByte('\n')
	if len(run.Steps) == 0 {
		b.WriteString("No steps to show: the traces of the run are not at hand, or list none.\n")
	} else {
		columns := []column{
			{title: "AT", right: true}, {title: "", spare: 3}, {title: "TIME", right: true}, {title: "KIND", spare: 1}, {title: "NAME", least: 12},
			{title: "TOKENS", right: true, spare: 2}, {title: "ERROR", least: 10},
		}
		table(&b, columns, stepRows(run), o, "")
	}
	if run.StepsDropped > 0 {
		fmt.Fprintf(&b, "… and %s, counted in the figures and not kept\n", plural(run.StepsDropped, "more step", "more steps"))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func stepRows(run *session.Run) [][]cell {
	origin, end := scale(run)
	var out [][]cell
	for i := range run.Steps {
		s := &run.Steps[i]
		p := paint("")
		if s.Failed || s.Error != nil {
			p = inRed
		}
		name := termText(stepName(s), maxName)
		if s.Subagent != "" {
			name = "└ " + name
		}
		out = append(out, []cell{
			{offset(origin, s.Start), dim}, {bar(origin, end, s), p}, {duration(stepTime(s)), ""}, {termText(s.Kind, 12), dim},
			{name, ""}, {tokens(s.Usage.Total()), ""}, {stepFailure(s), p},
		})
	}
	return out
}

// scale returns the first and the last time among a run and its steps.
func scale(run *session.Run) (origin, end time.Time) {
	origin, end = run.Start, run.End
	for i := range run.Steps {
		s := &run.Steps[i]
		if !s.Start.IsZero() && (origin.IsZero() || s.Start.Before(origin)) {
			origin = s.Start
		}
		if s.End.After(end) {
			end = s.End
		}
	}
	return origin, end
}

// stepTime returns how long a step took. Where a source stamps a model call but
// once, its start and end are the same, and the time is not known.
func stepTime(s *session.Step) trace.Count {
	if s.Start.IsZero() || s.End.IsZero() || s.Kind == "llm" && s.Start.Equal(s.End) {
		return trace.Count{}
	}
	return trace.Measured(s.End.Sub(s.Start).Milliseconds())
}

func offset(origin, t time.Time) string {
	if origin.IsZero() || t.IsZero() {
		return unknownMark
	}
	return "+" + duration(trace.Measured(max(0, t.Sub(origin).Milliseconds())))
}

// bar draws where in the run a step lies and how much of it.
func bar(origin, end time.Time, s *session.Step) string {
	whole := end.Sub(origin)
	if origin.IsZero() || s.Start.IsZero() || s.End.Before(s.Start) || whole <= 0 {
		return ""
	}
	at := func(t time.Time) int {
		return int(min(max(float64(t.Sub(origin))/float64(whole), 0), 1) * barWidth)
	}
	from := min(at(s.Start), barWidth-1)
	to := max(at(s.End), from+1)
	return strings.Repeat("·", from) + strings.Repeat("█", to-from) + strings.Repeat("·", barWidth-to)
}

func stepFailure(s *session.Step) string {
	var parts []string
	if s.ExitCode != nil && *s.ExitCode != 0 {
		parts = append(parts, fmt.Sprintf("exit %d", *s.ExitCode))
	}
	if e := withoutExit(s); e != nil {
		parts = slices.DeleteFunc(append(parts, e.Type, e.Message), func(p string) bool { return p == "" })
	}
	if len(parts) == 0 && s.Failed {
		return "failed"
	}
	return termText(strings.Join(parts, ": "), maxMessage)
}
