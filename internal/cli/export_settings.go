package cli

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/otlp"
)

// exportSettings say where to and how an export goes.
type exportSettings struct {
	endpoints   []string
	file        string
	content     string
	scheme      string
	semconv     string
	scope       string
	traceparent string
	maxAge      string
	onError     string
	sent        string
	force       bool
	metrics     string
	scores      bool
	ciSpans     bool
}

// define defines the flags of all that is sent.
func (s *exportSettings) define(fs *flag.FlagSet) {
	fs.Func("endpoint", "send to `URL` over OTLP/HTTP, and with \"URL VARIABLE\" with the headers in that variable; \"URL https://…/{trace}\" tells the page of a trace; may be repeated", func(v string) error {
		s.endpoints = append(s.endpoints, v)
		return nil
	})
	fs.StringVar(&s.semconv, "semconv", "", "`PROFILE` of attribute names: stable (default) or next")
	fs.StringVar(&s.onError, "on-export-error", "", "what an export that fails does, an `ACTION`: warn (default) or fail")
}

// defineTraces defines the flags of traces, which metrics have no use for.
func (s *exportSettings) defineTraces(fs *flag.FlagSet) {
	fs.StringVar(&s.file, "otlp-file", "", "write OTLP JSON, a request a line, to `FILE`, or to stdout for -")
	fs.StringVar(&s.content, "content", "", "what of the words of agents and people is sent, a `LEVEL`: none (default), redacted or full")
	fs.StringVar(&s.scheme, "trace-ids", "", "whose `SCHEME` of trace ids: githubreceiver (default) or grafana")
	fs.StringVar(&s.scope, "trace-scope", "", "what is one trace, a `SCOPE`: run (default), the workflow run, or agent, each run of an agent")
	fs.StringVar(&s.maxAge, "max-age", "", "leave out what ended before a `TIME`, as in 7d, 36h or a date: not every backend takes what is old")
	fs.StringVar(&s.traceparent, "traceparent", "", "the `CONTEXT` to export into (default $TRACEPARENT)")
	fs.StringVar(&s.sent, "sent", "", "remember in `FILE` what was sent (default: in the bundle, where one is exported)")
	fs.StringVar(&s.metrics, "metrics", "", "send metrics of what is sent too, as a `KIND`: none (default) or delta, which not every backend can add up")
	fs.BoolVar(&s.force, "force", false, "send again what was sent before")
	fs.BoolVar(&s.scores, "scores", false, "send overrides and agreements as scores too, to Langfuse and to Phoenix")
	fs.BoolVar(&s.ciSpans, "ci-spans", false, "ask GitHub for the workflow runs, and send spans of them and of their jobs and steps too")
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

// since returns the time before which nothing is sent, zero for none.
func (s *exportSettings) since(now time.Time) (time.Time, error) {
	if s.maxAge == "" {
		return time.Time{}, nil
	}
	t, err := moment(s.maxAge, now)
	if err != nil {
		return t, usage(fmt.Sprintf("--max-age %q is no time", s.maxAge), "--max-age takes days (7d), hours (36h) or a date (2026-11-20)")
	}
	return t, nil
}

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
		{&s.scope, "ANDON_TRACE_SCOPE", c.TraceScope, string(otlp.WorkflowRun)},
		{&s.maxAge, "ANDON_MAX_AGE", c.MaxAge, ""},
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
		oneOf("--trace-scope", s.scope, string(otlp.WorkflowRun), string(otlp.AgentRun)),
		oneOf("--metrics", s.metrics, "none", "delta"),
		oneOf("--on-export-error", s.onError, "warn", "fail"))
}

// options are how a group is mapped. An incoming context is of this workflow
// run, and of no other.
func (e *export) options(g group) (otlp.Options, error) {
	o := otlp.Options{
		Profile: otlp.Profile(e.o.semconv), Scheme: otlp.Scheme(e.o.scheme), Scope: otlp.TraceScope(e.o.scope),
		Content: e.o.content != "none", HideUser: e.pii || e.o.content != "full", Places: e.places, At: e.env.now(),
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
	if g.elsewhere {
		return o, nil
	}
	o.Session, o.ChangeID = otlp.ParseBaggage(e.env.Getenv("BAGGAGE"))
	in, ok := otlp.ParseTraceparent(cmp.Or(e.o.traceparent, e.env.Getenv("TRACEPARENT")))
	switch {
	case ok:
		o.Incoming = in
	case e.o.traceparent != "":
		return o, usage("the traceparent is none", "it is 00-<32 hex digits>-<16 hex digits>-01")
	case e.env.Getenv("TRACEPARENT") != "":
		fmt.Fprintln(e.env.Stderr, "andon: TRACEPARENT is none, and is not followed")
	}
	return o, nil
}

// unescape decodes the percent-encoding of OpenTelemetry's lists.
func unescape(s string) string {
	if out, err := url.PathUnescape(s); err == nil {
		return out
	}
	return s
}
