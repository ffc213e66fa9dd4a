package otlp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"strconv"
	"time"
)

// The JSON form of a request, as opentelemetry-proto's docs/specification.md
// gives it: ids in hex, 64-bit numbers as strings, enums as numbers. The general
// encoding of protobuf as JSON would write ids in base64.
type (
	requestJSON struct {
		ResourceSpans []resourceSpansJSON `json:"resourceSpans"`
	}
	resourceSpansJSON struct {
		Resource   resourceJSON     `json:"resource"`
		ScopeSpans []scopeSpansJSON `json:"scopeSpans"`
	}
	resourceJSON struct {
		Attributes []attrJSON `json:"attributes"`
	}
	scopeSpansJSON struct {
		Scope scopeJSON  `json:"scope"`
		Spans []spanJSON `json:"spans"`
	}
	scopeJSON struct {
		Name    string `json:"name"`
		Version string `json:"version,omitempty"`
	}
	spanJSON struct {
		TraceID      string      `json:"traceId"`
		SpanID       string      `json:"spanId"`
		ParentSpanID string      `json:"parentSpanId,omitempty"`
		Flags        uint32      `json:"flags,omitempty"`
		Name         string      `json:"name"`
		Kind         Kind        `json:"kind"`
		Start        string      `json:"startTimeUnixNano"`
		End          string      `json:"endTimeUnixNano"`
		Attributes   []attrJSON  `json:"attributes"`
		Links        []linkJSON  `json:"links,omitempty"`
		Status       *statusJSON `json:"status,omitempty"`
	}
	linkJSON struct {
		TraceID    string     `json:"traceId"`
		SpanID     string     `json:"spanId"`
		Attributes []attrJSON `json:"attributes,omitempty"`
	}
	statusJSON struct {
		Message string `json:"message,omitempty"`
		Code    int    `json:"code"`
	}
	attrJSON struct {
		Key   string    `json:"key"`
		Value valueJSON `json:"value"`
	}
	valueJSON struct {
		String *string    `json:"stringValue,omitempty"`
		Bool   *bool      `json:"boolValue,omitempty"`
		Int    string     `json:"intValue,omitempty"`
		Double *float64   `json:"doubleValue,omitempty"`
		Array  *arrayJSON `json:"arrayValue,omitempty"`
	}
	arrayJSON struct {
		Values []valueJSON `json:"values"`
	}
)

// Batch is spans of one resource, as one request carries them.
type Batch struct {
	Resource []Attr
	Version  string // of the program that made them
	Spans    []*Span
	Keys     []string // of the units that they are of
}

// Flags of a span: it is sampled, it is known whether its parent is another
// process's, and it is.
const (
	flagSampled     = 0x001
	flagKnowsRemote = 0x100
	flagRemote      = 0x200
)

// Flags returns the span's flags, as OTLP has them.
func (s *Span) Flags() uint32 {
	if s.Remote {
		return flagSampled | flagKnowsRemote | flagRemote
	}
	return flagSampled | flagKnowsRemote
}

// MaxLine is how long a line of OTLP JSON may be: the collector's receivers that
// read files cut what is over 1 MiB, unless their max_log_size says otherwise.
const MaxLine = 1 << 20

// JSON returns the batch as lines of OTLP JSON, as the collector's otlpjson
// receivers read them: as few as can be of at most the given bytes each. A span
// that is over it by itself has a line of its own.
func (b *Batch) JSON(most int) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) { b.lines(most, yield) }
}

func (b *Batch) lines(most int, yield func([]byte, error) bool) bool {
	line, err := b.line()
	if half := len(b.Spans) / 2; err == nil && len(line) > most && half > 0 {
		first, second := *b, *b
		first.Spans, second.Spans = b.Spans[:half], b.Spans[half:]
		return first.lines(most, yield) && second.lines(most, yield)
	}
	return yield(line, err)
}

func (b *Batch) line() ([]byte, error) {
	scope := scopeSpansJSON{Scope: scopeJSON{Name: Scope, Version: b.Version}, Spans: make([]spanJSON, len(b.Spans))}
	for i, s := range b.Spans {
		scope.Spans[i] = s.json()
	}
	var w bytes.Buffer
	enc := json.NewEncoder(&w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(requestJSON{[]resourceSpansJSON{{
		Resource: resourceJSON{attributesJSON(b.Resource)}, ScopeSpans: []scopeSpansJSON{scope},
	}}}); err != nil {
		return nil, fmt.Errorf("writing OTLP JSON: %w", err)
	}
	return w.Bytes(), nil
}

func (s *Span) json() spanJSON {
	j := spanJSON{
		TraceID: s.Trace.String(), SpanID: s.ID.String(), Name: s.Name, Kind: s.Kind, Flags: s.Flags(),
		Start: nanos(s.Start), End: nanos(s.End), Attributes: attributesJSON(s.Attrs),
	}
	if s.Parent != (SpanID{}) {
		j.ParentSpanID = s.Parent.String()
	}
	for _, l := range s.Links {
		j.Links = append(j.Links, linkJSON{l.Trace.String(), l.Span.String(), attributesJSON(l.Attrs())})
	}
	if s.Failed {
		j.Status = &statusJSON{Message: s.Message, Code: 2}
	}
	return j
}

// Nanos returns a time as OTLP has it, 0 for none and for one before 1970.
func Nanos(t time.Time) uint64 {
	if y := t.Year(); y < 1970 || y > 2261 {
		return 0
	}
	return uint64(t.UnixNano())
}

func nanos(t time.Time) string { return strconv.FormatUint(Nanos(t), 10) }

func attributesJSON(list []Attr) []attrJSON {
	out := make([]attrJSON, len(list))
	for i, a := range list {
		out[i] = attrJSON{a.Key, toJSON(a.Value)}
	}
	return out
}

func toJSON(value any) valueJSON {
	switch v := value.(type) {
	case string:
		return valueJSON{String: &v}
	case bool:
		return valueJSON{Bool: &v}
	case int64:
		return valueJSON{Int: strconv.FormatInt(v, 10)}
	case float64:
		return valueJSON{Double: &v}
	case []string:
		array := arrayJSON{Values: make([]valueJSON, len(v))}
		for i, s := range v {
			array.Values[i] = toJSON(s)
		}
		return valueJSON{Array: &array}
	}
	return valueJSON{}
}
