// Package finding is the one type for every judgement that Andon makes: a
// validation error, a credential, an anomaly, a failure mode. Whatever prints,
// gates or uploads judgements knows this type and no other.
package finding

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/andon-ci/andon/internal/trace"
)

// Severity is how much a finding matters.
type Severity string

// The severities, in rising order.
const (
	Info    Severity = "info"
	Warning Severity = "warning"
	Error   Severity = "error"
)

// Rank returns 1 for info, 2 for warning, 3 for error and 0 for anything else.
func (s Severity) Rank() int {
	return slices.Index([]Severity{Info, Warning, Error}, s) + 1
}

// Finding is one judgement about one place.
type Finding struct {
	Rule        string     `json:"rule"` // stable id, listed in docs/checks.md
	Severity    Severity   `json:"severity"`
	Message     string     `json:"message"`
	Hint        string     `json:"hint,omitempty"` // what to do about it
	trace.Pos              // file, line, pointer
	Fingerprint string     `json:"fingerprint,omitempty"` // the same for the same cause
	Evidence    []Evidence `json:"evidence,omitempty"`
	Subject     *Subject   `json:"subject,omitempty"`
}

// Evidence is a place that shows why.
type Evidence struct {
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
	URL  string `json:"url,omitempty"`
}

// Subject is what a finding is about; only what applies is set.
type Subject struct {
	Agent      string `json:"agent,omitempty"`
	Repository string `json:"repository,omitempty"`
	Model      string `json:"model,omitempty"`
	Measure    string `json:"measure,omitempty"` // what of it: cost, latency, error-rate, override-rate, decision-rate
	RunID      string `json:"run_id,omitempty"`
	From       string `json:"from,omitempty"` // date
	To         string `json:"to,omitempty"`   // date
}

// Place returns "file:line", or as much of it as is known.
func (f Finding) Place() string {
	if f.Line == 0 {
		return f.File
	}
	return fmt.Sprintf("%s:%d", f.File, f.Line)
}

// Sort orders findings by file, line, pointer, rule and message.
func Sort(fs []Finding) {
	slices.SortStableFunc(fs, func(a, b Finding) int {
		return cmp.Or(
			strings.Compare(a.File, b.File),
			cmp.Compare(a.Line, b.Line),
			strings.Compare(a.Pointer, b.Pointer),
			strings.Compare(a.Rule, b.Rule),
			strings.Compare(a.Message, b.Message),
		)
	})
}

// Rule describes a kind of finding for docs/checks.md and SARIF.
type Rule struct {
	ID       string
	Severity Severity
	Title    string // what is wrong, in a few words
	Help     string // why it matters and what to do, one paragraph
}
