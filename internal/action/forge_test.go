package action

import (
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/override"
	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

// outputs returns what a step has set.
func outputs(t *testing.T, getenv func(string) string) map[string]string {
	t.Helper()
	got := map[string]string{}
	for _, l := range strings.Split(strings.TrimSuffix(read(t, getenv("GITHUB_OUTPUT")), "\n"), "\n") {
		k, v, ok := strings.Cut(l, "=")
		if _, twice := got[k]; !ok || twice {
			t.Errorf("line %q", l)
		}
		got[k] = v
	}
	return got
}

// The last head counts: what was asked for at the first one was done.
func TestSetChain(t *testing.T) {
	first := twoRuns().Sessions[0]
	second := &session.Session{
		ID: "o/r#12@feed\nuploadable=true", Decision: &session.Composed{Kind: trace.Approve}, Cost: session.Cost{USD: usd(0.5)},
		Runs: []*session.Run{{ID: "c", Status: trace.Success, Usage: trace.Usage{Input: trace.Measured(9)}}},
	}
	third := &session.Session{ID: "o/r#12@beef"} // of a workflow run without a bundle
	c := &session.Chain{
		Subject: session.Subject{Kind: "pull_request", Number: 12}, PullRequest: &session.PullRequest{},
		Sessions: []*session.Link{{Session: first}, {Session: second}, {Session: third}},
		Findings: []finding.Finding{{Rule: "artifact/mismatch", Severity: finding.Warning}},
		Totals:   session.Totals{Iterations: 2}, Coverage: session.ChainCoverage{Partial: true, Cursor: "77"},
	}
	getenv := env(t, nil)
	if err := New(&strings.Builder{}, getenv).SetChain(c, &override.Result{Overrides: make([]override.Record, 2)}); err != nil {
		t.Fatal(err)
	}
	for k, want := range map[string]string{
		"status": "success", "decision": "approve", "session-id": "o/r#12@feed uploadable=true", "pull-request": "12", "iterations": "2",
		"partial": "true", "cursor": "77", "input-tokens": "110", "overrides": "2", "agreements": "0", "cost-usd": "0.625000", "cost-complete": "false", "findings": "3", "secrets": "1",
	} {
		if got := outputs(t, getenv)[k]; got != want {
			t.Errorf("%s: got %q, want %q", k, got, want)
		}
	}
}

func TestSetChainOfNothing(t *testing.T) {
	getenv := env(t, nil)
	if err := New(&strings.Builder{}, getenv).SetChain(&session.Chain{Subject: session.Subject{Kind: "commit"}}, nil); err != nil {
		t.Fatal(err)
	}
	for k, want := range map[string]string{"status": "", "decision": "", "session-id": "", "pull-request": "", "iterations": "0", "cost-usd": "", "partial": "false", "overrides": "", "agreements": ""} {
		if got := outputs(t, getenv)[k]; got != want {
			t.Errorf("%s: got %q, want %q", k, got, want)
		}
	}
}

func TestSetOverrides(t *testing.T) {
	for _, tt := range []struct {
		records, uploadable string
	}{{"", "false"}, {"/tmp/o.jsonl", "true"}} {
		getenv := env(t, map[string]string{"GITHUB_RUN_ID": "77", "GITHUB_RUN_ATTEMPT": "1", "GITHUB_JOB": "sweep"})
		if err := New(&strings.Builder{}, getenv).SetOverrides(Overrides{Overrides: 2, Agreements: 1, Records: tt.records, Partial: true, Cursor: "a/b"}); err != nil {
			t.Fatal(err)
		}
		got := outputs(t, getenv)
		for k, want := range map[string]string{"overrides": "2", "agreements": "1", "partial": "true", "cursor": "a/b", "records": tt.records, "uploadable": tt.uploadable} {
			if got[k] != want {
				t.Errorf("%s: got %q, want %q", k, got[k], want)
			}
		}
		if name := got["artifact-name"]; !strings.HasPrefix(name, "overrides-77-1-sweep-") {
			t.Errorf("a name that session would take for a bundle's: %q", name)
		}
	}
}
