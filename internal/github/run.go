package github

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	api "github.com/google/go-github/v66/github"
)

// Run is one run of a workflow. What it says of itself comes from the forge.
type Run struct {
	ID           int64
	Attempt      int
	Name         string // of the workflow
	Event        string // that started it
	HeadSHA      string
	Status       string // completed, in_progress, queued, ...
	Conclusion   string // success, failure, ...; empty while it is not completed
	URL          string
	CreatedAt    time.Time
	StartedAt    time.Time // of the attempt
	UpdatedAt    time.Time
	Actor        string // login of who started this attempt
	Fork         bool   // it ran what a fork's pull request brought
	Commented    bool   // a comment started it; its head is the pull request's at that time, by the times of commits
	title        string // of what it is about
	starter      string // login of who started the first attempt
	pulls        []int
	repositoryID int64 // of the head; 0 where it was deleted
}

// Completed reports whether it adds no more artifacts.
func (r Run) Completed() bool { return r.Status == "completed" }

// maxRunPages bounds how many pages of 100 workflow runs are read.
const maxRunPages = 5

// RunsOf returns the workflow runs at a commit, the oldest first. More tells
// whether there are more than were read.
func (c *Client) RunsOf(ctx context.Context, sha string) (runs []Run, more bool, err error) {
	runs, more, err = c.runs(ctx, "listing the workflow runs of "+short(sha), api.ListWorkflowRunsOptions{HeadSHA: sha})
	return ordered(runs), more, err
}

// Runs returns the workflow runs of a pull request, the oldest first. It asks
// for those of its branch and keeps the ones of its commits: one request for
// all heads that there ever were, where one by SHA is one for each. Those that
// comments have started, which belong to the default branch, are found by the
// comments of p.
func (c *Client) Runs(ctx context.Context, p *Pull) (runs []Run, more bool, err error) {
	doing := fmt.Sprintf("listing the workflow runs of #%d", p.Number)
	since := ">=" + p.CreatedAt.UTC().AddDate(0, 0, -1).Format(time.DateOnly)
	all, more, err := c.runs(ctx, doing, api.ListWorkflowRunsOptions{Branch: p.HeadRef, Created: since})
	known := p.heads()
	for _, r := range all {
		if p.owns(r, known) {
			runs = append(runs, r)
		}
	}
	if err == nil && len(p.Comments) > 0 {
		var started []Run
		var rest bool
		started, rest, err = c.runs(ctx, doing, api.ListWorkflowRunsOptions{Event: "issue_comment", Created: since})
		runs, more = append(runs, p.commented(started)...), more || rest
	}
	if err != nil || slices.ContainsFunc(runs, func(r Run) bool { return r.HeadSHA == p.HeadSHA }) {
		return ordered(runs), more, err
	}
	// A branch that was renamed has its earlier runs under another name.
	last, lastMore, err := c.runs(ctx, doing, api.ListWorkflowRunsOptions{HeadSHA: p.HeadSHA})
	for _, r := range last {
		if p.owns(r, known) {
			runs = append(runs, r)
		}
	}
	return ordered(runs), more || lastMore, err
}

// heads returns the commits that the pull request is known to have had.
func (p *Pull) heads() map[string]bool {
	known := map[string]bool{p.HeadSHA: true}
	for _, c := range p.Commits {
		known[c.SHA] = true
	}
	for _, e := range p.Events {
		known[e.Before], known[e.After] = true, true
	}
	for _, r := range p.Reviews {
		known[r.SHA] = true
	}
	delete(known, "")
	return known
}

// owns reports whether a workflow run is the pull request's. The forge lists
// the pull requests of a run, but none for a fork's; there the commit and the
// repository that it came from decide. A fork can push another's commit, but
// not from another's repository.
func (p *Pull) owns(r Run, known map[string]bool) bool {
	if len(r.pulls) > 0 {
		return slices.Contains(r.pulls, p.Number)
	}
	return known[r.HeadSHA] && (r.repositoryID == p.headRepositoryID || r.repositoryID == 0 || p.headRepositoryID == 0)
}

// soon is how long after a comment the workflow run that it starts is made.
const soon = time.Minute

// commented returns the workflow runs that comments on the pull request have
// started. The forge does not say which comment it was: it says who, when and
// the title of what was commented on, and all three must agree with a comment.
func (p *Pull) commented(all []Run) []Run {
	var out []Run
	for _, r := range all {
		by := func(m Comment) bool {
			late := r.CreatedAt.Sub(m.At)
			return strings.EqualFold(m.Author.Login, r.starter) && late >= 0 && late <= soon
		}
		if r.Event == "issue_comment" && r.title == p.Title && slices.ContainsFunc(p.Comments, by) {
			r.HeadSHA, r.Commented, r.Fork = p.headAt(r.CreatedAt), true, false
			out = append(out, r)
		}
	}
	return out
}

