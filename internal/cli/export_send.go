package cli

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/andon-ci/andon/internal/action"
	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/otlp"
	"github.com/andon-ci/andon/internal/otlp/exporter"
	"github.com/andon-ci/andon/internal/secret"
)

// exportSettings say where to and how an export goes.
type exportSettings struct {
	endpoints   []string
	file        string
	content     string
	scheme      string
	semconv     string
	traceparent string
	onError     string
	sent        string
	force       bool
	metrics     string
	scores      bool
}

func (s *exportSettings) define(fs *flag.FlagSet) {
	fs.Func("endpoint", "send to `URL` over OTLP/HTTP, and with \"URL VARIABLE\" with the headers in that variable; may be repeated", func(v string) error {
		s.endpoints = append(s.endpoints, v)
		return nil
	})
	fs.StringVar(&s.file, "otlp-file", "", "write OTLP JSON, a request a line, to `FILE`, or to stdout for -")
	fs.StringVar(&s.content, "content", "", "what of the words of agents and people is sent, a `LEVEL`: none (default), redacted or full")
	fs.StringVar(&s.scheme, "trace-ids", "", "whose `SCHEME` of trace ids: githubreceiver (default) or grafana")
	fs.StringVar(&s.semconv, "semconv", "", "`PROFILE` of attribute names: stable (default) or next")
	fs.StringVar(&s.traceparent, "traceparent", "", "the `CONTEXT` to export into (default $TRACEPARENT)")
	fs.StringVar(&s.onError, "on-export-error", "", "what an export that fails does, an `ACTION`: warn (default) or fail")
	fs.StringVar(&s.sent, "sent", "", "remember in `FILE` what was sent (default: in the bundle, where one is exported)")
	fs.StringVar(&s.metrics, "metrics", "", "send metrics of what is sent too, as a `KIND`: none (default) or delta, which not every backend can add up")
	fs.BoolVar(&s.force, "force", false, "send again what was sent before")
}

// defineBeside defines the flags of a command that exports beside its work. It
// does so only where it is told to: the variables of OpenTelemetry may be set for
// the agent.
func (s *exportSettings) defineBeside(fs *flag.FlagSet) {
	fs.Func("otlp-endpoint", "send what was collected to `URL`, as `andon export` does; may be repeated", func(v string) error {
		s.endpoints = append(s.endpoints, v)
		return nil
	})
	fs.StringVar(&s.file, "otlp-file", "", "write what was collected as OTLP JSON to `FILE`")
	fs.StringVar(&s.content, "export-content", "", "what of the words of agents is sent, a `LEVEL`: none (default), redacted or full")
	fs.StringVar(&s.onError, "on-export-error", "", "what an export that fails does, an `ACTION`: warn (default) or fail")
}

// asked reports whether the command was told to export.
func (s *exportSettings) asked() bool { return len(s.endpoints) > 0 || s.file != "" }

// complete fills in what the flags leave open, and checks the result.
func (s *exportSettings) complete(env Env, c exportConfig) error {
	if len(s.endpoints) == 0 {
		s.endpoints = lines(env.Getenv("ANDON_OTLP_ENDPOINT"))
	}
	if len(s.endpoints) == 0 {
		s.endpoints = c.Endpoints
	}
	for _, f := range []struct {
		dst                         *string
		name, configured, otherwise string
	}{
		{&s.content, "ANDON_EXPORT_CONTENT", c.Content, "none"},
		{&s.scheme, "ANDON_TRACE_IDS", c.TraceIDs, string(otlp.GitHubReceiver)},
		{&s.semconv, "ANDON_SEMCONV", c.Semconv, string(otlp.Stable)},
		{&s.traceparent, "TRACEPARENT", "", ""},
		{&s.onError, "ANDON_ON_EXPORT_ERROR", c.OnError, "warn"},
		{&s.sent, "ANDON_SENT", "", ""},
		{&s.metrics, "ANDON_METRICS", c.Metrics, "none"},
	} {
		*f.dst = cmp.Or(*f.dst, env.Getenv(f.name), f.configured, f.otherwise)
	}
	return errors.Join(
		oneOf("--content", s.content, "none", "redacted", "full"),
		oneOf("--trace-ids", s.scheme, string(otlp.GitHubReceiver), string(otlp.Grafana)),
		oneOf("--semconv", s.semconv, string(otlp.Stable), string(otlp.Next)),
		oneOf("--metrics", s.metrics, "none", "delta"),
		oneOf("--on-export-error", s.onError, "warn", "fail"))
}

// export is an export under way.
type export struct {
	env    Env
	o      *exportSettings
	pii    bool
	placed map[string]otlp.Link // of runs that were exported
	file   *spool               // nil for none
	ends   []*destination
	memory *memory
	scrubs []func(string) string // of what was sent
	scores []otlp.Score          // to send when the runs that they are about were
}

