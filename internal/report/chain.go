package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/override"
	"github.com/andon-ci/andon/internal/session"
)

// ChainVerdict says in one line without markup what was done about a change.
func ChainVerdict(c *Story) string {
	_, line := chainVerdict(c, writing{
		strong: func(s string) string { return s },
		name:   func(s string) string { return termText(s, maxName) },
	})
	return line
}

// ChainConclusion returns what a check run about a chain's head ends with:
// failure for a credential, success where agents ran at this head and all that is
// known went well, else neutral.
func ChainConclusion(c *Story) string {
	switch l, _ := chainVerdict(c, writing{strong: clean, name: clean}); {
	case slices.ContainsFunc(c.Findings, isLeak):
		return "failure"
	case l == green && !c.Coverage.Partial && lastRun(c).HeadSHA == c.HeadSHA:
		return "success"
	}
	return "neutral"
}

// chainVerdict says in one line what happened, with the light for it.
func chainVerdict(c *Story, w writing) (light, string) {
	t := c.Totals
	var leak []string
	if n := c.Coverage.Suppressed; n > 0 {
		leak = []string{plural(n, "bundle", "bundles") + " with a credential"}
	}
	if t.Runs == 0 {
		nothing := w.strong("No data") + ": " + whyNoRuns(c.Coverage)
		return worse(unlit, lightOfLeaks(leak)), strings.Join(append([]string{nothing}, leak...), "; ")
	}
	parts := []string{}
	if p := c.PullRequest; p != nil {
		parts = append(parts, stateOf(p))
	}
	last := lastDecided(c)
	l := unlit
	if last != nil {
		l = lightOfKind(last.Session.Decision.Kind)
		parts = append(parts, decidedBy(last.Session, w)+" at "+w.name(headOf(last.Session)))
	}
	l = worse(l, lightOfRuns(c))
	parts = append(parts, plural(t.Runs, "run", "runs")+" at "+plural(t.Iterations, "head", "heads"))
	if t.OneShot != nil && *t.OneShot {
		parts = append(parts, "one-shot")
	}
	if t.HumanCommits > 0 {
		parts = append(parts, plural(t.HumanCommits, "commit", "commits")+" by people after the agent")
	}
	if c.Overrides != nil && len(c.Overrides.Overrides) > 0 {
		parts = append(parts, plural(len(c.Overrides.Overrides), "override", "overrides"))
	}
	parts = append(append(parts, leak...), amount(t.Cost))
	if c.Coverage.Partial {
		parts = append(parts, w.strong("partial"))
	}
	return worse(l, lightOfLeaks(leak)), strings.Join(parts, "; ")
}

// headOf returns the head of a session as people write it.
func headOf(s *session.Session) string { return abbreviated(s.HeadSHA) }

func abbreviated(sha string) string { return strings.ToValidUTF8(sha[:min(len(sha), 7)], "") }

// stateOf says what became of a pull request.
func stateOf(p *session.PullRequest) string {
	switch p.State {
	case "merged", "closed", "open":
		return p.State
	}
	return "state unknown"
}

// lastDecided returns the last session in which something was decided, nil for
// none.
func lastDecided(c *Story) *session.Link {
	for _, l := range slices.Backward(c.Sessions) {
		if l.Session.Decision != nil {
			return l
		}
	}
	return nil
}

// lightOfRuns returns the light of the runs at the last head that has any: what
// failed before it was mended, or is not known to matter any more.
func lightOfRuns(c *Story) light {
	if s := lastRun(c); len(s.Runs) > 0 {
		return lightOfSession(s)
	}
	return unlit
}

// lastRun returns the session at the last head that has runs, an empty one where
// there are none.
func lastRun(c *Story) *session.Session {
	for _, l := range slices.Backward(c.Sessions) {
		if len(l.Session.Runs) > 0 {
			return l.Session
		}
	}
	return &session.Session{}
}

func whyNoRuns(c session.ChainCoverage) string {
	switch {
	case c.Partial:
		return "what there is could not be read"
	case c.WorkflowRuns == 0:
		return "there is no workflow run"
	case c.Unfinished > 0 && c.Artifacts == 0:
		return plural(c.Unfinished, "workflow run is", "workflow runs are") + " at work still"
	case c.Artifacts == 0:
		return "no workflow run has uploaded a bundle"
	}
	return "no bundle holds a run"
}

// chainCoverage says what a chain rests on. The zeros in it were counted.
func chainCoverage(c session.ChainCoverage) []string {
	out := []string{
		plural(c.WorkflowRuns, "workflow run", "workflow runs"),
		fmt.Sprintf("%s of %s read", number(int64(c.Bundles)), plural(c.Artifacts, "bundle", "bundles")),
		number(int64(c.Suppressed)) + " suppressed",
		number(int64(c.Invalid)) + " invalid",
		number(int64(c.Expired)) + " expired",
	}
	if c.Misdated > 0 {
		out = append(out, plural(c.Misdated, "run", "runs")+" at a time that cannot be")
	}
	if c.Unfinished > 0 {
		out = append(out, number(int64(c.Unfinished))+" still running")
	}
	return out
}

