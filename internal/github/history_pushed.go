package github

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/override"
)

const (
	maxForced   = 5  // force-pushes of which the dropped commits are read
	maxVersions = 10 // pairs of versions of a commit of which the patches are read
)

// activity is an entry of a repository's log of pushes.
type activity struct {
	After     string     `json:"after"`
	Timestamp time.Time  `json:"timestamp"`
	Actor     *restActor `json:"actor"`
}

// pushes says of each commit who pushed it, by the repository's log. A fork's
// log is not this repository's.
func (b *historian) pushes(ctx context.Context, c *Client) error {
	if b.h.Head.Repository != b.h.Repository {
		return &Error{Reason: "the head is in another repository", Err: ErrMissing}
	}
	var found []activity
	next, err := c.get(ctx, "reading the pushes to "+b.h.Head.Ref, c.path("/activity?direction=asc&per_page=100&ref=%s", url.QueryEscape("refs/heads/"+b.h.Head.Ref)), &found)
	if err != nil {
		return err
	}
	at := make(map[string]*override.Commit, len(b.h.Commits))
	for i := range b.h.Commits {
		at[b.h.Commits[i].SHA] = &b.h.Commits[i]
	}
	for _, a := range found {
		a.brought(at)
	}
	if next != "" || slices.ContainsFunc(b.h.Commits, func(m override.Commit) bool { return m.Pushed.IsZero() }) {
		return &Error{Reason: "the log does not have all pushes", Err: ErrMissing}
	}
	return nil
}

// brought tells of the commits that came with a push: the new tip, and what it
// stands on that no push before it had.
func (a activity) brought(at map[string]*override.Commit) {
	for todo := []string{a.After}; len(todo) > 0; {
		m := at[todo[0]]
		todo = todo[1:]
		if m != nil && m.Pushed.IsZero() && !a.Timestamp.IsZero() {
			m.Pusher, m.Pushed = a.Actor.person(), a.Timestamp
			todo = append(todo, m.Parents...)
		}
	}
}

// dropped reads which commits the force-pushes took off the branch.
func (b *historian) dropped(ctx context.Context, c *Client) error {
	var old []override.Commit
	for n, i := range b.forced {
		e := &b.h.Events[i]
		if n >= maxForced || e.Before == "" || e.After == "" {
			return &Error{Reason: "not all force-pushes were looked into", Err: ErrMissing}
		}
		var found struct {
			Commits []restCommit `json:"commits"`
		}
		doing := fmt.Sprintf("reading what the force-push of %s dropped", short(e.Before))
		if _, err := c.get(ctx, doing, c.path("/compare/%s...%s?per_page=100", e.After, e.Before), &found); err != nil {
			return err
		}
		for _, r := range found.Commits {
			e.Dropped = append(e.Dropped, r.SHA)
			known := func(m override.Commit) bool { return m.SHA == r.SHA }
			if !slices.ContainsFunc(old, known) && !slices.ContainsFunc(b.h.Commits, known) {
				m := r.commit()
				m.Files = nil // those of the comparison are not the commit's
				old = append(old, m)
			}
		}
	}
	standing := b.h.Commits
	b.h.Commits = append(old, standing...)
	return b.versions(ctx, c, b.h.Commits[:len(old)], b.h.Commits[len(old):])
}

// versions reads the patches of commits that a force-push dropped and that
// stand there again in another version, by the same author of the same time:
// they tell an amended commit from one that was only moved to another base.
func (b *historian) versions(ctx context.Context, c *Client, dropped, standing []override.Commit) error {
	n := 0
	for i := range dropped {
		for k := range standing {
			o, m := &dropped[i].Author, &standing[k].Author
			if o.Email != m.Email || !o.Time.Equal(m.Time) || n == maxVersions {
				continue
			}
			n++
			for _, v := range []*override.Commit{&dropped[i], &standing[k]} {
				r, err := c.patch(ctx, v.SHA)
				if err != nil {
					return err
				}
				full := r.commit()
				v.PatchID, v.Additions, v.Deletions = r.patchID(), full.Additions, full.Deletions
			}
		}
	}
	return nil
}

// patchID is the same for the same patch wherever it stands in its files;
// empty where the forge does not give all of it.
func (r *restCommit) patchID() string {
	sum := sha256.New()
	for _, f := range r.Files {
		if f.Patch == "" && f.Status != "renamed" {
			return ""
		}
		fmt.Fprintf(sum, "%q %q\n", f.Filename, f.Previous)
		for line := range strings.Lines(f.Patch) {
			if line[0] == '+' || line[0] == '-' {
				fmt.Fprintln(sum, strings.TrimSuffix(line, "\n"))
			}
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}
