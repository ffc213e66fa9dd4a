package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

// maxTasks bounds a diagram: more bars than that are no picture.
const maxTasks = 40

// maxStepTasks bounds the steps of one run in it.
const maxStepTasks = 10

// task is one bar of a timeline.
type task struct {
	run        string // of the run's own bar, its agent
	name       string
	start, end time.Time
	took       trace.Count
	failed     bool
	whole      bool // the run itself
}

// tasks returns the runs of a session and the steps that tell most of them:
// sub-agents, failures, and the longest. Left counts the runs without a bar.
func tasks(s *session.Session) (out []task, left int) {
	var timed []*session.Run
	for _, r := range s.Runs {
		if !r.Start.IsZero() && r.Ended().Compare(r.Start) >= 0 && drawable(r.Start) && drawable(r.Ended()) {
			timed = append(timed, r)
		}
	}
	left = len(s.Runs) - min(len(timed), maxTasks)
	timed = timed[:min(len(timed), maxTasks)]
	if len(timed) == 0 {
		return nil, left
	}
	label := labels(s)
	each := min((maxTasks-len(timed))/len(timed), maxStepTasks)
	for _, r := range timed {
		name := label[r]
		out = append(out, task{run: name, name: "whole run", start: r.Start, end: r.Ended(), took: r.Elapsed(), failed: r.Status != trace.Success, whole: true})
		for _, st := range telling(r.Steps, each) {
			out = append(out, task{run: name, name: stepName(st), start: st.Start, end: st.End, took: stepTime(st), failed: st.Failed || st.Error != nil})
		}
	}
	return out, left
}

// drawable reports whether a time has the four digits that its year is written
// with.
func drawable(t time.Time) bool { y := t.UTC().Year(); return y >= 1970 && y < 10000 }

// telling returns the n steps that tell most, in order of start.
func telling(steps []session.Step, n int) []*session.Step {
	var timed []*session.Step
	for i := range steps {
		if s := &steps[i]; drawable(s.Start) && drawable(s.End) && s.End.Compare(s.Start) >= 0 {
			timed = append(timed, s)
		}
	}
	slices.SortStableFunc(timed, func(a, b *session.Step) int {
		return cmp.Or(stepWeight(b)-stepWeight(a), cmp.Compare(b.End.Sub(b.Start), a.End.Sub(a.Start)))
	})
	timed = timed[:min(len(timed), n)]
	slices.SortStableFunc(timed, func(a, b *session.Step) int { return a.Start.Compare(b.Start) })
	return timed
}

func stepWeight(s *session.Step) int {
	switch {
	case s.Kind == session.StepSubagent:
		return 2
	case s.Failed || s.Error != nil:
		return 1
	}
	return 0
}

// gantt draws a session as a Mermaid diagram, with the same as a table. The
// times are UTC: as local times without a zone they are the same for everyone.
func gantt(s *session.Session) string {
	ts, left := tasks(s)
	if len(ts) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("#### Timeline\n\n```mermaid\ngantt\n    dateFormat YYYY-MM-DDTHH:mm:ss.SSS\n    axisFormat %H:%M:%S\n")
	for i, t := range ts {
		if t.whole {
			fmt.Fprintf(&b, "    section %s\n", mermaidText(t.run, 40))
		}
		fmt.Fprintf(&b, "    %d %s :%ss%d, %s, %s\n", i+1, mermaidText(t.name, 40), mermaidTags(t), i+1,
			mermaidTime(t.start), mermaidTime(later(t.start, t.end)))
	}
	b.WriteString("```\n\n")
	ganttTable(&b, ts)
	if left > 0 {
		fmt.Fprintf(&b, "\n%s not drawn.\n", plural(left, "run is", "runs are"))
	}
	return b.String()
}

// later returns end, or the shortest bar where it would have no length.
func later(start, end time.Time) time.Time {
	if end.Sub(start) < time.Millisecond {
		return start.Add(time.Millisecond)
	}
	return end
}

func mermaidTags(t task) string {
	switch {
	case t.failed:
		return "crit, "
	case t.whole:
		return "active, "
	}
	return "done, "
}

func mermaidTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000") }

func ganttTable(b *strings.Builder, ts []task) {
	fmt.Fprintf(b, "<details><summary>The same as a table</summary>\n\n| | agent | step | start (UTC) | time | |\n|--:|---|---|---|--:|---|\n")
	for i, t := range ts {
		failed, name := "", mdCode(t.name, maxName)
		if t.failed {
			failed = "✗"
		}
		if t.whole {
			name = t.name
		}
		fmt.Fprintf(b, "| %d | %s | %s | %s | %s | %s |\n", i+1, mdCode(t.run, maxName), name,
			t.start.UTC().Format("15:04:05"), duration(t.took), failed)
	}
	b.WriteString("\n</details>\n")
}
