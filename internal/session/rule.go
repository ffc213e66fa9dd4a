package session

import "github.com/andon-ci/andon/internal/finding"

// Rules returns the rules of the findings that the reduction to runs makes.
func Rules() []finding.Rule {
	return []finding.Rule{
		{ID: "failure/context-saturation", Severity: finding.Warning, Title: "The model's context was full",
			Help: "A prompt took 80% of what the model holds, or the conversation was compacted. Agents forget and repeat themselves then. Split the task, or let sub-agents read what is large."},
		{ID: "failure/ignored-error", Severity: finding.Warning, Title: "The agent claims success after a command that failed",
			Help: "It approved, merged or delivered, and the last time it built, tested or pushed, that had failed. A gate in the workflow should run the command itself."},
		{ID: "failure/incomplete", Severity: finding.Warning, Title: "The run has no end",
			Help: "A step was begun and never ended: the agent was killed or crashed. It is a note only where no step is open, since an interactive session may just not have gone on."},
		{ID: "failure/retry-storm", Severity: finding.Warning, Title: "Requests were refused for load again and again",
			Help: "Three or more within two minutes were answered with 429, 503 or 529. Run fewer agents at once, or raise the limit with the provider."},
		{ID: "failure/tool-errors", Severity: finding.Warning, Title: "More tool calls fail than should",
			Help: "The share of failed calls is over 5%, and so is the lower end of its 95% interval (Wilson). Fewer than three failures say nothing."},
		{ID: "failure/tool-loop", Severity: finding.Warning, Title: "The agent went in circles",
			Help: "It made one call four times with the same result (numbers aside): failing each time, or with nothing else done in between. Or it undid an edit and made it again, twice."},
		{ID: "failure/unfinished-turns", Severity: finding.Warning, Title: "The agent was stopped at a limit",
			Help: "It had used up its turns, its budget or its output tokens. Look at its longest steps and repeated calls before you raise the limit."},
		{ID: "price/mismatch", Severity: finding.Warning, Title: "Reported and computed cost differ by more than 5%",
			Help: "The agent bills by another price than the public list, or the price table is out of date. Both figures are kept; the reported one is shown."},
		{ID: "trace/duplicate-run", Severity: finding.Warning, Title: "Two runs have one id",
			Help: "Their steps are counted as one run's. Give each run an id of its own, for example a UUID."},
		{ID: "trace/time-order", Severity: finding.Warning, Title: "A record is older than the start of its run",
			Help: "Durations of the run are not to be trusted. Write all times in UTC with one clock."},
	}
}
