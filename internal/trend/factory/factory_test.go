package factory_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/trend/factory"
)

var (
	out  = flag.String("out", "", "write a simulated history into this `FOLDER`")
	seed = flag.Uint64("seed", 1, "of the history that -out writes")
	runs = flag.Int("runs", 1_000_000, "how many runs it has, about")
)

// large is a factory of 90 days, 8 roles, 40 repositories and 5 models, in which
// a few things go wrong.
func large(seed uint64, runs int) factory.Plan {
	p := factory.Plan{Seed: seed, Start: time.Date(2026, 8, 23, 0, 0, 0, 0, time.UTC), Days: 90}
	var repositories []string
	for i := range 40 {
		repositories = append(repositories, fmt.Sprintf("octo/service-%02d", i))
	}
	var models []factory.Model
	for i := range 5 {
		models = append(models, factory.Model{Name: fmt.Sprintf("model-%c", 'a'+i), Share: 0.2, Cost: 0.3 * float64(i+1)})
	}
	for i := range 8 {
		p.Agents = append(p.Agents, factory.Agent{
			Name: fmt.Sprintf("role-%d", i), Repositories: repositories, Models: models,
			RunsPerDay: float64(runs) / 8 / (64 + 26*0.3), Weekend: 0.3, Office: i%2 == 0,
			Cost: 0.2 * float64(i+1), Latency: 60_000, Sigma: 0.35, Errors: 0.03,
			Decisions: []factory.Decision{{Kind: "approve", Share: 0.6}, {Kind: "request_changes", Share: 0.4}},
			Overrides: 0.1, OverrideDays: 1,
		})
	}
	p.Agents[1].Effects = []factory.Effect{{Kind: factory.CostRun, Day: 60, Size: 12}, {Kind: factory.ErrorRate, Day: 80, Size: 0.1}}
	p.Agents[2].Effects = []factory.Effect{{Kind: factory.Instructions, Day: 70}, {Kind: factory.OverrideRate, Day: 70, Size: 0.2}}
	p.Agents[3].Effects = []factory.Effect{{Kind: factory.CostDrift, Day: 60, Size: 0.01}}
	return p
}

// TestWrite writes a history, where -out asks for one.
func TestWrite(t *testing.T) {
	if *out == "" {
		t.Skip("-out FOLDER writes a history")
	}
	days, planted := factory.Simulate(large(*seed, *runs))
	t.Logf("seed %d", *seed)
	for _, p := range planted {
		t.Logf("%s %s: %s %g", p.Date, p.Agent, p.Kind, p.Size)
	}
	for _, d := range days {
		for kind, lines := range map[string][][]byte{"runs": d.Runs, "overrides": d.Overrides} {
			name := filepath.Join(*out, kind, d.Date.Format("2006/01/02")+".jsonl")
			err := os.MkdirAll(filepath.Dir(name), 0o755)
			if err == nil && len(lines) > 0 {
				err = os.WriteFile(name, append(bytes.Join(lines, []byte("\n")), '\n'), 0o644)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestSimulate holds a history to its seed.
func TestSimulate(t *testing.T) {
	text := func(seed uint64) string {
		days, _ := factory.Simulate(large(seed, 2000))
		var b bytes.Buffer
		for _, d := range days {
			for _, l := range append(d.Runs, d.Overrides...) {
				b.Write(l)
			}
		}
		return b.String()
	}
	a := text(1)
	if a != text(1) || a == text(2) {
		t.Error("a history does not follow from its seed")
	}
	if n := bytes.Count([]byte(a), []byte(`"run_id"`)); n < 1500 || n > 2900 {
		t.Errorf("%d runs and overrides", n)
	}
}
