package history_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/clock"
	"github.com/andon-ci/andon/internal/github"
	"github.com/andon-ci/andon/internal/github/fake"
	"github.com/andon-ci/andon/internal/history"
	"github.com/andon-ci/andon/internal/history/historytest"
)

// onForge returns the history on a branch of the forge's repository, asked for
// through a transport, if any.
func onForge(t *testing.T, f *fake.Forge, through http.RoundTripper) *history.Forge {
	t.Helper()
	still := func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	c, err := github.New(github.Options{
		Repository: f.Repository, BaseURL: f.URL(), GraphQLURL: f.GraphQLURL(), Token: "t", Transport: through,
		Clock: clock.Clock{Sleep: still, Rand: func() float64 { return 0 }},
	})
	if err != nil {
		t.Fatal(err)
	}
	return &history.Forge{Remote: c, Branch: "andon/history", Sleep: still}
}

func TestForge(t *testing.T) {
	historytest.Test(t, func(t *testing.T) func() history.Store {
		f := fake.New(t)
		f.Limit = 100_000
		return func() history.Store { return onForge(t, f, nil) }
	})
}

// TestForgeRequests tells what a sync costs: one request for each batch, once
// the branch was read.
func TestForgeRequests(t *testing.T) {
	f := fake.New(t)
	write := func(s history.Store, from int) {
		t.Helper()
		for n := range 5 {
			b := &history.Batch{Lines: historytest.Lines(t, history.Runs, historytest.Run(from+n))}
			if _, err := history.Write(t.Context(), s, b, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(onForge(t, f, nil), 0)
	if len(f.Requests) != 1+3+5 || f.Downloads != 0 {
		t.Errorf("%d requests and %d downloads for a branch that is new", len(f.Requests), f.Downloads)
	}
	f.Forget()
	write(onForge(t, f, nil), 5)
	if len(f.Requests) != 2+5 || f.Downloads != 1 {
		t.Errorf("%d requests and %d downloads for one that is there", len(f.Requests), f.Downloads)
	}
	f.Forget()
	write(onForge(t, f, nil), 5)
	if len(f.Requests) != 2 {
		t.Errorf("%d requests where nothing is new", len(f.Requests))
	}
}

// TestForgeCommits cuts what is large into several commits.
func TestForgeCommits(t *testing.T) {
	f := fake.New(t)
	s := onForge(t, f, nil)
	var changes []history.Change
	for d := range 5 {
		changes = append(changes, history.Change{Name: fmt.Sprintf("runs/2026/11/%02d.jsonl", d+1), Data: []byte(strings.Repeat("x", 3<<20))})
	}
	if err := s.Update(t.Context(), "Large", func(history.View) ([]history.Change, error) { return changes, nil }); err != nil {
		t.Fatal(err)
	}
	commits := 0
	for _, r := range f.Requests {
		if strings.Contains(string(r.Body), "mutation commit(") {
			commits++
		}
	}
	if commits != 3 || len(historytest.Dump(t, onForge(t, f, nil))) != 5 {
		t.Errorf("%d commits", commits)
	}
}

func TestForgeLinks(t *testing.T) {
	for _, at := range []string{"runs/2026/11/01.jsonl", "runs", "cursor.json"} {
		f := fake.New(t)
		f.SetBranch("andon/history", map[string][]byte{at: []byte(fake.Link + "/etc/passwd"), "README.md": []byte("mine")})
		s := onForge(t, f, nil)
		v, err := s.View(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if files, refused, err := v.Files(t.Context()); err != nil || len(files) > 0 || len(refused) != 1 {
			t.Errorf("%s: %v, refused %v, %v", at, files, refused, err)
		}
		_, err = history.Write(t.Context(), s, &history.Batch{
			Lines: historytest.Lines(t, history.Runs, historytest.Run(2)), Advance: func(c *history.Cursor) { c.At("o/r") },
		}, nil)
		if !errors.Is(err, history.ErrRefused) {
			t.Errorf("%s: %v", at, err)
		}
	}
}

// cut is a network that breaks for good with one request: before it arrives, or
// before the answer does.
type cut struct {
	left   int
	arrive bool
}

func (c *cut) RoundTrip(r *http.Request) (*http.Response, error) {
	c.left--
	switch {
	case c.left > 0:
		return http.DefaultTransport.RoundTrip(r)
	case c.left == 0 && c.arrive:
		if res, err := http.DefaultTransport.RoundTrip(r); err == nil {
			res.Body.Close()
		}
	}
	return nil, errKilled
}

// TestForgeKilled stops a writer before and after every request.
func TestForgeKilled(t *testing.T) {
	write := func(s history.Store) error {
		for part := range 2 {
			b := &history.Batch{Advance: func(c *history.Cursor) { c.At("o/r").Learn(fmt.Sprintf("part %d", part), time.Unix(1, 0).UTC()) }}
			for n := range 30 {
				b.Lines = append(b.Lines, historytest.Lines(t, history.Runs, historytest.Run(part*20+n))...)
			}
			if _, err := history.Write(t.Context(), s, b, nil); err != nil {
				return err
			}
		}
		return nil
	}
	undisturbed := fake.New(t)
	if err := write(onForge(t, undisturbed, nil)); err != nil {
		t.Fatal(err)
	}
	want := undisturbed.Branch("andon/history")
	for n := range len(undisturbed.Requests) {
		for _, arrive := range []bool{false, true} {
			f := fake.New(t)
			if err := write(onForge(t, f, &cut{left: n + 1, arrive: arrive})); err == nil {
				t.Fatalf("request %d was not missed", n)
			}
			if err := write(onForge(t, f, nil)); err != nil {
				t.Fatalf("after request %d: %v", n, err)
			}
			if got := f.Branch("andon/history"); !maps.EqualFunc(got, want, func(a, b []byte) bool { return string(a) == string(b) }) {
				t.Errorf("after request %d the branch is another", n)
			}
		}
	}
}

func TestForgeFails(t *testing.T) {
	f := fake.New(t)
	f.SetBranch("andon/history", map[string][]byte{"cursor.json": []byte(`{"schema":"andon.cursor/v9"}`)})
	_, err := history.Write(t.Context(), onForge(t, f, nil), &history.Batch{Advance: func(c *history.Cursor) {}}, nil)
	if err == nil || !strings.Contains(err.Error(), "another version") {
		t.Errorf("%v", err)
	}
	f.Fail(fake.Fault{Path: "/tarballs/", Reply: func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("no archive")) }})
	if _, err := onForge(t, f, nil).View(t.Context()); err == nil || !strings.Contains(err.Error(), "reading the branch andon/history") {
		t.Errorf("%v", err)
	}
}
