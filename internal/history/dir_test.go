package history_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/history"
	"github.com/andon-ci/andon/internal/history/historytest"
)

func TestDir(t *testing.T) {
	historytest.Test(t, func(t *testing.T) func() history.Store {
		path := filepath.Join(t.TempDir(), "deep", "history")
		return func() history.Store { return &history.Dir{Path: path} }
	})
}

// TestDirLinks refuses what leads out of the folder, or is no file.
func TestDirLinks(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "01.jsonl")
	if err := os.WriteFile(outside, []byte(historytest.Run(1)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, at := range []string{"runs/2026/11/01.jsonl", "runs/2026/11", "runs", "cursor.json", ".lock"} {
		t.Run(at, func(t *testing.T) {
			dir := t.TempDir()
			link := filepath.Join(dir, filepath.FromSlash(at))
			if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
				t.Fatal(err)
			}
			to := outside
			if !strings.Contains(at, ".") {
				to = filepath.Dir(outside)
			}
			if err := os.Symlink(to, link); err != nil {
				t.Skip("no links here")
			}
			s := &history.Dir{Path: dir}
			v, err := s.View(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			files, refused, err := v.Files(t.Context())
			if err != nil || len(files) > 0 || len(refused) != 1 && at != ".lock" {
				t.Errorf("%v, refused %v, %v", files, refused, err)
			}
			_, err = history.Write(t.Context(), s, &history.Batch{
				Lines: historytest.Lines(t, history.Runs, historytest.Run(2)), Advance: func(c *history.Cursor) { c.At("o/r") },
			}, nil)
			if !errors.Is(err, history.ErrRefused) {
				t.Errorf("written through a link: %v", err)
			}
			if raw, err := os.ReadFile(outside); err != nil || string(raw) != historytest.Run(1)+"\n" {
				t.Errorf("the file outside was changed: %s, %v", raw, err)
			}
		})
	}
}

var errKilled = errors.New("killed")

// TestDirKilled stops a writer before every step that it takes. Who runs again
// gets the history that an undisturbed writer gets.
func TestDirKilled(t *testing.T) {
	write := func(s history.Store) error {
		for part := range 3 {
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
	undisturbed := &history.Dir{Path: t.TempDir()}
	steps := 0
	undisturbed.Before = func(string) error { steps++; return nil }
	if err := write(undisturbed); err != nil {
		t.Fatal(err)
	}
	want := onDisk(t, undisturbed.Path)
	for n := range steps {
		dir := t.TempDir()
		left := n
		s := &history.Dir{Path: dir, Before: func(string) error {
			if left--; left < 0 {
				return errKilled
			}
			return nil
		}}
		if err := write(s); !errors.Is(err, errKilled) {
			t.Fatalf("step %d: %v", n, err)
		}
		if err := write(&history.Dir{Path: dir}); err != nil {
			t.Fatalf("after step %d: %v", n, err)
		}
		historytest.Same(t, onDisk(t, dir), want)
	}
	if steps < 20 {
		t.Errorf("only %d steps", steps)
	}
}

// onDisk returns all files of a folder.
func onDisk(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		out[filepath.ToSlash(rel)] = string(raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
