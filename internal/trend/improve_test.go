package trend_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/trend"
)

// dayOf is a day of the lines of runs, as a summary of it gives it back.
func dayOf(t *testing.T, date string, runs ...string) *trend.Day {
	t.Helper()
	d := trend.NewDay(date)
	for _, line := range runs {
		if err := d.AddRun([]byte(line)); err != nil {
			t.Fatalf("%v\n%s", err, line)
		}
	}
	kept, err := trend.ReadDay(encoded(t, d))
	if err != nil {
		t.Fatal(err)
	}
	return kept
}

// TestTools says how the calls of a tool went, and leads to where most failed.
func TestTools(t *testing.T) {
	run := func(id int, status, tools string) string {
		return fmt.Sprintf(`{"run_id":"%d","repository":"o/r","agent":{"name":"fix"},"start":"2026-11-20T09:00:00Z","status":%q,"cost":{"usd":2},"tools":%s,"workflow_run":{"id":"7%d"}}`, id, status, tools, id)
	}
	d := dayOf(t, "2026-11-20",
		run(1, "success", `{"Bash":{"calls":10,"errors":1,"duration_ms":500},"Read":{"calls":3,"errors":0}}`),
		run(2, "failure", `{"Bash":{"calls":20,"errors":5,"duration_ms":700}}`),
		run(3, "success", `{"Bash":{"calls":10,"errors":0}}`))
	got := trend.Analyse([]*trend.Day{d}, trend.Options{From: "2026-11-20", To: "2026-11-20"}).Improve.Tools
	if len(got) != 1 {
		t.Fatalf("%+v", got)
	}
	c := got[0]
	if c.Tool != "Bash" || c.Calls != 40 || c.Errors != 6 || c.Runs != 3 || c.Failed != 1 || c.DurationMS != 1200 || *c.WastedUSD != 2 || c.ErrorRate.Value != 0.15 {
		t.Errorf("%+v %v", c, *c.ErrorRate)
	}
	if len(c.Evidence) != 1 || c.Evidence[0].URL != "https://github.com/o/r/actions/runs/72" {
		t.Errorf("%+v", c.Evidence)
	}
}

// TestWasted divides what was spent in vain: a run counts once.
func TestWasted(t *testing.T) {
	run := func(id int, status, findings string) string {
		return fmt.Sprintf(`{"run_id":"%d","repository":"o/r","agent":{"name":"a"},"start":"2026-11-20T09:00:00Z","status":%q,"cost":{"usd":1},"decision":{"kind":"approve"},"findings":[%s]}`, id, status, findings)
	}
	loop := `{"rule":"failure/tool-loop"}`
	d := trend.NewDay("2026-11-20")
	for _, line := range []string{run(1, "success", ""), run(2, "failure", loop), run(3, "success", loop), run(4, "success", "")} {
		if err := d.AddRun([]byte(line)); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []int{2, 3, 4} {
		if err := d.AddOverride(fmt.Appendf(nil, `{"id":"%d","repository":"o/r","run_id":"%d","agent":{"name":"a"},"signal":"revert","time":"2026-11-20T10:00:00Z"}`, id, id)); err != nil {
			t.Fatal(err)
		}
	}
	g := trend.Analyse([]*trend.Day{d}, trend.Options{From: "2026-11-20", To: "2026-11-20"}).Totals
	if got, _ := json.Marshal(g.Wasted); *g.WastedUSD != 3 || string(got) != `{"failed_usd":1,"looped_usd":1,"overridden_usd":1}` {
		t.Errorf("%v %s", *g.WastedUSD, got)
	}
	if g.Override.Count != 3 || g.Agreement != nil {
		t.Errorf("a history without agreements: %+v %+v", g.Override, g.Agreement)
	}
}

// TestWastedEvidence leads to what failed and to what was overruled, and of the
// runs that failed to the dearest.
func TestWastedEvidence(t *testing.T) {
	var runs []string
	for id := range 8 {
		status := "failure"
		if id >= 4 {
			status = "success"
		}
		runs = append(runs, fmt.Sprintf(`{"run_id":"%d","repository":"o/r","agent":{"name":"a"},"start":"2026-11-20T09:00:00Z","status":%q,"cost":{"usd":%d},"decision":{"kind":"approve"},"workflow_run":{"id":"7%d"}}`, id, status, id+1, id))
	}
	d := dayOf(t, "2026-11-20", runs...)
	for id := 4; id < 8; id++ {
		if err := d.AddOverride(fmt.Appendf(nil, `{"id":"%d","repository":"o/r","run_id":"%d","agent":{"name":"a"},"signal":"revert","time":"2026-11-20T10:00:00Z","evidence":[{"url":"https://github.com/o/r/pull/%d"}]}`, id, id, id)); err != nil {
			t.Fatal(err)
		}
	}
	r := trend.Analyse([]*trend.Day{d}, trend.Options{From: "2026-11-20", To: "2026-11-20"})
	got := ""
	for _, e := range r.Improve.Roles[0].Evidence {
		got += strings.TrimPrefix(e.URL, "https://github.com/o/r/") + " "
	}
	if want := "actions/runs/73 pull/7 actions/runs/72 pull/6 actions/runs/71 "; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestWait takes the first run of a workflow run, and none of a new attempt.
func TestWait(t *testing.T) {
	run := func(id, workflow int, attempt, start, created string) string {
		return fmt.Sprintf(`{"run_id":"%d","repository":"o/r","agent":{"name":"a"},"start":%q,"status":"success","workflow_run":{"id":"%d","attempt":%q,"created_at":%q}}`, id, start, workflow, attempt, created)
	}
	d := dayOf(t, "2026-11-20",
		run(1, 1, "1", "2026-11-20T09:03:00Z", "2026-11-20T09:00:00Z"),
		run(2, 1, "1", "2026-11-20T09:01:00Z", "2026-11-20T09:00:00Z"),
		run(3, 2, "2", "2026-11-20T12:00:00Z", "2026-11-20T09:00:00Z"),
		run(4, 3, "1", "2026-11-20T08:59:00Z", "2026-11-20T09:00:00Z"),
		run(5, 4, "1", "2026-11-20T09:02:00Z", ""))
	s := trend.Analyse([]*trend.Day{d}, trend.Options{From: "2026-11-20", To: "2026-11-20"}).Totals.WaitMS
	if s == nil || s.N != 1 || s.P50 < 59_000 || s.P50 > 61_000 {
		t.Errorf("%+v", s)
	}
}
