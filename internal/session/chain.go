package session

import (
	"cmp"
	"slices"
	"time"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/trace"
)

// ChainSchema names the version of Chain's JSON form, schemas/chain.schema.json.
const ChainSchema = "andon.chain/v1"

// Chain is all that was done about one pull request or commit, over all
// workflow runs: the sessions in the order of their heads, and what happened
// beside them. It is what `andon session --format json` prints.
type Chain struct {
	Schema      string            `json:"schema"`
	Repository  string            `json:"repository"`
	Subject     Subject           `json:"subject"`
	HeadSHA     string            `json:"head_sha"` // now
	PullRequest *PullRequest      `json:"pull_request,omitempty"`
	Sessions    []*Link           `json:"sessions"`
	Acts        []Act             `json:"acts"` // in order of time
	Totals      Totals            `json:"totals"`
	Coverage    ChainCoverage     `json:"coverage"`
	Findings    []finding.Finding `json:"findings"`
}

// PullRequest is what the forge says of one.
type PullRequest struct {
	Title   string    `json:"title"`
	URL     string    `json:"url"`
	State   string    `json:"state"` // open, closed, merged
	Author  Actor     `json:"author"`
	Created time.Time `json:"created"`
	Closed  time.Time `json:"closed,omitzero"` // or merged
	Fork    bool      `json:"fork,omitempty"`
}

// Actor is who did something.
type Actor struct {
	Login string    `json:"login"` // empty for a deleted account, or where only an address is known
	Kind  ActorKind `json:"kind"`
}

// ActorKind says whether somebody is a person.
type ActorKind string

// The kinds of actor.
const (
	Human   ActorKind = "human"
	Agent   ActorKind = "agent"
	Unknown ActorKind = "unknown"
)

// Link is the session at one head, and the workflow runs that it is from.
type Link struct {
	Session   *Session   `json:"session"`
	Workflows []Workflow `json:"workflow_runs"` // in order of their start
}

// Workflow is one workflow run, as the forge tells it.
type Workflow struct {
	ID         int64     `json:"id"`
	Attempt    int       `json:"attempt"`
	Name       string    `json:"workflow"`
	Event      string    `json:"event"`
	Status     string    `json:"status"` // completed, in_progress, ...
	Conclusion string    `json:"conclusion,omitempty"`
	URL        string    `json:"url"`
	Created    time.Time `json:"created"`
	Actor      string    `json:"actor,omitempty"`     // login of who started it
	Fork       bool      `json:"fork,omitempty"`      // it ran what a fork brought
	Commented  bool      `json:"commented,omitempty"` // a comment started it; its head is told by the times of commits
	Bundles    int       `json:"bundles"`             // that were read
	Runs       []string  `json:"runs"`                // ids of the agents' runs in them
}

// Act is something that was done to the change beside the agents' runs.
type Act struct {
	Kind    string      `json:"kind"` // commit, force_push, review, review_dismissed, labeled, unlabeled, ready_for_review, convert_to_draft, closed, reopened, merged
	Time    time.Time   `json:"time"`
	Actor   Actor       `json:"actor"`
	State   string      `json:"state,omitempty"` // of a review; of one that was dismissed, what it was before
	Label   string      `json:"label,omitempty"`
	Text    string      `json:"text,omitempty"` // first line of a commit's message, or why a review was dismissed
	SHA     string      `json:"sha,omitempty"`
	Added   trace.Count `json:"lines_added,omitzero"` // by a commit
	Removed trace.Count `json:"lines_removed,omitzero"`
	Merge   bool        `json:"merge,omitempty"` // a commit with several parents
	URL     string      `json:"url,omitempty"`
}

// Totals are the figures of the whole chain.
type Totals struct {
	Iterations   int         `json:"iterations"` // heads at which an agent ran
	Runs         int         `json:"runs"`
	Usage        trace.Usage `json:"usage"`
	Cost         Cost        `json:"cost"`
	AgentMS      trace.Count `json:"agent_ms,omitzero"`   // sum of what the runs took
	WaitingMS    trace.Count `json:"waiting_ms,omitzero"` // from the first run on, in which none worked
	AgentCommits int         `json:"agent_commits"`
	HumanCommits int         `json:"human_commits"` // after an agent's first act; merges do not count
	HumanAdded   trace.Count `json:"human_lines_added,omitzero"`
	HumanRemoved trace.Count `json:"human_lines_removed,omitzero"`
	OneShot      *bool       `json:"one_shot,omitempty"` // an agent's change was merged as it was first delivered; absent where there is none, or it is not merged
}

// ChainCoverage says how much the chain rests on.
type ChainCoverage struct {
	WorkflowRuns int      `json:"workflow_runs"`
	Unfinished   int      `json:"unfinished"` // of them, those still at work
	Artifacts    int      `json:"artifacts"`  // that are named like bundles
	Bundles      int      `json:"bundles"`    // of them, those that were read
	Expired      int      `json:"expired"`
	Invalid      int      `json:"invalid"`
	Suppressed   int      `json:"suppressed"`         // for a credential
	Misdated     int      `json:"misdated,omitempty"` // runs at a time that cannot be
	Partial      bool     `json:"partial"`            // something that is there was not read
	Unread       []Unread `json:"unread"`
	Cursor       string   `json:"cursor,omitempty"` // for --cursor: where reading stopped
}

// Unread is something that is there and was not read.
type Unread struct {
	What   string `json:"what"`
	Reason string `json:"reason"`
}

// Part is what one workflow run left.
type Part struct {
	Workflow Workflow
	HeadSHA  string     // as the forge says
	Sessions []*Session // as its bundles say; of them, the runs are used
}

