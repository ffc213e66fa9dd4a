package cli

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

// unended are the formats that do not say that a run has ended: its last message
// tells that.
func unended() []string {
	return []string{
		"chat", "claude-code/session", "copilot-vscode/chat", "copilot-vscode/events", "cursor/transcript", "droid/session", "gemini-cli/chat",
		"iflow-cli/session", "kimi-cli/context", "kimi-cli/stream-json", "kimi-cli/wire", "kimi-code/wire", "openhands/events",
		"openhands/sdk-events", "pi/session", "pi/stream", "qwen-code/session", "windsurf/transcript",
	}
}

// endsBefore are the files that look ended before they are, and why that cannot
// be told.
func endsBefore(name string) string {
	switch {
	case strings.HasPrefix(name, "gemini-") && (strings.Contains(name, "/chats/") || strings.HasSuffix(name, "chat.jsonl")):
		return "a message is written before its tool calls, and again once they have ended"
	case strings.HasPrefix(name, "claude-2.1.329/subagent/session/"):
		return "what sub-agents in the background answered reopened the turn"
	case strings.HasPrefix(name, "claude-2.1.329/resume/session/"):
		return "two invocations, each with its own end"
	}
	return map[string]string{
		"chat/examples.jsonl":             "several chats, each with its own end",
		"copilot-vscode/chat-log.jsonl":   "the result of a request stands before its state",
		"copilot-vscode/failed-log.jsonl": "the result of a request stands before its state",
		"claude-session/advisor.jsonl":    "two turns",
		"cursor/transcript.jsonl":         "two turns; and older versions write no end of a turn",
		"kimi-cli/wire.jsonl":             "the last words come before what they cost; older versions write no end of a turn",
		"pi/fork.jsonl":                   "a session that goes on after it was resumed",
		"pi/session.jsonl":                "a turn that was cut short and begun again",
		"pi/stream.jsonl":                 "a request that failed and is made again",
		"windsurf/session.jsonl":          "a step's words are written before its tools run, and nothing at the end",
	}[name]
}

// lessLater are amounts that a later part of a file corrects downward.
func lessLater(name string) (amounts []string, reason string) {
	switch name {
	case "copilot-vscode/chat-log.jsonl":
		return []string{"input", "computed cost"}, "what of the prompt was cached is said last"
	case "pi/session.jsonl":
		return []string{"computed cost"}, "a summary without a model has a price while there is only one model"
	}
	return nil, ""
}

// TestCut reads the beginnings of each file, cut at every byte of the small ones:
// no total may be more than the whole file's, half a line may not count, and a
// run has not ended before its end was read.
func TestCut(t *testing.T) {
	x := newReduction(t)
	for _, p := range filesUnder(t, fixtures) {
		t.Run(p.short(), func(t *testing.T) {
			x.cut(t, p, cuts(p.raw, 1200, 60))
		})
	}
}

func TestCutRecorded(t *testing.T) {
	x := newReduction(t)
	for _, p := range recorded(t) {
		t.Run(p.short(), func(t *testing.T) {
			x.cut(t, p, cuts(p.raw, 0, min(40, 1+1_500_000/(1+len(p.raw)))))
		})
	}
}

// cuts returns where to cut a file: everywhere if it is small, else at a sample
// of places and round line ends.
func cuts(raw []byte, small, sample int) []int {
	at := map[int]bool{}
	for i := range min(sample, len(raw)) {
		at[i*len(raw)/sample] = true
	}
	every := max(1, 3*bytes.Count(raw, []byte("\n"))/sample)
	n := 0
	for i, b := range raw {
		switch {
		case len(raw) <= small:
			at[i] = true
		case b == '\n':
			if n++; n%every == 0 {
				at[max(i-1, 0)], at[i], at[min(i+1, len(raw)-1)] = true, true, true
			}
		}
	}
	return slices.Sorted(maps.Keys(at))
}

// beginning is what the first bytes of a file come to.
type beginning struct {
	runs    []*session.Run
	amounts map[string]float64
	ended   int // the first line that says how the run ended; 0 for none
	called  int // the first line of the last model call of the main agent
}

func (x *reduction) beginning(t *testing.T, p part, n int) beginning {
	t.Helper()
	b := beginning{}
	seen := map[string]bool{}
	b.runs = x.runs(t, func(r trace.Record) {
		switch f := r.Fact.(type) {
		case *trace.End:
			if r.Subagent == "" && b.ended == 0 {
				b.ended = r.Pos.Line
			}
		case *trace.Call:
			if r.Subagent == "" && !seen[f.ID] {
				b.called = r.Pos.Line
			}
			seen[f.ID] = true
		}
	}, part{p.name, p.raw[:n]})
	b.amounts = amounts(b.runs)
	return b
}

// cut compares the beginnings of a file with the whole of it.
func (x *reduction) cut(t *testing.T, p part, at []int) {
	t.Helper()
	whole := x.beginning(t, p, len(p.raw))
	if whole.runs == nil {
		return // no transcript
	}
	var lines beginning // that are whole before the cut
	start := -1
	for _, n := range at {
		from := bytes.LastIndexByte(p.raw[:n], '\n') + 1
		if from != start {
			start, lines = from, x.beginning(t, p, from)
			lines.check(t, p, whole, from)
		}
		if n > from {
			b := x.beginning(t, p, n)
			b.check(t, p, whole, n)
			if line, _, _ := bytes.Cut(p.raw[from:], []byte("\n")); p.raw[0] == '{' && json.Valid(line) && !json.Valid(line[:n-from]) {
				b.same(t, lines, n)
			}
		}
		if t.Failed() {
			return
		}
	}
}

// same checks that half a line says nothing.
func (b beginning) same(t *testing.T, lines beginning, n int) {
	t.Helper()
	if got, want := outcomes(b.runs), outcomes(lines.runs); got != want {
		t.Errorf("cut at %d: %s, and %s without the line that is cut", n, got, want)
	}
	if diff := append(more(b.amounts, lines.amounts), more(lines.amounts, b.amounts)...); len(diff) > 0 {
		t.Errorf("cut at %d: half a line counts: %s", n, diff)
	}
}

func (b beginning) check(t *testing.T, p part, whole beginning, n int) {
	t.Helper()
	except, _ := lessLater(p.short())
	for _, s := range more(b.amounts, whole.amounts) {
		if !slices.ContainsFunc(except, func(name string) bool { return strings.HasPrefix(s, name+" ") }) {
			t.Errorf("cut at %d: more than in the whole file: %s", n, s)
		}
	}
	last := bytes.Count(p.raw[:n], []byte("\n")) // the last line of which something was read
	if n > 0 && p.raw[n-1] != '\n' {
		last++
	}
	if endsBefore(p.short()) != "" || last >= whole.end() {
		return
	}
	for _, r := range b.runs {
		if r.Status != trace.Incomplete {
			t.Errorf("cut at %d, in line %d: %s, though the end is in line %d (where that cannot be told, endsBefore names the file and the reason)", n, last, r.Status, whole.end())
		}
	}
}

// end returns the first line that says how the run ended, or in formats without
// one the earliest that can have: that of the last model call.
func (b beginning) end() int {
	if slices.Contains(unended(), b.runs[0].Format) {
		return b.called
	}
	return b.ended
}
