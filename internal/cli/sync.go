package cli

import (
	"context"
	"flag"
	"fmt"

	"github.com/andon-ci/andon/internal/artifact"
	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/history"
	"github.com/andon-ci/andon/internal/secret"
)

// syncFlags are what sync was asked for.
type syncFlags struct {
	historyFlags
	format string
	config string
	quiet  bool
}

func syncCommand() command {
	return command{
		name: "sync", args: "--history DIR|BRANCH [flags] [PATH...]",
		summary: "add new runs and overrides to a history",
		help: `examples:
  andon sync --history factory bundles/

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
	fs.StringVar(&f.format, "format", "text", "`FORMAT` of the output: text or json")
	fs.StringVar(&f.config, "config", "", "configuration `FILE` (default "+configPath+")")
	fs.BoolVar(&f.quiet, "quiet", false, "no progress on stderr")
}

func (f *syncFlags) run(ctx context.Context, env Env, args []string) error {
	if err := oneOf("--format", f.format, "text", "json"); err != nil {
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
	store, err := f.open(env)
	if err != nil {
		return err
	}
	y, err := newSyncing(env, f, store, &s)
	if err != nil {
		return err
	}
	err = y.files(ctx, args)
	if stopped := y.flush(ctx); err == nil {
		err = stopped
	}
	if printErr := y.print(); err == nil {
		err = printErr
	}
	return err
}

// syncing is a sync at work.
type syncing struct {
	env    Env
	flags  *syncFlags
	store  history.Store
	scan   *secret.Scanner
	opener *artifact.Opener
	batch  history.Batch
	bytes  int // in the batch
	told   synced
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
	y := &syncing{env: env, flags: f, store: store, scan: scan, opener: opener}
	y.told.Schema, y.told.Findings = syncSchema, []finding.Finding{}
	return y, nil
}

// The size of a batch from which on it is written.
const (
	batchLines = 500
	batchBytes = 4 << 20
)

// add puts a line into the batch.
func (y *syncing) add(l history.Line, size int) {
	y.batch.Lines = append(y.batch.Lines, l)
	y.bytes += size
}

// full reports whether the batch is to be written before more is read.
func (y *syncing) full() bool { return len(y.batch.Lines) >= batchLines || y.bytes >= batchBytes }

// flush writes the batch.
func (y *syncing) flush(ctx context.Context) error {
	if len(y.batch.Lines) == 0 && len(y.batch.Cancelled) == 0 && y.batch.Advance == nil {
		return nil
	}
	out, err := history.Write(ctx, y.store, &y.batch, nil)
	y.batch, y.bytes = history.Batch{}, 0
	if err != nil {
		return failure(err, "writing to "+y.flags.history, "nothing is lost: run it again; what was written is not added twice")
	}
	y.told.count(out)
	return nil
}
