package cli

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
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

// TestSyncWriters lets ten programs write to one bare git repository at once, each
// a run of its own, and one that the next writes as well.
func TestSyncWriters(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git here")
	}
	remote, folder := filepath.Join(t.TempDir(), "factory.git"), filepath.Join(t.TempDir(), "history")
	if out, err := exec.Command("git", "init", "--quiet", "--bare", remote).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	start := time.Date(2026, 11, 18, 9, 0, 0, 0, time.UTC)
	var bundles []string
	for n := range 10 {
		zip := zippedBundle(t, headA, fmt.Sprintf("run-%d", n), "review", "approve", start.Add(time.Duration(n)*7*time.Hour))
		bundles = append(bundles, unpacked(t, zip))
	}
	var group sync.WaitGroup
	failed := make([]string, len(bundles))
	for w := range failed {
		cmd := started(t, "andon", "sync", "--history", remote+"#andon/history", bundles[w], bundles[(w+1)%len(bundles)])
		group.Go(func() {
			if out, err := cmd.CombinedOutput(); err != nil {
				failed[w] = fmt.Sprintf("%v: %s\n", err, out)
			}
		})
	}
	group.Wait()
	if all := strings.Join(failed, ""); all != "" {
		t.Fatal(all)
	}
	if out, err := started(t, "andon", append([]string{"sync", "--history", folder}, bundles...)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	commits, err := exec.Command("git", "-C", remote, "rev-list", "--count", "andon/history").Output()
	if n := strings.TrimSpace(string(commits)); err != nil || n == "0" || n == "1" {
		t.Errorf("%s commits, so that nobody wrote at once with another: %v", n, err)
	}
	g, err := history.OpenGit(t.Context(), remote, "andon/history")
	if err != nil {
		t.Fatal(err)
	}
	want := historytest.Dump(t, &history.Dir{Path: folder})
	historytest.Same(t, historytest.Dump(t, g), want)
	for n := range bundles {
		if count := strings.Count(fmt.Sprint(want), fmt.Sprintf(`"run_id":"run-%d"`, n)); count != 1 {
			t.Errorf("run %d is there %d times", n, count)
		}
	}
}

// unpacked writes a zip file's content into a folder.
func unpacked(t *testing.T, raw []byte) string {
	t.Helper()
	dir := t.TempDir()
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		at := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
