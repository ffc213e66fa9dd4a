package emit_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/andon-ci/andon/emit"
)

// An agent tells of its run as it goes: who it is, a model call, a tool call,
// what it decided, and how it ended.
func Example() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "trace.andon.jsonl")
	w, err := emit.New(path, emit.Options{})
	if err != nil {
		panic(err)
	}
	began := time.Now()
	if _, err := w.Start(emit.Run{Agent: "review-security", Model: "gpt-5-mini"}); err != nil {
		panic(err)
	}
	fmt.Println(w.Call(emit.Call{Model: "gpt-5-mini", Start: began, InputTokens: new(int64(812)), OutputTokens: new(int64(96))}))
	fmt.Println(w.Tool(emit.Tool{Name: "semgrep", Start: began, ExitCode: new(1)}))
	fmt.Println(w.Decision(emit.Decision{Kind: "aprove"}))
	fmt.Println(w.Decision(emit.Decision{Kind: "approve", Summary: "nothing found"}))
	fmt.Println(w.End(emit.End{Status: "success"}))

	trace, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	for line := range strings.Lines(string(trace)) {
		typ, _, _ := strings.Cut(line, ",")
		fmt.Println(typ)
	}
	// Output:
	// <nil>
	// <nil>
	// "decision.kind" of decision is "aprove", which is none of the words that it may be
	// <nil>
	// <nil>
	// {"type":"run.start"
	// {"type":"llm.call"
	// {"type":"tool.call"
	// {"type":"decision"
	// {"type":"run.end"
}

// A record without a method of its own is an object of the schema.
func ExampleWriter_Append() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	w, err := emit.New(filepath.Join(dir, "trace.andon.jsonl"), emit.Options{RunID: "r1"})
	if err != nil {
		panic(err)
	}
	fmt.Println(w.Append(map[string]any{"type": "score", "name": "self-check", "value": 0.9}))
	// Output: r1 <nil>
}
