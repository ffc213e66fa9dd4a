package session

import (
	"slices"
	"time"

	"github.com/andon-ci/andon/internal/trace"
)

// ending is how a main agent ended, and where that was read.
type ending struct {
	trace.End
	at     time.Time
	pos    trace.Pos
	source string
}

// decided is a decision and where it was read.
type decided struct {
	trace.Decision
	at     time.Time
	pos    trace.Pos
	source string
}

// sameMoment is how far apart two sources may write the end of one run.
const sameMoment = 2 * time.Second

// addEnd keeps the last end. Where two files tell of one moment, the worse
// counts: a session file shows a normal last message also where the stream's
// result says that the turns ran out.
func (a *account) addEnd(r *trace.Record, f *trace.End) {
	switch at := stampOf(r.Time); {
	case at == 0:
	case f.Status == trace.Incomplete:
		a.again = append(a.again, at)
	default:
		a.over = append(a.over, at)
	}
	e := &ending{End: *f, at: r.Time, pos: r.Pos, source: r.Source}
	if a.end == nil || a.end.pos.File == e.pos.File || e.outweighs(a.end) {
		a.end = e
	}
}

func (e *ending) outweighs(old *ending) bool {
	if !e.at.IsZero() && !old.at.IsZero() {
		if gap := e.at.Sub(old.at); gap > sameMoment || gap < -sameMoment {
			return gap > 0
		}
	}
	if n, m := severity(e.Status), severity(old.Status); n != m {
		return n > m
	}
	if said := e.pos.Line > 0; said != (old.pos.Line > 0) {
		return said // in a record; the other was judged by what came last
	}
	return e.words() > old.words()
}

func (e *ending) words() string {
	if e.Error == nil {
		return ""
	}
	return e.Error.Type + "\x00" + e.Error.Message
}

func severity(s trace.Status) int {
	switch s {
	case trace.Failure:
		return 4
	case trace.Timeout:
		return 3
	case trace.Cancelled:
		return 2
	case trace.Success:
		return 1
	}
	return 0
}

// addDecision keeps the main agent's weightiest decision, of equal ones the
// last.
func (a *account) addDecision(r *trace.Record, f *trace.Decision) {
	d := &decided{Decision: *f, at: r.Time, pos: r.Pos, source: r.Source}
	if a.decision == nil || d.weight() >= a.decision.weight() {
		a.decision = d
	}
}

// weight ranks a verdict on a change above side effects such as a label, and
// then a surer source above a less sure one.
func (d *decided) weight() int {
	w := 0
	switch d.Kind {
	case trace.Approve, trace.RequestChanges, trace.Merge, trace.Close, trace.Escalate:
		w = 10
	case trace.Comment, trace.Triage, trace.NoOp:
		w = 5
	}
	switch d.Source {
	case trace.FromRecord:
		w += 100
	case trace.FromStructuredOutput:
		w += 3
	case trace.FromToolCall:
		w += 2
	}
	return w
}

// wentOn reports whether the main agent answered after the end: another process
// went on with the session, and has left no end of its own.
func (b *builder) wentOn(end *ending) bool {
	at := stampOf(end.at)
	return at != 0 && slices.ContainsFunc(b.accounts, func(a *account) bool {
		return !a.isTelemetry() && slices.ContainsFunc(a.calls, func(c call) bool {
			return c.subagent == 0 && c.ok() && c.start > at+stamp(sameMoment)
		})
	})
}

// contradicted reports whether a success that was judged by the last message, as
// no record says it, cannot be: another file shows that the main agent called a
// tool then, which has not ended.
func (a *account) contradicted() bool {
	if a.end.pos.Line > 0 || a.end.Status != trace.Success || stampOf(a.end.at) == 0 {
		return false
	}
	return slices.ContainsFunc(a.tools, func(t tool) bool {
		return t.subagent == 0 && !t.done && !t.failed && t.start != 0 && t.start+stamp(sameMoment) >= stampOf(a.end.at)
	})
}
