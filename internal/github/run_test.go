package github

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/github/fake"
)

func TestRunsOfARenamedBranch(t *testing.T) {
	f := fake.New(t)
	f.Load("agent-fix")
	f.AddRun(headB, noon(), map[string]any{"head_branch": "its/old-name"})
	c, _ := client(t, f, nil)
	p, err := c.Pull(t.Context(), 12, Want{})
	if err != nil {
		t.Fatal(err)
	}
	if runs, _, err := c.Runs(t.Context(), p); err != nil || len(runs) != 1 {
		t.Errorf("%v: %+v", err, runs)
	}
}

func TestDownload(t *testing.T) {
	zip := bytes.Repeat([]byte("zip"), 1000)
	for _, tt := range []struct {
		name    string
		changes map[string]any
		fault   *fake.Fault
		limit   int64
		err     error
		zips    int // downloads
	}{
		{"whole", nil, nil, 1 << 20, nil, 1},
		{"without a digest", map[string]any{"digest": nil}, nil, 1 << 20, nil, 1},
		{"expired, as the list says", map[string]any{"expired": true}, nil, 1 << 20, ErrExpired, 0},
		{"too large, as the list says", nil, nil, 100, ErrTooLarge, 0},
		{"too large, and the list lies", map[string]any{"size_in_bytes": 1}, nil, 100, ErrTooLarge, 1},
		{"another content than announced", map[string]any{"digest": "sha256:" + strings.Repeat("0", 64)}, nil, 1 << 20, ErrDamaged, 1},
		{"cut off once", nil, &fake.Fault{Path: "/zips/", Times: 1, Reply: cutOff}, 1 << 20, nil, 2},
		{"cut off always", nil, &fake.Fault{Path: "/zips/", Reply: cutOff}, 1 << 20, ErrUnavailable, 4},
		{"refused by the store", nil, &fake.Fault{Path: "/zips/", Reply: fake.Status(403, "AuthenticationFailed")}, 1 << 20, ErrUnavailable, 1},
		{"expired meanwhile", nil, &fake.Fault{Path: "/artifacts/", Reply: fake.Status(410, "Artifact has expired")}, 1 << 20, ErrExpired, 0},
		{"no permission", nil, &fake.Fault{Path: "/zip", Times: 1, Reply: fake.Status(403, "Must have admin rights to Repository.")}, 1 << 20, ErrPermission, 0},
		{"sent to a file", nil, &fake.Fault{Path: "/artifacts/", Reply: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "file:///etc/passwd")
			w.WriteHeader(302)
		}}, 1 << 20, ErrDamaged, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := fake.New(t)
			run := f.AddRun(headA, noon(), nil)
			f.AddArtifact(run, "andon-1", zip, tt.changes)
			f.AddArtifact(run, "coverage", zip, nil)
			c, _ := client(t, f, nil)
			runs, _, err := c.RunsOf(t.Context(), headA)
			if err != nil {
				t.Fatal(err)
			}
			found, more, err := c.Artifacts(t.Context(), runs[0], "andon-")
			if err != nil || more || len(found) != 1 {
				t.Fatalf("%v: %+v", err, found)
			}
			if tt.fault != nil {
				f.Fail(*tt.fault)
			}
			raw, err := c.Download(t.Context(), found[0], tt.limit)
			if !errors.Is(err, tt.err) || err == nil && !bytes.Equal(raw, zip) {
				t.Errorf("%d bytes, %v", len(raw), err)
			}
			if f.Downloads != tt.zips {
				t.Errorf("%d downloads, want %d", f.Downloads, tt.zips)
			}
			if err != nil && strings.Contains(err.Error(), "sig=") {
				t.Errorf("the message lets anybody read the artifact: %v", err)
			}
		})
	}
}

// cutOff announces more than it sends.
func cutOff(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", "3000")
	fmt.Fprint(w, "zip")
	if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
		conn.Close()
	}
}

func TestCheckIsEdited(t *testing.T) {
	f := fake.New(t)
	k := Check{Name: "Andon session", Key: "andon/session", SHA: headA, Conclusion: "success", Title: "one", Summary: "text"}
	for i, title := range []string{"one", "one", "two"} {
		c, _ := client(t, f, nil)
		k.Title = title
		written, err := c.PutCheck(t.Context(), k)
		if err != nil || written != (i != 1) || len(f.Checks) != 1 {
			t.Errorf("round %d: written %v, %d checks, %v", i, written, len(f.Checks), err)
		}
	}
	f.Fail(fake.Fault{Path: "/check-runs/", Reply: fake.Status(403, "Invalid app_id")})
	k.Title = "of another App"
	c, _ := client(t, f, nil)
	if written, err := c.PutCheck(t.Context(), k); err != nil || !written || len(f.Checks) != 2 {
		t.Errorf("written %v, %d checks, %v", written, len(f.Checks), err)
	}
}

