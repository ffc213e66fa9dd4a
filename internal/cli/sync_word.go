package cli

import (
	"cmp"
	"encoding/json"
	"errors"
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
	alive      lifetime
	uploaded   time.Time
}

// say puts the forge's word into a line of a bundle.
func (w word) say(raw []byte) (keptLine, error) {
	l, err := rollupOf(raw)
	if err != nil {
		return keptLine{}, err
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
	t := keptLine{when: w.uploaded}
	if t.misdated = w.alive.mend(l.Run); t.misdated {
		t.when = cmp.Or(w.run.CreatedAt, w.uploaded)
	}
	t.line, err = json.Marshal(l)
	return t, err
}

// keptLine is a line of a bundle as it is kept.
type keptLine struct {
	line     []byte
	when     time.Time // its day's, where it does not say that itself
	misdated bool      // what it said cannot be
}

func rollupOf(raw []byte) (rollup, error) {
	var l rollup
	if err := json.Unmarshal(raw, &l); err != nil || l.Run == nil {
		return l, errors.New("it is no line of a bundle")
	}
	return l, nil
}

// unasked is word where no forge is asked.
type unasked struct {
	alive lifetime
	when  time.Time // of the bundle's file
}

// say takes out of a line of a bundle the times that cannot be.
func (u unasked) say(raw []byte) (keptLine, error) {
	l, err := rollupOf(raw)
	if err != nil || !u.alive.mend(l.Run) {
		return keptLine{line: raw, when: u.when}, err
	}
	line, err := json.Marshal(l)
	return keptLine{line, u.when, true}, err
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
