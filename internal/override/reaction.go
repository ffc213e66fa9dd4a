package override

import "strconv"

// reactions finds thumbs of people on what agents wrote: down is an override,
// up an agreement, both weak. Whoever gave both said nothing, and other
// reactions say too little.
func (c *change) reactions() {
	for _, t := range c.targets() {
		thumbs := map[string]string{}
		for _, r := range t.reactions {
			if r.Content == "+1" || r.Content == "-1" {
				thumbs[account(r.Actor.Login)] += r.Content
			}
		}
		for _, r := range t.reactions {
			if thumbs[account(r.Actor.Login)] == r.Content {
				c.reaction(t, r)
			}
		}
	}
}

func (c *change) reaction(t target, r Reaction) {
	actor, ok := c.person(r.Actor)
	switch {
	case !ok:
		c.ignore(ReactionSignal, "a bot reacted", t.evidence.URL)
		return
	case r.Actor == (Actor{}):
		c.unresolved(ReactionSignal, "who reacted is not known: GraphQL names people alone there, and a bot as little as a deleted account", t.evidence.URL)
		return
	}
	ids := []string{t.id, r.Content, account(r.Actor.Login)}
	if r.ID != 0 {
		ids = []string{strconv.FormatInt(r.ID, 10)}
	}
	a := act{
		signal: ReactionSignal, strength: Weak, time: r.Time, actor: actor, on: t.on, ids: ids,
		evidence: evidence(Evidence{Kind: "reaction", ID: strconv.FormatInt(r.ID, 10), URL: t.evidence.URL}, t.evidence),
	}
	if a.time.IsZero() {
		a.time = t.on.Time
	}
	if r.Content == "-1" {
		c.override(a)
	} else {
		c.agree(a)
	}
}
