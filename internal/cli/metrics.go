package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"regexp"
	"strings"

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
  andon metrics --history ./factory --openmetrics > past.om
`,
		start: func(fs *flag.FlagSet) runner {
			f := &metricsFlags{}
			f.exportFlags.define(fs)
			fs.StringVar(&f.from, "history", "", "add up the history at `DIR|BRANCH`, as andon sync takes it")
			fs.BoolVar(&f.prometheus, "prometheus", false, "print them in Prometheus' text format, whether they are sent or not")
			fs.BoolVar(&f.past, "openmetrics", false, "print the totals of each day of the history with its time, to fill Prometheus with what was before")
			fs.Func("label", "with --openmetrics, a label that Prometheus will give what it is told now, as `NAME=VALUE`; may be repeated", f.addLabel)
			return func(ctx context.Context, env Env, args []string) error { return f.run(ctx, env, args) }
		},
	}
}

// metricsFlags are what metrics was asked for.
type metricsFlags struct {
	exportFlags
	prometheus bool
	past       bool
	labels     []otlp.Attr
}

var labelName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

func (f *metricsFlags) addLabel(s string) error {
	name, value, ok := strings.Cut(s, "=")
	if !ok || !labelName.MatchString(name) {
		return errors.New("it is not NAME=VALUE")
	}
	f.labels = append(f.labels, otlp.Attr{Key: name, Value: value})
	return nil
}

func (f *metricsFlags) check(args []string) error {
	switch {
	case len(f.labels) > 0 && !f.past:
		return usage("metrics: --label is for --openmetrics", "what Prometheus scrapes is labelled by its configuration")
	case f.past && (f.from == "" || len(args)+len(f.bundles) > 0 || f.prometheus):
		return usage("metrics: --openmetrics prints a history, and nothing else", "andon metrics --history DIR|BRANCH --openmetrics")
	case len(args)+len(f.bundles) == 0 && f.from == "":
		return usage("metrics: no PATH given", "andon metrics FILE_OR_FOLDER, or --history; `andon help metrics` has examples")
	}
	return nil
}

func (f *metricsFlags) run(ctx context.Context, env Env, args []string) error {
	if err := f.check(args); err != nil {
		return err
	}
	if _, err := f.settings.complete(ctx, env, f.config, f.keyFlags.checkout(env)); err != nil {
		return err
	}
	if err := f.exportSettings.complete(env, f.settings.export); err != nil {
		return err
	}
	meter := otlp.NewMeter(otlp.Profile(f.semconv))
	if f.past {
		return f.printPast(ctx, env, meter)
	}
	e, err := newExport(env, &f.exportSettings, f.pii == "true")
	if err != nil {
		return err
	}
	defer e.discard()
	scrub, missing, err := f.addPaths(ctx, env, args, meter)
	if err != nil {
		return err
	}
	if f.from != "" {
		clean, err := f.addHistory(ctx, env, meter)
		if err != nil {
			return err
		}
		scrub = both(scrub, clean)
	}
	return f.tell(ctx, env, e, meter, scrub, missing)
}

// addPaths adds up what PATHs and bundles hold. It returns what cuts out of names
// what must not leave, and what was not there.
func (f *metricsFlags) addPaths(ctx context.Context, env Env, args []string, meter *otlp.Meter) (scrub func(string) string, missing, err error) {
	scrub = func(s string) string { return s }
	groups, err := f.groups(env, args)
	if err != nil {
		return nil, nil, err
	}
	for _, g := range groups {
		c, records, err := f.read(ctx, env, g)
		if err != nil {
			return nil, nil, err
		}
		addAll(meter, c, g, records)
		scrub = both(scrub, scrubber(c.gatherer))
		missing = errors.Join(missing, c.allThere())
	}
	return scrub, missing, nil
}

// tell prints metrics, where that was asked for or there is nowhere to send them
// to, and sends them.
func (f *metricsFlags) tell(ctx context.Context, env Env, e *export, meter *otlp.Meter, scrub func(string) string, missing error) error {
	list := cleanMetrics(meter.Metrics(), scrub)
	if f.prometheus || len(e.ends) == 0 {
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
			Resource: otlp.CleanAttrs(otlp.NewMapper(otlp.Pipeline{}, o).MetricResource(), scrub), Version: version(),
			List: list, From: meter.First(), To: env.now(),
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
