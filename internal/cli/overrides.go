package cli

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/andon-ci/andon/internal/otlp"
	"github.com/andon-ci/andon/internal/override"
	"github.com/andon-ci/andon/internal/report"
	"github.com/andon-ci/andon/internal/secret"
)

// overridesFlags are what overrides was asked for.
type overridesFlags struct {
	forgeFlags
	key     keyFlags
	since   string
	cursor  string
	config  string
	format  string
	out     string
	offline bool
	runs    []string // bundles, to link decisions to their runs
	link    bool     // and those that the forge has
	export  exportSettings
}

func overridesCommand() command {
	return command{
		name: "overrides", args: "[flags]",
		summary: "say where people overruled agents, and where they agreed",
		help: `The event's payload alone often cannot tell an override from its look-alikes:
what it cannot show is in the coverage. Ids are stable, so that a later sweep
over the whole history gives each override once.

examples:
  andon overrides --event "$GITHUB_EVENT_PATH" --event-name "$GITHUB_EVENT_NAME"
  andon overrides --format jsonl >> overrides.jsonl      in a workflow
  andon overrides --since 7d --repository owner/name     from the API
  andon overrides --since 7d --runs bundles              with the runs that decided

--since asks GitHub, as GITHUB_TOKEN or GH_TOKEN, or as the App of ANDON_APP_ID
and ANDON_APP_KEY, which need to read pull requests, contents and metadata, and
with --link actions.
`,
		start: func(fs *flag.FlagSet) runner {
			f := &overridesFlags{}
			f.define(fs)
			return func(ctx context.Context, env Env, args []string) error { return f.run(ctx, env, args) }
		},
	}
}

func (f *overridesFlags) define(fs *flag.FlagSet) {
	fs.StringVar(&f.key.event, "event", "", "the `FILE` with the event's payload (default $GITHUB_EVENT_PATH)")
	fs.StringVar(&f.key.eventName, "event-name", "", "the event's `NAME`, as in pull_request_review (default $GITHUB_EVENT_NAME)")
	fs.StringVar(&f.key.repository, "repository", "", "`OWNER/NAME` that the event must be of")
	fs.StringVar(&f.format, "format", "text", "`FORMAT` of the output: text, json or jsonl")
	fs.StringVar(&f.out, "out", "", "write the records to `FILE` too, one a line, where there are any")
	fs.StringVar(&f.config, "config", "", "the configuration `FILE` (default "+configPath+")")
	fs.StringVar(&f.since, "since", "", "read the history of what changed since a `TIME`: 7d, 36h or a date")
	fs.StringVar(&f.cursor, "cursor", "", "go on where a reading of histories has stopped, at the `CURSOR` that it named")
	f.forgeFlags.define(fs)
	f.export.defineBeside(fs)
	fs.BoolVar(&f.offline, "offline", false, "ask nothing of the API")
	fs.BoolVar(&f.link, "link", false, "with --since, read the bundles of pull requests with overrides, and link decisions to their runs")
	fs.Func("runs", "a `PATH` with bundles, whose runs the decisions are linked to; may be repeated", func(s string) error {
		if s == "" {
			return errors.New("it takes a bundle, or a folder of them")
		}
		f.runs = append(f.runs, s)
		return nil
	})
}

// check says what is wrong with the flags.
func (f *overridesFlags) check(env Env, args []string) error {
	path, name := f.key.eventOf(env)
	switch {
	case len(args) > 0:
		return usage(fmt.Sprintf("overrides: %q is not expected", args[0]), "name the payload with --event")
	case f.sweeps() && (f.key.event != "" || f.offline):
		return usage("overrides: --since asks the API, and takes no event", "give either --since or --event")
	case f.link && !f.sweeps():
		return usage("overrides: --link goes with --since", "--runs takes bundles that are here")
	case !f.sweeps() && path == "":
		return usage("overrides: no event given", "--event takes the file that $GITHUB_EVENT_PATH names; --since 7d asks the API")
	case !f.sweeps() && name == "":
		return usage("overrides: no event name given", "--event-name takes what $GITHUB_EVENT_NAME is, as in pull_request_review")
	case f.key.repository != "" && !validRepo.MatchString(f.key.repository):
		return usage(fmt.Sprintf("--repository %q is not a repository", f.key.repository), "--repository takes owner/name")
	}
	return oneOf("--format", f.format, "text", "json", "jsonl")
}

