package jsonl

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"testing"
)

// benchmark returns lines of a transcript: those of the file that
// ANDON_BENCH_FILE names, or made-up ones of the shapes that transcripts have.
func benchmark(b *testing.B) []byte {
	if name := os.Getenv("ANDON_BENCH_FILE"); name != "" {
		data, err := os.ReadFile(name)
		if err != nil {
			b.Fatal(err)
		}
		return data
	}
	return synthetic(16 << 20)
}

func synthetic(size int) []byte {
	var buf bytes.Buffer
	code := bytes.Repeat([]byte(`\tif err != nil {\n\t\treturn fmt.Errorf(\"reading %s: %w\", name, err)\n\t}\n`), 20)
	for i := 0; buf.Len() < size; i++ {
		fmt.Fprintf(&buf, `{"type":"assistant","uuid":"%032x","sessionId":"%016x","timestamp":"2026-11-20T10:%02d:%02d.123Z",`, i, i/100, i/60%60, i%60)
		fmt.Fprintf(&buf, `"message":{"id":"msg_%d","role":"assistant","model":"m-1","content":[{"type":"tool_use","id":"toolu_%d","name":"Bash",`, i, i)
		fmt.Fprintf(&buf, `"input":{"command":"go test ./...","timeout":%d}}],"usage":{"input_tokens":%d,"output_tokens":12,"cache_read_input_tokens":40211}}}`+"\n", i, i)
		fmt.Fprintf(&buf, `{"type":"user","message":{"role":"user","content":[{"tool_use_id":"toolu_%d","type":"tool_result","is_error":false,"content":"%s"}]}}`+"\n", i, code)
	}
	return buf.Bytes()
}

func BenchmarkParse(b *testing.B) {
	data := benchmark(b)
	b.SetBytes(int64(len(data)))
	var doc Doc
	for b.Loop() {
		for rest := data; len(rest) > 0; {
			line, after, _ := bytes.Cut(rest, []byte("\n"))
			if _, _, err := doc.Parse(line); err != nil {
				b.Fatal(err)
			}
			rest = after
		}
	}
}

func BenchmarkReader(b *testing.B) {
	data := benchmark(b)
	array := append([]byte("["), bytes.ReplaceAll(bytes.TrimSpace(data), []byte("\n"), []byte(","))...)
	for _, bb := range []struct {
		name string
		data []byte
	}{{"lines", data}, {"array", append(array, ']')}} {
		b.Run(bb.name, func(b *testing.B) {
			b.SetBytes(int64(len(bb.data)))
			for b.Loop() {
				r := NewReader(bytes.NewReader(bb.data), 0)
				for {
					if _, err := r.Next(); err == io.EOF {
						break
					} else if err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