func TestFolder(t *testing.T) {
	dir := t.TempDir()
	old, err := NewFolder(dir, time.Now().Add(-60*24*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	key := strings.Repeat("ab", 32)
	old.Put(key, []byte("value"))
	if v, ok := old.Get(key); !ok || string(v) != "value" {
		t.Errorf("%q, %v", v, ok)
	}
	other := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(other, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	late, err := NewFolder(dir, time.Now().Add(60*24*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := late.Get(key); ok {
		t.Error("kept for ever")
	}
	if _, err := os.Stat(other); err != nil {
		t.Error("somebody else's file was removed")
	}
}

// TestMoved asks for a repository by an earlier name.
// TestMoved asks for a repository by the name that it had before a transfer.
func TestMoved(t *testing.T) {
	f := fake.New(t)
	f.Load("agent-fix")
	f.AddRun(headA, noon(), nil)
	f.Old = "octo-cat/old"
	c, _ := client(t, f, func(o *Options) { o.Repository = f.Old })
	if runs, _, err := c.RunsOf(t.Context(), headA); err != nil || len(runs) != 1 {
		t.Errorf("%v, %v", runs, err)
	}
	if _, err := c.AddComment(t.Context(), 12, "text"); err != nil || len(f.Posts) != 1 || f.Posts[0]["body"] != "text" {
		t.Errorf("%v, %v", f.Posts, err)
	}
	if _, err := c.Pull(t.Context(), 12, Want{}); err != nil || c.Repository() != "octo-org/hello" {
		t.Errorf("%s, %v", c.Repository(), err)
	}
	before := c.Budget().REST
	if _, _, err := c.RunsOf(t.Context(), headA); err != nil || c.Budget().REST != before+1 {
		t.Errorf("redirected again: %+v, %v", c.Budget(), err)
	}
}

// TestHiddenField reads a pull request of which the token may not see all.
func TestHiddenField(t *testing.T) {
	f := fake.New(t)
	f.Fail(fake.Fault{Path: "/graphql", Reply: func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"data":{"repository":{"nameWithOwner":"octo-org/hello","pullRequest":{"number":12,"state":"OPEN",
"commits":{"pageInfo":{"hasNextPage":false},"nodes":[]},"reviews":null,"timelineItems":{"pageInfo":{"hasNextPage":false},"nodes":[null]}}}},
"errors":[{"type":"FORBIDDEN","path":["repository","pullRequest","reviews"],"message":"Resource not accessible by integration"}]}`)
	}})
	c, _ := client(t, f, nil)
	p, err := c.Pull(t.Context(), 12, Want{})
	if err != nil || p.State != "open" || fmt.Sprint(p.Unread) != "[reviews]" || c.Budget().GraphQL != 1 {
		t.Errorf("%+v, %v, %+v", p, err, c.Budget())
	}
}

// TestGraphQLStumbles gets errors that come with status 200.
func TestGraphQLStumbles(t *testing.T) {
	for _, tt := range []struct {
		name, error string
		times       int
		err         error
		slept, hint string
	}{
		{"a timeout that passes", `{"message":"Something went wrong while executing your query."}`, 2, nil, "[1.5s 3s]", ""},
		{"timeouts", `{"message":"Something went wrong while executing your query."}`, 0, ErrUnavailable, "[1.5s 3s 6s]", "run the command again"},
		{"a field that an old server does not know", `{"path":["query pull","repository","pullRequest","isDraft"],"extensions":{"code":"undefinedField"},"message":"Field 'isDraft' doesn't exist"}`, 0, ErrDamaged, "[]", "older"},
		{"a scope", `{"type":"INSUFFICIENT_SCOPES","message":"Your token has not been granted the required scopes"}`, 0, ErrPermission, "[]", "permission"},
	} {
		f := fake.New(t)
		f.Load("agent-fix")
		f.Fail(fake.Fault{Path: "/graphql", Times: tt.times, Reply: func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"data":null,"errors":[%s]}`, tt.error)
		}})
		c, w := client(t, f, nil)
		_, err := c.Pull(t.Context(), 12, Want{})
		var e *Error
		if !errors.Is(err, tt.err) || fmt.Sprint(w.slept) != tt.slept || errors.As(err, &e) && !strings.Contains(e.Hint, tt.hint) {
			t.Errorf("%s: %v, slept %v, %+v", tt.name, err, w.slept, e)
		}
	}
}

func TestGraphQLLimit(t *testing.T) {
	f := fake.New(t)
	f.Load("agent-fix")
	limited := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-RateLimit-Reset", fmt.Sprint(noon().Add(time.Minute).Unix()))
		w.Header().Set("Date", noon().Format(http.TimeFormat))
		fmt.Fprint(w, `{"errors":[{"type":"RATE_LIMITED","message":"API rate limit exceeded"}]}`)
	}
	f.Fail(fake.Fault{Path: "/graphql", Times: 1, Reply: limited})
	c, w := client(t, f, nil)
	if _, err := c.Pull(t.Context(), 12, Want{}); err != nil || fmt.Sprint(w.slept) != "[1m1s]" {
		t.Errorf("%v, slept %v", err, w.slept)
	}
	f.Fail(fake.Fault{Path: "/graphql", Reply: limited})
	c, _ = client(t, f, func(o *Options) { o.Patience = 0 })
	var e *Error
	if _, err := c.Pull(t.Context(), 12, Want{}); !errors.Is(err, ErrLimit) || !errors.As(err, &e) || e.Until.IsZero() || e.Doing == "" {
		t.Errorf("%v", err)
	}
}

