package cli

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/clock"
	"github.com/andon-ci/andon/internal/github/fake"
	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/validate"
)

const (
	headA = "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1"
	headB = "b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2"
)

// asked runs a command against a forge and returns what it printed.
func asked(t *testing.T, f *fake.Forge, env map[string]string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, messages bytes.Buffer
	code = Main(t.Context(), asking(f, env, &out, &messages), args)
	return code, out.String(), messages.String()
}

// asking is the environment of a command that asks a forge.
func asking(f *fake.Forge, env map[string]string, out, messages io.Writer) Env {
	vars := map[string]string{
		"GITHUB_API_URL": f.URL(), "GITHUB_GRAPHQL_URL": f.GraphQLURL(), "GITHUB_TOKEN": "ghs_forge_token_of_the_test", "GITHUB_REPOSITORY": f.Repository,
	}
	for k, v := range env {
		vars[k] = v
	}
	return askingWith(func(k string) string { return vars[k] }, out, messages)
}

// askingWith is asking with an environment of its own. It never waits.
func askingWith(getenv func(string) string, out, messages io.Writer) Env {
	now := time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)
	return Env{
		Stdin: strings.NewReader(""), Stdout: out, Stderr: messages, Getenv: getenv, Now: func() time.Time { return now },
		Forge: clock.Clock{
			Now:   func() time.Time { return now },
			Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
			Rand:  func() float64 { return 0 },
		},
	}
}

// zippedBundle returns the zip file of the bundle that collect makes of a native
// trace about a head.
func zippedBundle(t *testing.T, head, runID, agent, decision string, start time.Time) []byte {
	t.Helper()
	at := func(d time.Duration) string { return start.Add(d).UTC().Format(time.RFC3339) }
	lines := strings.Join([]string{
		fmt.Sprintf(`{"type":"run.start","run_id":%q,"time":%q,"agent":{"name":%q}}`, runID, at(0), agent),
		fmt.Sprintf(`{"type":"llm.call","run_id":%q,"span_id":"00f067aa0ba902b7","start":%q,"end":%q,"model":"claude-sonnet-4-5","usage":{"input_tokens":1000,"output_tokens":100}}`, runID, at(0), at(time.Minute)),
		fmt.Sprintf(`{"type":"decision","run_id":%q,"time":%q,"decision":{"kind":%q}}`, runID, at(time.Minute), decision),
		fmt.Sprintf(`{"type":"run.end","run_id":%q,"time":%q,"status":"success"}`, runID, at(2*time.Minute)),
	}, "\n") + "\n"
	return zippedTrace(t, head, lines)
}

func zippedTrace(t *testing.T, head, lines string) []byte {
	return zipped(t, bundledTrace(t, head, lines))
}

// bundledTrace returns the folder of the bundle that collect makes of a trace
// about a head.
func bundledTrace(t *testing.T, head, lines string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "bundle")
	var messages bytes.Buffer
	env := Env{Stdin: strings.NewReader(lines), Stdout: &bytes.Buffer{}, Stderr: &messages, Getenv: func(string) string { return "" }, Now: time.Now}
	code := Main(t.Context(), env, []string{"collect", "--out", out, "--repository", "octo-org/hello", "--pr", "12", "--sha", head, "-"})
	if code != 0 {
		t.Fatalf("collect: %d\n%s", code, &messages)
	}
	return out
}

