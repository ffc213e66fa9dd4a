package action

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/andon-ci/andon/internal/override"
	"github.com/andon-ci/andon/internal/session"
)

// SetChain writes the outputs of a step that has shown a chain: the figures are
// sums over all of it, status and decision those of the last head that has any.
// What people made of the decisions is nil where that was not found out.
func (r *Runner) SetChain(c *session.Chain, judged *override.Result) error {
	all := &session.Report{Findings: c.Findings}
	for _, l := range c.Sessions {
		all.Sessions = append(all.Sessions, l.Session)
	}
	o := OutputsOf(all, "")
	o.Status, o.Decision, o.SessionID = "", "", ""
	for _, l := range slices.Backward(c.Sessions) {
		at := OutputsOf(&session.Report{Sessions: []*session.Session{l.Session}}, "")
		if o.Status == "" && at.Status != "" {
			o.Status, o.SessionID = at.Status, at.SessionID
		}
		if o.Decision == "" {
			o.Decision = at.Decision
		}
	}
	pull := ""
	if c.PullRequest != nil {
		pull = strconv.Itoa(c.Subject.Number)
	}
	overrides, agreements := "", ""
	if judged != nil {
		overrides, agreements = strconv.Itoa(len(judged.Overrides)), strconv.Itoa(len(judged.Agreements))
	}
	return r.set(append(o.figures(), [][2]string{
		{"overrides", overrides},
		{"agreements", agreements},
		{"pull-request", pull},
		{"iterations", strconv.Itoa(c.Totals.Iterations)},
		{"partial", strconv.FormatBool(c.Coverage.Partial)},
		{"cursor", c.Coverage.Cursor},
	}...))
}

// Overrides are the outputs of a step that has looked for overrides.
type Overrides struct {
	Overrides, Agreements int
	Records               string // the file that holds them, empty for none
	Partial               bool   // something that is there was not read
	Cursor                string // where reading has stopped; empty where it has not
}

// SetOverrides writes the step's outputs, among them the name under which the
// records may be uploaded: another than a bundle's, of which it is none.
func (r *Runner) SetOverrides(o Overrides) error {
	return r.set([][2]string{
		{"overrides", strconv.Itoa(o.Overrides)},
		{"agreements", strconv.Itoa(o.Agreements)},
		{"partial", strconv.FormatBool(o.Partial)},
		{"cursor", o.Cursor},
		{"records", o.Records},
		{"uploadable", strconv.FormatBool(o.Records != "")},
		{"artifact-name", r.artifact("overrides", "")},
	})
}

// SetTraceparent sets the step's output, and for the steps that follow in the
// job the environment variable, in which programs look for the span that they
// are a part of.
func (r *Runner) SetTraceparent(context string) error {
	if err := r.set([][2]string{{"traceparent", context}}); err != nil {
		return err
	}
	if err := r.appendTo("GITHUB_ENV", []byte("TRACEPARENT="+line(context)+"\n")); err != nil {
		return fmt.Errorf("setting TRACEPARENT for the job: %w", err)
	}
	return nil
}
