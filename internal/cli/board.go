package cli

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/andon-ci/andon/internal/history"
	"github.com/andon-ci/andon/internal/report"
	"github.com/andon-ci/andon/internal/secret"
	"github.com/andon-ci/andon/internal/trend"
)

// boardFlags are what board was asked for.
type boardFlags struct {
	historyFlags
	since string
	asOf  string
	every time.Duration
	once  bool
}

func boardCommand() command {
	return command{
		name: "board", args: "--history DIR [flags]",
		summary: "show a light for each agent and repository, for a display on the wall",
		help: `examples:
  andon board --history ./history
  andon board --history ./history --once

It looks for changes in the history every 30 seconds, and ends with ctrl-C. The
size is that of $COLUMNS and $LINES, else of the terminal. NO_COLOR takes the
colours away: a word stands beside every light.

` + historyHelp,
		start: func(fs *flag.FlagSet) runner {
			f := &boardFlags{}
			f.define(fs)
			return func(ctx context.Context, env Env, args []string) error { return f.run(ctx, env, args) }
		},
	}
}

func (f *boardFlags) define(fs *flag.FlagSet) {
	f.historyFlags.define(fs)
	fs.StringVar(&f.since, "since", "90d", "judge by this `TIME`: days (90d), or from a date on (2026-08-23)")
	fs.StringVar(&f.asOf, "as-of", "", "the last `DATE` (default: today, in UTC)")
	fs.DurationVar(&f.every, "every", 30*time.Second, "look for changes every `DURATION`")
	fs.BoolVar(&f.once, "once", false, "print the board and end")
}

func (f *boardFlags) run(ctx context.Context, env Env, args []string) error {
	if len(args) > 0 {
		return usage("board takes no PATH", "andon board --history DIR")
	}
	if f.every < time.Second {
		return usage("--every is under a second", "--every 30s")
	}
	store, err := f.open(ctx, env)
	if err != nil {
		return err
	}
	scan, err := newScanner(env, nil, []string{"GITHUB_TOKEN", "GH_TOKEN", "ANDON_APP_KEY"})
	if err != nil {
		return err
	}
	b := &board{env: env, flags: f, store: store, scan: scan}
	if f.once {
		frame, err := b.frame(ctx)
		if err != nil {
			return err
		}
		return printed(env.Stdout.Write(frame))
	}
	return b.watch(ctx)
}

// board is the display at work.
type board struct {
	env    Env
	flags  *boardFlags
	store  history.Store
	scan   *secret.Scanner
	seen   string // what the shown report was made of
	report *trend.Report
}

// The sequences of ECMA-48 and xterm that a display takes: another screen, so
// that what was there before comes back; no cursor; and for a frame, from the
// top, each line cleared to its end, and all below.
const (
	enterScreen = "\x1b[?1049h\x1b[?25l"
	leaveScreen = "\x1b[?25h\x1b[?1049l"
	frameStart  = "\x1b[H"
	lineEnd     = "\x1b[K\r\n"
	frameEnd    = "\x1b[J"
)

// watch shows frames until it is told to end, which is no error.
func (b *board) watch(ctx context.Context) (err error) {
	if err := printed(fmt.Fprint(b.env.Stdout, enterScreen)); err != nil {
		return err
	}
	defer func() {
		_, left := fmt.Fprint(b.env.Stdout, leaveScreen)
		err = errors.Join(err, printed(0, left))
	}()
	for {
		frame, err := b.frame(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return err
		}
		if err := printed(b.env.Stdout.Write(screen(frame))); err != nil {
			return err
		}
		if b.sleep(ctx) != nil {
			return nil
		}
	}
}

// screen makes one write of a frame, so that nothing flickers.
func screen(frame []byte) []byte {
	text := strings.TrimSuffix(string(frame), "\n")
	return []byte(frameStart + strings.ReplaceAll(text, "\n", lineEnd) + frameEnd)
}

func (b *board) sleep(ctx context.Context) error {
	if b.env.Forge.Sleep != nil {
		return b.env.Forge.Sleep(ctx, b.flags.every)
	}
	t := time.NewTimer(b.flags.every)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// frame draws the board as the history is now.
func (b *board) frame(ctx context.Context) ([]byte, error) {
	if err := b.read(ctx); err != nil {
		return nil, err
	}
	o := terminalOptions(b.env)
	columns, lines := size(b.env)
	o.Width = columns
	if b.flags.once {
		lines = 0
	}
	var out bytes.Buffer
	if err := report.Board(&out, b.report, b.env.Now(), lines, o); err != nil {
		return nil, err
	}
	clean, _ := b.scan.Redact(out.Bytes())
	return clean, nil
}

// read makes the report anew where the history has changed, or the day has.
func (b *board) read(ctx context.Context) error {
	w, err := (&reportFlags{since: b.flags.since, asOf: b.flags.asOf}).window(b.env.Now())
	if err != nil {
		return err
	}
	seen, err := b.identity(ctx)
	if err != nil {
		return failure(err, "reading the history "+b.flags.history, "--history takes a folder with runs/YYYY/MM/DD.jsonl")
	}
	if seen += string(w.from + w.to); b.report != nil && seen == b.seen {
		return nil
	}
	r, err := judge(ctx, b.store, w, nil)
	if err != nil {
		return failure(err, "reading the history "+b.flags.history, "--history takes a folder with runs/YYYY/MM/DD.jsonl")
	}
	b.seen, b.report = seen, r
	return nil
}

// identity tells a history from what it was before: its files only ever grow or
// are put in the place of others.
func (b *board) identity(ctx context.Context) (string, error) {
	v, err := b.store.View(ctx)
	if err != nil {
		return "", err
	}
	files, _, err := v.Files(ctx)
	var out strings.Builder
	for _, f := range files {
		fmt.Fprintf(&out, "%s %d\n", f.Name, f.Size)
	}
	return out.String(), err
}

// size returns the columns and lines of the display; 0 lines where they are not
// known.
func size(env Env) (columns, lines int) {
	columns = width(env)
	if f, ok := env.Stdout.(*os.File); ok {
		if w, h, err := term.GetSize(int(f.Fd())); err == nil {
			lines = h
			if env.Getenv("COLUMNS") == "" {
				columns = w
			}
		}
	}
	if n, err := strconv.Atoi(env.Getenv("LINES")); err == nil && n > 0 && n <= 1000 {
		lines = n
	}
	return columns, lines
}
