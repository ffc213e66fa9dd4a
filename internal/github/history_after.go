package github

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/override"
)

//go:embed landing.graphql
var landingQuery string

const (
	// rework is for how long after a merge what lands on the base is read, which
	// is as long as an override can be about it.
	rework = override.DefaultRework

	skew        = 24 * time.Hour // by which the clocks of commits, which landings are asked for by, are taken to be wrong
	maxLandings = 10             // pages of 100 commits of what came after a merge
	maxAfter    = 20             // commits after a merge of which the lines are read
	maxSingly   = 2              // commits after a merge that are read without asking first whether they touch its files
	maxCompared = 300            // files that GitHub lists of a comparison
)

// landingAnswer is the answer to landing.graphql.
type landingAnswer struct {
	Repository struct {
		Ref *struct {
			Target struct {
				History list[historyCommit] `json:"history"`
			} `json:"target"`
		} `json:"ref"`
		Merge *struct {
			History list[historyCommit] `json:"history"`
		} `json:"merge"`
	} `json:"repository"`
}

// after reads what came onto the base with the merge and after it: the messages
// of all of it, for reverts, and the lines of what touches the files of the
// merge.
func (b *historian) after(ctx context.Context, c *Client) error {
	m := b.h.Merge
	switch {
	case m == nil:
		return nil
	case m.SHA == "":
		return &Error{Reason: "the forge does not name the merge", Err: ErrMissing}
	}
	first, whole, err := b.landing(ctx, c)
	if err != nil {
		return err
	}
	if m.Files, err = b.merged(ctx, c, first); err != nil {
		return err
	}
	own := map[string]bool{}
	for _, f := range m.Files {
		own[f.Path] = true
	}
	near, err := b.near(ctx, c, own)
	if err != nil {
		return err
	}
	if near {
		if err := b.edits(ctx, c, own); err != nil {
			return err
		}
		whole = whole && len(b.h.After) <= maxAfter
	}
	if !whole {
		return &Error{Reason: "more came after it than is read", Err: ErrMissing}
	}
	return nil
}

// near reports whether anything that came after the merge may have changed one
// of its files. Where more than a few commits did, one comparison tells, in which
// what was changed and changed back is no change.
func (b *historian) near(ctx context.Context, c *Client, own map[string]bool) (bool, error) {
	n := len(b.h.After)
	if n <= maxSingly {
		return n > 0, nil
	}
	var r restCommit
	_, err := c.get(ctx, "reading what came after the merge", c.path("/compare/%s...%s?per_page=1", b.h.Merge.SHA, b.h.After[n-1].SHA), &r)
	touched := slices.ContainsFunc(r.files(), func(f override.File) bool { return own[f.Path] || own[f.Previous] })
	return touched || len(r.Files) >= maxCompared, err
}

// edits reads the lines of what came after the merge and touches its files.
func (b *historian) edits(ctx context.Context, c *Client, own map[string]bool) error {
	for i := range b.h.After[:min(len(b.h.After), maxAfter)] {
		r, err := c.patch(ctx, b.h.After[i].SHA)
		if err != nil {
			return err
		}
		b.h.After[i].Files = slices.DeleteFunc(r.files(), func(f override.File) bool { return !own[f.Path] && !own[f.Previous] })
		for _, f := range b.h.After[i].Files {
			own[f.Path] = true // its name from here on
		}
	}
	return nil
}

