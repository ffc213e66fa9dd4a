package report

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares got with a file under testdata/report.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("../../testdata/report", name+".golden")
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("%s differs; run with -update and look at the difference\n%s", path, difference(string(got), string(want)))
	}
}

// difference returns the first line that differs.
func difference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf("line %d\n got %.300q\nwant %.300q", i+1, g[i], w[i])
		}
	}
	return fmt.Sprintf("got %d lines, want %d", len(g), len(w))
}

func n(v int64) trace.Count { return trace.Measured(v) }

func money(f float64) *float64 { return &f }

// clock returns a time of the samples' day, so many milliseconds in.
func clock(ms int64) time.Time {
	return time.Date(2026, 11, 20, 14, 3, 7, 120e6, time.UTC).Add(time.Duration(ms) * time.Millisecond)
}

func tokensOf(input, read, write5m, write1h, output int64) trace.Usage {
	return trace.Usage{Input: n(input), CacheRead: n(read), CacheWrite5m: n(write5m), CacheWrite1h: n(write1h), Output: n(output)}
}

// security is a run that asked for changes.
func security() *session.Run {
	const file = "review-security/execution.json"
	return &session.Run{
		ID: "6f0e8a52-9c1b-4f0e-8d57-2b1f4f6d9a10", Format: "claude-code/execution-file", Files: []string{file},
		Agent: trace.Agent{Name: "review-security", Instructions: &trace.Instructions{
			Path: ".github/agents/review-security.md", SHA256: "3f1c5e2d9b8a7c6f5e4d3c2b1a0f9e8d7c6b5a4f3e2d1c0b9a8f7e6d5c4b3a29"}},
		Runtime: trace.Runtime{Name: "claude-code", Version: "2.1.0"}, Models: []string{"claude-sonnet-4-5", "claude-haiku-4-5"},
		Start: clock(0), End: clock(183_400), DurationMS: n(183_400), Status: trace.Success,
		Usage: tokensOf(1_204, 412_880, 38_112, 0, 6_420), Turns: n(14), LLMCalls: n(16), LLMErrors: n(1),
		Cost:      session.Cost{USD: money(0.2671), Source: session.Reported, ReportedUSD: money(0.2671), ComputedUSD: money(0.2668)},
		ToolCalls: n(23), ToolErrors: n(2), PermissionDenials: n(1), Subagents: n(1),
		Tools: map[string]session.ToolStat{
			"Read": {Calls: 11, DurationMS: n(812)}, "Grep": {Calls: 6, DurationMS: n(1_930)},
			"Bash": {Calls: 5, Errors: 2, DurationMS: n(41_200)}, "Task": {Calls: 1, DurationMS: n(52_000)},
		},
		Commands: map[string]session.CommandStat{
			"go test": {Calls: 4, Errors: 2, ExitCodes: map[string]int{"0": 2, "1": 2}},
		},
		Changes: &session.Changes{
			Files:       []session.FileChange{{Path: "api/query.go", Edits: 2, Added: n(14), Removed: n(9)}},
			FilesEdited: 1, LinesAdded: n(14), LinesRemoved: n(9), Commits: 1, Reviews: 1,
		},
		Time: &session.Time{
			Model: n(84_000), Tool: n(43_100), Subagent: n(51_000), Idle: n(5_300), FirstToken: n(740),
			Longest: []session.Span{{Kind: "llm", Name: "claude-sonnet-4-5", DurationMS: n(57_500)}, {Kind: "subagent", Name: "Explore", DurationMS: n(52_000)}},
			Gaps:    []session.Span{{Kind: "gap", DurationMS: n(2_400)}},
		},
		Context: &session.Context{PeakTokens: n(215_442), Window: n(1_000_000), Share: 0.2154, Compactions: 1},
		Agents: []*session.Subagent{{
			ID: "s1", Name: "Explore", Models: []string{"claude-haiku-4-5"}, DurationMS: n(52_000), Status: trace.Success,
			LLMCalls: n(4), ToolCalls: n(6), ToolErrors: n(1), Usage: tokensOf(150, 180_000, 4_000, 0, 900), CostUSD: money(0.0242),
			Subagents: []*session.Subagent{{ID: "s2", Status: trace.Incomplete}},
		}},
		ForkedFrom: "5b0d6c1e-7a42-4f0e-9c53-2f6f0d1a9b11",
		Sources:    map[string]string{"usage": "claude-code/session"},
		Explained: &session.Explanation{
			Calls: []session.Explained{
				{Pos: trace.Pos{File: file, Line: 12}, Format: "claude-code/session", Name: "claude-sonnet-4-5", Usage: new(tokensOf(804, 0, 21_300, 0, 310)), Counted: true,
					Merged: []trace.Pos{{File: file, Line: 13}, {File: "review-security/session.jsonl", Line: 40}}},
				{Pos: trace.Pos{File: file, Line: 90}, Name: "claude-sonnet-4-5", Why: "failed: rate_limit; counts as an error"},
			},
			NotUsed: []session.Explained{{Format: "otlp", Why: "the agent's own files come before telemetry"}},
		},
		Decision: &session.Decision{Kind: trace.RequestChanges, Source: trace.FromToolCall, Findings: n(2),
			Summary: "The new endpoint builds its SQL from the query string, and the token is compared with ==.",
			Place:   &trace.Pos{File: file, Line: 812}},
		Findings: []finding.Finding{
			{Rule: "format/unknown-type", Severity: finding.Info, Message: "a record of type hook_event is not known", Pos: trace.Pos{File: file, Line: 77}},
		},
		Steps: []session.Step{
			{Kind: "llm", ID: "m1", Name: "claude-sonnet-4-5", Start: clock(1_200), End: clock(9_800), Usage: tokensOf(804, 0, 21_300, 0, 310)},
			{Kind: "tool", ID: "t1", Name: "Bash", Start: clock(9_900), End: clock(41_000), Failed: true, ExitCode: new(int(1)),
				Error: &trace.Error{Type: "exit_code", Message: "go: cannot find main module"}, Pos: trace.Pos{File: file, Line: 96}},
			{Kind: "tool", ID: "t2", Name: "Grep", Start: clock(41_100), End: clock(43_000)},
			{Kind: "llm", ID: "m2", Name: "claude-sonnet-4-5", Start: clock(43_100), End: clock(61_000), Usage: tokensOf(200, 21_300, 9_000, 0, 1_900)},
			{Kind: "subagent", ID: "s1", Name: "Explore", Start: clock(61_200), End: clock(113_200)},
			{Kind: "llm", ID: "m3", Name: "claude-haiku-4-5", Subagent: "s1", Start: clock(61_400), End: clock(70_100), Usage: tokensOf(150, 180_000, 4_000, 0, 900)},
			{Kind: "tool", ID: "t3", Name: "Bash", Start: clock(113_300), End: clock(123_400), Failed: true, ExitCode: new(int(2)), Pos: trace.Pos{File: file, Line: 640}},
			{Kind: "llm", ID: "m4", Name: "claude-sonnet-4-5", Start: clock(123_500), End: clock(181_000), Usage: tokensOf(50, 211_580, 3_812, 0, 3_310)},
		},
	}
}

