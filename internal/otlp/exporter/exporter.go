// Package exporter sends what package otlp maps to a backend, over OTLP/HTTP.
//
// The requests are those of OpenTelemetry's own clients. What they leave open is
// in a transport below them: when to try again, when to give up, what the
// answer said, and that no header and no URL is ever said to people. A client's
// own retries are off, since they know no clock but the real one, and so is its
// reading of the environment, since it prints the headers that it cannot read.
package exporter

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/andon-ci/andon/internal/otlp"
)

// Options are how an Exporter behaves where something fails. The zero value is
// right.
type Options struct {
	Patience  time.Duration     // without a success, until it gives up; 0 is 60 seconds
	Clock     Clock             // the zero value is the real one
	Transport http.RoundTripper // nil is one of its own
}

// Exporter sends to one endpoint. It gives up for good once it has: what comes
// after would fail too, each after the same wait.
type Exporter struct {
	Rejected int64  // spans and points that the backend did not take
	Why      string // what it said of them last

	end    Endpoint
	retry  *retrier
	traces otlptrace.Client
	failed error
	misses int // requests in a row that were refused
}

// New returns an Exporter.
func New(e Endpoint, o Options) *Exporter {
	otel.SetLogger(logr.Discard()) // it would print the environment's headers
	x := &Exporter{end: e, retry: newRetrier(e, o)}
	x.traces = otlptracehttp.NewClient(
		otlptracehttp.WithEndpointURL(e.Traces), otlptracehttp.WithHeaders(nil),
		otlptracehttp.WithCompression(compression(e)), otlptracehttp.WithEncoding(encoding(e)),
		otlptracehttp.WithTimeout(x.retry.patience), otlptracehttp.WithMaxRequestSize(2*otlp.MaxBytes),
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{}), otlptracehttp.WithHTTPClient(x.retry.client()),
	)
	return x
}

func compression(e Endpoint) otlptracehttp.Compression {
	if e.Plain {
		return otlptracehttp.NoCompression
	}
	return otlptracehttp.GzipCompression
}

func encoding(e Endpoint) otlptracehttp.Encoding {
	if e.JSON {
		return otlptracehttp.EncodingJSON
	}
	return otlptracehttp.EncodingProtobuf
}

// Host names the endpoint to people.
func (x *Exporter) Host() string { return x.end.Host() }

// Headers returns what goes with each request, for whoever cuts it out of what is
// said to people.
func (x *Exporter) Headers() http.Header { return x.end.Headers }

// Spans sends one request. An error says in one line why it failed, without
// anything secret.
func (x *Exporter) Spans(ctx context.Context, b *otlp.Batch) error {
	if x.failed != nil || x.end.Traces == "" {
		return x.failed
	}
	return x.did(ctx, "traces", x.end.Traces, func(ctx context.Context) error {
		return x.traces.UploadTraces(ctx, []*tracepb.ResourceSpans{resourceSpans(b)})
	})
}

// did sends a request by one of the clients, and returns what came of it in our
// own words: theirs have the URL in them, and maybe a header.
func (x *Exporter) did(ctx context.Context, signal, to string, send func(context.Context) error) error {
	out := &outcome{url: to}
	err := send(context.WithValue(ctx, outcomeKey{}, out))
	x.Rejected += out.rejected
	if out.why != "" {
		x.Why = out.why
	}
	if out.ok {
		x.misses = 0
		return nil
	}
	if out.err == nil {
		out.err = errors.New("the request could not be made")
		if err == nil {
			out.err = errors.New("the request was not made")
		}
	}
	err = fmt.Errorf("%s: %s: %w", x.Host(), signal, out.err)
	var no *refused
	if x.misses++; x.misses >= maxMisses || !errors.As(out.err, &no) || no.forGood() {
		x.failed = err
	}
	return err
}

// maxMisses is how many requests in a row may be refused before the rest is not
// tried: one may be refused for what is in it.
const maxMisses = 3
