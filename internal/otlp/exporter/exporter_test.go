package exporter

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	metricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/andon-ci/andon/internal/otlp"
)

// receiver is a backend that goes wrong as it is told to, request by request, and
// takes all that comes after.
type receiver struct {
	*httptest.Server
	mu       sync.Mutex
	faults   []http.HandlerFunc
	requests int
	took     []*collectorpb.ExportTraceServiceRequest
	headers  []http.Header
	body     []byte // of the last request
}

func newReceiver(t *testing.T, faults ...http.HandlerFunc) *receiver {
	t.Helper()
	r := &receiver{faults: faults}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.requests
	r.requests++
	r.headers = append(r.headers, req.Header)
	body, _ := io.ReadAll(req.Body)
	if n < len(r.faults) {
		r.faults[n](w, req)
		return
	}
	if req.URL.Path != "/v1/traces" {
		http.NotFound(w, req)
		return
	}
	if req.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(strings.NewReader(string(body)))
		if err != nil {
			http.Error(w, "no gzip", http.StatusBadRequest)
			return
		}
		body, _ = io.ReadAll(z)
	}
	r.body = body
	m := &collectorpb.ExportTraceServiceRequest{}
	if req.Header.Get("Content-Type") == "application/x-protobuf" && proto.Unmarshal(body, m) != nil {
		http.Error(w, "no protobuf", http.StatusBadRequest)
		return
	}
	r.took = append(r.took, m)
}

func answer(code int, header, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if name, value, ok := strings.Cut(header, ": "); ok {
			w.Header().Set(name, value)
		}
		w.WriteHeader(code)
		io.WriteString(w, body)
	}
}

// reset ends the connection without an answer.
func reset(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		conn.Close()
	}
}

// watch is a clock that moves when somebody waits, and in which a request that
// is not answered times out at once.
type watch struct {
	mu    sync.Mutex
	now   time.Time
	waits []time.Duration
	limit func(context.Context, time.Duration) (context.Context, context.CancelFunc)
}

func newWatch() *watch { return &watch{now: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)} }

func (w *watch) clock() Clock {
	return Clock{
		Now: func() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.now },
		Sleep: func(ctx context.Context, d time.Duration) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.now = w.now.Add(d)
			w.waits = append(w.waits, d)
			return ctx.Err()
		},
		Limit: w.limit,
		Rand:  func() float64 { return 1 },
	}
}

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

const key = "Bearer%20s3cret-key-of-the-backend"

