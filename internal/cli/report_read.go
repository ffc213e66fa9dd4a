package cli

import (
	"bytes"
	"cmp"
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
type reportWindow struct {
	from, to history.Day
	forks    bool // whether what comes from forks counts as all else
}

// baselineDays is how many days before the window serve to compare with.
const baselineDays = 60

// readers is how many days are read at once.
const readers = 2

// reportMemory is from how much memory on garbage is collected again and again.
// A report holds what all its days come to, which is more than what a command
// does that reads files through.
const reportMemory = 160 << 20

// reportGarbage is how much garbage there may be before it is collected, in percent of
// what is in use, below reportMemory. A report makes little garbage that lasts.
const reportGarbage = 400

// judge returns the report of a window, without the credentials that records may
// hold. Nil owned is for nobody's.
func judge(ctx context.Context, store history.Store, w reportWindow, by *ownership, scan *secret.Scanner) (*trend.Report, error) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(reportMemory))
	defer debug.SetGCPercent(debug.SetGCPercent(reportGarbage))
	view, err := store.View(ctx)
	if err != nil {
		return nil, err
	}
	all, skipped, err := history.Days(ctx, view)
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
	days, more, err := readDays(ctx, view, wanted)
	if err != nil {
		return nil, err
	}
	o := trend.Options{From: string(w.from), To: string(w.to), AsOf: w.to.Time().Add(24 * time.Hour), Forks: w.forks}
	o.Unread = notRead(append(skipped, more...), first, w.to)
	acts, err := history.HasActs(ctx, view)
	if err != nil {
		return nil, err
	}
	cursor, err := history.ReadCursor(ctx, view) // a history that is written by hand needs none
	if err != nil {
		o.Unread = append(o.Unread, trend.Unread{File: history.CursorFile, Reason: "not the JSON of a cursor: which repositories could not be read is not known"})
		cursor = &history.Cursor{}
	}
	o.Unreachable, o.Queues = lastRead(cursor)
	o.Unasked = !acts && !cursor.Watches()
	o.Head = func(date, repository, instructions string) string {
		return headOf(ctx, view, history.Day(date), repository, instructions)
	}
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

// headOf returns the commit that the first run of a day was about that had
// instructions of a hash, empty where it does not say.
func headOf(ctx context.Context, view history.View, day history.Day, repository, instructions string) string {
	for line, err := range history.Lines(ctx, view, history.Runs, day) {
		if err != nil || !bytes.Contains(line, []byte(instructions)) {
			continue
		}
		var run struct {
			Repository string
			HeadSHA    string `json:"head_sha"`
			Agent      struct{ Instructions struct{ SHA256 string } }
		}
		if json.Unmarshal(line, &run) == nil && run.Repository == repository && run.Agent.Instructions.SHA256 == instructions && validSHA.MatchString(run.HeadSHA) {
			return run.HeadSHA
		}
	}
	return ""
}

// lastRead returns the repositories that the last sync could not read, and what
// was open in the others.
func lastRead(c *history.Cursor) (unreachable []string, queues map[string]trend.Queue) {
	queues = map[string]trend.Queue{}
	for name, p := range c.Repositories {
		if p.Unreachable != nil {
			unreachable = append(unreachable, name)
		}
		if p.Queue != nil && validRepo.MatchString(name) {
			queues[name] = *p.Queue
		}
	}
	slices.Sort(unreachable)
	return unreachable, queues
}

// readDays reads what each day comes to, several at once: they do not depend on
// each other. What it could not read of them it returns as well.
func readDays(ctx context.Context, view history.View, wanted []history.Day) (days []*trend.Day, skipped []history.Skipped, err error) {
	all, errs := make([]dayRead, len(wanted)), make([]error, len(wanted))
	next := make(chan int)
	var group sync.WaitGroup
	for range readers {
		group.Go(func() {
			for i := range next {
				all[i], errs[i] = readDay(ctx, view, wanted[i])
			}
		})
	}
	for i := range wanted {
		next <- i
	}
	close(next)
	group.Wait()
	for i, d := range all {
		if errs[i] != nil {
			return nil, nil, errs[i]
		}
		days, skipped = append(days, d.day), append(skipped, d.skipped...)
	}
	return days, skipped, nil
}

// dayRead is a day, and the files of it that were not read.
type dayRead struct {
	day     *trend.Day
	skipped []history.Skipped
}

func readDay(ctx context.Context, view history.View, d history.Day) (dayRead, error) {
	digest, unread, err := history.Read(ctx, view, d, trendSummary{})
	if err != nil {
		return dayRead{}, err
	}
	day := digest.(*trend.Day)
	day.Seal()
	return dayRead{day, unread}, nil
}

// trendSummary makes the summaries of a history's days.
type trendSummary struct{}

func (trendSummary) Version() string { return trend.Version }

func (trendSummary) Day(d history.Day) history.Digest { return trend.NewDay(string(d)) }

func (trendSummary) Read(d history.Day, raw []byte) (history.Digest, error) {
	day, err := trend.ReadDay(raw)
	if err == nil && day.Date() != string(d) {
		err = fmt.Errorf("it is the summary of %s", day.Date())
	}
	return day, err
}

// notRead lists what of a history was not read, each file once, in order of names.
func notRead(all []history.Skipped, from, to history.Day) []trend.Unread {
	var out []trend.Unread
	for _, f := range all {
		if f.Within(from, to) {
			out = append(out, trend.Unread{File: f.File, Reason: f.Reason})
		}
	}
	slices.SortFunc(out, func(a, b trend.Unread) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Reason, b.Reason))
	})
	return slices.CompactFunc(out, func(a, b trend.Unread) bool { return a.File == b.File })
}
