package price

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/andon-ci/andon/internal/trace"
)

// reported is a cost that an agent stated next to the tokens that it is for.
type reported struct {
	model string
	usage trace.Usage
	usd   float64
}

// TestReported holds the table to what agents reported of their own runs.
func TestReported(t *testing.T) {
	const root = "../../../shared/transcripts"
	if _, err := os.Stat(root); errors.Is(err, fs.ErrNotExist) {
		t.Skip("no transcripts next to the repository")
	}
	tab := table(t)
	checked := map[string]int{}
	for _, file := range transcripts(t, root) {
		for _, r := range readReported(t, file) {
			got, ok := tab.Cost(r.model, r.usage, 1)
			if !ok {
				continue
			}
			checked[r.model]++
			if math.Abs(got-r.usd) > 0.05*r.usd {
				t.Errorf("%s: %s cost %v by the table, %v as reported", file, r.model, got, r.usd)
			}
		}
	}
	if checked["claude-sonnet-5-5"] < 10 || checked["claude-sonnet-4-5"] < 100 {
		t.Errorf("checked only %v", checked)
	}
}

func transcripts(t *testing.T, root string) (files []string) {
	for _, pattern := range []string{"claude-*/*/stdout*.json*", "third-party/pi-session/*.jsonl"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	return files
}

// readReported reads the totals that Claude Code ends with, and the messages
// of pi.
func readReported(t *testing.T, file string) (rs []reported) {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	type line struct {
		ModelUsage map[string]struct {
			InputTokens, OutputTokens, CacheReadInputTokens                          int64
			CacheCreationEphemeral5mInputTokens, CacheCreationEphemeral1hInputTokens int64
			CostUSD                                                                  float64
		}
		Message struct {
			Model string
			Usage struct {
				Input, Output, CacheRead, CacheWrite int64
				Cost                                 struct{ Total float64 }
			}
		}
	}
	for r := bufio.NewReader(f); ; {
		raw, err := r.ReadBytes('\n')
		var l line
		if json.Unmarshal(raw, &l) == nil {
			for model, u := range l.ModelUsage {
				rs = append(rs, reported{model, tokens(u.InputTokens, u.CacheReadInputTokens, u.CacheCreationEphemeral5mInputTokens,
					u.CacheCreationEphemeral1hInputTokens, u.OutputTokens), u.CostUSD})
			}
			if u := l.Message.Usage; u.Cost.Total > 0 {
				rs = append(rs, reported{l.Message.Model, tokens(u.Input, u.CacheRead, u.CacheWrite, 0, u.Output), u.Cost.Total})
			}
		}
		if err != nil {
			return rs
		}
	}
}
