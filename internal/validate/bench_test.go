package validate

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// BenchmarkLine measures parsing and checking together, as they are used: with
// long tool results, and with the shortest lines that there are.
func BenchmarkLine(b *testing.B) {
	var tools, calls bytes.Buffer
	for i := range 20 {
		fmt.Fprintf(&tools, `{"type":"tool.call","run_id":"3f1c9a52","trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"00f067aa0ba9%04x","start":"2026-11-20T10:00:00.125Z","end":"2026-11-20T10:00:02.5Z","tool":"bash","exit_code":0,"args_bytes":120,"result_bytes":9310,"result":%q}`+"\n", i, strings.Repeat("output of the tool\n", 60))
		fmt.Fprintf(&calls, `{"type":"llm.call","run_id":"3f1c9a52","span_id":"00f067aa0ba9%04x","start":"2026-11-20T10:00:00.125Z","end":"2026-11-20T10:00:02.5Z","provider":"openai","model":"gpt-5.2-codex","usage":{"input_tokens":812,"cache_read_tokens":20480,"output_tokens":317},"cost_usd":0.0123,"finish_reason":"stop"}`+"\n", i)
	}
	plan := func(v *Validator, val jsonl.Value) int { return len(v.Line(val, trace.Pos{})) }
	library := func(v *Validator, val jsonl.Value) int {
		name := val.Get("type").String()
		return len(v.ask("trace", "#/$defs/"+name, val.Raw(), name, trace.Pos{}))
	}
	nothing := func(*Validator, jsonl.Value) int { return 0 }
	b.Run("tools/plan", func(b *testing.B) { benchmarkLines(b, tools.Bytes(), plan) })
	b.Run("tools/library", func(b *testing.B) { benchmarkLines(b, tools.Bytes(), library) })
	b.Run("tools/parse", func(b *testing.B) { benchmarkLines(b, tools.Bytes(), nothing) })
	b.Run("calls/plan", func(b *testing.B) { benchmarkLines(b, calls.Bytes(), plan) })
	b.Run("calls/library", func(b *testing.B) { benchmarkLines(b, calls.Bytes(), library) })
	b.Run("calls/parse", func(b *testing.B) { benchmarkLines(b, calls.Bytes(), nothing) })
}

func benchmarkLines(b *testing.B, text []byte, check func(*Validator, jsonl.Value) int) {
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	v := validator(b)
	var d jsonl.Doc
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		for _, line := range lines {
			val, _, err := d.Parse(line)
			if err != nil || check(v, val) > 0 {
				b.Fatal("a valid line is rejected")
			}
		}
	}
}

// BenchmarkNew measures what every start of the program pays.
func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		validator(b)
	}
}
