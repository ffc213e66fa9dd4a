package exporter

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	metricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/andon-ci/andon/internal/otlp"
)

func batch(n int) *otlp.Batch {
	b := &otlp.Batch{Version: "test", Resource: []otlp.Attr{{Key: "service.name", Value: "andon"}}}
	for i := range n {
		b.Spans = append(b.Spans, &otlp.Span{
			Trace: otlp.TraceID{1}, ID: otlp.SpanID{byte(i >> 8), byte(i), 1}, Name: "chat m", Kind: otlp.Client,
			Start: time.Unix(1, 0), End: time.Unix(2, 0),
			Attrs: []otlp.Attr{{Key: "s", Value: "t"}, {Key: "i", Value: int64(7)}, {Key: "f", Value: 0.5}, {Key: "b", Value: true}, {Key: "l", Value: []string{"x"}}},
		})
	}
	return b
}

func exporterTo(t *testing.T, url string, w *watch, headers string) *Exporter {
	t.Helper()
	env := map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_EXPORTER_OTLP_HEADERS": headers}
	ends, err := Endpoints(nil, Environment{Getenv: func(k string) string { return env[k] }})
	if err != nil || len(ends) != 1 {
		t.Fatalf("endpoints %v, %v", ends, err)
	}
	return New(ends[0], Options{Clock: w.clock()})
}

func TestRequest(t *testing.T) {
	r := newReceiver(t)
	x := exporterTo(t, r.URL, newWatch(), "authorization="+key+",x-scope=a%2Cb")
	if err := x.Spans(t.Context(), batch(100)); err != nil {
		t.Fatal(err)
	}
	h := r.headers[0]
	for name, want := range map[string]string{"Authorization": "Bearer s3cret-key-of-the-backend", "X-Scope": "a,b", "Content-Encoding": "gzip", "Content-Type": "application/x-protobuf"} {
		if h.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, h.Get(name), want)
		}
	}
	if raw, err := proto.Marshal(r.took[0]); err != nil || !bytes.HasPrefix(r.sent, []byte{0x1f, 0x8b}) || len(r.sent) >= len(raw) {
		t.Errorf("%d bytes were sent of %d, %v", len(r.sent), len(raw), err)
	}
	spans := r.took[0].ResourceSpans[0].ScopeSpans[0].Spans
	if len(spans) != 100 || len(spans[0].Attributes) != 5 || spans[0].Name != "chat m" || spans[0].EndTimeUnixNano != 2e9 {
		t.Errorf("got %v", spans)
	}
}

// TestSize holds that requests are cut by no less than what they take: what is
// counted is at least the size as protobuf.
func TestSize(t *testing.T) {
	long := strings.Repeat("é", 4000)
	list := make([]*otlp.Span, 3000)
	for i := range list {
		list[i] = batch(1).Spans[0]
		list[i].Attrs = append(list[i].Attrs, otlp.Attr{Key: "long", Value: long}, otlp.Attr{Key: "list", Value: []string{long, "b"}})
	}
	u := otlp.Unit{Key: "k", Spans: func(yield func(*otlp.Span) bool) {
		for _, s := range list {
			if !yield(s) {
				return
			}
		}
	}}
	n, spans := 0, 0
	for b := range otlp.Batches([]otlp.Unit{u}, "test", func(s string) string { return s }) {
		n++
		spans += len(b.Spans)
		if size := proto.Size(resourceSpans(b)); size > otlp.MaxBytes || len(b.Spans) > otlp.MaxSpans {
			t.Errorf("request %d: %d bytes, %d spans", n, size, len(b.Spans))
		}
	}
	if n < 10 || spans != len(list) {
		t.Errorf("%d spans in %d requests", spans, n)
	}
}

// TestJSON holds that a batch says the same in both encodings.
func TestJSON(t *testing.T) {
	one := batch(2)
	one.Spans[1].Links = []otlp.Link{{Trace: otlp.TraceID{9}, Span: otlp.SpanID{8}, Why: "previous_run"}}
	one.Spans[1].Failed, one.Spans[1].Message, one.Spans[1].Parent = true, "no", otlp.SpanID{3}
	r := newReceiver(t)
	x := New(Endpoint{Traces: r.URL + "/v1/traces", JSON: true, Plain: true}, Options{Clock: newWatch().clock()})
	if err := x.Spans(t.Context(), one); err != nil {
		t.Fatal(err)
	}
	if got, want := decoded(t, r.body), resourceSpans(one); !proto.Equal(got.ResourceSpans[0], want) {
		t.Errorf("JSON says\n%v\nprotobuf says\n%v", got, want)
	}
}

// decoded reads OTLP JSON as strictly as there is a definition for: what is no
// field of a request is an error. Ids are in hex there, and in base64 in the
// general encoding of protobuf.
func decoded(t *testing.T, line []byte) *collectorpb.ExportTraceServiceRequest {
	t.Helper()
	text := regexp.MustCompile(`"(traceId|spanId|parentSpanId)":"([0-9a-f]+)"`).ReplaceAllStringFunc(string(line), func(m string) string {
		name, value, _ := strings.Cut(m, ":")
		id, err := hex.DecodeString(strings.Trim(value, `"`))
		if err != nil {
			t.Fatal(err)
		}
		return name + `:"` + base64.StdEncoding.EncodeToString(id) + `"`
	})
	m := &collectorpb.ExportTraceServiceRequest{}
	if err := protojson.Unmarshal([]byte(text), m); err != nil {
		t.Fatalf("%v\n%.300s", err, line)
	}
	return m
}

