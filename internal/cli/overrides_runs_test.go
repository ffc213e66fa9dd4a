package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/github/fake"
	"github.com/andon-ci/andon/internal/override"
)

// dismissed is the event of a person who dismisses an agent's review.
const dismissed = `{"action":"dismissed","sender":{"login":"mona","type":"User"},"repository":{"id":1296269,"full_name":"octo-org/hello"},
"pull_request":{"number":12,"head":{"sha":"` + headA + `","ref":"fix"},"updated_at":"2026-11-19T09:58:00Z"},
"review":{"id":3200000001,"node_id":"PRR_1","user":{"login":"review-agent[bot]","type":"Bot"},"state":"dismissed","commit_id":"` + headA + `"}}`

func TestOverridesRuns(t *testing.T) {
	dir, folder := t.TempDir(), bundledTrace(t, headA, reviewed)
	event := write(t, dir, "event.json", []byte(dismissed))
	packed := write(t, dir, "andon-1.zip", zipped(t, folder))
	lines, err := os.ReadFile(filepath.Join(folder, rollupsName))
	if err != nil {
		t.Fatal(err)
	}
	kept := write(t, dir, "kept", lines)
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"a folder", []string{"--runs", folder}, "review_dismissed 7c1f2a90 exact by review id"},
		{"a file of lines", []string{"--runs", kept}, "review_dismissed 7c1f2a90 exact by review id"},
		{"a packed bundle", []string{"--runs", packed}, "review_dismissed 7c1f2a90 exact by review id"},
		{"all", []string{"--runs", packed, "--runs", folder, "--runs", kept}, "review_dismissed 7c1f2a90 exact by review id"},
		{"none", nil, "review_dismissed"},
	} {
		args := append([]string{"overrides", "--event", event, "--event-name", "pull_request_review", "--format", "json"}, tt.args...)
		code, stdout, stderr := asked(t, fake.New(t), nil, args...)
		var got override.Result
		if err := json.Unmarshal([]byte(stdout), &got); err != nil || code != 0 {
			t.Fatal(tt.name, code, err, stderr)
		}
		if s := linksOf(got.Overrides); s != tt.want {
			t.Errorf("%s: got %s, want %s\n%s", tt.name, s, tt.want, stderr)
		}
	}
}

// TestOverridesSinceRuns links what a sweep finds.
func TestOverridesSinceRuns(t *testing.T) {
	f := fake.New(t)
	f.Load("overruled")
	code, stdout, stderr := asked(t, f, nil, "overrides", "--since", "7d", "--runs", bundledTrace(t, headA, reviewed))
	if code != 0 || strings.Count(stdout, "run 7c1f2a90-33d4-4b7e-8f10-5a2c9e6d4b02, exact by ") < 4 {
		t.Errorf("%d\n%s\n%s", code, stdout, stderr)
	}
}

// TestOverridesLink links what a sweep finds to the bundles that the forge has,
// as long as there are requests enough.
func TestOverridesLink(t *testing.T) {
	for limit, want := range map[int]string{0: "exact by ", 12: "bundles of 1 more pull requests were not read"} {
		f := judged(t, nil)
		f.Load("overruled")
		f.Limit = limit
		code, stdout, stderr := asked(t, f, nil, "overrides", "--since", "7d", "--link")
		if code != 0 || !strings.Contains(stdout+stderr, want) || !strings.Contains(stdout, "8 overrides") {
			t.Errorf("%d: %d\n%s\n%s", limit, code, stdout, stderr)
		}
	}
	f := judged(t, nil)
	f.Load("overruled")
	f.Fail(fake.Fault{Path: "artifacts", Reply: fake.Status(403, "Resource not accessible by integration")})
	code, stdout, stderr := asked(t, f, nil, "overrides", "--since", "7d", "--link")
	if code != 0 || strings.Contains(stdout, "run ") || !strings.Contains(stderr, "#12: workflow run") || !strings.Contains(stderr, "Resource not accessible") {
		t.Errorf("%d\n%s\n%s", code, stdout, stderr)
	}
	if code, _, stderr := asked(t, f, nil, "overrides", "--link", "--event", "x", "--event-name", "push"); code != 2 || !strings.Contains(stderr, "--link goes with --since") {
		t.Errorf("%d %s", code, stderr)
	}
}

// TestBadRuns says what could not be used, and goes on without it.
func TestBadRuns(t *testing.T) {
	dir, bad := t.TempDir(), t.TempDir()
	event := write(t, dir, "event.json", []byte(dismissed))
	write(t, bad, "andon-1.zip", []byte("PK no zip"))
	write(t, bad, rollupsName, []byte("{}\n[]\nsecret=hunter2\n"))
	for path, want := range map[string]string{
		bad: "3 records in it are no lines of a bundle's runs.jsonl", filepath.Join(dir, "nowhere"): "--runs takes bundles", "": "it takes a bundle",
	} {
		code, stdout, stderr := asked(t, fake.New(t), nil, "overrides", "--event", event, "--event-name", "pull_request_review", "--runs", path)
		if !strings.Contains(stderr, want) || strings.Contains(stderr, "hunter2") || (code == 0) != strings.Contains(stdout, "1 override,") {
			t.Errorf("%s: %d %s\n%s", path, code, stdout, stderr)
		}
	}
}
