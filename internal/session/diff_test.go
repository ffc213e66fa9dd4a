package session

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/trace"
)

// alone returns a run as a session of its own.
func alone(r *Run) Compared {
	return Compared{Name: "f", Session: &Session{ID: "run:" + r.ID, Runs: []*Run{r}, Usage: r.Usage, Cost: r.Cost}}
}

// together returns runs as one session.
func together(runs ...*Run) Compared {
	s := &Session{ID: "o/r#1", Runs: runs}
	s.total()
	return Compared{Name: "f", Session: s}
}

// said returns a row as a line, such as "Bash calls: 1 -> 2 +1 +100% changed".
func said(d *Diff, section, of, name string) string {
	for _, s := range d.Sections {
		for _, r := range s.Rows {
			if s.Name == section && r.Of == of && r.Name == name {
				return r.said()
			}
		}
	}
	return "no row"
}

func (r DiffRow) said() string {
	value := func(v Value, atLeast bool) string {
		raw, _ := json.Marshal(v)
		if atLeast {
			return ">=" + string(raw)
		}
		return string(raw)
	}
	out := value(r.A, r.AtLeastA) + " -> " + value(r.B, r.AtLeastB)
	if r.Delta != nil {
		out += fmt.Sprintf(" %+g", *r.Delta)
	}
	if r.Change != nil {
		out += fmt.Sprintf(" %+g%%", 100**r.Change)
	}
	return out + " " + string(r.State)
}

