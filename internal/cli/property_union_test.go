package cli

import (
	"bytes"
	"compress/gzip"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/session"
)

// scenarios returns the files of each recorded scenario.
func scenarios(t *testing.T) map[string][]part {
	t.Helper()
	out := map[string][]part{}
	for _, row := range truths(t) {
		out[row["transcript"]] = filesUnder(t, filepath.Join(transcripts, row["transcript"]))
	}
	return out
}

func shuffled[T any](in []T, seed uint64) []T {
	out := slices.Clone(in)
	rand.New(rand.NewPCG(seed, 0)).Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// TestOrderOfPaths gives the files of all fixtures in several orders: the output
// is the same to the byte.
func TestOrderOfPaths(t *testing.T) {
	var paths []string
	for _, p := range filesUnder(t, fixtures) {
		paths = append(paths, p.name)
	}
	for _, format := range []string{"json", "markdown", "text"} {
		collect := func(paths []string) string {
			out, stderr, code := runMain(t, nil, append([]string{"collect", "--quiet", "--format", format}, paths...)...)
			if code != 0 {
				t.Fatalf("exit %d: %s", code, stderr)
			}
			return out
		}
		want := collect(paths)
		for seed := range uint64(2) {
			if got := collect(shuffled(paths, seed)); got != want {
				t.Errorf("%s: the order of the paths shows: %s", format, firstDifference(want, got))
			}
		}
	}
}

// TestOrderOfReading reads the files of each scenario in several orders, which
// their names decide. No figure shows it.
func TestOrderOfReading(t *testing.T) {
	x := newReduction(t)
	for name, parts := range scenarios(t) {
		t.Run(name, func(t *testing.T) {
			want := figuresOf(t, x.runs(t, nil, parts...))
			for seed := range uint64(4) {
				if got := figuresOf(t, x.runs(t, nil, shuffled(parts, seed)...)); got != want {
					t.Fatalf("another order of reading: %s", firstDifference(want, got))
				}
			}
		})
	}
}

// witnesses returns the files of a scenario by what wrote them: the streams of
// all invocations, the session files, each signal of the telemetry.
func witnesses(scenario string, parts []part) map[string][]part {
	out := map[string][]part{}
	for _, p := range parts {
		name, _, _ := strings.Cut(strings.TrimPrefix(p.short(), scenario+"/"), "/")
		for _, prefix := range []string{"stdout", "export"} {
			if strings.HasPrefix(name, prefix) {
				name = prefix
			}
		}
		out[name] = append(out[name], p)
	}
	return out
}

// lostTogether are the figures of two witnesses that are less than what one of
// them says, and why.
func lostTogether(scenario, a, b string) (figures []string, reason string) {
	pair := a + "+" + b
	switch {
	case scenario == "claude-2.1.329/killed" && pair == "otlp-metrics.jsonl+stdout":
		return []string{"computed cost"}, "the output is in the one, how long the cache lives in the other, and the price needs both"
	case pair == "otlp-logs.jsonl+stdout" && (scenario == "codex-0.169.0/subagent" || scenario == "codex-0.169.0/tool-errors"):
		return []string{"tool calls", "tool errors"}, "the stream leaves out tool calls, and an agent's own files are believed before telemetry"
	}
	return nil, ""
}

// TestTogether adds the figures of one witness of a run to another's: together
// they say what the one says that knows more, and no more.
func TestTogether(t *testing.T) {
	x := newReduction(t)
	for name, parts := range scenarios(t) {
		t.Run(name, func(t *testing.T) {
			said := witnesses(name, parts)
			alone := map[string][]*session.Run{}
			for w, parts := range said {
				if runs := x.runs(t, nil, parts...); len(runs) > 0 {
					alone[w] = runs
				}
			}
			names := slices.Sorted(maps.Keys(alone))
			for i, a := range names {
				for _, b := range names[i+1:] {
					both := x.runs(t, nil, slices.Concat(said[a], said[b])...)
					except, _ := lostTogether(name, a, b)
					together(t, a, b, alone[a], alone[b], both, except)
				}
			}
		})
	}
}

func together(t *testing.T, a, b string, one, other, both []*session.Run, except []string) {
	t.Helper()
	most, got := amounts(one), amounts(both)
	for name, n := range amounts(other) {
		most[name] = max(most[name], n)
	}
	if most["cache write 1h"] > 0 { // who does not know it counts these with the others
		delete(most, "cache write 5m")
		delete(got, "cache write 5m")
	}
	for _, s := range more(got, most) {
		t.Errorf("%s and %s: together more than either: %s", a, b, s)
	}
	for _, s := range more(most, got) {
		if !slices.ContainsFunc(except, func(name string) bool { return strings.HasPrefix(s, name+" ") }) {
			t.Errorf("%s and %s: together less than one of them: %s", a, b, s)
		}
	}
	if len(both) == 1 && len(one) == 1 && len(other) == 1 {
		checkVerdict(t, a, b, one[0], other[0], both[0])
	}
}

// checkVerdict compares status and decision: known is what one of them knows.
func checkVerdict(t *testing.T, a, b string, one, other, both *session.Run) {
	t.Helper()
	if both.Status != one.Status && both.Status != other.Status || both.Status == "incomplete" && (one.Status != "incomplete" || other.Status != "incomplete") {
		t.Errorf("%s %s, %s %s, together %s", a, one.Status, b, other.Status, both.Status)
	}
	kind := func(r *session.Run) string {
		if r.Decision == nil {
			return ""
		}
		return string(r.Decision.Kind)
	}
	if k := kind(both); k != kind(one) && k != kind(other) || k == "" && kind(one)+kind(other) != "" {
		t.Errorf("%s decided %q, %s %q, together %q", a, kind(one), b, kind(other), k)
	}
}

// TestCutTogether reads the beginnings of all files of a scenario, as a runner
// that dies leaves them: no total may be more than the whole scenario's.
func TestCutTogether(t *testing.T) {
	x := newReduction(t)
	for name, parts := range scenarios(t) {
		t.Run(name, func(t *testing.T) {
			limit := amounts(x.runs(t, nil, parts...))
			limit["cache write 5m"] = limit["cache write"] // who does not know how long the cache lives counts it with these
			switch name {
			case "gemini-0.61.0/subagent": // whose chats do not say of whom they are, and the main one only once they have ended
				delete(limit, "runs")
			case "copilot-1.0.102/auth-fail": // whose stream says which run it is of in its last line, and made no tool call
				delete(limit, "runs")
			}
			for i := 1; i < 8; i++ {
				var begun []part
				for _, p := range parts {
					lines := bytes.SplitAfter(p.raw, []byte("\n"))
					begun = append(begun, part{p.name, bytes.Join(lines[:len(lines)*i/8], nil)})
				}
				got := amounts(x.runs(t, nil, begun...))
				if _, limited := limit["runs"]; !limited {
					delete(got, "runs")
				}
				for _, s := range more(got, limit) {
					t.Errorf("%d/8 of the lines: %s", i, s)
				}
			}
		})
	}
}

// notTwice are the files of which a copy, or a half, cannot be known as such.
func notTwice(p part) string {
	name := p.short()
	switch {
	case strings.HasSuffix(name, ".settings.json"):
		return "the run is named by the file's name alone"
	case strings.HasPrefix(name, "gemini-0.61.0/killed/session/"):
		return "a message is written before its tool calls, and again once they have ended"
	}
	return map[string]string{
		"chat/messages.jsonl":           "neither the run nor its steps have a name",
		"chat/responses.jsonl":          "the run has no name, and the ids of its steps are short",
		"chat/streamed.jsonl":           "the run has no name, and the ids of its steps are short",
		"copilot-cli/stream.jsonl":      "the run is named in the last line, and the ids of this one's steps are short",
		"cursor/transcript.jsonl":       "neither the run nor its steps have a name",
		"kimi-cli/context.jsonl":        "neither the run nor its steps have a name",
		"kimi-cli/stream.jsonl":         "neither the run nor its steps have a name",
		"windsurf/session.jsonl":        "neither the run nor its steps have a name",
		"copilot-vscode/chat-log.jsonl": "a tool has one name while it runs and another when it has run",
		"openhands/events-no-ids.jsonl": "without times, nobody knows which of two ends is the later",
		"pi/fork.jsonl":                 "two ends in one moment",
	}[name]
}

// TestTwice reads each file twice under two names, and with a half of itself:
// that changes no figure.
func TestTwice(t *testing.T) {
	x := newReduction(t)
	for _, p := range append(filesUnder(t, fixtures), recorded(t)...) {
		t.Run(p.short(), func(t *testing.T) {
			once := figuresOf(t, x.runs(t, nil, p))
			if once == "null" || notTwice(p) != "" {
				return
			}
			check := func(what string, parts ...part) {
				t.Helper()
				if got := figuresOf(t, x.runs(t, nil, parts...)); got != once {
					t.Errorf("%s: %s", what, firstDifference(once, got))
				}
			}
			check("twice", p, part{p.name + ".copy", p.raw})
			lines := bytes.SplitAfter(p.raw, []byte("\n"))
			for _, n := range []int{len(p.raw) / 2, len(bytes.Join(lines[:len(lines)/2], nil)), max(len(p.raw)-2, 0)} {
				half := part{p.name + ".half", p.raw[:n]}
				check("half before", half, p)
				check("half after", p, half)
			}
		})
	}
}

// TestCompressedBeside reads the fixtures with a compressed copy beside each.
func TestCompressedBeside(t *testing.T) {
	plain, both := t.TempDir(), t.TempDir()
	for i, p := range filesUnder(t, fixtures) {
		if notTwice(p) != "" || len(p.raw) == 0 {
			continue
		}
		name := strings.ReplaceAll(p.short(), "/", "-")
		write(t, plain, name, p.raw)
		write(t, both, name, p.raw)
		var z bytes.Buffer
		w := gzip.NewWriter(&z)
		if _, err := w.Write(p.raw); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		write(t, both, string(rune('a'+i%26))+name+".gz", z.Bytes()) // before and after
	}
	figures := func(dir string) string {
		var runs []*session.Run
		for _, s := range collected(t, dir).Sessions {
			runs = append(runs, s.Runs...)
		}
		return figuresOf(t, runs)
	}
	if want, got := figures(plain), figures(both); want != got {
		t.Errorf("a compressed copy shows: %s", firstDifference(want, got))
	}
}

// TestUnnamedHalf links what a killed Copilot CLI leaves: a stream that does not
// say which run it is of, and telemetry that does.
func TestUnnamedHalf(t *testing.T) {
	x := newReduction(t)
	for _, scenario := range []string{"killed", "approve", "tool-errors"} {
		dir := filepath.Join(transcripts, "copilot-1.0.102", scenario)
		var parts []part
		for _, name := range []string{"otel-file.jsonl", "stdout.jsonl"} {
			raw, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Skipf("the recorded transcripts are not here: put them at %s to run this test", transcripts)
			}
			if scenario != "killed" {
				raw = raw[:len(raw)/2]
			}
			parts = append(parts, part{name, raw})
		}
		if runs := x.runs(t, nil, parts...); len(runs) != 1 {
			t.Errorf("%s: %d runs, want 1", scenario, len(runs))
		}
	}
}

// TestKilledInTool reads what Gemini CLI leaves when it is killed in its first
// tool call: a chat that ends with words, and a stream that shows the call.
func TestKilledInTool(t *testing.T) {
	truths(t) // skips where there are none
	var parts []part
	for _, p := range filesUnder(t, filepath.Join(transcripts, "gemini-0.61.0", "approve")) {
		mark := map[bool]string{true: `"content":"Checking."`, false: `"type":"tool_use"`}[strings.Contains(p.name, "/chats/")]
		if at := bytes.Index(p.raw, []byte(mark)); at > 0 && !strings.HasSuffix(p.name, ".log") {
			parts = append(parts, part{p.name, p.raw[:at+bytes.IndexByte(p.raw[at:], '\n')+1]})
		}
	}
	if len(parts) != 2 {
		t.Fatalf("%d files, want the chat and the stream", len(parts))
	}
	x := newReduction(t)
	for _, order := range [][]part{parts, {parts[1], parts[0]}} {
		if got := outcomes(x.runs(t, nil, order...)); got != "incomplete" {
			t.Errorf("got %s, want incomplete", got)
		}
	}
}
