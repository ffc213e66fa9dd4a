package override

import (
	"strconv"
	"time"

	"github.com/andon-ci/andon/internal/trace"
)

// labels finds labels that an agent had set and a person took off. Medium: a
// label may also have served its time. Whoever puts it back cancels it, unless
// that is an agent, which only insists.
func (c *change) labels() {
	set := map[string]*Event{}  // by label: how it came to stand there
	removed := map[string]act{} // by label: the last removal
	var order []string          // of labels, as they were removed
	for i, e := range c.h.Events {
		switch e.Kind {
		case Labeled:
			if a, found := removed[e.Label]; found && !c.o.Accounts.actor(e.Actor).isAgent() {
				c.cancel(LabelRemoved, a.ids...)
				delete(removed, e.Label)
			}
			set[e.Label] = &c.h.Events[i]
		case Unlabeled:
			if a, ok := c.unlabel(e, set[e.Label]); ok {
				if _, again := removed[e.Label]; again {
					c.override(removed[e.Label])
				} else {
					order = append(order, e.Label)
				}
				removed[e.Label] = a
			}
		}
	}
	for _, label := range order {
		if a, found := removed[label]; found {
			c.override(a)
			delete(removed, label)
		}
	}
}

// unlabel returns the act that a removal is, where an agent had set the label.
func (c *change) unlabel(e Event, set *Event) (act, bool) {
	if set == nil {
		return act{}, false
	}
	actor, ok := c.person(e.Actor)
	by := c.o.Accounts.actor(set.Actor)
	if !ok || !by.isAgent() {
		return act{}, false
	}
	return act{
		signal: LabelRemoved, strength: Medium, time: e.Time, actor: actor, on: labelDecision(*set, by), ids: e.ids(),
		evidence: evidence(Evidence{Kind: "event", ID: e.ID, URL: e.URL}, Evidence{Kind: "event", ID: set.ID, URL: set.URL}),
	}, true
}

// ids names an event: by the forge's id, or by what and when.
func (e Event) ids() []string {
	if e.ID != "" {
		return []string{e.ID}
	}
	return []string{string(e.Kind), e.Label, e.Before, e.After, e.Time.UTC().Format(time.RFC3339), strconv.Quote(e.Actor.Login)}
}

// labelDecision is that of an agent which set a label.
func labelDecision(e Event, by who) decided {
	return decided{Decision{Kind: trace.Label, Time: e.Time, Label: e.Label}, by}
}
