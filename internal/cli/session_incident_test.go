package cli

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/github/fake"
	"github.com/andon-ci/andon/internal/report"
)

// leakyRun adds a workflow run with the bundle that collect makes of a trace
// with a credential.
func leakyRun(t *testing.T, f *fake.Forge, at time.Time) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "bundle")
	_, stderr, code := runMain(t, map[string]string{"ANDON_FINGERPRINT_KEY": "k"}, "collect", "--quiet", "--out", out, "--repository", "octo-org/hello", "--pr", "12", "--sha", headB, leaky(t))
	if code != 0 {
		t.Fatalf("collect: %d\n%s", code, stderr)
	}
	run := f.AddRun(headB, at, nil)
	f.AddArtifact(run, "andon-leaky", zipped(t, out), nil)
}

// incident runs session and returns how many issues it has written or edited.
func incident(t *testing.T, f *fake.Forge, args ...string) int {
	t.Helper()
	f.Forget()
	code, stdout, stderr := asked(t, f, nil, append([]string{"session", "--pr", "12"}, args...)...)
	if code != 0 {
		t.Fatalf("%d\n%s", code, stderr)
	}
	if strings.Contains(stdout+stderr, planted) {
		t.Error("the credential is printed")
	}
	writes := 0
	for _, r := range f.Requests {
		if strings.Contains(string(r.Body), planted) {
			t.Errorf("the credential is sent to %s", r.URL)
		}
		if r.Method != http.MethodGet && strings.Contains(r.URL.Path, "/issues") {
			writes++
		}
	}
	return writes
}

func body(i map[string]any) string { return i["body"].(string) }

func TestSessionIncident(t *testing.T) {
	f := mended(t, 2)
	at := time.Date(2026, 11, 20, 15, 30, 0, 0, time.UTC)
	if n := incident(t, f, "--incident", "issue"); n != 0 || len(f.Issues) != 0 {
		t.Fatalf("%d issues about no credential", len(f.Issues))
	}
	leakyRun(t, f, at)
	if n := incident(t, f); n != 0 {
		t.Errorf("an issue that nobody has asked for: %d writes", n)
	}
	f.AddIssue("forged", "<!-- andon:incident 12 -->\nmine", incidentLabel)
	if n := incident(t, f, "--incident", "issue"); n != 1 || len(f.Issues) != 2 {
		t.Fatalf("%d writes, %d issues", n, len(f.Issues)-1)
	}
	first := body(f.Issues[1])
	for _, want := range []string{"<!-- andon:incident 12 -->\n", "#12", "`secret/github-token`", "| 1, 2, 3, 4 |", "never closes it", "/actions/runs/"} {
		if !strings.Contains(first, want) {
			t.Errorf("the issue lacks %q:\n%s", want, first)
		}
	}
	if n := incident(t, f, "--incident", "issue"); n != 0 {
		t.Errorf("%d writes for an issue that stays the same", n)
	}

	leakyRun(t, f, at.Add(time.Hour))
	if n := incident(t, f, "--incident", "issue"); n != 1 || len(f.Issues) != 2 || len(report.ListedRows(body(f.Issues[1]))) != 2 || !strings.Contains(body(f.Issues[1]), report.ListedRows(first)[0]) {
		t.Errorf("%d writes, %d issues:\n%s", n, len(f.Issues)-1, body(f.Issues[1]))
	}
	f.Issues[1]["state"] = "closed"
	if n := incident(t, f, "--incident", "issue"); n != 0 {
		t.Errorf("%d writes for what people have closed", n)
	}
	leakyRun(t, f, at.Add(2*time.Hour))
	if n := incident(t, f, "--incident", "issue"); n != 1 || len(f.Issues) != 3 || len(report.ListedRows(body(f.Issues[2]))) != 1 || f.Issues[1]["state"] != "closed" {
		t.Errorf("%d writes, %d issues", n, len(f.Issues)-1)
	}
}

// TestSessionIncidentKeepsRows holds that what is listed stays listed once the
// bundle that told of it has gone.
func TestSessionIncidentKeepsRows(t *testing.T) {
	f := mended(t, 2)
	at := time.Date(2026, 11, 20, 15, 30, 0, 0, time.UTC)
	leakyRun(t, f, at)
	incident(t, f, "--incident", "issue")
	runs := f.Runs
	f.Runs = f.Runs[:2]
	leakyRun(t, f, at.Add(time.Hour))
	incident(t, f, "--incident", "issue")
	for _, r := range []map[string]any{runs[2], f.Runs[2]} {
		if url := r["html_url"].(string); !strings.Contains(body(f.Issues[0]), url) {
			t.Errorf("%s is not listed:\n%s", url, body(f.Issues[0]))
		}
	}
}

func TestSessionIncidentRefused(t *testing.T) {
	f := mended(t, 2)
	leakyRun(t, f, time.Date(2026, 11, 20, 15, 30, 0, 0, time.UTC))
	f.Fail(fake.Fault{Path: "/hello/issues", Times: 1, Reply: fake.Denied})
	code, _, stderr := asked(t, f, map[string]string{"ANDON_INCIDENT": "issue"}, "session", "--pr", "12")
	if code != 3 || !strings.Contains(stderr, "opening an issue") || !strings.Contains(stderr, "hint:") {
		t.Errorf("%d\n%s", code, stderr)
	}
	if code, _, _ := asked(t, f, map[string]string{"ANDON_INCIDENT": "call"}, "session", "--pr", "12"); code != 2 {
		t.Errorf("an incident that means nothing: exit %d", code)
	}
	f.Forget()
	f.Fail(fake.Fault{Path: "/12/comments", Reply: fake.Denied})
	code, _, stderr = asked(t, f, nil, "session", "--pr", "12", "--incident", "issue", "--comment")
	if code != 3 || len(f.Issues) != 1 {
		t.Errorf("a comment that was refused kept the issue from being opened: %d\n%s", code, stderr)
	}
}

// TestSessionIncidentOfABundle holds that a credential within a bundle is told
// of without a fingerprint, which without a key would be one that anybody can
// make of a guess.
func TestSessionIncidentOfABundle(t *testing.T) {
	f := mended(t, 2)
	run := f.AddRun(headB, time.Date(2026, 11, 20, 15, 30, 0, 0, time.UTC), nil)
	dir := t.TempDir()
	write(t, dir, "notes", []byte(planted))
	f.AddArtifact(run, "andon-leak", zipped(t, dir), nil)
	if n := incident(t, f, "--incident", "issue"); n != 1 || !strings.HasSuffix(report.ListedRows(body(f.Issues[0]))[0], "| – |") {
		t.Errorf("%d writes: %v", n, f.Issues)
	}
}