func TestTemporaryFaults(t *testing.T) {
	partial, err := proto.Marshal(&collectorpb.ExportTraceServiceResponse{PartialSuccess: &collectorpb.ExportTracePartialSuccess{RejectedSpans: 2, ErrorMessage: "too old"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name     string
		faults   []http.HandlerFunc
		waits    []time.Duration
		taken    int
		rejected int64
	}{
		{"none", nil, nil, 1, 0},
		{"429 with seconds", []http.HandlerFunc{answer(429, "Retry-After: 7", "")}, []time.Duration{7 * time.Second}, 1, 0},
		{"429 with a date", []http.HandlerFunc{answer(429, "Retry-After: Fri, 20 Nov 2026 12:00:20 GMT", "")}, []time.Duration{20 * time.Second}, 1, 0},
		{"503 twice", []http.HandlerFunc{answer(503, "", ""), answer(503, "", "")}, []time.Duration{time.Second, 2 * time.Second}, 1, 0},
		{"502, 504", []http.HandlerFunc{answer(502, "", ""), answer(504, "", "")}, []time.Duration{time.Second, 2 * time.Second}, 1, 0},
		{"reset", []http.HandlerFunc{reset}, []time.Duration{time.Second}, 1, 0},
		{"partial success", []http.HandlerFunc{answer(200, "Content-Type: application/x-protobuf", string(partial))}, nil, 0, 2},
		{"partial success as JSON", []http.HandlerFunc{answer(200, "Content-Type: application/json", `{"partialSuccess":{"rejectedSpans":"2","errorMessage":"too old"}}`)}, nil, 0, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w, r := newWatch(), newReceiver(t, tc.faults...)
			x := exporterTo(t, r.URL, w, "")
			if err := x.Spans(t.Context(), batch(3)); err != nil {
				t.Fatal(err)
			}
			if fmt.Sprint(w.waits) != fmt.Sprint(tc.waits) {
				t.Errorf("waited %v, want %v", w.waits, tc.waits)
			}
			if len(r.took) != tc.taken || x.Rejected != tc.rejected {
				t.Errorf("took %d requests and rejected %d spans, want %d and %d", len(r.took), x.Rejected, tc.taken, tc.rejected)
			}
			if tc.rejected > 0 && x.Why != "too old" {
				t.Errorf("why: %q", x.Why)
			}
		})
	}
}

func TestFinalFaults(t *testing.T) {
	always := func(h http.HandlerFunc) []http.HandlerFunc {
		out := make([]http.HandlerFunc, 100)
		for i := range out {
			out[i] = h
		}
		return out
	}
	for _, tc := range []struct {
		name     string
		faults   []http.HandlerFunc
		requests int // for two exports
		says     string
	}{
		{"500 is not tried again", always(answer(500, "", "invalid temporality")), 2, "500 Internal Server Error invalid temporality"},
		{"400 is of one request", []http.HandlerFunc{answer(400, "", "bad id"), answer(400, "", "bad id")}, 2, "400 Bad Request bad id"},
		{"401 ends it", always(answer(401, "", "who are you")), 1, "401 Unauthorized who are you"},
		{"a redirect is not followed", always(answer(302, "Location: http://elsewhere.invalid/", "")), 1, "302 Found"},
		{"503 for good", always(answer(503, "", "")), 9, "503 Service Unavailable; gave up after 9 attempts"},
		{"429 for longer than patience", always(answer(429, "Retry-After: 3600", "")), 1, "429 Too Many Requests; gave up after 1 attempts"},
		{"a page for people is not quoted", always(answer(500, "", "<html><body>Oops</body></html>")), 2, "500 Internal Server Error"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newReceiver(t, tc.faults...)
			x := exporterTo(t, r.URL+"/?token=s3cret", newWatch(), "authorization="+key)
			err := x.Spans(t.Context(), batch(1))
			if err == nil || !strings.HasSuffix(err.Error(), ": traces: "+tc.says) {
				t.Errorf("got %v, want …%s", err, tc.says)
			}
			if x.Spans(t.Context(), batch(1)) == nil {
				t.Error("the second export succeeded")
			}
			if r.requests != tc.requests {
				t.Errorf("%d requests, want %d", r.requests, tc.requests)
			}
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the error shows a key: %v", err)
			}
		})
	}
}

func TestHang(t *testing.T) {
	arrived, done := make(chan struct{}), make(chan struct{})
	w := newWatch()
	w.limit = func(ctx context.Context, _ time.Duration) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancelCause(ctx)
		go func() {
			select {
			case <-arrived:
				cancel(context.DeadlineExceeded)
			case <-ctx.Done():
			}
		}()
		return ctx, func() { cancel(nil) }
	}
	hangs := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		arrived <- struct{}{}
		<-done
	})
	s := httptest.NewServer(hangs)
	defer s.Close()
	defer close(done)
	x := exporterTo(t, s.URL, w, "")
	err := x.Spans(t.Context(), batch(1))
	if err == nil || !strings.Contains(err.Error(), "no answer within 10s; gave up after") {
		t.Errorf("got %v", err)
	}
}

func TestBadTLS(t *testing.T) {
	r := &receiver{}
	r.Server = httptest.NewUnstartedServer(r)
	r.Config.ErrorLog = log.New(io.Discard, "", 0)
	r.StartTLS()
	defer r.Close()
	w := newWatch()
	x := exporterTo(t, r.URL, w, "")
	err := x.Spans(t.Context(), batch(1))
	if err == nil || !strings.Contains(err.Error(), "the certificate is not trusted") || len(w.waits) > 0 {
		t.Errorf("got %v after %v", err, w.waits)
	}
	plain := newReceiver(t)
	x = exporterTo(t, strings.Replace(plain.URL, "http:", "https:", 1), w, "")
	if err := x.Spans(t.Context(), batch(1)); err == nil || !strings.Contains(err.Error(), "does not speak TLS") || len(w.waits) > 0 {
		t.Errorf("got %v after %v", err, w.waits)
	}
}

func TestRequest(t *testing.T) {
	r := newReceiver(t)
	x := exporterTo(t, r.URL, newWatch(), "authorization="+key+",x-scope=a%2Cb")
	if err := x.Spans(t.Context(), batch(3)); err != nil {
		t.Fatal(err)
	}
	h := r.headers[0]
	for name, want := range map[string]string{"Authorization": "Bearer s3cret-key-of-the-backend", "X-Scope": "a,b", "Content-Encoding": "gzip", "Content-Type": "application/x-protobuf"} {
		if h.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, h.Get(name), want)
		}
	}
	spans := r.took[0].ResourceSpans[0].ScopeSpans[0].Spans
	if len(spans) != 3 || len(spans[0].Attributes) != 5 || spans[0].Name != "chat m" || spans[0].EndTimeUnixNano != 2e9 {
		t.Errorf("got %v", spans)
	}
}

