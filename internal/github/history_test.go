package github

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/github/fake"
	"github.com/andon-ci/andon/internal/override"
)

func overruled(t *testing.T) *fake.Forge {
	t.Helper()
	f := fake.New(t)
	f.Load("overruled")
	return f
}

// signals returns what a history shows, one a line.
func signals(h *override.History) []string {
	var out []string
	r := override.Detect(h, override.Options{})
	for _, o := range r.Overrides {
		out = append(out, fmt.Sprintf("%s %s by %s against %s", o.Signal, o.Strength, o.Actor.Login, o.Agent.Name))
	}
	slices.Sort(out)
	return out
}

func TestHistory(t *testing.T) {
	f := overruled(t)
	c, _ := client(t, f, nil)
	h, err := c.History(t.Context(), 12)
	if err != nil {
		t.Fatal(err)
	}
	if len(h.Missing) > 0 || h.RepositoryID != 1296269 || len(h.Commits) != 3 || h.Commits[2].Pusher.Login != "mona" {
		t.Errorf("missing %v, %d commits: %+v", h.Missing, len(h.Commits), h.Commits)
	}
	want := []string{
		"command strong by mona against review-agent",
		"force_push strong by mona against claude",
		"human_commit medium by mona against claude",
		"label_removed medium by mona against review-agent",
		"reaction weak by mona against review-agent",
		"revert strong by mona against claude",
		"review_dismissed strong by mona against review-agent",
		"thread_resolved weak by mona against review-agent",
	}
	if got := signals(h); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if b := c.Budget(); b.GraphQL != 2 || b.REST != 6 || f.Points > 6 {
		t.Errorf("%+v, %d points", b, f.Points)
	}
}

// TestHistoryWithoutPermissions reads what a token may see that reads pull
// requests alone.
func TestHistoryWithoutPermissions(t *testing.T) {
	f := overruled(t)
	for _, path := range []string{"/activity", "/compare/", "/permission", "/commits/"} {
		f.Fail(fake.Fault{Path: path, Reply: fake.Status(403, "Resource not accessible by integration")})
	}
	c, _ := client(t, f, nil)
	h, err := c.History(t.Context(), 12)
	if err != nil {
		t.Fatal(err)
	}
	if want := "[after commits permissions pushes]"; fmt.Sprint(h.Missing) != want {
		t.Errorf("%v, want %s", h.Missing, want)
	}
	// Medium: without the log of pushes, the head may have moved before.
	if got := signals(h); !slices.Contains(got, "review_dismissed medium by mona against review-agent") {
		t.Errorf("%q", got)
	}
}

func TestHistoryStopsAtALimit(t *testing.T) {
	f := overruled(t)
	f.Limit = 3
	c, _ := client(t, f, nil)
	h, err := c.History(t.Context(), 12)
	if !errors.Is(err, ErrLimit) || h == nil || len(h.Reviews) != 1 || fmt.Sprint(h.Missing) != "[after permissions pushes]" {
		t.Errorf("%v, %+v", err, h)
	}
}

// TestEnabled tells who asked for a merge that a bot carried out.
func TestEnabled(t *testing.T) {
	mona, queue := &actorNode{"User", "mona"}, &actorNode{"Bot", "github-merge-queue"}
	for _, tt := range []struct {
		events []eventNode
		by     string
	}{
		{[]eventNode{{Type: "AutoMergeEnabledEvent", Actor: mona}}, "mona"},
		{[]eventNode{{Type: "AutoSquashEnabledEvent", Actor: mona}}, "mona"},
		{[]eventNode{{Type: "AutoRebaseEnabledEvent", Actor: mona}}, "mona"},
		{[]eventNode{{Type: "AutoMergeEnabledEvent", Actor: mona}, {Type: "AutoMergeDisabledEvent", Actor: mona}}, ""},
		{[]eventNode{{Type: "AddedToMergeQueueEvent", Actor: mona}, {Type: "RemovedFromMergeQueueEvent", Actor: queue}}, "mona"},
		{[]eventNode{{Type: "AddedToMergeQueueEvent", Actor: mona}, {Type: "RemovedFromMergeQueueEvent", Actor: mona}}, ""},
	} {
		b := &historian{h: &override.History{Merge: &override.Merge{}}}
		for _, e := range tt.events {
			b.event(&historyEvent{eventNode: e})
		}
		if got := b.h.Merge.EnabledBy.Login; got != tt.by || len(b.h.Events) > 0 {
			t.Errorf("%+v: %q, want %q", tt.events, got, tt.by)
		}
	}
}

