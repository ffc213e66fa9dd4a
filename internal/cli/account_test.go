package cli

import (
	"fmt"
	"testing"
)

// TestAdvisor checks that what a model that was asked for advice used counts
// once, beside totals by model that have it too.
func TestAdvisor(t *testing.T) {
	for _, tt := range []struct{ file, want string }{
		{"claude-session/advisor.jsonl", "calls 6, input 8351, read 5800, write 650, output 2167, models [claude-opus-4-6 claude-sonnet-4-5-20250929]"},
		{"claude-stream-json/advisor.jsonl", "calls 2, input 1233, read 5100, write 650, output 1754, models [claude-opus-4-6 claude-sonnet-4-5-20250929]"},
	} {
		r := collected(t, "../../testdata/transcripts/"+tt.file).Sessions[0].Runs[0]
		got := fmt.Sprintf("calls %v, input %v, read %v, write %v, output %v, models %v",
			r.LLMCalls, r.Usage.Input, r.Usage.CacheRead, r.Usage.CacheWrite5m, r.Usage.Output, r.Models)
		if got != tt.want {
			t.Errorf("%s:\ngot  %s\nwant %s", tt.file, got, tt.want)
		}
	}
}
