package otlp

// Both is for a Meter alone: it has the metrics of either profile, for who does
// not know which will be asked for.
const Both Profile = "both"

// definition is a metric that a profile has, or each where it is of none.
type definition struct {
	Metric
	of Profile
}

// definitions returns all metrics that there are. docs/otlp.md says what tells
// their series apart.
func definitions() []definition {
	seconds := scale(0.01, 2, 21)
	all := []Metric{
		{"andon.agreements", "{agreement}", "Acts of people that bear out what an agent decided.", nil, nil},
		{"andon.cost", "USD", "What runs cost, as far as it is known.", nil, nil},
		{"andon.decisions", "{decision}", "Runs that decided something.", nil, nil},
		{"andon.override.latency", "s", "From a decision to its override.", scale(60, 4, 9), nil},
		{"andon.overrides", "{override}", "Acts of people that contradict what an agent decided.", nil, nil},
		{"andon.runs", "{run}", "Runs of agents.", nil, nil},
		{"andon.secrets.findings", "{finding}", "Credentials that were found.", nil, nil},
		{"andon.tool.calls", "{call}", "Tool calls.", nil, nil},
		{"andon.tool.errors", "{error}", "Tool calls that failed.", nil, nil},
		{"andon.traces.missing", "{trace}", "Traces of which nothing is known but that they are not there.", nil, nil},
		{"andon.turns", "{turn}", "Turns of a run.", []float64{1, 2, 5, 10, 20, 50, 100, 200, 500}, nil},
		{"andon.validation.failures", "{finding}", "Lines of traces that are not as they should be.", nil, nil},
		{pipelineErrors, "{error}", "Errors of pipeline runs; here, of the agents in them.", nil, nil},
		{genAICallDuration, "s", "How long a call of a model took.", seconds, nil},
		{genAIToolDuration, "s", "How long a tool call took.", seconds, nil},
		{genAIAgentDuration, "s", "How long a run of an agent took.", seconds, nil},
	}
	out := []definition{{Metric{genAITokenUsage, "{token}", "Tokens of a call.", scale(1, 4, 14), nil}, Stable}}
	for _, class := range []string{"input_tokens", "output_tokens", "cache_read.input_tokens", "cache_write.input_tokens", "reasoning.output_tokens"} {
		out = append(out, definition{Metric{genAITokens + class, "{token}", "Tokens.", nil, nil}, Next})
	}
	for _, m := range all {
		out = append(out, definition{Metric: m})
	}
	return out
}

// scale returns n bounds, each by a factor above the one before.
func scale(first, factor float64, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = first
		first *= factor
	}
	return out
}
