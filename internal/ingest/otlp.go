package ingest

import (
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// The formats of OpenTelemetry data as JSON: bodies of OTLP requests, one a
// line, as the collector's file exporter writes them, and single spans, as
// Copilot CLI does. Spans and log events number their calls differently, so
// that they are accounts of their own.
const (
	otlpFormat        = "otlp"
	otlpLogsFormat    = "otlp/logs"
	otlpMetricsFormat = "otlp/metrics"
)

func isOTLP(v jsonl.Value, _ jsonl.Chunk) bool {
	return v.Get("resourceSpans").Kind() == jsonl.Array || isSingleSpan(v)
}

func isSingleSpan(v jsonl.Value) bool {
	if typ := v.Get("type"); typ.Exists() && !typ.Is("span") {
		return false
	}
	return v.Get("traceId").Kind() == jsonl.String && v.Get("spanId").Kind() == jsonl.String &&
		v.Get("name").Kind() == jsonl.String
}

func isOTLPLogs(v jsonl.Value, _ jsonl.Chunk) bool {
	return v.Get("resourceLogs").Kind() == jsonl.Array
}

func isOTLPMetrics(v jsonl.Value, _ jsonl.Chunk) bool {
	return v.Get("resourceMetrics").Kind() == jsonl.Array
}

// otlp reads a file of any of the three signals, or of all of them mixed.
type otlp struct {
	s       *sink
	doc     jsonl.Doc // for JSON inside strings
	spans   otlpSpans
	logs    otlpLogs
	metrics otlpMetrics

	started map[string]bool // runs whose Start was emitted
}

func newOTLP(s *sink) reader {
	r := &otlp{s: s, started: map[string]bool{}}
	r.spans = newOTLPSpans(r)
	r.logs = newOTLPLogs(r)
	r.metrics = newOTLPMetrics(r)
	return r
}

func (r *otlp) value(v jsonl.Value, line int) {
	switch {
	case v.Get("resourceSpans").Kind() == jsonl.Array:
		for rs := range v.Get("resourceSpans").Elements() {
			r.resourceSpans(rs)
		}
	case v.Get("resourceLogs").Kind() == jsonl.Array:
		for rl := range v.Get("resourceLogs").Elements() {
			r.resourceLogs(rl)
		}
	case isSingleSpan(v):
		r.spans.add(newSpan(v, v.Get("resource")), line)
	case v.Get("resourceMetrics").Kind() == jsonl.Array:
		for rm := range v.Get("resourceMetrics").Elements() {
			r.resourceMetrics(rm)
		}
	case v.Get("type").Is("metric"), v.Get("type").Is("log"):
	default:
		r.s.drift(v.Get("type").String())
	}
}

func (r *otlp) resourceSpans(rs jsonl.Value) {
	for ss := range firstOf(rs, "scopeSpans", "instrumentationLibrarySpans").Elements() {
		for span := range ss.Get("spans").Elements() {
			r.spans.add(newSpan(span, rs.Get("resource")), r.s.here(span))
		}
	}
}

func (r *otlp) resourceLogs(rl jsonl.Value) {
	resource := attributesOf(rl.Get("resource"))
	for sl := range rl.Get("scopeLogs").Elements() {
		for rec := range sl.Get("logRecords").Elements() {
			r.logs.add(otlpSpan{v: rec, attrs: attributesOf(rec), resource: resource}, r.s.here(rec))
		}
	}
}

func (r *otlp) close() {
	r.spans.close()
	r.metrics.close()
}

// emit emits a fact of a run and, if named, of a sub-agent of it. The space is
// that of the signal which says it, whatever the file began with.
func (r *otlp) emit(space, run, sub string, line int, t time.Time, f trace.Fact) {
	r.s.space, r.s.run, r.s.subagent = space, run, sub
	r.s.add(line, t, f)
}

// start emits who runs, once for each run.
func (r *otlp) start(space, run string, sp otlpSpan, line int, t time.Time) {
	if r.started[space+run] || len(r.started) > maxOpen {
		return
	}
	r.started[space+run] = true
	service := sp.resource.text("service.name")
	r.emit(space, run, "", line, t, &trace.Start{
		Runtime: trace.Runtime{Name: runtimeOf(service), Version: sp.resource.text("service.version")},
		Context: sp.context(),
	})
}

// runtimeOf returns the name under which Andon knows a service.
func runtimeOf(service string) string {
	switch service {
	case "github-copilot":
		return "copilot-cli"
	case "codex_exec", "codex_cli_rs", "codex-cli":
		return codexRuntime
	}
	return service
}

// attributes are the attributes of a span, a log record or a resource.
type attributes []attribute

type attribute struct {
	key   string
	value jsonl.Value
}

// attributesOf reads attributes in OTLP's form, a list of keys and typed
// values, and in the plain form of an object.
func attributesOf(v jsonl.Value) attributes {
	list := v.Get("attributes")
	var out attributes
	for a := range list.Elements() {
		out = append(out, attribute{a.Get("key").String(), anyValue(a.Get("value"))})
	}
	for k, a := range list.Members() {
		out = append(out, attribute{k, a})
	}
	return out
}

// anyValue unwraps OTLP's AnyValue.
func anyValue(v jsonl.Value) jsonl.Value {
	for kind, inner := range v.Members() {
		switch kind {
		case "arrayValue":
			return inner.Get("values")
		case "kvlistValue":
			return inner.Get("values")
		}
		return inner
	}
	return jsonl.Value{}
}

// get returns the value of the first of the keys that is there.
func (a attributes) get(keys ...string) jsonl.Value {
	for _, key := range keys {
		for i := range a {
			if a[i].key == key && a[i].value.Exists() {
				return a[i].value
			}
		}
	}
	return jsonl.Value{}
}

func (a attributes) text(keys ...string) string { return a.get(keys...).String() }

func (a attributes) count(keys ...string) trace.Count { return count(a.get(keys...)) }

// otlpTime reads a time in nanoseconds since 1970, as a number, as a string or
// as seconds and nanoseconds, or in RFC 3339.
func otlpTime(v jsonl.Value) time.Time {
	if v.Kind() == jsonl.Array {
		var part [2]int64
		i := 0
		for e := range v.Elements() {
			if i < len(part) {
				part[i], _ = e.Int()
			}
			i++
		}
		if part[0] <= 0 || part[0] > 1<<33 {
			return time.Time{}
		}
		return time.Unix(part[0], part[1]).UTC()
	}
	if n, ok := v.Int(); ok && n > 0 {
		return time.Unix(0, n).UTC()
	}
	return v.Time()
}

// firstOf returns the first of the members that is there.
func firstOf(v jsonl.Value, keys ...string) jsonl.Value {
	for _, k := range keys {
		if m := v.Get(k); m.Exists() {
			return m
		}
	}
	return jsonl.Value{}
}

// isUUID reports whether s has the form of a UUID.
func isUUID(s string) bool {
	return len(s) == 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' &&
		strings.Trim(s, "0123456789abcdefABCDEF-") == ""
}
