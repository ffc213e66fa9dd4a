package override

// forcePushes finds force-pushes by people that took commits of agents off the
// branch. Strong where one is gone, medium where it came back with the same
// author and time but another patch, as an amendment does. A rebase, which
// brings back the same patch, and a squash that leaves the same tree are none.
func (c *change) forcePushes() {
	at := map[string]int{}
	origins := map[string][]int{} // the commits that may be one, before and after a rebase or an amendment
	for i, m := range c.h.Commits {
		at[m.SHA] = i
		if o := m.authored(); o != "" && len(origins[o]) < maxVersions {
			origins[o] = append(origins[o], i)
		}
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
		strength, on, found := c.dropped(e, at, origins)
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
func (c *change) dropped(e Event, at map[string]int, origins map[string][]int) (Strength, decided, bool) {
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
		s := c.replaced(c.h.Commits[i], gone, origins)
		if s == "" || strength == Strong && s == Medium {
			continue
		}
		strength, on = s, decided{commitDecision(c.h.Commits[i]), c.authors[i]}
	}
	return strength, on, strength != ""
}

// maxVersions bounds how many commits are taken for versions of one.
const maxVersions = 100

// authored names what a rebase and an amendment leave of a commit.
func (m Commit) authored() string {
	if m.Author.Time.IsZero() {
		return ""
	}
	return m.Author.Email + "\x00" + m.Author.Time.UTC().String()
}

// replaced says what became of a dropped commit: nothing (strong), an amended
// one (medium), or the same on another base.
func (c *change) replaced(m Commit, gone map[string]bool, origins map[string][]int) Strength {
	strength := Strong
	for _, i := range origins[m.authored()] {
		n := c.h.Commits[i]
		if gone[n.SHA] || n.SHA == m.SHA {
			continue
		}
		if m.PatchID == "" || n.PatchID == "" || m.PatchID == n.PatchID {
			return ""
		}
		strength = Medium
	}
	return strength
}
