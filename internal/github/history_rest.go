package github

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/override"
	"github.com/andon-ci/andon/internal/trace"
)

const (
	maxForced = 5  // force-pushes of which the dropped commits are read
	maxAfter  = 20 // commits after a merge of which the lines are read
)

// restActor is an account as the REST API names it.
type restActor struct {
	Login string `json:"login"`
	Type  string `json:"type"`
}

func (a *restActor) person() override.Actor {
	if a == nil {
		return override.Actor{}
	}
	return override.Actor{Login: a.Login, Type: a.Type}
}

// activity is an entry of a repository's log of pushes.
type activity struct {
	Before    string     `json:"before"`
	After     string     `json:"after"`
	Timestamp time.Time  `json:"timestamp"`
	Type      string     `json:"activity_type"`
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
	commits := b.h.Commits
	for _, a := range found {
		last := slices.IndexFunc(commits, func(m override.Commit) bool { return m.SHA == a.After })
		for i := 0; i <= last; i++ {
			if commits[i].Pushed.IsZero() {
				commits[i].Pusher, commits[i].Pushed = a.Actor.person(), a.Timestamp
			}
		}
	}
	if next != "" || slices.ContainsFunc(commits, func(m override.Commit) bool { return m.Pushed.IsZero() }) {
		return &Error{Reason: "the log does not have all pushes", Err: ErrMissing}
	}
	return nil
}

// restCommit is a commit as the REST API has it.
type restCommit struct {
	SHA     string `json:"sha"`
	HTMLURL string `json:"html_url"`
	Commit  struct {
		Message   string   `json:"message"`
		Author    restSign `json:"author"`
		Committer restSign `json:"committer"`
	} `json:"commit"`
	Author    *restActor `json:"author"`
	Committer *restActor `json:"committer"`
	Parents   []struct {
		SHA string `json:"sha"`
	} `json:"parents"`
	Stats *struct {
		Additions int64 `json:"additions"`
		Deletions int64 `json:"deletions"`
	} `json:"stats"`
	Files []struct {
		Filename string `json:"filename"`
		Previous string `json:"previous_filename"`
		Patch    string `json:"patch"`
	} `json:"files"`
}

type restSign struct {
	Name  string    `json:"name"`
	Email string    `json:"email"`
	Date  time.Time `json:"date"`
}

func (s restSign) identity(a *restActor) override.Identity {
	return override.Identity{Name: s.Name, Email: s.Email, Time: s.Date, Account: a.person()}
}

func (r *restCommit) commit() override.Commit {
	out := override.Commit{
		SHA: r.SHA, URL: r.HTMLURL, Message: r.Commit.Message, Author: r.Commit.Author.identity(r.Author), Committer: r.Commit.Committer.identity(r.Committer),
		Files: r.files(),
	}
	for _, p := range r.Parents {
		out.Parents = append(out.Parents, p.SHA)
	}
	if r.Stats != nil {
		out.Additions, out.Deletions = trace.Measured(r.Stats.Additions), trace.Measured(r.Stats.Deletions)
	}
	return out
}

func (r *restCommit) files() []override.File {
	var out []override.File
	for _, f := range r.Files {
		out = append(out, override.File{Path: f.Filename, Previous: f.Previous, Hunks: override.ParsePatch(f.Patch)})
	}
	return out
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
	b.h.Commits = append(old, b.h.Commits...)
	return nil
}

// permissions asks of whoever gave a command whether they may write.
func (b *historian) permissions(ctx context.Context, c *Client) error {
	known := map[string]string{}
	for i := range b.h.Comments {
		m := &b.h.Comments[i]
		if !strings.Contains(m.Body, "/andon") || m.Author.Login == "" || m.Author.Type != "User" {
			continue
		}
		login := m.Author.Login
		if _, asked := known[login]; !asked {
			var found struct {
				Permission string `json:"permission"`
				Role       string `json:"role_name"`
			}
			_, err := c.get(ctx, "asking whether "+login+" may write", c.path("/collaborators/%s/permission", url.PathEscape(login)), &found)
			switch {
			case errors.Is(err, ErrMissing):
				found.Permission = "none"
			case err != nil:
				return err
			}
			known[login] = found.Permission
			if found.Role == "maintain" || found.Role == "triage" { // which the first field calls write and read
				known[login] = found.Role
			}
		}
		m.Permission = known[login]
	}
	return nil
}

// after reads what came onto the base after the merge: the messages of all of
// it, for reverts, and the lines of what touches the files of the merge.
func (b *historian) after(ctx context.Context, c *Client) error {
	if b.h.Merge == nil {
		return nil
	}
	landed, more, err := b.landing(ctx, c)
	if err != nil {
		return err
	}
	b.h.After = landed
	merge, err := c.patch(ctx, b.h.Merge.SHA)
	if err != nil {
		return err
	}
	b.h.Merge.Files = merge.files()
	own := map[string]bool{}
	for _, f := range b.h.Merge.Files {
		own[f.Path] = true
	}
	for i := range b.h.After {
		if i >= maxAfter {
			more = true
			break
		}
		r, err := c.patch(ctx, b.h.After[i].SHA)
		if err != nil {
			return err
		}
		b.h.After[i].Files = slices.DeleteFunc(r.files(), func(f override.File) bool { return !own[f.Path] && !own[f.Previous] })
		for _, f := range b.h.After[i].Files {
			own[f.Path] = true // its name from here on
		}
	}
	if more {
		return &Error{Reason: "more came after it than is read", Err: ErrMissing}
	}
	return nil
}

// patch reads a commit with its lines. It never changes.
func (c *Client) patch(ctx context.Context, sha string) (*restCommit, error) {
	var out restCommit
	_, err := c.get(ctx, "reading commit "+short(sha), c.path("/commits/%s", url.PathEscape(sha)), &out)
	return &out, err
}