// TestRunsByComment finds the workflow runs that comments have started, which
// the forge files under the default branch.
func TestRunsByComment(t *testing.T) {
	f := fake.New(t)
	f.Load("agent-fix") // mallory comments at 09:02 on the 18th
	at := time.Date(2026, 11, 18, 9, 2, 4, 0, time.UTC)
	run := func(at time.Time, changes map[string]any) {
		all := map[string]any{
			"event": "issue_comment", "head_branch": "main", "pull_requests": []any{}, "display_title": "Retry the upload once",
			"actor": map[string]any{"login": "mallory"}, "triggering_actor": map[string]any{"login": "mona"},
		}
		maps.Copy(all, changes)
		f.AddRun("00000000000000000000000000000000000000ff", at, all)
	}
	run(at, map[string]any{"name": "ours"})
	run(at, map[string]any{"name": "on another pull request", "display_title": "Another"})
	run(at, map[string]any{"name": "of somebody else", "actor": map[string]any{"login": "mona"}})
	run(at.Add(5*time.Minute), map[string]any{"name": "long after"})
	run(at.Add(-10*time.Second), map[string]any{"name": "before"})
	c, _ := client(t, f, nil)
	p, err := c.Pull(t.Context(), 12, Want{Comments: true})
	if err != nil {
		t.Fatal(err)
	}
	p.HeadSHA = headB
	runs, _, err := c.Runs(t.Context(), p)
	if err != nil || len(runs) != 1 || runs[0].Name != "ours" || runs[0].HeadSHA != headA || !runs[0].Commented {
		t.Errorf("%v: %+v", err, runs)
	}
}

// silent is a network that never answers in time.
type silent struct{ asked int }

func (s *silent) RoundTrip(*http.Request) (*http.Response, error) {
	s.asked++
	return nil, context.DeadlineExceeded
}

func TestNoAnswer(t *testing.T) {
	s, w := &silent{}, &watch{now: noon()}
	c, err := New(Options{Repository: "o/r", Token: "t", Transport: s, Clock: w.clock()})
	if err != nil {
		t.Fatal(err)
	}
	var e *Error
	if _, _, err := c.RunsOf(t.Context(), headA); !errors.Is(err, ErrUnavailable) || !errors.As(err, &e) || e.Hint == "" || s.asked != 4 {
		t.Errorf("%d times: %v", s.asked, err)
	}
	if _, err := c.Pull(t.Context(), 1, Want{}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("%v", err)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := c.Pull(stopped, 12, Want{}); err == nil || strings.Contains(err.Error(), "://") {
		t.Error(err)
	}
	if _, _, err := c.RunsOf(stopped, headA); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestRunsOfADeletedFork(t *testing.T) {
	f := fake.New(t)
	f.Load("agent-fix")
	f.Pull["headRepository"], f.Pull["isCrossRepository"] = nil, true
	at := time.Date(2026, 11, 19, 9, 0, 0, 0, time.UTC)
	f.AddRun(headB, at, map[string]any{"pull_requests": []any{}, "head_repository": nil})
	f.AddRun("e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5", at, map[string]any{"pull_requests": []any{}, "head_repository": nil})
	c, _ := client(t, f, nil)
	p, err := c.Pull(t.Context(), 12, Want{})
	if err != nil {
		t.Fatal(err)
	}
	if runs, _, err := c.Runs(t.Context(), p); err != nil || len(runs) != 1 || !runs[0].Fork || runs[0].HeadSHA != headB {
		t.Errorf("%v: %+v", err, runs)
	}
}
