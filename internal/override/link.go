package override

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/trace"
)

// Level is how sure it is that a run made a decision.
type Level string

// The levels. Exact is a run that recorded what it made; strong is agent, head
// and time, or the pull request that it opened; weak is anything less.
const (
	WeakLink   Level = "weak"
	StrongLink Level = "strong"
	ExactLink  Level = "exact"
)

// Link says how a run is known to have made a decision.
type Link struct {
	Level Level  `json:"level"`
	By    string `json:"by"` // what the two have in common
}

// Slack between the forge's clock and that of a run, and between a run's end
// and the step of its job that acts on it.
const (
	slackBefore = 2 * time.Minute
	slackAfter  = 15 * time.Minute
)

// candidate is a run that may have made a decision.
type candidate struct {
	run  Run
	link Link
	rank int
	off  time.Duration // of the run's end from the decision
}

// origin is the run that made a decision. Its role is empty where it has none,
// or where runs of several roles would do.
type origin struct {
	id, role string
	link     Link
}

// origin finds the run that made a decision, nil for none. Where several would
// do it is the nearest in time, weakly.
func (c *change) origin(d decided) *origin {
	var best []candidate
	for _, i := range c.near(d.Decision) {
		run := c.o.records.runs[i]
		l, ok := c.made(i, d)
		if !ok {
			continue
		}
		x := candidate{run: run, link: l, rank: rank(l, run, d.Decision), off: d.Time.Sub(run.End).Abs()}
		if len(best) > 0 && x.rank > best[0].rank {
			best = best[:0]
		}
		if len(best) == 0 || x.rank == best[0].rank {
			best = append(best, x)
		}
	}
	if len(best) == 0 {
		return nil
	}
	return nearest(best)
}

func nearest(best []candidate) *origin {
	first := slices.MinFunc(best, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.off, b.off), cmp.Compare(a.run.ID, b.run.ID))
	})
	differs := func(of func(Run) string) bool {
		return slices.ContainsFunc(best, func(x candidate) bool { return of(x.run) != of(first.run) })
	}
	out := &origin{id: first.run.ID, link: first.link}
	if differs(func(r Run) string { return r.ID }) {
		out.link = Link{WeakLink, first.link.By + ", as of other runs; this is the nearest in time"}
	}
	if !differs(func(r Run) string { return r.Agent }) {
		out.role = first.run.Agent
	}
	return out
}

// rank orders candidates by level and, at one level, puts those first that came
// to the same verdict.
func rank(l Link, r Run, d Decision) int {
	n := 2 * slices.Index([]Level{WeakLink, StrongLink, ExactLink}, l.Level)
	if verdict(d.Kind) && d.Kind == r.Decision {
		n++
	}
	return n
}

// made says whether the run at an index may have made a decision. What is
// doubtful is weak.
func (c *change) made(i int, d decided) (Link, bool) {
	r := c.o.records.runs[i]
	l, ok := c.recorded(r, d.Decision)
	if !ok {
		l, ok = c.fits(i, d)
	}
	if r.Doubtful && ok {
		l = Link{WeakLink, l.By + ", as a fork's bundle says"}
	}
	return l, ok
}

// recorded finds what a run recorded to have made, and the decision is.
func (c *change) recorded(r Run, d Decision) (Link, bool) {
	opened := d.key() == "change" && strings.EqualFold(r.Repository, c.h.Repository) && slices.Contains(r.Pulls, int64(c.h.Subject.Number))
	switch {
	case slices.Contains(r.Reviews, cmp.Or(d.ReviewID, d.within)) || d.node != "" && slices.Contains(r.Nodes, d.node):
		return Link{ExactLink, "review id"}, true
	case slices.Contains(r.Comments, d.CommentID):
		return Link{ExactLink, "comment id"}, true
	case slices.ContainsFunc(r.Commits, func(sha string) bool { return sameSHA(sha, d.Commit) }):
		return Link{ExactLink, "commit"}, true
	case opened:
		return Link{StrongLink, "the pull request that it opened"}, true
	}
	return Link{}, false
}

// fits says whether agent, head and time of a decision may be those of a run. A
// time that nobody keeps is none.
func (c *change) fits(i int, d decided) (Link, bool) {
	r := c.o.records.runs[i]
	at := slices.ContainsFunc(d.heads, func(sha string) bool { return sameSHA(sha, r.HeadSHA) })
	if d.headless() {
		_, at = slices.BinarySearch(c.local(), i)
	}
	if !at || r.contradicts(d.Decision) {
		return Link{}, false
	}
	timed := !r.Start.IsZero() && !r.End.IsZero() && !d.Time.IsZero() && !d.unsure
	if timed && (d.Time.Before(r.Start.Add(-slackBefore)) || d.Time.After(r.End.Add(slackAfter))) {
		return Link{}, false
	}
	told := !d.headless()
	switch same := r.actsAs(d.by.login); {
	case same && timed && told:
		return Link{StrongLink, "agent, head SHA and time"}, true
	case same && timed:
		return Link{WeakLink, "agent and time"}, true
	case same && told:
		return Link{WeakLink, "agent and head SHA"}, true
	case timed && told && !r.actsElsewhere(d.by.login):
		return Link{WeakLink, "head SHA and time"}, true
	}
	return Link{}, false
}

// contradicts reports whether the run is known to have decided something else.
func (r Run) contradicts(d Decision) bool {
	return verdict(r.Decision) && verdict(d.Kind) && r.Decision != d.Kind
}

func verdict(k trace.Kind) bool { return k == trace.Approve || k == trace.RequestChanges }
