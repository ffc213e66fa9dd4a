package cli

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/andon-ci/andon/internal/github"
	"github.com/andon-ci/andon/internal/otlp"
	"github.com/andon-ci/andon/internal/session"
)

// forges asks the forge how workflow runs went, each repository's and each run's
// once.
type forges struct {
	flags   forgeFlags
	env     Env
	clients map[string]*github.Client
	asked   map[string]*otlp.Workflow
}

func newForges(env Env) *forges {
	return &forges{
		flags: forgeFlags{wait: time.Minute, cache: "none"}, env: env,
		clients: map[string]*github.Client{}, asked: map[string]*otlp.Workflow{},
	}
}

// workflow returns how the workflow run of a pipeline went, and whether it was
// asked for before.
func (f *forges) workflow(ctx context.Context, p *otlp.Pipeline) (w *otlp.Workflow, known bool, err error) {
	key := p.Repository + " " + p.RunID + " " + p.Attempt
	if w, known := f.asked[key]; known {
		return w, true, nil
	}
	c := f.clients[p.Repository]
	if c == nil {
		if c, err = f.flags.client(f.env, p.Repository); err != nil {
			return nil, false, err
		}
		f.clients[p.Repository] = c
	}
	w, err = askWorkflow(ctx, c, p)
	f.asked[key] = w
	return w, false, err
}

func askWorkflow(ctx context.Context, c *github.Client, p *otlp.Pipeline) (*otlp.Workflow, error) {
	id, err := strconv.ParseInt(p.RunID, 10, 64)
	attempt, attemptErr := strconv.Atoi(cmp.Or(p.Attempt, "1"))
	if err != nil || attemptErr != nil {
		return nil, usage("the workflow run has no number", "it is GITHUB_RUN_ID and GITHUB_RUN_ATTEMPT, or what a bundle's manifest says")
	}
	run, err := c.Attempt(ctx, id, attempt)
	if err != nil {
		return nil, forgeFailure(err)
	}
	jobs, err := c.Jobs(ctx, id, attempt)
	if err != nil {
		return nil, forgeFailure(err)
	}
	w := &otlp.Workflow{Done: run.Completed(), Conclusion: run.Conclusion, Start: run.StartedAt, End: run.UpdatedAt}
	for _, j := range jobs {
		if j.Status == "completed" {
			w.Jobs = append(w.Jobs, workflowJob(&j))
		}
	}
	return w, nil
}

func workflowJob(j *github.Job) otlp.Job {
	out := otlp.Job{
		ID: strconv.FormatInt(j.ID, 10), Name: j.Name, Conclusion: j.Conclusion, URL: j.URL, Worker: j.Runner, Start: j.StartedAt, End: j.EndedAt,
	}
	if j.RunnerID > 0 {
		out.WorkerID = strconv.FormatInt(j.RunnerID, 10)
	}
	for _, s := range j.Steps {
		out.Steps = append(out.Steps, otlp.Phase{Name: s.Name, Conclusion: s.Conclusion, Start: s.StartedAt, End: s.EndedAt})
	}
	return out
}

// addWorkflow adds the spans of the workflow run itself, where they were asked
// for. A forge that does not answer keeps nothing else from being sent.
func (e *export) addWorkflow(ctx context.Context, u *units, m *otlp.Mapper, p *otlp.Pipeline, r *session.Report) {
	if e.forges == nil || p.RunID == "" || len(r.Sessions) == 0 {
		return
	}
	w, known, err := e.forges.workflow(ctx, p)
	switch {
	case err != nil:
		e.troubles = append(e.troubles, fmt.Sprintf("export of the workflow run %s failed: %v", p.RunID, err))
	case w != nil && !known:
		u.list = append(u.list, m.Workflow(w, r)...)
	}
}
