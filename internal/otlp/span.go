// Package otlp turns sessions and overrides into OpenTelemetry spans and
// metrics, for the backends that people already run.
//
// The mapping is pure, and its spans are plain values: what a span says is
// decided once, and its encodings (OTLP JSON here, protobuf in the package
// exporter) only write it down. Every id is made of what names the thing that
// it is of, because backends take a span once: exporting again must give the
// same ids, and what is learned later must be a span of its own.
package otlp

import (
	"encoding/hex"
	"iter"
	"time"
)

// Scope names the instrumentation that the spans are from.
const Scope = "github.com/andon-ci/andon"

// TraceID is the 128 bits that name a trace.
type TraceID [16]byte

// SpanID is the 64 bits that name a span.
type SpanID [8]byte

// String returns the id as 32 hex digits.
func (id TraceID) String() string { return hex.EncodeToString(id[:]) }

// String returns the id as 16 hex digits.
func (id SpanID) String() string { return hex.EncodeToString(id[:]) }

// Kind is what a span is in the conversation of processes.
type Kind int

// The kinds of span, as OTLP numbers them.
const (
	Internal Kind = 1
	Server   Kind = 2
	Client   Kind = 3
)

// Attr is an attribute. Its value is a string, a bool, an int64, a float64 or a
// []string.
type Attr struct {
	Key   string
	Value any
}

// Span is a whole span. Its end is not before its start.
type Span struct {
	Trace  TraceID
	ID     SpanID
	Parent SpanID // zero for none
	Remote bool   // the parent is another process's
	Links  []Link

	Name       string
	Kind       Kind
	Start, End time.Time
	Attrs      []Attr
	Failed     bool
	Message    string // why it failed
}

// Unit is what is exported as a whole or not at all: the spans of one run, of
// one job or of one override.
type Unit struct {
	Key      string    // names it, as the id of its topmost span
	Digest   string    // changes when the run has gone on
	End      time.Time // of what it is about
	Place    Place     // of the run that it is of; zero for what is of none
	Resource []Attr
	Spans    iter.Seq[*Span]
	Measure  func(*Meter) // adds it to metrics; nil where there is nothing to add
}

// attrs is a list of attributes that is being written. What is empty is left
// out: it is not known.
type attrs []Attr

func (a *attrs) text(key, value string) {
	if value != "" {
		*a = append(*a, Attr{key, value})
	}
}

func (a *attrs) add(key string, value any) { *a = append(*a, Attr{key, value}) }

// counter is a figure that may not have been measured, such as a trace.Count.
type counter interface{ Get() (int64, bool) }

func (a *attrs) count(key string, c counter) {
	if n, ok := c.Get(); ok {
		a.add(key, n)
	}
}

func (a *attrs) list(key string, values []string) {
	if len(values) > 0 {
		a.add(key, values)
	}
}
