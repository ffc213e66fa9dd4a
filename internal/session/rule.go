package session

import "github.com/andon-ci/andon/internal/finding"

// Rules returns the rules of the findings that the reduction to runs makes.
func Rules() []finding.Rule {
	return []finding.Rule{
		{ID: "price/mismatch", Severity: finding.Warning, Title: "Reported and computed cost differ by more than 5%",
			Help: "The agent bills by another price than the public list, or the price table is out of date. Both figures are kept; the reported one is shown."},
		{ID: "trace/duplicate-run", Severity: finding.Warning, Title: "Two runs have one id",
			Help: "Their steps are counted as one run's. Give each run an id of its own, for example a UUID."},
		{ID: "trace/time-order", Severity: finding.Warning, Title: "A record is older than the start of its run",
			Help: "Durations of the run are not to be trusted. Write all times in UTC with one clock."},
	}
}
