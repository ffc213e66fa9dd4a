package trend

import "github.com/andon-ci/andon/internal/finding"

// Rules returns the rules of the findings that a report makes.
func Rules() []finding.Rule {
	return []finding.Rule{
		{ID: "anomaly/cost", Severity: finding.Warning, Title: "A run cost far more than its kind",
			Help: "At least twice the median of the same agent, model and repository at that time, and farther out than chance puts a run of as many; an error from five times on. Look at what the run did, and limit its turns or its budget."},
		{ID: "anomaly/decision-rate", Severity: finding.Warning, Title: "An agent began to decide otherwise",
			Help: "The share of a kind of decision changed from one day to the next by more than chance explains. Look at a few of the latest decisions: either what comes in changed, or the judgement."},
		{ID: "anomaly/error-rate", Severity: finding.Warning, Title: "An agent's runs began to fail more often, or less",
			Help: "The share of failed runs changed from one day to the next by more than chance explains; less is a note. Look at the errors of the latest runs, and at what else changed that day."},
		{ID: "anomaly/latency", Severity: finding.Warning, Title: "A run took far longer than its kind",
			Help: "As anomaly/cost, for the time from start to end. Look for retries, for a tool that hung, and for a queue."},
		{ID: "anomaly/spend", Severity: finding.Warning, Title: "An hour cost far more than the others",
			Help: "More than three times the average hour of such a day, by many runs rather than one. Look for what started them: a retry, a label on many issues, a schedule that runs twice."},
		{ID: "change/instructions", Severity: finding.Warning, Title: "New instructions changed what an agent does",
			Help: "From the day of another hash on, rates or costs differ by more than chance explains; what got better, or did not move, is a note. Compare the two versions."},
		{ID: "change/model", Severity: finding.Warning, Title: "Another model, runtime or repository changed what an agent does",
			Help: "As change/instructions, for the model, for the version of the program that runs the agent, and for a repository that it began to work in."},
		{ID: "drift/cost", Severity: finding.Warning, Title: "An agent's runs cost more and more, or cost more than before",
			Help: "The level of a day, compared within models and repositories and without the pattern of the week, rises or has risen; a fall is a note. Longer prompts, more turns and retries are the usual causes."},
		{ID: "drift/decision-rate", Severity: finding.Warning, Title: "An agent decides otherwise more and more",
			Help: "As anomaly/decision-rate, but day by day rather than at once."},
		{ID: "drift/error-rate", Severity: finding.Warning, Title: "An agent's runs fail more and more often",
			Help: "As anomaly/error-rate, but day by day rather than at once."},
		{ID: "drift/latency", Severity: finding.Warning, Title: "An agent's runs take longer and longer, or longer than before",
			Help: "As drift/cost, for the time from start to end."},
		{ID: "drift/override-rate", Severity: finding.Warning, Title: "People overrule an agent more often, or less",
			Help: "The share of overruled decisions changed, of which no change of instructions, model, runtime or repository is the cause; less is a note. What is still to come of the latest decisions is allowed for. Read what people overruled, and put it into the instructions."},
	}
}
