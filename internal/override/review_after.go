package override

import "strconv"

// reviewsAfter finds what people said of a head that an agent had approved:
// changes requested is an override, an approval an agreement, both strong. A
// request that the same person takes back, by approving the same head, is
// neither. The order is that of the reviews, which the forge gives.
func (c *change) reviewsAfter() {
	approvals := c.approvalsByHead()
	said := map[string]bool{} // by person, agent's review and what was said
	for i, r := range c.h.Reviews {
		actor, ok := c.person(r.Author)
		if !ok || r.Commit == "" || r.State != ChangesRequested && r.State != Approved {
			continue
		}
		for _, at := range approvals[r.Commit] {
			a := c.h.Reviews[at]
			if at >= i || a.Dismissal != nil && !a.Dismissal.Time.After(r.Submitted) {
				continue
			}
			once := account(actor.login) + "\x00" + strconv.Itoa(at) + string(r.State)
			if said[once] {
				continue
			}
			said[once] = true
			c.reviewAfter(i, at, actor)
		}
	}
}

// approvalsByHead returns the indices of the agents' approvals of each commit.
func (c *change) approvalsByHead() map[string][]int {
	out := map[string][]int{}
	for i, r := range c.h.Reviews {
		if r.State == Approved && r.Commit != "" && c.o.Accounts.actor(r.Author).isAgent() {
			out[r.Commit] = append(out[r.Commit], i)
		}
	}
	return out
}

func (c *change) reviewAfter(i, at int, actor who) {
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
	if c.takenBack(i) {
		c.cancel(x.signal, x.ids...)
		return
	}
	c.override(x)
}

// takenBack reports whether whoever requested changes dismissed the request, or
// approved the same head later.
func (c *change) takenBack(i int) bool {
	r := c.h.Reviews[i]
	if r.Dismissal != nil && account(r.Dismissal.By.Login) == account(r.Author.Login) && r.Dismissal.Commit == "" {
		return true
	}
	for _, later := range c.h.Reviews[i+1:] {
		if later.State == Approved && later.Commit == r.Commit && account(later.Author.Login) == account(r.Author.Login) {
			return true
		}
	}
	return false
}
