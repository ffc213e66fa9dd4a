package cli

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/github"
	"github.com/andon-ci/andon/internal/session"
)

// word is what the forge says of the workflow run that uploaded a bundle.
// Whoever runs a job decides what its bundle says, so that what the forge knows
// takes the place of it.
type word struct {
	repository string
	run        github.Run
}

// The times that a run can be of, beside those of its workflow run: an attempt
// may come a month after the first, and clocks differ.
const (
	longest = 35 * 24 * time.Hour // that a workflow run may take
	clocks  = time.Hour
)

// say puts the forge's word into a line of a bundle.
func (w word) say(raw []byte) ([]byte, error) {
	var l rollup
	if err := json.Unmarshal(raw, &l); err != nil || l.Run == nil {
		return nil, fmt.Errorf("it is no line of a bundle")
	}
	l.Repository = w.repository
	if pulls := w.run.Pulls(); len(pulls) > 0 && (l.Subject.Kind != "pull_request" || !slices.Contains(pulls, l.Subject.Number)) {
		l.Subject = session.Subject{Kind: "pull_request", Number: pulls[0]}
	}
	if heads := []string{"pull_request", "push"}; slices.Contains(heads, w.run.Event) && w.run.HeadSHA != "" {
		l.HeadSHA = w.run.HeadSHA
	}
	k := session.Key{Repository: l.Repository, Subject: l.Subject, HeadSHA: l.HeadSHA}
	if !k.Empty() {
		l.SessionID = k.ID("")
	}
	l.WorkflowRun = w.pipeline(l.WorkflowRun)
	if !w.possible(l.Start) || !w.possible(l.End) {
		l.Start, l.End = time.Time{}, time.Time{}
	}
	return json.Marshal(l)
}

// pipeline returns the workflow run with what the bundle alone knows: the job,
// and which of the attempts that there were it was.
func (w word) pipeline(claimed *pipeline) *pipeline {
	p := &pipeline{ID: fmt.Sprint(w.run.ID), Attempt: fmt.Sprint(w.run.Attempt), Workflow: w.run.Name, Event: w.run.Event, Fork: w.run.Fork, CreatedAt: w.run.CreatedAt}
	if claimed == nil {
		return p
	}
	p.Job = strings.ToValidUTF8(claimed.Job[:min(len(claimed.Job), 200)], "")
	if n, err := strconv.Atoi(claimed.Attempt); err == nil && n >= 1 && n <= w.run.Attempt {
		p.Attempt = claimed.Attempt
	}
	return p
}

// possible reports whether a run of the workflow run can be of a time; no time is
// possible.
func (w word) possible(t time.Time) bool {
	if t.IsZero() || w.run.CreatedAt.IsZero() {
		return true
	}
	return !t.Before(w.run.CreatedAt.Add(-longest)) && !t.After(w.run.UpdatedAt.Add(clocks))
}
