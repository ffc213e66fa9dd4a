package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/andon-ci/andon/internal/artifact"
	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/github"
	"github.com/andon-ci/andon/internal/report"
	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

const (
	artifactPrefix = "andon-" // of the names that the action gives; see action.OutputsOf
	maxArtifact    = 64 << 20 // bytes of one zip file
	maxArtifacts   = 2_000    // downloaded by one command
	maxUnpacked    = 1 << 30  // bytes of all bundles of one command
	maxChainRuns   = 10_000   // agents' runs in one chain
)

// read fills in the chain. The error is for what cannot be shown at all; what
// only stopped the reading early is v.broken, and the chain says what is
// missing.
func (v *view) read(ctx context.Context) error {
	parts, err := v.gather(ctx)
	if err != nil {
		return err
	}
	history := v.history(ctx)
	v.complete(parts)
	v.judge(history)
	return nil
}

// gather reads what the workflow runs left.
func (v *view) gather(ctx context.Context) ([]session.Part, error) {
	v.chain = &session.Chain{
		Repository: v.forge.Repository(), Subject: v.key.Subject, HeadSHA: v.key.HeadSHA,
		Sessions: []*session.Link{}, Acts: []session.Act{}, Findings: []finding.Finding{},
		Coverage: session.ChainCoverage{Unread: []session.Unread{}},
	}
	runs, err := v.change(ctx)
	if err != nil {
		return nil, err
	}
	opener, err := artifact.NewOpener(artifact.Default(), v.scan)
	if err != nil {
		return nil, err
	}
	g := &bundles{view: v, opener: opener, parts: make([]session.Part, len(runs))}
	if v.broken == nil && g.from(runs) < 0 {
		return nil, notCursor(v.flags.cursor)
	}
	g.read(ctx, runs)
	return g.parts, nil
}

func (v *view) complete(parts []session.Part) {
	v.chain.Coverage.Partial = len(v.chain.Coverage.Unread) > 0
	v.chain.Complete(parts)
	finding.Sort(v.chain.Findings)
}

// change reads what the chain is about, and returns the workflow runs.
func (v *view) change(ctx context.Context) ([]github.Run, error) {
	number := v.key.Subject.Number
	if v.key.Subject.Kind != "pull_request" {
		sha, err := v.commit(ctx)
		if err != nil {
			return nil, err
		}
		v.chain.HeadSHA = sha
		if v.flags.sha == "" { // an event's commit, of which the pull request is looked for
			if number, err = v.pullOf(ctx, sha); err != nil {
				return nil, err
			}
		}
		if number == 0 {
			v.chain.Subject = session.Subject{Kind: "commit"}
			runs, more, err := v.forge.RunsOf(ctx, sha)
			return v.listed(runs, more, err)
		}
		v.chain.Subject = session.Subject{Kind: "pull_request", Number: number}
	}
	return v.pullRequest(ctx, number)
}

// pullOf returns the pull request of a commit, 0 for none. The forge knows it of
// its own commits, and of a fork's only by where they came from.
func (v *view) pullOf(ctx context.Context, sha string) (int, error) {
	number, err := v.forge.PullOf(ctx, sha)
	if err != nil || number > 0 {
		return number, err
	}
	account, branch := v.flags.origin(v.env)
	return v.forge.PullFrom(ctx, account, branch, sha)
}

// commit returns the whole SHA of the commit that is meant.
func (v *view) commit(ctx context.Context) (string, error) {
	if n := len(v.key.HeadSHA); n == 40 || n == 64 {
		return v.key.HeadSHA, nil
	}
	return v.forge.Commit(ctx, v.key.HeadSHA)
}

func (v *view) pullRequest(ctx context.Context, number int) ([]github.Run, error) {
	p, err := v.forge.Pull(ctx, number, github.Want{Comments: true})
	if p == nil {
		return nil, err
	}
	v.pull, v.broken = p, err
	for _, list := range p.Unread {
		v.unread(list+" of the pull request", reasonOf(err, "there are more than are read"))
	}
	c := v.chain
	c.Repository, c.HeadSHA = p.Repository, p.HeadSHA
	c.PullRequest = &session.PullRequest{
		Title: p.Title, URL: p.URL, State: p.State, Author: v.who.actor(p.Author), Created: p.CreatedAt, Closed: later(p.ClosedAt, p.MergedAt), Fork: p.Fork,
	}
	c.Acts = v.who.acts(p)
	if v.broken != nil {
		return nil, nil
	}
	runs, more, err := v.forge.Runs(ctx, p)
	return v.listed(runs, more, err)
}

