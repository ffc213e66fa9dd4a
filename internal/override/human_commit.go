package override

import (
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/trace"
)

// humanCommits finds commits of people on top of an agent's, in a change that
// is the agent's. Medium: they may add to it rather than mend it. A merge of the
// base is no edit, and a revert has its own signal. Which came after which is
// told by the order on the branch, not by any clock.
func (c *change) humanCommits() {
	if !c.owner.isAgent() {
		return
	}
	last := -1
	seen := map[string]bool{}
	for i, m := range c.h.Commits {
		w := c.authors[i]
		if w.isAgent() {
			last = i
		}
		if w.kind == Machine || last < 0 || len(m.Parents) > 1 || c.reverting[m.origin()] {
			continue
		}
		if id := m.origin(); !seen[id] { // a rebase makes a new commit of the same
			seen[id] = true
			c.humanCommit(m, w, decided{commitDecision(c.h.Commits[last]), c.authors[last]})
		}
	}
}

func (c *change) humanCommit(m Commit, w who, on decided) {
	subject, _, _ := strings.Cut(m.Message, "\n")
	a := act{
		signal: HumanCommit, strength: Medium, time: m.time(), actor: w, on: on, ids: []string{m.origin()}, reason: subject, phase: "before_merge",
		evidence: evidence(Evidence{Kind: "commit", ID: m.SHA, URL: m.URL}, Evidence{Kind: "commit", ID: on.Commit}),
	}
	if lines := m.Additions.Add(m.Deletions); lines.Known() {
		a.lines = &Lines{Changed: lines.N()}
	}
	c.override(a)
}

func (m Commit) time() time.Time {
	if !m.Pushed.IsZero() {
		return m.Pushed
	}
	return m.Committer.Time
}

// origin names a commit by what a rebase leaves as it was.
func (m Commit) origin() string {
	if m.Author.Time.IsZero() {
		return m.SHA
	}
	subject, _, _ := strings.Cut(m.Message, "\n")
	return strings.ToLower(m.Author.Email) + "\x00" + m.Author.Time.UTC().Format(time.RFC3339) + "\x00" + subject
}

// rework finds edits by people, after the merge, of the lines that an agent's
// change had brought. It counts lines, not touches: those of the agent's that
// the commit removed or replaced. Medium where that is half of them or more,
// else weak.
func (c *change) rework() {
	if !c.owner.isAgent() || c.h.Merge == nil {
		return
	}
	lines := landed(c.h.Merge.Files)
	total := lines.count()
	for _, m := range c.h.After {
		w := c.o.Accounts.commit(m)
		touched := lines.apply(m.Files)
		late := m.time().Sub(c.h.Merge.Time) > c.o.Rework
		if touched == 0 || late || w.kind == Machine || c.reverting[m.origin()] {
			continue
		}
		strength := Weak
		if 2*touched >= total {
			strength = Medium
		}
		subject, _, _ := strings.Cut(m.Message, "\n")
		c.override(act{
			signal: HumanCommit, strength: strength, time: m.time(), actor: w, on: c.proposed, ids: []string{m.SHA}, reason: subject, phase: "after_merge",
			lines:    &Lines{Changed: int64(touched), Of: trace.Measured(int64(total))},
			evidence: evidence(Evidence{Kind: "commit", ID: m.SHA, URL: m.URL}, c.mergeEvidence()),
		})
	}
}
