package session

import (
	"fmt"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/trace"
)

// tools returns the records of a run's tool calls.
func tools(run, space string, unnamed bool, ids ...string) []trace.Record {
	var out []trace.Record
	for i, id := range ids {
		out = append(out, trace.Record{
			Pos: trace.Pos{File: run, Line: i + 1}, Source: space, Space: space, RunID: run, Unnamed: unnamed,
			Fact: &trace.Tool{ID: id, Name: "bash", Done: true},
		})
	}
	return out
}

func TestJoinUnnamed(t *testing.T) {
	const x, y, z = "call_s06x00k0UwLibCuIKuKp", "toolu_01A09q90qw90lq917835lq9", "9f1c7a52-0b61-4c1d-8a57-1f2e3d4c5b6a"
	tests := []struct {
		name    string
		records [][]trace.Record
		want    string // tool calls by run
	}{
		{"one space", [][]trace.Record{tools("a", "cli", false, x, y), tools("u", "cli", true, y, z)}, "a=3"},
		{"another space", [][]trace.Record{tools("a", "otlp", false, x, y), tools("u", "cli", true, x, y, z)}, "a=3"},
		{"ids that many runs have", [][]trace.Record{tools("a", "otlp", false, "call_1", "call_2"), tools("u", "cli", true, "call_1", "call_2")}, "a=2 u=2"},
		{"ids that many runs have, in one space", [][]trace.Record{tools("a", "cli", true, "step 1"), tools("u", "cli", true, "step 1", "step 2")}, "a=1 u=2"},
		{"steps of two runs", [][]trace.Record{tools("a", "otlp", false, x), tools("b", "otlp", false, y), tools("u", "cli", true, x, y)}, "a=1 b=1 u=2"},
		{"a copied history", [][]trace.Record{tools("a", "otlp", false, x), tools("b", "otlp", false, x, y), tools("u", "cli", true, x, y)}, "a=1 b=2"},
		{"two without a name", [][]trace.Record{tools("u", "cli", true, x), tools("v", "log", true, x, y)}, "v=2"},
		{"names stay apart", [][]trace.Record{tools("a", "cli", false, x), tools("b", "log", false, x)}, "a=1 b=1"},
		{"nothing in common", [][]trace.Record{tools("a", "otlp", false, x), tools("u", "cli", true, z)}, "a=1 u=1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := NewCollector(nil)
			for _, records := range tt.records {
				for _, r := range records {
					c.Add(r)
				}
			}
			var got []string
			for _, r := range c.Runs() {
				got = append(got, fmt.Sprintf("%s=%v", r.Run.ID, r.Run.ToolCalls))
			}
			if s := strings.Join(got, " "); s != tt.want {
				t.Errorf("got %s, want %s", s, tt.want)
			}
		})
	}
}

// TestTakeOver keeps what a file without a name says beside its steps, but not
// its end: it shows none.
func TestTakeOver(t *testing.T) {
	const id = "call_s06x00k0UwLibCuIKuKp"
	c := NewCollector(nil)
	add := func(run, space string, unnamed bool, f trace.Fact) {
		c.Add(trace.Record{Pos: trace.Pos{File: run, Line: 1}, Source: space, Space: space, RunID: run, Unnamed: unnamed, Fact: f})
	}
	add("a", "otlp", false, &trace.Tool{ID: id})
	add("u", "cli", true, &trace.Tool{ID: id, Name: "task", Failed: true, Done: true})
	add("u", "cli", true, &trace.Subagent{ID: "s1"})
	add("u", "cli", true, &trace.Decision{Kind: trace.Approve, Source: trace.FromToolCall})
	add("u", "cli", true, &trace.End{Status: trace.Success})
	runs := c.Runs()
	if len(runs) != 1 {
		t.Fatalf("%d runs, want 1", len(runs))
	}
	r := runs[0].Run
	if r.ToolErrors.N() != 1 || r.Subagents.N() != 1 || r.Decision == nil || r.Decision.Kind != trace.Approve || r.Status != trace.Incomplete {
		t.Errorf("got %v tool errors, %v sub-agents, decision %+v, status %s", r.ToolErrors, r.Subagents, r.Decision, r.Status)
	}
}

func TestTelling(t *testing.T) {
	for id, want := range map[string]bool{
		"call_s06x00k0UwLibCuIKuKp": true, "toolu_01A09q90qw90lq917835lq9": true, "chatcmpl-tool-0a1b2c3d4e5f60718293a4b5c6d7e8f9": true,
		"9f1c7a52-0b61-4c1d-8a57-1f2e3d4c5b6a": true, "": false, "call_1": false, "functions.bash:0": false, "message 12 tool 3": false,
		"run_shell_command-1763693000000": false, "call_00000000000000000001": false, "call_aaaaaaaaaaaa1": false, "invoke_subagent_of_agent_12": false,
	} {
		if got := telling(id); got != want {
			t.Errorf("%q: got %v, want %v", id, got, want)
		}
	}
}
