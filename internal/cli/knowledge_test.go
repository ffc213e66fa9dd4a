package cli

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

// knowledge is what is known of runs of one format alone, over all fixtures.
type knowledge struct {
	tokens, reported, computed, calls, tools, errors, agents, times, outcome bool
}

func (k *knowledge) see(r *session.Run) {
	k.tokens = k.tokens || r.Usage.Input.Known() && r.Usage.Output.Known()
	k.reported = k.reported || r.Cost.ReportedUSD != nil
	k.computed = k.computed || r.Cost.ComputedUSD != nil
	k.calls = k.calls || r.LLMCalls.Known()
	k.tools = k.tools || r.ToolCalls.Known()
	k.errors = k.errors || r.ToolErrors.N() > 0
	k.agents = k.agents || r.Subagents.N() > 0
	k.times = k.times || r.DurationMS.Known()
	k.outcome = k.outcome || r.Status != trace.Incomplete
}

// fromWords names the formats of which a figure is read from what a tool or the
// agent has said last, as docs/formats.md tells of each.
func fromWords(figure, format string) bool {
	of := map[string][]string{
		"errors": {"chat", "codex/rollout", "copilot-cli/events", "copilot-cli/stream", "copilot-vscode/events", "droid/session", "droid/stream-json", "gemini-cli/chat",
			"gemini-cli/stream-json", "iflow-cli/session", "kimi-cli/context", "kimi-cli/stream-json", "kimi-cli/wire", "kimi-code/wire", "mini-swe-agent/traj", "swe-agent/traj", "windsurf/transcript"},
		"outcome": {"amp/thread", "chat", "claude-code/session", "cursor/transcript", "droid/session", "gemini-cli/chat", "iflow-cli/session", "kimi-cli/context",
			"kimi-cli/stream-json", "opencode/export", "opencode/stream", "pi/session", "qwen-code/session", "windsurf/transcript"},
	}
	return slices.Contains(of[figure], format)
}

func (k *knowledge) row(format string) string {
	cell := func(known bool, figure string) string {
		switch {
		case !known:
			return "unknown"
		case fromWords(figure, format):
			return "derived"
		}
		return "exact"
	}
	cost := "unknown"
	switch {
	case k.reported:
		cost = "exact"
	case k.computed || k.tokens:
		cost = "derived"
	}
	return fmt.Sprintf("| `%s` | %s | %s | %s | %s | %s | %s | %s | %s |\n", format, cell(k.tokens, ""), cost, cell(k.calls, ""),
		cell(k.tools, ""), cell(k.errors, "errors"), cell(k.agents, ""), cell(k.times, ""), cell(k.outcome, "outcome"))
}

// TestKnowledge holds the table of the README to what the fixtures show of each
// format when nothing else is collected beside it.
func TestKnowledge(t *testing.T) {
	files, err := filepath.Glob("../../testdata/transcripts/*/*")
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	formats := map[string]*knowledge{}
	for _, file := range files {
		if info, err := os.Stat(file); err != nil || info.IsDir() || strings.HasSuffix(file, ".golden") {
			continue
		}
		for _, s := range collected(t, file).Sessions {
			for _, r := range s.Runs {
				if len(r.Formats) > 0 {
					continue
				}
				if formats[r.Format] == nil {
					formats[r.Format] = &knowledge{}
				}
				formats[r.Format].see(r)
			}
		}
	}
	var table strings.Builder
	table.WriteString("| format | tokens | cost | model calls | tool calls | tool errors | sub-agents | time | outcome |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(formats)) {
		table.WriteString(formats[name].row(name))
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	from := bytes.Index(readme, []byte("| format | tokens |"))
	to := from + bytes.Index(readme[max(from, 0):], []byte("|\n\n")) + 2
	if from < 0 || to <= from {
		t.Fatal("README.md has no table of formats")
	}
	if string(readme[from:to]) == table.String() {
		return
	}
	if !*update {
		t.Fatal("the table of formats in README.md is not what the fixtures show; run with -update and look at the difference")
	}
	out := slices.Concat(readme[:from], []byte(table.String()), readme[to:])
	if err := os.WriteFile("../../README.md", out, 0o644); err != nil {
		t.Fatal(err)
	}
}
