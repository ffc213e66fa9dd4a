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

// addHistory adds up all that a history holds: totals from its first day on, the
// same whoever asks and however often. It returns what cuts out of names what
// must not leave.
func (f *exportFlags) addHistory(ctx context.Context, env Env, where string, meter *otlp.Meter) (func(string) string, error) {
	h := historyFlags{history: where, repository: f.repository}
	h.wait = time.Minute
	store, err := h.open(ctx, env)
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
	for _, day := range days {
		for _, kind := range []history.Kind{history.Runs, history.Overrides, history.Agreements} {
			if err := addDay(ctx, view, kind, day, meter); err != nil {
				return nil, failure(err, "reading the history", "")
			}
		}
	}
	scan, err := newScanner(env, nil, f.secrets)
	if err != nil {
		return nil, err
	}
	return func(s string) string {
		out, _ := scan.Redact([]byte(s))
		return string(out)
	}, nil
}

// addDay adds the records of a kind of one day. A line that is none is left out,
// as it is everywhere else.
func addDay(ctx context.Context, view history.View, kind history.Kind, day history.Day, meter *otlp.Meter) error {
	for line, err := range history.Lines(ctx, view, kind, day) {
		switch {
		case errors.Is(err, history.ErrLine):
			continue
		case err != nil:
			return err
		}
		if kind == history.Runs {
			addRollup(line, meter)
			continue
		}
		var rec override.Record
		if json.Unmarshal(line, &rec) == nil && rec.ID != "" {
			meter.AddOverride(&rec)
		}
	}
	return nil
}

func addRollup(line []byte, meter *otlp.Meter) {
	r := rollup{Run: &session.Run{}}
	if json.Unmarshal(line, &r) != nil || r.Run == nil || r.ID == "" {
		return
	}
	p := otlp.Pipeline{Repository: r.Repository}
	if w := r.WorkflowRun; w != nil {
		p.RunID, p.Attempt, p.Workflow, p.Job = w.ID, w.Attempt, w.Workflow, w.Job
	}
	meter.Add(&session.Session{
		ID: r.SessionID, Repository: r.Repository, Subject: r.Subject, HeadSHA: r.HeadSHA, Runs: []*session.Run{r.Run},
	}, &p)
}
