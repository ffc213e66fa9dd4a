package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"

	"github.com/andon-ci/andon/internal/otlp"
)

// exportFlags are what export was asked for.
type exportFlags struct {
	keyFlags
	settings
	exportSettings
	config  string
	from    string // a history
	bundles []string
	quiet   bool
}

func exportCommand() command {
	return command{
		name: "export", args: "[flags] [PATH...]",
		summary: "send runs and overrides to an OpenTelemetry backend, or write them as OTLP JSON",
		help: `A PATH is a trace, a bundle, what ` + "`andon overrides --format json`" + ` printed, or a
folder or a glob of these. Of the agents' words nothing is sent unless --content
says so. Headers are read from OTEL_EXPORTER_OTLP_HEADERS, or from the variable
that an endpoint names, and never shown.

examples:
  andon export --otlp-file runs.otlp.jsonl traces
  andon export --endpoint http://localhost:6006 traces overrides.json
  andon export --endpoint 'https://cloud.langfuse.com/api/public/otel LANGFUSE_HEADERS' traces
  andon export --from-bundles bundles --sent sent.jsonl
  andon export --history andon/history --max-age 7d --sent sent.jsonl
  andon export --scores --endpoint http://localhost:6006 traces overrides.json

Without an endpoint and without a file there is nothing to do, and nothing is
said. docs/otlp.md has the mapping.
`,
		start: func(fs *flag.FlagSet) runner {
			f := &exportFlags{}
			f.define(fs)
			f.defineTraces(fs)
			fs.StringVar(&f.from, "history", "", "export what people did about runs, as the history at `DIR|BRANCH` has it, linked to the runs")
			return func(ctx context.Context, env Env, args []string) error { return f.run(ctx, env, args) }
		},
	}
}

func (f *exportFlags) define(fs *flag.FlagSet) {
	f.keyFlags.define(fs)
	fs.StringVar(&f.agent, "agent", "", "the agent's `NAME`, where the trace does not say")
	fs.StringVar(&f.instructions, "instructions", "", "the prompt or agent `FILE` that the agent ran under")
	fs.BoolFunc("pii", "send nothing with personal data in it: "+personalData, f.setPersonal)
	fs.StringVar(&f.config, "config", "", "configuration `FILE` (default "+configPath+")")
	fs.Func("from-bundles", "export the bundles in `DIR`, each as the workflow run that it is from; may be repeated", func(s string) error {
		f.bundles = append(f.bundles, s)
		return nil
	})
	f.exportSettings.define(fs)
	fs.BoolVar(&f.quiet, "quiet", false, "no progress on stderr")
}

func (f *exportFlags) run(ctx context.Context, env Env, args []string) error {
	if len(args)+len(f.bundles) == 0 && f.from == "" {
		return usage("export: no PATH given", "andon export FILE_OR_FOLDER, or --history; `andon help export` has examples")
	}
	notes, err := f.settings.complete(ctx, env, f.config, f.keyFlags.checkout(env))
	if err != nil {
		return err
	}
	if err := f.exportSettings.complete(env, f.settings.export); err != nil {
		return err
	}
	e, err := newExport(env, &f.exportSettings, f.pii == "true")
	if err != nil || e.idle() {
		return err
	}
	defer e.discard()
	for _, n := range notes {
		fmt.Fprintf(env.Stderr, "andon: %s: %s\n", plain(string(n.Severity)), plain(n.Message))
	}
	groups, err := f.groups(env, args)
	if err != nil {
		return err
	}
	var missing error
	for _, g := range groups {
		c, records, err := f.read(ctx, env, g)
		if err != nil {
			return err
		}
		units, err := e.units(ctx, g, c, records)
		if err != nil {
			return err
		}
		e.send(ctx, g.bundle, units)
		missing = errors.Join(missing, c.allThere())
	}
	if err := f.exportHistory(ctx, env, e); err != nil {
		return err
	}
	e.score(ctx)
	if err := e.delta(ctx); err != nil {
		return err
	}
	return errors.Join(missing, e.finish(f.quiet))
}

// exportHistory exports what a history says that people did.
func (f *exportFlags) exportHistory(ctx context.Context, env Env, e *export) error {
	if f.from == "" {
		return nil
	}
	k, err := f.kept(ctx, env)
	if err != nil {
		return err
	}
	u, err := e.acts(ctx, k)
	if err != nil {
		return err
	}
	e.send(ctx, "", u)
	return nil
}

// units are what there is to export of one group, and how it is cleaned.
type units struct {
	list  []otlp.Unit
	scrub func(string) string
}
