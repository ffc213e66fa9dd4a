package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/andon-ci/andon/internal/action"
	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/otlp"
	"github.com/andon-ci/andon/internal/otlp/exporter"
	"github.com/andon-ci/andon/internal/secret"
)

// export is an export under way.
type export struct {
	env      Env
	o        *exportSettings
	pii      bool
	places   *otlp.Places // of runs that were exported, now or before
	file     *spool       // nil for none
	ends     []*destination
	memory   *memory
	scrubs   []func(string) string // of what was sent
	scores   []otlp.Score          // to send when the runs that they are about were
	forges   *forges               // nil where the workflow runs themselves are not sent
	troubles []string              // other than of an endpoint
	since    time.Time             // what ended before is not sent
	left     int                   // units that are too old
	aged     int                   // units that are old, and sent
}

// destination is an endpoint, and what became of what was sent to it.
type destination struct {
	*exporter.Exporter
	id      string // in the memory
	spans   int
	units   int
	skipped int
	traces  []otlp.TraceID // that were sent to, up to maxShown and one more
	unsent  int
	err     error       // the first
	meter   *otlp.Meter // of what was sent; nil where that is not asked for
	scores  int
	scored  error // what became of scores
}

// newExport prepares an export. Endpoints are those asked for, else those of
// OpenTelemetry's own variables.
func newExport(env Env, s *exportSettings, pii bool) (*export, error) {
	e := &export{env: env, o: s, pii: pii, places: &otlp.Places{}}
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
	if s.ciSpans {
		e.forges = newForges(env)
	}
	if e.since, err = s.since(env.now()); err != nil {
		return nil, err
	}
	if e.memory, err = newMemory(s.sent); err != nil {
		return nil, err
	}
	for i := range e.memory.lines {
		e.places.Add(e.memory.lines[i].place())
	}
	if s.file != "" {
		e.file, err = newSpool(env, s.file)
	}
	return e, err
}

// idle reports whether there is nowhere to export to.
func (e *export) idle() bool { return e.file == nil && len(e.ends) == 0 }

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
		d.see(b.Spans)
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
				Resource: otlp.CleanAttrs(otlp.NewMapper(otlp.Pipeline{}, o).MetricResource(), scrub), Version: version(),
				List: cleanMetrics(d.meter.Metrics(), scrub), From: d.meter.First(), To: e.env.now(), Delta: true,
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
	if !quiet {
		e.tellAge()
	}
	lines := e.troubles
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
	e.show()
	if len(lines) == 0 {
		return nil
	}
	return e.complain(lines)
}

// tell says what was sent.
func (d *destination) tell(w io.Writer) {
	if d.units > 0 {
		fmt.Fprintf(w, "andon: sent %s to %s\n", counted(d.spans, "span", "spans"), strings.Join(append([]string{plain(d.Host())}, d.links()...), " "))
	}
	if d.scores > 0 {
		fmt.Fprintf(w, "andon: sent %s to %s\n", counted(d.scores, "score", "scores"), plain(d.Host()))
	}
}

// tellAge says what is not sent for its age, and what may not be taken for it.
func (e *export) tellAge() {
	if e.left > 0 {
		fmt.Fprintf(e.env.Stderr, "andon: not sent for their age (--max-age %s): %s\n", plain(e.o.maxAge), counted(e.left, "trace or part of one", "traces or parts of one"))
	}
	if e.aged > 0 && len(e.ends) > 0 && e.since.IsZero() {
		fmt.Fprintf(e.env.Stderr, "andon: %s over a day old, which not every backend takes; --max-age leaves out what is older\n", counted(e.aged, "trace or part of one is", "traces or parts of one are"))
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
		text := strings.NewReplacer("`", "'", "\n", " ").Replace(strings.Join(lines, "; "))
		e.summarise("\n> [!WARNING]\n> `" + text + "`\n")
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
