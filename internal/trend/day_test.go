package trend_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/andon-ci/andon/internal/trend"
	"github.com/andon-ci/andon/internal/trend/factory"
	"github.com/andon-ci/andon/schemas"
)

// busy is a factory in which much happens.
func busy(days int) factory.Plan {
	a := agent("review")
	a.Effects = []factory.Effect{
		{Kind: factory.CostRun, Day: 20, Size: 12}, {Kind: factory.ErrorRate, Day: 30, Size: 0.2}, {Kind: factory.Loop, Day: 25, Size: 15},
		{Kind: factory.Instructions, Day: 40}, {Kind: factory.OverrideRate, Day: 40, Size: 0.4}, {Kind: factory.Burst, Day: 35, Size: 60},
	}
	return factory.Plan{Seed: 1, Start: start, Days: days, Agents: []factory.Agent{a, agent("triage")}}
}

func encoded(t *testing.T, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestSummary holds a day that was kept to the day that was read: it has the same
// bytes again, and gives the same report.
func TestSummary(t *testing.T) {
	days, _ := factory.Simulate(busy(60))
	o := trend.Options{From: "2026-03-10", To: "2026-04-30"}
	first := read(t, days, 59)
	var second []*trend.Day
	for _, d := range first {
		raw := encoded(t, d)
		kept, err := trend.ReadDay(raw)
		if err != nil {
			t.Fatal(err)
		}
		if again := encoded(t, kept); !bytes.Equal(raw, again) {
			t.Fatalf("%s: %d bytes, then %d", d.Date(), len(raw), len(again))
		}
		second = append(second, kept)
	}
	slices.Reverse(second) // in any order
	a, b := encoded(t, trend.Analyse(first, o)), encoded(t, trend.Analyse(second, o))
	if !bytes.Equal(a, b) {
		t.Errorf("the reports differ:\n%.2000s\n%.2000s", a, b)
	}
	if again := encoded(t, trend.Analyse(first, o)); !bytes.Equal(a, again) {
		t.Error("the same days give another report")
	}
}

// TestDamagedSummary refuses a summary whose cells and runs do not agree.
func TestDamagedSummary(t *testing.T) {
	d := day(t, `{"run_id":"1","agent":{"name":"a"},"repository":"o/r","status":"success"}`, `{"run_id":"2","agent":{"name":"b"},"repository":"o/r","status":"success"}`)
	var form map[string]any
	if err := json.Unmarshal(encoded(t, d), &form); err != nil {
		t.Fatal(err)
	}
	bytesOf := func(field string) []byte {
		raw, err := base64.StdEncoding.DecodeString(form[field].(string))
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	cells, runs := bytesOf("cells"), bytesOf("runs")
	first := len(cells) / 2
	waits := slices.Replace(slices.Clone(cells[:first]), first-2, first, 0xff, 0xff, 0xff, 0x7f, 1)
	for _, tt := range []struct {
		name        string
		cells, runs any
		bad         bool
	}{
		{"whole", cells, runs, false},
		{"one cell", cells[:first], runs[:len(runs)/2], false},
		{"no cell", nil, nil, false},
		{"cut off", cells[:len(cells)-1], runs, true},
		{"cut off in an amount", cells[:first-6], runs[:15], true},
		{"a run too many", cells[:first], runs, true},
		{"a run too few", cells, runs[:15], true},
		{"half a run", cells, runs[:len(runs)-1], true},
		{"waits that are not there", waits, runs[:15], true},
		{"no base64", "!", runs, true},
		{"no string", cells, 7, true},
	} {
		form["cells"], form["runs"] = tt.cells, tt.runs
		if _, err := trend.ReadDay(encoded(t, form)); (err != nil) != tt.bad {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// TestReportIsValid holds a report to its schema.
func TestReportIsValid(t *testing.T) {
	raw, err := schemas.Get("report")
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("report.json", bytes.NewReader(raw)); err != nil {
		t.Fatal(err)
	}
	days, _ := factory.Simulate(busy(60))
	r := trend.Analyse(read(t, days, 59), trend.Options{From: "2026-03-02", To: "2026-04-30"})
	for name, r := range map[string]*trend.Report{"busy": r, "empty": trend.Analyse(nil, trend.Options{From: "2026-03-02", To: "2026-04-30"})} {
		var doc any
		if err := json.Unmarshal(encoded(t, r), &doc); err != nil {
			t.Fatal(err)
		}
		if err := c.MustCompile("report.json").Validate(doc); err != nil {
			t.Errorf("%s: %#v", name, err)
		}
	}
	rules := map[string]bool{}
	for _, f := range r.Findings {
		rules[f.Rule] = true
	}
	for _, want := range []string{"anomaly/cost", "anomaly/error-rate", "anomaly/spend", "change/instructions"} {
		if !rules[want] {
			t.Errorf("no %s among %v", want, rules)
		}
	}
	if len(r.Improve.Roles) == 0 || len(r.Improve.Patterns) != 1 || r.Improve.Patterns[0].Text != "exit: step N failed after N s" {
		t.Errorf("improve: %+v", r.Improve)
	}
}

// day makes a day of lines.
func day(t *testing.T, lines ...string) *trend.Day {
	t.Helper()
	d := trend.NewDay("2026-03-02")
	for _, l := range lines {
		if err := d.AddRun([]byte(l)); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func report(days ...*trend.Day) *trend.Report {
	return trend.Analyse(days, trend.Options{From: "2026-03-01", To: "2026-03-10"})
}

// TestAddRun holds the sums to the lines, of which some come twice and some are
// no rollups.
func TestAddRun(t *testing.T) {
	one := `{"run_id":"1","agent":{"name":"a"},"repository":"o/r","models":["m"],"start":"2026-03-02T10:00:00Z","end":"2026-03-02T10:01:00.5Z","status":"success","cost":{"usd":0.5},"workflow_run":{"id":"7","attempt":"1"},"decision":{"kind":"approve"},"usage":{"input_tokens":10,"cache_read_tokens":30},"tool_calls":4,"tool_errors":1}`
	again := `{"run_id":"1","agent":{"name":"a"},"repository":"o/r","status":"success","workflow_run":{"id":"7","attempt":"2"},"start":"2026-03-02T11:00:00Z"}`
	failed := `{"run_id":"2","agent":{"name":"a"},"repository":"o/r","status":"failure","cost":{"usd":0.25,"partial":true}}`
	d := day(t, one, one, again, failed)
	for _, bad := range []string{"", "[]", "{", `{"x":1}`, one + one} {
		if d.AddRun([]byte(bad)) == nil {
			t.Errorf("%q is taken for a run", bad)
		}
	}
	r := report(d)
	g := r.By.Agent[0]
	if r.Coverage.Runs != 3 || r.Coverage.Invalid != 5 || g.Runs != 3 || *g.CostUSD != 0.75 || *g.WastedUSD != 0.25 || g.Unpriced != 2 {
		t.Errorf("coverage %+v, group %+v", r.Coverage, g)
	}
	if g.Success.Count != 2 || g.Success.Of != 3 || g.CacheHit.Value != 0.75 || g.ToolError.Value != 0.25 || g.Override.Count != 0 || g.Override.Of != 1 {
		t.Errorf("success %+v, cache %+v, tools %+v, overrides %+v", g.Success, g.CacheHit, g.ToolError, g.Override)
	}
	if p50 := g.DurationMS.P50; p50 < 60_000 || p50 > 61_000 {
		t.Errorf("duration %v", p50)
	}
	if g.Agreement != nil || g.CostPerMerge != nil {
		t.Error("there is a figure of nothing")
	}
}

// TestOverride links overrides to their runs: by the id, or by agent and time; an
// act about no run that is known is no hit.
func TestOverride(t *testing.T) {
	runs := day(t)
	for i := range 4 {
		if err := runs.AddRun(fmt.Appendf(nil, `{"run_id":"%d","agent":{"name":"a"},"repository":"O/r","status":"success","start":"2026-03-02T1%d:00:00Z","decision":{"kind":"approve"}}`, i, i)); err != nil {
			t.Fatal(err)
		}
	}
	later := trend.NewDay("2026-03-04")
	for _, l := range []string{
		`{"id":"x","time":"2026-03-04T10:00:00Z","repository":"o/r","signal":"revert","agent":{"name":"a"},"run_id":"0"}`,
		`{"id":"y","time":"2026-03-04T10:00:00Z","repository":"o/r","signal":"review_dismissed","agent":{"name":"a"},"run_id":"0"}`,
		`{"id":"z","time":"2026-03-04T10:00:00Z","repository":"O/r","signal":"revert","agent":{"name":"a"},"decision":{"kind":"approve","time":"2026-03-02T12:00:30Z"}}`,
		`{"id":"u","time":"2026-03-04T10:00:00Z","repository":"o/r","signal":"revert","agent":{"name":"a"},"run_id":"unknown"}`,
		`{"id":"g","time":"2026-03-04T10:00:00Z","repository":"o/r","signal":"revert","agent":{"name":"ghost"}}`,
		`{"id":"v","time":"2026-04-04T10:00:00Z","repository":"o/r","signal":"revert","agent":{"name":"a"},"run_id":"3"}`,
		`{"id":"z","time":"2026-03-04T10:00:00Z","repository":"O/r","signal":"revert","agent":{"name":"a"},"decision":{"kind":"approve","time":"2026-03-02T12:00:30Z"}}`,
	} {
		if err := later.AddOverride([]byte(l)); err != nil {
			t.Fatal(err)
		}
	}
	if err := later.AddAgreement([]byte(`{"id":"w","time":"2026-03-04T11:00:00Z","repository":"O/r","signal":"merged_as_approved","subject":{"kind":"pull_request","number":3},"agent":{"name":"a"},"run_id":"1"}`)); err != nil {
		t.Fatal(err)
	}
	r := report(runs, later)
	if o := r.By.Agent[0].Override; o.Count != 2 || o.Of != 4 {
		t.Errorf("overrides %+v", o)
	}
	if a := r.By.Agent[0].Agreement; a.Count != 1 || a.Of != 3 {
		t.Errorf("agreements %+v", a)
	}
	if *r.Coverage.Overrides != 5 || r.Coverage.Unlinked != 2 { // that of April is not known yet
		t.Errorf("coverage %+v", r.Coverage)
	}
}

// TestLateOverrides sees to it that overrides that are yet to come do not look like
// a rate that falls.
func TestLateOverrides(t *testing.T) {
	a := agent("slow")
	a.Overrides, a.OverrideDays = 0.3, 12
	days, _ := factory.Simulate(factory.Plan{Seed: 4, Start: start, Days: 90, Agents: []factory.Agent{a}})
	for _, f := range analyse(t, days, 89, 90).Findings {
		if f.Rule == "drift/override-rate" {
			t.Errorf("%s", f.Message)
		}
	}
}

// TestFewRuns sees to it that a handful of runs is no verdict.
func TestFewRuns(t *testing.T) {
	a := agent("rare")
	a.RunsPerDay = 1
	a.Effects = []factory.Effect{{Kind: factory.ErrorRate, Day: 8, Size: 0.9}}
	days, _ := factory.Simulate(factory.Plan{Seed: 4, Start: start, Days: 12, Agents: []factory.Agent{a}})
	r := analyse(t, days, 11, 90)
	if len(r.Findings) > 0 || !r.By.Agent[0].Success.Few {
		t.Errorf("%+v of %+v", r.Findings, r.By.Agent[0].Success)
	}
}

func FuzzDay(f *testing.F) {
	f.Add([]byte(`{"run_id":"1","agent":{"name":"a"},"models":["m","n"],"start":"2026-03-02T10:00:00.123Z","status":"timeout","cost":{"usd":1e300},"usage":{"input_tokens":-1},"tools":{"x":{"calls":9223372036854775807,"errors":1}},"error":{"type":"\u0000","message":"` + "\xff" + `"},"decision":{"kind":"close","summary":"s"}}`))
	f.Add([]byte(`{"run_id":"1","agent":{"name":"a"},"start":"2026-03-02T10:00:00Z","tools":{"x":{"calls":2,"errors":1,"duration_ms":5}},"files":["f"],"workflow_run":{"id":7,"attempt":"1","created_at":"2026-03-02T09:59:00Z"}}`))
	f.Add([]byte(`{"signal":"revert","run_id":"1","time":"2026-03-02T10:00:00Z"}`))
	f.Add([]byte(`{"date":"2026-03-02","names":["","a"],"cells":"AAECAwQFBgcAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB","runs":"AAAAAAAAAAAAAAAAAAAA","marks":[{"id":"AAAAAAAA","cell":9}]}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		d := trend.NewDay("2026-03-02")
		_ = d.AddRun(line)
		_ = d.AddOverride(line)
		_ = d.AddAgreement(line)
		_ = d.AddCoverage(line)
		raw := encoded(t, d)
		kept, err := trend.ReadDay(raw)
		if err != nil {
			t.Fatalf("%v: %s", err, raw)
		}
		if again := encoded(t, kept); !bytes.Equal(raw, again) {
			t.Fatalf("not the same:\n%s\n%s", raw, again)
		}
		encoded(t, report(d))
		if hostile, err := trend.ReadDay(line); err == nil {
			_ = hostile.AddRun([]byte(`{"run_id":"1","agent":{"name":"a"}}`))
			encoded(t, report(hostile))
			encoded(t, hostile)
		}
	})
}

// BenchmarkAddRun reads rollups of the usual length.
func BenchmarkAddRun(b *testing.B) {
	days, _ := factory.Simulate(factory.Plan{Seed: 1, Start: start, Days: 20, Agents: []factory.Agent{agent("a"), agent("b")}})
	var lines [][]byte
	size := 0
	for _, d := range days {
		lines = append(lines, d.Runs...)
	}
	for _, l := range lines {
		size += len(l)
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		d := trend.NewDay(start.Format(time.DateOnly))
		for _, l := range lines {
			if err := d.AddRun(l); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(len(lines))*float64(b.N)/b.Elapsed().Seconds(), "runs/s")
}

// BenchmarkAnalyse judges a quarter of eight agents, from days and from their
// summaries.
func BenchmarkAnalyse(b *testing.B) {
	plan := factory.Plan{Seed: 1, Start: start, Days: 90}
	for i := range 8 {
		a := agent(fmt.Sprintf("role-%d", i))
		a.RunsPerDay = 300
		plan.Agents = append(plan.Agents, a)
	}
	days, _ := factory.Simulate(plan)
	read := read(b, days, 89)
	var kept [][]byte
	runs := 0
	for i, d := range read {
		raw, err := json.Marshal(d)
		if err != nil {
			b.Fatal(err)
		}
		kept = append(kept, raw)
		runs += len(days[i].Runs)
	}
	o := trend.Options{From: "2026-03-02", To: "2026-05-30"}
	b.Run("days", func(b *testing.B) {
		for b.Loop() {
			trend.Analyse(read, o)
		}
		b.ReportMetric(float64(runs)*float64(b.N)/b.Elapsed().Seconds(), "runs/s")
	})
	b.Run("summaries", func(b *testing.B) {
		for b.Loop() {
			var all []*trend.Day
			for _, raw := range kept {
				d, err := trend.ReadDay(raw)
				if err != nil {
					b.Fatal(err)
				}
				all = append(all, d)
			}
			trend.Analyse(all, o)
		}
		b.ReportMetric(float64(runs)*float64(b.N)/b.Elapsed().Seconds(), "runs/s")
	})
}