// Complete makes the chain's sessions and totals of its parts: the runs of all
// bundles at one head are one session. What a bundle says of repository,
// subject and head does not count, only what the chain says. The chain's acts
// are given with the commits in the order of the branch.
func (c *Chain) Complete(parts []Part) {
	c.Schema = ChainSchema
	slices.SortStableFunc(parts, func(a, b Part) int { return a.Workflow.Created.Compare(b.Workflow.Created) })
	at := map[string]*Link{}
	for i := range parts {
		p := &parts[i]
		l := at[p.HeadSHA]
		if l == nil {
			k := Key{Repository: c.Repository, Subject: c.Subject, HeadSHA: p.HeadSHA, Source: KeyFromInput}
			l = &Link{Session: newSession(k.ID(""), k), Workflows: []Workflow{}}
			l.Session.Runs = []*Run{}
			at[p.HeadSHA] = l
			c.Sessions = append(c.Sessions, l)
		}
		l.add(p)
	}
	for _, l := range c.Sessions {
		s := l.Session
		slices.SortStableFunc(s.Runs, func(a, b *Run) int { return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.ID, b.ID)) })
		s.total()
	}
	c.total()
	slices.SortStableFunc(c.Acts, func(a, b Act) int { return a.Time.Compare(b.Time) })
}

// add takes over what a workflow run left. A run that is in two bundles, as
// when a job was run again, counts once.
func (l *Link) add(p *Part) {
	w := p.Workflow
	w.Runs = []string{}
	for _, s := range p.Sessions {
		s.restore()
		for _, r := range s.Runs {
			w.Runs = append(w.Runs, r.ID)
			same := slices.IndexFunc(l.Session.Runs, func(o *Run) bool { return o.ID == r.ID && o.Start.Equal(r.Start) })
			if same >= 0 {
				l.Session.Runs[same] = r
			} else {
				l.Session.Runs = append(l.Session.Runs, r)
			}
		}
		l.Session.Findings = append(l.Session.Findings, s.Findings...)
	}
	l.Workflows = append(l.Workflows, w)
}

// restore finds in a session that was read again the run that composed its
// decision: one of that kind that is not among its parts.
func (s *Session) restore() {
	if s.Decision == nil {
		return
	}
	for _, r := range slices.Backward(s.Runs) {
		if r.Decision != nil && r.Decision.Kind == s.Decision.Kind && !slices.Contains(s.Decision.ComposedFrom, r.ID) {
			r.Decision.composedFrom = s.Decision.ComposedFrom
			return
		}
	}
}

func (c *Chain) total() {
	t := &c.Totals
	var runs []*Run
	for _, l := range c.Sessions {
		if len(l.Session.Runs) > 0 {
			t.Iterations++
		}
		runs = append(runs, l.Session.Runs...)
	}
	t.Runs = len(runs)
	t.Cost = sumCost(runs)
	for _, r := range runs {
		t.Usage = t.Usage.Add(r.Usage)
		t.AgentMS = t.AgentMS.Add(r.Elapsed())
	}
	t.WaitingMS = c.waiting(runs)
	c.people(runs)
}

// waiting returns the time from the first run to the end of the change, or to
// the last that is known of it, in which no run was at work.
func (c *Chain) waiting(runs []*Run) trace.Count {
	type stretch struct{ from, to time.Time }
	var work []stretch
	for _, r := range runs {
		if end := r.Ended(); !r.Start.IsZero() && !end.Before(r.Start) {
			work = append(work, stretch{r.Start, end})
		}
	}
	if len(work) == 0 {
		return trace.Count{}
	}
	slices.SortFunc(work, func(a, b stretch) int { return a.from.Compare(b.from) })
	end := c.end()
	var idle time.Duration
	until := work[0].from
	for _, w := range work {
		if w.from.After(until) {
			idle += w.from.Sub(until)
		}
		if w.to.After(until) {
			until = w.to
		}
	}
	if end.After(until) {
		idle += end.Sub(until)
	}
	return trace.Measured(idle.Milliseconds())
}

// end returns when the change was closed or merged, else its last act.
func (c *Chain) end() time.Time {
	if c.PullRequest != nil && !c.PullRequest.Closed.IsZero() {
		return c.PullRequest.Closed
	}
	var last time.Time
	for _, a := range c.Acts {
		if a.Time.After(last) {
			last = a.Time
		}
	}
	return last
}

// people counts what people added to what an agent had done, and tells whether
// they had to. Commits count that are behind an agent's in the order of the branch,
// whatever their times say, and those from after the first run.
func (c *Chain) people(runs []*Run) {
	t := &c.Totals
	var first time.Time
	for _, r := range runs {
		if !r.Start.IsZero() && (first.IsZero() || r.Start.Before(first)) {
			first = r.Start
		}
	}
	began := false
	for _, a := range c.Acts {
		switch {
		case a.Kind != "commit" || a.Merge:
		case a.Actor.Kind == Agent:
			began = true
			t.AgentCommits++
		case a.Actor.Kind == Human && (began || !first.IsZero() && a.Time.After(first)):
			t.HumanCommits++
			t.HumanAdded, t.HumanRemoved = t.HumanAdded.Add(a.Added), t.HumanRemoved.Add(a.Removed)
		}
	}
	p := c.PullRequest
	if p == nil || p.State != "merged" || !began && p.Author.Kind != Agent || c.Coverage.Partial {
		return
	}
	once := t.Iterations <= 1 && t.HumanCommits == 0 && !slices.ContainsFunc(c.Acts, func(a Act) bool {
		return a.Kind == "force_push" || a.State == "changes_requested"
	})
	t.OneShot = &once
}
