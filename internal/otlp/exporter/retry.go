package exporter

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/andon-ci/andon/internal/clock"
)

// outcome is what an answer says of a request that was taken.
type outcome struct {
	rejected int64
	why      string
}

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

// retrier sends a request until it is answered for good, or until there was no
// success for too long.
type retrier struct {
	client   http.Client
	clock    clock.Clock
	timeout  time.Duration
	patience time.Duration
	since    time.Time     // of the last success, or of the first request
	waited   time.Duration // for all requests together
}

// maxWaits is how many times the patience is waited for in all: a backend that
// takes one request a minute is not worth the hours.
const maxWaits = 5

func newRetrier(e Endpoint, o Options) *retrier {
	r := &retrier{clock: o.Clock.Complete(), timeout: cmp.Or(e.Timeout, 10*time.Second), patience: cmp.Or(o.Patience, time.Minute)}
	r.client.Transport = o.Transport
	r.client.CheckRedirect = func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // the headers are for the host that was named
	}
	if o.Transport == nil {
		r.client.Transport = &http.Transport{
			Proxy: http.ProxyFromEnvironment, TLSClientConfig: e.TLS, ForceAttemptHTTP2: true,
			MaxIdleConns: 2, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: 10 * time.Second,
		}
	}
	return r
}

// send posts a request.
func (r *retrier) send(ctx context.Context, to string, h http.Header, body []byte) (outcome, error) {
	if r.since.IsZero() {
		r.since = r.clock.Now()
	}
	for n := 0; ; n++ {
		out, again, wait, err := r.attempt(ctx, to, h, body)
		if err == nil {
			r.since = r.clock.Now()
			return out, nil
		}
		if !again {
			return out, err
		}
		wait = max(wait, r.backoff(n))
		if r.clock.Now().Add(wait).Sub(r.since) > r.patience {
			return out, fmt.Errorf("%w; gave up after %d attempts", err, n+1)
		}
		if r.waited += wait; r.waited > maxWaits*r.patience {
			return out, fmt.Errorf("%w; gave up after waiting for %v in all", err, maxWaits*r.patience)
		}
		if err := r.clock.Sleep(ctx, wait); err != nil {
			return out, err
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
func (r *retrier) attempt(ctx context.Context, to string, h http.Header, body []byte) (out outcome, again bool, wait time.Duration, err error) {
	limited, cancel := r.clock.Limit(ctx, r.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(limited, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return out, false, 0, errors.New("the URL is none") // the error quotes it
	}
	req.Header = h
	resp, err := r.client.Do(req)
	if err != nil {
		again, wait, err = r.broken(ctx, err)
		return out, again, wait, err
	}
	defer resp.Body.Close()
	answer, readErr := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	switch code := resp.StatusCode; {
	case code/100 == 2 && readErr != nil:
		again, wait, err = r.broken(ctx, readErr)
		return out, again, wait, err
	case code/100 == 2:
		out.rejected, out.why = partial(resp.Header.Get("Content-Type"), answer)
		return out, false, 0, nil
	case code == 429 || code == 502 || code == 503 || code == 504:
		return out, true, r.retryAfter(resp.Header.Get("Retry-After")), errors.New(resp.Status)
	default:
		return out, false, 0, &refused{resp.StatusCode, resp.Status, excerpt(answer)}
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
	case errors.As(err, &record), strings.Contains(err.Error(), "HTTP response to HTTPS client"): // net/http has no type for it
		return false, 0, errors.New("it does not speak TLS")
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return true, 0, fmt.Errorf("no answer within %v", r.timeout)
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	if text := err.Error(); strings.ContainsAny(text, `"`) || strings.Contains(text, "://") {
		err = errors.New("the request could not be sent, or its answer is no HTTP") // what it quotes may be a key
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
// answers of both signals have the same form: a message in field 1, in which 1 is
// the number and 2 the reason. The generated ones would bring all of gRPC.
func partial(contentType string, body []byte) (rejected int64, why string) {
	if strings.HasPrefix(contentType, "application/json") {
		var m struct {
			PartialSuccess struct {
				Spans  json.Number `json:"rejectedSpans"`
				Points json.Number `json:"rejectedDataPoints"`
				Why    string      `json:"errorMessage"`
			} `json:"partialSuccess"`
		}
		if json.Unmarshal(body, &m) != nil {
			return 0, ""
		}
		n, _ := cmp.Or(m.PartialSuccess.Spans, m.PartialSuccess.Points).Int64()
		return max(0, n), excerpt([]byte(m.PartialSuccess.Why))
	}
	var text []byte
	for number, value := range fields(body) {
		if number != 1 {
			continue
		}
		for number, value := range fields(value) {
			switch number {
			case 1:
				n, _ := protowire.ConsumeVarint(value)
				rejected = max(0, int64(n))
			case 2:
				text = value
			}
		}
	}
	return rejected, excerpt(text)
}

// fields yields the fields of a message up to the first that is none: the bytes
// of texts and messages, and what stands for the rest.
func fields(b []byte) iter.Seq2[protowire.Number, []byte] {
	return func(yield func(protowire.Number, []byte) bool) {
		for len(b) > 0 {
			number, kind, n := protowire.ConsumeTag(b)
			if n < 0 {
				return
			}
			b = b[n:]
			if n = protowire.ConsumeFieldValue(number, kind, b); n < 0 {
				return
			}
			value := b[:n]
			if kind == protowire.BytesType {
				value, _ = protowire.ConsumeBytes(value)
			}
			if b = b[n:]; !yield(number, value) {
				return
			}
		}
	}
}

// excerpt returns the beginning of what a backend says, on one line.
func excerpt(b []byte) string {
	const most = 200
	words := strings.Join(strings.Fields(strings.ToValidUTF8(string(b), "?")), " ")
	s := strings.Join(strings.FieldsFunc(words, unicode.IsControl), "")
	if strings.HasPrefix(s, "<") {
		return "" // a page for people
	}
	return strings.ToValidUTF8(s[:min(len(s), most)], "")
}