// headAt returns what the head was at a time, by the times of commits.
func (p *Pull) headAt(t time.Time) string {
	head := p.HeadSHA
	for i, m := range p.Commits {
		if i == 0 || !m.CommittedAt.After(t) {
			head = m.SHA
		}
	}
	return head
}

func ordered(runs []Run) []Run {
	slices.SortFunc(runs, func(a, b Run) int { return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID)) })
	return slices.CompactFunc(runs, func(a, b Run) bool { return a.ID == b.ID })
}

func (c *Client) runs(ctx context.Context, doing string, o api.ListWorkflowRunsOptions) (out []Run, more bool, err error) {
	o.PerPage = 100
	for n := 0; n < maxRunPages; n++ {
		page, res, err := c.api.Actions.ListRepositoryWorkflowRuns(ctx, c.owner, c.name, &o)
		if err != nil {
			return out, true, c.failed(doing, err)
		}
		for _, r := range page.WorkflowRuns {
			out = append(out, run(r))
		}
		if res.NextPage == 0 {
			return out, false, nil
		}
		o.Page = res.NextPage
	}
	return out, true, nil
}

func run(r *api.WorkflowRun) Run {
	out := Run{
		ID: r.GetID(), Attempt: max(r.GetRunAttempt(), 1), Name: r.GetName(), Event: r.GetEvent(), HeadSHA: r.GetHeadSHA(),
		Status: r.GetStatus(), Conclusion: r.GetConclusion(), URL: r.GetHTMLURL(),
		CreatedAt: r.GetCreatedAt().UTC(), StartedAt: r.GetRunStartedAt().UTC(), UpdatedAt: r.GetUpdatedAt().UTC(),
		Actor: cmp.Or(r.GetTriggeringActor().GetLogin(), r.GetActor().GetLogin()), repositoryID: r.GetHeadRepository().GetID(),
		title: r.GetDisplayTitle(), starter: r.GetActor().GetLogin(),
	}
	out.Fork = out.repositoryID != r.GetRepository().GetID() && r.Repository != nil
	for _, p := range r.PullRequests {
		out.pulls = append(out.pulls, p.GetNumber())
	}
	return out
}

// Commit returns the whole SHA of a commit of which the beginning, or a branch
// or tag, is given.
func (c *Client) Commit(ctx context.Context, ref string) (string, error) {
	sha, _, err := c.api.Repositories.GetCommitSHA1(ctx, c.owner, c.name, ref, "")
	if err != nil {
		return "", c.failed("looking up the commit "+ref, err)
	}
	return sha, nil
}

// PullOf returns the number of the pull request whose head is a commit: the
// open one where there are several, 0 where there is none.
func (c *Client) PullOf(ctx context.Context, sha string) (int, error) {
	var found []pullHead
	_, err := c.call(ctx, "looking for the pull request of "+short(sha), http.MethodGet, c.path("/commits/%s/pulls?per_page=100", sha), nil, &found)
	return withHead(found, sha), err
}

// pullHead is what tells the pull request of a commit from others.
type pullHead struct {
	Number int    `json:"number"`
	State  string `json:"state"`
	Head   struct {
		SHA string `json:"sha"`
	} `json:"head"`
}

// withHead returns the pull request that has the head, an open one before a
// closed one, 0 for none.
func withHead(found []pullHead, sha string) int {
	number, open := 0, false
	for _, p := range found {
		if p.Head.SHA == sha && (number == 0 || p.State == "open" && !open) {
			number, open = p.Number, p.State == "open"
		}
	}
	return number
}

// The name of an account, see
// https://docs.github.com/en/enterprise-cloud@latest/admin/managing-iam/iam-configuration-reference/username-considerations-for-external-authentication
var accountName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// PullFrom returns the number of the pull request whose head came from a branch
// of an account's repository, 0 for none. It finds a fork's, which PullOf does
// not: GitHub lists no pull requests of a commit that is in a fork alone. Where
// none has the head any more, since it was pushed over, it is the one open pull
// request of the branch.
func (c *Client) PullFrom(ctx context.Context, account, branch, sha string) (int, error) {
	if !accountName.MatchString(account) || branch == "" {
		return 0, nil
	}
	query := url.Values{"state": {"all"}, "sort": {"updated"}, "direction": {"desc"}, "per_page": {"100"}, "head": {account + ":" + branch}}
	var found []pullHead
	_, err := c.call(ctx, "looking for the pull request of "+short(sha), http.MethodGet, c.path("/pulls?")+query.Encode(), nil, &found)
	if n := withHead(found, sha); n > 0 || err != nil {
		return n, err
	}
	open := slices.DeleteFunc(found, func(p pullHead) bool { return p.State != "open" })
	if len(open) != 1 {
		return 0, nil
	}
	return open[0].Number, nil
}

func short(sha string) string { return sha[:min(len(sha), 12)] }
