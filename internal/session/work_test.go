package session

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/andon-ci/andon/internal/trace"
)

func checkJSON(t *testing.T, what string, got any, want string) {
	t.Helper()
	raw, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	if string(raw) != want {
		t.Errorf("%s:\n got %s\nwant %s", what, raw, want)
	}
}

// TestSubagentTree has a sub-agent that starts another, one that is known by
// its tool call in one source and by its own id in another, and one of which
// nothing but its calls is known.
func TestSubagentTree(t *testing.T) {
	r := reduce(t,
		rec("a:1", &trace.Tool{ID: "task1", Name: "Task", Start: at(0), End: at(20), Done: true}),
		rec("a:2", &trace.Subagent{ID: "task1", ToolID: "task1", Start: at(0)}),
		rec("b:1", &trace.Subagent{ID: "agent1", ToolID: "task1", Name: "Explore", Start: at(1), End: at(19), Status: trace.Success}),
		sub("agent1", rec("b:2", &trace.Call{ID: "c1", Model: "m1", Start: at(1), End: at(5), Usage: tokens(10, 2)})),
		sub("task1", rec("a:3", &trace.Call{ID: "c2", Model: "m2", Start: at(5), End: at(7), Usage: tokens(20, 3)})),
		sub("agent1", rec("b:3", &trace.Tool{ID: "task2", Name: "Task", Start: at(8), End: at(12), Done: true})),
		rec("b:4", &trace.Subagent{ID: "agent2", ToolID: "task2", Name: "Nested", Start: at(8), End: at(12), Status: trace.Failure}),
		sub("agent2", rec("b:5", &trace.Call{ID: "c3", Model: "m1", Start: at(8), End: at(12), Usage: tokens(1, 1)})),
		sub("agent2", rec("b:6", &trace.Tool{ID: "x", Name: "Read", Start: at(9), End: at(10), Failed: true, Done: true})),
		rec("a:9", &trace.Call{ID: "c4", Model: "m1", Start: at(20), End: at(22), Usage: tokens(100, 10)}),
	)
	checkJSON(t, "tree", r.Agents, `[{"id":"agent1","name":"Explore","models":["m1","m2"],"start":"2027-01-15T08:00:00Z","end":"2027-01-15T08:00:19Z","duration_ms":19000,"status":"success","llm_calls":2,"tool_calls":1,"tool_errors":0,"usage":{"input_tokens":30,"output_tokens":5},"cost_usd":0.000035,`+
		`"subagents":[{"id":"agent2","name":"Nested","models":["m1"],"start":"2027-01-15T08:00:08Z","end":"2027-01-15T08:00:12Z","duration_ms":4000,"status":"failure","llm_calls":1,"tool_calls":1,"tool_errors":1,"usage":{"input_tokens":1,"output_tokens":1},"cost_usd":0.000002}]}]`)
	if r.Usage != tokens(131, 16) || r.Subagents.N() != 2 {
		t.Errorf("the run used %+v with %s sub-agents; the tree's figures must be in it once", r.Usage, r.Subagents)
	}
}

// TestCircularSubagents has two sub-agents that claim to have started each
// other.
func TestCircularSubagents(t *testing.T) {
	r := reduce(t,
		sub("b", rec("a:1", &trace.Tool{ID: "ta", Name: "Task"})),
		sub("a", rec("a:2", &trace.Tool{ID: "tb", Name: "Task"})),
		rec("a:3", &trace.Subagent{ID: "a", ToolID: "ta"}),
		rec("a:4", &trace.Subagent{ID: "b", ToolID: "tb"}),
	)
	if len(r.Agents) != 2 {
		t.Errorf("got %d sub-agents at the top, want both", len(r.Agents))
	}
}

