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

// Steps writes the steps of one run, in order of start, those of a sub-agent
// below it: when each began after the start of the run, how long it took, and
// what it was. Where a source tells no times, its steps come last.
func Steps(w io.Writer, run *session.Run, o TerminalOptions) error {
	var b strings.Builder
	name := squeeze(termText(agentName(run), maxName), o.width()/2)
	fmt.Fprintf(&b, "%s  %s\n", o.in(bold, name), o.in(dim, squeeze("run "+termText(run.ID, maxName), o.width()-wide(name)-2)))
	o.lampLine(&b, lightOfStatus(run.Status), strings.Join([]string{status(run.Status, o.writing()),
		calls("model", run.LLMCalls, run.LLMErrors), calls("tool", run.ToolCalls, run.ToolErrors), amount(run.Cost), timeOf(run)}, "; "))
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

// calls says how often a run did something: "16 model calls (1 ✗)".
func calls(what string, all, failed trace.Count) string {
	n, known := all.Get()
	if !known {
		return what + " calls unknown"
	}
	out := number(n) + " " + what + " calls"
	if n == 1 {
		out = "1 " + what + " call"
	}
	if failed.N() > 0 {
		out += fmt.Sprintf(" (%s ✗)", number(failed.N()))
	}
	return out
}

func timeOf(run *session.Run) string {
	if t := run.Elapsed(); t.Known() {
		return duration(t)
	}
	return "time unknown"
}

// ordered returns the steps of a run in order of start, those of a sub-agent
// behind the step that is the sub-agent itself.
func ordered(steps []session.Step) []*session.Step {
	agents := map[string]bool{}
	for i := range steps {
		if steps[i].Kind == session.StepSubagent {
			agents[steps[i].ID] = true
		}
	}
	var top []*session.Step
	below := map[string][]*session.Step{}
	for i := range steps {
		s := &steps[i]
		if s.Kind != session.StepSubagent && agents[s.Subagent] {
			below[s.Subagent] = append(below[s.Subagent], s)
		} else {
			top = append(top, s)
		}
	}
	out := make([]*session.Step, 0, len(steps))
	for _, s := range byStart(top) {
		out = append(out, s)
		if s.Kind == session.StepSubagent {
			out = append(out, byStart(below[s.ID])...)
			delete(below, s.ID) // two steps may have one id
		}
	}
	return out
}

// byStart sorts steps by start, those without one last and as they were.
func byStart(steps []*session.Step) []*session.Step {
	slices.SortStableFunc(steps, func(a, b *session.Step) int {
		if a.Start.IsZero() != b.Start.IsZero() {
			return b.Start.Compare(a.Start)
		}
		return a.Start.Compare(b.Start)
	})
	return steps
}

func stepRows(run *session.Run) [][]cell {
	origin, end := scale(run)
	var out [][]cell
	for _, s := range ordered(run.Steps) {
		p := paint("")
		if s.Failed || s.Error != nil {
			p = inRed
		}
		name := termText(stepName(s), maxName)
		if s.Subagent != "" && s.Kind != session.StepSubagent {
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
