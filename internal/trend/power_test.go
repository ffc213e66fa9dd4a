package trend_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/trend"
	"github.com/andon-ci/andon/internal/trend/factory"
)

var (
	seeds   = flag.Int("seeds", 0, "simulate so many factories for each line of the tables, instead of a few; -v prints them")
	lines   = flag.String("lines", "", "only the lines of the table that contain this")
	verbose = flag.Bool("told", false, "print what was found where nothing was planted, and where it was missed")
)

// start is a Monday.
var start = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// agent is a usual one.
func agent(name string) factory.Agent {
	return factory.Agent{
		Name: name, Repositories: []string{"octo/a", "octo/b"}, Models: []factory.Model{{Name: "large", Share: 1, Cost: 1}},
		RunsPerDay: 40, Weekend: 0.3, Cost: 0.4, Latency: 90_000, Sigma: 0.35, Errors: 0.03,
		Decisions: []factory.Decision{{Kind: "approve", Share: 0.6}, {Kind: "request_changes", Share: 0.3}, {Kind: "comment", Share: 0.1}},
		Overrides: 0.15, OverrideDays: 1.5,
	}
}

// read makes trend's days of simulated ones, up to one of them.
func read(t testing.TB, days []factory.Day, upTo int) []*trend.Day {
	t.Helper()
	var out []*trend.Day
	for _, d := range days[:upTo+1] {
		day := trend.NewDay(d.Date.Format(time.DateOnly))
		for _, line := range d.Runs {
			if err := day.AddRun(line); err != nil {
				t.Fatal(err)
			}
		}
		for _, line := range d.Overrides {
			if err := day.AddOverride(line); err != nil {
				t.Fatal(err)
			}
		}
		out = append(out, day)
	}
	return out
}

func analyse(t testing.TB, days []factory.Day, asOf, window int) *trend.Report {
	to := start.AddDate(0, 0, asOf)
	return trend.Analyse(read(t, days, asOf), trend.Options{From: to.AddDate(0, 0, 1-window).Format(time.DateOnly), To: to.Format(time.DateOnly)})
}

// trial is one line of the table: an effect, and by when it has to be found.
type trial struct {
	name   string
	change func(*factory.Agent)
	effect []factory.Effect // Day is that of the trial
	after  int              // days from the effect to the report
	rules  string           // that may name it
	least  float64          // recall
}

// found reports whether a finding names what was planted.
func found(r *trend.Report, p []factory.Planted, rules string) bool {
	for _, f := range r.Findings {
		if f.Subject.Agent != "planted" || !strings.Contains(rules, f.Rule) {
			continue
		}
		if p[0].RunID == "" || p[0].RunID == f.Subject.RunID {
			return true
		}
	}
	return false
}

func named(r *trend.Report, agent string) (out []finding.Finding) {
	for _, f := range r.Findings {
		if f.Subject.Agent == agent && f.Severity != finding.Info {
			out = append(out, f)
		}
	}
	return out
}

