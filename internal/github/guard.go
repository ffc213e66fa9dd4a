package github

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/clock"
)

const (
	attempts  = 4               // of a request that fails for a reason that may pass
	firstWait = time.Second     // before the second attempt; it doubles from there
	secondary = time.Minute     // for a secondary limit that does not say how long
	maxAnswer = 32 << 20        // bytes of one answer of the API
	slack     = 1 * time.Second // after a limit's reset, for clocks
	perAnswer = 2 * time.Minute // for one answer
	maxReset  = 24 * time.Hour  // what is further away is no time
)

// guard is the transport that every request to the API passes.
type guard struct {
	next     http.RoundTripper
	clock    clock.Clock
	patience time.Duration // left for waiting for limits
	base     string        // path of the API
	budget   *Budget
	store    *store // nil stores nothing
}

// RoundTrip answers a request with a whole answer in memory, or with an *Error
// for a limit that cannot be waited for.
func (g *guard) RoundTrip(req *http.Request) (*http.Response, error) {
	known := g.store.find(req)
	for try := 1; ; try++ {
		res, body, err := g.once(req, known, try)
		if try < attempts && again(req, res, err) {
			if err := g.pause(req, try); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		if wait, limited := g.limit(res, body); limited && try < attempts {
			if err := g.wait(req, res, wait); err != nil {
				return nil, err
			}
			continue
		}
		return g.settle(req, res, body, known), nil
	}
}

// once sends the request, and reads the answer to its end.
func (g *guard) once(req *http.Request, known *stored, try int) (*http.Response, []byte, error) {
	g.count(req, try)
	ctx, cancel := context.WithTimeout(req.Context(), perAnswer)
	defer cancel()
	out := req.Clone(ctx)
	if req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return nil, nil, err
		}
		out.Body = body
	}
	if known != nil {
		out.Header.Set("If-None-Match", known.ETag)
	}
	res, err := g.next.RoundTrip(out)
	if err != nil {
		return nil, nil, slow(req, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return nil, nil, slow(req, err)
	}
	if len(body) > maxAnswer {
		return nil, nil, &Error{
			Where: req.Method + " " + req.URL.Path, Status: res.StatusCode, Err: ErrTooLarge,
			Reason: fmt.Sprintf("the answer has over %d MiB", maxAnswer>>20), Hint: "this is no answer of GitHub's API; check GITHUB_API_URL",
		}
	}
	g.note(res)
	return res, body, nil
}

// slow tells an attempt that took too long from a command that was stopped.
func slow(req *http.Request, err error) error {
	if errors.Is(err, context.DeadlineExceeded) && req.Context().Err() == nil {
		return fmt.Errorf("no answer within %s", perAnswer)
	}
	return err
}

func (g *guard) count(req *http.Request, try int) {
	b := g.budget
	switch {
	case strings.HasSuffix(req.URL.Path, "/graphql"):
		b.GraphQL++
	default:
		b.REST++
		if req.Method != http.MethodGet && !strings.HasSuffix(req.URL.Path, "/access_tokens") {
			b.Writes++
		}
	}
	if try > 1 {
		b.Retries++
	}
}

// note remembers what the answer says of the limit.
func (g *guard) note(res *http.Response) {
	h := res.Header
	limit, err := strconv.Atoi(h.Get("X-RateLimit-Limit"))
	if resource := h.Get("X-RateLimit-Resource"); err == nil && (resource == "core" || resource == "") {
		g.budget.Limit = limit
		g.budget.Remaining, _ = strconv.Atoi(h.Get("X-RateLimit-Remaining")) // 0 where there is no number
		g.budget.Reset = reset(h)
	}
}

func reset(h http.Header) time.Time {
	at, err := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64)
	if err != nil || at <= 0 || at > 1<<40 {
		return time.Time{}
	}
	return time.Unix(at, 0).UTC()
}

