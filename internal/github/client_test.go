package github

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/clock"
	"github.com/andon-ci/andon/internal/github/fake"
)

const (
	headA = "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1"
	headB = "b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2"
)

func noon() time.Time { return time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC) }

// watch is a clock that stands still but for who sleeps.
type watch struct {
	now   time.Time
	slept []time.Duration
}

func (w *watch) clock() clock.Clock {
	return clock.Clock{
		Now: func() time.Time { return w.now },
		Sleep: func(ctx context.Context, d time.Duration) error {
			w.now, w.slept = w.now.Add(d), append(w.slept, d)
			return ctx.Err()
		},
		Rand: func() float64 { return 0.5 },
	}
}

// memory is a Cache for one test.
type memory map[string][]byte

func (m memory) Get(key string) ([]byte, bool) { v, ok := m[key]; return v, ok }
func (m memory) Put(key string, value []byte)  { m[key] = value }

func client(t *testing.T, f *fake.Forge, change func(*Options)) (*Client, *watch) {
	t.Helper()
	w := &watch{now: noon()}
	o := Options{Repository: f.Repository, BaseURL: f.URL(), GraphQLURL: f.GraphQLURL(), Token: "t0ken", Patience: 2 * time.Minute, Clock: w.clock()}
	if change != nil {
		change(&o)
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c, w
}

func TestRetries(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault fake.Fault
		err   error
		slept string
	}{
		{"two bad gateways", fake.Fault{Times: 2, Reply: fake.Status(502, "Server Error")}, nil, "[1.5s 3s]"},
		{"a reset", fake.Fault{Times: 1, Reply: fake.Reset}, nil, "[1.5s]"},
		{"an endless outage", fake.Fault{Reply: fake.Status(503, "Unavailable")}, ErrUnavailable, "[1.5s 3s 6s]"},
		{"endless resets", fake.Fault{Reply: fake.Reset}, ErrUnavailable, "[1.5s 3s 6s]"},
		{"a secondary limit", fake.Fault{Times: 1, Reply: fake.Status(403, "You have exceeded a secondary rate limit.", "Retry-After", "30")}, nil, "[30s]"},
		{"a secondary limit that does not say how long", fake.Fault{Times: 1, Reply: fake.Status(403, "You have exceeded a secondary rate limit.")}, nil, "[1m0s]"},
		{"too many requests", fake.Fault{Times: 1, Reply: fake.Status(429, "Too many", "Retry-After", "5")}, nil, "[5s]"},
		{"the primary limit, soon over", fake.Fault{Times: 1, Reply: primary(90 * time.Second)}, nil, "[1m31s]"},
		{"the primary limit, an hour", fake.Fault{Reply: primary(time.Hour)}, ErrLimit, "[]"},
		{"a limit that does not end", fake.Fault{Reply: fake.Status(403, "You have exceeded a secondary rate limit.", "Retry-After", "50")}, ErrLimit, "[50s 50s]"},
		{"a permission", fake.Fault{Reply: fake.Status(403, "Resource not accessible by integration")}, ErrPermission, "[]"},
		{"nothing there", fake.Fault{Reply: fake.Status(404, "Not Found")}, ErrMissing, "[]"},
		{"a proxy's page", fake.Fault{Reply: func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }}, ErrDamaged, "[]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := fake.New(t)
			f.AddRun(headA, noon(), nil)
			f.Fail(tt.fault)
			c, w := client(t, f, nil)
			runs, _, err := c.RunsOf(t.Context(), headA)
			if fmt.Sprint(w.slept) != tt.slept {
				t.Errorf("slept %v, want %s", w.slept, tt.slept)
			}
			switch {
			case tt.err == nil && (err != nil || len(runs) != 1):
				t.Errorf("%d runs, %v", len(runs), err)
			case tt.err != nil && !errors.Is(err, tt.err):
				t.Errorf("%v", err)
			}
			var e *Error
			if err != nil && (!errors.As(err, &e) || e.Doing == "" || e.Hint == "") {
				t.Errorf("the error does not say what and what next: %#v", err)
			}
		})
	}
}

