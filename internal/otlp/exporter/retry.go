package exporter

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// Clock is the time as the exporter sees it. What is nil is the real one.
type Clock struct {
	Now   func() time.Time
	Sleep func(context.Context, time.Duration) error
	Limit func(context.Context, time.Duration) (context.Context, context.CancelFunc) // as context.WithTimeout
	Rand  func() float64                                                             // 0 to 1, for jitter
}

func (c Clock) complete() Clock {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Sleep == nil {
		c.Sleep = sleep
	}
	if c.Limit == nil {
		c.Limit = context.WithTimeout
	}
	if c.Rand == nil {
		c.Rand = rand.Float64
	}
	return c
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// outcome is what came of a request, for whoever put it into the context.
type outcome struct {
	url      string
	ok       bool
	err      error
	rejected int64
	why      string
}

type outcomeKey struct{}

// refused is an answer that says no: to this request, and not for now.
type refused struct {
	code   int
	status string
	body   string
}

// forGood reports whether the next request would be refused too: the address or
// the key is wrong.
func (e *refused) forGood() bool {
	return e.code/100 == 3 || e.code == 401 || e.code == 403 || e.code == 404 || e.code == 405
}

func (e *refused) Error() string { return strings.TrimSpace(e.status + " " + e.body) }

// retrier is the transport below the clients. It sends a request until it is
// answered for good, or until there was no success for too long.
type retrier struct {
	base     http.RoundTripper
	clock    Clock
	headers  http.Header
	timeout  time.Duration
	patience time.Duration
	since    time.Time // of the last success, or of the first request
}

func newRetrier(e Endpoint, o Options) *retrier {
	r := &retrier{
		base: o.Transport, clock: o.Clock.complete(), headers: e.Headers,
		timeout: cmp.Or(e.Timeout, 10*time.Second), patience: cmp.Or(o.Patience, time.Minute),
	}
	if r.base == nil {
		r.base = &http.Transport{
			Proxy: http.ProxyFromEnvironment, TLSClientConfig: e.TLS, ForceAttemptHTTP2: true,
			MaxIdleConns: 2, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: 10 * time.Second,
		}
	}
	return r
}

// client returns a client that follows no redirect: the headers are for the host
// that was named.
func (r *retrier) client() *http.Client {
	return &http.Client{Transport: r, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// RoundTrip implements http.RoundTripper.
func (r *retrier) RoundTrip(req *http.Request) (*http.Response, error) {
	out, _ := req.Context().Value(outcomeKey{}).(*outcome)
	if out == nil {
		return nil, errors.New("a request of another program")
	}
	if r.since.IsZero() {
		r.since = r.clock.Now()
	}
	for n := 0; ; n++ {
		again, wait, err := r.attempt(req, out)
		if err == nil {
			r.since, out.ok = r.clock.Now(), true
			return &http.Response{StatusCode: http.StatusOK, Status: "200 OK", Header: http.Header{}, Body: http.NoBody, Request: req, ProtoMajor: 1, ProtoMinor: 1}, nil
		}
		out.err = err
		if !again {
			return nil, err
		}
		wait = max(wait, r.backoff(n))
		if r.clock.Now().Add(wait).Sub(r.since) > r.patience {
			out.err = fmt.Errorf("%s; gave up after %d attempts", err, n+1)
			return nil, out.err
		}
		if err := r.clock.Sleep(req.Context(), wait); err != nil {
			out.err = err
			return nil, err
		}
	}
}

// backoff returns how long to wait after attempt n: a second, doubled each time,
// up to ten, and between the half and the whole of that.
func (r *retrier) backoff(n int) time.Duration {
	d := min(time.Second<<min(n, 10), 10*time.Second)
	return time.Duration((0.5 + 0.5*r.clock.Rand()) * float64(d))
}

// attempt sends the request once. It says whether to try again, and how long the
// backend asks to wait before that.
func (r *retrier) attempt(req *http.Request, out *outcome) (again bool, wait time.Duration, err error) {
	ctx, cancel := r.clock.Limit(req.Context(), r.timeout)
	defer cancel()
	once := req.Clone(ctx)
	if once.URL, err = url.Parse(out.url); err != nil {
		return false, 0, errors.New("the URL is none")
	}
	once.Host = once.URL.Host
	if req.GetBody != nil {
		if once.Body, err = req.GetBody(); err != nil {
			return false, 0, err
		}
	}
	for name, values := range r.headers {
		once.Header[name] = values
	}
	resp, err := r.base.RoundTrip(once)
	if err != nil {
		return r.broken(req.Context(), err)
	}
	defer resp.Body.Close()
	body, readErr := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	switch code := resp.StatusCode; {
	case code/100 == 2 && readErr != nil:
		return r.broken(req.Context(), readErr)
	case code/100 == 2:
		out.rejected, out.why = partial(resp.Header.Get("Content-Type"), body)
		return false, 0, nil
	case code == 429 || code == 502 || code == 503 || code == 504:
		return true, r.retryAfter(resp.Header.Get("Retry-After")), errors.New(resp.Status)
	default:
		return false, 0, &refused{resp.StatusCode, resp.Status, excerpt(body)}
	}
}

// broken says what to do about a request without an answer. One whose other end
// is not who it should be has none to come.
func (r *retrier) broken(ctx context.Context, err error) (bool, time.Duration, error) {
	var cert *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	switch {
	case ctx.Err() != nil:
		return false, 0, ctx.Err()
	case errors.As(err, &cert):
		return false, 0, fmt.Errorf("the certificate is not trusted: %w", cert.Err)
	case errors.As(err, &record):
		return false, 0, errors.New("it does not speak TLS")
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return true, 0, fmt.Errorf("no answer within %v", r.timeout)
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return true, 0, err
}

// retryAfter reads how long to wait, in seconds or until a date.
func (r *retrier) retryAfter(s string) time.Duration {
	if n, err := strconv.ParseInt(s, 10, 32); err == nil && n >= 0 {
		return time.Duration(n) * time.Second
	}
	if t, err := http.ParseTime(s); err == nil {
		return max(0, t.Sub(r.clock.Now()))
	}
	return 0
}

// partial returns how much of a request the backend did not take, and why. The
// answers of both signals have the same form.
func partial(contentType string, body []byte) (rejected int64, why string) {
	var m collectorpb.ExportTraceServiceResponse
	if strings.HasPrefix(contentType, "application/json") {
		body = bytes.ReplaceAll(body, []byte("rejectedDataPoints"), []byte("rejectedSpans"))
		if (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(body, &m) != nil {
			return 0, ""
		}
	} else if proto.Unmarshal(body, &m) != nil {
		return 0, ""
	}
	return max(0, m.GetPartialSuccess().GetRejectedSpans()), excerpt([]byte(m.GetPartialSuccess().GetErrorMessage()))
}

// excerpt returns the beginning of what a backend says, on one line.
func excerpt(b []byte) string {
	const most = 200
	s := strings.Join(strings.Fields(strings.ToValidUTF8(string(b), "?")), " ")
	if strings.HasPrefix(s, "<") {
		return "" // a page for people
	}
	return strings.ToValidUTF8(s[:min(len(s), most)], "")
}
