package override

import "strconv"

// reviewsAfter finds what people said of a head that an agent had approved:
// changes requested is an override, an approval an agreement, both strong. A
// request that the same person takes back, by approving the same head, is
// neither. The order is that of the reviews, which the forge gives.
func (c *change) reviewsAfter() {
	approvals := map[string][]int{} // by head, the last approval of each agent so far
	said := map[string]bool{}       // by person, agent's review and what was said
	last := c.lastApprovals()
	for i, r := range c.h.Reviews {
		if r.Commit == "" || r.State != ChangesRequested && r.State != Approved {
			continue
		}
		actor, ok := c.person(r.Author)
		if !ok {
			if r.State == Approved && c.o.Accounts.actor(r.Author).isAgent() {
				approvals[r.Commit] = c.latest(approvals[r.Commit], i)
			}
			continue
		}
		for _, at := range approvals[r.Commit] {
			a := c.h.Reviews[at]
			once := account(actor.login) + "\x00" + strconv.Itoa(at) + string(r.State)
			if said[once] || a.Dismissal != nil && !a.Dismissal.Time.After(r.Submitted) {
				continue
			}
			said[once] = true
			c.reviewAfter(i, at, actor, last[saidOf(r)] > i)
		}
	}
}

// latest adds the approval at i, in the place of the same agent's before it.
func (c *change) latest(approvals []int, i int) []int {
	for k, at := range approvals {
		if account(c.h.Reviews[at].Author.Login) == account(c.h.Reviews[i].Author.Login) {
			approvals[k] = i
			return approvals
		}
	}
	return append(approvals, i)
}

// saidOf names who reviewed what.
func saidOf(r Review) string { return account(r.Author.Login) + "\x00" + r.Commit }

// lastApprovals returns the index of the last approval by who reviewed what.
func (c *change) lastApprovals() map[string]int {
	out := map[string]int{}
	for i, r := range c.h.Reviews {
		if r.State == Approved {
			out[saidOf(r)] = i
		}
	}
	return out
}

func (c *change) reviewAfter(i, at int, actor who, approvedLater bool) {
	r, a := c.h.Reviews[i], c.h.Reviews[at]
	x := act{
		strength: Strong, time: r.Submitted, actor: actor, reason: r.Body,
		on:       decided{reviewDecision(a), c.o.Accounts.actor(a.Author)},
		ids:      []string{strconv.FormatInt(r.ID, 10), strconv.FormatInt(a.ID, 10)},
		evidence: evidence(reviewEvidence(r), reviewEvidence(a)),
	}
	if r.State == Approved {
		x.signal = ApprovedAfter
		if r.Dismissal == nil {
			c.agree(x)
		}
		return
	}
	x.signal = ChangesAfter
	if approvedLater || r.takenBack() {
		c.cancel(x.signal, x.ids...)
		return
	}
	c.override(x)
}

// takenBack reports whether whoever wrote the review dismissed it.
func (r Review) takenBack() bool {
	d := r.Dismissal
	return d != nil && d.Commit == "" && account(d.By.Login) == account(r.Author.Login)
}
