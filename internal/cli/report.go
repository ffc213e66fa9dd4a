package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"regexp"
	"time"

	"github.com/andon-ci/andon/internal/action"
	"github.com/andon-ci/andon/internal/history"
	"github.com/andon-ci/andon/internal/report"
	"github.com/andon-ci/andon/internal/secret"
	"github.com/andon-ci/andon/internal/trend"
)

// reportFlags are what report was asked for.
type reportFlags struct {
	historyFlags
	since  string
	asOf   string
	format string
	owner  string
	period string
	config string
	forks  bool
	post   bool
	calm   bool
	quiet  bool
}

func reportCommand() command {
	return command{
		name: "report", args: "--history DIR|BRANCH [flags]",
		summary: "say whether the agents get better or worse, why, and where to look",
		help: `examples:
  andon report --history ./history
  andon report --history ./history --since 30d --as-of 2026-11-20 --format json
  andon report --history andon/history --post --quiet-when-calm
  andon report --history ./history --owner @octo-org/web

The same history gives the same report. --post keeps one issue for each period in
the repository: it opens or changes the one of the period of --as-of, closes its
own of the periods before, and touches no others. It asks GitHub as GITHUB_TOKEN
or GH_TOKEN, or as the App of ANDON_APP_ID and ANDON_APP_KEY, which need the
permission "issues: write". Nobody is mentioned but whom "report: mention:" in ` + configPath + `
names.

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
	fs.StringVar(&f.since, "since", "90d", "report on this `TIME`: days up to that of --as-of (90d), or from a date on (2026-08-23)")
	fs.StringVar(&f.asOf, "as-of", "", "the last `DATE` of the report (default: today, in UTC)")
	fs.StringVar(&f.format, "format", "text", "`FORMAT` of the output: text, markdown or json")
	fs.StringVar(&f.owner, "owner", "", "report on what an `OWNER` in CODEOWNERS owns, as in @octo-org/web")
	fs.StringVar(&f.period, "period", "week", "with --post, keep one issue a `PERIOD`: day, week or month")
	fs.StringVar(&f.config, "config", "", "configuration `FILE` (default "+configPath+")")
	fs.BoolVar(&f.forks, "forks", false, "count the runs of forks' pull requests, whose bundles strangers may have written")
	fs.BoolVar(&f.post, "post", false, "open or change the issue of the period")
	fs.BoolVar(&f.calm, "quiet-when-calm", false, "with --post, open no issue where nothing is a warning or worse")
	fs.BoolVar(&f.quiet, "quiet", false, "no progress on stderr")
}

func (f *reportFlags) run(ctx context.Context, env Env, args []string) error {
	if err := f.check(args); err != nil {
		return err
	}
	w, err := f.window(env.Now())
	if err != nil {
		return err
	}
	var s settings
	co := keyFlags{}.checkout(env)
	notes, err := s.complete(ctx, env, f.config, co)
	if err != nil {
		return err
	}
	for _, n := range notes {
		fmt.Fprintf(env.Stderr, "andon: %s: %s\n", plain(string(n.Severity)), plain(n.Message))
	}
	scan, err := newScanner(env, nil, append(s.secrets, "GITHUB_TOKEN", "GH_TOKEN", "ANDON_APP_KEY"))
	if err != nil {
		return err
	}
	store, err := f.open(ctx, env)
	if err != nil {
		return err
	}
	p := &reporting{env: env, flags: f, settings: &s, scan: scan, window: w}
	return p.run(ctx, store, co)
}

func (f *reportFlags) check(args []string) error {
	f.format = cmp.Or(f.format, "text")
	switch {
	case len(args) > 0:
		return usage("report takes no PATH", "andon report --history DIR")
	case f.repository != "" && !validRepo.MatchString(f.repository):
		return usage(fmt.Sprintf("--repository %q is not a repository", f.repository), "--repository takes owner/name")
	case f.owner != "" && !validOwner.MatchString(f.owner):
		return usage(fmt.Sprintf("--owner %q is no owner", f.owner), "--owner takes @account, @organisation/team or an address, as CODEOWNERS has it")
	}
	return errors.Join(
		oneOf("--format", f.format, "text", "markdown", "json"),
		oneOf("--period", f.period, "day", "week", "month"))
}

var validOwner = regexp.MustCompile(`^(@[A-Za-z0-9][A-Za-z0-9-]*(/[A-Za-z0-9._-]+)?|[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+)$`)

// window returns the days that are reported on.
func (f *reportFlags) window(now time.Time) (reportWindow, error) {
	to := now.UTC().Truncate(24 * time.Hour)
	if f.asOf != "" {
		t, err := time.Parse(time.DateOnly, f.asOf)
		if err != nil {
			return reportWindow{}, usage(fmt.Sprintf("--as-of %q is no date", f.asOf), "--as-of takes a date, as in 2026-11-20")
		}
		to = t
	}
	from, err := moment(f.since, to.AddDate(0, 0, 1)) // of 1d, the day itself
	if err != nil {
		return reportWindow{}, err
	}
	from = from.UTC().Truncate(24 * time.Hour)
	if from.After(to) {
		return reportWindow{}, usage("--since is after --as-of", "--since 90d is the 90 days up to the date of --as-of")
	}
	return reportWindow{from: history.DayOf(from), to: history.DayOf(to), forks: f.forks}, nil
}

// reporting is a report on its way from the history to the reader.
type reporting struct {
	env      Env
	flags    *reportFlags
	settings *settings
	scan     *secret.Scanner
	window   reportWindow
	report   *trend.Report
}

func (p *reporting) run(ctx context.Context, store history.Store, co checkout) error {
	by := p.ownership(ctx, co)
	var err error
	if p.report, err = judge(ctx, store, p.window, by, p.scan); err != nil {
		return failure(err, "reading the history "+p.flags.history, "--history takes a folder with runs/YYYY/MM/DD.jsonl, or the branch that `andon sync` writes")
	}
	p.report.Coverage.Unreachable = by.unread(p.report.Coverage.Unreachable)
	if err := p.print(); err != nil {
		return err
	}
	if !p.flags.post {
		return nil
	}
	return forgeFailure(p.post(ctx))
}

func (p *reporting) print() error {
	var b bytes.Buffer
	var err error
	switch p.flags.format {
	case "json":
		err = report.TrendJSON(&b, p.report)
	case "markdown":
		err = report.TrendMarkdown(&b, p.report, p.options())
	default:
		err = report.TrendTerminal(&b, p.report, terminalOptions(p.env))
	}
	if err != nil {
		return err
	}
	out, _ := p.scan.Redact(b.Bytes())
	if !inActions(p.env) {
		return printed(p.env.Stdout.Write(out))
	}
	if err := p.summary(); err != nil {
		fmt.Fprintf(p.env.Stderr, "andon: %s\n", plain(err.Error()))
	}
	if p.flags.format == "json" {
		return printed(p.env.Stdout.Write(out))
	}
	return printed(0, action.New(p.env.Stdout, p.env.Getenv).Print(out))
}

// summary writes the job summary.
func (p *reporting) summary() error {
	if p.env.Getenv("ANDON_SUMMARY") == "false" || p.env.Getenv("GITHUB_STEP_SUMMARY") == "" {
		return nil
	}
	body, err := p.body()
	if err != nil {
		return err
	}
	return action.New(p.env.Stdout, p.env.Getenv).Summary([]byte(body))
}

func (p *reporting) options() report.TrendOptions {
	return report.TrendOptions{ServerURL: p.env.Getenv("GITHUB_SERVER_URL"), Owner: p.flags.owner}
}
