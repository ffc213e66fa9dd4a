package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// transcript writes a Claude Code stream of about so many bytes, with outputs of
// tools as they are: source, listings, escapes in every line.
func transcript(tb testing.TB, size int) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "stream.jsonl")
	f, err := os.Create(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	source, err := os.ReadFile("gather.go")
	if err != nil {
		tb.Fatal(err)
	}
	output, err := json.Marshal(strings.Repeat(string(source), 2))
	if err != nil {
		tb.Fatal(err)
	}
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, `{"type":"system","subtype":"init","session_id":"s","model":"claude-sonnet-4-5","claude_code_version":"2.1.0"}`)
	for written, n := 0, 0; written < size; n++ {
		a, _ := fmt.Fprintf(w, `{"type":"assistant","message":{"id":"msg_%d","role":"assistant","model":"claude-sonnet-4-5","content":[{"type":"tool_use","id":"toolu_%d","name":"Bash","input":{"command":"go test ./..."}}],"usage":{"input_tokens":10,"cache_read_input_tokens":9000,"output_tokens":40}},"session_id":"s"}`+"\n", n, n)
		b, _ := fmt.Fprintf(w, `{"type":"user","message":{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_%d","content":%s}]},"session_id":"s"}`+"\n", n, output)
		written += a + b
	}
	if err := w.Flush(); err != nil {
		tb.Fatal(err)
	}
	return path
}

// BenchmarkCollect measures the whole command. scripts/bench.sh compares it with
// other programs, as processes.
func BenchmarkCollect(b *testing.B) {
	for _, size := range []int{1 << 20, 32 << 20} {
		b.Run(fmt.Sprintf("%dMB", size>>20), func(b *testing.B) {
			path := transcript(b, size)
			info, err := os.Stat(path)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(info.Size())
			b.ReportAllocs()
			for b.Loop() {
				env := Env{Stdout: io.Discard, Stderr: os.Stderr, Getenv: func(string) string { return "" }}
				if code := Main(b.Context(), env, []string{"collect", "--format", "json", path}); code != 0 {
					b.Fatalf("exit %d", code)
				}
			}
		})
	}
}
