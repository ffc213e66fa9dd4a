package override

// closures finds changes of agents that a person closed unmerged. Medium: the
// change may have been right and no longer wanted. Reopening cancels it, and a
// change that a bot or a commit closed was refused by nobody. Of several
// closures the last counts; they have one id.
func (c *change) closures() {
	if !c.owner.isAgent() {
		return
	}
	var last *Event
	reopened := false
	for i, e := range c.h.Events {
		if e.Kind == Closed || e.Kind == Reopened {
			last = &c.h.Events[i]
			reopened = reopened || e.Kind == Reopened
		}
	}
	if last == nil || c.h.Merge != nil || last.Kind == Reopened {
		if reopened {
			c.cancel(ClosedUnmerged)
		}
		return
	}
	actor, ok := c.person(last.Actor)
	if !ok || last.Commit != "" {
		c.ignore(ClosedUnmerged, "a bot or a commit closed it", c.h.URL)
		return
	}
	c.override(act{
		signal: ClosedUnmerged, strength: Medium, time: last.Time, actor: actor, on: c.proposed,
		evidence: evidence(Evidence{Kind: "event", ID: last.ID, URL: last.URL}, Evidence{Kind: "pull_request", URL: c.h.URL}),
	})
}