// listed notes what of a list of workflow runs was not read.
func (v *view) listed(runs []github.Run, more bool, err error) ([]github.Run, error) {
	switch {
	case err != nil && len(runs) == 0 && v.pull == nil:
		return nil, err
	case err != nil:
		v.broken = err
		v.unread("workflow runs", reasonOf(err, ""))
	case more:
		v.unread("workflow runs", "there are more than are read")
	}
	return runs, nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (v *view) unread(what, reason string) {
	v.chain.Coverage.Unread = append(v.chain.Coverage.Unread, session.Unread{What: what, Reason: reason})
}

// reasonOf says in a few words why something was not read.
func reasonOf(err error, otherwise string) string {
	var e *github.Error
	switch {
	case err == nil:
		return otherwise
	case errors.As(err, &e) && !e.Until.IsZero():
		return e.Reason + "; it can be read after " + e.Until.Format("15:04:05 UTC")
	case errors.As(err, &e):
		return e.Reason
	}
	return err.Error()
}

// bundles reads the bundles of workflow runs.
type bundles struct {
	*view
	opener     *artifact.Opener
	parts      []session.Part
	downloaded int
	unpacked   int64
	runs       int
	alive      lifetime // of the workflow run that is read
}

// from returns the place of the newest workflow run that is to be read: the last
// one, or the one that the cursor names; -1 where that is none of them.
func (g *bundles) from(runs []github.Run) int {
	if g.flags.cursor == "" {
		return len(runs)
	}
	return slices.IndexFunc(runs, func(r github.Run) bool { return fmt.Sprint(r.ID) == g.flags.cursor })
}

func notCursor(cursor string) error {
	return usage(fmt.Sprintf("--cursor %q is no workflow run of what is shown", cursor), "--cursor takes the ID that a reading has named where it stopped; without, all is read")
}

// read reads the newest workflow run first: where it is stopped, what is true
// now was read.
func (g *bundles) read(ctx context.Context, runs []github.Run) {
	c := &g.chain.Coverage
	c.WorkflowRuns = len(runs)
	from := g.from(runs)
	for i := len(runs) - 1; i >= 0; i-- {
		r := runs[i]
		g.parts[i] = session.Part{HeadSHA: r.HeadSHA, Workflow: workflowOf(r)}
		if !r.Completed() {
			c.Unfinished++
		}
		switch {
		case i > from:
			g.unread(fmt.Sprintf("workflow run %d", r.ID), "it is before the cursor")
		case g.stopped():
			g.unread(fmt.Sprintf("workflow run %d", r.ID), "reading had been stopped")
		default:
			before := g.broken
			g.run(ctx, r, &g.parts[i])
			if g.broken != before && c.Cursor == "" { // the first that may be read another time
				c.Cursor = fmt.Sprint(r.ID)
			}
		}
	}
}

// stopped reports whether there is no use in asking on.
func (v *view) stopped() bool {
	for _, why := range []error{github.ErrLimit, github.ErrToken, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(v.broken, why) {
			return true
		}
	}
	return false
}

// stopped reports whether there is no use in asking for more bundles.
func (g *bundles) stopped() bool {
	return g.view.stopped() || errors.Is(g.broken, github.ErrPermission)
}

func workflowOf(r github.Run) session.Workflow {
	return session.Workflow{
		ID: r.ID, Attempt: r.Attempt, Name: r.Name, Event: r.Event, Status: r.Status, Conclusion: r.Conclusion,
		URL: r.URL, Created: r.CreatedAt, Actor: r.Actor, Fork: r.Fork, Commented: r.Commented, Runs: []string{},
	}
}

// run reads the bundles of one workflow run.
func (g *bundles) run(ctx context.Context, r github.Run, p *session.Part) {
	what := fmt.Sprintf("workflow run %d", r.ID)
	g.alive = lifetimeOf(r, g.env.Now())
	found, more, err := g.forge.Artifacts(ctx, r, artifactPrefix)
	switch {
	case err != nil:
		g.broken = err
		g.unread(what, reasonOf(err, ""))
	case more:
		g.unread("artifacts of "+what, "there are more than are read")
	}
	for _, a := range found {
		g.chain.Coverage.Artifacts++
		if g.stopped() {
			g.unread(what+", "+a.Name, "reading had been stopped")
			continue
		}
		g.artifact(ctx, a, p)
	}
}

// artifact reads one bundle into a part.
func (g *bundles) artifact(ctx context.Context, a github.Artifact, p *session.Part) {
	what := fmt.Sprintf("workflow run %d, %s", p.Workflow.ID, a.Name)
	if g.downloaded >= maxArtifacts || g.unpacked >= maxUnpacked || g.runs >= maxChainRuns {
		g.unread(what, "the limit of what one command reads was reached")
		return
	}
	g.downloaded++
	raw, err := g.forge.Download(ctx, a, maxArtifact)
	if err != nil {
		g.lost(a, what, err)
		return
	}
	b, found := g.opener.Open(raw, a.Name)
	found = g.nameless(found)
	g.note(found)
	g.leak(b, found, p.Workflow)
	c := &g.chain.Coverage
	switch {
	case b != nil:
		c.Bundles++
		p.Workflow.Bundles++
		g.unpacked += b.Bytes
		for _, s := range b.Report.Sessions {
			g.runs += len(s.Runs)
		}
		p.Sessions = append(p.Sessions, b.Report.Sessions...)
		g.compare(a, b.Claims, p)
		g.date(a, b.Report, p)
	case len(found) > 0 && found[0].Rule == "artifact/invalid":
		c.Invalid++
		g.unread(what, found[0].Message)
	default:
		c.Suppressed++
		g.unread(what, "it holds a credential")
	}
}

// nameless returns findings without fingerprints where those would have no
// secret key, so that a short credential could be guessed.
func (g *bundles) nameless(found []finding.Finding) []finding.Finding {
	out := slices.Clone(found)
	for i := range out {
		if g.env.Getenv("ANDON_FINGERPRINT_KEY") == "" {
			out[i].Fingerprint = ""
		}
	}
	return out
}

// note keeps findings.
func (g *bundles) note(found []finding.Finding) {
	for _, f := range found {
		if len(g.chain.Findings) < maxFindings {
			g.chain.Findings = append(g.chain.Findings, f)
		}
	}
}

// leak keeps the credentials that a bundle tells of, and those within it.
func (g *bundles) leak(b *artifact.Bundle, found []finding.Finding, w session.Workflow) {
	all := found
	if b != nil {
		all = append(all, b.Report.Findings...)
		for _, s := range b.Report.Sessions {
			all = append(all, findingsIn(s)...)
		}
	}
	g.leaks = append(g.leaks, report.LeaksOf(w, all)...)
	g.leaks = g.leaks[:min(len(g.leaks), maxFindings)]
}

// lost says that an artifact was not handed out.
func (g *bundles) lost(a github.Artifact, what string, err error) {
	var e *github.Error
	hint := ""
	if errors.As(err, &e) {
		hint = e.Hint
	}
	if errors.Is(err, github.ErrExpired) {
		g.chain.Coverage.Expired++
	} else if !errors.Is(err, github.ErrMissing) && !errors.Is(err, github.ErrTooLarge) && !errors.Is(err, github.ErrDamaged) {
		g.broken = err
	}
	g.unread(what, reasonOf(err, ""))
	g.note([]finding.Finding{{
		Rule: "artifact/unread", Severity: finding.Warning, Message: "a bundle could not be read: " + reasonOf(err, ""), Hint: hint, Pos: trace.Pos{File: a.Name},
	}})
}

// date takes the times out of the runs that the workflow run cannot have had, so
// that they count as of its own.
func (g *bundles) date(a github.Artifact, r *session.Report, p *session.Part) {
	n := 0
	for _, s := range r.Sessions {
		for _, one := range s.Runs {
			if g.alive.mend(one) {
				n++
			}
		}
	}
	if n > 0 {
		g.chain.Coverage.Misdated += n
		g.note([]finding.Finding{misdated(n, a.Name, fmt.Sprintf("the time of workflow run %d counts; look at what wrote the trace", p.Workflow.ID))})
	}
}

// compare says where a bundle claims to be about something else than the forge
// says.
func (g *bundles) compare(a github.Artifact, claims artifact.Claims, p *session.Part) {
	c := g.chain
	sameHead := claims.HeadSHA == "" || p.HeadSHA == claims.HeadSHA || p.Workflow.Commented // whose head is not the forge's word
	samePull := claims.Subject.Kind != "pull_request" || c.Subject.Kind != "pull_request" || claims.Subject.Number == c.Subject.Number
	if sameHead && samePull {
		return
	}
	g.note([]finding.Finding{{
		Rule: "artifact/mismatch", Severity: finding.Warning,
		Message: fmt.Sprintf("the bundle names another pull request or head than workflow run %d has", p.Workflow.ID),
		Hint:    "the forge is believed; look at the job if its workflow did not check out another commit on purpose", Pos: trace.Pos{File: a.Name},
	}})
}
