package report

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/override"
	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

// pullChain returns a chain with everything that one can hold.
func pullChain() *Story {
	at := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	c := &session.Chain{
		Repository: "o/r", Subject: session.Subject{Kind: "pull_request", Number: 12}, HeadSHA: strings.Repeat("b2", 20),
		PullRequest: &session.PullRequest{Title: "Fix it", URL: "https://github.com/o/r/pull/12", State: "merged", Author: session.Actor{Login: "claude[bot]", Kind: session.Agent}, Created: at, Closed: at.Add(time.Hour)},
		Coverage: session.ChainCoverage{
			WorkflowRuns: 3, Unfinished: 1, Artifacts: 4, Bundles: 2, Expired: 1, Invalid: 1, Suppressed: 1, Partial: true, Cursor: "77",
			Unread: []session.Unread{{What: "workflow run 77, andon-77", Reason: "it has expired"}},
		},
		Findings: []finding.Finding{
			{Rule: "secret/aws-access-key", Severity: finding.Error, Message: "AWS access key in an artifact", Pos: trace.Pos{File: "andon-78/summary.md", Line: 3}, Hint: "revoke it"},
			{Rule: "artifact/mismatch", Severity: finding.Warning, Message: "another head", Pos: trace.Pos{File: "andon-79"}, Hint: "look"},
		},
	}
	for i, kind := range []string{"commit", "commit", "force_push", "review", "review", "review", "review", "review_dismissed", "labeled", "unlabeled", "ready_for_review", "convert_to_draft", "closed", "reopened", "merged"} {
		who := session.Actor{Login: "mona", Kind: session.Human}
		if i == 0 {
			who = session.Actor{Login: "claude[bot]", Kind: session.Agent}
		}
		a := session.Act{Kind: kind, Time: at.Add(time.Duration(i) * time.Minute), Actor: who, SHA: strings.Repeat("a1", 20), Text: "because", Label: "bug", URL: "https://github.com/o/r/pull/12"}
		if kind == "commit" {
			a.Added, a.Removed = trace.Measured(5), trace.Measured(1)
		}
		c.Acts = append(c.Acts, a)
	}
	for i, state := range []string{"approved", "changes_requested", "commented", "dismissed"} {
		c.Acts[3+i].State = state
	}
	var parts []session.Part
	for i, head := range []string{"a1", "b2"} {
		parts = append(parts, session.Part{HeadSHA: strings.Repeat(head, 20), Sessions: several().Sessions, Workflow: session.Workflow{
			ID: int64(77 + i), Attempt: 1, Name: "Agents", Event: "pull_request", Status: "completed", Conclusion: "success",
			URL: "https://github.com/o/r/actions/runs/77", Created: at.Add(time.Duration(i) * 10 * time.Minute), Actor: "mona", Fork: i == 1, Bundles: 1,
		}})
	}
	c.Complete(parts)
	return &Story{Chain: c, Overrides: judged(at)}
}

// judged returns an override that is linked to a run, and an agreement that is
// not.
func judged(at time.Time) *override.Result {
	r := override.Record{
		Schema: override.OverrideSchema, ID: strings.Repeat("0a", 16), Time: at.Add(3 * time.Minute), Repository: "o/r",
		Signal: override.ReviewDismissed, Strength: override.Strong, Actor: override.Person{Login: "mona", Kind: override.Human, Basis: override.ByPlatform},
		Agent: override.Agent{Name: "review", Login: "claude[bot]", Basis: override.ByPlatform}, Decision: override.Decision{Kind: trace.Approve, ReviewID: 11},
		RunID: "r1", Link: &override.Link{Level: override.ExactLink, By: "review id"}, Evidence: []override.Evidence{},
	}
	agreed := r
	agreed.Schema, agreed.Signal, agreed.RunID, agreed.Link, agreed.Decision.Kind = override.AgreementSchema, override.MergedUnchanged, "", nil, trace.Commit
	agreed.Agent, agreed.Actor, agreed.Time = override.Agent{}, override.Person{Kind: override.UnknownKind}, at.Add(time.Hour)
	return &override.Result{
		Overrides: []override.Record{r}, Agreements: []override.Record{agreed},
		Coverage: override.Coverage{Unresolved: []override.Unresolved{{Signal: override.Reverted, Why: "the commit is not known"}}},
	}
}

// filledChain returns a chain in which every string is s, but for the words
// that are ours unless all is set.
func filledChain(s string, all bool) *Story {
	c, ours := pullChain(), pullChain()
	fill(reflect.ValueOf(c), s, all)
	if all {
		return c
	}
	c.PullRequest.State = ours.PullRequest.State
	for i := range c.Acts {
		c.Acts[i].Kind, c.Acts[i].State = ours.Acts[i].Kind, ours.Acts[i].State
	}
	return c
}

