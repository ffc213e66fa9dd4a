package cli

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/github/fake"
	"github.com/andon-ci/andon/internal/override"
)

// reviewed is a trace of Claude Code that committed, pushed and reviewed.
const reviewed = `{"type":"system","subtype":"init","session_id":"7c1f2a90-33d4-4b7e-8f10-5a2c9e6d4b02","model":"claude-sonnet-4-5-20250929","claude_code_version":"2.1.204"}
{"type":"assistant","message":{"id":"m1","role":"assistant","model":"claude-sonnet-4-5-20250929","content":[{"type":"tool_use","id":"t1","name":"Bash","input":{"command":"git commit -am x"}}],"usage":{"input_tokens":10,"output_tokens":3}},"session_id":"7c1f2a90-33d4-4b7e-8f10-5a2c9e6d4b02"}
{"type":"user","message":{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"[fix a1a1a1a] x\n 1 file changed, 40 insertions(+)\n"}]},"session_id":"7c1f2a90-33d4-4b7e-8f10-5a2c9e6d4b02"}
{"type":"assistant","message":{"id":"m2","role":"assistant","model":"claude-sonnet-4-5-20250929","content":[{"type":"tool_use","id":"t2","name":"Bash","input":{"command":"gh api repos/octo-org/hello/pulls/12/reviews -f event=APPROVE"}}],"usage":{"input_tokens":10,"output_tokens":3}},"session_id":"7c1f2a90-33d4-4b7e-8f10-5a2c9e6d4b02"}
{"type":"user","message":{"role":"user","content":[{"type":"tool_result","tool_use_id":"t2","content":"{\"id\":3200000001,\"html_url\":\"https://github.com/octo-org/hello/pull/12#pullrequestreview-3200000001\"}"}]},"session_id":"7c1f2a90-33d4-4b7e-8f10-5a2c9e6d4b02"}
{"type":"result","subtype":"success","is_error":false,"num_turns":2,"duration_ms":900,"session_id":"7c1f2a90-33d4-4b7e-8f10-5a2c9e6d4b02","total_cost_usd":0.01,"usage":{"input_tokens":20,"output_tokens":6}}
`

// judged is the pull request of testdata/github/pulls/agent-fix with the bundles
// of the runs that made its decisions.
func judged(t *testing.T, changes map[string]any) *fake.Forge {
	t.Helper()
	f := fake.New(t)
	f.Load("agent-fix")
	at := time.Date(2026, 11, 18, 9, 25, 0, 0, time.UTC)
	run := f.AddRun(headA, at, changes)
	f.AddArtifact(run, "andon-recorded", zippedTrace(t, headA, reviewed), nil)
	f.AddArtifact(run, "andon-triage", zippedBundle(t, headA, "triage-1", "review-agent", "label", at), nil)
	return f
}

// linksOf returns the signals in a list of records, with the run of each.
func linksOf(rs []override.Record) string {
	var out []string
	for _, r := range rs {
		s := string(r.Signal)
		if r.Link != nil {
			s += fmt.Sprintf(" %.8s %s by %s", r.RunID, r.Link.Level, r.Link.By)
		}
		out = append(out, s)
	}
	return strings.Join(out, "; ")
}

func TestSessionLinks(t *testing.T) {
	for _, tt := range []struct {
		name    string
		changes map[string]any
		want    string
	}{
		{"the repository's own", nil, "review_dismissed 7c1f2a90 exact by review id; human_commit 7c1f2a90 exact by commit; label_removed triage-1 weak by agent and time"},
		{
			"a fork's", map[string]any{"head_repository": map[string]any{"id": 99, "full_name": "mallory/hello"}, "event": "pull_request"},
			"review_dismissed 7c1f2a90 weak by review id, as a fork's bundle says; human_commit 7c1f2a90 weak by commit, as a fork's bundle says; label_removed triage-1 weak by agent and time, as a fork's bundle says",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := judged(t, tt.changes)
			if tt.changes != nil {
				f.Pull["isCrossRepository"], f.Pull["headRepository"] = true, map[string]any{"nameWithOwner": "mallory/hello", "repositoryId": 99}
			}
			code, stdout, stderr := asked(t, f, nil, "session", "--pr", "12", "--format", "json")
			var got struct{ Overrides []override.Record }
			if err := json.Unmarshal([]byte(stdout), &got); err != nil || code != 0 {
				t.Fatal(code, err, stderr)
			}
			chainOf(t, stdout)
			if s := linksOf(got.Overrides); s != tt.want {
				t.Errorf("got  %s\nwant %s", s, tt.want)
			}
		})
	}
}

// TestSessionWithoutOverrides tells where the history could not be read.
func TestSessionWithoutOverrides(t *testing.T) {
	f := judged(t, nil)
	f.Fail(fake.Fault{Path: "graphql", Skip: 1, Reply: fake.Status(502, "Bad Gateway")})
	code, stdout, stderr := asked(t, f, nil, "session", "--pr", "12", "--format", "json")
	if c := chainOf(t, stdout); code != 3 || !c.Coverage.Partial || strings.Contains(stdout, `"overrides"`) || c.Coverage.Unread[0].What != "what people made of the decisions" {
		t.Errorf("%d %+v\n%s", code, c.Coverage, stderr)
	}
}

// TestSessionOverridesWithoutActions looks for overrides also where the token may
// not read what Actions left, and says what it could not see.
func TestSessionOverridesWithoutActions(t *testing.T) {
	for path, unseen := range map[string]string{"/actions/runs": "workflow runs", "/artifacts": "workflow run "} {
		f := judged(t, nil)
		f.Fail(fake.Fault{Path: path, Reply: fake.Status(403, "Resource not accessible by integration", "X-Accepted-GitHub-Permissions", "actions=read")})
		code, stdout, stderr := asked(t, f, nil, "session", "--pr", "12", "--format", "json")
		var got struct{ Overrides []override.Record }
		if err := json.Unmarshal([]byte(stdout), &got); err != nil {
			t.Fatal(err)
		}
		c := chainOf(t, stdout)
		if s := linksOf(got.Overrides); code != 3 || s != "review_dismissed; human_commit; label_removed" {
			t.Errorf("%s: %d, got %q\n%s", path, code, s, stderr)
		}
		if !c.Coverage.Partial || len(c.Coverage.Unread) != 1 || !strings.HasPrefix(c.Coverage.Unread[0].What, unseen) {
			t.Errorf("%s: %+v", path, c.Coverage)
		}
	}
}

// TestSessionCursor refuses what is no place to go on at.
func TestSessionCursor(t *testing.T) {
	for _, cursor := range []string{"x", "0", "-1", "999999"} {
		code, stdout, stderr := asked(t, judged(t, nil), nil, "session", "--pr", "12", "--cursor", cursor)
		if code != exitUsage || stdout != "" || !strings.Contains(stderr, "no workflow run of what is shown") {
			t.Errorf("%s: %d %s %s", cursor, code, stdout, stderr)
		}
	}
}
