package validate

import "github.com/andon-ci/andon/internal/finding"

// Rules returns the rules of the findings that validation makes.
func Rules() []finding.Rule {
	rule := func(id, title, help string) finding.Rule {
		return finding.Rule{ID: id, Severity: finding.Error, Title: title, Help: help}
	}
	return []finding.Rule{
		rule("trace/bad-id", "An id or name does not have its form", "Span ids have 16 lower-case hex digits, trace ids 32, repositories are owner/name."),
		rule("trace/bad-time", "A time is no time", "Times are RFC 3339 with a zone, as in 2026-11-20T10:00:00.125Z."),
		rule("trace/bad-value", "A value is not allowed", "Figures are not negative, and words are those that the schema lists."),
		rule("trace/end-before-start", "A step ends before it starts", "Its duration would be negative. Take both times from one clock."),
		rule("trace/missing-field", "A record lacks what it needs", "The record was left out of the figures. The hint shows what to write."),
		rule("trace/unknown-field", "A document has an unknown field", "Andon's own documents are closed; in traces unknown fields are allowed."),
		rule("trace/wrong-type", "A value has the wrong type", "Figures are numbers without quotes, names are strings."),
	}
}
