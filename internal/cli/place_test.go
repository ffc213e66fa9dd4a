package cli

import (
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