func TestCompareRuns(t *testing.T) {
	n := trace.Measured
	with := func(change func(*Run)) *Run {
		r := &Run{ID: "r", Status: trace.Success}
		change(r)
		return r
	}
	tools := func(calls, errors int) func(*Run) {
		return func(r *Run) {
			r.ToolCalls, r.ToolErrors = n(int64(calls)), n(int64(errors))
			r.Tools = map[string]ToolStat{"Bash": {Calls: calls, Errors: errors}}
		}
	}
	nothing := func(*Run) {}
	tests := []struct {
		section, of, name string
		a, b              func(*Run)
		want              string
	}{
		{"tokens", "", "input", func(r *Run) { r.Usage = tokens(1000, 1) }, func(r *Run) { r.Usage = tokens(1080, 1) }, `1000 -> 1080 +80 +8% changed`},
		{"tokens", "", "output", func(r *Run) { r.Usage = tokens(1, 0) }, func(r *Run) { r.Usage = tokens(1, 7) }, `0 -> 7 +7 changed`},
		{"tokens", "", "output", func(r *Run) { r.Usage = tokens(1, 7) }, func(r *Run) { r.Usage = tokens(1, 0) }, `7 -> 0 -7 -100% changed`},
		{"tokens", "", "input", func(r *Run) { r.Usage = tokens(1000, 1) }, nothing, `1000 -> null unknown`},
		{"tokens", "", "input", nothing, nothing, `null -> null unknown`},
		{"tokens", "", "total", func(r *Run) { r.Usage = tokens(math.MaxInt64, 1) }, func(r *Run) { r.Usage = tokens(0, 0) }, `9223372036854776000 -> 0 -9.223372036854776e+18 -100% changed`},
		{"outcome", "", "decision", func(r *Run) { r.Decision = &Decision{Kind: trace.Approve} }, nothing, `"approve" -> null unknown`},
		{"outcome", "", "status", nothing, func(r *Run) { r.Status = trace.Timeout }, `"success" -> "timeout" changed`},
		{"outcome", "", "error", nothing, func(r *Run) { r.Error = &trace.Error{Type: "t", Message: "m"} }, `null -> "t: m" unknown`},
		{"outcome", "", "error", nothing, nothing, `no row`},
		{"setup", "", "instructions_sha256", func(r *Run) { r.Agent.Instructions = &trace.Instructions{SHA256: "a"} },
			func(r *Run) { r.Agent.Instructions = &trace.Instructions{SHA256: "b"} }, `"a" -> "b" changed`},
		{"setup", "", "instructions_sha256", func(r *Run) { r.Agent.Instructions = &trace.Instructions{SHA256: "a"} }, nothing, `"a" -> null unknown`},
		{"cost", "", "cost", func(r *Run) { r.Cost.USD = usd(0.1) }, func(r *Run) { r.Cost.USD = usd(0.3) }, `0.1 -> 0.3 +0.2 +200% changed`},
		{"cost", "", "cost", func(r *Run) { r.Cost.USD = usd(0.1) }, func(r *Run) { r.Cost = Cost{ComputedUSD: usd(0.3), Partial: true} }, `0.1 -> >=0.3 unknown`},
		{"cost", "", "cost", func(r *Run) { r.Cost.USD = usd(-math.MaxFloat64) }, func(r *Run) { r.Cost.USD = usd(math.MaxFloat64) },
			`-1.7976931348623157e+308 -> 1.7976931348623157e+308 changed`},
		{"cost", "", "cost", func(r *Run) { r.Cost.USD = usd(5e-324) }, func(r *Run) { r.Cost.USD = usd(1e300) }, `5e-324 -> 1e+300 +1e+300 changed`},
		{"tools", "Bash", "calls", tools(2, 0), tools(3, 1), `2 -> 3 +1 +50% changed`},
		{"tools", "Bash", "errors", tools(2, 0), tools(3, 1), `0 -> 1 +1 changed`},
		{"tools", "Bash", "calls", tools(2, 0), func(r *Run) { r.ToolCalls = n(0) }, `2 -> 0 -2 -100% changed`},
		{"tools", "Bash", "calls", tools(2, 0), nothing, `2 -> null unknown`},
		{"tools", "Bash", "calls", tools(2, 0), func(r *Run) { r.ToolCalls = n(9) }, `2 -> null unknown`},
		{"tools", "Bash", "errors", tools(2, 0), func(r *Run) { tools(2, 0)(r); r.ToolErrors = trace.Count{} }, `0 -> null unknown`},
		{"commands", "go test", "calls", func(r *Run) { tools(1, 0)(r); r.Commands = map[string]CommandStat{"go test": {Calls: 1}} }, tools(1, 0), `1 -> 0 -1 -100% changed`},
		{"changes", "", "commits", func(r *Run) { tools(1, 0)(r); r.Changes = &Changes{Commits: 1} }, func(r *Run) { r.ToolCalls = n(0) }, `1 -> 0 -1 -100% changed`},
		{"changes", "", "commits", func(r *Run) { tools(1, 0)(r); r.Changes = &Changes{Commits: 1} }, nothing, `1 -> null unknown`},
		{"changes", "", "lines_added", func(r *Run) { r.Changes = &Changes{FilesEdited: 2, LinesAdded: n(4), LinesPartial: true} },
			func(r *Run) { r.Changes = &Changes{FilesEdited: 2, LinesAdded: n(4)} }, `>=4 -> 4 unknown`},
		{"files", "a.go", "edits", func(r *Run) { r.Changes = &Changes{FilesEdited: 1, Files: []FileChange{{Path: "a.go", Edits: 2}}} },
			func(r *Run) { r.ToolCalls = n(0) }, `>=2 -> 0 unknown`},
		{"findings", "a/b", "count", func(r *Run) { r.Findings = []finding.Finding{{Rule: "a/b"}, {Rule: "a/b"}} }, nothing, `2 -> 0 -2 -100% changed`},
		{"findings", "", "findings", nothing, nothing, `0 -> 0 +0 same`},
		{"context", "", "share", func(r *Run) { r.Context = &Context{PeakTokens: n(1), Window: n(4), Share: 0.25} },
			func(r *Run) { r.Context = &Context{PeakTokens: n(3), Window: n(4), Share: 0.75} }, `0.25 -> 0.75 +0.5 changed`},
		{"context", "", "share", func(r *Run) { r.Context = &Context{PeakTokens: n(1), Window: n(4), Share: 0.25} },
			func(r *Run) { r.Context = &Context{PeakTokens: n(3)} }, `0.25 -> null unknown`},
		{"time", "", "duration", func(r *Run) { r.DurationMS = n(2000) }, func(r *Run) { r.Start, r.End = at(0), at(3) }, `2000 -> 3000 +1000 +50% changed`},
		{"time", "", "idle", func(r *Run) { r.Time = &Time{Idle: n(0)} }, func(r *Run) { r.Time = &Time{Idle: n(5)} }, `0 -> 5 +5 changed`},
		{"subagents", "Explore", "started", func(r *Run) {
			r.Subagents = n(2)
			r.Agents = []*Subagent{{ID: "1", Name: "Explore", Subagents: []*Subagent{{ID: "2", Name: "Explore"}}}}
		}, func(r *Run) { r.Subagents = n(0) }, `2 -> 0 -2 -100% changed`},
	}
	for _, tt := range tests {
		d := Compare(alone(with(tt.a)), alone(with(tt.b)))
		if got := said(d, tt.section, tt.of, tt.name); got != tt.want {
			t.Errorf("%s %s %s: got %s, want %s", tt.section, tt.of, tt.name, got, tt.want)
		}
		if _, err := json.Marshal(d); err != nil {
			t.Errorf("%s %s %s: %v", tt.section, tt.of, tt.name, err)
		}
	}
}

