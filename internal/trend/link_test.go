package trend_test

import (
	"fmt"
	"testing"

	"github.com/andon-ci/andon/internal/trend"
)

// TestLinkShared counts an override once where attempts or agents share a run_id: for
// the agent's last run that had decided by then.
func TestLinkShared(t *testing.T) {
	run := func(agent string, attempt, hour int) string {
		return fmt.Sprintf(`{"run_id":"r","repository":"o/r","agent":{"name":%q},"start":"2026-11-20T%02d:00:00Z","status":"success","decision":{"kind":"approve"},"workflow_run":{"id":"1","attempt":"%d"}}`, agent, hour, attempt)
	}
	d := dayOf(t, "2026-11-20", run("a", 1, 9), run("a", 2, 10), run("a", 3, 14), run("b", 1, 11))
	override := `{"id":"o","time":"2026-11-20T13:00:00Z","repository":"o/r","signal":"revert","agent":{"name":"a"},"run_id":"r"}`
	if err := d.AddOverride([]byte(override)); err != nil {
		t.Fatal(err)
	}
	r := trend.Analyse([]*trend.Day{d}, trend.Options{From: "2026-11-20", To: "2026-11-20"})
	for _, g := range r.By.Agent {
		if want := map[string]int64{"a": 1, "b": 0}[g.Name]; g.Override.Count != want {
			t.Errorf("%s: %d of %d overridden, want %d", g.Name, g.Override.Count, g.Override.Of, want)
		}
	}
}

// TestLinkUndecided counts no override among the decisions whose run the history knows
// no decision of, and says that there is one.
func TestLinkUndecided(t *testing.T) {
	run := func(id, decision string) string {
		return fmt.Sprintf(`{"run_id":%q,"repository":"o/r","agent":{"name":"a"},"start":"2026-11-20T09:00:00Z","status":"success"%s}`, id, decision)
	}
	d := dayOf(t, "2026-11-20", run("decided", `,"decision":{"kind":"approve"}`), run("not", ""), run("neither", ""))
	for _, id := range []string{"not", "neither"} {
		if err := d.AddOverride(fmt.Appendf(nil, `{"id":%q,"time":"2026-11-20T13:00:00Z","repository":"o/r","signal":"revert","agent":{"name":"a"},"run_id":%[1]q}`, id)); err != nil {
			t.Fatal(err)
		}
	}
	r := trend.Analyse([]*trend.Day{d}, trend.Options{From: "2026-11-20", To: "2026-11-20"})
	if o := r.Totals.Override; o == nil || o.Count != 0 || o.Of != 1 || r.Coverage.Unlinked != 2 || *r.Totals.Series[0].Overridden != 0 {
		t.Errorf("%+v %+v", o, r.Coverage)
	}
}
