package cli

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/github"
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
	vars := map[string]string{
		"GITHUB_API_URL": f.URL(), "GITHUB_GRAPHQL_URL": f.GraphQLURL(), "GITHUB_TOKEN": "ghs_forge_token_of_the_test", "GITHUB_REPOSITORY": f.Repository,
	}
	for k, v := range env {
		vars[k] = v
	}
	var out, messages bytes.Buffer
	now := time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)
	code = Main(t.Context(), Env{
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &messages, Getenv: func(k string) string { return vars[k] }, Now: func() time.Time { return now },
		Forge: github.Clock{
			Now:    func() time.Time { return now },
			Sleep:  func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
			Jitter: func() float64 { return 0 },
		},
	}, args)
	return code, out.String(), messages.String()
}

// zippedBundle returns the zip file of the bundle that collect makes of a native
// trace about a head.
func zippedBundle(t *testing.T, head, runID, agent, decision string, start time.Time) []byte {
	t.Helper()
	dir := t.TempDir()
	at := func(d time.Duration) string { return start.Add(d).UTC().Format(time.RFC3339) }
	lines := strings.Join([]string{
		fmt.Sprintf(`{"type":"run.start","run_id":%q,"time":%q,"agent":{"name":%q}}`, runID, at(0), agent),
		fmt.Sprintf(`{"type":"llm.call","run_id":%q,"span_id":"00f067aa0ba902b7","start":%q,"end":%q,"model":"claude-sonnet-4-5","usage":{"input_tokens":1000,"output_tokens":100}}`, runID, at(0), at(time.Minute)),
		fmt.Sprintf(`{"type":"decision","run_id":%q,"time":%q,"decision":{"kind":%q}}`, runID, at(time.Minute), decision),
		fmt.Sprintf(`{"type":"run.end","run_id":%q,"time":%q,"status":"success"}`, runID, at(2*time.Minute)),
	}, "\n") + "\n"
	out := filepath.Join(dir, "bundle")
	var messages bytes.Buffer
	env := Env{Stdin: strings.NewReader(lines), Stdout: &bytes.Buffer{}, Stderr: &messages, Getenv: func(string) string { return "" }, Now: time.Now}
	code := Main(t.Context(), env, []string{"collect", "--out", out, "--repository", "octo-org/hello", "--pr", "12", "--sha", head, "-"})
	if code != 0 {
		t.Fatalf("collect: %d\n%s", code, &messages)
	}
	return zipped(t, out)
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

// TestSessionOfFork finds a fork's pull request by where it is from: GitHub says
// nothing of a commit that is in a fork alone.
func TestSessionOfFork(t *testing.T) {
	for _, tt := range []struct {
		name, owner, branch, sha, want string
	}{
		{"its head", "mallory", "claude/retry-upload", headB, "pull_request 12"},
		{"a head that was pushed over", "mallory", "claude/retry-upload", headA, "pull_request 12"},
		{"another branch", "mallory", "claude/other", headB, "commit 0"},
		{"another fork", "eve", "claude/retry-upload", headB, "commit 0"},
		{"no name of an account", "mallory:x&head=y", "claude/retry-upload", headB, "commit 0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := mended(t, 2)
			f.Pull["isCrossRepository"], f.Pull["headRepository"] = true, map[string]any{"nameWithOwner": "mallory/hello", "repositoryId": 4711}
			for _, r := range f.Runs {
				r["pull_requests"], r["head_repository"].(map[string]any)["id"] = []any{}, 4711
			}
			event := filepath.Join(t.TempDir(), "event.json")
			raw := fmt.Appendf(nil, `{"repository":{"full_name":"octo-org/hello"},"workflow_run":{"event":"pull_request","head_sha":%q,"head_branch":%q,"head_repository":{"owner":{"login":%q}},"pull_requests":[]}}`, tt.sha, tt.branch, tt.owner)
			if err := os.WriteFile(event, raw, 0o644); err != nil {
				t.Fatal(err)
			}
			_, stdout, stderr := asked(t, f, nil, "session", "--event", event, "--event-name", "workflow_run", "--format", "json")
			if c := chainOf(t, stdout); fmt.Sprint(c.Subject.Kind, " ", c.Subject.Number) != tt.want {
				t.Errorf("%+v\n%s", c.Subject, stderr)
			}
		})
	}
}