// style is a run that approved.
func style() *session.Run {
	return &session.Run{
		ID: "0199f0c2-4b7e-7d11-a4c3-5a0be94e1f77", Format: "codex/exec", Files: []string{"review-style/codex.jsonl"},
		Agent: trace.Agent{Name: "review-style"}, Runtime: trace.Runtime{Name: "codex", Version: "0.60.1"}, Models: []string{"gpt-5-codex"},
		Start: clock(2_000), End: clock(66_000), Status: trace.Success,
		Usage: trace.Usage{Input: n(18_402), CacheRead: n(96_128), Output: n(2_210), Reasoning: n(1_408)}, Turns: n(1), LLMCalls: n(9),
		Cost:      session.Cost{USD: money(0.0571), Source: session.Computed, ComputedUSD: money(0.0571)},
		ToolCalls: n(12), ToolErrors: n(0), Tools: map[string]session.ToolStat{"shell": {Calls: 12, DurationMS: n(9_400)}},
		Decision: &session.Decision{Kind: trace.Approve, Source: trace.FromText, Findings: n(0), Place: &trace.Pos{File: "review-style/codex.jsonl", Line: 41}},
		Findings: []finding.Finding{},
		Steps: []session.Step{
			{Kind: "tool", ID: "1", Name: "shell", Start: clock(8_000), End: clock(15_000)},
			{Kind: "tool", ID: "2", Name: "shell", Start: clock(30_000), End: clock(32_400)},
		},
	}
}

