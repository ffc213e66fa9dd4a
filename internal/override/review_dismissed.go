package override

import "strconv"

// dismissals finds reviews of agents that a person dismissed. Strong: a
// dismissal says nothing else. A review that a push made stale was dismissed by
// nobody, and one that a bot dismissed, itself above all, by no person.
func (c *change) dismissals() {
	for _, r := range c.h.Reviews {
		by := c.o.Accounts.actor(r.Author)
		if !by.isAgent() || r.Dismissal == nil || r.State == Commented {
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
		c.override(act{
			signal: ReviewDismissed, strength: Strong, time: d.Time, actor: actor, on: decided{reviewDecision(r), by},
			ids: []string{strconv.FormatInt(r.ID, 10)}, reason: d.Message,
			evidence: evidence(reviewEvidence(r), Evidence{Kind: "event", URL: d.URL}),
		})
	}
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
