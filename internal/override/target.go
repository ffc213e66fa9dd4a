package override

import (
	"strconv"
)

// target is something that can be reacted to.
type target struct {
	on        decided
	id        string
	reactions []Reaction
	evidence  Evidence
}

// targets returns what agents wrote, in the order of the history.
func (c *change) targets() []target {
	var out []target
	if author := c.o.Accounts.actor(c.h.Author); author.isAgent() {
		out = append(out, target{c.proposed, "description", c.h.Reactions, Evidence{Kind: "pull_request", URL: c.h.URL}})
	}
	for _, r := range c.h.Reviews {
		if by := c.o.Accounts.actor(r.Author); by.isAgent() {
			out = append(out, target{decided{reviewDecision(r), by}, "review " + strconv.FormatInt(r.ID, 10), r.Reactions, reviewEvidence(r)})
		}
	}
	for _, t := range c.h.Threads {
		for i, m := range t.Comments {
			if by := c.o.Accounts.actor(m.Author); by.isAgent() {
				on, _ := c.ofThread(t)
				if i > 0 {
					on = decided{commentDecision(m), by}
				}
				out = append(out, target{on, "thread comment " + strconv.FormatInt(m.ID, 10), m.Reactions, commentEvidence(m)})
			}
		}
	}
	for _, m := range c.h.Comments {
		if by := c.o.Accounts.actor(m.Author); by.isAgent() {
			on := decided{commentDecision(m), by}
			out = append(out, target{on, "comment " + strconv.FormatInt(m.ID, 10), m.Reactions, commentEvidence(m)})
		}
	}
	return out
}

func commentEvidence(m Comment) Evidence {
	return Evidence{Kind: "comment", ID: strconv.FormatInt(m.ID, 10), URL: m.URL}
}
