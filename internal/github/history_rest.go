package github

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/override"
	"github.com/andon-ci/andon/internal/trace"
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

// restCommit is a commit as the REST API has it.
type restCommit struct {
	SHA     string `json:"sha"`
	HTMLURL string `json:"html_url"`
	Commit  struct {
		Message   string   `json:"message"`
		Author    restSign `json:"author"`
		Committer restSign `json:"committer"`
		Tree      struct {
			SHA string `json:"sha"`
		} `json:"tree"`
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
		Status   string `json:"status"`
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
		Files: r.files(), Tree: r.Commit.Tree.SHA,
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

// permissions asks of whoever gave a command whether they may write.
func (b *historian) permissions(ctx context.Context, c *Client) error {
	known := map[string]string{}
	for _, m := range b.remarks() {
		if !strings.Contains(m.body, "/andon") || m.by.Login == "" || m.by.Type != "User" {
			continue
		}
		p, asked := known[m.by.Login]
		if !asked {
			var err error
			if p, err = c.permission(ctx, m.by.Login); err != nil {
				return err
			}
			known[m.by.Login] = p
		}
		*m.permission = p
	}
	return nil
}

// remark is something said that may hold a command.
type remark struct {
	body       string
	by         override.Actor
	permission *string // to be filled in
}

// remarks returns what was said in the conversation, in reviews and on lines.
func (b *historian) remarks() []remark {
	var out []remark
	comments := func(all []override.Comment) {
		for i := range all {
			out = append(out, remark{all[i].Body, all[i].Author, &all[i].Permission})
		}
	}
	comments(b.h.Comments)
	for i := range b.h.Reviews {
		r := &b.h.Reviews[i]
		out = append(out, remark{r.Body, r.Author, &r.Permission})
	}
	for _, t := range b.h.Threads {
		comments(t.Comments)
	}
	return out
}

// permission returns what somebody may do: admin, write, read or none. A role
// counts as the one of these that it is built on.
func (c *Client) permission(ctx context.Context, login string) (string, error) {
	var found struct {
		Permission string `json:"permission"`
	}
	_, err := c.get(ctx, "asking whether "+login+" may write", c.path("/collaborators/%s/permission", url.PathEscape(login)), &found)
	if errors.Is(err, ErrMissing) {
		return "none", nil
	}
	return found.Permission, err
}

// patch reads a commit with its lines. It never changes.
func (c *Client) patch(ctx context.Context, sha string) (*restCommit, error) {
	var out restCommit
	_, err := c.get(ctx, "reading commit "+short(sha), c.path("/commits/%s", url.PathEscape(sha)), &out)
	return &out, err
}