// primary replies that the limit is used up for a time, by the forge's clock,
// which is an hour ahead of ours.
func primary(d time.Duration) func(http.ResponseWriter, *http.Request) {
	at := noon().Add(time.Hour)
	return fake.Status(403, "API rate limit exceeded", "X-RateLimit-Remaining", "0",
		"X-RateLimit-Reset", fmt.Sprint(at.Add(d).Unix()), "Date", at.Format(http.TimeFormat))
}

func TestPermissionNamed(t *testing.T) {
	f := fake.New(t)
	f.Fail(fake.Fault{Reply: fake.Status(403, "Resource not accessible by integration", "X-Accepted-GitHub-Permissions", "actions=read")})
	c, _ := client(t, f, nil)
	_, _, err := c.RunsOf(t.Context(), headA)
	var e *Error
	if !errors.As(err, &e) || !strings.Contains(e.Hint, "`actions: read`") {
		t.Errorf("%v", err)
	}
	if want := "listing the workflow runs of a1a1a1a1a1a1: Resource not accessible by integration (GET /api/v3/repos/octo-org/hello/actions/runs: 403)"; err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
}

func TestWritesAreNotRepeated(t *testing.T) {
	f := fake.New(t)
	f.Fail(fake.Fault{Times: 1, Reply: fake.Status(502, "Server Error")})
	c, w := client(t, f, nil)
	if _, err := c.AddComment(t.Context(), 12, "text"); !errors.Is(err, ErrUnavailable) || len(w.slept) > 0 {
		t.Errorf("%v, slept %v: the comment may have been written", err, w.slept)
	}
	if b := c.Budget(); b.REST != 1 || b.Writes != 1 {
		t.Errorf("%+v", b)
	}
}

func TestNoToken(t *testing.T) {
	_, err := New(Options{Repository: "o/r"})
	var e *Error
	if !errors.Is(err, ErrToken) || !errors.As(err, &e) || !strings.Contains(e.Hint, "GITHUB_TOKEN") {
		t.Errorf("%v", err)
	}
	f := fake.New(t)
	f.Token = "another"
	c, _ := client(t, f, nil)
	if _, _, err := c.RunsOf(t.Context(), headA); !errors.Is(err, ErrToken) {
		t.Errorf("%v", err)
	}
}

func TestGraphQLOf(t *testing.T) {
	for _, tt := range [][2]string{{"", "https://api.github.com/graphql"}, {"https://ghes.example/api/v3/", "https://ghes.example/api/graphql"}} {
		c, err := New(Options{Repository: "o/r", Token: "t", BaseURL: tt[0]})
		if err != nil || c.graphql != tt[1] {
			t.Errorf("%q: %s, %v", tt[0], c.graphql, err)
		}
	}
}

func TestApp(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	f := fake.New(t)
	f.AddRun(headA, noon(), nil)
	f.Fail(fake.Fault{Path: "access_tokens", Times: 1, Reply: fake.Status(502, "Server Error")})
	c, w := client(t, f, func(o *Options) { o.Token, o.App = "", &App{ID: 7, Key: text} })
	for range 2 {
		if runs, _, err := c.RunsOf(t.Context(), headA); err != nil || len(runs) != 1 {
			t.Fatalf("%v, %v", runs, err)
		}
	}
	var asked []string
	for _, r := range f.Requests {
		asked = append(asked, r.Method+" "+strings.TrimPrefix(r.URL.Path, "/api/v3"))
	}
	want := []string{
		"GET /repos/octo-org/hello/installation", "POST /app/installations/1/access_tokens", "POST /app/installations/1/access_tokens",
		"GET /repos/octo-org/hello/actions/runs", "GET /repos/octo-org/hello/actions/runs",
	}
	if fmt.Sprint(asked) != fmt.Sprint(want) || len(w.slept) != 1 {
		t.Errorf("asked %q, slept %v", asked, w.slept)
	}
	if got := f.Requests[3].Header.Get("Authorization"); !strings.HasPrefix(got, "Bearer ghs_") {
		t.Errorf("not as the installation: %q", got[:min(len(got), 12)])
	}
	if b := c.Budget(); b.REST != 5 {
		t.Errorf("not all is counted: %+v", b)
	}
	if _, err := New(Options{Repository: "o/r", App: &App{ID: 7, Key: []byte("no key")}}); !errors.Is(err, ErrToken) {
		t.Errorf("%v", err)
	}
}