func TestSessionFailures(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault fake.Fault
		limit int
		code  int
		says  string // on stderr
		whole bool   // of the chain
		runs  int
	}{
		{"5xx that passes", fake.Fault{Times: 2, Reply: fake.Status(502, "Bad Gateway")}, 0, 0, "2 tried again", true, 4},
		{"resets", fake.Fault{Path: "/artifacts", Times: 2, Reply: fake.Reset}, 0, 0, "1 tried again", true, 4},
		{"5xx on one list", fake.Fault{Path: "/artifacts", Times: 4, Reply: fake.Status(500, "Oops")}, 0, 3, "listing the artifacts of workflow run", false, 3},
		{"the rate limit in the middle", fake.Fault{}, 7, 3, "the limit of requests was reached", false, 2},
		{"a secondary limit that passes", fake.Fault{Path: "/zip", Times: 1, Reply: fake.Status(403, "You have exceeded a secondary rate limit")}, 0, 0, "waited 1m0s", true, 4},
		{"a secondary limit that does not", fake.Fault{Path: "/zip", Reply: fake.Status(403, "You have exceeded a secondary rate limit", "Retry-After", "600")}, 0, 3, "hint: run it again after", false, 0},
		{"no permission for artifacts", fake.Fault{Path: "/artifacts", Reply: fake.Status(403, "Resource not accessible by integration", "X-Accepted-GitHub-Permissions", "actions=read")}, 0, 3, "`actions: read`", false, 0},
		{"no permission for runs", fake.Fault{Path: "/actions/runs", Reply: fake.Status(403, "Resource not accessible by integration")}, 0, 3, "listing the workflow runs of #12", false, 0},
		{"expired meanwhile", fake.Fault{Path: "/zip", Times: 1, Reply: fake.Status(410, "Artifact has expired")}, 0, 0, "", false, 3},
		{"a cut-off download that passes", fake.Fault{Path: "/zips/", Times: 1, Reply: fake.Reset}, 0, 0, "1 tried again", true, 4},
		{"cut-off downloads", fake.Fault{Path: "/zips/", Reply: fake.Reset}, 0, 3, "the download broke off", false, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := mended(t, 4)
			f.Limit = tt.limit
			if tt.fault.Reply != nil {
				f.Fail(tt.fault)
			}
			code, stdout, stderr := asked(t, f, nil, "session", "--pr", "12", "--format", "json")
			c := chainOf(t, stdout)
			if code != tt.code || !strings.Contains(stderr, tt.says) {
				t.Errorf("%d %s", code, stderr)
			}
			if c.Coverage.Partial == tt.whole || c.Totals.Runs != tt.runs || !tt.whole && len(c.Coverage.Unread) == 0 {
				t.Errorf("%d runs, %+v", c.Totals.Runs, c.Coverage)
			}
		})
	}
}

func TestSessionResumes(t *testing.T) {
	f := mended(t, 4)
	f.Limit = 7
	_, stdout, _ := asked(t, f, nil, "session", "--pr", "12", "--format", "json")
	first := chainOf(t, stdout)
	if first.Coverage.Cursor == "" || first.Totals.Runs != 2 {
		t.Fatalf("%+v", first.Coverage)
	}
	f.Forget()
	f.Limit = 0
	_, stdout, _ = asked(t, f, nil, "session", "--pr", "12", "--format", "json", "--cursor", first.Coverage.Cursor)
	rest := chainOf(t, stdout)
	if rest.Totals.Runs != 2 || !rest.Coverage.Partial {
		t.Errorf("%+v", rest.Coverage)
	}
	seen := map[string]bool{}
	for _, c := range []*session.Chain{first, rest} {
		for _, l := range c.Sessions {
			for _, r := range l.Session.Runs {
				seen[r.ID] = true
			}
		}
	}
	if len(seen) != 4 {
		t.Errorf("%d of 4 runs were read in both together", len(seen))
	}
}

func TestSessionResumesFromCache(t *testing.T) {
	f := mended(t, 4)
	cache := t.TempDir()
	f.Limit = 7
	asked(t, f, nil, "session", "--pr", "12", "--cache", cache)
	f.Forget()
	f.Limit = 0
	_, stdout, _ := asked(t, f, nil, "session", "--pr", "12", "--format", "json", "--cache", cache)
	if c := chainOf(t, stdout); c.Totals.Runs != 4 || c.Coverage.Partial || f.Downloads != 2 {
		t.Errorf("%+v, %d downloads", c.Coverage, f.Downloads)
	}
}

func TestSessionWithoutToken(t *testing.T) {
	f := mended(t, 1)
	code, stdout, stderr := asked(t, f, map[string]string{"GITHUB_TOKEN": ""}, "session", "--pr", "12")
	if code != 3 || stdout != "" || !strings.Contains(stderr, "there is no token") || !strings.Contains(stderr, "hint: set GITHUB_TOKEN") || len(f.Requests) > 0 {
		t.Errorf("%d %s", code, stderr)
	}
}

func TestSessionOfNothing(t *testing.T) {
	f := mended(t, 1)
	for _, tt := range []struct {
		code int
		says string
		args []string
	}{
		{3, "Could not resolve to a PullRequest", []string{"--pr", "13"}},
		{2, "neither a pull request nor a commit", nil},
		{2, "takes no PATH", []string{"--pr", "12", "trace.jsonl"}},
		{2, "--comment needs a pull request", []string{"--sha", headA, "--comment"}},
		{3, "No commit found", []string{"--sha", "0000000"}},
	} {
		code, _, stderr := asked(t, f, nil, append([]string{"session"}, tt.args...)...)
		if code != tt.code || !strings.Contains(stderr, tt.says) || !strings.Contains(stderr, "hint:") {
			t.Errorf("%v: %d %s", tt.args, code, stderr)
		}
	}
	f.Runs = nil
	code, stdout, _ := asked(t, f, nil, "session", "--pr", "12")
	if code != 0 || !strings.Contains(stdout, "No data: there is no workflow run") {
		t.Errorf("%d %s", code, stdout)
	}
}