// TestCancelled holds that an export that is interrupted ends, and is tried no
// more.
func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) { cancel(); w.WriteHeader(503) })
	x := exporterTo(t, r.URL, newWatch(), "")
	if err := x.Spans(ctx, batch(1)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if r.requests != 1 {
		t.Errorf("%d requests", r.requests)
	}
}

func TestEndpoints(t *testing.T) {
	for _, tc := range []struct {
		name  string
		asked []string
		env   map[string]string
		want  string // traces, metrics and headers of each
		err   string
	}{
		{name: "none", want: ""},
		{name: "base", env: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h:4318/otel/"}, want: "http://h:4318/otel/v1/traces http://h:4318/otel/v1/metrics map[]"},
		{name: "of a signal, verbatim", env: map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://h/x"}, want: "http://h/x  map[]"},
		{name: "asked for", asked: []string{"https://a/v1/traces"}, env: map[string]string{"OTEL_EXPORTER_OTLP_HEADERS": "k=v"}, want: "https://a/v1/traces https://a/v1/metrics map[K:[v]]"},
		{name: "several do not share a key", asked: []string{"https://a", "https://b HB"}, env: map[string]string{"OTEL_EXPORTER_OTLP_HEADERS": "k=v", "HB": "x=y"},
			want: "https://a/v1/traces https://a/v1/metrics map[]\nhttps://b/v1/traces https://b/v1/metrics map[X:[y]]"},
		{name: "the environment's among several", asked: []string{"https://a", "https://b"}, env: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "https://a", "OTEL_EXPORTER_OTLP_HEADERS": "k=v"},
			want: "https://a/v1/traces https://a/v1/metrics map[K:[v]]\nhttps://b/v1/traces https://b/v1/metrics map[]"},
		{name: "disabled", asked: []string{"https://a"}, env: map[string]string{"OTEL_SDK_DISABLED": "true"}, want: ""},
		{name: "no URL", asked: []string{"s3cret"}, err: "an endpoint is a URL as in https://host/path"},
		{name: "gRPC", env: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, err: `OTEL_EXPORTER_OTLP_PROTOCOL is "grpc"; http/protobuf and http/json can be sent`},
		{name: "headers with a colon", env: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h", "OTEL_EXPORTER_OTLP_HEADERS": "Authorization: Bearer s3cret"},
			err: "reading OTEL_EXPORTER_OTLP_HEADERS: header 1 is not name=value, with the value percent-encoded"},
		{name: "headers that break a line", env: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h", "OTEL_EXPORTER_OTLP_HEADERS": "a=b%0D%0AX: y"},
			err: "reading OTEL_EXPORTER_OTLP_HEADERS: header 1 is not name=value, with the value percent-encoded"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ends, err := Endpoints(tc.asked, Environment{Getenv: func(k string) string { return tc.env[k] }})
			if err != nil && err.Error() != tc.err || err == nil && tc.err != "" {
				t.Fatalf("got %v, want %s", err, tc.err)
			}
			var got []string
			for _, e := range ends {
				got = append(got, fmt.Sprint(e.Traces, " ", e.Metrics, " ", map[string][]string(e.Headers)))
			}
			if s := strings.Join(got, "\n"); s != tc.want {
				t.Errorf("got\n%s\nwant\n%s", s, tc.want)
			}
		})
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
	var b strings.Builder
	one := batch(2)
	one.Spans[1].Links = []otlp.Link{{Trace: otlp.TraceID{9}, Span: otlp.SpanID{8}, Why: "previous_run"}}
	one.Spans[1].Failed, one.Spans[1].Message, one.Spans[1].Parent = true, "no", otlp.SpanID{3}
	if err := one.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	r := newReceiver(t)
	x := New(Endpoint{Traces: r.URL + "/v1/traces", JSON: true, Plain: true}, Options{Clock: newWatch().clock()})
	if err := x.Spans(t.Context(), one); err != nil {
		t.Fatal(err)
	}
	got, want := map[string]any{}, map[string]any{}
	if err := errors.Join(json.Unmarshal(r.body, &got), json.Unmarshal([]byte(b.String()), &want)); err != nil {
		t.Fatal(err)
	}
	g, _ := json.Marshal(got)
	w, _ := json.Marshal(want)
	if string(g) != string(w) {
		t.Errorf("protobuf says\n%s\nJSON says\n%s", g, w)
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
