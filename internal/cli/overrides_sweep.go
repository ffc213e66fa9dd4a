package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/override"
)

// sweep reads the histories of all pull requests that something happened to
// since a moment. What could be read is returned beside the error.
func (f *overridesFlags) sweep(ctx context.Context, env Env, a override.Accounts) (override.Result, error) {
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
	r, errs := override.Sweep(ctx, client, span, override.Options{Accounts: a, Repository: key.Repository})
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
