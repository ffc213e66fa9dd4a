package exporter

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/andon-ci/andon/internal/clock"
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
	sent     []byte // of the last request, as it came
	body     []byte // and what it holds
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
	r.sent = body
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

// garbage answers with what is no HTTP, and quotes what it was sent.
func garbage(w http.ResponseWriter, r *http.Request) {
	if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
		fmt.Fprintf(conn, "you sent %s\r\n\r\n", r.Header.Get("Authorization"))
		conn.Close()
	}
}

// half breaks off in the middle of an answer that says yes.
func half(w http.ResponseWriter, _ *http.Request) {
	if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
		fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
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

func (w *watch) clock() clock.Clock {
	return clock.Clock{
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
		{"a redirect that quotes the key", always(answer(307, "Location: http://elsewhere.invalid/?k=s3cret-key-of-the-backend", "")), 1, "307 Temporary Redirect"},
		{"404 ends it", always(answer(404, "", "no such path")), 1, "404 Not Found no such path"},
		{"413 is of one request", []http.HandlerFunc{answer(413, "", ""), answer(413, "", "")}, 2, "413 Request Entity Too Large"},
		{"an answer of control characters", always(answer(400, "", "\x1b[31mred\x00\n::error::")), 2, "400 Bad Request [31mred ::error::"},
		{"reset for good", always(reset), 9, "EOF; gave up after 9 attempts"},
		{"an answer that is no HTTP", always(garbage), 9, "the request could not be sent, or its answer is no HTTP; gave up after 9 attempts"},
		{"half an answer", always(half), 9, "unexpected EOF; gave up after 9 attempts"},
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

// TestProxy holds that a proxy which fails is said to, and that its password is
// not.
func TestProxy(t *testing.T) {
	for _, tc := range []struct {
		name  string
		proxy func(*http.Request) (*url.URL, error)
		says  string
	}{
		{"no URL", func(*http.Request) (*url.URL, error) {
			return nil, fmt.Errorf("invalid proxy address %q", "http://mona:s3cret@:bad") // as net/http says it
		}, "the request could not be sent, or its answer is no HTTP"},
		{"not there", func(*http.Request) (*url.URL, error) {
			return url.Parse("http://mona:s3cret@127.0.0.1:1")
		}, "proxyconnect tcp: dial tcp 127.0.0.1:1: connect: connection refused"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			x := New(Endpoint{Traces: "https://mona:s3cret@backend.invalid/v1/traces?k=s3cret", Headers: http.Header{"Authorization": {"s3cret"}}},
				Options{Clock: newWatch().clock(), Transport: &http.Transport{Proxy: tc.proxy}})
			err := x.Spans(t.Context(), batch(1))
			if err == nil || !strings.Contains(err.Error(), "backend.invalid: traces: "+tc.says) || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestPatience holds that there is a deadline for all attempts together, however
// the backend fails, and that a success begins it anew.
func TestPatience(t *testing.T) {
	w := newWatch()
	start := w.now
	slow := func(code int) http.HandlerFunc {
		return func(rw http.ResponseWriter, _ *http.Request) {
			w.mu.Lock()
			w.now = w.now.Add(9 * time.Second) // of an attempt
			w.mu.Unlock()
			rw.WriteHeader(code)
		}
	}
	r := newReceiver(t, slow(503), slow(503), slow(200), slow(503), slow(503), slow(503), slow(503), slow(503), slow(503), slow(503))
	x := exporterTo(t, r.URL, w, "")
	if err := x.Spans(t.Context(), batch(1)); err != nil {
		t.Fatal(err)
	}
	again := w.now
	if err := x.Spans(t.Context(), batch(1)); err == nil || w.now.Sub(again) > time.Minute+9*time.Second || w.now.Sub(start) < time.Minute {
		t.Errorf("gave up after %v, %v", w.now.Sub(again), err)
	}
	before := r.requests
	if err := x.Spans(t.Context(), batch(1)); err == nil || r.requests != before {
		t.Errorf("it is asked again after it was given up: %v", err)
	}
}

// TestBusy holds that an endpoint which takes each request only after a wait is
// given up in the end.
func TestBusy(t *testing.T) {
	var faults []http.HandlerFunc
	for range 20 {
		faults = append(faults, answer(429, "Retry-After: 50", ""), answer(200, "", ""))
	}
	r := newReceiver(t, faults...)
	x := exporterTo(t, r.URL, newWatch(), "")
	sent := 0
	for range 20 {
		err := x.Spans(t.Context(), batch(1))
		if err == nil {
			sent++
		} else if !strings.Contains(err.Error(), "429 Too Many Requests; gave up after waiting for 5m0s in all") {
			t.Fatal(err)
		}
	}
	if sent != 6 {
		t.Errorf("%d requests were sent, want 6", sent)
	}
}

// FuzzAnswer holds that whatever a backend answers is read without harm, and is
// one line when it is told.
func FuzzAnswer(f *testing.F) {
	whole, err := proto.Marshal(&collectorpb.ExportTraceServiceResponse{PartialSuccess: &collectorpb.ExportTracePartialSuccess{RejectedSpans: 2, ErrorMessage: "too old"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole, false)
	f.Add([]byte(`{"partialSuccess":{"rejectedSpans":"-2","errorMessage":"too\nold\u0000"}}`), true)
	f.Fuzz(func(t *testing.T, body []byte, isJSON bool) {
		kind := "application/x-protobuf"
		if isJSON {
			kind = "application/json"
		}
		rejected, why := partial(kind, body)
		if rejected < 0 || strings.ContainsFunc(why, unicode.IsControl) || !utf8.ValidString(why) || len(why) > 200 {
			t.Errorf("%d rejected: %q", rejected, why)
		}
	})
}
