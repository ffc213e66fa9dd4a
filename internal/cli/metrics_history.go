package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/andon-ci/andon/internal/history"
	"github.com/andon-ci/andon/internal/otlp"
	"github.com/andon-ci/andon/internal/override"
)

// mostDays is how many days of a history are printed one by one: a run whose
// clock said 1970 does not make it twenty thousand.
const mostDays = 1000

// counting is a history being added up: totals from its first day on, the same
// whoever asks and however often.
type counting struct {
	*kept
	adder
	bad int // lines that are no records
}

func (f *metricsFlags) counting(ctx context.Context, env Env, meter *otlp.Meter) (*counting, error) {
	k, err := f.kept(ctx, env)
	if err != nil {
		return nil, err
	}
	dropped, err := history.ReadCarried(ctx, k.view)
	if err == nil && dropped.Totals != nil {
		err = meter.Merge(dropped.Totals)
	}
	if err != nil {
		return nil, failure(err, "reading the history", "mend "+history.TotalsFile+" in it; without one, days that were pruned are not counted")
	}
	k.days = slices.DeleteFunc(k.days, func(d history.Day) bool { return d <= dropped.Through })
	return &counting{kept: k, adder: newAdder(meter)}, nil
}

// addHistory adds up all that a history holds, and returns what cuts out of names
// what must not leave.
func (f *metricsFlags) addHistory(ctx context.Context, env Env, meter *otlp.Meter) (func(string) string, error) {
	h, err := f.counting(ctx, env, meter)
	if err != nil {
		return nil, err
	}
	for len(h.days) > 0 {
		if err := h.until(ctx, h.days[0]); err != nil {
			return nil, err
		}
	}
	h.tell(env)
	return h.scrub, nil
}

// printPast prints what the totals of a history were at the end of each day, also
// of those in which nothing happened, and what they are now.
func (f *metricsFlags) printPast(ctx context.Context, env Env, meter *otlp.Meter) error {
	h, err := f.counting(ctx, env, meter)
	if err != nil {
		return err
	}
	now := env.now()
	out := otlp.NewOpenMetrics(env.Stdout, f.labels)
	for end := h.first(now); end.Before(now); {
		day := history.DayOf(end)
		if err := h.until(ctx, day); err != nil {
			return err
		}
		end = day.Time().AddDate(0, 0, 1)
		if end.After(now) {
			end = now
		}
		out.Write(cleanMetrics(meter.Metrics(), h.scrub), end)
	}
	h.tell(env)
	return printed(0, out.Close())
}

// first returns when the first day began that is printed.
func (h *counting) first(now time.Time) time.Time {
	least := history.DayOf(now.AddDate(0, 0, -mostDays))
	if len(h.days) == 0 {
		return now
	}
	return max(h.days[0], least).Time()
}

// until adds the days up to one.
func (h *counting) until(ctx context.Context, day history.Day) error {
	for len(h.days) > 0 && h.days[0] <= day {
		if err := h.day(ctx, h.days[0]); err != nil {
			return failure(err, "reading the history", "")
		}
		h.days = h.days[1:]
	}
	return nil
}

func (h *counting) tell(env Env) {
	if h.bad > 0 {
		fmt.Fprintf(env.Stderr, "andon: %d lines of the history are no records, and are not counted\n", h.bad)
	}
	if n := len(h.forks); n > 0 {
		fmt.Fprintf(env.Stderr, "andon: %d runs of forks are not counted\n", n)
	}
}

// day adds what is known of one day.
func (h *counting) day(ctx context.Context, day history.Day) error {
	for _, kind := range history.Kinds() {
		for line, err := range history.Lines(ctx, h.view, kind, day) {
			if err != nil && !errors.Is(err, history.ErrLine) {
				return err
			}
			if err != nil || !h.line(kind, line) {
				h.bad++
			}
		}
	}
	return nil
}

// droppedTotals adds up the days that a history drops.
type droppedTotals struct {
	*otlp.Meter
	adder
}

func newDroppedTotals() history.Totals {
	m := otlp.NewMeter(otlp.Both)
	return droppedTotals{m, newAdder(m)}
}

// Add adds a line. One that is no record is not counted, as everywhere else.
func (t droppedTotals) Add(kind history.Kind, line []byte) { t.line(kind, line) }

// adder adds the records of a history to a meter, but for what comes from forks,
// as in a report: strangers may have written what is said there.
type adder struct {
	to    *otlp.Meter
	forks map[string]bool // the ids of their runs
}

func newAdder(to *otlp.Meter) adder { return adder{to, map[string]bool{}} }

// line adds a record, and reports whether it is one.
func (t adder) line(kind history.Kind, line []byte) bool {
	switch kind {
	case history.Runs:
		return t.run(line)
	case history.Coverage:
		var g history.Gap
		if json.Unmarshal(line, &g) != nil || g.State == "" {
			return false
		}
		t.to.AddMissing(g.Repository, g.Workflow.Workflow, string(g.State), max(g.Traces, 1))
	default:
		var rec override.Record
		if json.Unmarshal(line, &rec) != nil || rec.ID == "" {
			return false
		}
		if !t.forks[rec.RunID] {
			t.to.AddOverride(&rec)
		}
	}
	return true
}

func (t adder) run(line []byte) bool {
	r, ok := readRollup(line)
	switch {
	case ok && r.fork:
		t.forks[r.session.Runs[0].ID] = true
	case ok:
		t.to.Add(r.session, &r.pipeline)
	}
	return ok
}
