package action

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

// Outputs are the outputs of the step, as action.yml names them. A figure that
// was not measured is empty, and never 0.
type Outputs struct {
	Status            string // the worst of the runs
	Decision          string // of the session
	SessionID         string // of several, with a space between
	CostUSD           string // what is known of it
	CostComplete      string // true or false: whether CostUSD is all of it
	InputTokens       string
	OutputTokens      string
	CacheReadTokens   string
	Turns             string
	ToolErrors        string
	PermissionDenials string
	Findings          string // errors and warnings
	Secrets           string // distinct credentials
	Bundle            string // folder of the bundle, empty where none was written

	digest string // of what was collected, for the artifact's name
}

// OutputsOf sums up all sessions of a report. Bundle is the folder that was
// written, empty for none.
func OutputsOf(r *session.Report, bundle string) Outputs {
	o := Outputs{Bundle: bundle, Status: worst(r), Decision: decision(r), digest: digest(r)}
	o.sum(r)
	o.cost(r)
	o.judge(r)
	var ids []string
	for _, s := range r.Sessions {
		ids = append(ids, s.ID)
	}
	o.SessionID = strings.Join(ids, " ")
	return o
}

// worst returns the status that the runs come to together: one that failed
// outweighs all that succeeded.
func worst(r *session.Report) string {
	order := []trace.Status{trace.Success, trace.Incomplete, trace.Cancelled, trace.Timeout, trace.Failure}
	var out trace.Status
	for _, run := range runs(r) {
		if out == "" || slices.Index(order, run.Status) > slices.Index(order, out) {
			out = run.Status
		}
	}
	return string(out)
}

// decision returns what the sessions decided. Of several that differ, a request
// for changes counts; else there is no one decision.
func decision(r *session.Report) string {
	var kinds []trace.Kind
	for _, s := range r.Sessions {
		if s.Decision != nil && !slices.Contains(kinds, s.Decision.Kind) {
			kinds = append(kinds, s.Decision.Kind)
		}
	}
	switch {
	case len(kinds) == 1:
		return string(kinds[0])
	case slices.Contains(kinds, trace.RequestChanges):
		return string(trace.RequestChanges)
	}
	return ""
}

func (o *Outputs) sum(r *session.Report) {
	for _, f := range []struct {
		out *string
		of  func(*session.Run) trace.Count
	}{
		{&o.InputTokens, func(r *session.Run) trace.Count { return r.Usage.Input }},
		{&o.OutputTokens, func(r *session.Run) trace.Count { return r.Usage.Output }},
		{&o.CacheReadTokens, func(r *session.Run) trace.Count { return r.Usage.CacheRead }},
		{&o.Turns, func(r *session.Run) trace.Count { return r.Turns }},
		{&o.ToolErrors, func(r *session.Run) trace.Count { return r.ToolErrors }},
		{&o.PermissionDenials, func(r *session.Run) trace.Count { return r.PermissionDenials }},
	} {
		var sum trace.Count
		for _, run := range runs(r) {
			sum = sum.Add(f.of(run))
		}
		if n, known := sum.Get(); known {
			*f.out = strconv.FormatInt(n, 10)
		}
	}
}

func (o *Outputs) cost(r *session.Report) {
	var usd float64
	known, complete := false, true
	for _, s := range r.Sessions {
		if s.Cost.USD != nil {
			known = true
			usd += *s.Cost.USD
		}
		complete = complete && s.Cost.USD != nil && !s.Cost.Partial
	}
	if known {
		o.CostUSD = strconv.FormatFloat(usd, 'f', 6, 64)
	}
	o.CostComplete = strconv.FormatBool(known && complete)
}

// judge counts findings, and credentials by what they are rather than by how
// often they stand in the traces.
func (o *Outputs) judge(r *session.Report) {
	count := 0
	secrets := map[string]bool{}
	for _, f := range findings(r) {
		if f.Severity.Rank() >= finding.Warning.Rank() {
			count++
		}
		if f.Severity == finding.Error && strings.HasPrefix(f.Rule, "secret/") {
			secrets[cmp.Or(f.Fingerprint, f.Rule+" "+f.Place())] = true
		}
	}
	o.Findings, o.Secrets = strconv.Itoa(count), strconv.Itoa(len(secrets))
}

func runs(r *session.Report) []*session.Run {
	var out []*session.Run
	for _, s := range r.Sessions {
		out = append(out, s.Runs...)
	}
	return out
}

func findings(r *session.Report) []finding.Finding {
	out := slices.Clone(r.Findings)
	for _, s := range r.Sessions {
		out = append(out, s.Findings...)
		for _, run := range s.Runs {
			out = append(out, run.Findings...)
		}
	}
	return out
}

// digest tells what was collected in one step from what was in another.
func digest(r *session.Report) string {
	h := sha256.New()
	for _, run := range runs(r) {
		fmt.Fprintf(h, "%q %q\n", run.ID, run.Files)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// SetGated writes, before anything can fail, whether findings are to fail the
// job: a gate that was not reached is not open.
func (r *Runner) SetGated(gated bool) error {
	return r.appendTo("GITHUB_OUTPUT", fmt.Appendf(nil, "gated=%t\n", gated))
}

// SetOutputs writes the step's outputs, among them the name under which the
// bundle may be uploaded and whether it may.
func (r *Runner) SetOutputs(o Outputs) error {
	return r.set(append(o.figures(), [][2]string{
		{"bundle", o.Bundle},
		{"uploadable", strconv.FormatBool(o.Bundle != "")},
		{"artifact-name", r.artifact("andon", o.digest)},
	}...))
}

// figures returns the outputs that say what was done, with their names.
func (o Outputs) figures() [][2]string {
	return [][2]string{
		{"status", o.Status},
		{"decision", o.Decision},
		{"session-id", o.SessionID},
		{"cost-usd", o.CostUSD},
		{"cost-complete", o.CostComplete},
		{"input-tokens", o.InputTokens},
		{"output-tokens", o.OutputTokens},
		{"cache-read-tokens", o.CacheReadTokens},
		{"turns", o.Turns},
		{"tool-errors", o.ToolErrors},
		{"permission-denials", o.PermissionDenials},
		{"findings", o.Findings},
		{"secrets", o.Secrets},
	}
}

func (r *Runner) set(outputs [][2]string) error {
	var b strings.Builder
	for _, kv := range outputs {
		// a value of one line cannot end its entry or begin another
		fmt.Fprintf(&b, "%s=%s\n", kv[0], line(kv[1]))
	}
	if err := r.appendTo("GITHUB_OUTPUT", []byte(b.String())); err != nil {
		return fmt.Errorf("setting the step's outputs: %w", err)
	}
	return nil
}

var outsideName = regexp.MustCompile(`[^A-Za-z0-9_.-]+`)

// artifact returns a name that no other job, leg of a matrix or step of the
// workflow run uses: artifacts of one name would replace each other.
func (r *Runner) artifact(kind, digest string) string {
	sum := sha256.Sum256([]byte(r.getenv("ANDON_MATRIX") + "\n" + r.getenv("GITHUB_ACTION") + "\n" + digest))
	parts := []string{kind}
	for _, name := range []string{"GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT", "GITHUB_JOB"} {
		if v := outsideName.ReplaceAllString(r.getenv(name), "-"); v != "" {
			parts = append(parts, v[:min(len(v), 100)])
		}
	}
	return strings.Join(append(parts, hex.EncodeToString(sum[:4])), "-")
}
