package github

import (
	"context"
	"fmt"
	"time"

	api "github.com/google/go-github/v66/github"
)

// Job is one job of an attempt of a workflow run. Its id is that of its check
// run.
type Job struct {
	ID         int64
	Name       string
	Status     string // completed, in_progress, queued, ...
	Conclusion string // success, failure, ...; empty while it is not completed
	URL        string
	Runner     string
	RunnerID   int64
	StartedAt  time.Time
	EndedAt    time.Time
	Steps      []JobStep
}

// JobStep is one step of a job.
type JobStep struct {
	Name       string
	Conclusion string
	StartedAt  time.Time
	EndedAt    time.Time
}

// maxJobPages bounds how many pages of 100 jobs are read. A matrix has at most
// 256 jobs.
const maxJobPages = 10

// Attempt returns one attempt of a workflow run.
func (c *Client) Attempt(ctx context.Context, id int64, attempt int) (Run, error) {
	r, _, err := c.api.Actions.GetWorkflowRunAttempt(ctx, c.owner, c.name, id, attempt, nil)
	if err != nil {
		return Run{}, c.failed(fmt.Sprintf("reading the workflow run %d", id), err)
	}
	return run(r), nil
}

// Jobs returns the jobs of an attempt of a workflow run, with their steps.
func (c *Client) Jobs(ctx context.Context, id int64, attempt int) ([]Job, error) {
	var out []Job
	o := &api.ListOptions{PerPage: 100}
	for range maxJobPages {
		page, res, err := c.api.Actions.ListWorkflowJobsAttempt(ctx, c.owner, c.name, id, int64(attempt), o)
		if err != nil {
			return out, c.failed(fmt.Sprintf("listing the jobs of the workflow run %d", id), err)
		}
		for _, j := range page.Jobs {
			out = append(out, job(j))
		}
		if res.NextPage == 0 {
			break
		}
		o.Page = res.NextPage
	}
	return out, nil
}

func job(j *api.WorkflowJob) Job {
	out := Job{
		ID: j.GetID(), Name: j.GetName(), Status: j.GetStatus(), Conclusion: j.GetConclusion(), URL: j.GetHTMLURL(),
		Runner: j.GetRunnerName(), RunnerID: j.GetRunnerID(), StartedAt: j.GetStartedAt().UTC(), EndedAt: j.GetCompletedAt().UTC(),
	}
	for _, s := range j.Steps {
		out.Steps = append(out.Steps, JobStep{
			Name: s.GetName(), Conclusion: s.GetConclusion(), StartedAt: s.GetStartedAt().UTC(), EndedAt: s.GetCompletedAt().UTC(),
		})
	}
	return out
}