// stuck is a run that failed, with a model that has no price.
func stuck() *session.Run {
	const file = "review-performance/trace.jsonl"
	return &session.Run{
		ID: "perf-4411", Format: "andon/native", Files: []string{file},
		Agent: trace.Agent{Name: "review-performance"}, Runtime: trace.Runtime{Name: "in-house"}, Models: []string{"acme-coder-2"},
		Start: clock(1_500), End: clock(250_200), Status: trace.Failure,
		Error: &trace.Error{Type: "max_turns", Message: "Reached the maximum number of turns (30)"},
		Usage: trace.Usage{Input: n(88_000), Output: n(9_800)}, Turns: n(30), LLMCalls: n(30),
		Cost:      session.Cost{UnpricedModels: []string{"acme-coder-2"}, Partial: true},
		ToolCalls: n(29), ToolErrors: n(17), Tools: map[string]session.ToolStat{"run_benchmark": {Calls: 29, Errors: 17}},
		Findings: []finding.Finding{{
			Rule: "trace/time-order", Severity: finding.Warning, Message: "a record is older than the start of its run",
			Hint: "write all times in UTC with one clock", Pos: trace.Pos{File: file, Line: 12, Pointer: "/time"}}},
		Steps: []session.Step{
			{Kind: "tool", ID: "1", Name: "run_benchmark", Start: clock(20_000), End: clock(80_000), Failed: true,
				Error: &trace.Error{Type: "timeout", Message: "no result after 60 s"}, Pos: trace.Pos{File: file, Line: 31}},
			{Kind: "tool", ID: "2", Name: "run_benchmark", Start: clock(90_000), End: clock(150_000), Failed: true,
				Error: &trace.Error{Type: "timeout", Message: "no result after 60 s"}, Pos: trace.Pos{File: file, Line: 52}},
			{Kind: "llm", ID: "3", Name: "acme-coder-2", Start: clock(150_100), End: clock(170_000)},
		},
	}
}

func sampleSession(runs ...*session.Run) *session.Session {
	s := &session.Session{
		ID: "octo-org/shop#128@8d3f2c1b0a9e", Repository: "octo-org/shop", Subject: session.Subject{Kind: "pull_request", Number: 128},
		HeadSHA: "8d3f2c1b0a9e8f7d6c5b4a39281706f5e4d3c2b1", KeySource: session.KeyFromEvent, Runs: runs, Findings: []finding.Finding{},
	}
	for _, r := range runs {
		s.Usage = s.Usage.Add(r.Usage)
		if r.Cost.USD == nil {
			s.Cost.Partial = true
			continue
		}
		usd := *r.Cost.USD
		if s.Cost.USD != nil {
			usd += *s.Cost.USD
		}
		s.Cost.USD = &usd
		s.Cost.Source = r.Cost.Source
	}
	return s
}