// landing reads the commits that came onto the base after the merge, and those
// that a rebase brought. It returns what the first of these stands on, empty
// where none were, and whether it found the way from the newest down to the
// merge.
func (b *historian) landing(ctx context.Context, c *Client) (first string, whole bool, err error) {
	m := b.h.Merge
	variables := map[string]any{
		"owner": c.owner, "name": c.name, "branch": "refs/heads/" + b.h.Base.Ref, "merge": m.SHA, "brought": min(max(b.commits, 1), 100),
		"since": m.Time.Add(-skew).UTC().Format(time.RFC3339), "until": m.Time.Add(rework).UTC().Format(time.RFC3339),
	}
	down := &mainline{merge: m.SHA}
	for n := 0; n < maxLandings && !down.whole(); n++ {
		var answer landingAnswer
		if _, err := c.query(ctx, fmt.Sprintf("reading what came after #%d", b.h.Subject.Number), landingQuery+commitFragment, variables, &answer); err != nil {
			return "", false, err
		}
		r := answer.Repository
		if r.Merge != nil && n == 0 {
			first = b.rebased(r.Merge.History.Nodes)
		}
		if r.Ref == nil {
			return first, true, nil // the branch is gone, and what came onto it with it
		}
		landed := r.Ref.Target.History
		down.follow(landed.Nodes)
		if !landed.PageInfo.HasNextPage {
			break
		}
		variables["after"] = landed.PageInfo.EndCursor
	}
	b.h.After = down.commits(m.Time)
	return first, down.whole(), nil
}

// mainline follows a branch from its newest commit by first parents.
type mainline struct {
	merge string // down to here
	next  string // commit
	found []override.Commit
}

// follow takes what is on the branch itself of some of its history, the newest
// first.
func (l *mainline) follow(newest []*historyCommit) {
	for _, n := range newest {
		switch {
		case l.whole() || n == nil || l.next != "" && n.OID != l.next:
		case n.OID == l.merge:
			l.next = l.merge
		default:
			l.found, l.next = append(l.found, n.commit()), n.parent()
		}
	}
}

// whole reports whether it has got to the merge.
func (l *mainline) whole() bool { return l.next == l.merge }

// commits returns what was found, the oldest first. Where the merge was not met,
// the times that commits give themselves must tell what came after it.
func (l *mainline) commits(merged time.Time) []override.Commit {
	if !l.whole() {
		l.found = slices.DeleteFunc(l.found, func(m override.Commit) bool { return m.Committer.Time.Before(merged) })
	}
	slices.Reverse(l.found)
	return l.found
}

// parent returns the first parent, empty for none.
func (n *historyCommit) parent() string {
	if len(n.Parents.Nodes) == 0 {
		return ""
	}
	return n.Parents.Nodes[0].sha()
}

// rebased notes the commits on the base that a rebase made of the change's own:
// by the same authors, of the same times and messages, which a rebase keeps.
// Those of a merge commit or a squash are none. It returns what the first stands
// on.
func (b *historian) rebased(newest []*historyCommit) (base string) {
	own := slices.DeleteFunc(slices.Clone(b.h.Commits[len(b.h.Commits)-b.commits:]), func(m override.Commit) bool { return len(m.Parents) > 1 }) // which it drops
	next := b.h.Merge.SHA
	for _, m := range slices.Backward(own) {
		at := slices.IndexFunc(newest, func(n *historyCommit) bool { return n != nil && n.OID == next })
		if at < 0 || len(newest[at].Parents.Nodes) != 1 || !newest[at].is(m) {
			break
		}
		b.h.Merge.Commits = append(b.h.Merge.Commits, next)
		next = newest[at].parent()
	}
	slices.Reverse(b.h.Merge.Commits)
	return next
}

// is reports whether a commit says the same as another.
func (n *historyCommit) is(m override.Commit) bool {
	a := n.Author.identity()
	return a.Email == m.Author.Email && a.Time.Equal(m.Author.Time) && strings.TrimSpace(n.Message) == strings.TrimSpace(m.Message)
}

// merged returns what the merge did to the files of the base: the merge or
// squash commit, or all commits that a rebase brought.
func (b *historian) merged(ctx context.Context, c *Client, first string) ([]override.File, error) {
	if len(b.h.Merge.Commits) < 2 {
		r, err := c.patch(ctx, b.h.Merge.SHA)
		return r.files(), err
	}
	var r restCommit
	_, err := c.get(ctx, "reading what the merge brought", c.path("/compare/%s...%s?per_page=1", first, b.h.Merge.SHA), &r)
	return r.files(), err
}
