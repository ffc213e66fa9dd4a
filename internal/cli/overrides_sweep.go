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
func (f *overridesFlags) sweep(ctx context.Context, env Env, o override.Options) (override.Result, error) {
	since, err := moment(f.since, env.Now())
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
	r, errs := override.Sweep(ctx, client, since, o)
	tellBudget(env, client, false)
	if len(errs) == 0 {
		return r, nil
	}
	for _, err := range errs[:len(errs)-1] {
		fmt.Fprintf(env.Stderr, "andon: %s\n", plain(err.Error()))
	}
	return r, forgeFailure(errs[len(errs)-1])
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
