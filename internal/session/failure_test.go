package session

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/trace"
)

// asked is a tool call of the given arguments and result at a second.
func asked(n int, args, result uint64, failed bool) trace.Record {
	return rec(fmt.Sprintf("a:%d", n), &trace.Tool{
		ID: fmt.Sprint("t", n), Name: "Bash", Start: at(n), End: at(n), Args: args, Result: result, Failed: failed, Done: true,
	})
}

func edit(n int, path string, old, new uint64) trace.Record {
	return rec(fmt.Sprintf("a:%d", n), &trace.Tool{
		ID: fmt.Sprint("t", n), Name: "Edit", Start: at(n), End: at(n), Args: uint64(n), Result: 7, Done: true,
		Changes: []trace.Change{{Kind: trace.Edited, Path: path, Old: old, New: new}},
	})
}

func ran(n int, program string, exit int) trace.Record {
	return rec(fmt.Sprintf("a:%d", n), &trace.Tool{
		ID: fmt.Sprint("t", n), Name: "Bash", Start: at(n), End: at(n), Args: uint64(n), Result: uint64(n), Failed: exit != 0, ExitCode: &exit, Done: true,
		Programs: strings.Split(program, "; "), Judged: strings.Split(program, "; "),
	})
}

func refused(n int, kind string, when time.Time) trace.Record {
	return rec(fmt.Sprintf("a:%d", n), &trace.Call{ID: fmt.Sprint("e", n), End: when, Error: &trace.Error{Type: kind}})
}