// TestSessionBelievesTheForge plants a bundle that says it is about another
// pull request, and one with a credential.
func TestSessionBelievesTheForge(t *testing.T) {
	f := fake.New(t)
	f.Load("agent-fix")
	at := time.Date(2026, 11, 18, 9, 5, 0, 0, time.UTC)
	run := f.AddRun(headA, at, map[string]any{"name": "</summary><b>@all ::error::"})
	raw := zippedBundle(t, headB, "lie", "review", "approve", at)
	f.AddArtifact(run, "andon-lie", raw, nil)
	leak := filepath.Join(t.TempDir(), "summary.md")
	key := "AKIA" + "QWERTYUIOPASDFGH"
	if err := os.WriteFile(leak, []byte("the key is "+key+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	f.AddArtifact(run, "andon-leak", zipped(t, filepath.Dir(leak)), nil)
	code, stdout, stderr := asked(t, f, nil, "session", "--pr", "12", "--format", "json")
	c := chainOf(t, stdout)
	if code != 0 || len(c.Sessions) != 1 || c.Sessions[0].Session.HeadSHA != headA || c.Sessions[0].Session.ID != "octo-org/hello#12@a1a1a1a1a1a1" {
		t.Errorf("%d %+v\n%s", code, c.Sessions[0].Session, stderr)
	}
	rules := map[string]finding.Severity{}
	for _, x := range c.Findings {
		rules[x.Rule] = x.Severity
	}
	if rules["artifact/mismatch"] != finding.Warning || rules["secret/aws-access-key"] != finding.Error || c.Coverage.Suppressed != 1 {
		t.Errorf("%v %+v", rules, c.Coverage)
	}
	for _, format := range []string{"text", "markdown", "json"} {
		_, out, _ := asked(t, f, nil, "session", "--pr", "12", "--format", format)
		if strings.Contains(out, key) || strings.Contains(out, "ghs_forge_token") {
			t.Errorf("%s holds a credential", format)
		}
		if format == "markdown" && (strings.Contains(out, "<b>") || strings.Contains(out, "@all")) {
			t.Errorf("a workflow's name has an effect:\n%s", out)
		}
	}
}

// TestSessionInActions runs where a workflow does, with a bundle that leaks.
func TestSessionInActions(t *testing.T) {
	f := mended(t, 2)
	run := f.AddRun(headB, time.Date(2026, 11, 19, 20, 0, 0, 0, time.UTC), map[string]any{"name": "::error::owned"})
	leak := filepath.Join(t.TempDir(), "notes")
	if err := os.WriteFile(leak, []byte("AKIA"+"QWERTYUIOPASDFGH"), 0o644); err != nil {
		t.Fatal(err)
	}
	f.AddArtifact(run, "andon-leak", zipped(t, filepath.Dir(leak)), nil)
	summary := filepath.Join(t.TempDir(), "summary.md")
	env := map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": summary, "HOME": t.TempDir()}
	code, stdout, stderr := asked(t, f, env, "session", "--pr", "12")
	if code != 0 || !strings.Contains(stdout, "title=Andon%3A secret/aws-access-key::") || !strings.Contains(stdout, "::stop-commands::") {
		t.Errorf("%d\n%s\n%s", code, stdout, stderr)
	}
	written, err := os.ReadFile(summary)
	if err != nil || !strings.Contains(string(written), "revoke it now") {
		t.Errorf("%v\n%s", err, written)
	}
	if _, err := os.Stat(filepath.Join(env["HOME"], ".cache")); err == nil {
		t.Error("a runner's disk holds a cache that nobody asked for")
	}
	_, stdout, _ = asked(t, f, env, "session", "--pr", "12", "--format", "json")
	chainOf(t, stdout)
}

func TestGivenApp(t *testing.T) {
	pem := filepath.Join(t.TempDir(), "app.pem")
	if err := os.WriteFile(pem, []byte("-----BEGIN RSA PRIVATE KEY-----\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		id, key string
		given   bool
		code    int
	}{
		{"", "", false, 0},
		{"7", pem, true, 0},
		{"7", "-----BEGIN RSA PRIVATE KEY-----\n", true, 0},
		{"7", "", false, exitUsage},
		{"", pem, false, exitUsage},
		{"seven", pem, false, exitUsage},
		{"7", pem + ".not", false, exitFailure},
	} {
		vars := map[string]string{"ANDON_APP_ID": tt.id, "ANDON_APP_KEY": tt.key}
		app, err := givenApp(Env{Getenv: func(k string) string { return vars[k] }})
		var messages bytes.Buffer
		if code := exit(&messages, err); (app != nil) != tt.given || code != tt.code {
			t.Errorf("%q, %q: %v, %d %s", tt.id, tt.key, app, code, &messages)
		}
	}
}
