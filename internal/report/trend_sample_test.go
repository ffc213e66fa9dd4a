package report

import (
	"fmt"
	"time"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/stat"
	"github.com/andon-ci/andon/internal/trace"
	"github.com/andon-ci/andon/internal/trend"
)

// shareOf is a rate with its interval.
func shareOf(count, of int64) *trend.Rate {
	e, _ := stat.Proportion{Hits: int(count), Total: int(of)}.Wilson(0.95)
	return &trend.Rate{Count: count, Of: of, Value: e.Value, Low: e.Low, High: e.High, Few: of < 10}
}

// daily is a series over 90 days up to 20 November 2026: from a day on, people
// overrule more, and it costs more.
func daily(runs, from int, usd float64) []trend.Point {
	var out []trend.Point
	for i := range 90 {
		day := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC).AddDate(0, 0, i-89)
		if day.Weekday() == time.Sunday {
			continue
		}
		n := int64(runs + (i*7)%5)
		cost := usd * float64(n) * (1 + float64(i%3)/10)
		p := trend.Point{Day: day.Format(time.DateOnly), Runs: n, Failed: n / 25, Succeeded: n - n/25, Decisions: n * 3 / 4, Overridden: new(int64(n / 14))}
		if i >= from {
			cost *= 1.6
			p.Overridden = new(int64(n / 4))
		}
		p.CostUSD = &cost
		out = append(out, p)
	}
	return out
}

// spreadOf is a distribution, with the interval of its median where there are enough.
func spreadOf(n int64, middle, within, p90, p99 float64) *trend.Spread {
	s := &trend.Spread{N: n, P50: middle, P90: p90, P99: p99}
	if low, high := middle*(1-within), middle*(1+within); n > 5 {
		s.Low, s.High = &low, &high
	}
	return s
}

func groupOf(name string, runs, failed, decisions, overridden int64, cost float64) trend.Group {
	perRun := cost / float64(runs)
	return trend.Group{
		Name: name, Runs: runs, Status: map[trace.Status]int64{trace.Success: runs - failed, trace.Failure: failed},
		Decisions: map[trace.Kind]int64{trace.Approve: decisions}, First: "2026-08-23", Last: "2026-11-20",
		Success: shareOf(runs-failed, runs), Complete: shareOf(runs, runs), Override: shareOf(overridden, decisions), ToolError: shareOf(runs/3, runs*20),
		CostUSD: &cost, CostPerRun: spreadOf(runs, perRun*0.8, 0.05, perRun*1.9, perRun*4),
		DurationMS: spreadOf(runs, 184_000, 0.03, 402_000, 1_260_000),
	}
}

func runURL(repository string, id int) string {
	return fmt.Sprintf("https://github.com/%s/actions/runs/%d", repository, id)
}

func pullURL(repository string, n int) string {
	return fmt.Sprintf("https://github.com/%s/pull/%d", repository, n)
}