func chainMarkdown(t testing.TB, s string, all bool) string {
	t.Helper()
	var b bytes.Buffer
	if err := ChainMarkdown(&b, filledChain(s, all), Options{}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestHostileChain(t *testing.T) {
	want := map[bool]page{false: pageOf(t, chainMarkdown(t, "harmless", false)), true: pageOf(t, chainMarkdown(t, "harmless", true))}
	for _, s := range hostileTexts(t) {
		for all, want := range want {
			markdown := chainMarkdown(t, s, all)
			checkPlain(t, s, markdown)
			got := pageOf(t, markdown)
			if i := firstDifference(got.tags, want.tags); i >= 0 {
				t.Errorf("%q makes other elements, from the %d. on: %.200q, not %.200q", s, i, got.tags[i:], want.tags[i:])
			}
			if m := effect.FindString(got.text); m != "" {
				t.Errorf("%q has an effect: %q", s, m)
			}
			checkChainTerminal(t, s, filledChain(s, all))
		}
	}
}

func checkChainTerminal(t testing.TB, s string, c *Story) {
	t.Helper()
	for _, o := range []TerminalOptions{{Width: 100}, {Width: 60}, {Width: 100, Color: true}} {
		var b bytes.Buffer
		if err := ChainTerminal(&b, c, o); err != nil {
			t.Fatal(err)
		}
		out := b.String()
		if o.Color {
			out = regexp.MustCompile("\x1b\\[[0-9]{1,2}m").ReplaceAllString(out, "")
		}
		checkPlain(t, s, out)
		for line := range strings.Lines(out) {
			if w := wide(strings.TrimSuffix(line, "\n")); w > o.Width {
				t.Errorf("%q: a line of %d columns, over %d: %q", s, w, o.Width, line)
			}
		}
	}
	var b bytes.Buffer
	if err := ChainJSON(&b, c); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(&b, ChainVerdict(c))
	checkPlain(t, s, strings.ReplaceAll(b.String(), "\ue000", ""))
}

func TestChainForms(t *testing.T) {
	var md, term bytes.Buffer
	if err := ChainMarkdown(&md, pullChain(), Options{}); err != nil {
		t.Fatal(err)
	}
	if err := ChainTerminal(&term, pullChain(), TerminalOptions{}); err != nil {
		t.Fatal(err)
	}
	golden(t, "session-chain.md", md.Bytes())
	golden(t, "session-chain.txt", term.Bytes())
}

// TestChainCut holds a comment under its limit, with the head whole.
func TestChainCut(t *testing.T) {
	c := pullChain()
	for i := range 3000 {
		a := c.Acts[i%15]
		a.Text = strings.Repeat("word ", 30)
		c.Acts = append(c.Acts, a)
	}
	link := c.Sessions[0]
	for range 80 {
		c.Sessions = append(c.Sessions, link)
	}
	var b bytes.Buffer
	if err := ChainMarkdown(&b, c, Options{Limit: 60_000}); err != nil {
		t.Fatal(err)
	}
	if b.Len() > 60_000 || !strings.Contains(b.String(), "✂️ Cut to stay under") || !strings.Contains(b.String(), "revoke it now") || !strings.Contains(b.String(), "This is not all") {
		t.Errorf("%d bytes:\n%.1000s", b.Len(), b.String())
	}
}

func TestChainConclusion(t *testing.T) {
	leak := pullChain()
	quiet := pullChain()
	quiet.Findings, quiet.Coverage = nil, session.ChainCoverage{}
	partial := pullChain()
	partial.Findings = nil
	empty := &Story{Chain: &session.Chain{}}
	approved := &Story{Chain: &session.Chain{HeadSHA: "b"}}
	at := func(head string) *session.Link {
		return &session.Link{Session: &session.Session{HeadSHA: head, Decision: &session.Composed{Kind: trace.Approve}, Runs: []*session.Run{{ID: "1", Status: trace.Success}}}}
	}
	approved.Sessions, approved.Totals.Runs = []*session.Link{at("a"), at("b")}, 2
	older := &Story{Chain: &session.Chain{HeadSHA: "b"}}
	older.Sessions, older.Totals.Runs = []*session.Link{at("a"), {Session: &session.Session{HeadSHA: "b"}}}, 1
	for _, tt := range []struct {
		name string
		c    *Story
		want string
	}{{"a credential", leak, "failure"}, {"partial", partial, "neutral"}, {"agents that asked for changes", quiet, "neutral"}, {"nothing", empty, "neutral"},
		{"approved", approved, "success"}, {"approved at an earlier head", older, "neutral"}} {
		if got := ChainConclusion(tt.c); got != tt.want {
			t.Errorf("%s: %s", tt.name, got)
		}
	}
}

// TestChainOfIdleRuns tells a workflow run that no agent was in from one that was.
func TestChainOfIdleRuns(t *testing.T) {
	c := &Story{Chain: &session.Chain{Sessions: []*session.Link{{Session: &session.Session{HeadSHA: "bbbbbbb"}, Workflows: []session.Workflow{{ID: 1}}}}}}
	var md, term bytes.Buffer
	if err := errors.Join(ChainMarkdown(&md, c, Options{}), ChainTerminal(&term, c, TerminalOptions{})); err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{md.String(), term.String()} {
		if !strings.Contains(out, "1 workflow run at") || !strings.Contains(out, "no agent's run was read") || strings.Contains(out, "0 agents") {
			t.Errorf("%s", out)
		}
	}
}

// TestChainOfUnreadRuns does not say that there is nothing where the forge did
// not tell.
func TestChainOfUnreadRuns(t *testing.T) {
	c := &Story{Chain: &session.Chain{Coverage: session.ChainCoverage{Partial: true}}}
	if line := ChainVerdict(c); !strings.Contains(line, "could not be read") {
		t.Error(line)
	}
}
