package cli

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/andon-ci/andon/internal/action"
	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/price"
	"github.com/andon-ci/andon/internal/report"
	"github.com/andon-ci/andon/internal/secret"
	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

// collection is what collect gathers, on its way from files to a report.
type collection struct {
	*gatherer
	flags  *collectFlags
	files  []input
	runs   *session.Collector
	key    session.Key
	prices *price.Table
	report *session.Report
	bundle string // folder of the bundle that was written; empty for none
}

func newCollection(env Env, f *collectFlags, paths []string) (*collection, error) {
	found := find(paths)
	id := fingerprintKey(env, found.files)
	scan, err := newKeyedScanner(env, id, f.secrets)
	if err != nil {
		return nil, err
	}
	allow, err := newAllowlist(env, f.allowPath, f.allow, f.secrets)
	if err != nil {
		return nil, err
	}
	prices, err := price.Default()
	if err != nil {
		return nil, err
	}
	key, notes, err := f.key(env)
	if err != nil {
		return nil, err
	}
	runs := session.NewCollector(prices)
	runs.Explain = f.explain
	g, err := newGatherer(scan, runs.Add)
	if err != nil {
		return nil, err
	}
	if err := g.takeMasks(found.files, func(masked []secret.Known) (*secret.Scanner, error) {
		return newKeyedScanner(env, id, f.secrets, masked...)
	}); err != nil {
		return nil, err
	}
	if f.pii == "true" {
		if err := g.hidePersonal(id); err != nil {
			return nil, err
		}
	}
	for _, word := range []*string{&key.Repository, &key.HeadSHA, &key.Pipeline} {
		g.words.name(word) // a branch, a workflow or a repository may be named by anybody
	}
	g.allow, g.bar = allow, newProgress(env, f.quiet)
	g.findings, g.missing = append(found.findings, notes...), found.missing
	g.coverage.Unreadable = countRule(found.findings, "input/unreadable") + countRule(found.findings, "input/not-a-file")
	return &collection{gatherer: g, flags: f, files: found.files, runs: runs, key: key, prices: prices}, nil
}

func countRule(fs []finding.Finding, rule string) int {
	n := 0
	for _, f := range fs {
		if f.Rule == rule {
			n++
		}
	}
	return n
}

// newScanner returns a scanner that also knows the values of the environment
// variables with the given names. One that is not set has nothing to leak.
func newScanner(env Env, files []input, names []string) (*secret.Scanner, error) {
	return newKeyedScanner(env, fingerprintKey(env, files), names)
}

// newKeyedScanner is newScanner with a key of one's own, and with more values.
func newKeyedScanner(env Env, key []byte, names []string, more ...secret.Known) (*secret.Scanner, error) {
	o := secret.Options{Key: key, Known: more}
	for _, name := range names {
		if v := env.Getenv(name); v != "" {
			o.Known = append(o.Known, secret.Known{Name: name, Value: v})
		}
	}
	s, err := secret.New(o)
	if err != nil {
		return nil, fmt.Errorf("preparing the credential scan: %w", err)
	}
	return s, nil
}

// finish turns what was read into the report.
func (c *collection) finish(agent trace.Agent) {
	runs := c.runs.Runs()
	for _, r := range runs {
		if r.Run.Agent.Name == "" {
			r.Run.Agent.Name = agent.Name
		}
		if agent.Instructions != nil {
			r.Run.Agent.Instructions = agent.Instructions
		}
	}
	c.coverage.Runs = len(runs)
	if c.flags.onSecret != "redact" {
		c.coverage.Suppressed = len(c.leaking())
	}
	if len(runs) == 0 {
		c.add(finding.Finding{
			Rule: "input/no-runs", Severity: finding.Warning, Message: "no agent run was found in what was read",
			Hint: "check where the agent writes its transcript, and that its step ran before this one; docs/formats.md lists what can be read",
		})
	}
	c.report = &session.Report{
		Schema: session.Schema, Sessions: session.Correlate(runs, c.key), Coverage: c.coverage,
	}
	if c.report.Sessions == nil {
		c.report.Sessions = []*session.Session{}
	}
	c.assign()
	if c.dropped > 0 {
		c.report.Findings = append(c.report.Findings, finding.Finding{
			Rule: "input/too-many-findings", Severity: finding.Warning,
			Message: fmt.Sprintf("%d more findings are not listed", c.dropped), Hint: "mend the first ones and run again",
		})
	}
}

// assign gives each finding to the run that its file is from, where there is
// exactly one; the rest are about the input.
func (c *collection) assign() {
	owner := map[string]*session.Run{}
	for _, s := range c.report.Sessions {
		for _, r := range s.Runs {
			for _, f := range r.Files {
				if _, shared := owner[f]; shared {
					owner[f] = nil
				} else {
					owner[f] = r
				}
			}
		}
	}
	finding.Sort(c.findings)
	c.report.Findings = []finding.Finding{}
	for _, f := range c.findings {
		if r := owner[f.File]; r != nil {
			r.Findings = append(r.Findings, f)
		} else {
			c.report.Findings = append(c.report.Findings, f)
		}
	}
	for _, s := range c.report.Sessions {
		for _, r := range s.Runs {
			finding.Sort(r.Findings)
		}
	}
}

// all returns every finding of the report.
func (c *collection) all() []finding.Finding {
	out := slices.Clone(c.report.Findings)
	for _, s := range c.report.Sessions {
		out = append(out, findingsIn(s)...)
	}
	finding.Sort(out)
	return out
}

