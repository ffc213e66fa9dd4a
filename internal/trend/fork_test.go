package trend_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/andon-ci/andon/internal/trend"
	"github.com/andon-ci/andon/internal/trend/factory"
)

// withForks adds to each day what strangers would write: runs of the same agent
// that fail, cost a fortune and call tools in vain, and acts of people about them.
func withForks(days []factory.Day) []factory.Day {
	days = slices.Clone(days)
	for i, d := range days {
		d.Runs, d.Overrides = slices.Clone(d.Runs), slices.Clone(d.Overrides)
		for n := range 30 {
			at, id := d.Date.Format("2006-01-02"), fmt.Sprintf("fork-%d-%d", i, n)
			d.Runs = append(d.Runs, fmt.Appendf(nil, `{"run_id":%q,"repository":"o/a","agent":{"name":"review"},"models":["m"],"start":"%sT12:%02d:00Z","status":"failure","duration_ms":9e6,"cost":{"usd":900},"tool_calls":9,"tool_errors":9,"tools":{"Forged":{"calls":9,"errors":9}},"error":{"type":"forged","message":"forged"},"decision":{"kind":"approve","summary":"forged"},"subject":{"kind":"pull_request","number":%d},"workflow_run":{"id":"9%d%d","attempt":"1","fork":true}}`, id, at, n, n, i, n))
			d.Overrides = append(d.Overrides, fmt.Appendf(nil, `{"id":"f%d-%d","time":"%sT13:00:00Z","repository":"o/a","agent":{"name":"review"},"run_id":%q,"signal":"merged_despite_changes_requested","subject":{"kind":"pull_request","number":%d},"decision":{"kind":"approve"}}`, i, n, at, id, n))
		}
		days[i] = d
	}
	return days
}

// TestForksApart holds a report of a history with forks to the one without: but
// for the coverage it is the same, whether days were read or kept.
func TestForksApart(t *testing.T) {
	days, _ := factory.Simulate(busy(60))
	o := trend.Options{From: "2026-03-10", To: "2026-04-30"}
	want := encoded(t, trend.Analyse(read(t, days, 59), o))
	all := read(t, withForks(days), 59)
	for range 2 {
		got := trend.Analyse(all, o)
		if f := got.Coverage.Forks; f == nil || f.Counted || f.Runs != 52*30 || f.Overrides != 52*30 {
			t.Errorf("%+v", f)
		}
		got.Coverage.Forks = nil
		if raw := encoded(t, got); !bytes.Equal(raw, want) {
			t.Errorf("forks move the report:\n%.3000s\n%.3000s", raw, want)
		}
		for i, d := range all {
			kept, err := trend.ReadDay(encoded(t, d))
			if err != nil || kept.Lines() != d.Lines() {
				t.Fatal(err, d.Lines())
			}
			all[i] = kept
		}
	}
}

// TestForksCounted counts what comes from forks where it is asked for.
func TestForksCounted(t *testing.T) {
	days, _ := factory.Simulate(busy(60))
	o := trend.Options{From: "2026-03-10", To: "2026-04-30", Forks: true}
	without := trend.Analyse(read(t, days, 59), o)
	got := trend.Analyse(read(t, withForks(days), 59), o)
	if f := got.Coverage.Forks; f == nil || !f.Counted || got.Totals.Runs != without.Totals.Runs+f.Runs || *got.Coverage.Overrides != *without.Coverage.Overrides+f.Overrides {
		t.Errorf("%+v, %d runs of %d", f, got.Totals.Runs, without.Totals.Runs)
	}
	if without.Coverage.Forks != nil {
		t.Errorf("there are none: %+v", without.Coverage.Forks)
	}
}

// TestDayLines counts each line that is added, whatever it comes to.
func TestDayLines(t *testing.T) {
	d := trend.NewDay("2026-11-20")
	run, act := []byte(`{"run_id":"1","repository":"o/r"}`), []byte(`{"id":"1","signal":"revert"}`)
	add := []error{
		d.AddRun(run), d.AddRun(run), d.AddOverride(act), d.AddOverride(act), d.AddAgreement(act),
		d.AddCoverage([]byte(`{"state":"suppressed","traces":7}`)), d.AddCoverage([]byte(`{"state":"other"}`)),
	}
	bad := []error{d.AddRun(nil), d.AddRun([]byte(`{}`)), d.AddOverride([]byte(`{}`)), d.AddCoverage([]byte(`[]`))}
	if d.Lines() != int64(len(add)+len(bad)) || slices.ContainsFunc(add, func(err error) bool { return err != nil }) || slices.Contains(bad, nil) {
		t.Errorf("%d lines, %v, %v", d.Lines(), add, bad)
	}
}
