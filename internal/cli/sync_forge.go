package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/artifact"
	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/github"
	"github.com/andon-ci/andon/internal/history"
)

// The limits of what is believed to be in order of time.
const (
	uploading = time.Hour          // between two bundles of which the later one was there first
	lingering = 3 * 24 * time.Hour // that a workflow run may take and still be looked for
	spare     = 15                 // requests that are left for writing
	maxSynced = 4 << 30            // bytes of all bundles of one sync, unpacked
)

// reading is one repository of the forge on its way into the history.
type reading struct {
	*syncing
	forge *github.Client
	name  string
	at    history.Position // where reading begins
	told  *repositoryTold
	runs  map[int64]github.Run
	stop  error // why reading ended early

	recent recent

	learned map[string]time.Time // workflows of which a bundle was read now, and when the first such run was made
}

// forge reads what is new in repositories. The error is for what kept it from
// reading any of them.
func (y *syncing) forge(ctx context.Context, repositories []string) error {
	v, err := y.store.View(ctx)
	if err != nil {
		return failure(err, "reading "+y.flags.history, "check the name, and that it may be read")
	}
	cursor, err := history.ReadCursor(ctx, v)
	if err != nil {
		return failure(err, "reading "+y.flags.history, "mend "+history.CursorFile+" in it; without one, all is read anew and nothing is added twice")
	}
	var failed error
	reached := 0
	for _, name := range inTurn(repositories, cursor) {
		err := y.repository(ctx, name, *cursor.At(name))
		var e *exitError
		if errors.As(err, &e) && e.code == exitUsage || ctx.Err() != nil || y.failed != nil {
			return err
		}
		if err != nil {
			failed = err
			continue
		}
		reached++
	}
	if failed != nil && reached > 0 {
		fmt.Fprintf(y.env.Stderr, "andon: %s\n", plain(failed.Error()))
		return nil
	}
	return failed
}

// inTurn puts the repositories that were read the least far first, so that none
// waits for ever where the budget is not enough for all.
func inTurn(names []string, c *history.Cursor) []string {
	return slices.SortedStableFunc(slices.Values(names), func(a, b string) int {
		return c.At(a).Artifacts.Until.Compare(c.At(b).Artifacts.Until)
	})
}

// repository reads one repository. The error is for one of which nothing can be
// read.
func (y *syncing) repository(ctx context.Context, name string, at history.Position) error {
	client, err := y.flags.client(y.env, name)
	if err != nil {
		return err
	}
	y.clients = append(y.clients, client)
	r := &reading{syncing: y, forge: client, name: name, at: at.Until(y.env.Now()), told: &repositoryTold{Repository: name, Unread: []unread{}}, runs: map[int64]github.Run{}, learned: map[string]time.Time{}, recent: recent{pulls: map[int]bool{}, ends: map[string]map[string]tookOf{}}}
	y.told.Repositories = append(y.told.Repositories, r.told)
	err = r.read(ctx)
	tellBudget(y.env, client, y.flags.quiet)
	if r.stop != nil && errors.Is(r.stop, github.ErrLimit) {
		fmt.Fprintf(y.env.Stderr, "andon: %s: %s; the next sync goes on from there\n", plain(name), plain(reasonOf(r.stop, "")))
	}
	if flushed := y.flush(ctx); err == nil {
		err = flushed
	}
	return forgeFailure(err)
}

// read reads bundles first, since they expire, and then what people did.
func (r *reading) read(ctx context.Context) error {
	now := r.env.Now().UTC()
	first, err := moment(r.flags.since, now)
	if err != nil {
		return err
	}
	if err := r.spent(); err != nil { // by the repositories before
		return r.unreachable(err, now)
	}
	from := cmp.Or(r.at.WorkflowRuns, first)
	runs, more, err := r.forge.RunsBetween(ctx, from, now)
	if err != nil {
		return r.unreachable(err, now)
	}
	r.reachable()
	if more {
		r.unread("workflow runs", "there are more than the forge lists")
	}
	for _, run := range runs {
		r.runs[run.ID] = run
	}
	r.told.WorkflowRuns = len(runs)
	since := first
	if until := r.at.Artifacts.Until; !until.IsZero() {
		since = until.Add(-uploading)
	}
	if from.Before(since) { // whether a run has left a bundle is asked of all that were listed
		since = from
	}
	artifacts, more, err := r.forge.ArtifactsSince(ctx, since)
	if more {
		r.unread("artifacts", reasonOf(err, "there are more than are read"))
	}
	if r.stop = err; err == nil {
		r.bundles(ctx, artifacts)
	}
	if r.stop == nil && !more {
		r.missing(runs, artifacts, now)
	}
	if err := r.changes(ctx, first, now); err != nil || r.stop != nil || more {
		return err
	}
	r.queue(ctx, runs, now)
	return nil
}

