package override

import (
	"slices"
	"strconv"
	"time"
)

// dismissals finds reviews of agents that a person dismissed. Strong, where the
// review was of the head at that time: nothing else is said by it. Medium where
// the head had moved, or may have: the review may have been outdated rather
// than wrong. A review that a push made stale was dismissed by nobody, and one
// that a bot dismissed, itself above all, by no person.
func (c *change) dismissals() {
	for _, r := range c.h.Reviews {
		by := c.o.Accounts.actor(r.Author)
		if !by.isAgent() || r.Dismissal == nil {
			continue
		}
		d := r.Dismissal
		actor, ok := c.person(d.By)
		switch {
		case d.Commit != "":
			c.ignore(ReviewDismissed, "a push made the review stale", r.URL)
			continue
		case !ok:
			c.ignore(ReviewDismissed, "a bot dismissed the review", r.URL)
			continue
		case c.h.lacks(PartPrevious) && (r.Commit == "" || r.Commit != c.h.Head.SHA):
			c.unresolved(ReviewDismissed, "the head has moved since the review, so that a push may have made it stale: the timeline's dismissal_commit_id tells", r.URL)
			continue
		}
		strength := Strong
		if c.movedOn(r.Commit, d.Time) {
			strength = Medium
		}
		c.override(act{
			signal: ReviewDismissed, strength: strength, time: d.Time, actor: actor, on: decided{reviewDecision(r), by},
			ids: []string{strconv.FormatInt(r.ID, 10)}, reason: d.Message,
			evidence: evidence(reviewEvidence(r), Evidence{Kind: "event", URL: d.URL}),
		})
	}
}

// movedOn reports whether the head may have been another than sha at a time:
// where there are commits after it, unless all are known to have been pushed
// later.
func (c *change) movedOn(sha string, at time.Time) bool {
	i := slices.IndexFunc(c.h.Commits, func(m Commit) bool { return m.SHA == sha })
	return i >= 0 && slices.ContainsFunc(c.h.Commits[i+1:], func(m Commit) bool {
		return m.Pushed.IsZero() || at.IsZero() || !m.Pushed.After(at)
	})
}

func reviewEvidence(r Review) Evidence {
	return Evidence{Kind: "review", ID: strconv.FormatInt(r.ID, 10), URL: r.URL}
}

// evidence leaves out the places that are not known.
func evidence(es ...Evidence) []Evidence {
	var out []Evidence
	for _, e := range es {
		if e.ID != "" || e.URL != "" {
			out = append(out, e)
		}
	}
	return out
}
