package cli

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/andon-ci/andon/internal/action"
	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/github"
	"github.com/andon-ci/andon/internal/override"
	"github.com/andon-ci/andon/internal/report"
	"github.com/andon-ci/andon/internal/secret"
	"github.com/andon-ci/andon/internal/session"
)

// sessionFlags are what session was asked for.
type sessionFlags struct {
	keyFlags
	forgeFlags
	settings settings
	format   string
	config   string
	comment  bool
	check    bool
	cursor   string
	quiet    bool
}

func sessionCommand() command {
	return command{
		name: "session", args: "[flags]",
		summary: "show all that was done to a pull request, over all workflow runs",
		help: `examples:
  andon session --pr 12 --repository owner/name
  andon session --sha 1a2b3c4d5e6f --format json
  andon session --pr 12 --comment --check
  andon session --pr 12 --fail-on 'secret/*'

It reads the bundles that the workflow runs have uploaded, and what people did
in between, from GitHub: as GITHUB_TOKEN or GH_TOKEN, or as the App of
ANDON_APP_ID and ANDON_APP_KEY. The token needs to read actions and pull
requests; --comment needs "pull-requests: write", --check "checks: write" and
--incident issue "issues: write".
$GITHUB_API_URL names another server than github.com.
`,
		start: func(fs *flag.FlagSet) runner {
			f := &sessionFlags{}
			f.define(fs)
			return func(ctx context.Context, env Env, args []string) error {
				return f.run(ctx, env, args)
			}
		},
	}
}

func (f *sessionFlags) define(fs *flag.FlagSet) {
	f.keyFlags.define(fs)
	f.forgeFlags.define(fs)
	f.settings.defineGate(fs)
	fs.StringVar(&f.format, "format", "text", "`FORMAT` of the output: text, markdown or json")
	fs.StringVar(&f.config, "config", "", "configuration `FILE`, for the accounts of agents (default "+configPath+")")
	fs.BoolVar(&f.comment, "comment", false, "keep one comment on the pull request up to date")
	fs.BoolVar(&f.check, "check", false, "write a check run on the head commit")
	fs.StringVar(&f.settings.incident, "incident", "", "`WHAT` to make of credentials in traces: none (default), or issue, which keeps one issue")
	fs.StringVar(&f.cursor, "cursor", "", "go on at the workflow run with this `ID`, where reading has stopped before")
	fs.BoolVar(&f.quiet, "quiet", false, "no progress on stderr")
}

func (f *sessionFlags) run(ctx context.Context, env Env, args []string) error {
	if err := oneOf("--format", f.format, "text", "markdown", "json"); err != nil {
		return err
	}
	if len(args) > 0 {
		return usage("session takes no PATH", "andon session --pr NUMBER; `andon collect PATH` reads files")
	}
	if _, err := strconv.ParseUint(f.cursor, 10, 63); f.cursor != "" && err != nil {
		return notCursor(f.cursor)
	}
	key, err := f.about(env)
	if err != nil {
		return err
	}
	notes, err := f.settings.complete(ctx, env, f.config, f.checkout(env))
	if err != nil {
		return err
	}
	for _, n := range notes {
		fmt.Fprintf(env.Stderr, "andon: %s: %s\n", plain(string(n.Severity)), plain(n.Message))
	}
	client, err := f.client(env, key.Repository)
	if err != nil {
		return err
	}
	v, err := newView(env, f, client, key)
	if err != nil {
		return err
	}
	err = v.show(ctx)
	tellBudget(env, client, f.quiet)
	return v.outcome(notes, err)
}

// about says which pull request or commit is meant: the one that the flags
// name, else the event's.
func (f *sessionFlags) about(env Env) (session.Key, error) {
	key, notes, err := f.key(env)
	if err != nil {
		return key, err
	}
	if f.sha != "" && f.pr == 0 {
		key.Subject = session.Subject{Kind: "commit"}
	}
	isPull := key.Subject.Kind == "pull_request" && key.Subject.Number > 0
	switch {
	case !isPull && key.HeadSHA == "" && len(notes) > 0:
		return key, usage("session: "+notes[0].Message, "andon session --pr NUMBER, or --sha SHA")
	case !isPull && key.HeadSHA == "":
		return key, usage("session: neither a pull request nor a commit given", "andon session --pr NUMBER, or --sha SHA")
	case f.comment && f.sha != "" && f.pr == 0:
		return key, usage("session: --comment needs a pull request", "andon session --pr NUMBER --comment")
	}
	return key, nil
}