// destination is an endpoint, and what became of what was sent to it.
type destination struct {
	*exporter.Exporter
	id      string // in the memory
	spans   int
	units   int
	skipped int
	unsent  int
	err     error       // the first
	meter   *otlp.Meter // of what was sent; nil where that is not asked for
	scores  int
	scored  error // what became of scores
}

// newExport prepares an export. Endpoints are those asked for, else those of
// OpenTelemetry's own variables.
func newExport(env Env, s *exportSettings, pii bool) (*export, error) {
	e := &export{env: env, o: s, pii: pii, placed: map[string]otlp.Link{}}
	ends, err := exporter.Endpoints(s.endpoints, exporter.Environment{Getenv: env.Getenv, ReadFile: os.ReadFile})
	if err != nil {
		return nil, usage("export: "+err.Error(), "--endpoint takes a URL; docs/otlp.md has the variables")
	}
	for _, end := range ends {
		d := &destination{Exporter: exporter.New(end, exporter.Options{Clock: env.Export}), id: endpointID(end)}
		if s.metrics == "delta" {
			d.meter = otlp.NewMeter(otlp.Profile(s.semconv))
		}
		e.ends = append(e.ends, d)
	}
	if e.memory, err = newMemory(s.sent); err != nil {
		return nil, err
	}
	if s.file != "" {
		e.file, err = newSpool(env, s.file)
	}
	return e, err
}

// idle reports whether there is nowhere to export to.
func (e *export) idle() bool { return e.file == nil && len(e.ends) == 0 }

// options are how a group is mapped. An incoming context is of this workflow
// run, and of no other.
func (e *export) options(g group) (otlp.Options, error) {
	o := otlp.Options{
		Profile: otlp.Profile(e.o.semconv), Scheme: otlp.Scheme(e.o.scheme),
		Content: e.o.content != "none", HideUser: e.pii || e.o.content == "redacted", At: clock(e.env),
	}
	for _, pair := range strings.Split(e.env.Getenv("OTEL_RESOURCE_ATTRIBUTES"), ",") {
		if k, v, ok := strings.Cut(pair, "="); ok && strings.TrimSpace(k) != "" {
			o.Resource = append(o.Resource, otlp.Attr{Key: strings.TrimSpace(k), Value: unescape(strings.TrimSpace(v))})
		}
	}
	if name := e.env.Getenv("OTEL_SERVICE_NAME"); name != "" {
		o.Resource = slices.DeleteFunc(o.Resource, func(a otlp.Attr) bool { return a.Key == "service.name" })
		o.Resource = append(o.Resource, otlp.Attr{Key: "service.name", Value: name})
	}
	if !g.elsewhere && e.o.traceparent != "" {
		in, ok := otlp.ParseTraceparent(e.o.traceparent)
		if !ok {
			return o, usage("the traceparent is none", "it is 00-<32 hex digits>-<16 hex digits>-01; unset TRACEPARENT to do without")
		}
		o.Incoming = in
	}
	return o, nil
}

// clock returns the time, and the zero time where there is no clock.
func clock(env Env) time.Time {
	if env.Now == nil {
		return time.Time{}
	}
	return env.Now()
}

// unescape decodes the percent-encoding of OpenTelemetry's lists.
func unescape(s string) string {
	if out, err := url.PathUnescape(s); err == nil {
		return out
	}
	return s
}

// send exports units to wherever they go, to all at once: an endpoint that hangs
// must not keep the others waiting.
func (e *export) send(ctx context.Context, bundle string, u *units) {
	if e.file != nil {
		for b := range otlp.Batches(u.list, version(), u.scrub) {
			e.file.write(b)
		}
	}
	m := e.memory
	if m.path == "" && bundle != "" {
		m = bundleMemory(bundle)
	}
	var wg sync.WaitGroup
	for _, d := range e.ends {
		wg.Go(func() { d.send(ctx, u, m, e.o.force) })
	}
	wg.Wait()
	e.scrubs = append(e.scrubs, u.scrub)
	m.note(u.list, e.placed)
	if m != e.memory {
		e.remember(m)
	}
}

// send sends what the endpoint does not have yet.
func (d *destination) send(ctx context.Context, u *units, m *memory, force bool) {
	var list []otlp.Unit
	for _, unit := range u.list {
		if !force && m.has(d.id, unit) {
			d.skipped++
			continue
		}
		list = append(list, unit)
	}
	failed := map[string]bool{}
	for b := range otlp.Batches(list, version(), u.scrub) {
		if err := d.Spans(ctx, b); err != nil {
			d.err = cmp.Or(d.err, err)
			for _, key := range b.Keys {
				failed[key] = true
			}
			continue
		}
		d.spans += len(b.Spans)
	}
	for _, unit := range list {
		if failed[unit.Key] {
			d.unsent++
			continue
		}
		d.units++
		m.add(d.id, unit)
		if d.meter != nil && unit.Measure != nil {
			unit.Measure(d.meter)
		}
	}
}

