package trend_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/trend/factory"
)

// Of two decisions one takes the other's place: that is one thing to say.
func TestDecisionsToldOnce(t *testing.T) {
	a := agent("reviewer")
	a.Decisions = []factory.Decision{{Kind: "approve", Share: 0.6}, {Kind: "request_changes", Share: 0.4}}
	a.Effects = []factory.Effect{{Kind: factory.DecisionRate, Day: 50, Size: -0.25}}
	days, _ := factory.Simulate(factory.Plan{Seed: 3, Start: start, Days: 65, Agents: []factory.Agent{a}})
	var told []string
	for _, f := range named(analyse(t, days, 64, 90), "reviewer") {
		if f.Subject.Measure == "decision-rate" {
			told = append(told, f.Message)
		}
	}
	if len(told) != 1 || strings.Count(told[0], "share of") != 1 || !strings.Contains(told[0], "in place of ") {
		t.Errorf("told %q", told)
	}
}

// Overrides that come within hours make no rate rise in the last days of a window,
// whenever somebody looks.
func TestOverridesWithinHours(t *testing.T) {
	plan := factory.Plan{Seed: 9, Start: start, Days: 90}
	for i := range 4 {
		a := agent(fmt.Sprintf("quiet-%d", i))
		a.OverrideDays = 0.4
		plan.Agents = append(plan.Agents, a)
	}
	days, _ := factory.Simulate(plan)
	for asOf := 40; asOf < 90; asOf += 3 {
		for _, f := range analyse(t, days, asOf, 90).Findings {
			if f.Subject.Measure == "override-rate" && f.Severity != finding.Info {
				t.Errorf("day %d: %s", asOf, f.Message)
			}
		}
	}
}

// What does not move at new instructions is said with its bounds.
func TestUnchanged(t *testing.T) {
	a := agent("reviewer")
	a.Effects = []factory.Effect{{Kind: factory.Instructions, Day: 50}, {Kind: factory.OverrideRate, Day: 50, Size: 0.03}}
	days, _ := factory.Simulate(factory.Plan{Seed: 5, Start: start, Days: 70, Agents: []factory.Agent{a}})
	for _, f := range analyse(t, days, 69, 90).Findings {
		if f.Rule == "change/instructions" && strings.Contains(f.Message, "cost per run unchanged ~ (0.9") && strings.Contains(f.Message, "times as much)") {
			return
		}
	}
	t.Error("the cost is not said to be unchanged")
}
