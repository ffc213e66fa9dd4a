package otlp_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/otlp"
	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

// metered returns the points of a metric of runs.
func metered(name string, repository func(i int) string, runs ...*session.Run) []otlp.Point {
	m := otlp.NewMeter(otlp.Stable)
	for i, r := range runs {
		m.Add(&session.Session{Repository: repository(i), Runs: []*session.Run{r}}, &otlp.Pipeline{})
	}
	for _, x := range m.Metrics() {
		if x.Name == name {
			return x.Points
		}
	}
	return nil
}

func sumOf(list []otlp.Point) float64 {
	sum := 0.0
	for _, p := range list {
		sum += p.Value
	}
	return sum
}

func failedCalls(n int) *session.Run {
	run := &session.Run{ID: "r", Status: trace.Success}
	for i := range n {
		run.Steps = append(run.Steps, session.Step{Kind: session.StepTool, ID: strconv.Itoa(i), Name: "tool" + strconv.Itoa(i), Failed: true})
	}
	return run
}

// TestValues holds that names which agents choose do not make series without
// end, that the first of them keep theirs, and that nothing is lost.
func TestValues(t *testing.T) {
	points := metered("andon.tool.errors", func(int) string { return "o/r" }, failedCalls(5000))
	if len(points) != 101 || sumOf(points) != 5000 {
		t.Errorf("%d series, %v errors", len(points), sumOf(points))
	}
	for _, p := range points {
		for _, a := range p.Attrs {
			if a.Key == "gen_ai.tool.name" && a.Value == "other" && p.Value != 4900 || a.Value == "tool100" {
				t.Errorf("%v of %v", p.Value, a.Value)
			}
		}
	}
}

// TestSeries holds that there are at most a thousand of a metric, whatever tells
// them apart.
func TestSeries(t *testing.T) {
	runs := make([]*session.Run, 50)
	for i := range runs {
		runs[i] = failedCalls(50)
	}
	points := metered("andon.tool.errors", func(i int) string { return "o/r" + strconv.Itoa(i) }, runs...)
	if len(points) != 1000 || sumOf(points) != 2500 {
		t.Errorf("%d series, %v errors", len(points), sumOf(points))
	}
}

// TestProse holds that what is no name is no label.
func TestProse(t *testing.T) {
	for _, tc := range []struct{ agent, tool, wantAgent, wantTool string }{
		{"Security Review", "mcp__github__get_issue", "Security Review", "mcp__github__get_issue"},
		{"a\nb", "see the file", "other", "other"},
		{strings.Repeat("x", 101), strings.Repeat("y", 101), "other", "other"},
	} {
		run := &session.Run{ID: "r", Agent: trace.Agent{Name: tc.agent}, Steps: []session.Step{{Kind: session.StepTool, Name: tc.tool}}}
		points := metered("andon.tool.calls", func(int) string { return "o/r" }, run)
		got := map[string]any{}
		for _, a := range points[0].Attrs {
			got[a.Key] = a.Value
		}
		if got["gen_ai.agent.name"] != tc.wantAgent || got["gen_ai.tool.name"] != tc.wantTool {
			t.Errorf("got %v", got)
		}
	}
}

// TestRollupTools holds that the tool calls of a run are as many as it counts,
// also where its tools do not say which they were.
func TestRollupTools(t *testing.T) {
	run := &session.Run{ID: "r", ToolCalls: trace.Measured(10), ToolErrors: trace.Measured(3), Tools: map[string]session.ToolStat{"Bash": {Calls: 6, Errors: 2}}}
	one := func(int) string { return "o/r" }
	calls, errors := metered("andon.tool.calls", one, run), metered("andon.tool.errors", one, run)
	if sumOf(calls) != 10 || sumOf(errors) != 3 || len(calls) != 2 {
		t.Errorf("%v calls, %v errors: %v", sumOf(calls), sumOf(errors), calls)
	}
}

// TestMerge holds that what was kept of some days and added to others gives the
// same as adding up all of them, whatever the profile, and that what cannot be
// is refused.
func TestMerge(t *testing.T) {
	p, r := pipeline(), read(t, filepath.Join(recordings, "claude-stream-json"), pullRequest())
	for _, profile := range []otlp.Profile{otlp.Stable, otlp.Next} {
		whole, early, late := otlp.NewMeter(profile), otlp.NewMeter(otlp.Both), otlp.NewMeter(profile)
		for _, s := range r.Sessions {
			whole.Add(s, &p)
			early.Add(s, &p)
		}
		whole.AddOverride(record())
		late.AddOverride(record())
		kept, err := json.Marshal(early)
		if err != nil {
			t.Fatal(err)
		}
		if err := late.Merge(kept); err != nil {
			t.Fatal(err)
		}
		var want, got bytes.Buffer
		if otlp.WritePrometheus(&want, whole.Metrics()) != nil || otlp.WritePrometheus(&got, late.Metrics()) != nil || want.String() != got.String() || !late.First().Equal(whole.First()) {
			t.Errorf("%s: got\n%s\nwant\n%s", profile, got.String(), want.String())
		}
	}
}

func TestMergeHostile(t *testing.T) {
	for _, bad := range []string{
		`[]`, `{"series":[{"name":"andon.turns","sum":1e308,"buckets":[0,0,0,0,0,0,0,0,0,0]}]}`, `{"series":[{"name":"andon.runs","value":-1}]}`, `{"series":[{"name":"andon.turns","buckets":[1]}]}`, `{"series":[{"name":"andon.runs","value":1e300}]}`,
		`{"series":[{"name":"andon.turns","buckets":[18446744073709551615,0,0,0,0,0,0,0,0,0]}]}`, `{"series":[{"name":"andon.runs","value":1,"attributes":[["a"]]}]}x`,
	} {
		if err := otlp.NewMeter(otlp.Stable).Merge([]byte(bad)); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
	m := otlp.NewMeter(otlp.Stable)
	if err := m.Merge([]byte(`{"series":[{"name":"not.ours","value":1},{"name":"andon.runs","value":2,"attributes":[["x","a\nb"],["otel.metric.overflow","true"]]}]}`)); err != nil {
		t.Fatal(err)
	}
	list := m.Metrics()
	if len(list) != 1 || list[0].Points[0].Value != 2 || list[0].Points[0].Attrs[0].Value != "other" || list[0].Points[0].Attrs[1].Value != true {
		t.Errorf("got %v", list)
	}
}

// FuzzMerge holds that no totals make a Meter fail, and that what one takes it
// writes so that another takes it.
func FuzzMerge(f *testing.F) {
	f.Add([]byte(`{"first":"2026-11-20T00:00:00Z","series":[{"name":"andon.runs","value":2,"attributes":[["otel.metric.overflow","true"]]}]}`))
	f.Add([]byte(`{"series":[{"name":"andon.turns","sum":3,"buckets":[1,0,0,0,0,0,0,0,0,1],"attributes":[["gen_ai.agent.name","a"]]}]}`))
	f.Add([]byte(`{"series":[{"name":"andon.runs","value":9007199254740992},{"name":"andon.runs","value":9007199254740992}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m := otlp.NewMeter(otlp.Both)
		if m.Merge(raw) != nil {
			return
		}
		kept, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if err := otlp.NewMeter(otlp.Both).Merge(kept); err != nil {
			t.Fatalf("%v\n%s", err, kept)
		}
	})
}