// TestLines holds that lines of a file are what the collector's receivers read:
// valid, of at most 1 MiB, and together all spans in their order.
func TestLines(t *testing.T) {
	one := batch(400)
	for _, s := range one.Spans {
		s.Attrs = append(s.Attrs, otlp.Attr{Key: "long", Value: strings.Repeat("\"é", 3000)})
	}
	var ids []string
	n := 0
	for line, err := range one.JSON(otlp.MaxLine) {
		if n++; err != nil || len(line) > otlp.MaxLine || bytes.IndexByte(line, '\n') != len(line)-1 {
			t.Fatalf("line %d has %d bytes, %v", n, len(line), err)
		}
		for _, s := range decoded(t, line).ResourceSpans[0].ScopeSpans[0].Spans {
			ids = append(ids, hex.EncodeToString(s.SpanId))
		}
	}
	var want []string
	for _, s := range one.Spans {
		want = append(want, s.ID.String())
	}
	if !slices.Equal(ids, want) || n < 4 {
		t.Errorf("%d lines hold %d spans of %d", n, len(ids), len(want))
	}
}

func TestMetrics(t *testing.T) {
	var got metricspb.ExportMetricsServiceRequest
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		z, err := gzip.NewReader(r.Body)
		if err != nil || r.URL.Path != "/v1/metrics" {
			w.WriteHeader(400)
			return
		}
		raw, _ := io.ReadAll(z)
		if proto.Unmarshal(raw, &got) != nil {
			w.WriteHeader(400)
		}
		body, _ := proto.Marshal(&metricspb.ExportMetricsServiceResponse{PartialSuccess: &metricspb.ExportMetricsPartialSuccess{RejectedDataPoints: 1, ErrorMessage: "out of order"}})
		w.Header().Set("Content-Type", "application/x-protobuf")
		w.Write(body)
	}))
	defer s.Close()
	x := exporterTo(t, s.URL, newWatch(), "")
	m := &Metrics{From: time.Unix(1, 0), To: time.Unix(5, 0), Delta: true, List: []otlp.Metric{
		{Name: "andon.runs", Unit: "{run}", Points: []otlp.Point{{Attrs: []otlp.Attr{{Key: "a", Value: "b"}}, Value: 3}}},
		{Name: "andon.turns", Unit: "{turn}", Bounds: []float64{1, 2}, Points: []otlp.Point{{Count: 2, Sum: 4, Buckets: []uint64{1, 0, 1}}}},
	}}
	if err := x.Metrics(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	list := got.ResourceMetrics[0].ScopeMetrics[0].Metrics
	sum, histogram := list[0].GetSum(), list[1].GetHistogram()
	if p := sum.DataPoints[0]; p.GetAsDouble() != 3 || sum.AggregationTemporality != 1 || !sum.IsMonotonic || p.StartTimeUnixNano != 1e9 || p.TimeUnixNano != 5e9 {
		t.Errorf("got %v", sum)
	}
	if p := histogram.DataPoints[0]; p.Count != 2 || p.GetSum() != 4 || len(p.BucketCounts) != 3 || histogram.AggregationTemporality != 1 {
		t.Errorf("got %v", histogram)
	}
	if x.Rejected != 1 || x.Why != "out of order" {
		t.Errorf("rejected %d: %s", x.Rejected, x.Why)
	}
}

// TestMetricsInParts holds that no request of metrics is over what backends take,
// and that none is lost.
func TestMetricsInParts(t *testing.T) {
	m := &Metrics{From: time.Unix(1, 0), To: time.Unix(2, 0)}
	for i := range 5 {
		x := otlp.Metric{Name: "andon.m" + strconv.Itoa(i), Unit: "{x}"}
		for range 1000 {
			x.Points = append(x.Points, otlp.Point{Attrs: []otlp.Attr{{Key: "k", Value: strings.Repeat("v", 1500)}}, Value: 1})
		}
		m.List = append(m.List, x)
	}
	for _, asJSON := range []bool{false, true} {
		var sizes, names []int
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var got metricspb.ExportMetricsServiceRequest
			raw, _ := io.ReadAll(r.Body)
			unmarshal := proto.Unmarshal
			if asJSON {
				unmarshal = protojson.Unmarshal
			}
			if err := unmarshal(raw, &got); err != nil {
				t.Error(err)
			}
			sizes, names = append(sizes, len(raw)), append(names, len(got.ResourceMetrics[0].ScopeMetrics[0].Metrics))
		}))
		defer server.Close()
		if err := New(Endpoint{Metrics: server.URL, Plain: true, JSON: asJSON}, Options{}).Metrics(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		sum := 0
		for i, n := range names {
			sum += n
			if sizes[i] > otlp.MaxBytes {
				t.Errorf("a request of %d bytes", sizes[i])
			}
		}
		if sum != len(m.List) || len(names) > 5 {
			t.Errorf("%v metrics in requests of %v bytes", names, sizes)
		}
	}
}
