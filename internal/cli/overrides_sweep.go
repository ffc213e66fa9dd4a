package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/github"
	"github.com/andon-ci/andon/internal/override"
	"github.com/andon-ci/andon/internal/secret"
	"github.com/andon-ci/andon/internal/session"
)

// sweep reads the histories of all pull requests that something happened to
// since a moment. What could be read is returned beside the error.
func (f *overridesFlags) sweep(ctx context.Context, env Env, o override.Options, scan *secret.Scanner) (override.Result, error) {
	span, err := f.span(env.Now())
	if err != nil {
		return override.Result{}, err
	}
	key, _, err := f.key.key(env)
	if err != nil {
		return override.Result{}, err
	}
	client, err := f.client(env, key.Repository)
	if err != nil {
		return override.Result{}, err
	}
	o.Repository = key.Repository
	if f.link {
		l := &linker{env: env, forge: client, scan: scan, who: people{o.Accounts}}
		o.Seek = l.runs
		defer l.done()
	}
	r, errs := override.Sweep(ctx, client, span, o)
	tellBudget(env, client, false)
	if len(errs) == 0 {
		return r, nil
	}
	for _, err := range errs[:len(errs)-1] {
		fmt.Fprintf(env.Stderr, "andon: %s\n", plain(err.Error()))
	}
	return r, forgeFailure(errs[len(errs)-1])
}

// span returns what is to be read: since a moment, or what an earlier sweep has
// left.
func (f *overridesFlags) span(now time.Time) (override.Span, error) {
	if f.cursor != "" {
		s, err := override.ParseSpan(f.cursor)
		if err != nil {
			return s, usage(fmt.Sprintf("--cursor %q is no cursor", f.cursor), "--cursor takes what a sweep that was stopped has named, as in 2026-11-13T12:00:00Z/2026-11-20T09:00:00Z")
		}
		return s, nil
	}
	since, err := moment(f.since, now)
	return override.Span{Since: since}, err
}

// linker reads the bundles of pull requests in which something was found.
type linker struct {
	env     Env
	forge   *github.Client
	scan    *secret.Scanner
	who     people
	skipped int
}

// runs returns the agents' runs of a pull request. Half of what the forge allows
// an hour is left to the sweep itself.
func (l *linker) runs(ctx context.Context, h *override.History) []override.Run {
	if b := l.forge.Budget(); b.Limit > 0 && b.Remaining < b.Limit/2 {
		l.skipped++
		return nil
	}
	key := session.Key{Repository: h.Repository, Subject: h.Subject}
	v := &view{env: l.env, flags: &sessionFlags{}, forge: l.forge, key: key, scan: l.scan, who: l.who}
	parts, err := v.gather(ctx)
	if err != nil {
		v.unread("pull request", reasonOf(err, ""))
	}
	v.complete(parts)
	for _, u := range v.chain.Coverage.Unread {
		fmt.Fprintf(l.env.Stderr, "andon: #%d: %s: %s\n", h.Subject.Number, plain(u.What), plain(u.Reason))
	}
	return override.RunsOfChain(v.chain)
}

// done says what was not looked at.
func (l *linker) done() {
	if l.skipped > 0 {
		fmt.Fprintf(l.env.Stderr, "andon: the bundles of %d more pull requests were not read: under half of the requests of this hour are left\n", l.skipped)
	}
}

// moment reads how far back to look: days ("7d"), hours ("36h") or a date.
func moment(s string, now time.Time) (time.Time, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n >= 0 && n <= 3650 {
			return now.AddDate(0, 0, -n), nil
		}
	}
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t, nil
	}
	return time.Time{}, usage(fmt.Sprintf("--since %q is no time", s), "--since takes days (7d), hours (36h) or a date (2026-11-20)")
}
