package override_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/override"
	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

// source plays histories as if they had been read.
type source []*override.History

func (s source) Histories(context.Context, override.Span) iter.Seq2[*override.History, error] {
	return func(yield func(*override.History, error) bool) {
		for _, h := range s {
			if !yield(h, nil) {
				return
			}
		}
		yield(nil, errors.New("one could not be read"))
		yield(nil, &override.Unread{Rest: past(), Err: errors.New("another could not be read now")})
		yield(nil, &override.Unread{Err: errors.New("nor could a third")})
	}
}

// past is a span without its end.
func past() override.Span {
	return override.Span{Since: time.Date(2026, 11, 13, 12, 0, 0, 0, time.UTC)}
}

func TestSpan(t *testing.T) {
	whole := past()
	whole.Until = whole.Since.Add(90 * time.Minute)
	for s, text := range map[override.Span]string{past(): "2026-11-13T12:00:00Z/", whole: "2026-11-13T12:00:00Z/2026-11-13T13:30:00Z"} {
		if got, err := override.ParseSpan(text); s.String() != text || got != s || err != nil {
			t.Errorf("%s is written %s, and %s is read as %v: %v", s, s, text, got, err)
		}
	}
	for _, text := range []string{"", "7d", "/", "2026-11-13", "2026-11-13T12:00:00Z", "2026-11-13T12:00:00Z/soon"} {
		if got, err := override.ParseSpan(text); err == nil {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}

// TestSweep reads one change at two times: what was said before it was taken
// back is in the coverage, and nothing is told twice.
func TestSweep(t *testing.T) {
	h := read(t, "combined-a-life.json").History
	once, errs := override.Sweep(context.Background(), source{h}, override.Span{}, override.Options{})
	if len(errs) != 3 || !once.Coverage.Partial || len(once.Coverage.Unread) != 3 || once.Coverage.Cursor != past().String() {
		t.Errorf("errors %v, want the source's three and the first that may pass as the cursor: %+v", errs, once.Coverage)
	}
	twice, _ := override.Sweep(context.Background(), source{h, h}, override.Span{}, override.Options{})
	if len(once.Overrides) == 0 || !slices.Equal(lines(once.Overrides), lines(twice.Overrides)) || !slices.Equal(lines(once.Agreements), lines(twice.Agreements)) {
		t.Errorf("twice gives\n%q, once\n%q", lines(twice.Overrides), lines(once.Overrides))
	}
	if !slices.IsSortedFunc(once.Overrides, func(a, b override.Record) int { return a.Time.Compare(b.Time) }) {
		t.Error("the overrides are not in order of time")
	}
}

// TestSameBytes holds the result to be the same for the same history, also
// where the history went through JSON.
func TestSameBytes(t *testing.T) {
	for _, name := range files(t) {
		h := read(t, name)
		first, err := json.Marshal(h.detect())
		if err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(h.History)
		if err != nil {
			t.Fatal(err)
		}
		h.History = &override.History{}
		if err := json.Unmarshal(raw, h.History); err != nil {
			t.Fatal(err)
		}
		if again, _ := json.Marshal(h.detect()); !bytes.Equal(first, again) {
			t.Errorf("%s:\n%s\n%s", name, first, again)
		}
	}
}

// TestEveryPrefix cuts each history short in every part: nothing panics, and no
// id changes its meaning.
func TestEveryPrefix(t *testing.T) {
	for _, name := range files(t) {
		h := read(t, name)
		for _, cut := range []func(*override.History){
			func(h *override.History) { h.Commits = nil },
			func(h *override.History) { h.Events = nil },
			func(h *override.History) { h.Merge = nil },
			func(h *override.History) {
				h.Author, h.Head, h.Base = override.Actor{}, override.Branch{}, override.Branch{}
			},
			func(h *override.History) {
				for i := range h.Threads {
					h.Threads[i].Comments = nil
				}
			},
			func(h *override.History) { h.Subject.Number = 0; h.Repository, h.RepositoryID = "", 0 },
		} {
			part := *h.History
			part.Threads = slices.Clone(part.Threads)
			cut(&part)
			override.Detect(&part, override.Options{Accounts: h.Accounts, Runs: h.Runs})
		}
	}
}

func TestParsePatch(t *testing.T) {
	for _, c := range []struct {
		name, patch string
		want        []override.Hunk
	}{
		{"replaced", "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n", []override.Hunk{{Old: 2, Removed: 1, New: 2, Added: 1}}},
		{"two in one", "@@ -10,5 +10,5 @@ func f()\n a\n-b\n c\n+d\n e\n", []override.Hunk{{Old: 11, Removed: 1, New: 10, Added: 0}, {Old: 12, Removed: 0, New: 12, Added: 1}}},
		{"new file", "@@ -0,0 +1,2 @@\n+a\n+b\n\\ No newline at end of file", []override.Hunk{{Old: 0, Removed: 0, New: 1, Added: 2}}},
		{"removed file", "@@ -1,2 +0,0 @@\n-a\n-b\n", []override.Hunk{{Old: 1, Removed: 2, New: 0, Added: 0}}},
		{"no context", "@@ -5 +4,0 @@\n-a\n", []override.Hunk{{Old: 5, Removed: 1, New: 4, Added: 0}}},
		{"cut short", "@@ -5 +4,0 @@\n-a\n@@ nonsense", []override.Hunk{{Old: 5, Removed: 1, New: 4, Added: 0}}},
		{"nothing", "", nil},
	} {
		if got := override.ParsePatch(c.patch); !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func FuzzParsePatch(f *testing.F) {
	f.Add("@@ -10,5 +10,5 @@ func f()\n a\n-b\n c\n+d\n e\n")
	f.Fuzz(func(t *testing.T, patch string) {
		last := 0
		for _, h := range override.ParsePatch(patch) {
			if h.Removed+h.Added == 0 || h.Removed < 0 || h.Added < 0 {
				t.Fatalf("%+v of %q", h, patch)
			}
			last += h.Removed + h.Added
		}
		if last > len(patch) {
			t.Fatalf("%d lines of %d bytes", last, len(patch))
		}
	})
}

// TestTooManyReverts sees that what is over the bound is said to be missing.
func TestTooManyReverts(t *testing.T) {
	h := read(t, "revert-by-title.json").History
	for i := range 400 {
		r := h.Reverts[0]
		r.Number, r.SHA = 100+i, ""
		h.Reverts = append(h.Reverts, r)
	}
	got := override.Detect(h, override.Options{})
	if !slices.Contains(got.Coverage.Missing, override.PartReverts) || len(got.Overrides) != 300 {
		t.Errorf("%d overrides, missing %v", len(got.Overrides), got.Coverage.Missing)
	}
}

func TestReworkWindow(t *testing.T) {
	h := read(t, "rework.json").History
	for window, want := range map[time.Duration]int{time.Hour: 0, 3 * 24 * time.Hour: 1, 0: 1} {
		if got := override.Detect(h, override.Options{Rework: window}); len(got.Overrides) != want {
			t.Errorf("within %v: %q, want %d", window, lines(got.Overrides), want)
		}
	}
}

func TestRunsOf(t *testing.T) {
	at := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	made := &session.Changes{Made: []session.Made{
		{Kind: trace.Committed, ID: "1a2b3c4"}, {Kind: trace.Pushed, ID: "2b3c4d5"}, {Kind: trace.PostedReview, ID: "80"}, {Kind: trace.PostedReview, ID: "PRR_kwDO1"},
		{Kind: trace.PostedComment, ID: "81"}, {Kind: trace.PostedComment, ID: "IC_kw"}, {Kind: trace.OpenedPull, ID: "12"}, {Kind: trace.MergedPull, ID: "3c4d5e6"},
	}}
	s := &session.Session{Repository: "o/r", HeadSHA: "c1", Runs: []*session.Run{
		{ID: "r1", Agent: trace.Agent{Name: "review"}, Runtime: trace.Runtime{Name: "claude-code"}, Start: at, End: at, Decision: &session.Decision{Kind: trace.Approve}, Changes: made},
		{ID: "r2"},
	}}
	want := []override.Run{
		{
			ID: "r1", Agent: "review", Runtime: "claude-code", Repository: "o/r", HeadSHA: "c1", Start: at, End: at, Decision: trace.Approve,
			Reviews: []int64{80}, Nodes: []string{"PRR_kwDO1"}, Comments: []int64{81}, Commits: []string{"1a2b3c4", "2b3c4d5"}, Pulls: []int64{12},
		},
		{ID: "r2", Repository: "o/r", HeadSHA: "c1"},
	}
	if got := override.RunsOf([]*session.Session{s}); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	want[0].Doubtful = true
	c := &session.Chain{Sessions: []*session.Link{{Session: s, Workflows: []session.Workflow{{Fork: true, Runs: []string{"r1"}}, {Runs: []string{"r2"}}}}}}
	if got := override.RunsOfChain(c); !reflect.DeepEqual(got, want) {
		t.Errorf("of a chain: %+v", got)
	}
}
