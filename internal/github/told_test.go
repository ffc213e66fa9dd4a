package github

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/github/fake"
	"github.com/andon-ci/andon/internal/override"
)

// played is a file of testdata/github/histories, as far as it is needed here:
// that the detection finds in the history what the file says, internal/override
// tests.
type played struct {
	Accounts override.Accounts `json:"accounts"`
	Runs     []override.Run    `json:"runs"`
	History  *override.History `json:"history"`
}

// untold says which histories no forge tells, and why.
func untold() map[string]string {
	return map[string]string{
		"label-on-an-issue":        "it is an issue's: a sweep reads pull requests, and GraphQL has other fields for issues",
		"dismissed-through-an-app": "GraphQL does not tell through which App somebody acted; the events of REST do, for a request more",
		"thread-unknown-change":    "GitHub always tells whether a thread is outdated; an event does not",
	}
}

// nameless are the histories in which GraphQL has no name for a bot, so that
// what counts for nothing is told to be unresolved rather than ignored.
func nameless() []string { return []string{"thread-resolved-by-the-agent", "thumbs-down-by-a-bot"} }

// unread says which histories are about what cannot be read, and names that.
func unread() map[string]string {
	return map[string]string{
		"closed-change-known-by-address":       "[pushes]", // of a fork, whose log is not the repository's
		"closed-fork-deleted":                  "[pushes]",
		"closed-head-renamed":                  "[pushes]", // which the log has under the earlier name
		"command-access-not-known":             "[permissions]",
		"command-in-a-review-access-not-known": "[permissions]",
		"force-push-unknown-commits":           "[commits]",
		"human-commit-by-unknown":              "[pushes]",
		"human-commit-clock-skew-unpushed":     "[pushes]",
		"link-unpushed":                        "[pushes]",
		"merged-events-not-read":               "[events previous_state reverts]",
	}
}

// TestPlayed plays each history to a forge, reads it from there, and finds what
// the file's own history shows.
func TestPlayed(t *testing.T) {
	names, err := filepath.Glob(filepath.Join(fake.Data, "histories", "*.json"))
	if err != nil || len(names) < 100 {
		t.Fatalf("%d histories, %v", len(names), err)
	}
	f := fake.New(t)
	for _, name := range names {
		short := strings.TrimSuffix(filepath.Base(name), ".json")
		t.Run(short, func(t *testing.T) {
			if why := untold()[short]; why != "" {
				t.Skip(why)
			}
			p := play(t, f, name)
			c, _ := client(t, f, func(o *Options) { o.Repository = p.History.Base.Repository })
			h, err := c.History(t.Context(), p.History.Subject.Number)
			if err != nil {
				t.Fatal(err)
			}
			o := override.Options{Accounts: p.Accounts, Runs: p.Runs}
			got := override.Detect(h, o)
			trim(p.History)
			want := override.Detect(p.History, o)
			if missing := cmp.Or(unread()[short], "[]"); fmt.Sprint(h.Missing) != missing {
				t.Errorf("missing %v, want %s", h.Missing, missing)
			}
			if got.Coverage.Missing, want.Coverage.Missing = nil, nil; slices.Contains(nameless(), short) {
				got.Coverage, want.Coverage = override.Coverage{}, override.Coverage{}
			}
			sameJSON(t, got, want)
		})
	}
}

// play tells the forge a history.
func play(t *testing.T, f *fake.Forge, name string) played {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var p played
	if err := json.Unmarshal(raw, &p); err != nil {
		t.Fatal(err)
	}
	f.Forget()
	f.Tell(p.History)
	return p
}

// trim takes out of a history what its file has for readers and GitHub does not
// tell: the addresses of most events, when a thread was resolved, and who pushed
// to the base and when, of which the commit's own time is left.
func trim(h *override.History) {
	for i, e := range h.Events {
		if e.Kind != override.Closed {
			h.Events[i].URL = ""
		}
	}
	for i := range h.Threads {
		h.Threads[i].ResolvedAt = time.Time{}
	}
	signed := func(m *override.Commit) { // by whoever made it, where the file does not say more
		if m.Committer == (override.Identity{}) {
			m.Committer = m.Author
			m.Committer.Time = cmp.Or(m.Pushed, m.Author.Time)
		}
	}
	for i := range h.Commits {
		m := &h.Commits[i]
		signed(m)
		if m.Pushed.IsZero() {
			m.Pusher = override.Actor{}
		}
	}
	landed := func(m *override.Commit) {
		signed(m)
		m.Pusher, m.Pushed = override.Actor{}, time.Time{}
	}
	for i := range h.After {
		landed(&h.After[i])
	}
	for i := range h.Reverts {
		if r := &h.Reverts[i]; r.Commit != nil {
			landed(r.Commit)
			r.Merged = time.Time{}
		}
	}
}

