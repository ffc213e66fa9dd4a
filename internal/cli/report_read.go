package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/andon-ci/andon/internal/history"
	"github.com/andon-ci/andon/internal/secret"
	"github.com/andon-ci/andon/internal/trend"
)

// reportWindow is the days that are reported on, both among them.
type reportWindow struct{ from, to history.Day }

// baselineDays is how many days before the window serve to compare with.
const baselineDays = 60

// readers is how many days are read at once.
const readers = 2

// reportMemory is from how much memory on garbage is collected again and again.
// A report holds what all its days come to, which is more than what a command
// does that reads files through.
const reportMemory = 160 << 20

// judge returns the report of a window, without the credentials that records may
// hold. Nil owned is for nobody's.
func judge(ctx context.Context, store history.Store, w reportWindow, by *ownership, scan *secret.Scanner) (*trend.Report, error) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(reportMemory))
	view, err := store.View(ctx)
	if err != nil {
		return nil, err
	}
	all, _, err := history.Days(ctx, view)
	if err != nil {
		return nil, err
	}
	first := history.DayOf(w.from.Time().AddDate(0, 0, -baselineDays))
	var wanted []history.Day
	for _, d := range all {
		if d >= first && d <= w.to {
			wanted = append(wanted, d)
		}
	}
	days, err := readDays(ctx, view, wanted)
	if err != nil {
		return nil, err
	}
	o := trend.Options{From: string(w.from), To: string(w.to), AsOf: w.to.Time().Add(24 * time.Hour), Unreachable: unreachable(ctx, view)}
	if by != nil {
		o.Owners = by.owners
		if by.owner != "" {
			o.Keep = by.keeps
		}
	}
	return cleaned(trend.Analyse(days, o), scan)
}

// cleaned returns a report in whose texts credentials are cut out. It does so
// before anything is laid out: an ellipsis or an escape within a credential would
// hide it from the scan of the output.
func cleaned(r *trend.Report, scan *secret.Scanner) (*trend.Report, error) {
	raw, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("scanning the report: %w", err)
	}
	clean, found := scan.Redact(raw)
	if len(found) == 0 {
		return r, nil
	}
	out := new(trend.Report)
	if err := json.Unmarshal(clean, out); err != nil {
		return nil, fmt.Errorf("cutting credentials out of the report: %w", err)
	}
	return out, nil
}

// unreachable returns the repositories that the last sync could not read.
func unreachable(ctx context.Context, view history.View) []string {
	c, err := history.ReadCursor(ctx, view)
	if err != nil {
		return nil // a history that is written by hand needs none
	}
	var out []string
	for name, p := range c.Repositories {
		if p.Unreachable != nil {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// readDays reads what each day comes to, several at once: they do not depend on
// each other.
func readDays(ctx context.Context, view history.View, wanted []history.Day) ([]*trend.Day, error) {
	days, errs := make([]*trend.Day, len(wanted)), make([]error, len(wanted))
	next := make(chan int)
	var all sync.WaitGroup
	for range readers {
		all.Go(func() {
			for i := range next {
				days[i], errs[i] = readDay(ctx, view, wanted[i])
			}
		})
	}
	for i := range wanted {
		next <- i
	}
	close(next)
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return days, nil
}

// readDay returns what a day comes to: from its summary, or else from its files.
// Whoever can write to the history can write a summary there that is none.
func readDay(ctx context.Context, view history.View, d history.Day) (*trend.Day, error) {
	raw, err := history.Kept(ctx, view, d, trend.Version)
	if err != nil {
		return nil, err
	}
	if raw != nil {
		if day, err := trend.ReadDay(raw); err == nil {
			return day, nil
		}
	}
	day := trend.NewDay(string(d))
	err = history.Read(ctx, view, d, day)
	day.Seal()
	return day, err
}

// trendSummary makes the summaries of a history's days.
type trendSummary struct{}

func (trendSummary) Version() string { return trend.Version }

func (trendSummary) Day(d history.Day) history.Digest { return trend.NewDay(string(d)) }
