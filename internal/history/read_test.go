package history_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/history"
	"github.com/andon-ci/andon/internal/history/historytest"
	"github.com/andon-ci/andon/internal/zstd"
)

// TestUnusable sums up the rest where a file is no file, or damaged, and writes
// nothing over it.
func TestUnusable(t *testing.T) {
	packed, err := zstd.Pack(bytes.Repeat([]byte(historytest.Run(1)+"\n"), 1000))
	if err != nil {
		t.Fatal(err)
	}
	for name, make := range map[string]func(at string) error{
		"cut off":    func(at string) error { return os.WriteFile(at+".zst", packed[:len(packed)/2], 0o644) },
		"not packed": func(at string) error { return os.WriteFile(at+".zst", []byte(historytest.Run(1)), 0o644) },
		"a link":     func(at string) error { return os.Symlink("/etc/passwd", at) },
		"a folder":   func(at string) error { return os.Mkdir(at, 0o755) },
	} {
		t.Run(name, func(t *testing.T) {
			s := &history.Dir{Path: t.TempDir()}
			if _, err := history.Write(t.Context(), s, &history.Batch{Lines: historytest.Lines(t, history.Overrides, historytest.Override(1, ""))}, nil); err != nil {
				t.Fatal(err)
			}
			at := filepath.Join(s.Path, "runs/2026/11/01.jsonl")
			if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := make(at); err != nil {
				t.Skip(err)
			}
			v, err := s.View(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			sum, _, err := history.Summarise(t.Context(), v, "2026-11-01", historytest.Tally())
			if err != nil || !strings.Contains(string(sum.Summary), `"overrides":1,"bad":1`) {
				t.Errorf("%v, %+v", err, sum)
			}
			_, err = history.Write(t.Context(), s, &history.Batch{Lines: historytest.Lines(t, history.Runs, historytest.Run(2))}, nil)
			if !errors.Is(err, history.ErrDamaged) && !errors.Is(err, history.ErrRefused) {
				t.Errorf("written over it: %v", err)
			}
		})
	}
}
