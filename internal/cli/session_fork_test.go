package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/github/fake"
)

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
			f.Pull["isCrossRepository"], f.Pull["headRepository"] = true, map[string]any{"nameWithOwner": "mallory/hello", "databaseId": 4711}
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

// TestSessionOfNoPull is told of a workflow run whose pull request is gone: there
// is nothing to comment on, which is nobody's mistake.
func TestSessionOfNoPull(t *testing.T) {
	f := mended(t, 2)
	f.Pull["isCrossRepository"] = true
	event := filepath.Join(t.TempDir(), "event.json")
	raw := fmt.Appendf(nil, `{"repository":{"full_name":"octo-org/hello"},"workflow_run":{"event":"pull_request","head_sha":%q,"head_branch":"gone","head_repository":{"owner":{"login":"mallory"}},"pull_requests":[]}}`, headB)
	if err := os.WriteFile(event, raw, 0o644); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := asked(t, f, nil, "session", "--comment", "--check", "--event", event, "--event-name", "workflow_run")
	if code != 0 || !strings.Contains(stderr, "no comment was written: no pull request was found") || len(f.Posts) != 0 || len(f.Checks) != 1 {
		t.Errorf("%d, %d comments, %d check runs\n%s", code, len(f.Posts), len(f.Checks), stderr)
	}
}

// TestSessionCommentFromFork asks with the token that a fork's pull request gets,
// which may read and not write.
func TestSessionCommentFromFork(t *testing.T) {
	f := mended(t, 2)
	f.Fail(fake.Fault{Path: "/comments", Reply: fake.Denied})
	code, stdout, stderr := asked(t, f, nil, "session", "--pr", "12", "--comment")
	if code != 3 || !strings.Contains(stderr, "writing a comment on #12") || !strings.Contains(stderr, "in a workflow of a fork's pull request it stays read-only") {
		t.Errorf("%d %s", code, stderr)
	}
	if !strings.Contains(stdout, "Retry the upload once") {
		t.Errorf("what was read is not shown:\n%s", stdout)
	}
}

// TestSessionPostsApart writes what it may where it may not write the other.
func TestSessionPostsApart(t *testing.T) {
	f := mended(t, 2)
	f.Fail(fake.Fault{Path: "/comments", Reply: fake.Denied})
	if code, _, stderr := asked(t, f, nil, "session", "--pr", "12", "--comment", "--check"); code != 3 || len(f.Checks) != 1 {
		t.Errorf("%d, %d check runs\n%s", code, len(f.Checks), stderr)
	}
	f.Fail(fake.Fault{Path: "/check-runs", Reply: fake.Denied})
	_, _, stderr := asked(t, f, nil, "session", "--pr", "12", "--comment", "--check")
	for _, want := range []string{"writing a comment on #12", "listing the check runs on"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("%q is not said:\n%s", want, stderr)
		}
	}
}

// TestSessionCommentUnread writes none where there may be one already.
func TestSessionCommentUnread(t *testing.T) {
	f := mended(t, 2)
	f.Deny("comments")
	code, _, stderr := asked(t, f, nil, "session", "--pr", "12", "--comment", "--check")
	if code != 3 || len(f.Posts) != 0 || len(f.Checks) != 1 || !strings.Contains(stderr, "not all comments") {
		t.Errorf("%d, %d comments, %d check runs\n%s", code, len(f.Posts), len(f.Checks), stderr)
	}
}

// TestSessionLinksToItsServer links to where the pull request is, unless the
// runner says where that is.
func TestSessionLinksToItsServer(t *testing.T) {
	f := mended(t, 1)
	f.Pull["url"] = "https://ghe.example/octo-org/hello/pull/12"
	for want, env := range map[string]map[string]string{
		"https://ghe.example/octo-org/hello/commit/": nil,
		"https://ghe.test/octo-org/hello/commit/":    {"GITHUB_SERVER_URL": "https://ghe.test"},
	} {
		if _, stdout, _ := asked(t, f, env, "session", "--pr", "12", "--format", "markdown"); !strings.Contains(stdout, want) {
			t.Errorf("no link to %s:\n%s", want, stdout)
		}
	}
}

// TestSessionAfterATransfer asks by the name that the repository had.
func TestSessionAfterATransfer(t *testing.T) {
	f := mended(t, 2)
	_, now, _ := asked(t, f, nil, "session", "--pr", "12", "--format", "json")
	f.Old = "octo-cat/before"
	code, before, stderr := asked(t, f, map[string]string{"GITHUB_REPOSITORY": f.Old}, "session", "--pr", "12", "--format", "json")
	if code != 0 || before != now {
		t.Errorf("%d %s\n%.500s", code, stderr, before)
	}
}
