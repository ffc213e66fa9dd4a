package cli

import (
	"cmp"
	"context"
	"flag"
	"fmt"

	"github.com/andon-ci/andon/internal/action"
	"github.com/andon-ci/andon/internal/otlp"
)

// traceparentFlags are what traceparent was asked for.
type traceparentFlags struct {
	scheme string
	force  bool
}

func traceparentCommand() command {
	return command{
		name: "traceparent", args: "[flags]",
		summary: "print the span that this job's runs will be exported under",
		help: `Run it before the agent: programs that send spans of their own, such as the
agent, put them under the span that TRACEPARENT names. In GitHub Actions it sets
the step's output traceparent, and TRACEPARENT for the steps that follow in the
job; a later job takes it from needs.JOB.outputs. A TRACEPARENT that is there
stays, and the export follows it.

examples:
  export TRACEPARENT=$(andon traceparent)
  andon traceparent --trace-ids grafana
`,
		start: func(fs *flag.FlagSet) runner {
			f := &traceparentFlags{}
			fs.StringVar(&f.scheme, "trace-ids", "", "whose `SCHEME` of trace ids: githubreceiver (default) or grafana")
			fs.BoolVar(&f.force, "force", false, "replace a TRACEPARENT that is there by a span below it")
			return func(_ context.Context, env Env, args []string) error { return f.run(env, args) }
		},
	}
}

func (f *traceparentFlags) run(env Env, args []string) error {
	if len(args) > 0 {
		return usage(fmt.Sprintf("traceparent: %q is not expected", args[0]), "andon help traceparent")
	}
	f.scheme = cmp.Or(f.scheme, env.Getenv("ANDON_TRACE_IDS"), string(otlp.GitHubReceiver))
	if err := oneOf("--trace-ids", f.scheme, string(otlp.GitHubReceiver), string(otlp.Grafana)); err != nil {
		return err
	}
	incoming, set := otlp.ParseTraceparent(env.Getenv("TRACEPARENT"))
	root, known := otlp.NewMapper(pipelineFrom(env, keyFlags{}), otlp.Options{Scheme: otlp.Scheme(f.scheme), Incoming: incoming}).Root()
	switch {
	case set && !f.force:
		root = incoming
	case !known:
		return usage("traceparent: not in a workflow run", "it is made of GITHUB_RUN_ID; elsewhere each run is a trace of its own")
	}
	if inActions(env) && env.Getenv("GITHUB_OUTPUT") != "" {
		if err := action.New(env.Stdout, env.Getenv).SetTraceparent(root.String()); err != nil {
			return failure(err, "telling GitHub", "")
		}
	}
	return printed(fmt.Fprintln(env.Stdout, root))
}