// TestBrought says of each commit who pushed it first.
func TestBrought(t *testing.T) {
	at := map[string]*override.Commit{}
	for sha, parents := range map[string][]string{"a": {"base"}, "b": {"a"}, "c": {"b", "other"}, "old": {"base"}, "d": {"c"}} {
		at[sha] = &override.Commit{SHA: sha, Parents: parents}
	}
	for i, tip := range []string{"old", "b", "c", "gone", "d", "d"} {
		a := activity{After: tip, Timestamp: noon().Add(time.Duration(i) * time.Minute), Actor: &restActor{Login: fmt.Sprint(i), Type: "User"}}
		a.brought(at)
	}
	for sha, who := range map[string]string{"old": "0", "a": "1", "b": "1", "c": "2", "d": "4"} {
		if got := at[sha].Pusher.Login; got != who {
			t.Errorf("%s was pushed by %q, want %q", sha, got, who)
		}
	}
}

// TestPatchID holds a patch to have one id on every base, and none where it is
// not known.
func TestPatchID(t *testing.T) {
	of := func(files string) string {
		var r restCommit
		if err := json.Unmarshal([]byte(`{"files":[`+files+`]}`), &r); err != nil {
			t.Fatal(err)
		}
		return r.patchID()
	}
	one := of(`{"filename":"a","status":"modified","patch":"@@ -1,2 +1,2 @@ f\n x\n-y\n+z"}`)
	for files, same := range map[string]bool{
		`{"filename":"a","status":"modified","patch":"@@ -9,2 +9,2 @@ g\n w\n-y\n+z\n v"}`: true,
		`{"filename":"b","status":"modified","patch":"@@ -1,2 +1,2 @@ f\n x\n-y\n+z"}`:     false,
		`{"filename":"a","status":"modified","patch":"@@ -1,2 +1,2 @@ f\n x\n-y\n+zz"}`:    false,
		`{"filename":"a","status":"modified"}`:                                             false,
	} {
		if got := of(files); (got == one) != same {
			t.Errorf("%s: the same is %v", files, got == one)
		}
	}
	if of(`{"filename":"a","status":"modified"}`) != "" || of(`{"filename":"b","previous_filename":"a","status":"renamed"}`) == "" {
		t.Error("a patch that is cut off has an id, or a mere renaming has none")
	}
}

func TestMainline(t *testing.T) {
	node := func(sha string, parents ...string) *historyCommit {
		n := &historyCommit{OID: sha}
		for _, p := range parents {
			n.Parents.Nodes = append(n.Parents.Nodes, &oidNode{p})
		}
		return n
	}
	down := &mainline{merge: "merge"}
	down.follow([]*historyCommit{node("d", "c", "y"), node("y", "x"), node("c", "b")})
	if down.whole() {
		t.Error("the way to the merge is not known yet")
	}
	down.follow([]*historyCommit{node("x", "merge"), node("b", "merge"), node("merge", "a"), node("a")})
	var got []string
	for _, m := range down.commits(time.Time{}) {
		got = append(got, m.SHA)
	}
	if fmt.Sprint(got) != "[b c d]" || !down.whole() {
		t.Errorf("%v: commits of a branch that was merged are not the base's", got)
	}
}

func TestHistories(t *testing.T) {
	f := overruled(t)
	f.AddPull(12, time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)) // which has moved from one page to the next
	c, _ := client(t, f, nil)
	result, errs := override.Sweep(t.Context(), c, override.Span{Since: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)}, override.Options{})
	if len(errs) > 0 || len(result.Overrides) != 8 || result.Coverage.Changes != 1 {
		t.Errorf("%v, %d overrides, %+v", errs, len(result.Overrides), result.Coverage)
	}
	var read int
	for h, err := range c.Histories(t.Context(), override.Span{Since: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)}) {
		t.Errorf("%v, %v", h, err)
		read++
	}
	if read > 0 {
		t.Error("nothing had happened since")
	}
}
