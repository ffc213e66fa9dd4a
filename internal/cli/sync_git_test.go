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

// TestSyncWriters lets ten syncs write to one bare git repository at once, half
// of them what another writes as well.
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
	for n := range 5 {
		zip := zippedBundle(t, headA, fmt.Sprintf("run-%d", n), "review", "approve", start.Add(time.Duration(n)*20*time.Hour))
		bundles = append(bundles, unpacked(t, zip))
	}
	run := func(args ...string) (int, string) {
		var out, messages bytes.Buffer
		env := Env{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &messages, Getenv: func(string) string { return "" }, Now: time.Now}
		return Main(t.Context(), env, append([]string{"sync"}, args...)), messages.String()
	}
	var group sync.WaitGroup
	failed := make([]string, 10)
	for w := range failed {
		group.Go(func() {
			if code, stderr := run("--history", remote+"#andon/history", bundles[w%5], bundles[(w+1)%5]); code != 0 {
				failed[w] = fmt.Sprint(code, stderr)
			}
		})
	}
	group.Wait()
	if all := strings.Join(failed, ""); all != "" {
		t.Fatal(all)
	}
	if code, stderr := run(append([]string{"--history", folder}, bundles...)...); code != 0 {
		t.Fatal(stderr)
	}
	g, err := history.OpenGit(t.Context(), remote, "andon/history")
	if err != nil {
		t.Fatal(err)
	}
	want := historytest.Dump(t, &history.Dir{Path: folder})
	historytest.Same(t, historytest.Dump(t, g), want)
	if len(want) < 6 {
		t.Errorf("only %d files", len(want))
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