// delta sends the metrics of what each endpoint was sent, where that was asked
// for.
func (e *export) delta(ctx context.Context) error {
	o, err := e.options(group{elsewhere: true})
	if err != nil {
		return err
	}
	scrub := func(s string) string { return s }
	for _, f := range e.scrubs {
		scrub = both(scrub, f)
	}
	for _, d := range e.ends {
		if d.meter != nil {
			e.measure(ctx, d, &exporter.Metrics{
				Resource: otlp.NewMapper(otlp.Pipeline{}, o).MetricResource(), Version: version(),
				List: cleanMetrics(d.meter.Metrics(), scrub), From: d.meter.First(), To: clock(e.env), Delta: true,
			})
		}
	}
	return nil
}

func (e *export) discard() {
	if e.file != nil {
		e.file.discard()
	}
}

// finish says what became of the export.
func (e *export) finish(quiet bool) error {
	if e.file != nil {
		if err := e.file.finish(); err != nil {
			return failure(errors.New(reason(err)), "writing "+e.o.file, "--otlp-file takes a file in a folder that is there")
		}
	}
	e.remember(e.memory)
	var lines []string
	for _, d := range e.ends {
		if line := d.problem(); line != "" {
			lines = append(lines, line)
		}
		if line := d.unscored(); line != "" {
			lines = append(lines, line)
		}
		if !quiet {
			d.tell(e.env.Stderr)
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return e.complain(lines)
}

// tell says what was sent.
func (d *destination) tell(w io.Writer) {
	if d.units > 0 {
		fmt.Fprintf(w, "andon: sent %s to %s\n", counted(d.spans, "span", "spans"), plain(d.Host()))
	}
	if d.scores > 0 {
		fmt.Fprintf(w, "andon: sent %s to %s\n", counted(d.scores, "score", "scores"), plain(d.Host()))
	}
}

// problem says in one line what did not arrive, empty where all did.
func (d *destination) problem() string {
	switch {
	case d.err != nil && d.unsent > 0:
		return fmt.Sprintf("export failed: %v; not sent: %d of %d traces or parts of one", d.err, d.unsent, d.unsent+d.units)
	case d.Rejected > 0 || d.Why != "":
		return fmt.Sprintf("export: %s did not take %s: %s", d.Host(), counted(int(d.Rejected), "span", "spans"), cmp.Or(d.Why, "it does not say why"))
	}
	return ""
}

// complain tells people of an export that failed: it must not pass in silence,
// and it must not cost the job its result.
func (e *export) complain(lines []string) error {
	scan, err := e.words()
	if err != nil {
		return err
	}
	for i := range lines {
		out, _ := scan.Redact([]byte(lines[i]))
		lines[i] = plain(string(out))
		fmt.Fprintf(e.env.Stderr, "andon: warning: %s\n", lines[i])
	}
	if inActions(e.env) {
		r := action.New(e.env.Stderr, e.env.Getenv) // GitHub reads commands from both; stdout may be a document
		var fs []finding.Finding
		for _, line := range lines {
			fs = append(fs, finding.Finding{Rule: "export/failed", Severity: finding.Warning, Message: line, Hint: "docs/otlp.md says what each answer means"})
		}
		if err := r.Annotate(fs); err != nil {
			return failure(err, "writing the annotations", "")
		}
		if e.env.Getenv("ANDON_SUMMARY") != "false" && e.env.Getenv("GITHUB_STEP_SUMMARY") != "" {
			text := strings.NewReplacer("`", "'", "\n", " ").Replace(strings.Join(lines, "; "))
			if err := r.Summary([]byte("\n> [!WARNING]\n> `" + text + "`\n")); err != nil {
				fmt.Fprintf(e.env.Stderr, "andon: %s\n", plain(err.Error()))
			}
		}
	}
	if e.o.onError == "fail" {
		return failure(errors.New(lines[0]), "exporting", "--on-export-error warn makes it a warning")
	}
	return nil
}

// words returns a scanner that knows the headers: a backend may quote them.
func (e *export) words() (*secret.Scanner, error) {
	var known []secret.Known
	for _, d := range e.ends {
		for name, values := range d.Headers() {
			for _, v := range values {
				known = append(known, secret.Known{Name: name, Value: v})
				if _, key, ok := strings.Cut(v, " "); ok {
					known = append(known, secret.Known{Name: name, Value: key})
				}
			}
		}
	}
	return newKeyedScanner(e.env, nil, jobSecrets(e.env), known...)
}

// counted is a number of things.
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