func (f *overridesFlags) run(ctx context.Context, env Env, args []string) error {
	if err := f.check(env, args); err != nil {
		return err
	}
	var s settings
	notes, err := s.complete(ctx, env, f.config, f.key.checkout(env))
	if err != nil {
		return err
	}
	s.export.Endpoints = nil // they are for runs; what a history has is sent there once
	if err := f.export.complete(env, s.export); err != nil {
		return err
	}
	scan, err := newScanner(env, nil, s.secrets)
	if err != nil {
		return err
	}
	o := override.Options{Accounts: s.accounts.override()}
	if o.Runs, err = readRuns(env, f.runs, scan); err != nil {
		return err
	}
	r, err := f.find(ctx, env, o, scan)
	if err != nil && r.Overrides == nil {
		return err
	}
	for _, n := range notes {
		fmt.Fprintf(env.Stderr, "andon: %s: %s\n", plain(string(n.Severity)), plain(n.Message))
	}
	if err := f.print(env, r, scan); err != nil {
		return err
	}
	if err := f.tell(env, r, scan, err != nil); err != nil {
		return err
	}
	if sent := f.send(ctx, env, r, scan); err == nil { // a sweep that was stopped says why
		err = sent
	}
	return err
}

// send exports the records, where the command was told to.
func (f *overridesFlags) send(ctx context.Context, env Env, r override.Result, scan *secret.Scanner) error {
	if !f.export.asked() {
		return nil
	}
	e, err := newExport(env, &f.export, false)
	if err != nil {
		return err
	}
	defer e.discard()
	o, err := e.options(group{elsewhere: true})
	if err != nil {
		return err
	}
	u := &units{scrub: redacting(scan)}
	e.judge(u, otlp.NewMapper(otlp.Pipeline{}, o), append(slices.Clone(r.Overrides), r.Agreements...))
	e.send(ctx, "", u)
	return e.finish(false)
}

// sweeps reports whether histories are to be read, and no event.
func (f *overridesFlags) sweeps() bool { return f.since != "" || f.cursor != "" }

// find finds the overrides in the event, or in what the API has. Of a sweep that
// was stopped, it returns what was read beside the error.
func (f *overridesFlags) find(ctx context.Context, env Env, o override.Options, scan *secret.Scanner) (override.Result, error) {
	if f.sweeps() {
		return f.sweep(ctx, env, o, scan)
	}
	path, name := f.key.eventOf(env)
	return f.ofEvent(path, name, o)
}

// override returns the accounts as the detection takes them.
func (a accounts) override() override.Accounts {
	return override.Accounts{Agents: a.Agents, Humans: a.Humans, Tools: a.Tools}
}

// ofEvent reads the payload and finds what it shows.
func (f *overridesFlags) ofEvent(path, name string, o override.Options) (override.Result, error) {
	const hint = "--event takes the file that $GITHUB_EVENT_PATH names, with the payload of a webhook"
	file, err := os.Open(path)
	if err != nil {
		return override.Result{}, failure(fmt.Errorf("%s", reason(err)), "reading the event "+path, hint)
	}
	defer file.Close()
	raw, err := io.ReadAll(io.LimitReader(file, maxEvent))
	if err != nil {
		return override.Result{}, failure(fmt.Errorf("%s", reason(err)), "reading the event "+path, hint)
	}
	o.Repository = f.key.repository
	r, err := override.FromEvent(name, raw, o)
	if err != nil {
		return override.Result{}, failure(err, "reading the event "+path, hint)
	}
	return r, nil
}

// print writes the result without the credentials that people may have put into
// their words.
func (f *overridesFlags) print(env Env, r override.Result, scan *secret.Scanner) error {
	var b bytes.Buffer
	var err error
	switch f.format {
	case "json":
		err = report.OverridesJSON(&b, r)
	case "jsonl":
		err = report.OverridesJSONL(&b, r)
	default:
		err = report.OverridesText(&b, r)
	}
	if err != nil {
		return printed(0, err)
	}
	out, _ := scan.Redact(b.Bytes())
	if err := printed(env.Stdout.Write(out)); err != nil {
		return err
	}
	if n := len(r.Coverage.Unresolved); n > 0 && f.format == "jsonl" {
		fmt.Fprintf(env.Stderr, "andon: %d possible overrides cannot be told from the payload alone; --format json lists them\n", n)
	}
	if r.Coverage.Cursor != "" && f.format == "jsonl" {
		fmt.Fprintf(env.Stderr, "andon: not all was read; go on with --cursor %s\n", plain(r.Coverage.Cursor))
	}
	return nil
}
