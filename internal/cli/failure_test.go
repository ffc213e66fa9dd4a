package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestFailureModes reads the recorded runs that were made to fail in some way,
// and those that were not, and wants each way to be found and no other.
func TestFailureModes(t *testing.T) {
	want := map[string][]string{
		"claude-2.1.329/api-fail":       {"failure/retry-storm"},
		"claude-2.1.329/killed":         {"failure/incomplete"},
		"claude-2.1.329/max-turns":      {"failure/unfinished-turns"},
		"claude-2.1.329/retry-loop":     {"failure/tool-errors", "failure/tool-loop"},
		"claude-2.1.329/review":         {"failure/tool-errors"}, // three of eight
		"codex-0.169.0/api-fail":        {"failure/retry-storm"},
		"codex-0.169.0/kill-in-tool":    {"failure/incomplete"},
		"codex-0.169.0/retry-loop":      {"failure/tool-errors", "failure/tool-loop"},
		"codex-0.169.0/review":          {"failure/tool-errors"},
		"codex-0.169.0/tool-errors":     {"failure/tool-errors"},
		"copilot-1.0.102/killed":        {"failure/incomplete"},
		"copilot-1.0.102/retry-loop":    {"failure/tool-errors", "failure/tool-loop"},
		"copilot-1.0.102/review":        {"failure/tool-errors"},
		"copilot-1.0.102/tool-errors":   {"failure/tool-errors"},
		"gemini-0.61.0/killed":          {"failure/incomplete"},
		"gemini-0.61.0/review":          {"failure/tool-errors"},
		"opencode-1.18.33/kill-in-tool": {"failure/incomplete"},
		"opencode-1.18.33/review":       {"failure/tool-errors"},
	}
	if _, err := os.Stat(transcripts); err != nil {
		t.Skipf("the recorded transcripts are not here: put them at %s to run this test", transcripts)
	}
	dirs, err := filepath.Glob(filepath.Join(transcripts, "*-*", "*", ""))
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, dir := range dirs {
		name := filepath.Base(filepath.Dir(dir)) + "/" + filepath.Base(dir)
		if strings.HasPrefix(name, "third-party/") {
			continue
		}
		var got []string
		for _, f := range allFindings(collected(t, dir)) {
			if strings.HasPrefix(f.Rule, "failure/") && !slices.Contains(got, f.Rule) {
				got = append(got, f.Rule)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want[name]) {
			t.Errorf("%s: found %v, want %v", name, got, want[name])
		}
	}
}
