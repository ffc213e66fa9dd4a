package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/github/fake"
	"github.com/andon-ci/andon/internal/trend/factory"
)

// year simulates three agents over a year, and what goes wrong in the last
// quarter: instructions that people overrule, a model that costs more, and a run
// that goes in circles.
func year(seed uint64) factory.Plan {
	agent := func(name string, cost, latency float64, effects ...factory.Effect) factory.Agent {
		return factory.Agent{
			Name: name, Repositories: []string{"octo-org/hello"}, Models: []factory.Model{{Name: "claude-sonnet-4-5", Share: 1, Cost: 1}},
			RunsPerDay: 20, Weekend: 0.2, Office: true, Cost: cost, Latency: latency, Sigma: 0.35, Errors: 0.03,
			Decisions: []factory.Decision{{Kind: "approve", Share: 0.7}, {Kind: "request_changes", Share: 0.3}},
			Overrides: 0.06, OverrideDays: 1, Effects: effects,
		}
	}
	return factory.Plan{
		Seed: seed, Start: time.Date(2025, 11, 21, 0, 0, 0, 0, time.UTC), Days: 365,
		Agents: []factory.Agent{
			agent("review-security", 0.2, 180_000, factory.Effect{Kind: factory.Instructions, Day: 335}, factory.Effect{Kind: factory.OverrideRate, Day: 335, Size: 0.25}),
			agent("triage", 0.03, 40_000, factory.Effect{Kind: factory.NewModel, Day: 325, Size: 1.8}),
			agent("fix-flaky-tests", 0.5, 600_000, factory.Effect{Kind: factory.Loop, Day: 358, Size: 30}),
		},
	}
}

// write puts simulated days into a folder.
func writeHistory(t *testing.T, dir string, days []factory.Day) {
	t.Helper()
	for _, d := range days {
		for kind, lines := range map[string][][]byte{"runs": d.Runs, "overrides": d.Overrides} {
			path := filepath.Join(dir, kind, d.Date.Format("2006/01/02")+".jsonl")
			err := os.MkdirAll(filepath.Dir(path), 0o700)
			if err == nil && len(lines) > 0 {
				err = os.WriteFile(path, append(bytes.Join(lines, []byte("\n")), '\n'), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestStoryOfAYear posts the report of a year's end: the issue names what went
// wrong and why, and leads to what shows it.
func TestStoryOfAYear(t *testing.T) {
	const seed = 20261120
	t.Logf("seed %d", seed)
	days, planted := factory.Simulate(year(seed))
	dir := t.TempDir()
	writeHistory(t, dir, days)
	f := fake.New(t)
	code, _, stderr := asked(t, f, nil, "report", "--history", dir, "--as-of", "2026-11-20", "--since", "90d", "--cache", "none", "--post", "--quiet-when-calm")
	if code != 0 || len(f.Issues) != 1 {
		t.Fatalf("exit code %d, %d issues\n%s", code, len(f.Issues), stderr)
	}
	body := f.Issues[0]["body"].(string)
	if len(body) > maxPost {
		t.Errorf("%d characters", len(body))
	}
	_, list, _ := strings.Cut(body, "### What changed, and why\n")
	list, _, _ = strings.Cut(list, "\n### ")
	var loop string
	for _, p := range planted {
		if p.Kind == factory.Loop {
			loop = p.RunID
		}
	}
	for _, want := range []struct{ what, says, leads string }{
		{"the instructions", `review-security: .*override rate .* since the instructions of 2\d Oct`, ""},
		{"the model", `triage: .*cost per run .* since the model model-of-day-325`, ""},
		{"the loop", `fix-flaky-tests: a run of 14 Nov cost .*circles`, runAddress(days, loop)},
	} {
		line := regexp.MustCompile(`(?m)^- .*` + want.says + `.*$`).FindString(list)
		if line == "" {
			t.Errorf("the issue does not name %s:\n%s", want.what, list)
			continue
		}
		// one click: the finding links to the run, or to the pull request, itself
		if !regexp.MustCompile(`\]\(https://github\.com/octo-org/hello/(actions/runs|pull)/\d+`).MatchString(line) || !strings.Contains(line, want.leads) {
			t.Errorf("%s is named without its evidence (%s):\n%s", want.what, want.leads, line)
		}
	}
	if n := strings.Count(list, "**problem:**") + strings.Count(list, "**warning:**"); n > 5 {
		t.Errorf("%d findings for three effects:\n%s", n, list)
	}
}

// runAddress returns the page of the workflow run that a simulated run was.
func runAddress(days []factory.Day, id string) string {
	of := regexp.MustCompile(fmt.Sprintf(`^\{"run_id":%q.*"workflow_run":\{"id":"?(\d+)`, id))
	for _, d := range days {
		for _, line := range d.Runs {
			if m := of.FindSubmatch(line); m != nil {
				return "/actions/runs/" + string(m[1])
			}
		}
	}
	return "no such run"
}