func trials() []trial {
	one := func(k factory.Kind, size float64) []factory.Effect { return []factory.Effect{{Kind: k, Size: size}} }
	return []trial{
		{"a run at 10 x the cost", nil, one(factory.CostRun, 10), 0, "anomaly/cost", 0.95},
		{"a run at 10 x the latency", nil, one(factory.LatencyRun, 10), 0, "anomaly/latency", 0.95},
		{"a run that loops, at 10 x its cost", nil, one(factory.Loop, 10), 0, "anomaly/cost", 0.9},
		{"errors 3 to 15 %, 3 days", nil, one(factory.ErrorRate, 0.15), 3, "anomaly/error-rate drift/error-rate", 0.95},
		{"errors 3 to 15 %, 2 days", nil, one(factory.ErrorRate, 0.15), 2, "anomaly/error-rate drift/error-rate", 0},
		{"errors 3 to 15 %, later", nil, one(factory.ErrorRate, 0.15), 25, "anomaly/error-rate drift/error-rate", 0.95},
		{"errors 3 to 10 %, 7 days", nil, one(factory.ErrorRate, 0.10), 7, "anomaly/error-rate drift/error-rate", 0},
		{"decisions by 20 points, 7 days", nil, one(factory.DecisionRate, 0.2), 7, "anomaly/decision-rate drift/decision-rate", 0.95},
		{"decisions by 20 points, 6 days", nil, one(factory.DecisionRate, 0.2), 6, "anomaly/decision-rate drift/decision-rate", 0},
		{"decisions by -20 points, 7 days", nil, one(factory.DecisionRate, -0.2), 7, "anomaly/decision-rate drift/decision-rate", 0.95},
		{"decisions by 20 points, later", nil, one(factory.DecisionRate, 0.2), 25, "anomaly/decision-rate drift/decision-rate", 0.95},
		{"cost +2 % a day, 21 days", nil, one(factory.CostDrift, 0.02), 21, "drift/cost", 0.95},
		{"cost +2 % a day, 14 days", nil, one(factory.CostDrift, 0.02), 14, "drift/cost", 0},
		{"cost +1 % a day, 21 days", nil, one(factory.CostDrift, 0.01), 21, "drift/cost", 0},
		{"overrides 15 to 5 % with instructions, 14 days", nil, []factory.Effect{{Kind: factory.Instructions}, {Kind: factory.OverrideRate, Size: 0.05}}, 14, "change/instructions", 0.95},
		{"overrides 15 to 5 % with instructions, 10 days", nil, []factory.Effect{{Kind: factory.Instructions}, {Kind: factory.OverrideRate, Size: 0.05}}, 10, "change/instructions", 0},
		{"overrides 5 to 15 % without, 14 days", func(a *factory.Agent) { a.Overrides = 0.05 }, one(factory.OverrideRate, 0.15), 14, "drift/override-rate", 0},
		{"model at 1.5 x the cost, 7 days", nil, one(factory.NewModel, 1.5), 7, "change/model", 0.95},
		{"runtime with errors 3 to 10 %, 7 days", nil, []factory.Effect{{Kind: factory.Runtime}, {Kind: factory.ErrorRate, Size: 0.1}}, 7, "change/model", 0},
		{"40 runs in an hour", nil, one(factory.Burst, 40), 0, "anomaly/spend", 0.9},
	}
}

// run simulates one factory of the trial: the agent with the effect, and others.
func (x trial) run(t testing.TB, seed uint64, base func(string) factory.Agent) (hit bool, quiet, namedQuiet int, r *trend.Report) {
	random := rand.New(rand.NewPCG(seed, 77))
	day := 45 + random.IntN(40)
	p := base("planted")
	if x.change != nil {
		x.change(&p)
	}
	for _, e := range x.effect {
		e.Day = day
		p.Effects = append(p.Effects, e)
	}
	plan := factory.Plan{Seed: seed, Start: start, Days: day + x.after + 1, Agents: []factory.Agent{p}}
	for i := range 5 {
		plan.Agents = append(plan.Agents, base(fmt.Sprintf("quiet-%d", i)))
	}
	days, planted := factory.Simulate(plan)
	r = analyse(t, days, day+x.after, 90)
	for _, a := range plan.Agents[1:] {
		quiet++
		if fs := named(r, a.Name); len(fs) > 0 {
			namedQuiet++
			if *verbose {
				for _, f := range fs {
					t.Logf("  seed %d: %s %s", seed, f.Rule, f.Message)
				}
			}
		}
	}
	return found(r, planted, x.rules), quiet, namedQuiet, r
}

// few is how many factories each line of the table has where no number is given.
const few = 3

// TestRecall measures what is found of what was planted, and how many agents are
// named of those to which nothing happened. Few factories cannot tell 95 % from
// 90 % for one line; of all lines together nearly everything has to be found.
func TestRecall(t *testing.T) {
	n := max(*seeds, few)
	required, missed, quiet, named := 0, 0, 0, 0
	for _, x := range trials() {
		if !strings.Contains(x.name, *lines) || *seeds == 0 && x.least == 0 {
			continue
		}
		hits, of, bad := x.measure(t, n)
		if x.least > 0 {
			required += n
			missed += n - hits
		}
		if *seeds > 0 && float64(hits) < x.least*float64(n) {
			t.Errorf("%s: found %d of %d", x.name, hits, n)
		}
		quiet, named = quiet+of, named+bad
		t.Logf("%-50s found %5.1f %%   quiet agents named %4.1f %% of %d", x.name, 100*float64(hits)/float64(n), 100*float64(bad)/float64(of), of)
	}
	if missed*20 > required || named*20 > quiet {
		t.Errorf("missed %d of %d, and named %d of %d agents for nothing", missed, required, named, quiet)
	}
}

func (x trial) measure(t *testing.T, n int) (hits, quiet, bad int) {
	for seed := range n {
		hit, q, b, r := x.run(t, uint64(seed+1), agent)
		if hit {
			hits++
		} else if *verbose {
			for _, f := range named(r, "planted") {
				t.Logf("  seed %d missed, but %s %s", seed+1, f.Rule, f.Message)
			}
		}
		quiet, bad = quiet+q, bad+b
	}
	return hits, quiet, bad
}