// view is a chain on its way from the forge to the reader.
type view struct {
	env    Env
	flags  *sessionFlags
	forge  *github.Client
	key    session.Key
	scan   *secret.Scanner
	who    people
	pull   *github.Pull // nil for a commit
	chain  *session.Chain
	judged *override.Result // what people made of the decisions; nil where it was not found out
	broken error            // what stopped the reading early
	leaks  []report.Leak    // the credentials that the bundles tell of
}

func newView(env Env, f *sessionFlags, c *github.Client, key session.Key) (*view, error) {
	scan, err := newScanner(env, nil, append(f.settings.secrets, "GITHUB_TOKEN", "GH_TOKEN", "ANDON_APP_KEY"))
	if err != nil {
		return nil, err
	}
	return &view{env: env, flags: f, forge: c, key: key, scan: scan, who: people{f.settings.accounts.override()}}, nil
}

// show reads, prints and posts. What could be read is printed also where the
// reading was stopped.
func (v *view) show(ctx context.Context) error {
	if err := v.read(ctx); err != nil {
		return forgeFailure(err)
	}
	if err := printed(0, v.print()); err != nil {
		return err
	}
	if v.broken != nil && errors.Is(v.broken, github.ErrLimit) {
		return forgeFailure(v.broken) // posting would be refused too
	}
	if err := v.post(ctx); err != nil {
		return err
	}
	return forgeFailure(v.broken)
}

// outcome is what the command comes to: the gate, of all findings that there
// are, then the error.
func (v *view) outcome(notes []finding.Finding, err error) error {
	if v.chain == nil {
		return err
	}
	found := slices.Concat(notes, v.chain.Findings)
	for _, l := range v.chain.Sessions {
		found = append(found, findingsIn(l.Session)...)
	}
	closed := gate(found, v.flags.settings.failOn)
	if closed == nil {
		return err
	}
	exit(v.env.Stderr, unsaid(v.env, err))
	return closed
}

// story returns what is to be shown.
func (v *view) story() *report.Story { return &report.Story{Chain: v.chain, Overrides: v.judged} }

func (v *view) print() error {
	var b bytes.Buffer
	var err error
	switch v.flags.format {
	case "json":
		err = report.ChainJSON(&b, v.story())
	case "markdown":
		err = report.ChainMarkdown(&b, v.story(), v.markdown())
	default:
		err = report.ChainTerminal(&b, v.story(), terminalOptions(v.env))
	}
	if err != nil {
		return err
	}
	out, _ := v.scan.Redact(b.Bytes())
	if !inActions(v.env) {
		_, err = v.env.Stdout.Write(out)
		return err
	}
	if err := errors.Join(v.summary(), v.annotate(), v.outputs()); err != nil {
		fmt.Fprintf(v.env.Stderr, "andon: %s\n", plain(err.Error()))
	}
	if v.flags.format == "json" { // in which no line can begin a command
		_, err = v.env.Stdout.Write(out)
		return err
	}
	return action.New(v.env.Stdout, v.env.Getenv).Print(out)
}

// summary writes the job summary.
func (v *view) summary() error {
	if v.env.Getenv("ANDON_SUMMARY") == "false" || v.env.Getenv("GITHUB_STEP_SUMMARY") == "" {
		return nil
	}
	var b bytes.Buffer
	if err := report.ChainMarkdown(&b, v.story(), v.markdown()); err != nil {
		return err
	}
	out, _ := v.scan.Redact(b.Bytes())
	return action.New(v.env.Stdout, v.env.Getenv).Summary(out)
}

// annotate shows what is wrong with the bundles, a credential above all, where
// the workflow run is looked at.
func (v *view) annotate() error {
	var b bytes.Buffer
	if err := action.New(&b, v.env.Getenv).Annotate(v.chain.Findings); err != nil {
		return err
	}
	w := v.env.Stdout
	if v.flags.format == "json" {
		w = v.env.Stderr // stdout is one document; GitHub reads commands from both
	}
	out, _ := v.scan.Redact(b.Bytes())
	_, err := w.Write(out)
	return err
}

// outputs sets the step's outputs, where the step has any.
func (v *view) outputs() error {
	if v.env.Getenv("GITHUB_OUTPUT") == "" {
		return nil
	}
	return action.New(v.env.Stdout, v.env.Getenv).SetChain(v.chain, v.judged)
}

// markdown returns the options of Markdown. Only runners say where the server is;
// elsewhere it is where the pull request is.
func (v *view) markdown() report.Options {
	server := v.env.Getenv("GITHUB_SERVER_URL")
	if server == "" && v.pull != nil {
		server, _, _ = strings.Cut(v.pull.URL, "/"+v.pull.Repository+"/pull/")
	}
	return report.Options{ServerURL: server, Trace: v.flags.settings.export.pages(v.key.Repository)}
}