// findingsIn returns the findings of a session and of its runs.
func findingsIn(s *session.Session) []finding.Finding {
	out := slices.Clone(s.Findings)
	for _, r := range s.Runs {
		out = append(out, r.Findings...)
	}
	return out
}

// leaking returns the traces that hold a credential and must not leave the
// runner as they are.
func (c *collection) leaking() []*source {
	var out []*source
	for i := range c.sources {
		if s := &c.sources[i]; s.format != "" && s.leaks() {
			out = append(out, s)
		}
	}
	return out
}

// leaks reports whether a file holds a credential. Guesses of the generic
// rules, which are warnings, do not count.
func (s *source) leaks() bool {
	return slices.ContainsFunc(s.secrets, func(m secret.Match) bool { return m.Severity == finding.Error })
}

// deliver writes the bundle, prints the report, tells GitHub, and ends with
// the gate. Whatever is written has been through the scanner once more.
func (c *collection) deliver(ctx context.Context, env Env) error {
	if c.flags.out != "" {
		if err := c.writeBundle(ctx, env, c.flags.out); err != nil {
			return err
		}
	}
	if err := printed(0, c.print(env)); err != nil {
		return err
	}
	if inActions(env) {
		if err := c.tellActions(env); err != nil {
			return err
		}
	}
	if c.flags.onSecret == "fail" && len(c.leaking()) > 0 {
		return errGate
	}
	exported := c.export(ctx, env)
	if err := c.outcome(c.all(), c.flags.failOn); err != nil {
		return err
	}
	return exported
}

// print writes the report to stdout in the form that was asked for.
func (c *collection) print(env Env) error {
	var b bytes.Buffer
	var err error
	switch c.flags.format {
	case "json":
		err = report.JSON(&b, c.report)
	case "markdown":
		err = report.Markdown(&b, c.report, c.markdown(env))
	default:
		err = report.Terminal(&b, c.report, terminalOptions(env))
		if err == nil && c.flags.explain {
			err = report.Explain(&b, c.report, terminalOptions(env))
		}
	}
	if err != nil {
		return err
	}
	out := c.clean(b.Bytes())
	if inActions(env) && c.flags.format != "json" { // in JSON no line can begin a command
		return action.New(env.Stdout, env.Getenv).Print(out)
	}
	_, err = env.Stdout.Write(out)
	return err
}

func (c *collection) markdown(env Env) report.Options {
	return report.Options{
		ServerURL: env.Getenv("GITHUB_SERVER_URL"),
		Content:   c.flags.content != "none",
		PriceNote: fmt.Sprintf("%s, %s", c.prices.Source(), c.prices.Date()),
	}
}

// tellActions writes the job summary, the annotations and the step's outputs.
func (c *collection) tellActions(env Env) error {
	var b, log bytes.Buffer
	if err := report.Markdown(&b, c.report, c.markdown(env)); err != nil {
		return err
	}
	r, w := action.New(&log, env.Getenv), env.Stdout
	if c.flags.format == "json" {
		w = env.Stderr // stdout is one document; GitHub reads commands from both
	}
	if err := r.Annotate(c.all()); err != nil {
		return err
	}
	if _, err := w.Write(c.clean(log.Bytes())); err != nil {
		return failure(err, "writing the annotations", "")
	}
	if env.Getenv("ANDON_SUMMARY") != "false" {
		if err := r.Summary(c.clean(b.Bytes())); err != nil {
			fmt.Fprintf(env.Stderr, "andon: %s\n", plain(err.Error()))
		}
	}
	if err := r.SetOutputs(action.OutputsOf(c.report, c.bundle)); err != nil {
		return failure(err, "telling GitHub", "")
	}
	return nil
}

// outcome is what a command comes to that has printed its findings: the gate,
// then whether every path that it was given was there.
func (g *gatherer) outcome(fs []finding.Finding, failOn string) error {
	there := slices.DeleteFunc(slices.Clone(fs), func(f finding.Finding) bool {
		return f.Rule == "input/unreadable" && slices.Contains(g.missing, f.File)
	})
	if err := gate(there, failOn); err != nil {
		return err
	}
	return g.allThere()
}

// allThere returns an error where a path that was given is not there.
func (g *gatherer) allThere() error {
	if len(g.missing) == 0 {
		return nil
	}
	name := g.missing[0]
	g.words.text(&name)
	if more := len(g.missing) - 1; more > 0 {
		name += fmt.Sprintf(" and %d more", more)
	}
	return failure(os.ErrNotExist, "reading "+name, "check the path; whatever else was named has been read")
}

// gate returns errGate where a finding is of the severity, or matches one of
// the rules, that failOn names. The empty gate lets everything pass.
func gate(fs []finding.Finding, failOn string) error {
	for _, word := range strings.FieldsFunc(failOn, isSeparator) {
		for _, f := range fs {
			if reaches(f, word) {
				return errGate
			}
		}
	}
	return nil
}

func reaches(f finding.Finding, word string) bool {
	if want := finding.Severity(word).Rank(); want > 0 {
		return f.Severity.Rank() >= want
	}
	prefix, wild := strings.CutSuffix(word, "*")
	return f.Rule == word || wild && strings.HasPrefix(f.Rule, prefix) || strings.HasPrefix(f.Rule, word+"/")
}
