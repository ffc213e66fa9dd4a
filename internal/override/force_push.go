package override

import "slices"

// forcePushes finds force-pushes by people that took commits of agents off the
// branch. Strong where one is gone, medium where it came back with the same
// author and time but another patch, as an amendment does. A rebase, which
// brings back the same patch, and a squash that leaves the same tree are none.
func (c *change) forcePushes() {
	at := map[string]int{}
	for i, m := range c.h.Commits {
		at[m.SHA] = i
	}
	for _, e := range c.h.Events {
		if e.Kind != ForcePushed {
			continue
		}
		actor, ok := c.person(e.Actor)
		if !ok {
			c.ignore(ForcePush, "a bot force-pushed", e.URL)
			continue
		}
		strength, on, found := c.dropped(e, at)
		switch {
		case found:
			c.override(act{
				signal: ForcePush, strength: strength, time: e.Time, actor: actor, on: on, ids: []string{e.Before, e.After},
				evidence: evidence(Evidence{Kind: "event", ID: e.ID, URL: e.URL}, Evidence{Kind: "commit", ID: on.Commit}),
			})
		case len(e.Dropped) == 0 && (c.owner.isAgent() || c.byAgent(e.Before, at)):
			c.unresolved(ForcePush, "which commits it dropped is not known: the comparison of before and after tells", e.URL)
		}
	}
}

func (c *change) byAgent(sha string, at map[string]int) bool {
	i, found := at[sha]
	return found && c.authors[i].isAgent()
}

// dropped returns the last commit of an agent's that a force-push took away,
// and how plainly.
func (c *change) dropped(e Event, at map[string]int) (Strength, decided, bool) {
	before, ok1 := at[e.Before]
	after, ok2 := at[e.After]
	if ok1 && ok2 && c.h.Commits[before].Tree != "" && c.h.Commits[before].Tree == c.h.Commits[after].Tree {
		return "", decided{}, false
	}
	var strength Strength
	var on decided
	gone := map[string]bool{}
	for _, sha := range e.Dropped {
		gone[sha] = true
	}
	for _, sha := range e.Dropped {
		i, found := at[sha]
		if !found || !c.authors[i].isAgent() {
			continue
		}
		s := c.replaced(c.h.Commits[i], gone)
		if s == "" || strength == Strong && s == Medium {
			continue
		}
		strength, on = s, decided{commitDecision(c.h.Commits[i]), c.authors[i]}
	}
	return strength, on, strength != ""
}

// replaced says what became of a dropped commit: nothing (strong), an amended
// one (medium), or the same on another base.
func (c *change) replaced(m Commit, gone map[string]bool) Strength {
	i := slices.IndexFunc(c.h.Commits, func(n Commit) bool {
		return !gone[n.SHA] && n.SHA != m.SHA && !m.Author.Time.IsZero() && n.Author.Email == m.Author.Email && n.Author.Time.Equal(m.Author.Time)
	})
	switch {
	case i < 0:
		return Strong
	case m.PatchID != "" && c.h.Commits[i].PatchID != "" && m.PatchID != c.h.Commits[i].PatchID:
		return Medium
	}
	return ""
}