func TestTime(t *testing.T) {
	main := []trace.Record{
		rec("a:1", &trace.Call{ID: "c1", Model: "m1", Start: at(0), End: at(4), FirstToken: trace.Measured(300)}),
		rec("a:2", &trace.Tool{ID: "t1", Name: "Bash", Start: at(3), End: at(10), Done: true}), // begins while the model still answers
		rec("a:3", &trace.Call{ID: "c2", Model: "m1", End: at(15), FirstToken: trace.Measured(100)}),
		sub("s", rec("a:4", &trace.Call{ID: "c3", Model: "m1", Start: at(16), End: at(18), FirstToken: trace.Measured(200)})),
		rec("a:5", &trace.Call{ID: "c4", Model: "m1", Start: at(21), End: at(22)}),
	}
	r := reduce(t, main...)
	if got := [...]int64{r.Time.Model.N(), r.Time.Tool.N(), r.Time.Subagent.N(), r.Time.Idle.N()}; got != [...]int64{4000 + 5000 + 1000, 6000, 2000, 4000} {
		t.Errorf("model, tools, sub-agents, idle: %v", got)
	}
	if r.Time.FirstToken.N() != 200 {
		t.Errorf("first token after %s, want the median, 200", r.Time.FirstToken)
	}
	checkJSON(t, "longest", r.Time.Longest[:2], `[{"kind":"tool","name":"Bash","start":"2027-01-15T08:00:03Z","duration_ms":7000,"file":"a","line":2},`+
		`{"kind":"llm","name":"m1","start":"2027-01-15T08:00:10Z","duration_ms":5000,"file":"a","line":3}]`)
	checkJSON(t, "gaps", r.Time.Gaps, `[{"kind":"gap","start":"2027-01-15T08:00:18Z","duration_ms":3000},{"kind":"gap","start":"2027-01-15T08:00:15Z","duration_ms":1000}]`)
	if none := reduce(t, rec("a:1", &trace.Call{ID: "c", Usage: tokens(1, 1)})); none.Time != nil {
		t.Errorf("a run without times spent %+v", none.Time)
	}
}

// TestTimeOfJoined gives the model none of the time for which a run had ended.
func TestTimeOfJoined(t *testing.T) {
	timed := func(n int, f trace.Fact) trace.Record {
		r := rec("a:1", f)
		r.Time = at(n)
		return r
	}
	call := func(id string, end int) trace.Record {
		return rec("a:1", &trace.Call{ID: id, Model: "m1", End: at(end)})
	}
	for name, tt := range map[string]struct {
		between []trace.Record
		model   int64
	}{
		"one process":        {nil, 2 + 3600 + 5},
		"ended, maybe":       {[]trace.Record{timed(2, &trace.End{Status: trace.Success})}, 2 + 3600 + 5},
		"joined":             {[]trace.Record{timed(2, &trace.End{Status: trace.Success}), timed(2, &trace.End{Status: trace.Incomplete})}, 2 + 5},
		"ended a bit later":  {[]trace.Record{timed(3, &trace.End{Status: trace.Failure}), timed(3, &trace.End{Status: trace.Incomplete})}, 2 + 5},
		"begun again":        {[]trace.Record{timed(2, &trace.End{Status: trace.Success}), timed(3595, &trace.End{Status: trace.Incomplete})}, 2 + 7 + 5},
		"without its moment": {[]trace.Record{rec("a:1", &trace.End{Status: trace.Success})}, 2 + 3600 + 5},
	} {
		records := append([]trace.Record{timed(0, &trace.Start{}), call("c1", 2)}, tt.between...)
		records = append(records, call("c2", 3602), call("c3", 3607), timed(3607, &trace.End{Status: trace.Success}))
		if r := reduce(t, records...); r.Time.Model.N() != 1000*tt.model || r.DurationMS.N() != 3607_000 {
			t.Errorf("%s: the model took %s ms, want %d s", name, r.Time.Model, tt.model)
		}
	}
}

func TestChanges(t *testing.T) {
	change := func(n int, failed, done bool, c ...trace.Change) trace.Record {
		return rec("a:1", &trace.Tool{ID: string(rune('a' + n)), Failed: failed, Done: done, Changes: c})
	}
	lines := func(path string, added, removed int64) trace.Change {
		return trace.Change{Kind: trace.Edited, Path: path, Added: trace.Measured(added), Removed: trace.Measured(removed)}
	}
	r := reduce(t,
		change(0, false, true, lines("b.go", 3, 1)),
		change(1, false, true, lines("b.go", 1, 1), lines("a.go", 2, 0)),
		change(2, true, true, lines("failed.go", 9, 9)),
		change(3, false, false, lines("killed.go", 9, 9)),
		change(4, false, true, trace.Change{Kind: trace.Committed}, trace.Change{Kind: trace.Pushed}),
		change(5, true, true, trace.Change{Kind: trace.Pushed}),
		change(6, false, true, trace.Change{Kind: trace.PostedReview}),
	)
	checkJSON(t, "changes", r.Changes, `{"files":[{"path":"a.go","edits":1,"lines_added":2,"lines_removed":0},{"path":"b.go","edits":2,"lines_added":4,"lines_removed":2}],`+
		`"files_edited":2,"lines_added":6,"lines_removed":2,"commits":1,"pushes":1,"pull_requests":0,"reviews":1,"comments":0,"merges":0}`)
	r = reduce(t, change(0, false, true, trace.Change{Kind: trace.Edited, Path: "w", Added: trace.Measured(5)}))
	checkJSON(t, "an overwritten file", r.Changes, `{"files":[{"path":"w","edits":1,"lines_added":5}],"files_edited":1,"lines_added":5,"lines_partial":true,"commits":0,"pushes":0,"pull_requests":0,"reviews":0,"comments":0,"merges":0}`)
}

