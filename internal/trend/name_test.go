package trend_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/trend"
	"github.com/andon-ci/andon/internal/trend/factory"
)

// TestUnnamed judges an agent that nobody has named as what the program is
// called that ran it, as a session does.
func TestUnnamed(t *testing.T) {
	d := trend.NewDay("2026-03-02")
	for i, agent := range []string{`{"name":"review"}`, `{}`, `{"name":""}`, `null`} {
		if err := d.AddRun(fmt.Appendf(nil, `{"run_id":"%d","agent":%s,"runtime":{"name":"codex","version":"1"},"repository":"o/r","status":"success"}`, i, agent)); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.AddRun([]byte(`{"run_id":"x","repository":"o/r","status":"success"}`)); err != nil {
		t.Fatal(err)
	}
	r := trend.Analyse([]*trend.Day{d}, trend.Options{From: "2026-03-02", To: "2026-03-02"})
	var got []string
	for _, g := range r.By.Pair {
		got = append(got, fmt.Sprintf("%s %d", g.Name, g.Runs))
	}
	if want := "codex in o/r 3, review in o/r 1"; strings.Join(got, ", ") != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestDecisionEvidence holds what a finding about decisions leads to against the
// decisions: a run that decided nothing shows nothing of them.
func TestDecisionEvidence(t *testing.T) {
	a := agent("review")
	a.Effects = []factory.Effect{{Kind: factory.DecisionRate, Day: 40, Size: 0.6}, {Kind: factory.ErrorRate, Day: 40, Size: 0.3}}
	days, _ := factory.Simulate(factory.Plan{Seed: 4, Start: start, Days: 60, Agents: []factory.Agent{a}})
	decided := map[string]string{}
	for _, d := range days {
		for _, line := range d.Runs {
			var r struct {
				Files    []string
				Decision struct{ Kind string }
			}
			if err := json.Unmarshal(line, &r); err != nil {
				t.Fatal(err)
			}
			decided[r.Files[0]] = r.Decision.Kind
		}
	}
	shown := 0
	for _, f := range trend.Analyse(read(t, days, 59), trend.Options{From: "2026-03-02", To: "2026-04-30"}).Findings {
		for _, e := range f.Evidence {
			if f.Rule == "anomaly/decision-rate" && decided[e.File] != "request_changes" {
				t.Errorf("%s: %s decided %q", f.Message, e.File, decided[e.File])
			}
			shown++
		}
	}
	if shown == 0 {
		t.Error("no finding")
	}
}

// TestManyGroups keeps a report small whose runs have all instructions of their
// own, and says how many it leaves out.
func TestManyGroups(t *testing.T) {
	d := trend.NewDay("2026-03-02")
	for i := range 3000 {
		sha := fmt.Sprint(i)
		if i%10 == 0 {
			sha = "often"
		}
		if err := d.AddRun(fmt.Appendf(nil, `{"run_id":"%d","agent":{"name":"a","instructions":{"sha256":%q}},"repository":"o/r","status":"success"}`, i, sha)); err != nil {
			t.Fatal(err)
		}
	}
	r := trend.Analyse([]*trend.Day{d}, trend.Options{From: "2026-03-02", To: "2026-03-02"})
	all := r.By.Instructions
	if len(all) != 2000 || all[0].Name != "often" || all[0].Runs != 300 || r.By.LeftOut["instructions"] != 701 || len(r.By.LeftOut) != 1 {
		t.Errorf("%d groups, the first %s of %d runs; left out %v", len(all), all[0].Name, all[0].Runs, r.By.LeftOut)
	}
}
