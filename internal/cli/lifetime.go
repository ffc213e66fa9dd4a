package cli

import (
	"time"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/github"
	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

// The times that a run can be of, beside those of its workflow run: an agent may
// go on with what it began a month before, and clocks differ.
const (
	longest = 35 * 24 * time.Hour // that a workflow run may take
	clocks  = time.Hour
)

// lifetime is when the runs of a bundle can have been at work. Whoever runs a job
// decides what its bundle says, and clocks may be wrong.
type lifetime struct{ from, to time.Time }

// lifetimeOf returns what the forge knows of a workflow run.
func lifetimeOf(run github.Run, now time.Time) lifetime {
	if run.CreatedAt.IsZero() { // it was deleted
		return lifeUntil(now)
	}
	to := run.UpdatedAt
	if !run.Completed() {
		to = now
	}
	return lifetime{run.CreatedAt.Add(-longest), to.Add(clocks)}
}

// lifeUntil is for a bundle of which no forge knows anything. No agent is older
// than the models that it asks.
func lifeUntil(now time.Time) lifetime {
	return lifetime{time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), now.Add(clocks)}
}

// holds reports whether it was at a time; no time is possible.
func (l lifetime) holds(t time.Time) bool {
	return t.IsZero() || !t.Before(l.from) && !t.After(l.to)
}

// mend takes the times that cannot be out of a run, and reports whether there
// were any.
func (l lifetime) mend(r *session.Run) bool {
	if l.holds(r.Start) && l.holds(r.End) {
		return false
	}
	r.Start, r.End = time.Time{}, time.Time{}
	if r.Time != nil {
		r.Time.Longest, r.Time.Gaps = nil, nil
	}
	undated(r.Agents)
	if ms, known := r.DurationMS.Get(); known && ms > longest.Milliseconds() {
		r.DurationMS = trace.Count{}
	}
	return true
}

// undated takes the times out of sub-agents, which are of their run's clock.
func undated(all []*session.Subagent) {
	for _, a := range all {
		a.Start, a.End = time.Time{}, time.Time{}
		undated(a.Subagents)
	}
}

// misdated is the finding about runs of a bundle at times that cannot be.
func misdated(runs int, bundle, hint string) finding.Finding {
	return finding.Finding{
		Rule: "artifact/time", Severity: finding.Warning, Message: "the bundle gives " + counted(runs, "run a time", "runs times") + " that cannot be",
		Hint: hint, Pos: trace.Pos{File: bundle},
	}
}
