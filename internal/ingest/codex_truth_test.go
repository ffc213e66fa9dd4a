package ingest_test

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/trace"
)

// TestCodexTruth compares what Codex' rollouts say, all threads of a run
// together and nothing else, with what the model server counted; and holds the
// stream, which sees less, to what there was at most.
func TestCodexTruth(t *testing.T) {
	for folder, want := range truths(t) {
		if !strings.HasPrefix(folder, "codex") {
			continue
		}
		t.Run(folder, func(t *testing.T) {
			dir := filepath.Join(recordings, folder)
			f := newFigures()
			err := filepath.WalkDir(filepath.Join(dir, "session"), func(path string, d fs.DirEntry, err error) error {
				if err == nil && !d.IsDir() {
					f.read(t, path)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			compare(t, f, want)
			for name, got := range map[string]int{"tool_calls": len(f.tools), "tool_calls_meant_to_fail": len(f.failed), "subagents": len(f.subagents)} {
				if int64(got) != want[name] {
					t.Errorf("%s: got %d, the server counted %d", name, got, want[name])
				}
			}
			streams, _ := filepath.Glob(filepath.Join(dir, "stdout*.jsonl"))
			s := newFigures()
			for _, file := range streams {
				s.read(t, file)
			}
			compare(t, s, want)
			main := s.total.Input.Add(s.total.CacheRead).N()
			if main > want["input_tokens"]+want["cache_read_tokens"] || main == 0 && len(s.ends) > 0 && s.ends[len(s.ends)-1] == trace.Success {
				t.Errorf("the stream's total is %d input tokens", main)
			}
		})
	}
}
