package history_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/history"
	"github.com/andon-ci/andon/internal/history/historytest"
)

// git runs a git command that must succeed.
func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@b", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@b", "GIT_CONFIG_GLOBAL=/dev/null")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func needGit(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git here")
	}
}

func bare(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	git(t, dir, "init", "--quiet", "--bare", "--initial-branch=main", ".")
	return dir
}

// checkout returns a clone with one commit on main, which a sync must not touch.
func checkout(t *testing.T, from string) string {
	t.Helper()
	dir := t.TempDir()
	if from == "" {
		git(t, dir, "init", "--quiet", "--initial-branch=main", ".")
	} else {
		git(t, dir, "clone", "--quiet", from, ".")
	}
	git(t, dir, "commit", "--quiet", "--allow-empty", "-m", "Begin")
	return dir
}

func opened(t *testing.T, dir string) *history.Git {
	t.Helper()
	g, err := history.OpenGit(t.Context(), dir, "andon/history")
	if err != nil {
		t.Fatal(err)
	}
	g.Now = func() time.Time { return time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC) }
	g.Sleep = func(ctx context.Context, d time.Duration) error { return ctx.Err() }
	return g
}

func TestGit(t *testing.T) {
	needGit(t)
	t.Run("bare", func(t *testing.T) {
		t.Parallel()
		historytest.Test(t, func(t *testing.T) func() history.Store {
			dir := bare(t)
			return func() history.Store { return opened(t, dir) }
		})
	})
	t.Run("checkout", func(t *testing.T) {
		t.Parallel()
		historytest.Test(t, func(t *testing.T) func() history.Store {
			dir := checkout(t, bare(t))
			return func() history.Store { return opened(t, dir) }
		})
	})
}