// success is a report of one run.
func success() *session.Report {
	s := sampleSession(style())
	s.Decision = &session.Composed{Kind: trace.Approve, ComposedFrom: []string{style().ID}}
	return &session.Report{Schema: session.Schema, Sessions: []*session.Session{s},
		Coverage: session.Coverage{Files: 1, Runs: 1, Lines: 58}, Findings: []finding.Finding{}}
}

// several is a report of three agents, of which one failed and one leaked.
func several() *session.Report {
	s := sampleSession(security(), stuck(), style())
	s.Cost.Source = session.Mixed
	s.Cost.UnpricedModels = []string{"acme-coder-2"}
	s.Decision = &session.Composed{Kind: trace.RequestChanges, ComposedFrom: []string{s.Runs[0].ID}}
	s.Runs[1].Findings = append(s.Runs[1].Findings, finding.Finding{
		Rule: "secret/github-token", Severity: finding.Error, Message: "a GitHub token, in 1 place",
		Hint: "revoke it at https://github.com/settings/tokens", Fingerprint: "9c41d2e07a3b",
		Pos: trace.Pos{File: "review-performance/trace.jsonl", Line: 44, Pointer: "/result"}})
	return &session.Report{Schema: session.Schema, Sessions: []*session.Session{s},
		Coverage: session.Coverage{Files: 5, Runs: 3, Lines: 1_204, InvalidLines: 2, Unrecognised: 1, Suppressed: 1,
			UnknownTypes: map[string]int{"claude-code/execution-file:hook_event": 1}},
		Findings: []finding.Finding{{Rule: "input/unrecognised", Severity: finding.Warning, Message: "the file is in no known format",
			Hint: "docs/formats.md lists what can be read", Pos: trace.Pos{File: "review-performance/notes.txt"}}}}
}

// unpriced is a report of one run of which little is known.
func unpriced() *session.Report {
	s := sampleSession(&session.Run{
		ID: "run-1", Format: "andon/native", Files: []string{"a.jsonl"}, Models: []string{}, Status: trace.Incomplete, Findings: []finding.Finding{},
		Cost: session.Cost{Partial: true},
	})
	s.ID, s.Repository, s.Subject, s.HeadSHA, s.KeySource = "run:run-1", "", session.Subject{Kind: "unknown"}, "", session.KeyFromNone
	return &session.Report{Schema: session.Schema, Sessions: []*session.Session{s},
		Coverage: session.Coverage{Files: 1, Runs: 1, Lines: 1}, Findings: []finding.Finding{}}
}

// empty is a report without a run.
func empty(c session.Coverage) *session.Report {
	return &session.Report{Schema: session.Schema, Sessions: []*session.Session{}, Coverage: c, Findings: []finding.Finding{}}
}

// chain is a report of two sessions.
func chain() *session.Report {
	r := several()
	r.Coverage.Suppressed = 0
	r.Sessions[0].Runs[1].Findings = r.Sessions[0].Runs[1].Findings[:1]
	second := success().Sessions[0]
	second.HeadSHA = "17a0c4de5b6f7089a1b2c3d4e5f60718293a4b5c"
	second.ID = "octo-org/shop#128@17a0c4de5b6f"
	r.Sessions = append(r.Sessions, second)
	return r
}

// huge is a report of more runs, findings and sessions than anyone can look at.
func huge() *session.Report {
	r := &session.Report{Schema: session.Schema, Coverage: session.Coverage{Files: 4800, Runs: 4800, Lines: 1 << 22}}
	for i := range 40 {
		s := sampleSession()
		s.ID = fmt.Sprintf("octo-org/shop#%d", i+1)
		s.Subject = session.Subject{Kind: "issue", Number: i + 1}
		for k := range 120 {
			run := security()
			run.ID = fmt.Sprintf("run-%d-%d", i, k)
			run.Decision.Summary = strings.Repeat("very long ", 200)
			s.Runs = append(s.Runs, run)
		}
		r.Sessions = append(r.Sessions, s)
	}
	return r
}
