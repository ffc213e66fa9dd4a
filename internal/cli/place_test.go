package cli

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestOutKeeps holds that collect replaces what it wrote itself, and no more.
func TestOutKeeps(t *testing.T) {
	trace := filepath.Join(examples, "andon-trace")
	bundle := func(t *testing.T) string {
		dir := filepath.Join(t.TempDir(), "b")
		if _, stderr, code := runMain(t, nil, "collect", "--quiet", "--out", dir, trace); code != 0 {
			t.Fatal(stderr)
		}
		return dir
	}
	for name, add := range map[string]func(dir string) error{
		"mine.txt":  func(dir string) error { return os.WriteFile(filepath.Join(dir, "mine.txt"), nil, 0o644) },
		"traces/x":  func(dir string) error { return os.WriteFile(filepath.Join(dir, "traces", "x"), nil, 0o644) },
		"src":       func(dir string) error { return os.Mkdir(filepath.Join(dir, "src"), 0o755) },
		"a link":    func(dir string) error { return os.Symlink(trace, filepath.Join(dir, "a link")) },
		"src/a.txt": func(dir string) error { return os.CopyFS(filepath.Join(dir, "src"), os.DirFS(trace)) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := bundle(t)
			if err := add(dir); err != nil {
				t.Skip(err)
			}
			before := names(t, dir)
			_, stderr, code := runMain(t, nil, "collect", "--quiet", "--out", dir, trace)
			if code != exitUsage || !strings.Contains(stderr, filepath.FromSlash(strings.TrimSuffix(name, "/a.txt"))) || !strings.Contains(stderr, "hint: ") {
				t.Errorf("exit %d: %s", code, stderr)
			}
			if after := names(t, dir); after != before {
				t.Errorf("there is now %s, and was %s", after, before)
			}
		})
	}
}

func names(t *testing.T, dir string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "**"))
	more, err2 := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	return strings.Join(append(found, more...), " ")
}

// TestOutLink writes through a link, which stays one.
func TestOutLink(t *testing.T) {
	trace := filepath.Join(examples, "andon-trace")
	dir := t.TempDir()
	target, link := filepath.Join(dir, "target"), filepath.Join(dir, "link")
	if err := os.Symlink("target", link); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	_, stderr, code := runMain(t, nil, "collect", "--quiet", "--out", link, trace)
	if code != exitUsage || !strings.Contains(stderr, "leads nowhere") {
		t.Errorf("a link to nowhere: exit %d: %s", code, stderr)
	}
	if err := os.Mkdir(target, 0o755); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, stderr, code := runMain(t, nil, "collect", "--quiet", "--out", link+"/", trace); code != 0 {
			t.Fatalf("exit %d: %s", code, stderr)
		}
		if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
			t.Error("the link was replaced")
		}
		if _, err := os.Stat(filepath.Join(target, "manifest.json")); err != nil {
			t.Error("the bundle is not in the link's target")
		}
	}
}

// TestUsualPlaces reads what an agent has left where it leaves its traces, without
// being told.
func TestUsualPlaces(t *testing.T) {
	for place, sample := range map[string]string{
		".claude/projects/p/s.jsonl": "claude-session/review.jsonl", ".codex/sessions/2026/11/20/rollout-1.jsonl": "codex-rollout/token-count.jsonl",
		".kimi-code/sessions/w/s/agents/main/wire.jsonl": "kimi-code/review.jsonl", ".kimi/sessions/w/s/wire.jsonl": "kimi-cli/wire.jsonl",
		".qwen/projects/p/chats/s.jsonl": "qwen-code/session.jsonl", ".factory/sessions/p/s.jsonl": "droid/session.jsonl",
		".iflow/projects/p/session-1.jsonl": "iflow-cli/session.jsonl", ".pi/agent/sessions/p/s.jsonl": "pi/session.jsonl",
	} {
		raw, err := os.ReadFile(filepath.Join(examples, filepath.FromSlash(sample)))
		if err != nil {
			t.Error(err)
			continue
		}
		home := t.TempDir()
		at := filepath.Join(home, filepath.FromSlash(place))
		if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o755), os.WriteFile(at, raw, 0o644)); err != nil {
			t.Fatal(err)
		}
		stdout, stderr, code := runMain(t, map[string]string{"HOME": home, "GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": filepath.Join(home, "output"), "GITHUB_STEP_SUMMARY": filepath.Join(home, "summary")}, "collect", "--quiet", "--format", "json")
		if code != 0 || !strings.Contains(stdout, `"runs": 1`) {
			t.Errorf("%s: exit %d: %.400s%s", place, code, stdout, stderr)
		}
	}
}