// factory is a report of three agents in two repositories, in which something
// of each kind is wrong.
func factory() *trend.Report {
	const shop, web = "octo-org/shop", "octo-org/web"
	urls := func(us ...string) []finding.Evidence {
		var out []finding.Evidence
		for _, u := range us {
			out = append(out, finding.Evidence{URL: u})
		}
		return out
	}
	agents := []trend.Group{
		groupOf("review-security", 1612, 61, 1208, 201, 412.7), groupOf("triage", 1411, 40, 1050, 52, 61.3), groupOf("fix-flaky-tests", 604, 88, 130, 14, 288.1), groupOf("docs", 4, 0, 3, 1, 0.4),
	}
	agents[0].Series, agents[1].Series, agents[2].Series = daily(20, 81, 0.21), daily(18, 100, 0.04), daily(7, 100, 0.45)
	total := groupOf("", 3631, 189, 2391, 268, 762.5)
	total.Series, total.Loops, total.Unpriced = daily(45, 81, 0.2), 3, 12
	total.CostPerDecision, total.CostPerMerge, total.Merged = money(0.3189), money(1.93), 395
	total.Agreement, total.CacheHit, total.LLMError, total.Saturated = shareOf(1410, 1678), shareOf(812_400_000, 1_120_000_000), shareOf(210, 61_040), 12
	total.WaitMS = &trend.Spread{N: 3100, P50: 41_000, P90: 190_000, P99: 2_460_000}
	total.WastedUSD, total.Wasted = money(129.7), &trend.Wasted{FailedUSD: 71.3, LoopedUSD: 9.2, OverriddenUSD: money(49.2)}
	total.Tokens = &trend.Tokens{Input: 301_000_000, CacheRead: 812_400_000, CacheWrite: 6_600_000, Output: 21_320_000}
	agents[0].Agreement, agents[0].CacheHit, agents[0].CostPerMerge, agents[0].WastedUSD = shareOf(804, 1005), shareOf(501, 700), money(1.21), money(41.1)
	old := trend.Group{Name: "3f1c5e2d9b8a7c6f5e4d3c2b1a0f9e8d7c6b5a4f3e2d1c0b9a8f7e6d5c4b3a29", Agent: "review-security", Path: ".github/agents/review-security.md", Runs: 1400, Success: shareOf(1350, 1400), Override: shareOf(78, 1050)}
	now := old
	now.Name, now.Runs, now.Success, now.Override = "9b8a7c6f5e4d3c2b1a0f9e8d7c6b5a4f3e2d1c0b9a8f7e6d5c4b3a293f1c5e2d", 212, shareOf(201, 212), shareOf(52, 158)
	pair := func(agent, repository string, g trend.Group) trend.Group {
		g.Name, g.Agent, g.Repository = agent+" in "+repository, agent, repository
		return g
	}
	return &trend.Report{
		Schema: trend.Schema,
		Window: trend.Window{From: "2026-08-23", To: "2026-11-20", Days: 90, Kept: 77},
		Coverage: trend.Coverage{
			Runs: 3631, Overrides: new(int64(268)), Agreements: new(int64(1410)), Traces: 3702, Invalid: 4, Missing: 17, Suppressed: 2, Unowned: 4, Repositories: []string{shop, web},
		},
		Totals: total,
		By: trend.By{
			Agent: agents, Repository: []trend.Group{groupOf(shop, 2300, 120, 1500, 190, 501), groupOf(web, 1331, 69, 891, 78, 261.5)},
			Model:        []trend.Group{groupOf("claude-sonnet-4-5", 2020, 101, 1338, 215, 701), groupOf("claude-haiku-4-5", 1611, 88, 1053, 53, 61.5)},
			Instructions: []trend.Group{old, now},
			Owner:        []trend.Group{groupOf("@octo-org/security", 1612, 61, 1208, 201, 412.7), groupOf("@octo-org/platform", 2015, 128, 1180, 66, 349.4)},
			Kind:         []trend.Group{groupOf("pull_request", 3027, 101, 2261, 254, 474.4), groupOf("schedule", 604, 88, 130, 14, 288.1)},
			Pair:         []trend.Group{pair("review-security", shop, agents[0]), pair("triage", web, agents[1]), pair("fix-flaky-tests", shop, agents[2]), pair("docs", web, agents[3])},
		},
		Findings: []finding.Finding{
			{Rule: "change/instructions", Severity: finding.Error, Message: "review-security: people overrule 33 % (26–41) of its decisions since its instructions changed on 12 Nov, 7 % (6–9) before (n=158, 1,050); cost per run unchanged.",
				Hint: "Compare the two versions of .github/agents/review-security.md.", Evidence: urls("https://github.com/"+shop+"/blob/8d3f2c1b0a9e/.github/agents/review-security.md", pullURL(shop, 512), pullURL(shop, 518), runURL(shop, 90210)),
				Subject: &finding.Subject{Agent: "review-security", Measure: "override-rate", From: "2026-11-12", To: "2026-11-20"}},
			{Rule: "failure/tool-loop", Severity: finding.Error, Message: "fix-flaky-tests called Bash 214 times with the same arguments in one run, which cost $38.20, 80 times the median.",
				Evidence: urls(runURL(shop, 90444)), Subject: &finding.Subject{Agent: "fix-flaky-tests", Repository: shop, RunID: "run-1", From: "2026-11-18", To: "2026-11-18"}},
			{Rule: "change/model", Severity: finding.Warning, Message: "triage: a run takes 1.4 times (1.3–1.6) as long since the model changed from claude-haiku-4-5 to claude-sonnet-4-5 on 2 Nov (n=310, 402).",
				Evidence: urls(runURL(web, 88001), runURL(web, 88002)), Subject: &finding.Subject{Agent: "triage", Model: "claude-sonnet-4-5", Measure: "latency", From: "2026-11-02", To: "2026-11-20"}},
			{Rule: "change/model", Severity: finding.Info, Message: "fix-flaky-tests runs with claude-sonnet-4-5 since 3 Oct; no figure changed.", Subject: &finding.Subject{Agent: "fix-flaky-tests", From: "2026-10-03"}},
		},
		Backlog: &trend.Backlog{
			Repositories: []trend.Waiting{
				{Repository: shop, At: time.Date(2026, 11, 20, 3, 41, 0, 0, time.UTC), Pulls: &trend.Pulls{Open: 14, Without: 3}, OldestMS: 532_800_000, Running: 4, Stuck: 1, Evidence: urls(runURL(shop, 90500), pullURL(shop, 498), pullURL(shop, 503))},
				{Repository: web, At: time.Date(2026, 11, 20, 3, 42, 0, 0, time.UTC), Pulls: &trend.Pulls{Open: 2}},
			},
			Unfinished: 12, Evidence: urls(runURL(shop, 90101)),
		},
		Improve: trend.Improve{
			Roles: []trend.Costly{
				{Agent: "fix-flaky-tests", Repository: shop, Runs: 604, Failed: 88, Overridden: new(int64(14)), WastedUSD: money(77.4), Evidence: urls(runURL(shop, 90444), runURL(shop, 90101))},
				{Agent: "review-security", Repository: shop, Runs: 1612, Failed: 61, Overridden: new(int64(201)), WastedUSD: money(41.1), Evidence: urls(pullURL(shop, 512))},
			},
			Repositories: []trend.Costly{
				{Repository: shop, Runs: 2300, Failed: 120, Overridden: new(int64(190)), WastedUSD: money(118.5), Evidence: urls(runURL(shop, 90444), pullURL(shop, 512))},
				{Repository: web, Runs: 1331, Failed: 69, Overridden: new(int64(78)), WastedUSD: money(11.2), Evidence: urls(runURL(web, 88001))},
			},
			Tools: []trend.Costly{
				{Tool: "Bash", Agent: "fix-flaky-tests", Repository: shop, Runs: 590, Failed: 71, Calls: 9120, Errors: 1033, ErrorRate: shareOf(1033, 9120), DurationMS: 51_420_000, WastedUSD: money(61.8), Evidence: urls(runURL(shop, 90444))},
				{Tool: "mcp__jira__search", Agent: "triage", Repository: web, Runs: 12, Calls: 14, Errors: 3, ErrorRate: shareOf(3, 14), WastedUSD: money(0)},
			},
			Patterns:  []trend.Recurring{{Text: "dial tcp <ip>: i/o timeout", Count: 31, Subjects: 22, Agents: []string{"fix-flaky-tests", "triage"}, Evidence: urls(runURL(shop, 90101))}},
			Judgement: []trend.Recurring{{Text: "missing error check of Close", Count: 64, Subjects: 51, Agents: []string{"review-security"}, Evidence: urls(pullURL(shop, 488), pullURL(shop, 501))}},
		},
	}
}

// emptyTrend is a report of a window without runs.
func emptyTrend(kept int) *trend.Report {
	return &trend.Report{Schema: trend.Schema, Window: trend.Window{From: "2026-08-23", To: "2026-11-20", Days: 90, Kept: kept}, Coverage: trend.Coverage{Overrides: new(int64)}}
}