// TestGitClones lets ten machines write to one repository.
func TestGitClones(t *testing.T) {
	needGit(t)
	remote := bare(t)
	stores := make([]*history.Git, 10)
	for w := range stores {
		stores[w] = opened(t, checkout(t, remote))
	}
	var group sync.WaitGroup
	errs := make([]error, len(stores))
	for w, s := range stores {
		b := &history.Batch{Lines: historytest.Lines(t, history.Runs, historytest.Run(w), historytest.Run(w+1), historytest.Run(w+40))}
		group.Go(func() { _, errs[w] = history.Write(t.Context(), s, b, nil) })
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, text := range historytest.Dump(t, opened(t, remote)) {
		n += strings.Count(text, "\n")
	}
	if n != 21 {
		t.Errorf("%d runs of 21", n)
	}
}

// TestGitBranch looks at what others see: one commit for each batch, a root of
// its own, and no other reference or file touched.
func TestGitBranch(t *testing.T) {
	needGit(t)
	remote := bare(t)
	dir := checkout(t, remote)
	before := git(t, dir, "rev-parse", "HEAD")
	for n := range 2 {
		b := &history.Batch{Lines: historytest.Lines(t, history.Runs, historytest.Run(n))}
		for range 2 {
			if _, err := history.Write(t.Context(), opened(t, dir), b, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := git(t, remote, "log", "--format=%an|%s", "andon/history"); got != "andon|Add 1 run\nandon|Add 1 run" {
		t.Errorf("%s", got)
	}
	if got := git(t, remote, "for-each-ref", "--format=%(refname)"); got != "refs/heads/andon/history" {
		t.Errorf("references of the remote: %s", got)
	}
	if got := git(t, dir, "for-each-ref", "--format=%(refname)") + git(t, dir, "status", "--porcelain") + git(t, dir, "rev-parse", "HEAD"); got != "refs/heads/main\nrefs/remotes/origin/andon/history"+before {
		t.Errorf("the checkout was touched: %s", got)
	}
	if got := git(t, remote, "show", "andon/history:README.md"); !strings.Contains(got, "history of Andon") {
		t.Errorf("%s", got)
	}
}

// TestGitLinks refuses what is no file, and leaves it as it is.
func TestGitLinks(t *testing.T) {
	needGit(t)
	for _, at := range []string{"runs/2026/11/01.jsonl", "runs/2026/11", "runs", "cursor.json"} {
		t.Run(at, func(t *testing.T) {
			dir := checkout(t, "")
			git(t, dir, "checkout", "--quiet", "--orphan", "andon/history")
			if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(at)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink("/etc/passwd", filepath.Join(dir, at)); err != nil {
				t.Skip("no links here")
			}
			git(t, dir, "add", ".")
			git(t, dir, "commit", "--quiet", "-m", "Edit by hand")
			git(t, dir, "checkout", "--quiet", "main")
			v, err := opened(t, dir).View(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			files, refused, err := v.Files(t.Context())
			if err != nil || len(files) > 0 || len(refused) != 1 {
				t.Errorf("%v, refused %v, %v", files, refused, err)
			}
			head := git(t, dir, "rev-parse", "andon/history")
			_, err = history.Write(t.Context(), opened(t, dir), &history.Batch{
				Lines: historytest.Lines(t, history.Runs, historytest.Run(2)), Advance: func(c *history.Cursor) { c.At("o/r") },
			}, nil)
			if !errors.Is(err, history.ErrRefused) || git(t, dir, "rev-parse", "andon/history") != head {
				t.Errorf("written: %v", err)
			}
		})
	}
}

func TestGitFails(t *testing.T) {
	needGit(t)
	if _, err := history.OpenGit(t.Context(), t.TempDir(), "h"); err == nil || !strings.Contains(err.Error(), "not a git repository") {
		t.Errorf("%v", err)
	}
	for _, name := range []string{"", "a b", "-x..y", "a~1", "x.lock"} {
		if _, err := history.OpenGit(t.Context(), bare(t), name); err == nil {
			t.Errorf("%q was taken for a branch", name)
		}
	}
	dir := checkout(t, "")
	git(t, dir, "remote", "add", "origin", "file://user:hunter2@/nowhere")
	_, err := opened(t, dir).View(t.Context())
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v", err)
	}
	dir = bare(t)
	hook := filepath.Join(dir, "hooks", "update")
	if err := os.WriteFile(hook, []byte("#!/bin/sh\necho protected >&2\nexit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, err = history.Write(t.Context(), opened(t, checkout(t, dir)), &history.Batch{Lines: historytest.Lines(t, history.Runs, historytest.Run(2))}, nil)
	if err == nil || !strings.Contains(err.Error(), "protected") {
		t.Errorf("a refusal for good: %v", err)
	}
}

// TestGitKilled stops a writer before every git command that writes.
func TestGitKilled(t *testing.T) {
	needGit(t)
	write := func(s history.Store) error {
		for part := range 2 {
			b := &history.Batch{Advance: func(c *history.Cursor) { c.At("o/r").Learn(fmt.Sprintf("part %d", part), time.Unix(1, 0).UTC()) }}
			for n := range 30 {
				b.Lines = append(b.Lines, historytest.Lines(t, history.Runs, historytest.Run(part*20+n))...)
			}
			if _, err := history.Write(t.Context(), s, b, nil); err != nil {
				return err
			}
		}
		return nil
	}
	undisturbed := opened(t, bare(t))
	steps := 0
	undisturbed.Before = func(string) error { steps++; return nil }
	if err := write(undisturbed); err != nil {
		t.Fatal(err)
	}
	want := git(t, undisturbed.Dir, "rev-parse", "andon/history^{tree}")
	for n := range steps {
		s := opened(t, bare(t))
		left := n
		s.Before = func(string) error {
			if left--; left < 0 {
				return errKilled
			}
			return nil
		}
		if err := write(s); !errors.Is(err, errKilled) {
			t.Fatalf("step %d: %v", n, err)
		}
		s.Before = nil
		if err := write(s); err != nil {
			t.Fatalf("after step %d: %v", n, err)
		}
		if got := git(t, s.Dir, "rev-parse", "andon/history^{tree}"); got != want {
			t.Errorf("after step %d the tree is another", n)
		}
	}
	if steps < 8 {
		t.Errorf("only %d steps", steps)
	}
}