func TestCompareSessions(t *testing.T) {
	one := &Run{ID: "1", Agent: trace.Agent{Name: "review"}, Models: []string{"m1"}, Status: trace.Success, Usage: tokens(10, 1), Cost: Cost{USD: usd(1), Source: Reported},
		Decision: &Decision{Kind: trace.Approve}, Turns: trace.Measured(3), Start: at(0), DurationMS: trace.Measured(2000)}
	two := &Run{ID: "2", Agent: trace.Agent{Name: "style"}, Status: trace.Failure, Usage: tokens(5, 1), Cost: Cost{USD: usd(2), Source: Reported},
		Decision: &Decision{Kind: trace.RequestChanges}, Start: at(1), DurationMS: trace.Measured(5000)}
	silent := &Run{ID: "3", Agent: trace.Agent{Name: "style"}, Status: trace.Incomplete}
	d := Compare(together(one, two), together(one, silent))
	for _, tt := range []struct{ section, of, name, want string }{
		{"outcome", "", "decision", `"request_changes" -> "approve" changed`},
		{"outcome", "", "status", `"1 failure, 1 success" -> "1 incomplete, 1 success" changed`},
		{"outcome", "", "runs", `2 -> 2 +0 +0% same`},
		{"tokens", "", "input", `15 -> >=10 unknown`},
		{"cost", "", "cost", `3 -> >=1 unknown`},
		{"work", "", "turns", `>=3 -> >=3 unknown`},
		{"time", "", "duration", `6000 -> >=2000 unknown`},
		{"agents", "review", "decision", `"approve" -> "approve" same`},
		{"agents", "style", "decision", `"request_changes" -> null unknown`},
		{"agents", "review", "findings", `0 -> 0 +0 same`},
		{"agents", "review", "model", `"m1" -> "m1" same`},
		{"agents", "style", "cost", `2 -> null unknown`},
		{"agents", "style", "status", `"failure" -> "incomplete" changed`},
	} {
		if got := said(d, tt.section, tt.of, tt.name); got != tt.want {
			t.Errorf("%s %s %s: got %s, want %s", tt.section, tt.of, tt.name, got, tt.want)
		}
	}
	if got := strings.Join(d.A.Agents, " "); got != "review style" {
		t.Errorf("got the agents %s", got)
	}
}

func TestCompareSame(t *testing.T) {
	r := &Run{ID: "r", Status: trace.Success, Usage: tokens(3, 4), Findings: []finding.Finding{{Rule: "a/b"}}}
	if d := Compare(alone(r), alone(r)); d.Differ {
		t.Errorf("a run differs from itself: %+v", d)
	}
	more := *r
	more.Usage = tokens(3, 5)
	if d := Compare(alone(r), alone(&more)); !d.Differ {
		t.Error("another output is no difference")
	}
	if d := Compare(alone(r), alone(&more), "findings", "outcome"); d.Differ || len(d.Sections) != 2 {
		t.Errorf("sections that were not asked for count: %+v", d.Sections)
	}
	more.Usage = trace.Usage{}
	if d := Compare(alone(r), alone(&more)); !d.Differ {
		t.Error("what is known of one side only is no difference")
	}
}

// A report can claim any number of tools. Those beyond the limit are one row,
// and a tool that the other side does not list may be among them.
func TestCompareMany(t *testing.T) {
	many := &Run{ID: "a", Tools: map[string]ToolStat{}, ToolCalls: trace.Measured(3 * maxListed)}
	for i := range 3 * maxListed {
		many.Tools[fmt.Sprintf("tool %05d", i)] = ToolStat{Calls: 1}
	}
	few := &Run{ID: "b", Tools: map[string]ToolStat{"zz": {Calls: 1}}, ToolCalls: trace.Measured(1)}
	d := Compare(alone(many), alone(few), "tools")
	for _, tt := range []struct{ of, want string }{
		{"tool 00000", `>=1 -> 0 unknown`},
		{others, fmt.Sprintf(`>=%d -> 0 unknown`, 2*maxListed)},
		{"zz", `null -> 1 unknown`},
	} {
		if got := said(d, "tools", tt.of, "calls"); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.of, got, tt.want)
		}
	}
	if n := len(d.Sections[0].Rows); n > 2*maxListed+10 {
		t.Errorf("%d rows", n)
	}
	if Compare(alone(many), alone(many)).Differ {
		t.Error("a run differs from itself")
	}
}

// Rows stand in the same order whichever side they are from.
func TestCompareOrder(t *testing.T) {
	a := &Run{ID: "a", Tools: map[string]ToolStat{"b": {}, "d": {}}, ToolCalls: trace.Measured(0)}
	b := &Run{ID: "b", Tools: map[string]ToolStat{"a": {}, "c": {}, "d": {}}, ToolCalls: trace.Measured(0)}
	names := func(d *Diff) (out []string) {
		for _, r := range d.Sections[0].Rows {
			out = append(out, r.Of+" "+r.Name)
		}
		return out
	}
	want := []string{"a calls", "a errors", "b calls", "b errors", "c calls", "c errors", "d calls", "d errors"}
	for _, d := range []*Diff{Compare(alone(a), alone(b), "tools"), Compare(alone(b), alone(a), "tools")} {
		if got := names(d); !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}