// again reports whether a request may be sent once more: the connection broke
// or the forge stumbled, and sending it twice does nothing twice.
func again(req *http.Request, res *http.Response, err error) bool {
	var final *Error
	if errors.As(err, &final) || req.Context().Err() != nil {
		return false
	}
	repeatable := req.Method != http.MethodPost || strings.HasSuffix(req.URL.Path, "/graphql") || strings.HasSuffix(req.URL.Path, "/access_tokens")
	if err != nil {
		return repeatable
	}
	switch res.StatusCode {
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return repeatable && res.Header.Get("Retry-After") == ""
	}
	return false
}

// pause waits between two attempts: a second, two, four, each up to doubled by
// chance, so that jobs that failed together do not come back together.
func (g *guard) pause(req *http.Request, try int) error {
	d := firstWait << (try - 1)
	return g.sleep(req, d+time.Duration(g.clock.Rand()*float64(d)))
}

func (g *guard) sleep(req *http.Request, d time.Duration) error {
	g.budget.Waited += d
	return g.clock.Sleep(req.Context(), d)
}

// limit says how long to wait, and whether the answer is that of a limit, by
// https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
func (g *guard) limit(res *http.Response, body []byte) (time.Duration, bool) {
	s := res.StatusCode
	if s != http.StatusForbidden && s != http.StatusTooManyRequests && s != http.StatusServiceUnavailable {
		return 0, false
	}
	if after, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && after >= 0 {
		return min(time.Duration(after)*time.Second, maxReset), true
	}
	if res.Header.Get("X-RateLimit-Remaining") == "0" {
		return min(max(reset(res.Header).Sub(g.now(res)), 0)+slack, maxReset), true
	}
	slow := s == http.StatusTooManyRequests || bytes.Contains(body, []byte("secondary rate limit")) || bytes.Contains(body, []byte("abuse detection"))
	return secondary, slow
}

// now returns the time by the forge's clock, by which resets are told.
func (g *guard) now(res *http.Response) time.Time {
	if at, err := http.ParseTime(res.Header.Get("Date")); err == nil {
		return at
	}
	return g.clock.Now()
}

// wait waits for a limit, or says that it cannot.
func (g *guard) wait(req *http.Request, res *http.Response, d time.Duration) error {
	if d > g.patience {
		return g.stopped(req, res, d)
	}
	g.patience -= d
	return g.sleep(req, d)
}

func (g *guard) stopped(req *http.Request, res *http.Response, d time.Duration) *Error {
	until := g.clock.Now().Add(d).UTC()
	which := "a secondary limit of the forge was reached"
	if res.Header.Get("X-RateLimit-Remaining") == "0" {
		which = "the limit of requests was reached"
	}
	return &Error{
		Where: req.Method + " " + req.URL.Path, Status: res.StatusCode, Reason: which, Until: until, Err: ErrLimit,
		Hint: fmt.Sprintf("run it again after %s, or let it wait that long with --wait %s", until.Format("15:04:05 UTC"), d.Round(time.Second)),
	}
}

// settle returns the answer as the layers above take it: one that was not
// modified is the one that was stored, and none tells go-github of a limit, by
// which it would refuse to ask, with a clock of its own.
func (g *guard) settle(req *http.Request, res *http.Response, body []byte, known *stored) *http.Response {
	if res.StatusCode == http.StatusNotModified && known != nil {
		g.budget.NotModified++
		return known.response(req)
	}
	g.store.keep(req, res, body)
	if strings.HasSuffix(req.URL.Path, "/graphql") { // which tells of its limit with status 200, and not through go-github
		return whole(req, res, body)
	}
	for _, name := range []string{"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "Retry-After"} {
		res.Header.Del(name)
	}
	return whole(req, res, body)
}

// whole returns an answer with its body in memory.
func whole(req *http.Request, res *http.Response, body []byte) *http.Response {
	res.Body, res.ContentLength, res.Request = io.NopCloser(bytes.NewReader(body)), int64(len(body)), req
	return res
}
