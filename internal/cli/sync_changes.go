package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/andon-ci/andon/internal/github"
	"github.com/andon-ci/andon/internal/history"
	"github.com/andon-ci/andon/internal/override"
	"github.com/andon-ci/andon/internal/session"
)

// changes reads the pull requests that something happened to, the one that was
// left alone longest first, and those that are to be looked at once more.
func (r *reading) changes(ctx context.Context, first, now time.Time) error {
	if r.stop != nil {
		r.unread("pull requests", "reading had been stopped")
		return nil
	}
	if r.stop = r.spent(); r.stop != nil {
		r.unread("pull requests", reasonOf(r.stop, ""))
		return nil
	}
	since := cmp.Or(r.at.Changes.Until, first)
	all, more, err := r.forge.ChangedSince(ctx, since)
	if err != nil || more {
		r.unread("pull requests", reasonOf(err, "there are more than are read"))
	}
	if err != nil {
		r.stop = err
		return nil
	}
	due := r.due(all, now)
	r.told.Changes = len(due)
	runs := r.linkable(ctx, now)
	if r.failed != nil {
		return r.failed
	}
	for i, c := range due {
		if err := r.step(ctx, func() error { return r.change(ctx, c, runs, now) }); err != nil {
			r.unread(fmt.Sprintf("%d pull requests", len(due)-i), reasonOf(err, ""))
			r.stop = err
			return nil
		}
	}
	return nil
}

// due returns the pull requests to read: in the order in which they changed,
// then those that are to be read again.
func (r *reading) due(changed []github.Changed, now time.Time) []github.Changed {
	var out []github.Changed
	for _, c := range changed {
		if !r.at.Changes.Has(int64(c.Number), c.Updated, 0) {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b github.Changed) int {
		return cmp.Or(a.Updated.Compare(b.Updated), cmp.Compare(a.Number, b.Number))
	})
	var again []github.Changed
	for key, at := range r.at.Revisit {
		n, err := strconv.Atoi(key)
		listed := slices.ContainsFunc(out, func(c github.Changed) bool { return c.Number == n })
		if err == nil && !listed && !at.After(now) {
			again = append(again, github.Changed{Number: n})
		}
	}
	slices.SortFunc(again, func(a, b github.Changed) int { return cmp.Compare(a.Number, b.Number) })
	return append(out, again...)
}

// change reads one pull request.
func (r *reading) change(ctx context.Context, c github.Changed, runs []override.Run, now time.Time) error {
	h, err := r.forge.History(ctx, c.Number)
	if err != nil && !errors.Is(err, github.ErrMissing) && !errors.Is(err, github.ErrPermission) {
		return err
	}
	key := fmt.Sprint(c.Number)
	if h == nil {
		r.unread("pull request #"+key, reasonOf(err, ""))
		r.move(func(p *history.Position) { delete(p.Revisit, key) })
		return nil
	}
	found := override.Detect(h, override.Options{Accounts: r.accounts, Runs: runs})
	for kind, records := range map[history.Kind][]override.Record{history.Overrides: found.Overrides, history.Agreements: found.Agreements} {
		for _, o := range records {
			r.record(kind, o, dayOf(o, h))
		}
	}
	r.batch.Cancelled = append(r.batch.Cancelled, found.Coverage.Cancelled...)
	revisit := time.Time{}
	if h.Merge != nil && len(found.Coverage.Decisions) > 0 {
		if end := h.Merge.Time.Add(override.DefaultRework); end.After(now) {
			revisit = end
		}
	}
	r.move(func(p *history.Position) {
		p.Revise(key, revisit)
		if !c.Updated.IsZero() {
			p.Changes.Pass(int64(c.Number), c.Updated, 0)
		}
	})
	return nil
}

// dayOf returns when a record is kept that does not say when it was: the same
// moment however often it is read.
func dayOf(o override.Record, h *override.History) time.Time {
	if !o.Decision.Time.IsZero() {
		return o.Decision.Time
	}
	return h.Created
}

// record adds a record as a line.
func (y *syncing) record(k history.Kind, v any, otherwise time.Time) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	out := y.clean(b.Bytes())
	var l history.Line
	if err == nil {
		l, err = history.NewLine(k, out, otherwise)
	}
	if err != nil {
		fmt.Fprintf(y.env.Stderr, "andon: a record of %s cannot be kept: %s\n", k, plain(err.Error()))
		return
	}
	y.add(l, len(out))
}

// linkDays is how long before today runs are read that decisions may be linked
// to, and maxLinked how many of them.
const (
	linkDays  = 30
	maxLinked = 100_000
)

// linkable returns the runs of the repository that the history has of the last
// days, with those that were just read, and notes what to expect by them.
func (r *reading) linkable(ctx context.Context, now time.Time) []override.Run {
	if r.flush(ctx) != nil { // so that the history has them
		return nil
	}
	v, err := r.store.View(ctx)
	if err != nil {
		return nil // the overrides come without their runs
	}
	var out []override.Run
	for d := range linkDays + 1 {
		day := history.DayOf(now.AddDate(0, 0, -d))
		for raw, err := range history.Lines(ctx, v, history.Runs, day) {
			var l rollup
			if err != nil || len(out) >= maxLinked || json.Unmarshal(raw, &l) != nil || l.Run == nil || l.Repository != r.forge.Repository() {
				continue
			}
			r.recent.add(l)
			runs := override.RunsOf([]*session.Session{{Repository: l.Repository, HeadSHA: l.HeadSHA, Runs: []*session.Run{l.Run}}})
			runs[0].Doubtful = l.WorkflowRun != nil && l.WorkflowRun.Fork
			out = append(out, runs...)
		}
	}
	return out
}
