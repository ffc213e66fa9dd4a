package github

import (
	"context"
	_ "embed"
	"fmt"

	api "github.com/google/go-github/v66/github"
)

//go:embed issues.graphql
var issuesQuery string

// Issue is an issue of the repository.
type Issue struct {
	Number int
	Title  string
	Body   string
	URL    string
	Open   bool
	Own    bool // written by the account that asks
}

// Issues returns the newest 100 issues with a label, open and closed, the newest
// first. That there is no such label is no error.
func (c *Client) Issues(ctx context.Context, label string) ([]Issue, error) {
	var answer struct {
		Repository struct {
			Issues struct {
				Nodes []struct {
					Number          int
					Title, Body     string
					State, URL      string
					ViewerDidAuthor bool
				}
			}
		}
	}
	doing := "listing the issues of " + c.Repository()
	variables := map[string]any{"owner": c.owner, "name": c.name, "label": label}
	if _, err := c.query(ctx, doing, issuesQuery, variables, &answer); err != nil {
		return nil, err
	}
	var out []Issue
	for _, n := range answer.Repository.Issues.Nodes {
		out = append(out, Issue{Number: n.Number, Title: n.Title, Body: n.Body, URL: n.URL, Open: n.State == "OPEN", Own: n.ViewerDidAuthor})
	}
	return out, nil
}

// AddIssue opens an issue with a label, which GitHub makes where there is none,
// and returns its address.
func (c *Client) AddIssue(ctx context.Context, title, body, label string) (string, error) {
	made, _, err := c.api.Issues.Create(ctx, c.owner, c.name, &api.IssueRequest{Title: &title, Body: &body, Labels: &[]string{label}})
	if err != nil {
		return "", c.failed("opening an issue in "+c.Repository(), err)
	}
	return made.GetHTMLURL(), nil
}

// EditIssue replaces the title and the text of an issue.
func (c *Client) EditIssue(ctx context.Context, number int, title, body string) error {
	_, _, err := c.api.Issues.Edit(ctx, c.owner, c.name, number, &api.IssueRequest{Title: &title, Body: &body})
	return c.unless(err, fmt.Sprintf("editing issue #%d", number))
}

// CloseIssue closes an issue as done.
func (c *Client) CloseIssue(ctx context.Context, number int) error {
	closed, done := "closed", "completed"
	_, _, err := c.api.Issues.Edit(ctx, c.owner, c.name, number, &api.IssueRequest{State: &closed, StateReason: &done})
	return c.unless(err, fmt.Sprintf("closing issue #%d", number))
}