func TestMade(t *testing.T) {
	call := func(file, id string, done bool, c ...trace.Change) trace.Record {
		return rec(file, &trace.Tool{ID: id, Done: done, Changes: c})
	}
	commit, push := trace.Change{Kind: trace.Committed}, trace.Change{Kind: trace.Pushed}
	commit1, push1 := trace.Change{Kind: trace.Committed, ID: "1a2b3c4"}, trace.Change{Kind: trace.Pushed, ID: "1a2b3c4"}
	records := []trace.Record{
		call("b:1", "t1", false, commit, push),
		call("b:2", "t1", true, commit1, push1),
		call("a:7", "t1", true, commit1, push1),                        // told again by another file
		call("b:3", "t2", false, push), call("b:4", "t2", true, push1), // and done again
		call("b:5", "t3", true, trace.Change{Kind: trace.PostedReview, ID: "80"}),
		call("b:6", "t4", true, commit),
	}
	want := `[{"kind":"commit","id":"1a2b3c4","file":"a","line":7},{"kind":"push","id":"1a2b3c4","file":"a","line":7},{"kind":"review","id":"80","file":"b","line":5}]`
	checkJSON(t, "made", reduce(t, records...).Changes.Made, want)
	slices.Reverse(records)
	r := reduce(t, records...)
	checkJSON(t, "made, in another order", r.Changes.Made, want)
	checkJSON(t, "made, as history keeps it", r.Rollup().Changes.Made, want)
	if r.Changes.Commits != 2 || r.Changes.Pushes != 2 {
		t.Errorf("%d commits and %d pushes, want 2 and 2", r.Changes.Commits, r.Changes.Pushes)
	}
}

func TestCommands(t *testing.T) {
	r := reduce(t, ran(1, "go test", 1), ran(2, "go test", 0), ran(3, "git commit", 99_999_999), asked(4, 1, 1, true))
	checkJSON(t, "commands", r.Commands, `{"git commit":{"calls":1,"errors":1,"exit_codes":{"99999999":1}},"go test":{"calls":2,"errors":1,"exit_codes":{"0":1,"1":1}}}`)
}

// TestExplain wants the counted lines to add up to the total, and each line
// that tells of a call once.
func TestExplain(t *testing.T) {
	c := NewCollector(flat{})
	c.Explain = true
	for _, r := range []trace.Record{
		rec("a:1", &trace.Call{ID: "c1", Model: "m1", Usage: tokens(10, 1)}),
		rec("a:2", &trace.Call{ID: "c1", Model: "m1", Usage: tokens(10, 5)}),
		rec("a:3", &trace.Call{ID: "c2", Model: "m1", Usage: tokens(20, 7)}),
		rec("a:4", &trace.Call{ID: "c3", Model: "m1", Partial: true, Usage: tokens(99, 99)}),
		rec("a:5", &trace.Totals{Usage: tokens(30, 1)}),
		in("other", rec("b:1", &trace.Totals{Usage: tokens(5, 1)})),
	} {
		c.Add(r)
	}
	e := c.Runs()[0].Run.Explained
	checkJSON(t, "calls", e.Calls, `[{"file":"a","line":1,"format":"test/format","name":"m1","usage":{"input_tokens":10,"output_tokens":5},"counted":true,"merged":[{"file":"a","line":2}]},`+
		`{"file":"a","line":3,"format":"test/format","name":"m1","usage":{"input_tokens":20,"output_tokens":7},"counted":true},`+
		`{"file":"a","line":4,"format":"test/format","name":"m1","usage":{"input_tokens":99,"output_tokens":99},"counted":false,"why":"cut off: its usage is not known as a whole"}]`)
	checkJSON(t, "totals", e.Totals, `[{"file":"a","line":5,"format":"test/format","usage":{"input_tokens":30,"output_tokens":1},"counted":false,"why":"the calls add up to as much or to more; it fills in what they do not say"}]`)
	checkJSON(t, "not used", e.NotUsed, `[{"format":"other","usage":{"input_tokens":5,"output_tokens":1},"counted":false,"why":"another source knows of as many tokens or of more"}]`)
}