func TestFailureModes(t *testing.T) {
	done := rec("a:99", &trace.End{Status: trace.Success})
	approved := rec("a:98", &trace.Decision{Kind: trace.Approve, Source: trace.FromText})
	rejected := rec("a:98", &trace.Decision{Kind: trace.RequestChanges, Source: trace.FromText})
	for _, tt := range []struct {
		name string
		recs []trace.Record
		want string // rule: part of the message; empty for none
		line int    // of the first evidence
	}{
		{"the same failure four times", []trace.Record{asked(1, 5, 9, true), edit(2, "x", 1, 2), asked(3, 5, 9, true), asked(4, 5, 9, true), asked(5, 5, 9, true), done},
			"failure/tool-loop: called 4 times", 1},
		{"another failure between", []trace.Record{asked(1, 5, 9, true), asked(2, 5, 9, true), asked(3, 5, 8, true), asked(4, 5, 9, true), asked(5, 5, 9, true), done}, "", 0},
		{"the same success in a row", []trace.Record{asked(1, 5, 9, false), asked(2, 5, 9, false), asked(3, 5, 9, false), asked(4, 5, 9, false), done}, "failure/tool-loop: called 4 times", 1},
		{"a success after each edit", []trace.Record{asked(1, 5, 9, false), edit(2, "x", 1, 2), asked(3, 5, 9, false), edit(4, "x", 2, 3), asked(5, 5, 9, false), edit(6, "x", 3, 4), asked(7, 5, 9, false), done}, "", 0},
		{"three times is none", []trace.Record{asked(1, 5, 9, false), asked(2, 5, 9, false), asked(3, 5, 9, false), done}, "", 0},
		{"two agents are no loop", []trace.Record{asked(1, 5, 9, false), asked(2, 5, 9, false), sub("s1", asked(3, 5, 9, false)), sub("s1", asked(4, 5, 9, false)), done}, "", 0},
		{"to and fro", []trace.Record{edit(1, "x", 1, 2), edit(2, "x", 2, 1), edit(3, "x", 1, 2), edit(4, "x", 2, 1), edit(5, "x", 1, 2), done}, "failure/tool-loop: an edit of x was undone and made again twice", 1},
		{"one undo is none", []trace.Record{edit(1, "x", 1, 2), edit(2, "x", 2, 1), edit(3, "x", 1, 2), done}, "", 0},

		{"three of four failed", []trace.Record{asked(1, 1, 1, true), asked(2, 2, 2, true), asked(3, 3, 3, true), asked(4, 4, 4, false), done}, "failure/tool-errors: 3 of 4 tool calls failed: 75% (95% interval 30% to 95%)", 1},
		{"two of two failed", []trace.Record{asked(1, 1, 1, true), asked(2, 2, 2, true), done}, "", 0},

		{"three at once", []trace.Record{refused(1, "rate_limit", at(1)), refused(2, "http_529", at(30)), refused(3, "overloaded", at(60)), done}, "failure/retry-storm: 3 requests in a row were refused for load (http_529, overloaded, rate_limit)", 1},
		{"three in an hour", []trace.Record{refused(1, "rate_limit", at(1)), refused(2, "rate_limit", at(1800)), refused(3, "rate_limit", at(3600)), done}, "", 0},
		{"three of another kind", []trace.Record{refused(1, "http_400", at(1)), refused(2, "http_400", at(2)), refused(3, "http_400", at(3)), done}, "", 0},

		{"turns used up", []trace.Record{rec("a:4", &trace.End{Status: trace.Failure, Error: &trace.Error{Type: "max_turns"}})}, "failure/unfinished-turns: its turns", 4},
		{"killed in a tool", []trace.Record{rec("a:3", &trace.Tool{ID: "t", Name: "Bash", Start: at(1)})}, "failure/incomplete: ends while Bash runs", 3},
		{"no end", []trace.Record{asked(1, 1, 1, false)}, "failure/incomplete: shows no end", 1},

		{"approved in spite of a failing test", []trace.Record{ran(1, "go test", 1), approved, done}, "failure/ignored-error: `go test` had failed with exit code 1", 1},
		{"rejected for a failing test", []trace.Record{ran(1, "go test", 1), rejected, done}, "", 0},
		{"mended", []trace.Record{ran(1, "go test", 1), ran(2, "go test", 0), approved, done}, "", 0},
		{"mended in another line", []trace.Record{ran(1, "go test", 1), ran(2, "go vet; go test", 0), approved, done}, "", 0},
		{"the search behind a test finds nothing", []trace.Record{rec("a:1", &trace.Tool{ID: "t1", Failed: true, ExitCode: new(int(1)), Done: true, Programs: []string{"go test", "grep"}, Judged: []string{"grep"}}), approved, done}, "", 0},
		{"a search without a hit", []trace.Record{ran(1, "grep", 1), approved, done}, "", 0},

		{"compacted", []trace.Record{rec("a:2", &trace.Compaction{Trigger: "auto"}), done}, "failure/context-saturation: compacted once", 2},
		{"nearly full", []trace.Record{rec("a:2", &trace.Call{ID: "c", Model: "m1", Usage: tokens(90, 1), Window: trace.Measured(100)}), done}, "failure/context-saturation: 90% of the context of m1", 2},
		{"half full", []trace.Record{rec("a:2", &trace.Call{ID: "c", Model: "m1", Usage: tokens(50, 1), Window: trace.Measured(100)}), done}, "", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []finding.Finding
			for _, f := range reduce(t, tt.recs...).Findings {
				if loop := strings.Contains(tt.name, "failure"); strings.HasPrefix(f.Rule, "failure/") && !(loop && f.Rule == "failure/tool-errors") {
					got = append(got, f)
				}
			}
			rule, part, _ := strings.Cut(tt.want, ": ")
			switch {
			case tt.want == "" && len(got) > 0:
				t.Errorf("found %s: %s", got[0].Rule, got[0].Message)
			case tt.want != "" && (len(got) != 1 || got[0].Rule != rule || !strings.Contains(got[0].Message, part)):
				t.Errorf("found %+v, want %s", got, tt.want)
			case tt.want != "" && (got[0].Line != tt.line || got[0].Hint == "" || len(got[0].Evidence) == 0 || got[0].Evidence[0].Line != tt.line):
				t.Errorf("evidence %+v at line %d, want line %d; hint %q", got[0].Evidence, got[0].Line, tt.line, got[0].Hint)
			}
		})
	}
}

func sub(id string, r trace.Record) trace.Record { r.Subagent = id; return r }

// TestWilson holds the interval to published values: R's
// binom::binom.confint(x, n, methods = "wilson").
func TestWilson(t *testing.T) {
	for _, c := range []struct {
		hits, n   int64
		low, high float64
	}{
		{0, 10, 0, 0.2775},
		{1, 10, 0.0179, 0.4042},
		{5, 10, 0.2366, 0.7634},
		{12, 12, 0.7575, 1},
		{3, 8, 0.1368, 0.6943},
		{50, 1000, 0.0381, 0.0653},
	} {
		low, high := wilson(c.hits, c.n)
		if fmt.Sprintf("%.4f %.4f", low, high) != fmt.Sprintf("%.4f %.4f", c.low, c.high) {
			t.Errorf("%d of %d: %.4f to %.4f, want %.4f to %.4f", c.hits, c.n, low, high, c.low, c.high)
		}
	}
}
