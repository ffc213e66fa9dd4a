package cli

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/andon-ci/andon/internal/github"
	"github.com/andon-ci/andon/internal/history"
	"github.com/andon-ci/andon/internal/trend"
)

// The limits of what is told of a queue.
const (
	promptly   = time.Hour // that a pull request may be open before a run of it is missed
	fewUsual   = 5         // workflow runs below which it is not said how long they take
	mostQueued = 100       // workflow runs that are named
	oldest     = 10        // pull requests that are named
)

// recent is what the runs of the last days tell of what is to be expected.
type recent struct {
	pulls map[int]bool                 // that runs are about
	since time.Time                    // start of the first of these
	ends  map[string]map[string]tookOf // by workflow and by its run
}

type tookOf struct{ from, to time.Time }

func (n *recent) add(l rollup) {
	if l.Subject.Kind == "pull_request" && !l.Start.IsZero() {
		n.pulls[l.Subject.Number] = true
		if n.since.IsZero() || l.Start.Before(n.since) {
			n.since = l.Start
		}
	}
	w := l.WorkflowRun
	if w == nil || w.Attempt != "1" || w.CreatedAt.IsZero() || l.End.IsZero() {
		return
	}
	if n.ends[w.Workflow] == nil {
		n.ends[w.Workflow] = map[string]tookOf{}
	}
	if l.End.After(n.ends[w.Workflow][w.ID].to) {
		n.ends[w.Workflow][w.ID] = tookOf{w.CreatedAt, l.End}
	}
}

// usual returns how long it takes from the event to the end of the last run of
// an agent: the median, 0 where there are too few.
func (n *recent) usual(workflow string) time.Duration {
	var all []time.Duration
	for _, t := range n.ends[workflow] {
		all = append(all, t.to.Sub(t.from))
	}
	if len(all) < fewUsual {
		return 0
	}
	slices.Sort(all)
	return max(all[len(all)/2], 0)
}

// queue notes what is open. It is asked for last, when the history has the runs
// of all that is finished.
func (r *reading) queue(ctx context.Context, runs []github.Run, now time.Time) {
	if r.stop = r.spent(); r.stop != nil {
		r.unread("open pull requests", reasonOf(r.stop, ""))
		return
	}
	q := &trend.Queue{At: now.Truncate(time.Minute), Running: r.running(runs)}
	if !r.recent.since.IsZero() {
		open, more, err := r.forge.OpenSince(ctx, r.recent.since)
		if err != nil || more {
			r.unread("open pull requests", reasonOf(err, "there are more than are read"))
		}
		if err != nil {
			r.stop = err
			return
		}
		q.Pulls = r.without(open, runs, now)
	}
	r.told.Queue = q
	r.move(func(p *history.Position) {
		if q.Adds(p.Queue) {
			p.Queue = q
		}
	})
}

// running returns the workflow runs under way of which a bundle is to come, the
// oldest first.
func (r *reading) running(runs []github.Run) (out []trend.Running) {
	for _, run := range runs {
		if _, known := r.began(run.Name); known && !run.Completed() && len(out) < mostQueued {
			out = append(out, trend.Running{ID: run.ID, Workflow: run.Name, At: run.CreatedAt, UsualMS: r.recent.usual(run.Name).Milliseconds()})
		}
	}
	return out
}

// without returns the open pull requests, and which of them no run is about: none
// that has ended, and none that is under way.
func (r *reading) without(open []github.Opened, runs []github.Run, now time.Time) *trend.Pulls {
	out := &trend.Pulls{Since: r.recent.since}
	begun := map[int]bool{}
	for _, run := range runs {
		if _, known := r.began(run.Name); known && !run.Completed() {
			for _, n := range run.Pulls() {
				begun[n] = true
			}
		}
	}
	for _, p := range open {
		if p.Draft || p.Created.After(now.Add(-promptly)) {
			continue
		}
		out.Open++
		if !r.recent.pulls[p.Number] && !begun[p.Number] {
			out.Without++
			out.Oldest = append(out.Oldest, trend.Opened{Number: int64(p.Number), At: p.Created})
		}
	}
	slices.SortFunc(out.Oldest, func(a, b trend.Opened) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Number, b.Number)) })
	out.Oldest = out.Oldest[:min(len(out.Oldest), oldest)]
	return out
}
