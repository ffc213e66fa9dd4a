package cli

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/andon-ci/andon/internal/action"
	"github.com/andon-ci/andon/internal/trace"
)

// collectFlags are what collect was asked for.
type collectFlags struct {
	keyFlags
	settings
	format  string
	out     string
	config  string
	explain bool
	quiet   bool
	export  exportSettings
}

func collectCommand() command {
	return command{
		name: "collect", args: "[flags] [PATH...]",
		summary: "read traces, check and scan them, and say what happened",
		help: `examples:
  andon collect testdata/transcripts/claude-stream-json
  andon collect --format json 'traces/**/*.jsonl'
  andon collect --pr 12 --sha 1a2b3c4d --out bundle ~/.claude/projects
  andon collect --on-secret fail --fail-on error traces

In GitHub Actions the key comes from the event, the summary goes to the job
summary, findings become annotations, and without a PATH the usual places of
the agents are searched.
`,
		start: func(fs *flag.FlagSet) runner {
			f := &collectFlags{}
			f.define(fs)
			return func(ctx context.Context, env Env, args []string) error {
				return f.run(ctx, env, args)
			}
		},
	}
}

func (f *collectFlags) define(fs *flag.FlagSet) {
	f.keyFlags.define(fs)
	f.settings.define(fs)
	fs.StringVar(&f.format, "format", "text", "`FORMAT` of the output: text, markdown or json")
	fs.StringVar(&f.out, "out", "", "write a bundle to `DIR`: new, empty or an earlier bundle")
	fs.StringVar(&f.config, "config", "", "configuration `FILE` (default "+configPath+")")
	fs.BoolVar(&f.explain, "explain", false, "show for each total the lines it came from (text and json)")
	f.export.defineBeside(fs)
	fs.BoolVar(&f.quiet, "quiet", false, "no progress on stderr")
}

func (k *keyFlags) define(fs *flag.FlagSet) {
	fs.StringVar(&k.repository, "repository", "", "the `OWNER/NAME` that the traces are about")
	fs.Func("pr", "the pull request's `NUMBER`", func(s string) (err error) {
		if k.pr, err = strconv.Atoi(s); err != nil || k.pr < 1 {
			return errors.New("a pull request has a number from 1 on")
		}
		return nil
	})
	fs.StringVar(&k.sha, "sha", "", "the head commit's `SHA`")
	fs.StringVar(&k.event, "event", "", "`FILE` with the event's payload (default $GITHUB_EVENT_PATH)")
	fs.StringVar(&k.eventName, "event-name", "", "`NAME` of the event (default $GITHUB_EVENT_NAME)")
}

func (f *collectFlags) run(ctx context.Context, env Env, args []string) error {
	if err := oneOf("--format", f.format, "text", "markdown", "json"); err != nil {
		return err
	}
	if err := oneOf("ANDON_SUMMARY", cmp.Or(env.Getenv("ANDON_SUMMARY"), "true"), "true", "false"); err != nil {
		return err
	}
	notes, err := f.settings.complete(ctx, env, f.config, f.keyFlags.checkout(env))
	if err != nil {
		return err
	}
	if err := f.export.complete(env, f.settings.export); err != nil {
		return err
	}
	if inActions(env) { // SetOutputs says it where this cannot be written
		action.New(env.Stdout, env.Getenv).SetGated(f.onSecret == "fail" || strings.Trim(f.failOn, ", ") != "" && f.failOn != "none" || f.export.asked() && f.export.onError == "fail")
	}
	agent, err := f.givenAgent()
	if err != nil {
		return err
	}
	paths := f.paths(env, args)
	if len(paths) == 0 {
		return usage("collect: no PATH given", "andon collect FILE_OR_FOLDER; `andon help collect` has examples")
	}
	c, err := newCollection(env, f, paths)
	if err != nil {
		return err
	}
	c.findings = append(c.findings, notes...)
	if f.export.asked() {
		c.runs.MaxSteps = maxExported
	}
	if err := c.read(ctx, env, c.files); err != nil {
		return err
	}
	c.bar.done()
	c.finish(agent)
	return c.deliver(ctx, env)
}

// paths returns what to read: the arguments, else what the configuration
// names, else in GitHub Actions the usual places.
func (f *collectFlags) paths(env Env, args []string) []string {
	switch {
	case len(args) > 0:
		return args
	case len(f.traces) > 0:
		return f.traces
	case inActions(env):
		return usualPlaces(env)
	}
	return nil
}

// givenAgent returns the agent that the flags name. An instructions file is
// known by its hash, so that a change of it shows in every figure.
func (f *collectFlags) givenAgent() (trace.Agent, error) {
	a := trace.Agent{Name: f.agent}
	if f.instructions == "" {
		return a, nil
	}
	if info, err := os.Stat(f.instructions); err == nil && !info.Mode().IsRegular() { // a device may never end, nor open
		return a, failure(errors.New("not a regular file"), "reading the instructions", "--instructions takes a readable file")
	}
	file, err := os.Open(f.instructions)
	if err != nil {
		return a, failure(err, "reading the instructions", "--instructions takes the prompt, skill or agent file that the agent ran under")
	}
	defer file.Close()
	h := sha256.New()
	if _, err := io.Copy(h, file); err != nil {
		return a, failure(err, "reading the instructions", "--instructions takes a readable file")
	}
	a.Instructions = &trace.Instructions{Path: f.instructions, SHA256: hex.EncodeToString(h.Sum(nil))}
	return a, nil
}

// oneOf checks the value of a flag that takes one of a few words.
func oneOf(flag, value string, valid ...string) error {
	for _, v := range valid {
		if v == value {
			return nil
		}
	}
	return usage(fmt.Sprintf("%s does not take %q", flag, value), fmt.Sprintf("%s takes one of %v", flag, valid))
}
