package cli

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"time"

	"github.com/andon-ci/andon/internal/history"
	"github.com/andon-ci/andon/internal/trend"
)

// reportFlags are what report was asked for.
type reportFlags struct {
	historyFlags
	since  string
	asOf   string
	format string
}

func reportCommand() command {
	return command{
		name: "report", args: "--history DIR|BRANCH [flags]",
		summary: "say what a history came to, what changed and why",
		help: `examples:
  andon report --history factory --since 90d --format json

` + historyHelp,
		start: func(fs *flag.FlagSet) runner {
			f := &reportFlags{}
			f.define(fs)
			return func(ctx context.Context, env Env, args []string) error { return f.run(ctx, env, args) }
		},
	}
}

func (f *reportFlags) define(fs *flag.FlagSet) {
	f.historyFlags.define(fs)
	fs.StringVar(&f.since, "since", "90d", "where the window begins: a `TIME` such as 90d or a date")
	fs.StringVar(&f.asOf, "as-of", "", "the last `DATE` of the window (default today)")
	fs.StringVar(&f.format, "format", "json", "`FORMAT` of the output: json")
}

func (f *reportFlags) run(ctx context.Context, env Env, args []string) error {
	if len(args) > 0 {
		return usage(fmt.Sprintf("report: %q is not expected", args[0]), "name the history with --history")
	}
	if err := oneOf("--format", f.format, "json"); err != nil {
		return err
	}
	o, err := f.window(env.Now())
	if err != nil {
		return err
	}
	store, err := f.open(ctx, env)
	if err != nil {
		return err
	}
	days, err := reportDays(ctx, store, o)
	if err != nil {
		return failure(err, "reading the history", "check the folder that --history names")
	}
	out := json.NewEncoder(env.Stdout)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	return printed(0, out.Encode(trend.Analyse(days, o)))
}

// window returns the days that the report is about.
func (f *reportFlags) window(now time.Time) (trend.Options, error) {
	to := now.UTC()
	if f.asOf != "" {
		day, err := time.Parse(time.DateOnly, f.asOf)
		if err != nil {
			return trend.Options{}, usage(fmt.Sprintf("--as-of %q is no date", f.asOf), "--as-of takes a date, as in 2026-11-20")
		}
		to = day
	}
	end := to.Truncate(24 * time.Hour).AddDate(0, 0, 1)
	since, err := moment(f.since, end)
	if err != nil {
		return trend.Options{}, err
	}
	return trend.Options{From: since.UTC().Format(time.DateOnly), To: to.Format(time.DateOnly), AsOf: end}, nil
}

// baselineDays is how many days before the window serve to compare with.
const baselineDays = 60

// reportDays reads the days that a report needs, two at a time.
func reportDays(ctx context.Context, store history.Store, o trend.Options) ([]*trend.Day, error) {
	view, err := store.View(ctx)
	if err != nil {
		return nil, err
	}
	all, _, err := history.Days(ctx, view)
	if err != nil {
		return nil, err
	}
	from, _ := time.Parse(time.DateOnly, o.From)
	first := history.DayOf(from.AddDate(0, 0, -baselineDays))
	var days []*trend.Day
	for _, d := range all {
		if d < first || string(d) > o.To {
			continue
		}
		s, _, err := history.Summarise(ctx, view, d, summariser{})
		if err != nil {
			return nil, err
		}
		day, err := trend.ReadDay(s.Summary)
		if err != nil {
			return nil, fmt.Errorf("reading the summary of %s: %w", d, err)
		}
		days = append(days, day)
	}
	return days, nil
}

// summariser makes the summaries of a history's days.
type summariser struct{}

// Version tells summaries of another kind.
func (summariser) Version() string { return trend.Version }

// Day begins a day.
func (summariser) Day(d history.Day) history.Digest { return trend.NewDay(string(d)) }
