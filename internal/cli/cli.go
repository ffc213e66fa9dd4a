// Package cli is the program: one file per command, and the only place where
// the packages meet. Main is the whole of it as a function, so that a test can
// run any command without a process.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/clock"
)

// Env is the door to the outside. Files are opened by name besides.
type Env struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	Now            func() time.Time // for progress, and for the times of records that emit writes
	Forge          clock.Clock      // for waiting; the zero value is the real one
	Export         clock.Clock      // likewise
}

// now returns the time, and the zero time where there is no clock.
func (e Env) now() time.Time {
	if e.Now == nil {
		return time.Time{}
	}
	return e.Now()
}

// The exit codes.
const (
	exitClean   = 0
	exitGate    = 1 // findings at or above the gate
	exitUsage   = 2
	exitFailure = 3 // could not do the job
)

// command is one subcommand. Its flags are defined and its arguments taken by
// start, which returns what to run.
type command struct {
	name    string
	args    string // for the usage line
	summary string
	help    string   // what follows the flags: examples
	words   []string // what the first argument may be, where it is no PATH
	start   func(*flag.FlagSet) runner
}

// runner runs a command after its flags were parsed.
type runner func(ctx context.Context, env Env, args []string) error

// commands returns all commands in the order of the help text.
func commands() []command {
	return []command{
		collectCommand(),
		validateCommand(),
		scanCommand(),
		showCommand(),
		sessionCommand(),
		diffCommand(),
		overridesCommand(),
		syncCommand(),
		reportCommand(),
		boardCommand(),
		pruneCommand(),
		exportCommand(),
		metricsCommand(),
		traceparentCommand(),
		emitCommand(),
		initCommand(),
		schemaCommand(),
		completionCommand(),
		versionCommand(),
	}
}

// Main runs andon with the given arguments, without the program's name, and
// returns the exit code.
func Main(ctx context.Context, env Env, args []string) int {
	err := run(ctx, env, args)
	return exit(env.Stderr, unsaid(env, err))
}

func run(ctx context.Context, env Env, args []string) error {
	if len(args) == 0 {
		if err := printHelp(env.Stderr); err != nil {
			return err
		}
		return usage("no command given", "andon help")
	}
	name, rest := args[0], args[1:]
	switch name {
	case "help", "-h", "-help", "--help":
		return help(env.Stdout, rest)
	case "-version", "--version":
		name = "version"
	}
	for _, c := range commands() {
		if c.name == name {
			return c.run(ctx, env, rest)
		}
	}
	return usage(fmt.Sprintf("unknown command %q", name), "andon help lists the commands")
}

func (c command) run(ctx context.Context, env Env, args []string) error {
	fs := flag.NewFlagSet(c.name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	act := c.start(fs)
	paths, err := parse(fs, args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return c.printHelp(env.Stdout)
	case err != nil:
		return usage(fmt.Sprintf("%s: %v", c.name, err), "andon help "+c.name)
	}
	return act(ctx, env, paths)
}

// parse takes flags wherever they stand among the arguments.
func parse(fs *flag.FlagSet, args []string) (paths []string, err error) {
	for {
		if err := fs.Parse(args); err != nil {
			return nil, err
		}
		rest := fs.Args()
		if len(rest) == 0 {
			return paths, nil
		}
		if used := len(args) - len(rest); used > 0 && args[used-1] == "--" {
			return append(paths, rest...), nil
		}
		paths = append(paths, rest[0])
		args = rest[1:]
	}
}

func help(w io.Writer, args []string) error {
	if len(args) == 0 {
		return printHelp(w)
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return c.printHelp(w)
		}
	}
	return usage(fmt.Sprintf("no help for %q", args[0]), "andon help lists the commands")
}

func printHelp(w io.Writer) error {
	var b strings.Builder
	b.WriteString(`Andon reads the traces that coding agents leave, and says what happened.

usage: andon COMMAND [flags] [PATH...]

`)
	for _, c := range commands() {
		fmt.Fprintf(&b, "  %-11s %s\n", c.name, c.summary)
	}
	b.WriteString(`
A PATH is a file, a folder or a glob ("**" matches any depth). The format of a
file is recognised from its content; gzip, bzip2, zstd and UTF-16 are read as
they are.

exit codes: 0 clean, 1 findings at or above the gate, 2 wrong usage,
            3 could not do the job

` + "`andon help COMMAND`" + ` shows flags and examples.
`)
	return printed(io.WriteString(w, b.String()))
}

// printed is the outcome of writing to stdout.
func printed(_ int, err error) error {
	if err != nil {
		return failure(err, "writing the output", "check that stdout can be written, and the space on the disk")
	}
	return nil
}

func (c command) printHelp(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\nusage: andon %s\n", c.summary, strings.TrimSpace(c.name+" "+c.args))
	fs := flag.NewFlagSet(c.name, flag.ContinueOnError)
	c.start(fs)
	flags := false
	fs.VisitAll(func(f *flag.Flag) {
		kind, text := flag.UnquoteUsage(f)
		if !flags {
			b.WriteByte('\n')
			flags = true
		}
		fmt.Fprintf(&b, "  %-24s %s\n", strings.TrimSpace("--"+f.Name+" "+kind), text)
	})
	if c.help != "" {
		fmt.Fprintf(&b, "\n%s", c.help)
	}
	return printed(io.WriteString(w, b.String()))
}
