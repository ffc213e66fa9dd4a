package action

import (
	"regexp"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

func usd(v float64) *float64 { return &v }

// twoRuns is a report of one session in which two agents differed.
func twoRuns() *session.Report {
	n := trace.Measured
	key := finding.Finding{Rule: "secret/aws", Severity: finding.Error, Fingerprint: "f"}
	return &session.Report{
		Sessions: []*session.Session{{
			ID: "o/r#12@1a2b3c4d5e6f", Decision: &session.Composed{Kind: trace.RequestChanges},
			Cost: session.Cost{USD: usd(0.125), Partial: true},
			Runs: []*session.Run{
				{
					ID: "a", Status: trace.Success, Turns: n(3), ToolErrors: n(0),
					Usage: trace.Usage{Input: n(100), Output: n(10), CacheRead: n(7)}, Findings: []finding.Finding{key},
				},
				{ID: "b", Status: trace.Incomplete, Turns: n(2), Usage: trace.Usage{Input: n(1)}},
			},
			Findings: []finding.Finding{{Rule: "x", Severity: finding.Warning}, {Rule: "y", Severity: finding.Info}},
		}},
		Findings: []finding.Finding{key},
	}
}

func TestOutputs(t *testing.T) {
	got := OutputsOf(twoRuns(), "b")
	got.digest = ""
	want := Outputs{
		Status: "incomplete", Decision: "request_changes", SessionID: "o/r#12@1a2b3c4d5e6f",
		CostUSD: "0.125000", CostComplete: "false", InputTokens: "101", OutputTokens: "10", CacheReadTokens: "7",
		Turns: "5", ToolErrors: "0", PermissionDenials: "", Findings: "3", Secrets: "1", Bundle: "b",
	}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// What was not measured is empty and not 0.
func TestOutputsOfNothing(t *testing.T) {
	for name, r := range map[string]*session.Report{
		"no session":  {},
		"empty run":   {Sessions: []*session.Session{{Runs: []*session.Run{{}}}}},
		"no decision": {Sessions: []*session.Session{{}, {}}},
	} {
		got := OutputsOf(r, "")
		for _, v := range []string{got.Status, got.Decision, got.CostUSD, got.InputTokens, got.Turns, got.ToolErrors} {
			if v != "" {
				t.Errorf("%s: %+v", name, got)
			}
		}
		if got.CostComplete != "false" || got.Findings != "0" || got.Secrets != "0" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestDecisionOfSeveralSessions(t *testing.T) {
	for want, kinds := range map[string][]trace.Kind{
		"approve":         {trace.Approve, trace.Approve},
		"":                {trace.Approve, trace.Comment},
		"request_changes": {trace.Approve, trace.RequestChanges, trace.Comment},
	} {
		r := &session.Report{}
		for _, k := range kinds {
			r.Sessions = append(r.Sessions, &session.Session{Decision: &session.Composed{Kind: k}})
		}
		if got := decision(r); got != want {
			t.Errorf("%v: got %q, want %q", kinds, got, want)
		}
	}
}

// A value chosen by an agent sets no output but its own.
func TestSetOutputs(t *testing.T) {
	getenv := env(t, map[string]string{"GITHUB_RUN_ID": "77", "GITHUB_RUN_ATTEMPT": "2", "GITHUB_JOB": "re view/x"})
	o := OutputsOf(twoRuns(), "/tmp/bundle")
	o.Decision = "approve\nuploadable=true\r\nsecrets<<_GitHubActionsFileCommandDelimeter_"
	if err := New(&strings.Builder{}, getenv).SetOutputs(o); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, l := range strings.Split(strings.TrimSuffix(read(t, getenv("GITHUB_OUTPUT")), "\n"), "\n") {
		k, v, ok := strings.Cut(l, "=")
		if _, twice := got[k]; !ok || twice {
			t.Errorf("line %q", l)
		}
		got[k] = v
	}
	if len(got) != 16 {
		t.Errorf("%d outputs: %v", len(got), got)
	}
	for k, want := range map[string]string{
		"uploadable": "true", "secrets": "1", "input-tokens": "101", "permission-denials": "", "bundle": "/tmp/bundle",
	} {
		if got[k] != want {
			t.Errorf("%s: got %q, want %q", k, got[k], want)
		}
	}
	if !regexp.MustCompile(`^andon-77-2-re-view-x-[0-9a-f]{8}$`).MatchString(got["artifact-name"]) {
		t.Errorf("artifact-name: %q", got["artifact-name"])
	}
}

// Legs of a matrix, and two steps of a job that collect different traces, get
// artifacts of their own.
func TestArtifact(t *testing.T) {
	a, b := OutputsOf(twoRuns(), "b"), OutputsOf(&session.Report{}, "b")
	names := map[string]bool{}
	for _, matrix := range []string{"null", `{"os":"linux"}`} {
		r := New(&strings.Builder{}, env(t, map[string]string{"ANDON_MATRIX": matrix}))
		names[r.artifact("andon", a.digest)] = true
		names[r.artifact("andon", b.digest)] = true
	}
	if len(names) != 4 {
		t.Errorf("got %v", names)
	}
}

func TestSetOutputsFails(t *testing.T) {
	err := New(&strings.Builder{}, func(string) string { return "" }).SetOutputs(Outputs{})
	if err == nil || err.Error() != "setting the step's outputs: $GITHUB_OUTPUT is not set" {
		t.Errorf("got %v", err)
	}
}

func TestSetGated(t *testing.T) {
	getenv := env(t, nil)
	if err := New(&strings.Builder{}, getenv).SetGated(true); err != nil {
		t.Fatal(err)
	}
	if got := read(t, getenv("GITHUB_OUTPUT")); got != "gated=true\n" {
		t.Errorf("got %q", got)
	}
}
