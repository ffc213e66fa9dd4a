package history_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/history"
	"github.com/andon-ci/andon/internal/trend"
)

// busy is how many runs a busy day has.
const busy = 1000

// rollup returns a line as long as a bundle's are.
func rollup(day time.Time, n int) string {
	start := day.Add(time.Duration(n) * time.Minute)
	return fmt.Sprintf(`{"run_id":"5b0d6c1e-7a42-4f0e-9c53-%012d","format":"claude-code/stream-json","files":["traces/review.jsonl"],`+
		`"agent":{"name":"review-%d","instructions":{"path":".github/agents/review.md","sha256":"%064x"}},"runtime":{"name":"claude-code","version":"2.1.204"},`+
		`"models":["claude-sonnet-4-5"],"start":%q,"end":%q,"duration_ms":%d,"status":"success",`+
		`"usage":{"input_tokens":%d,"cache_read_tokens":20830,"output_tokens":693},"cost":{"usd":0.0%d,"source":"reported"},"turns":4,"llm_calls":6,"llm_errors":0,"tool_calls":5,"tool_errors":1,`+
		`"decision":{"kind":"approve","source":"record","findings":0},"findings":[],"repository":"octo-org/r%d","subject":{"kind":"pull_request","number":%d},"head_sha":"%040x","session_id":"s","workflow_run":{"id":"%d","attempt":"1","job":"review"}}`,
		n, n%8, n%3, start.Format(time.RFC3339), start.Add(time.Minute).Format(time.RFC3339), 60_000+n, 1000+n, 1000+n, n%40, n, n, 1_000_000+n)
}

func busyDay(b testing.TB, day time.Time) []history.Line {
	b.Helper()
	var out []history.Line
	for n := range busy {
		l, err := history.NewLine(history.Runs, []byte(rollup(day, n)), time.Time{})
		if err != nil {
			b.Fatal(err)
		}
		out = append(out, l)
	}
	return out
}

// days sums up as a report does.
type days struct{}

func (days) Version() string                  { return trend.Version }
func (days) Day(d history.Day) history.Digest { return trend.NewDay(string(d)) }
func (days) Read(_ history.Day, raw []byte) (history.Digest, error) {
	return trend.ReadDay(raw)
}

// year fills a folder with 365 busy days.
func year(b *testing.B) string {
	b.Helper()
	dir := b.TempDir()
	for d := range 365 {
		day := time.Date(2025, 11, 20, 0, 0, 0, 0, time.UTC).AddDate(0, 0, d)
		var text strings.Builder
		for n := range busy {
			text.WriteString(rollup(day, n) + "\n")
		}
		name := filepath.Join(dir, filepath.FromSlash(history.DayOf(day).File(history.Runs)))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text.String()), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	return dir
}

// BenchmarkDay compares adding a busy day to a year with reading that day.
func BenchmarkDay(b *testing.B) {
	s := &history.Dir{Path: year(b)}
	day := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	lines := busyDay(b, day)
	b.Run("append", func(b *testing.B) {
		for b.Loop() {
			os.Remove(filepath.Join(s.Path, filepath.FromSlash(history.DayOf(day).File(history.Runs))))
			if _, err := history.Write(b.Context(), s, &history.Batch{Lines: lines}, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("append and sum up", func(b *testing.B) {
		for b.Loop() {
			os.Remove(filepath.Join(s.Path, filepath.FromSlash(history.DayOf(day).File(history.Runs))))
			if _, err := history.Write(b.Context(), s, &history.Batch{Lines: lines}, days{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	read := func(b *testing.B, d history.Day, fresh bool) {
		for b.Loop() {
			v, err := s.View(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			if _, _, kept, err := history.Summarise(b.Context(), v, d, days{}); err != nil || kept != fresh {
				b.Fatal(kept, err)
			}
		}
	}
	b.Run("read", func(b *testing.B) { read(b, "2026-11-01", false) })
	b.Run("read the summary", func(b *testing.B) { read(b, history.DayOf(day), true) })
}
