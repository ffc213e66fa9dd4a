package github

import (
	"context"
	"fmt"
	"net/url"
	"time"

	api "github.com/google/go-github/v66/github"
)

// maxFiltered is how many workflow runs the forge lists where it is asked for
// some of them:
// https://docs.github.com/en/rest/actions/workflow-runs#list-workflow-runs-for-a-repository
const maxFiltered = 1_000

// RunsBetween returns the workflow runs that were made from one moment to
// another, both included, the oldest first. More tells whether there are more
// than the forge lists.
func (c *Client) RunsBetween(ctx context.Context, from, to time.Time) (runs []Run, more bool, err error) {
	span := from.UTC().Format(time.RFC3339) + ".." + to.UTC().Format(time.RFC3339)
	o := api.ListWorkflowRunsOptions{Created: span, ListOptions: api.ListOptions{PerPage: 100}}
	for {
		page, res, err := c.api.Actions.ListRepositoryWorkflowRuns(ctx, c.owner, c.name, &o)
		if err != nil {
			return ordered(runs), true, c.failed("listing the workflow runs of "+c.Repository(), err)
		}
		if page.GetTotalCount() > maxFiltered && to.Sub(from) > time.Minute {
			return c.halves(ctx, from, to)
		}
		for _, r := range page.WorkflowRuns {
			runs = append(runs, run(r))
		}
		if res.NextPage == 0 {
			return ordered(runs), page.GetTotalCount() > maxFiltered, nil
		}
		o.Page = res.NextPage
	}
}

// halves asks for the earlier and the later half of a span by itself.
func (c *Client) halves(ctx context.Context, from, to time.Time) ([]Run, bool, error) {
	middle := from.Add(to.Sub(from) / 2).Truncate(time.Second)
	early, more, err := c.RunsBetween(ctx, from, middle)
	if err != nil {
		return early, true, err
	}
	late, moreLate, err := c.RunsBetween(ctx, middle.Add(time.Second), to)
	return ordered(append(early, late...)), more || moreLate, err
}

// Run returns a workflow run.
func (c *Client) Run(ctx context.Context, id int64) (Run, error) {
	r, _, err := c.api.Actions.GetWorkflowRunByID(ctx, c.owner, c.name, id)
	if err != nil {
		return Run{}, c.failed(fmt.Sprintf("reading workflow run %d", id), err)
	}
	return run(r), nil
}

// Pulls returns the numbers of the pull requests that the forge knows a workflow
// run to be of. There are none of a fork's.
func (r Run) Pulls() []int { return r.pulls }

// maxSincePages bounds how many pages of 100 of one list are read.
const maxSincePages = 500

// ArtifactsSince returns the artifacts of all workflow runs that were made from a
// moment on, the newest first. More tells whether there are more than are read.
func (c *Client) ArtifactsSince(ctx context.Context, since time.Time) (found []Artifact, more bool, err error) {
	next := c.path("/actions/artifacts?per_page=100")
	for n := 0; next != ""; n++ {
		if n == maxSincePages {
			return found, true, nil
		}
		var page struct {
			Artifacts []Artifact `json:"artifacts"`
		}
		if next, err = c.get(ctx, "listing the artifacts of "+c.Repository(), next, &page); err != nil {
			return found, true, err
		}
		older := 0
		for _, a := range page.Artifacts {
			if a.CreatedAt.Before(since) {
				older++
			} else {
				found = append(found, a)
			}
		}
		if older > 0 && older == len(page.Artifacts) {
			break
		}
	}
	return found, false, nil
}

// Changed is a pull request that something happened to.
type Changed struct {
	Number  int       `json:"number"`
	Updated time.Time `json:"updated_at"`
}

// ChangedSince returns the pull requests that something happened to from a
// moment on, the latest first. More tells whether there are more than are read.
func (c *Client) ChangedSince(ctx context.Context, since time.Time) (found []Changed, more bool, err error) {
	next := c.path("/pulls?state=all&sort=updated&direction=desc&per_page=100")
	for n := 0; next != ""; n++ {
		if n == maxSincePages {
			return found, true, nil
		}
		var page []Changed
		if next, err = c.get(ctx, "listing the pull requests of "+c.Repository(), next, &page); err != nil {
			return found, true, err
		}
		for _, p := range page {
			if p.Updated.Before(since) {
				return found, false, nil
			}
			found = append(found, p)
		}
	}
	return found, false, nil
}

// Opened is a pull request that is open.
type Opened struct {
	Number  int       `json:"number"`
	Created time.Time `json:"created_at"`
	Draft   bool      `json:"draft"`
}

// OpenSince returns the open pull requests that were opened from a moment on, the
// latest first. More tells whether there are more than are read.
func (c *Client) OpenSince(ctx context.Context, since time.Time) (found []Opened, more bool, err error) {
	next := c.path("/pulls?state=open&sort=created&direction=desc&per_page=100")
	for n := 0; next != ""; n++ {
		if n == maxSincePages {
			return found, true, nil
		}
		var page []Opened
		if next, err = c.get(ctx, "listing the open pull requests of "+c.Repository(), next, &page); err != nil {
			return found, true, err
		}
		for _, p := range page {
			if p.Created.Before(since) {
				return found, false, nil
			}
			found = append(found, p)
		}
	}
	return found, false, nil
}

// Repositories returns the repositories that an App's installation in an
// organisation can read, as owner/name.
func Repositories(ctx context.Context, o Options, organisation string) ([]string, error) {
	o.organisation, o.Repository = organisation, organisation+"/-"
	c, err := New(o)
	if err != nil {
		return nil, err
	}
	doing := "listing the repositories of the App's installation in " + organisation
	if o.App == nil {
		return nil, &Error{Doing: doing, Reason: "it takes an App", Err: ErrToken, Hint: "set ANDON_APP_ID and ANDON_APP_KEY, or name the repositories with --repos"}
	}
	var out []string
	for next := "installation/repositories?per_page=100"; next != ""; {
		var page struct {
			Repositories []struct {
				FullName string `json:"full_name"`
			} `json:"repositories"`
		}
		if next, err = c.get(ctx, doing, next, &page); err != nil {
			return out, err
		}
		for _, r := range page.Repositories {
			if repositoryName.MatchString(r.FullName) {
				out = append(out, r.FullName)
			}
		}
	}
	return out, nil
}

// at returns the path of the installation that is asked for.
func (i *installation) at() *url.URL {
	if i.organisation != "" {
		return i.base.JoinPath("orgs", i.organisation, "installation")
	}
	return i.base.JoinPath("repos", i.repository, "installation")
}
