package github

import (
	"context"
	"errors"
	"fmt"

	api "github.com/google/go-github/v66/github"
)

// AddComment writes a comment under a pull request or issue, and returns its
// address.
func (c *Client) AddComment(ctx context.Context, number int, body string) (string, error) {
	doing := fmt.Sprintf("writing a comment on #%d", number)
	made, _, err := c.api.Issues.CreateComment(ctx, c.owner, c.name, number, &api.IssueComment{Body: &body})
	if err != nil {
		return "", c.failed(doing, err)
	}
	return made.GetHTMLURL(), nil
}

// EditComment replaces the text of a comment.
func (c *Client) EditComment(ctx context.Context, id int64, body string) error {
	_, _, err := c.api.Issues.EditComment(ctx, c.owner, c.name, id, &api.IssueComment{Body: &body})
	if err != nil {
		return c.failed(fmt.Sprintf("editing comment %d", id), err)
	}
	return nil
}

// DeleteComment removes a comment. One that is not there any more is no error.
func (c *Client) DeleteComment(ctx context.Context, id int64) error {
	if _, err := c.api.Issues.DeleteComment(ctx, c.owner, c.name, id); err != nil {
		if err = c.failed(fmt.Sprintf("removing comment %d", id), err); !errors.Is(err, ErrMissing) {
			return err
		}
	}
	return nil
}

// Check is a check run as it is to be.
type Check struct {
	Name       string // as people see it
	Key        string // tells our check run from others of that name
	SHA        string
	Conclusion string // success, neutral, failure
	Title      string
	Summary    string // Markdown of at most 65,535 characters
	DetailsURL string // empty for none
}

// PutCheck writes a check run, over the one with the same key where there is
// one that this client may change. It reports whether anything was written.
func (c *Client) PutCheck(ctx context.Context, k Check) (written bool, err error) {
	old, err := c.check(ctx, k)
	if err != nil {
		return false, err
	}
	if old != nil && old.GetConclusion() == k.Conclusion && old.GetOutput().GetTitle() == k.Title && old.GetOutput().GetSummary() == k.Summary {
		return false, nil
	}
	output := &api.CheckRunOutput{Title: &k.Title, Summary: &k.Summary}
	completed := "completed"
	var details *string
	if k.DetailsURL != "" {
		details = &k.DetailsURL
	}
	if old != nil {
		_, _, err := c.api.Checks.UpdateCheckRun(ctx, c.owner, c.name, old.GetID(), api.UpdateCheckRunOptions{
			Name: k.Name, ExternalID: &k.Key, Status: &completed, Conclusion: &k.Conclusion, Output: output, DetailsURL: details,
		})
		if err = c.unless(err, "changing the check run on "+short(k.SHA)); !errors.Is(err, ErrPermission) {
			return err == nil, err
		}
	}
	_, _, err = c.api.Checks.CreateCheckRun(ctx, c.owner, c.name, api.CreateCheckRunOptions{
		Name: k.Name, HeadSHA: k.SHA, ExternalID: &k.Key, Status: &completed, Conclusion: &k.Conclusion, Output: output, DetailsURL: details,
	})
	err = c.unless(err, "writing the check run on "+short(k.SHA))
	var e *Error
	if errors.As(err, &e) && errors.Is(err, ErrPermission) {
		e.Hint = "check runs are written by Apps alone: with a workflow's GITHUB_TOKEN and `permissions: checks: write`, or as an App; not with a person's token"
	}
	return err == nil, err
}

func (c *Client) unless(err error, doing string) error {
	if err == nil {
		return nil
	}
	return c.failed(doing, err)
}

// check returns the check run with the key at the commit, nil for none.
func (c *Client) check(ctx context.Context, k Check) (*api.CheckRun, error) {
	latest := "latest"
	found, _, err := c.api.Checks.ListCheckRunsForRef(ctx, c.owner, c.name, k.SHA, &api.ListCheckRunsOptions{
		CheckName: &k.Name, Filter: &latest, ListOptions: api.ListOptions{PerPage: 100},
	})
	if err != nil {
		return nil, c.failed("listing the check runs on "+short(k.SHA), err)
	}
	for _, r := range found.CheckRuns {
		if r.GetExternalID() == k.Key {
			return r, nil
		}
	}
	return nil, nil
}
