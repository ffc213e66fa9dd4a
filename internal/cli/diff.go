package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/andon-ci/andon/internal/report"
	"github.com/andon-ci/andon/internal/secret"
	"github.com/andon-ci/andon/internal/session"
)

// diffFlags are what diff was asked for.
type diffFlags struct {
	format   string
	only     string
	exitCode bool
	both     choice
	a, b     choice
}

// choice picks one of several runs or sessions by the beginning of its id.
type choice struct {
	run, session string
}

func diffCommand() command {
	return command{
		name: "diff", args: "[flags] A B",
		summary: "set two runs or sessions side by side",
		help: `A and B are each a trace, a folder of traces, a bundle, or what
"collect --format json" printed.

examples:
  andon diff before.jsonl after.jsonl
  andon diff --run-a 6f0e --run-b 0199 andon-bundle andon-bundle
  andon diff --only outcome,findings --exit-code before.jsonl after.jsonl
`,
		start: func(fs *flag.FlagSet) runner {
			f := &diffFlags{}
			f.define(fs)
			return func(ctx context.Context, env Env, args []string) error { return f.run(ctx, env, args) }
		},
	}
}

func (f *diffFlags) define(fs *flag.FlagSet) {
	fs.StringVar(&f.format, "format", "text", "`FORMAT` of the output: text, markdown or json")
	fs.StringVar(&f.only, "only", "", "`SECTIONS` to compare, as in \"outcome,tokens\" (default all)")
	fs.BoolVar(&f.exitCode, "exit-code", false, "exit with 1 if they differ")
	for _, s := range []struct {
		suffix, of string
		choice     *choice
	}{{"", "both", &f.both}, {"-a", "A", &f.a}, {"-b", "B", &f.b}} {
		fs.StringVar(&s.choice.run, "run"+s.suffix, "", "compare, of "+s.of+", the run whose `ID` begins so")
		fs.StringVar(&s.choice.session, "session"+s.suffix, "", "compare, of "+s.of+", the session whose `ID` begins so")
	}
}

// or returns c, or other where c chooses nothing.
func (c choice) or(other choice) choice {
	if c == (choice{}) {
		return other
	}
	return c
}

func (f *diffFlags) run(ctx context.Context, env Env, args []string) error {
	if err := oneOf("--format", f.format, "text", "markdown", "json"); err != nil {
		return err
	}
	sections := strings.FieldsFunc(f.only, isSeparator)
	for _, name := range sections {
		if err := oneOf("--only", name, session.DiffSections()...); err != nil {
			return err
		}
	}
	if len(args) != 2 || args[0] == "-" && args[1] == "-" {
		return usage("diff: two PATHs are compared, and one of them at most is stdin", "andon diff A B; `andon help diff` has examples")
	}
	scan, err := newScanner(env, find(args).files, strings.FieldsFunc(env.Getenv("ANDON_SECRETS"), isSeparator))
	if err != nil {
		return err
	}
	a, err := compared(ctx, env, scan, args[0], "a", f.a.or(f.both))
	if err != nil {
		return err
	}
	b, err := compared(ctx, env, scan, args[1], "b", f.b.or(f.both))
	if err != nil {
		return err
	}
	d := session.Compare(a, b, sections...)
	if err := f.print(env, scan, d); err != nil {
		return failure(err, "writing the output", "check that stdout can be written, and the space on the disk")
	}
	if f.exitCode && d.Differ {
		return errGate
	}
	return nil
}

// print writes the comparison without any credential that a report brought in.
func (f *diffFlags) print(env Env, scan *secret.Scanner, d *session.Diff) error {
	var b bytes.Buffer
	var err error
	switch f.format {
	case "json":
		err = report.DiffJSON(&b, d)
	case "markdown":
		err = report.DiffMarkdown(&b, d)
	default:
		err = report.DiffTerminal(&b, d, terminalOptions(env))
	}
	if err != nil {
		return err
	}
	out, _ := scan.Redact(b.Bytes())
	_, err = env.Stdout.Write(out)
	return err
}

// compared reads one side, and picks from it what is to be compared.
func compared(ctx context.Context, env Env, scan *secret.Scanner, path, side string, c choice) (session.Compared, error) {
	r, err := readSide(ctx, env, scan, path)
	if err != nil {
		return session.Compared{}, err
	}
	name := path
	if path == "-" {
		name = "stdin"
	}
	newCleaner(scan).name(&name)
	return c.of(r, name, side)
}

// readSide reads a bundle's report or a report itself, else traces.
func readSide(ctx context.Context, env Env, scan *secret.Scanner, path string) (*session.Report, error) {
	file := path
	if _, err := readManifest(path); err == nil {
		file = filepath.Join(path, "session.json")
	}
	info, err := os.Stat(file)
	if path == "-" || err == nil && info.Mode().IsRegular() {
		in, err := open(file, env.Stdin)
		if err != nil {
			return nil, failure(err, "reading "+path, "check that the file is whole and readable")
		}
		defer in.Close()
		buffered := bufio.NewReaderSize(in, 64<<10)
		if isReport(buffered) {
			return parseReport(buffered, scan, path)
		}
		env.Stdin = buffered // read on only where path is "-"
	}
	collected, err := load(ctx, env, []string{path})
	if err != nil {
		return nil, err
	}
	return collected.report, nil
}

