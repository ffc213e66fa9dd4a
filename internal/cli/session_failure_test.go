package cli

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/github/fake"
	"github.com/andon-ci/andon/internal/session"
)

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
		{"a truncated zip", fake.Fault{Path: "/zips/", Times: 1, Reply: truncated}, 0, 0, "", false, 3},
		{"5xx by GraphQL", fake.Fault{Path: "/graphql", Skip: 1, Reply: fake.Status(502, "Bad Gateway")}, 0, 3, "hint: it was tried again and again", false, 4},
		{"the primary limit, by its headers", fake.Fault{Path: "/artifacts", Reply: fake.Status(403, "API rate limit exceeded", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "1795300000")}, 0, 3, "hint: run it again after", false, 0},
		{"a token that expires", fake.Fault{Path: "/artifacts", Skip: 2, Reply: fake.Status(401, "Bad credentials")}, 0, 3, "hint: the token is wrong or has expired", false, 1},
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
			if strings.Contains(stderr, "hint:") != (code == 3) {
				t.Errorf("what to do next is not told, or nothing is to be done: %s", stderr)
			}
			judged, unjudged := strings.Contains(stdout, `"override_coverage"`), strings.Contains(stdout, "what people made of the decisions")
			if judged == unjudged {
				t.Errorf("overrides: looked for %v, named as not read %v", judged, unjudged)
			}
			if c.Coverage.Partial == tt.whole || c.Totals.Runs != tt.runs || !tt.whole && len(c.Coverage.Unread) == 0 {
				t.Errorf("%d runs, %+v", c.Totals.Runs, c.Coverage)
			}
		})
	}
}

// truncated sends the beginning of a zip file for all of it.
func truncated(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "PK\x03\x04\x14") }

// TestSessionResumesAnywhere names the first workflow run that may be read
// another time, whatever happened to it, and reads on from there.
func TestSessionResumesAnywhere(t *testing.T) {
	for name, fault := range map[string]fake.Fault{ // each run has a list and a download
		"5xx":                  {Path: "/artifacts", Skip: 2, Times: 4, Reply: fake.Status(500, "Oops")},
		"a secondary limit":    {Path: "/artifacts", Skip: 2, Reply: fake.Status(429, "Too many", "Retry-After", "600")},
		"a token that expires": {Path: "/artifacts", Skip: 2, Reply: fake.Status(401, "Bad credentials")},
		"a store that is down": {Path: "/zips/", Skip: 1, Times: 4, Reply: fake.Status(503, "Unavailable")},
		"resets":               {Path: "/artifacts", Skip: 2, Times: 8, Reply: fake.Reset}, // of which every second is tried again below
	} {
		f := mended(t, 4)
		f.Fail(fault)
		code, stdout, stderr := asked(t, f, nil, "session", "--pr", "12", "--format", "json")
		first := chainOf(t, stdout)
		if code != 3 || first.Coverage.Cursor != fmt.Sprint(f.Runs[2]["id"]) || !first.Coverage.Partial {
			t.Errorf("%s: %d, %+v\n%s", name, code, first.Coverage, stderr)
			continue
		}
		f.Forget()
		_, stdout, _ = asked(t, f, nil, "session", "--pr", "12", "--format", "json", "--cursor", first.Coverage.Cursor)
		if rest := chainOf(t, stdout); rest.Totals.Runs != 3 || rest.Coverage.Cursor != "" {
			t.Errorf("%s: %+v", name, rest.Coverage)
		}
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