func sameJSON(t *testing.T, got, want any) {
	t.Helper()
	g, err1 := json.MarshalIndent(got, "", " ")
	w, err2 := json.MarshalIndent(want, "", " ")
	if err1 != nil || err2 != nil || string(g) != string(w) {
		t.Errorf("got only %s\nwant too %s", only(g, w), only(w, g))
	}
}

// only returns the lines of a that b does not have.
func only(a, b []byte) string {
	var out []string
	for line := range strings.Lines(string(a)) {
		if !strings.Contains(string(b), line) {
			out = append(out, strings.TrimSpace(line))
		}
	}
	return strings.Join(out, " ")
}

func history(name string) string { return filepath.Join(fake.Data, "histories", name+".json") }

func TestHistoryInPages(t *testing.T) {
	f := fake.New(t)
	p := play(t, f, history("combined-300-reviews"))
	c, _ := client(t, f, func(o *Options) { o.Repository = p.History.Repository })
	h, err := c.History(t.Context(), 12)
	if err != nil || len(h.Reviews) < 300 || len(h.Missing) > 0 || c.Budget().GraphQL != (len(h.Reviews)+49)/50 {
		t.Errorf("%v: %d reviews, missing %v, %+v", err, len(h.Reviews), h.Missing, c.Budget())
	}
	f.Forget()
	f.Limit = 2
	h, err = c.History(t.Context(), 12)
	if !errors.Is(err, ErrLimit) || len(h.Reviews) != 100 || !slices.Contains(h.Missing, "reviews") {
		t.Errorf("%v: %d reviews, missing %v", err, len(h.Reviews), h.Missing)
	}
}

// TestListsWithinLists names what is cut off where nobody turns pages.
func TestListsWithinLists(t *testing.T) {
	for _, tt := range []struct {
		name, missing string
		grow          func(h *override.History)
	}{
		{"thumbs-everywhere", "[]", func(*override.History) {}},
		{"thumbs-down", "[reactions]", func(h *override.History) {
			m := &h.Comments[0]
			m.Reactions = slices.Repeat(m.Reactions, 11)
		}},
		{"thumbs-everywhere", "[reactions]", func(h *override.History) {
			m := &h.Threads[0].Comments[0]
			m.Reactions = slices.Repeat(m.Reactions, 6)
		}},
		{"thumbs-everywhere", "[reactions]", func(h *override.History) {
			r := &h.Reviews[0]
			r.Reactions = slices.Repeat(r.Reactions, 11)
		}},
		{"thread-open", "[threads]", func(h *override.History) { h.Threads[0].Comments = slices.Repeat(h.Threads[0].Comments, 11) }},
		{"revert-button", "[]", func(h *override.History) { h.Reverts[0].Messages = slices.Repeat([]string{"Undo"}, 6) }},
		{"revert-button", "[reverts]", func(h *override.History) {
			r := &h.Reverts[0]
			r.Title, r.Body, r.Head, r.Messages = "Undo", "", "undo", slices.Repeat([]string{"Undo"}, 6)
		}},
	} {
		f := fake.New(t)
		h := play(t, f, history(tt.name)).History
		tt.grow(h)
		f.Tell(h)
		c, _ := client(t, f, func(o *Options) { o.Repository = h.Repository })
		got, err := c.History(t.Context(), h.Subject.Number)
		if err != nil || fmt.Sprint(got.Missing) != tt.missing {
			t.Errorf("%s: %v, missing %v, want %s", tt.name, err, got.Missing, tt.missing)
		}
	}
}

// TestAfterInFewRequests asks for the commits after a merge only where one of
// them may have touched its files.
func TestAfterInFewRequests(t *testing.T) {
	for _, tt := range []struct {
		name    string
		commits int    // after the merge
		path    string // that they touch
		rest    int    // requests: the log of pushes, the merge, and these
		missing string
	}{
		{"none", 0, "", 2, "[]"},
		{"two", 2, "other.go", 2 + 2, "[]"},
		{"many, elsewhere", 90, "other.go", 2 + 1, "[]"},
		{"some, near", 5, "parser.go", 2 + 1 + 5, "[]"},
		{"many, near", 90, "parser.go", 2 + 1 + 20, "[after]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := fake.New(t)
			h := play(t, f, history("rework")).History
			one := h.After[0]
			h.After = nil
			for i := range tt.commits {
				one.SHA, one.Files = fmt.Sprintf("%040x", i+1), []override.File{{Path: tt.path, Hunks: one.Files[0].Hunks}}
				h.After = append(h.After, one)
			}
			f.Tell(h)
			c, _ := client(t, f, func(o *Options) { o.Repository = h.Repository })
			got, err := c.History(t.Context(), 12)
			if err != nil || len(got.After) != tt.commits || fmt.Sprint(got.Missing) != tt.missing || c.Budget().REST != tt.rest {
				t.Errorf("%v: %d commits, missing %v, %+v", err, len(got.After), got.Missing, c.Budget())
			}
		})
	}
}