// isReport reports whether a text begins as Andon's reports do: with an object
// whose first key is one of theirs, in any order and with any indentation.
func isReport(r *bufio.Reader) bool {
	head, _ := r.Peek(4 << 10)
	d := json.NewDecoder(bytes.NewReader(head))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return false
	}
	switch key, _ := d.Token(); key {
	case "schema": // which a record of a trace may have too
		name, _ := d.Token()
		text, _ := name.(string)
		return strings.HasPrefix(text, "andon.")
	case "sessions", "coverage", "findings":
		return true
	}
	return false
}

// parseReport reads a report, without the credentials that one from elsewhere
// may hold.
func parseReport(r io.Reader, scan *secret.Scanner, name string) (*session.Report, error) {
	const hint = "diff takes what `andon collect --format json` of this version printed, a bundle, or traces"
	raw, err := io.ReadAll(io.LimitReader(r, maxReport+1))
	if err == nil && len(raw) > maxReport {
		err = fmt.Errorf("over %d MiB", maxReport>>20)
	}
	if err != nil {
		return nil, failure(err, "reading "+name, hint)
	}
	raw, _ = scan.Redact(raw)
	out, err := decodeReport(raw)
	if err != nil {
		return nil, failure(err, "reading "+name, hint)
	}
	return out, nil
}

// of picks from a report what was chosen, or the one that there is.
func (c choice) of(r *session.Report, name, side string) (session.Compared, error) {
	out := session.Compared{Name: name, Coverage: r.Coverage}
	sessions := pick(r.Sessions, c.session, func(s *session.Session) string { return s.ID })
	var runs []owned
	for _, s := range sessions {
		for _, run := range s.Runs {
			runs = append(runs, owned{run, s})
		}
	}
	chosen := pick(runs, c.run, func(o owned) string { return o.ID })
	switch {
	case len(r.Sessions) == 0:
		return out, noRuns(r, name)
	case len(sessions) == 0:
		return out, choose(fmt.Sprintf("%s has no session with an id that begins with %q", name, c.session), r.Sessions, "session", side)
	case c.run == "" && len(sessions) > 1 && c.session == "":
		return out, choose(fmt.Sprintf("%s holds %d sessions", name, len(sessions)), sessions, "session", side)
	case c.run == "" && len(sessions) > 1:
		return out, choose(fmt.Sprintf("%s has %d sessions with an id that begins with %q", name, len(sessions), c.session), sessions, "session", side)
	case c.run == "":
		out.Session = sessions[0]
		return out, nil
	case len(chosen) == 0:
		return out, choose(fmt.Sprintf("%s has no run with an id that begins with %q", name, c.run), runs, "run", side)
	case len(chosen) > 1:
		return out, choose(fmt.Sprintf("%s has %d runs with an id that begins with %q", name, len(chosen), c.run), chosen, "run", side)
	}
	out.Run, out.Session = chosen[0].Run, chosen[0].in
	return out, nil
}

// owned is a run and the session that it is in.
type owned struct {
	*session.Run
	in *session.Session
}

func (o owned) String() string {
	if o.Agent.Name == "" {
		return o.ID
	}
	return o.ID + " (" + o.Agent.Name + ")"
}

// pick returns what has the id, else all whose id begins so.
func pick[T any](all []T, id string, of func(T) string) []T {
	var out []T
	for _, v := range all {
		if id != "" && of(v) == id {
			return []T{v}
		}
		if strings.HasPrefix(of(v), id) {
			out = append(out, v)
		}
	}
	return out
}

// choose says what there is to choose from.
func choose[T any](msg string, from []T, kind, side string) error {
	const shown = 50
	var ids []string
	for _, v := range from[:min(len(from), shown)] {
		id := fmt.Sprint(v)
		if s, is := any(v).(*session.Session); is {
			id = s.ID
		}
		ids = append(ids, id)
	}
	if more := len(from) - shown; more > 0 {
		ids = append(ids, fmt.Sprintf("%d more", more))
	}
	hint := fmt.Sprintf("--%s-%s takes the beginning of one of: %s", kind, side, strings.Join(ids, ", "))
	return usage(msg, hint)
}

// noRuns says why there is nothing to compare.
func noRuns(r *session.Report, name string) error {
	for _, f := range r.Findings {
		if f.Rule != "input/no-runs" {
			return failure(nil, name+" holds no agent run: "+f.Message, f.Hint)
		}
	}
	return failure(nil, name+" holds no agent run", "docs/formats.md lists what can be read; `andon collect "+name+"` says more")
}