// chainFacts returns the totals of a chain, each with its name.
func chainFacts(c *Story) [][2]string {
	t := c.Totals
	out := [][2]string{
		{"cost", strings.TrimPrefix(amount(t.Cost), "cost ")},
		{"tokens", fmt.Sprintf("%s in, %s from the cache, %s out", tokens(t.Usage.Input), tokens(t.Usage.CacheRead), tokens(t.Usage.Output))},
		{"agents at work", duration(t.AgentMS)},
		{"no agent at work", duration(t.WaitingMS)},
		{"iterations", number(int64(t.Iterations))},
		{"one-shot", oneShot(t.OneShot)},
		{"commits", fmt.Sprintf("%s by agents; %s by people after them", number(int64(t.AgentCommits)), number(int64(t.HumanCommits)))},
	}
	if c.Overrides != nil {
		out = append(out, [2]string{"overrides", overruled(c.Overrides)})
	}
	if t.HumanCommits > 0 {
		out = append(out, [2]string{"lines by people", fmt.Sprintf("+%s −%s", count(t.HumanAdded), count(t.HumanRemoved))})
	}
	return out
}

func oneShot(b *bool) string {
	switch {
	case b == nil:
		return unknownMark
	case *b:
		return "yes"
	}
	return "no"
}

// happening is an act, a session, or what an act says of a decision, in the order
// in which they came about.
type happening struct {
	at     time.Time
	act    *session.Act
	link   *session.Link
	record *override.Record
}

// happenings puts acts between the sessions by time. A session stands where its
// first workflow run began, by the forge's clock.
func happenings(c *Story) []happening {
	var out []happening
	for _, l := range c.Sessions {
		var at time.Time
		if len(l.Workflows) > 0 {
			at = l.Workflows[0].Created
		}
		out = append(out, happening{at: at, link: l})
	}
	for i := range c.Acts {
		out = append(out, happening{at: c.Acts[i].Time, act: &c.Acts[i]})
	}
	for _, r := range c.records() {
		out = append(out, happening{at: r.Time, record: r})
	}
	slices.SortStableFunc(out, func(a, b happening) int { return a.at.Compare(b.at) })
	return out
}

// actText says what somebody did.
func actText(a *session.Act, w writing) string {
	who := w.name(cmp.Or(a.Actor.Login, "somebody"))
	if a.Actor.Kind == session.Agent {
		who += " (agent)"
	}
	out := who + " " + deed(a, w)
	if a.SHA != "" && (a.Kind == "commit" || a.Kind == "merged" || a.Kind == "force_push" || a.Kind == "review") {
		out += " " + preposition(a.Kind) + w.name(abbreviated(a.SHA))
	}
	if a.Added.Known() || a.Removed.Known() {
		out += fmt.Sprintf(" (+%s −%s)", count(a.Added), count(a.Removed))
	}
	if a.Text != "" {
		out += ": " + w.name(a.Text)
	}
	return out
}

func preposition(kind string) string {
	switch kind {
	case "force_push":
		return "to "
	case "merged":
		return "as "
	case "review":
		return "at "
	}
	return ""
}

// deed says what an act is.
func deed(a *session.Act, w writing) string {
	switch a.Kind {
	case "commit":
		if a.Merge {
			return "merged into the branch"
		}
		return "committed"
	case "force_push":
		return "force-pushed"
	case "review":
		switch a.State {
		case "approved":
			return "approved"
		case "changes_requested":
			return "requested changes"
		case "dismissed":
			return "reviewed (dismissed since)"
		}
		return "commented"
	case "review_dismissed":
		return "dismissed a review"
	case "labeled":
		return "added the label " + w.name(a.Label)
	case "unlabeled":
		return "removed the label " + w.name(a.Label)
	case "ready_for_review":
		return "marked it ready for review"
	case "convert_to_draft":
		return "made it a draft"
	case "closed", "reopened", "merged":
		return a.Kind + " it"
	}
	return "did something"
}

// decidedBy tells what a session came to, and by whom.
func decidedBy(s *session.Session, w writing) string {
	if s.Decision == nil {
		return endings(s.Runs, w) + ", no decision"
	}
	return kind(s.Decision.Kind, w) + by(s, w)
}

// agentless tells of the workflow runs at a head of which no agent's run was read: there is
// none, or its bundle was not read.
func agentless(l *session.Link, head string) string {
	return fmt.Sprintf("%s at %s: no agent's run was read", plural(len(l.Workflows), "workflow run", "workflow runs"), head)
}

// workflowOf returns the workflow run in which an agent ran, nil for none.
func workflowOf(l *session.Link, r *session.Run) *session.Workflow {
	for i := range l.Workflows {
		if slices.Contains(l.Workflows[i].Runs, r.ID) {
			return &l.Workflows[i]
		}
	}
	return nil
}

// chainFindings returns every finding of a chain, the worst first.
func chainFindings(c *Story) []finding.Finding {
	out := slices.Clone(c.Findings)
	for _, l := range c.Sessions {
		out = append(out, findingsOf(l.Session)...)
	}
	return worstFirst(out)
}
