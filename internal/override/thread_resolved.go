package override

import "time"

// ofThread returns the decision of the agent that opened a thread.
func (c *change) ofThread(t Thread) (decided, bool) {
	if len(t.Comments) == 0 {
		return decided{}, false
	}
	first := t.Comments[0]
	by := c.o.Accounts.actor(first.Author)
	d := commentDecision(first)
	d.ThreadID = t.ID
	if t.Commit != "" {
		d.heads = []string{t.Commit}
	}
	return decided{d, by}, by.isAgent()
}

// threads finds threads of agents that a person resolved. Without a change of
// their lines that is an override, but a weak one: the remark may have been
// noted. With one it is an agreement, medium. Where it is not known whether the
// lines changed, or who resolved it, it is nothing.
func (c *change) threads() {
	for _, t := range c.h.Threads {
		on, ok := c.ofThread(t)
		if !ok || !t.Resolved {
			continue
		}
		actor, ok := c.person(t.ResolvedBy)
		switch {
		case !ok:
			c.ignore(ThreadResolved, "a bot resolved the thread", t.Comments[0].URL)
			continue
		case t.ResolvedBy == (Actor{}):
			c.unresolved(ThreadResolved, "who resolved the thread is not known: GraphQL names people alone there, and a bot as little as a deleted account", t.Comments[0].URL)
			continue
		}
		a := act{
			signal: ThreadResolved, strength: Weak, time: c.resolution(t), actor: actor, on: on, ids: []string{t.ID},
			evidence: evidence(Evidence{Kind: "thread", ID: t.ID, URL: t.Comments[0].URL}),
		}
		switch t.Changed {
		case No:
			c.override(a)
		case Yes:
			a.signal, a.strength = ThreadChanged, Medium
			c.agree(a)
		default:
			c.unresolved(ThreadResolved, "whether the thread's lines were changed after its comment is not known: the comparison of its commit with the head tells", t.Comments[0].URL)
		}
	}
}

// resolution is when a thread was resolved or, where nothing tells it, its last
// comment's time, before which it was not.
func (c *change) resolution(t Thread) time.Time {
	if !t.ResolvedAt.IsZero() {
		return t.ResolvedAt
	}
	return t.Comments[len(t.Comments)-1].Time
}
