package cli

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/andon-ci/andon/internal/history"
	"github.com/andon-ci/andon/internal/otlp"
	"github.com/andon-ci/andon/internal/override"
	"github.com/andon-ci/andon/internal/session"
)

// kept is a history that is read for an export.
type kept struct {
	view  history.View
	days  []history.Day
	scrub func(string) string // cuts out of texts what must not leave
}

// kept opens the history that --history names.
func (f *exportFlags) kept(ctx context.Context, env Env) (*kept, error) {
	from := historyFlags{history: f.from, repository: f.repository}
	from.wait = time.Minute
	store, err := from.open(ctx, env)
	if err != nil {
		return nil, err
	}
	view, err := store.View(ctx)
	if err != nil {
		return nil, failure(err, "reading the history", "--history names a folder or a branch that `andon sync` has filled")
	}
	days, _, err := history.Days(ctx, view)
	if err != nil {
		return nil, failure(err, "reading the history", "")
	}
	scan, err := newScanner(env, nil, f.secrets)
	if err != nil {
		return nil, err
	}
	g, err := newGatherer(scan, nil)
	if err == nil && f.pii == "true" {
		err = g.hidePersonal(nil)
	}
	return &kept{view: view, days: days, scrub: scrubber(g)}, err
}

// ran is a run of a history, and the workflow run that it was in.
type ran struct {
	session  *session.Session
	pipeline otlp.Pipeline
	fork     bool // it ran what a fork brought
}

func readRollup(line []byte) (ran, bool) {
	r := rollup{Run: &session.Run{}}
	if json.Unmarshal(line, &r) != nil || r.Run == nil || r.ID == "" {
		return ran{}, false
	}
	out := ran{pipeline: otlp.Pipeline{Repository: r.Repository}, session: &session.Session{
		ID: r.SessionID, Repository: r.Repository, Subject: r.Subject, HeadSHA: r.HeadSHA, Runs: []*session.Run{r.Run},
	}}
	if w := r.WorkflowRun; w != nil {
		p := &out.pipeline
		p.RunID, p.Attempt, p.Workflow, p.Job, p.CheckRun, p.Matrix = w.ID, w.Attempt, w.Workflow, w.Job, w.CheckRun, w.Matrix
		out.fork = w.Fork
	}
	return out, true
}

// acts exports what people did about runs, as a history holds it. The runs
// themselves were exported by their jobs: the history has their figures, and no
// steps, but it says where they are.
func (e *export) acts(ctx context.Context, k *kept) (*units, error) {
	o, err := e.options(group{elsewhere: true})
	if err != nil {
		return nil, err
	}
	err = k.each(ctx, []history.Kind{history.Runs}, func(line []byte) {
		if r, ok := readRollup(line); ok {
			e.places.Add(otlp.NewMapper(r.pipeline, o).Place(r.session, r.session.Runs[0]))
		}
	})
	if err != nil {
		return nil, err
	}
	var records []override.Record
	err = k.each(ctx, []history.Kind{history.Overrides, history.Agreements}, func(line []byte) {
		var rec override.Record
		if json.Unmarshal(line, &rec) == nil && rec.ID != "" && len(records) < maxRecords && !rec.Time.Before(e.since) {
			records = append(records, rec)
		}
	})
	if err != nil {
		return nil, err
	}
	u := &units{scrub: k.scrub}
	e.judge(u, otlp.NewMapper(otlp.Pipeline{}, o), records)
	return u, nil
}

// each reads the lines of some kinds, day by day. One that is no record is left
// out, as it is everywhere else.
func (k *kept) each(ctx context.Context, kinds []history.Kind, do func([]byte)) error {
	for _, day := range k.days {
		for _, kind := range kinds {
			for line, err := range history.Lines(ctx, k.view, kind, day) {
				switch {
				case errors.Is(err, history.ErrLine):
				case err != nil:
					return failure(err, "reading the history", "")
				default:
					do(line)
				}
			}
		}
	}
	return nil
}