func zipped(t *testing.T, dir string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		w, err := z.Create(filepath.ToSlash(rel))
		if err != nil {
			return err
		}
		_, err = w.Write(raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// mended is the pull request of testdata/github/pulls/agent-fix with n workflow
// runs: an agent's change that a reviewer approved, and a person mended.
func mended(t *testing.T, n int) *fake.Forge {
	t.Helper()
	f := fake.New(t)
	f.Load("agent-fix")
	start := time.Date(2026, 11, 18, 9, 5, 0, 0, time.UTC)
	for i := range n {
		head, decision := headA, "approve"
		if i >= (n+1)/2 {
			head, decision = headB, "request_changes"
			if i == n-1 {
				decision = "approve"
			}
		}
		at := start.Add(time.Duration(i) * time.Duration(48*time.Hour/time.Duration(n)))
		run := f.AddRun(head, at, nil)
		f.AddArtifact(run, fmt.Sprintf("andon-%d-1-review-0123abcd", run), zippedBundle(t, head, fmt.Sprintf("run-%02d", i), "review", decision, at), nil)
		f.AddArtifact(run, "coverage", []byte("no bundle"), nil)
	}
	return f
}

func chainOf(t *testing.T, stdout string) *session.Chain {
	t.Helper()
	v, err := validate.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range v.Document("chain", []byte(stdout), "stdout") {
		t.Errorf("the output does not conform to its schema: %s %s", f.Pointer, f.Message)
	}
	var c session.Chain
	if err := json.Unmarshal([]byte(stdout), &c); err != nil {
		t.Fatalf("%v\n%.500s", err, stdout)
	}
	return &c
}

func TestSession(t *testing.T) {
	f := mended(t, 4)
	for _, format := range []string{"text", "markdown", "json"} {
		code, stdout, stderr := asked(t, f, nil, "session", "--pr", "12", "--format", format)
		if code != 0 {
			t.Fatalf("%d\n%s", code, stderr)
		}
		golden(t, filepath.Join(repo, "testdata/github/session."+format+".golden"), stdout)
	}
}

func TestSessionTotals(t *testing.T) {
	f := mended(t, 4)
	_, stdout, _ := asked(t, f, nil, "session", "--pr", "12", "--format", "json")
	c := chainOf(t, stdout)
	tot := c.Totals
	if tot.Runs != 4 || tot.Iterations != 2 || tot.HumanCommits != 1 || tot.AgentCommits != 1 || tot.HumanAdded.N() != 6 || tot.OneShot == nil || *tot.OneShot {
		t.Errorf("%+v", tot)
	}
	if tot.AgentMS.N() != 4*120_000 || c.Coverage.Partial || c.Coverage.Bundles != 4 {
		t.Errorf("%+v %+v", tot, c.Coverage)
	}
	var kinds []string
	for _, l := range c.Sessions {
		kinds = append(kinds, l.Session.ID, string(l.Session.Decision.Kind))
	}
	want := []string{"octo-org/hello#12@a1a1a1a1a1a1", "approve", "octo-org/hello#12@b2b2b2b2b2b2", "request_changes"}
	if fmt.Sprint(kinds) != fmt.Sprint(want) {
		t.Errorf("%q", kinds)
	}
}

func TestSessionBudget(t *testing.T) {
	f := mended(t, 20)
	cache := t.TempDir()
	for _, tt := range []struct {
		name string
		most int
	}{{"cold", 45}, {"warm", 5}} {
		f.Requests = nil
		code, stdout, stderr := asked(t, f, nil, "session", "--pr", "12", "--format", "json", "--cache", cache, "--comment", "--check")
		if code != 0 {
			t.Fatalf("%s: %d\n%s", tt.name, code, stderr)
		}
		if c := chainOf(t, stdout); c.Coverage.Bundles != 20 || c.Coverage.Partial {
			t.Errorf("%s: %+v", tt.name, c.Coverage)
		}
		if n := f.REST(); n > tt.most {
			t.Errorf("%s: %d REST requests, at most %d are allowed", tt.name, n, tt.most)
		}
		t.Logf("%s: %s", tt.name, strings.TrimSpace(stderr))
		if !strings.Contains(stderr, fmt.Sprintf("asked for: %d request", f.REST())) {
			t.Errorf("%s: the budget is not told: %s", tt.name, stderr)
		}
	}
}

func TestSessionComment(t *testing.T) {
	f := mended(t, 2)
	for range 2 {
		if code, _, stderr := asked(t, f, nil, "session", "--pr", "12", "--comment"); code != 0 {
			t.Fatal(stderr)
		}
	}
	if len(f.Posts) != 1 {
		t.Fatalf("%d comments", len(f.Posts))
	}
	body := f.Posts[0]["body"].(string)
	if !strings.HasPrefix(body, "<!-- andon:session -->\n") || !strings.Contains(body, "<details>") {
		t.Errorf("%.300s", body)
	}
	writes := 0
	for _, r := range f.Requests {
		if r.Method != http.MethodGet && !strings.HasSuffix(r.URL.Path, "graphql") {
			writes++
		}
	}
	if writes != 1 {
		t.Errorf("%d writes for a comment that stays the same", writes)
	}
	at := time.Date(2026, 11, 20, 15, 30, 0, 0, time.UTC)
	run := f.AddRun(headB, at, nil)
	f.AddArtifact(run, "andon-x", zippedBundle(t, headB, "late", "fix", "escalate", at), nil)
	if code, _, stderr := asked(t, f, nil, "session", "--pr", "12", "--comment"); code != 0 || len(f.Posts) != 1 || f.Posts[0]["body"] == body {
		t.Errorf("the comment was not edited: %d comments\n%s", len(f.Posts), stderr)
	}
}

func TestSessionCheck(t *testing.T) {
	f := mended(t, 2)
	if code, _, stderr := asked(t, f, nil, "session", "--pr", "12", "--check"); code != 0 {
		t.Fatal(stderr)
	}
	if len(f.Checks) != 1 || f.Checks[0]["head_sha"] != headB || f.Checks[0]["conclusion"] != "success" {
		t.Errorf("%+v", f.Checks)
	}
	f.Fail(fake.Fault{Path: "check-runs", Reply: fake.Status(403, "Resource not accessible by integration")})
	code, stdout, stderr := asked(t, f, nil, "session", "--pr", "12", "--check")
	if code != 3 || !strings.Contains(stderr, "Resource not accessible") || !strings.Contains(stderr, "hint:") || stdout == "" {
		t.Errorf("%d %s", code, stderr)
	}
}

func TestSessionOfACommit(t *testing.T) {
	f := mended(t, 4)
	for _, sha := range []string{headA, headA[:9]} {
		code, stdout, stderr := asked(t, f, nil, "session", "--sha", sha, "--format", "json")
		if code != 0 {
			t.Fatal(stderr)
		}
		if c := chainOf(t, stdout); c.Subject.Kind != "commit" || c.HeadSHA != headA || c.Totals.Runs != 2 || len(c.Sessions) != 1 {
			t.Errorf("%s: %+v", sha, c.Totals)
		}
	}
	event := filepath.Join(t.TempDir(), "event.json")
	if err := os.WriteFile(event, fmt.Appendf(nil, `{"repository":{"full_name":"octo-org/hello"},"workflow_run":{"head_sha":%q,"pull_requests":[]}}`, headB), 0o644); err != nil {
		t.Fatal(err)
	}
	_, stdout, stderr := asked(t, f, nil, "session", "--event", event, "--event-name", "workflow_run", "--format", "json")
	if c := chainOf(t, stdout); c.Subject.Number != 12 || c.Totals.Runs != 4 {
		t.Errorf("the pull request of a fork's head was not found: %+v\n%s", c.Subject, stderr)
	}
}
