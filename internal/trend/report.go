// Package trend judges a history of runs: what it came to in a window of days,
// what changed in it, when and why. It is for the report that maintainers read.
//
// The one design decision is that everything is worked out from days: a Day
// takes the lines of one date and keeps counts, sums and sketches, so that a
// year is read once and a report of it costs what its days cost.
package trend

import (
	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/trace"
)

// Schema is the name of the form of a Report.
const Schema = "andon.report/v1"

// Report is what a history comes to in a window of days. A figure that was not
// measured is absent. Dates are in UTC, as in 2026-11-20.
type Report struct {
	Schema   string            `json:"schema"`
	Window   Window            `json:"window"`
	Coverage Coverage          `json:"coverage"`
	Totals   Group             `json:"totals"`
	By       By                `json:"by"`
	Findings []finding.Finding `json:"findings"` // the worst first
	Improve  Improve           `json:"improve"`
	Backlog  *Backlog          `json:"backlog,omitempty"`
}

// Window is the time that a report is about.
type Window struct {
	From string `json:"from"` // the first day
	To   string `json:"to"`   // the last day, which is that of the report
	Days int    `json:"days"` // from the first to the last
	Kept int    `json:"kept"` // of them, those of which the history holds anything
}

// Coverage says what a report rests on.
type Coverage struct {
	Runs         int64    `json:"runs"`                  // in the window
	Overrides    *int64   `json:"overrides,omitempty"`   // in the window; nil where nobody looked for any, and then nothing below says how many were overruled
	Unlinked     int64    `json:"unlinked,omitempty"`    // overrides about runs that the history does not hold, or of which it has no decision
	Agreements   *int64   `json:"agreements,omitempty"`  // likewise
	Traces       int64    `json:"traces"`                // files that the runs were read from
	Invalid      int64    `json:"invalid"`               // lines of the history that could not be used
	Missing      int64    `json:"missing"`               // workflow runs of which no trace could be read
	Suppressed   int64    `json:"suppressed"`            // traces kept out for a credential
	Misdated     int64    `json:"misdated,omitempty"`    // runs whose bundle gave them a time that cannot be
	Repositories []string `json:"repositories"`          // with a run in the window
	Unreachable  []string `json:"unreachable,omitempty"` // repositories that could not be asked
	Forks        *Forks   `json:"forks,omitempty"`       // absent where no run is of a fork
	Unread       []Unread `json:"unread,omitempty"`      // files of the history, also those of the days to compare with
	Unowned      int64    `json:"unowned,omitempty"`     // runs that are in no group of By.Owner
}

// Unread is a file of a history that was not read, or not to its end.
type Unread struct {
	File   string `json:"file"`
	Reason string `json:"reason"`
}

// By has the groups of the runs, those with most runs first: 2,000 of each kind.
type By struct {
	Agent        []Group `json:"agent"`
	Repository   []Group `json:"repository"`
	Owner        []Group `json:"owner,omitempty"` // of a run with two owners, both
	Model        []Group `json:"model"`
	Instructions []Group `json:"instructions"`
	Kind         []Group `json:"subject_kind,omitempty"`
	Pair         []Group `json:"agent_repository,omitempty"` // an agent in a repository

	LeftOut map[string]int `json:"left_out,omitempty"` // groups beyond those, by the name of their list
}

// Group is what some of the runs come to.
type Group struct {
	Name       string                 `json:"name"`                 // of what they have in common; empty for all
	Agent      string                 `json:"agent,omitempty"`      // of By.Instructions and By.Pair
	Repository string                 `json:"repository,omitempty"` // of By.Pair
	Path       string                 `json:"path,omitempty"`       // of By.Instructions
	Runs       int64                  `json:"runs"`
	Status     map[trace.Status]int64 `json:"status,omitempty"`
	Decisions  map[trace.Kind]int64   `json:"decisions,omitempty"`
	First      string                 `json:"first,omitempty"` // day of the first run
	Last       string                 `json:"last,omitempty"`  // day of the last run

	Success   *Rate `json:"success,omitempty"`    // of the runs that ended, those with success
	Complete  *Rate `json:"completion,omitempty"` // of all runs, those with an end
	Override  *Rate `json:"override,omitempty"`   // of the decisions, those that people overruled
	Agreement *Rate `json:"agreement,omitempty"`  // of the decisions that people took a stand on, those borne out; none where the history has no agreements at all
	ToolError *Rate `json:"tool_error,omitempty"` // of the tool calls, those that failed
	LLMError  *Rate `json:"llm_error,omitempty"`
	CacheHit  *Rate `json:"cache_hit,omitempty"` // of the tokens of prompts, those from a cache

	Tokens *Tokens `json:"tokens,omitempty"` // of the runs that say how many

	CostUSD         *float64 `json:"cost_usd,omitempty"` // of the runs with a price
	Unpriced        int64    `json:"unpriced,omitempty"` // runs of which the cost is not known, or not all
	CostPerRun      *Spread  `json:"cost_per_run_usd,omitempty"`
	CostPerDecision *float64 `json:"cost_per_decision_usd,omitempty"`
	CostPerMerge    *float64 `json:"cost_per_merge_usd,omitempty"`
	Merged          int64    `json:"merged,omitempty"`     // changes that people were seen to merge
	WastedUSD       *float64 `json:"wasted_usd,omitempty"` // on failed, looped and overridden runs
	Wasted          *Wasted  `json:"wasted,omitempty"`     // the same in parts
	DurationMS      *Spread  `json:"duration_ms,omitempty"`
	WaitMS          *Spread  `json:"wait_ms,omitempty"`   // from an event to the first run of the workflow run that it made
	Loops           int64    `json:"loops,omitempty"`     // runs with failure/tool-loop
	Saturated       int64    `json:"saturated,omitempty"` // runs with failure/context-saturation

	Series []Point `json:"series,omitempty"` // one a day that has anything, in order
}