func TestNotModified(t *testing.T) {
	f := fake.New(t)
	for i := range 150 {
		f.AddRun(headA, noon().Add(time.Duration(i)*time.Minute), nil)
	}
	kept := memory{}
	for i, want := range []int{0, 2} {
		f.Forget()
		c, _ := client(t, f, func(o *Options) { o.Cache = kept })
		runs, more, err := c.RunsOf(t.Context(), headA)
		if err != nil || more || len(runs) != 150 {
			t.Fatalf("%d runs, %v", len(runs), err)
		}
		if b := c.Budget(); b.NotModified != want || b.REST != 2 {
			t.Errorf("round %d: %+v", i, b)
		}
	}
	c, _ := client(t, f, func(o *Options) { o.Cache, o.Token = kept, "another's" })
	if _, _, err := c.RunsOf(t.Context(), headA); err != nil || c.Budget().NotModified != 0 {
		t.Errorf("what one token may read was looked up for another: %v", err)
	}
}

func TestPullInPages(t *testing.T) {
	f := fake.New(t)
	f.Load("agent-fix")
	review := f.Pull["reviews"].([]any)[2]
	for range 297 {
		f.Pull["reviews"] = append(f.Pull["reviews"].([]any), review)
	}
	c, _ := client(t, f, nil)
	p, err := c.Pull(t.Context(), 12, Want{})
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Reviews) != 300 || len(p.Commits) != 2 || len(p.Unread) != 0 || p.State != "merged" {
		t.Errorf("%d reviews, %d commits, %v", len(p.Reviews), len(p.Commits), p.Unread)
	}
	if b := c.Budget(); b.GraphQL != 3 || b.REST != 0 {
		t.Errorf("%+v", b)
	}
	if p.Reviews[0].ID != 3200000001 || p.Reviews[0].Author != (Actor{"review-agent[bot]", "Bot"}) {
		t.Errorf("%+v", p.Reviews[0])
	}
	for _, e := range p.Events {
		if e.Kind == "" {
			t.Errorf("an unknown event: %+v", e)
		}
	}
	if _, err := c.Pull(t.Context(), 13, Want{}); !errors.Is(err, ErrMissing) {
		t.Errorf("%v", err)
	}
}

func TestPullStopsAtALimit(t *testing.T) {
	f := fake.New(t)
	f.Load("agent-fix")
	review := f.Pull["reviews"].([]any)[2]
	for range 297 {
		f.Pull["reviews"] = append(f.Pull["reviews"].([]any), review)
	}
	f.Limit = 1
	c, _ := client(t, f, nil)
	p, err := c.Pull(t.Context(), 12, Want{})
	if !errors.Is(err, ErrLimit) || p == nil || len(p.Reviews) != 100 || fmt.Sprint(p.Unread) != "[reviews]" {
		t.Errorf("%v, %+v", err, p)
	}
}

func TestRunsOfAPull(t *testing.T) {
	f := fake.New(t)
	f.Load("agent-fix")
	other := map[string]any{"id": 99}
	at := time.Date(2026, 11, 19, 9, 0, 0, 0, time.UTC)
	f.AddRun(headA, at, nil)
	f.AddRun(headB, at, map[string]any{"pull_requests": []any{}})
	f.AddRun("c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3", at, map[string]any{"name": "a head that was pushed away"})
	for _, not := range []map[string]any{
		{"name": "another pull request", "pull_requests": []any{map[string]any{"number": 13}}},
		{"name": "another's fork with our commit", "pull_requests": []any{}, "head_repository": other},
		{"name": "another commit", "pull_requests": []any{}, "head_sha": "e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5"},
		{"name": "long before", "created_at": "2026-01-01T00:00:00Z"},
	} {
		f.AddRun(headA, at, not)
	}
	c, _ := client(t, f, nil)
	p, err := c.Pull(t.Context(), 12, Want{})
	if err != nil {
		t.Fatal(err)
	}
	runs, more, err := c.Runs(t.Context(), p)
	if err != nil || more || len(runs) != 3 {
		t.Errorf("%v: %+v", err, runs)
	}
	if c.Budget().REST != 1 {
		t.Errorf("%+v", c.Budget())
	}
}