// unreachable notes that nothing could be read. A limit is not of the
// repository's.
func (r *reading) unreachable(err error, now time.Time) error {
	r.unread("all of it", reasonOf(err, ""))
	if errors.Is(err, github.ErrLimit) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		r.stop = err
		return nil
	}
	reason := reasonOf(err, "")
	r.told.Unreachable = reason
	name := r.name
	r.moves = append(r.moves, func(c *history.Cursor) {
		if p := c.At(name); p.Unreachable == nil {
			p.Unreachable = &history.Unreachable{Since: now, Reason: reason}
		}
	})
	return err
}

func (r *reading) reachable() {
	if r.at.Unreachable != nil {
		r.move(func(p *history.Position) { p.Unreachable = nil })
	}
}

// move moves the cursor with what is written next.
func (r *reading) move(how func(*history.Position)) {
	name := r.name
	r.moves = append(r.moves, func(c *history.Cursor) { how(c.At(name)) })
}

func (r *reading) unread(what, reason string) {
	r.told.Unread = append(r.told.Unread, unread{what, reason})
}

// bundles reads the bundles that are new, the oldest first.
func (r *reading) bundles(ctx context.Context, all []github.Artifact) {
	var fresh []github.Artifact
	for _, a := range all {
		if strings.HasPrefix(a.Name, artifactPrefix) && !r.at.Artifacts.Has(a.ID, a.CreatedAt, uploading) {
			fresh = append(fresh, a)
		}
	}
	slices.SortFunc(fresh, func(a, b github.Artifact) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	r.told.Artifacts = len(fresh)
	for i, a := range fresh {
		if err := r.step(ctx, func() error { return r.artifact(ctx, a) }); err != nil {
			r.unread(fmt.Sprintf("%d bundles, from %s on", len(fresh)-i, a.CreatedAt.Format(time.DateOnly)), reasonOf(err, ""))
			r.stop = err
			return
		}
	}
}

// step does one step within the budget, and writes what has come together.
func (r *reading) step(ctx context.Context, do func() error) error {
	if err := r.spent(); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	if r.full() {
		return r.flush(ctx)
	}
	return nil
}

// spent returns an error where the budget is.
func (r *reading) spent() error {
	asked := 0
	for _, c := range r.clients {
		b := c.Budget()
		asked += b.REST + b.GraphQL
	}
	b := r.forge.Budget()
	limit := func(reason, hint string) error {
		return &github.Error{Doing: "reading " + r.name, Reason: reason, Hint: hint, Err: github.ErrLimit}
	}
	switch {
	case r.flags.most > 0 && asked >= r.flags.most:
		return limit(fmt.Sprintf("the %d requests of --max-requests were made", r.flags.most), "run it again")
	case r.unpacked > maxSynced:
		return limit(fmt.Sprintf("the bundles have over %d GiB", maxSynced>>30), "run it again")
	case b.Limit > 0 && b.Remaining < spare && b.Reset.After(r.env.Now()):
		return limit(fmt.Sprintf("the forge takes %d requests more until %s", b.Remaining, b.Reset.Format("15:04:05 UTC")), "run it again after that")
	}
	return nil
}

// artifact reads one bundle. An error ends the reading; what is wrong with the
// bundle alone is noted.
func (r *reading) artifact(ctx context.Context, a github.Artifact) error {
	run, err := r.run(ctx, a.Run.ID)
	if err != nil {
		return err
	}
	pass := func(p *history.Position) { p.Artifacts.Pass(a.ID, a.CreatedAt, uploading) }
	raw, err := r.forge.Download(ctx, a, maxArtifact)
	switch {
	case errors.Is(err, github.ErrExpired):
		r.told.Expired++
		r.gap(run, history.Gap{State: history.Expired, Artifact: a.Name})
	case errors.Is(err, github.ErrMissing), errors.Is(err, github.ErrTooLarge), errors.Is(err, github.ErrDamaged):
		r.unread(a.Name, reasonOf(err, ""))
		r.gap(run, history.Gap{State: history.Unread, Artifact: a.Name, Reason: reasonOf(err, "")})
	case err != nil:
		return err
	default:
		r.opened(run, a, raw)
	}
	r.move(pass)
	return nil
}

// run returns the workflow run that uploaded a bundle: of a new attempt, it may
// be from before what was listed.
func (r *reading) run(ctx context.Context, id int64) (github.Run, error) {
	if run, ok := r.runs[id]; ok {
		return run, nil
	}
	run, err := r.forge.Run(ctx, id)
	if errors.Is(err, github.ErrMissing) { // it was deleted, and its artifacts are about to be
		run, err = github.Run{ID: id, Attempt: 1}, nil
	}
	if err == nil {
		r.runs[id] = run
	}
	return run, err
}

// opened adds what is in a bundle, or why it cannot be used.
func (r *reading) opened(run github.Run, a github.Artifact, raw []byte) {
	b, found := r.opener.Open(raw, a.Name)
	r.note(found)
	switch {
	case b == nil && invalidBundle(found):
		r.told.Invalid++
		r.syncing.told.Invalid++
		r.gap(run, history.Gap{State: history.Invalid, Artifact: a.Name, Reason: found[0].Message})
	case b == nil:
		r.told.Suppressed++
		r.syncing.told.Suppressed++
		r.gap(run, history.Gap{State: history.Suppressed, Artifact: a.Name})
	default:
		r.told.Bundles++
		r.syncing.told.Bundles++
		r.unpacked += b.Bytes
		r.use(run, a, b)
	}
}

func (r *reading) use(run github.Run, a github.Artifact, b *artifact.Bundle) {
	w := word{repository: r.forge.Repository(), run: run, alive: lifetimeOf(run, r.env.Now()), uploaded: a.CreatedAt}
	if n := r.bundle(b, w.say); n > 0 {
		r.note([]finding.Finding{misdated(n, a.Name, fmt.Sprintf("its day is that of workflow run %d; look at what wrote the trace", run.ID))})
		r.gap(run, history.Gap{State: history.Misdated, Artifact: a.Name, Traces: n})
	}
	if run.Name != "" {
		r.move(func(p *history.Position) { p.Learn(run.Name, run.CreatedAt) })
		if at, known := r.began(run.Name); !known || run.CreatedAt.Before(at) {
			r.learned[run.Name] = run.CreatedAt
		}
	}
	switch held := b.Report.Coverage.Suppressed; {
	case len(b.Rollups) == 0:
		r.gap(run, history.Gap{State: history.Empty, Artifact: a.Name})
	case held > 0:
		r.gap(run, history.Gap{State: history.Withheld, Artifact: a.Name, Traces: held})
	}
}

// missing notes the workflow runs that should have left a bundle and did not:
// completed ones, of a workflow that has left one before.
func (r *reading) missing(runs []github.Run, artifacts []github.Artifact, now time.Time) {
	has := map[int64]bool{}
	for _, a := range artifacts {
		if strings.HasPrefix(a.Name, artifactPrefix) {
			has[a.Run.ID] = true
		}
	}
	var until time.Time
	open := false
	for _, run := range runs { // the oldest first
		switch since, known := r.began(run.Name); {
		case !run.Completed():
			open = open || now.Sub(run.CreatedAt) < lingering
		case known && !has[run.ID] && !run.CreatedAt.Before(since) && run.Conclusion != "skipped":
			r.told.Missing++
			r.gap(run, history.Gap{State: history.Missing})
		}
		if !open {
			until = run.CreatedAt
		}
	}
	if until.After(r.at.WorkflowRuns) {
		r.move(func(p *history.Position) {
			if until.After(p.WorkflowRuns) {
				p.WorkflowRuns = until
			}
		})
	}
}

// began returns when the workflow left its first bundle.
func (r *reading) began(workflow string) (time.Time, bool) {
	if t, ok := r.learned[workflow]; ok {
		return t, true
	}
	t, ok := r.at.Workflows[workflow]
	return t, ok
}

// gap adds a line to the coverage.
func (r *reading) gap(run github.Run, g history.Gap) {
	g.Schema, g.Time, g.Repository, g.Conclusion = history.GapSchema, run.CreatedAt, r.forge.Repository(), run.Conclusion
	g.Workflow = history.Workflow{ID: fmt.Sprint(run.ID), Attempt: fmt.Sprint(run.Attempt), Workflow: run.Name, Event: run.Event}
	r.record(history.Coverage, g, run.CreatedAt)
}
