package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"

	"github.com/andon-ci/andon/internal/artifact"
	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/github"
	"github.com/andon-ci/andon/internal/history"
	"github.com/andon-ci/andon/internal/override"
	"github.com/andon-ci/andon/internal/secret"
)

// syncFlags are what sync was asked for.
type syncFlags struct {
	historyFlags
	repos  string
	org    string
	since  string
	most   int
	format string
	config string
	quiet  bool
}

func syncCommand() command {
	return command{
		name: "sync", args: "--history DIR|BRANCH [flags] [PATH...]",
		summary: "add new runs and overrides to a history",
		help: `examples:
  andon sync --history ./factory bundles/                  from bundles that lie here
  andon sync --history andon/history                       from the forge, in a workflow
  andon sync --history ./factory --repos o/web,o/api       of several repositories
  andon sync --history o/factory#andon/history --org o     of all that an App may read

Without a PATH, what is new in the repository is read from GitHub: the bundles
that workflow runs have uploaded, and what people did to pull requests. It asks
as GITHUB_TOKEN or GH_TOKEN, or as the App of ANDON_APP_ID and ANDON_APP_KEY,
which need to read actions, pull requests, contents and metadata, and to write
contents where the history is a branch. Where it ends early, for a limit or for
--max-requests, the next one goes on.

A PATH is a bundle, the zip file of one, or a folder with such in it. Each is
held against its schemas and scanned for credentials again; nothing is asked of
the network for it. What is in the history already is not added twice, so that
a sync that was stopped is simply run again.

` + historyHelp,
		start: func(fs *flag.FlagSet) runner {
			f := &syncFlags{}
			f.define(fs)
			return func(ctx context.Context, env Env, args []string) error { return f.run(ctx, env, args) }
		},
	}
}

func (f *syncFlags) define(fs *flag.FlagSet) {
	f.historyFlags.define(fs)
	fs.StringVar(&f.repos, "repos", "", "read these repositories: `OWNER/NAME,...`")
	fs.StringVar(&f.org, "org", "", "read all repositories of the App's installation in an `ORGANISATION`")
	fs.StringVar(&f.since, "since", "30d", "how far back the first sync of a repository reads: a `TIME` such as 7d, 36h or a date")
	fs.IntVar(&f.most, "max-requests", 0, "end after `N` requests to the forge (default: what its limits allow)")
	fs.StringVar(&f.format, "format", "text", "`FORMAT` of the output: text or json")
	fs.StringVar(&f.config, "config", "", "configuration `FILE` (default "+configPath+")")
	fs.BoolVar(&f.quiet, "quiet", false, "no progress on stderr")
}

func (f *syncFlags) run(ctx context.Context, env Env, args []string) error {
	if err := f.check(env, args); err != nil {
		return err
	}
	var s settings
	notes, err := s.complete(ctx, env, f.config, keyFlags{}.checkout(env))
	if err != nil {
		return err
	}
	for _, n := range notes {
		fmt.Fprintf(env.Stderr, "andon: %s: %s\n", plain(string(n.Severity)), plain(n.Message))
	}
	store, err := f.open(ctx, env)
	if err != nil {
		return err
	}
	return f.into(ctx, env, store, &s, args)
}

// into fills a history: from paths, or else from the forge. What could be read
// is written and told also where reading was stopped.
func (f *syncFlags) into(ctx context.Context, env Env, store history.Store, s *settings, paths []string) error {
	y, err := newSyncing(env, f, store, s)
	if err != nil {
		return err
	}
	if len(paths) > 0 {
		err = y.files(ctx, paths)
	} else {
		err = y.forges(ctx)
	}
	if unwritten := y.flush(ctx); unwritten != nil {
		err = unwritten
	}
	if printErr := y.print(); err == nil {
		err = printErr
	}
	return err
}

// check refuses flags that do not go together.
func (f *syncFlags) check(env Env, args []string) error {
	given := 0
	for _, s := range []string{f.repository, f.repos, f.org} {
		if s != "" {
			given++
		}
	}
	switch {
	case f.history == "":
		return usage("sync: no history given", "--history takes a folder, such as ./history, or a branch")
	case given > 1:
		return usage("sync: --repository, --repos and --org say the same thing in different ways", "give one of them")
	case len(args) > 0 && (f.repos != "" || f.org != ""):
		return usage("sync: a PATH is read without asking the forge", "leave out --repos and --org, or the PATH")
	case f.most < 0:
		return usage(fmt.Sprintf("--max-requests %d is no number of requests", f.most), "--max-requests takes a number such as 500")
	}
	for _, name := range f.named() {
		if !validRepo.MatchString(name) {
			return usage(fmt.Sprintf("%q is not a repository", name), "--repository takes owner/name, --repos several with commas between")
		}
	}
	if _, err := moment(f.since, env.Now()); err != nil {
		return err
	}
	return oneOf("--format", f.format, "text", "json")
}

