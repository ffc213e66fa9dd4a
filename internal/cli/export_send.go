package cli

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/andon-ci/andon/internal/otlp"
)

// exportSettings say where to and how an export goes. Commands that export
// beside their work have them too.
type exportSettings struct {
	endpoints   []string
	scheme      string
	semconv     string
	traceparent string
	onError     string
	sent        string
	force       bool
}

func (s *exportSettings) define(fs *flag.FlagSet) {
	fs.Func("endpoint", "send to `URL` over OTLP/HTTP, and with \"URL VARIABLE\" with the headers in that variable; may be repeated", func(v string) error {
		s.endpoints = append(s.endpoints, v)
		return nil
	})
	fs.StringVar(&s.scheme, "trace-ids", "", "whose `SCHEME` of trace ids: githubreceiver (default) or grafana")
	fs.StringVar(&s.semconv, "semconv", "", "`PROFILE` of attribute names: stable (default) or next")
	fs.StringVar(&s.traceparent, "traceparent", "", "the `CONTEXT` to export into (default $TRACEPARENT)")
	fs.StringVar(&s.onError, "on-export-error", "", "what an export that fails does, an `ACTION`: warn (default) or fail")
	fs.StringVar(&s.sent, "sent", "", "remember in `FILE` what was sent (default: in the bundle, where one is exported)")
	fs.BoolVar(&s.force, "force", false, "send again what was sent before")
}

// complete fills in what the flags leave open, and checks the result.
func (s *exportSettings) complete(env Env) error {
	if len(s.endpoints) == 0 {
		s.endpoints = lines(env.Getenv("ANDON_OTLP_ENDPOINT"))
	}
	for _, f := range []struct {
		dst             *string
		name, otherwise string
	}{
		{&s.scheme, "ANDON_TRACE_IDS", string(otlp.GitHubReceiver)},
		{&s.semconv, "ANDON_SEMCONV", string(otlp.Stable)},
		{&s.traceparent, "TRACEPARENT", ""},
		{&s.onError, "ANDON_ON_EXPORT_ERROR", "warn"},
		{&s.sent, "ANDON_SENT", ""},
	} {
		*f.dst = cmp.Or(*f.dst, env.Getenv(f.name), f.otherwise)
	}
	return errors.Join(
		oneOf("--trace-ids", s.scheme, string(otlp.GitHubReceiver), string(otlp.Grafana)),
		oneOf("--semconv", s.semconv, string(otlp.Stable), string(otlp.Next)),
		oneOf("--on-export-error", s.onError, "warn", "fail"))
}

// export is an export under way.
type export struct {
	env     Env
	flags   *exportFlags
	placed  map[string]otlp.Link // of runs that were exported
	file    *spool               // nil for none
	missing error                // a path that is not there
}

func newExport(env Env, f *exportFlags) (*export, error) {
	e := &export{env: env, flags: f, placed: map[string]otlp.Link{}}
	if f.file == "" {
		return e, nil
	}
	var err error
	e.file, err = newSpool(env, f.file)
	return e, err
}

// options are how a group is mapped. An incoming context is of this workflow run,
// and of no other.
func (e *export) options(g group) (otlp.Options, error) {
	o := otlp.Options{
		Profile: otlp.Profile(e.flags.semconv), Scheme: otlp.Scheme(e.flags.scheme),
		Content: e.flags.content != "none", HideUser: e.flags.pii == "true", At: e.env.Now(),
	}
	for _, pair := range strings.Split(e.env.Getenv("OTEL_RESOURCE_ATTRIBUTES"), ",") {
		if k, v, ok := strings.Cut(pair, "="); ok && strings.TrimSpace(k) != "" {
			o.Resource = append(o.Resource, otlp.Attr{Key: strings.TrimSpace(k), Value: unescape(strings.TrimSpace(v))})
		}
	}
	if name := e.env.Getenv("OTEL_SERVICE_NAME"); name != "" {
		o.Resource = append(o.Resource, otlp.Attr{Key: "service.name", Value: name})
	}
	if g.bundle == "" && e.flags.traceparent != "" {
		in, ok := otlp.ParseTraceparent(e.flags.traceparent)
		if !ok {
			return o, usage("the traceparent is none", "it is 00-<32 hex digits>-<16 hex digits>-01; unset TRACEPARENT to do without")
		}
		o.Incoming = in
	}
	return o, nil
}

// send exports units to wherever they go.
func (e *export) send(ctx context.Context, u *units) {
	for b := range otlp.Batches(u.list, version(), u.scrub) {
		if e.file != nil {
			e.file.write(b)
		}
	}
}

func (e *export) discard() {
	if e.file != nil {
		e.file.discard()
	}
}

// finish says what became of the export.
func (e *export) finish() error {
	if e.file != nil {
		if err := e.file.finish(); err != nil {
			return failure(errors.New(reason(err)), "writing "+e.flags.file, "--otlp-file takes a file in a folder that is there")
		}
	}
	return e.missing
}

// spool is the file of OTLP JSON, which is there whole or not at all.
type spool struct {
	path string
	tmp  *os.File // nil for stdout
	w    *bufio.Writer
	err  error
}

func newSpool(env Env, path string) (*spool, error) {
	if path == "-" {
		return &spool{w: bufio.NewWriter(env.Stdout)}, nil
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".andon-otlp-")
	if err != nil {
		return nil, failure(errors.New(reason(err)), "writing "+path, "--otlp-file takes a file in a folder that is there")
	}
	return &spool{path: path, tmp: tmp, w: bufio.NewWriterSize(tmp, 64<<10)}, nil
}

func (s *spool) write(b *otlp.Batch) {
	if s.err == nil {
		s.err = b.WriteJSON(s.w)
	}
}

func (s *spool) discard() {
	if s.tmp != nil {
		s.tmp.Close()
		os.Remove(s.tmp.Name())
	}
}

func (s *spool) finish() error {
	err := errors.Join(s.err, s.w.Flush())
	if s.tmp == nil || err != nil {
		return err
	}
	if err := errors.Join(s.tmp.Chmod(0o644), s.tmp.Close()); err != nil {
		return err
	}
	return os.Rename(s.tmp.Name(), s.path)
}

// unescape decodes the percent-encoding of OpenTelemetry's lists.
func unescape(s string) string {
	if out, err := url.PathUnescape(s); err == nil {
		return out
	}
	return s
}
