// Package exporter sends what package otlp maps to a backend, over OTLP/HTTP.
//
// The requests are made here, of the messages that OTLP's definition generates,
// and not by OpenTelemetry's own clients: those make the program half as large
// again, try again by the real clock alone, and print the headers that they
// cannot read.
package exporter

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/andon-ci/andon/internal/clock"
	"github.com/andon-ci/andon/internal/otlp"
)

// Options are how an Exporter behaves where something fails. The zero value is
// right.
type Options struct {
	Patience  time.Duration     // without a success, until it gives up; 0 is 60 seconds
	Clock     clock.Clock       // the zero value is the real one
	Transport http.RoundTripper // nil is one of its own
}

// Exporter sends to one endpoint. It gives up for good once it has: what comes
// after would fail too, each after the same wait.
type Exporter struct {
	Rejected int64  // spans and points that the backend did not take
	Why      string // what it said of them last

	end    Endpoint
	retry  *retrier
	failed error
	misses int // requests in a row that were refused
}

// New returns an Exporter.
func New(e Endpoint, o Options) *Exporter { return &Exporter{end: e, retry: newRetrier(e, o)} }

// Host names the endpoint to people.
func (x *Exporter) Host() string { return x.end.Host() }

// Link returns the page of a trace at the endpoint, empty where none is known.
func (x *Exporter) Link(trace otlp.TraceID) string { return x.end.Link(trace) }

// Headers returns what goes with each request, for whoever cuts it out of what is
// said to people.
func (x *Exporter) Headers() http.Header { return x.end.Headers }

// Spans sends one request, or several where it takes more as JSON. An error says in one line why it failed, without
// anything secret.
func (x *Exporter) Spans(ctx context.Context, b *otlp.Batch) error {
	if x.failed != nil || x.end.Traces == "" {
		return x.failed
	}
	if x.end.JSON {
		for raw, err := range b.JSON(otlp.MaxBytes) {
			if err == nil {
				err = x.post(ctx, "traces", x.end.Traces, raw)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	raw, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: []*tracepb.ResourceSpans{resourceSpans(b)}}) // the form of a request
	if err != nil {
		return fmt.Errorf("%s: traces: encoding a request: %w", x.Host(), err)
	}
	return x.post(ctx, "traces", x.end.Traces, raw)
}

// post sends a request, and says what came of it in our own words: the URL and
// the headers are not among them.
func (x *Exporter) post(ctx context.Context, signal, to string, body []byte) error {
	out, err := x.retry.send(ctx, to, x.header(), x.pack(body))
	x.Rejected += out.rejected
	if out.why != "" {
		x.Why = out.why
	}
	if err == nil {
		x.misses = 0
		return nil
	}
	said := fmt.Errorf("%s: %s: %w", x.Host(), signal, err)
	var no *refused
	if x.misses++; x.misses >= maxMisses || !errors.As(err, &no) || no.forGood() {
		x.failed = said
	}
	return said
}

// header returns what goes with each request. The endpoint's own come last.
func (x *Exporter) header() http.Header {
	h := http.Header{"Content-Type": {"application/x-protobuf"}, "User-Agent": {"andon"}}
	if x.end.JSON {
		h.Set("Content-Type", "application/json")
	}
	if !x.end.Plain {
		h.Set("Content-Encoding", "gzip")
	}
	for name, values := range x.end.Headers {
		h[name] = values
	}
	return h
}

// pack compresses a request, unless the endpoint says otherwise.
func (x *Exporter) pack(body []byte) []byte {
	if x.end.Plain {
		return body
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(body) // into memory, which does not fail
	z.Close()
	return b.Bytes()
}

// maxMisses is how many requests in a row may be refused before the rest is not
// tried: one may be refused for what is in it.
const maxMisses = 3
