package override

import (
	"slices"
	"strconv"
)

// merger returns the person who merged the change: whoever pressed the button,
// or asked for the automatic merge or the queue that a bot then carried out.
func (c *change) merger() (who, bool) {
	m := c.h.Merge
	if m == nil {
		return who{}, false
	}
	if w, ok := c.person(m.By); ok && (w.kind == Human || m.EnabledBy == Actor{}) {
		return w, true
	}
	if m.EnabledBy == (Actor{}) {
		return who{}, false
	}
	return c.person(m.EnabledBy)
}

// verdicts returns the last verdict of each agent before the merge, in the
// order of the reviews.
func (c *change) verdicts() []Review {
	last := map[string]int{}
	for i, r := range c.h.Reviews {
		late := !r.Submitted.IsZero() && !c.h.Merge.Time.IsZero() && r.Submitted.After(c.h.Merge.Time)
		if (r.State == Approved || r.State == ChangesRequested) && !late && c.o.Accounts.actor(r.Author).isAgent() {
			last[account(r.Author.Login)] = i
		}
	}
	at := make([]int, 0, len(last))
	for _, i := range last {
		at = append(at, i)
	}
	slices.Sort(at)
	var out []Review
	for _, i := range at {
		d := c.h.Reviews[i].Dismissal
		if d == nil || !c.h.Merge.Time.IsZero() && d.Time.After(c.h.Merge.Time) {
			out = append(out, c.h.Reviews[i])
		}
	}
	return out
}

// mergedDespite finds merges by a person over an agent's standing request for
// changes. Strong where the very head was merged that the agent had seen; weak
// where commits came after, which may be what it had asked for.
func (c *change) mergedDespite() {
	actor, ok := c.merger()
	if !ok {
		return
	}
	for _, r := range c.verdicts() {
		if r.State != ChangesRequested {
			continue
		}
		strength := Weak
		if r.Commit != "" && r.Commit == c.mergedHead() {
			strength = Strong
		}
		c.override(act{
			signal: MergedDespite, strength: strength, time: c.h.Merge.Time, actor: actor,
			on:       decided{reviewDecision(r), c.o.Accounts.actor(r.Author)},
			ids:      []string{strconv.FormatInt(r.ID, 10)},
			evidence: evidence(reviewEvidence(r), c.mergeEvidence()),
		})
	}
}

func (c *change) mergedHead() string {
	if c.h.Merge.Head != "" {
		return c.h.Merge.Head
	}
	return c.h.Head.SHA
}

func (c *change) mergeEvidence() Evidence {
	return Evidence{Kind: "pull_request", ID: c.h.Merge.SHA, URL: c.h.URL}
}

// merged finds the agreements in a merge by a person: with the agent whose
// change it is, where no person had a hand in it (medium), and with the agents
// that approved the head that was merged (weak: it may have gone unread).
func (c *change) merged() {
	actor, ok := c.merger()
	if !ok {
		return
	}
	for _, r := range c.verdicts() {
		if r.State == Approved && r.Commit != "" && r.Commit == c.mergedHead() {
			c.agree(act{
				signal: MergedApproved, strength: Weak, time: c.h.Merge.Time, actor: actor,
				on:       decided{reviewDecision(r), c.o.Accounts.actor(r.Author)},
				ids:      []string{strconv.FormatInt(r.ID, 10)},
				evidence: evidence(reviewEvidence(r), c.mergeEvidence()),
			})
		}
	}
	if !c.owner.isAgent() || c.touched() {
		return
	}
	if c.h.lacks(PartCommits) || c.h.lacks(PartEvents) {
		c.unresolved(MergedUnchanged, "not all that was pushed is known: whether a person had a hand in it, the commits and events tell", c.h.URL)
		return
	}
	c.agree(act{
		signal: MergedUnchanged, strength: Medium, time: c.h.Merge.Time, actor: actor, on: c.proposed,
		evidence: evidence(c.mergeEvidence()),
	})
}

// touched reports whether a commit of the change may be a person's, or whether a
// person's force-push took commits of an agent's off it.
func (c *change) touched() bool {
	for i, w := range c.authors {
		if w.kind != Machine && len(c.h.Commits[i].Parents) < 2 {
			return true
		}
	}
	return slices.ContainsFunc(c.out.Overrides, func(r Record) bool { return r.Signal == ForcePush })
}
