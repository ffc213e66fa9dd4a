package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"

	"github.com/andon-ci/andon/internal/otlp"
	"github.com/andon-ci/andon/internal/otlp/exporter"
	"github.com/andon-ci/andon/internal/override"
)

func metricsCommand() command {
	return command{
		name: "metrics", args: "[flags] [PATH...]",
		summary: "add runs and overrides up to metrics, for Prometheus or an OpenTelemetry backend",
		help: `A PATH is what ` + "`andon export`" + ` takes. The metrics are totals of all that was read:
let one job read all of it, and nobody else send the same. Without an endpoint
they are printed in Prometheus' text format.

examples:
  andon metrics --prometheus traces > /var/lib/node_exporter/andon.prom
  andon metrics --history andon/history --endpoint http://localhost:9090/api/v1/otlp
  andon metrics --from-bundles bundles --endpoint http://localhost:9090/api/v1/otlp
`,
		start: func(fs *flag.FlagSet) runner {
			f := &exportFlags{}
			prometheus, from := false, ""
			f.define(fs)
			fs.StringVar(&from, "history", "", "add up the history at `DIR|BRANCH`, as andon sync takes it")
			fs.BoolVar(&prometheus, "prometheus", false, "print them in Prometheus' text format, whether they are sent or not")
			return func(ctx context.Context, env Env, args []string) error {
				return f.runMetrics(ctx, env, args, from, prometheus)
			}
		},
	}
}

func (f *exportFlags) runMetrics(ctx context.Context, env Env, args []string, from string, prometheus bool) error {
	if len(args)+len(f.bundles) == 0 && from == "" {
		return usage("metrics: no PATH given", "andon metrics FILE_OR_FOLDER, or --history; `andon help metrics` has examples")
	}
	if _, err := f.settings.complete(ctx, env, f.config, f.keyFlags.checkout(env)); err != nil {
		return err
	}
	if err := f.exportSettings.complete(env, f.settings.export); err != nil {
		return err
	}
	e, err := newExport(env, &f.exportSettings, f.pii == "true")
	if err != nil {
		return err
	}
	defer e.discard()
	groups, err := f.groups(env, args)
	if err != nil {
		return err
	}
	meter := otlp.NewMeter(otlp.Profile(f.semconv))
	var missing error
	scrub := func(s string) string { return s }
	for _, g := range groups {
		c, records, err := f.read(ctx, env, g)
		if err != nil {
			return err
		}
		addAll(meter, c, g, records)
		scrub = both(scrub, scrubber(c.gatherer))
		missing = errors.Join(missing, c.allThere())
	}
	if from != "" {
		clean, err := f.addHistory(ctx, env, from, meter)
		if err != nil {
			return err
		}
		scrub = both(scrub, clean)
	}
	list := cleanMetrics(meter.Metrics(), scrub)
	if prometheus || len(e.ends) == 0 {
		var b bytes.Buffer
		if err := otlp.WritePrometheus(&b, list); err != nil {
			return err
		}
		if err := printed(env.Stdout.Write(b.Bytes())); err != nil {
			return err
		}
	}
	o, err := e.options(group{elsewhere: true})
	if err != nil {
		return err
	}
	for _, d := range e.ends {
		e.measure(ctx, d, &exporter.Metrics{
			Resource: otlp.NewMapper(otlp.Pipeline{}, o).MetricResource(), Version: version(), List: list, From: meter.First(), To: clock(env),
		})
	}
	return errors.Join(missing, e.finish(f.quiet))
}

// addAll adds a group to a meter.
func addAll(meter *otlp.Meter, c *collection, g group, records []override.Record) {
	for _, s := range c.report.Sessions {
		meter.Add(s, &g.pipeline)
	}
	for i := range records {
		meter.AddOverride(&records[i])
	}
}

func both(f, g func(string) string) func(string) string {
	return func(s string) string { return g(f(s)) }
}

// cleanMetrics cuts out of the attributes what must not leave.
func cleanMetrics(list []otlp.Metric, scrub func(string) string) []otlp.Metric {
	for i := range list {
		for j := range list[i].Points {
			list[i].Points[j].Attrs = otlp.CleanAttrs(list[i].Points[j].Attrs, scrub)
		}
	}
	return list
}

// measure sends metrics to an endpoint.
func (e *export) measure(ctx context.Context, d *destination, m *exporter.Metrics) {
	if m.From.IsZero() {
		m.From = m.To
	}
	if err := d.Metrics(ctx, m); err != nil {
		d.err = cmp.Or(d.err, err)
		d.unsent++
	}
}