// named returns the repositories that the flags name.
func (f *syncFlags) named() []string {
	return strings.FieldsFunc(f.repos+","+f.repository, isSeparator)
}

// forges reads the repositories that are asked for.
func (y *syncing) forges(ctx context.Context) error {
	names := y.flags.named()
	switch {
	case y.flags.org != "":
		o, err := y.flags.options(y.env, y.flags.org+"/-")
		if err != nil {
			return err
		}
		if names, err = github.Repositories(ctx, o, y.flags.org); err != nil {
			return forgeFailure(err)
		}
		slices.Sort(names)
	case len(names) == 0:
		names = []string{y.env.Getenv("GITHUB_REPOSITORY")}
	}
	return y.forge(ctx, names)
}

// syncing is a sync at work.
type syncing struct {
	env      Env
	flags    *syncFlags
	store    history.Store
	scan     *secret.Scanner
	personal *secret.Personal
	opener   *artifact.Opener
	accounts override.Accounts
	clients  []*github.Client // that were asked, for the budget
	batch    history.Batch
	bytes    int                     // in the batch
	moves    []func(*history.Cursor) // of the cursor, with the batch
	failed   error                   // to write
	unpacked int64                   // bytes of the bundles that were read
	told     synced
}

func newSyncing(env Env, f *syncFlags, store history.Store, s *settings) (*syncing, error) {
	scan, err := newScanner(env, nil, append(s.secrets, "GITHUB_TOKEN", "GH_TOKEN", "ANDON_APP_KEY"))
	if err != nil {
		return nil, err
	}
	opener, err := artifact.NewOpener(artifact.Default(), scan)
	if err != nil {
		return nil, err
	}
	var personal *secret.Personal // which leaves all as it is
	if s.pii == "true" {
		if personal, err = secret.NewPersonal(fingerprintKey(env, nil)); err != nil {
			return nil, err
		}
	}
	y := &syncing{personal: personal, env: env, flags: f, store: store, scan: scan, opener: opener, accounts: s.accounts.override()}
	y.told.Schema, y.told.Findings, y.told.Repositories = syncSchema, []finding.Finding{}, []*repositoryTold{}
	return y, nil
}

// The size of a batch from which on it is written.
const (
	batchLines = 500
	batchBytes = 4 << 20
)

// clean returns a record without the credentials and the personal data that
// people may have put into their words.
func (y *syncing) clean(raw []byte) []byte {
	out, _ := y.scan.Redact(raw)
	out, _ = y.personal.Redact(out)
	return out
}

// add puts a line into the batch.
func (y *syncing) add(l history.Line, size int) {
	y.batch.Lines = append(y.batch.Lines, l)
	y.bytes += size
}

// full reports whether the batch is to be written before more is read.
func (y *syncing) full() bool { return len(y.batch.Lines) >= batchLines || y.bytes >= batchBytes }

// unwritten says what to do where a history cannot be written.
func unwritten(err error) string {
	if errors.Is(err, history.ErrDamaged) || errors.Is(err, history.ErrRefused) {
		return "somebody has put something else in the place of the file: remove it, or put back what it was, and run it again"
	}
	var e *github.Error
	if errors.As(err, &e) && e.Hint != "" {
		return e.Hint
	}
	return "nothing is lost: run it again; what was written is not added twice"
}

// flush writes the batch. After an error nothing is written any more, so that
// the cursor does not pass what is missing.
func (y *syncing) flush(ctx context.Context) error {
	if y.failed != nil {
		return y.failed
	}
	if len(y.batch.Lines) == 0 && len(y.batch.Cancelled) == 0 && len(y.moves) == 0 {
		return nil
	}
	if moves := y.moves; len(moves) > 0 {
		y.batch.Advance = func(c *history.Cursor) {
			for _, move := range moves {
				move(c)
			}
		}
	}
	out, err := history.Write(ctx, y.store, &y.batch, summariser())
	y.batch, y.bytes, y.moves = history.Batch{}, 0, nil
	if err != nil {
		y.failed = failure(err, "writing to "+y.flags.history, unwritten(err))
		return y.failed
	}
	y.told.count(out)
	return nil
}
