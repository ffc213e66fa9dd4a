package session

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/trace"
)

func minute(m int) time.Time { return time.Date(2026, 11, 20, 10, m, 0, 0, time.UTC) }

func worked(id string, from, to int, kind trace.Kind, parts ...string) *Run {
	usd := 0.5
	r := &Run{ID: id, Start: minute(from), End: minute(to), Status: trace.Success, Cost: Cost{USD: &usd, Source: Reported}, Usage: trace.Usage{Input: trace.Measured(10)}}
	if kind != "" {
		r.Decision = &Decision{Kind: kind, composedFrom: parts}
	}
	return r
}

// bundled returns a session as it comes back from a bundle.
func bundled(t *testing.T, runs ...*Run) *Session {
	t.Helper()
	s := &Session{ID: "evil/other#7@ffff", Repository: "evil/other", Subject: Subject{Kind: "pull_request", Number: 7}, HeadSHA: "ffff", KeySource: KeyFromEvent, Runs: runs}
	s.total()
	raw, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var out Session
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return &out
}

func chain(parts []Part, acts ...Act) *Chain {
	c := &Chain{Repository: "o/r", Subject: Subject{Kind: "pull_request", Number: 12}, HeadSHA: "b", Acts: acts}
	c.Complete(parts)
	return c
}

func TestChainMergesByHead(t *testing.T) {
	c := chain([]Part{
		{Workflow{ID: 3, Created: minute(20)}, "b", []*Session{bundled(t, worked("third", 20, 22, trace.Approve))}},
		{Workflow{ID: 2, Created: minute(2)}, "a", []*Session{bundled(t, worked("second", 2, 4, trace.Approve))}},
		{Workflow{ID: 1, Created: minute(1)}, "a", []*Session{bundled(t, worked("first", 1, 3, trace.RequestChanges))}},
	})
	var got []string
	for _, l := range c.Sessions {
		got = append(got, l.Session.ID, l.Session.Repository, string(l.Session.Decision.Kind))
	}
	want := []string{"o/r#12@a", "o/r", "request_changes", "o/r#12@b", "o/r", "approve"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if c.Totals.Iterations != 2 || c.Totals.Runs != 3 || *c.Totals.Cost.USD != 1.5 || c.Totals.Usage.Input.N() != 30 {
		t.Errorf("totals: %+v", c.Totals)
	}
	if ms := c.Totals.AgentMS.N(); ms != 6*60_000 {
		t.Errorf("agent time %d", ms)
	}
	if ms := c.Totals.WaitingMS.N(); ms != 16*60_000 {
		t.Errorf("waiting time %d", ms)
	}
}

func TestChainCountsARunOnce(t *testing.T) {
	c := chain([]Part{
		{Workflow{ID: 1, Created: minute(1)}, "a", []*Session{bundled(t, worked("one", 1, 2, ""))}},
		{Workflow{ID: 2, Created: minute(5)}, "a", []*Session{bundled(t, worked("one", 1, 3, ""))}},
	})
	if n := len(c.Sessions[0].Session.Runs); n != 1 {
		t.Fatalf("%d runs", n)
	}
	if !c.Sessions[0].Session.Runs[0].End.Equal(minute(3)) {
		t.Error("not the later account of it")
	}
}

func TestChainKeepsAnOrchestrator(t *testing.T) {
	c := chain([]Part{
		{Workflow{ID: 1, Created: minute(1)}, "a", []*Session{bundled(t,
			worked("part", 1, 2, trace.RequestChanges), worked("lead", 1, 4, trace.Approve, "part"))}},
		{Workflow{ID: 2, Created: minute(2)}, "a", []*Session{bundled(t, worked("other", 2, 3, trace.RequestChanges))}},
	})
	d := c.Sessions[0].Session.Decision
	if d.Kind != trace.Approve || !slices.Equal(d.ComposedFrom, []string{"part"}) {
		t.Errorf("%+v", d)
	}
}

func TestChainHasNoInfiniteCost(t *testing.T) {
	huge := 1.7e308
	a, b := worked("a", 1, 2, ""), worked("b", 1, 2, "")
	a.Cost.USD, b.Cost.USD = &huge, &huge
	c := chain([]Part{
		{Workflow{ID: 1}, "a", []*Session{{Runs: []*Run{a}}}},
		{Workflow{ID: 2}, "a", []*Session{{Runs: []*Run{b}}}},
	})
	if _, err := json.Marshal(c); err != nil {
		t.Error(err)
	}
}

func TestChainOfPeople(t *testing.T) {
	commit := func(m int, k ActorKind) Act {
		return Act{Kind: "commit", Time: minute(m), Actor: Actor{Kind: k}, Added: trace.Measured(5), Removed: trace.Measured(1)}
	}
	merged := func(c *Chain) *Chain {
		c.PullRequest = &PullRequest{State: "merged", Author: Actor{Kind: Agent}, Closed: minute(50)}
		return c
	}
	one := []Part{{Workflow{ID: 1, Created: minute(10)}, "a", nil}}
	for _, tt := range []struct {
		name    string
		acts    []Act
		commits int
		once    bool
	}{
		{"an agent's commit alone", []Act{commit(1, Agent)}, 0, true},
		{"a person's after it", []Act{commit(1, Agent), commit(3, Human)}, 1, false},
		{"a person's before it", []Act{commit(1, Human), commit(3, Agent)}, 0, true},
		{"a merge by a person", []Act{commit(1, Agent), {Kind: "commit", Merge: true, Time: minute(2), Actor: Actor{Kind: Human}}}, 0, true},
		{"changes requested", []Act{commit(1, Agent), {Kind: "review", State: "changes_requested", Time: minute(2)}}, 0, false},
		{"changes requested, and dismissed", []Act{commit(1, Agent), {Kind: "review", State: "dismissed", Time: minute(2)}, {Kind: "review_dismissed", State: "changes_requested", Time: minute(3)}}, 0, false},
		{"an approval dismissed", []Act{commit(1, Agent), {Kind: "review_dismissed", State: "approved", Time: minute(3)}}, 0, true},
		{"nobody knows whose", []Act{commit(1, Agent), commit(3, Unknown)}, 0, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := merged(&Chain{Acts: tt.acts})
			c.Complete(slices.Clone(one))
			if c.Totals.HumanCommits != tt.commits || c.Totals.OneShot == nil || *c.Totals.OneShot != tt.once {
				t.Errorf("%+v", c.Totals)
			}
			if lines := c.Totals.HumanAdded.N(); lines != int64(5*tt.commits) {
				t.Errorf("%d lines", lines)
			}
		})
	}
	open := &Chain{Acts: []Act{commit(1, Agent)}, PullRequest: &PullRequest{State: "open"}}
	open.Complete(nil)
	if open.Totals.OneShot != nil {
		t.Error("an open pull request is not decided")
	}
}