// Wasted says what money was spent on in vain. Each run counts once, for the first
// that holds of it.
type Wasted struct {
	FailedUSD     float64  `json:"failed_usd"`
	LoopedUSD     float64  `json:"looped_usd"`
	OverriddenUSD *float64 `json:"overridden_usd,omitempty"`
}

// Rate is a share with its 95 % interval (Wilson; Clopper and Pearson for few cases). There is none of nothing.
type Rate struct {
	Count int64   `json:"count"`
	Of    int64   `json:"of"`
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	Few   bool    `json:"few,omitempty"` // too few to say
}

// Tokens are counts by class. The classes do not overlap; one of which no run
// tells any is absent.
type Tokens struct {
	Input      int64 `json:"input,omitempty"` // neither read from a cache nor written to one
	CacheRead  int64 `json:"cache_read,omitempty"`
	CacheWrite int64 `json:"cache_write,omitempty"`
	Output     int64 `json:"output,omitempty"`
}

// Spread is a distribution in three quantiles.
type Spread struct {
	N   int64   `json:"n"`
	P50 float64 `json:"p50"`
	P90 float64 `json:"p90"`
	P99 float64 `json:"p99"`

	Low  *float64 `json:"p50_low,omitempty"` // of the 95 % interval of P50, by order statistics; absent for too few
	High *float64 `json:"p50_high,omitempty"`
}

// Point is a day of a series.
type Point struct {
	Day        string   `json:"day"`
	Runs       int64    `json:"runs"`
	Failed     int64    `json:"failed"`
	Succeeded  int64    `json:"succeeded"` // a run that was called off did neither
	Decisions  int64    `json:"decisions"`
	Overridden *int64   `json:"overridden,omitempty"`
	CostUSD    *float64 `json:"cost_usd,omitempty"`
	DurationMS *float64 `json:"duration_p50_ms,omitempty"`
}

// Improve says where an effort pays most, each list the worst first.
type Improve struct {
	Roles        []Costly    `json:"roles,omitempty"` // agents in a repository
	Repositories []Costly    `json:"repositories,omitempty"`
	Tools        []Costly    `json:"tools,omitempty"`      // of an agent in a repository
	Patterns     []Recurring `json:"patterns,omitempty"`   // of failures
	Judgement    []Recurring `json:"judgements,omitempty"` // fit to become a check
}

// Costly is what runs wasted. Of a tool, Runs are those that called it, and
// Failed those of them that failed or went in circles with a call of it.
type Costly struct {
	Agent      string             `json:"agent,omitempty"`
	Repository string             `json:"repository,omitempty"`
	Tool       string             `json:"tool,omitempty"`
	Runs       int64              `json:"runs"`
	Failed     int64              `json:"failed"`
	Overridden *int64             `json:"overridden,omitempty"` // of agents and repositories
	Calls      int64              `json:"calls,omitempty"`      // of a tool
	Errors     int64              `json:"errors,omitempty"`     // of its calls, those that failed
	ErrorRate  *Rate              `json:"error_rate,omitempty"`
	DurationMS int64              `json:"duration_ms,omitempty"` // of its calls that say it, together
	WastedUSD  *float64           `json:"wasted_usd,omitempty"`
	Evidence   []finding.Evidence `json:"evidence,omitempty"`
}

// Recurring is something that happened many times.
type Recurring struct {
	Text         string             `json:"text"` // normalised; hostile as all text of traces
	Rule         string             `json:"rule,omitempty"`
	Count        int64              `json:"count"`
	Subjects     int64              `json:"subjects"` // pull requests and the like
	Agents       []string           `json:"agents,omitempty"`
	Repositories []string           `json:"repositories,omitempty"`
	Evidence     []finding.Evidence `json:"evidence,omitempty"`
}