// quietKinds are agents to which nothing happens.
func quietKinds() []struct {
	name   string
	change func(*factory.Agent)
} {
	type row = struct {
		name   string
		change func(*factory.Agent)
	}
	two := []factory.Model{{Name: "large", Share: 0.5, Cost: 1}, {Name: "small", Share: 0.5, Cost: 0.2}}
	return []row{
		{"40 runs a day", func(*factory.Agent) {}},
		{"3 runs a day", func(a *factory.Agent) { a.RunsPerDay = 3 }},
		{"8 runs a day", func(a *factory.Agent) { a.RunsPerDay = 8 }},
		{"100 runs a day", func(a *factory.Agent) { a.RunsPerDay = 100 }},
		{"two models", func(a *factory.Agent) { a.Models = two }},
		{"two models, 5 a day", func(a *factory.Agent) { a.Models = two; a.RunsPerDay = 5 }},
		{"costs by weekday", func(a *factory.Agent) { a.Weekday = [7]float64{0.3, 0, 0.1, 0, -0.2, 0, 0.3} }},
		{"one in twenty varies more", func(a *factory.Agent) { a.Tail = factory.Mixed }},
		{"Student's t", func(a *factory.Agent) { a.Tail = factory.Student }},
		{"Student's t, 5 a day", func(a *factory.Agent) { a.Tail = factory.Student; a.RunsPerDay = 5 }},
		{"Student's t, sigma 0.8", func(a *factory.Agent) { a.Tail = factory.Student; a.Sigma = 0.8 }},
		{"Pareto", func(a *factory.Agent) { a.Tail = factory.Pareto }},
		{"Pareto, sigma 0.8", func(a *factory.Agent) { a.Tail = factory.Pareto; a.Sigma = 0.8 }},
		{"sigma 0.8", func(a *factory.Agent) { a.Sigma = 0.8 }},
		{"days differ", func(a *factory.Agent) { a.Wander = 0.1 }},
		{"office hours", func(a *factory.Agent) { a.Office = true; a.Weekend = 0 }},
		{"office hours, 5 a day", func(a *factory.Agent) { a.Office = true; a.Weekend = 0.1; a.RunsPerDay = 5 }},
		{"errors 20 %", func(a *factory.Agent) { a.Errors = 0.2 }},
		{"no errors or overrides", func(a *factory.Agent) { a.Errors = 0; a.Overrides = 0 }},
		{"late overrides", func(a *factory.Agent) { a.OverrideDays = 8 }},
		{"new instructions each fortnight", func(a *factory.Agent) {
			for day := 10; day < 90; day += 14 {
				a.Effects = append(a.Effects, factory.Effect{Kind: factory.Instructions, Day: day})
			}
		}},
		{"another model of the same cost", func(a *factory.Agent) {
			a.Effects = []factory.Effect{{Kind: factory.NewModel, Day: 50, Size: 1}}
		}},
	}
}

// TestQuiet measures how many agents are named to which nothing happened.
func TestQuiet(t *testing.T) {
	n := max(*seeds/5, 1)
	quiet, bad := 0, 0
	for _, row := range quietKinds() {
		if !strings.Contains(row.name, *lines) {
			continue
		}
		all, named := 0, 0
		rules := map[string]int{}
		for seed := range n {
			for _, fs := range quietFactory(t, uint64(seed+1), row.change) {
				all++
				if len(fs) > 0 {
					named++
				}
				for _, f := range fs {
					rules[f.Rule]++
					if *verbose {
						t.Logf("  seed %d: %s %s", seed+1, f.Rule, f.Message)
					}
				}
			}
		}
		quiet, bad = quiet+all, bad+named
		t.Logf("%-50s named %4.1f %% of %d  %v", row.name, 100*float64(named)/float64(all), all, rules)
		if *seeds > 0 && named*20 > all {
			t.Errorf("%s: named %d of %d", row.name, named, all)
		}
	}
	if bad*20 > quiet {
		t.Errorf("named %d of %d agents for nothing", bad, quiet)
	}
}

// quietFactory returns what is said about each of five agents to which nothing
// happened.
func quietFactory(t *testing.T, seed uint64, change func(*factory.Agent)) (out [][]finding.Finding) {
	plan := factory.Plan{Seed: seed, Start: start, Days: 90}
	for i := range 5 {
		a := agent(fmt.Sprintf("quiet-%d", i))
		change(&a)
		plan.Agents = append(plan.Agents, a)
	}
	days, _ := factory.Simulate(plan)
	r := analyse(t, days, 89, 90)
	for _, a := range plan.Agents {
		out = append(out, named(r, a.Name))
	}
	return out
}
