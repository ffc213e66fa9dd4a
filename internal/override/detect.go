package override

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/andon-ci/andon/internal/trace"
)

// Options are what beside a history decides about it.
type Options struct {
	Accounts   Accounts
	Repository string        // that an event must be of; empty takes any
	Runs       []Run         // recorded runs, to link decisions to
	Rework     time.Duration // after a merge in which edits of its lines count; 0 is DefaultRework

	// Seek returns more runs, of a history in which a sweep has found something.
	// Nil finds none.
	Seek func(context.Context, *History) []Run

	records *records // of Runs, made once for all histories
}

// complete fills in what is left open.
func (o Options) complete() Options {
	if o.Rework == 0 {
		o.Rework = DefaultRework
	}
	if o.records == nil {
		o.records = newRecords(o.Runs)
	}
	return o
}

// DefaultRework is for how long after a merge a person's edits of an agent's
// lines are taken to be about the agent's change.
const DefaultRework = 14 * 24 * time.Hour

// Sweep reads all histories of a source. What could not be read is told by the
// errors and by the coverage; the result has the rest.
func Sweep(ctx context.Context, src Source, s Span, o Options) (Result, []error) {
	out := empty()
	o = o.complete()
	var errs []error
	for h, err := range src.Histories(ctx, s) {
		if err != nil {
			errs = append(errs, err)
			out.Coverage.unread(err)
		}
		if h != nil {
			out.add(o.detect(ctx, h))
		}
	}
	sortRecords(out.Overrides)
	sortRecords(out.Agreements)
	return out, errs
}

// detect is Detect, and again with the runs that there are beside those known.
func (o Options) detect(ctx context.Context, h *History) Result {
	out := Detect(h, o)
	if o.Seek == nil || len(out.Overrides)+len(out.Agreements) == 0 {
		return out
	}
	more := o.Seek(ctx, h)
	if len(more) == 0 {
		return out
	}
	o.Runs, o.records = slices.Concat(o.Runs, more), nil
	return Detect(h, o)
}

// Detect finds the overrides and the agreements in a history.
func Detect(h *History, o Options) Result {
	c := &change{h: h, o: o.complete(), out: empty(), reverting: map[string]bool{}, overridden: map[string]bool{}, agreed: map[string]bool{}}
	c.out.Coverage.Changes = 1
	c.out.Coverage.Missing = append(c.out.Coverage.Missing, h.Missing...)
	slices.Sort(c.out.Coverage.Missing)
	c.prepare()
	for _, detect := range []func(){
		c.dismissals, c.reverts, c.reviewsAfter, c.mergedDespite, c.closures, c.humanCommits, c.rework, c.forcePushes,
		c.labels, c.threads, c.reactions, c.commands, c.merged,
	} {
		detect()
	}
	for _, d := range c.decisions {
		c.out.Coverage.tally(c.count(d))
	}
	c.out.Overrides, c.out.Agreements = Union(nil, c.out.Overrides), Union(nil, c.out.Agreements)
	sortRecords(c.out.Overrides)
	sortRecords(c.out.Agreements)
	slices.Sort(c.out.Coverage.Cancelled)
	return c.out
}

// change is a history that is looked at.
type change struct {
	h         *History
	o         Options
	authors   []who           // of h.Commits
	owner     who             // the agent whose change it is; zero where it is nobody's or a person's
	proposed  decided         // that decision of the owner
	decisions []decided       // of agents, as far as the history shows them
	reverting map[string]bool // Commit.origin of those that are found to be reverts, and so are no edits

	ran []int // see local

	overridden, agreed map[string]bool // by Decision.key
	out                Result
}

// decided is a decision and who made it.
type decided struct {
	Decision
	by who
}

func (c *change) count(d decided) Tally {
	t := Tally{Kind: cmp.Or(d.Kind, "unknown"), Total: 1}
	switch {
	case c.overridden[d.key()]:
		t.Overridden = 1
	case c.agreed[d.key()]:
		t.Agreed = 1
	default:
		t.Inconclusive = 1
	}
	return t
}

// act is what a person did about a decision.
type act struct {
	signal   Signal
	strength Strength
	time     time.Time
	actor    who
	on       decided
	ids      []string // that the forge gave the act, and nothing that may change
	reason   string
	phase    string
	lines    *Lines
	evidence []Evidence
	explicit bool // the actor names the agent, so that what it is known by is no limit
}

// maxReason bounds what is kept of a person's words, in bytes.
const maxReason = 500

func (c *change) override(a act) {
	c.out.Overrides = append(c.out.Overrides, c.record(OverrideSchema, a))
	c.overridden[a.on.key()] = true
}

func (c *change) agree(a act) {
	c.out.Agreements = append(c.out.Agreements, c.record(AgreementSchema, a))
	c.agreed[a.on.key()] = true
}

// cancel says that an override was taken back.
func (c *change) cancel(signal Signal, ids ...string) {
	c.out.Coverage.Cancelled = append(c.out.Coverage.Cancelled, c.h.identify(OverrideSchema, signal, ids))
}

func (c *change) unresolved(signal Signal, why, url string) {
	c.out.Coverage.Unresolved = append(c.out.Coverage.Unresolved, Unresolved{
		Signal: signal, Repository: c.h.Repository, Subject: c.h.Subject, Why: why, URL: url,
	})
}

// lack says that a part was not looked at to its end.
func (c *change) lack(p Part) {
	missing := &c.out.Coverage.Missing
	if at, found := slices.BinarySearch(*missing, p); !found {
		*missing = slices.Insert(*missing, at, p)
	}
}

func (c *change) ignore(signal Signal, why, url string) {
	c.out.Coverage.Ignored = append(c.out.Coverage.Ignored, Ignored{Signal: signal, Subject: c.h.Subject, Why: why, URL: url})
}

func (c *change) record(schema string, a act) Record {
	r := Record{
		Schema: schema, ID: c.h.identify(schema, a.signal, a.ids), Time: a.time, Repository: c.h.Repository, Subject: c.h.Subject,
		Signal: a.signal, Strength: a.strength, Actor: a.actor.person(), Agent: a.on.by.agent(), Decision: a.on.Decision,
		Reason: clip(a.reason), Phase: a.phase, Lines: a.lines, Evidence: a.evidence,
	}
	if len(a.on.heads) > 0 {
		r.HeadSHA = a.on.heads[0]
	}
	if !a.explicit {
		r.Strength = r.Strength.atMost(a.on.by.basis.limit())
	}
	if a.actor.kind != Human {
		r.Strength = Weak
	}
	if r.Evidence == nil {
		r.Evidence = []Evidence{}
	}
	if run := c.origin(a.on); run != nil {
		r.RunID, r.Link = run.id, &run.link
		r.Agent.Name = cmp.Or(run.role, r.Agent.Name)
	}
	return r
}

// clip cuts a person's words, but within none that is written in ASCII: the
// beginning of a credential could not be told for what it is.
func clip(s string) string {
	s = strings.TrimSpace(strings.ToValidUTF8(s, "\uFFFD"))
	if len(s) <= maxReason {
		return s
	}
	n := maxReason
	for n > 0 && (!utf8.RuneStart(s[n]) || ' ' < s[n-1] && s[n-1] < utf8.RuneSelf) {
		n--
	}
	return strings.TrimSpace(s[:n]) + "…"
}

// prepare finds out whose change it is and what agents decided about it.
func (c *change) prepare() {
	for _, commit := range c.h.Commits {
		c.authors = append(c.authors, c.o.Accounts.commit(commit))
	}
	c.owner = c.findOwner()
	if c.owner.isAgent() {
		c.proposed = c.proposal()
		c.decisions = append(c.decisions, c.proposed)
	}
	for _, r := range c.h.Reviews {
		if by := c.o.Accounts.actor(r.Author); by.isAgent() {
			c.decisions = append(c.decisions, decided{reviewDecision(r), by})
		}
	}
	labels := map[string]bool{}
	for _, e := range c.h.Events {
		if by := c.o.Accounts.actor(e.Actor); e.Kind == Labeled && by.isAgent() && !labels[e.Label] {
			labels[e.Label] = true
			c.decisions = append(c.decisions, labelDecision(e, by))
		}
	}
	for _, t := range c.h.Threads {
		if d, ok := c.ofThread(t); ok {
			c.decisions = append(c.decisions, d)
		}
	}
	for _, m := range c.h.Comments {
		if by := c.o.Accounts.actor(m.Author); by.isAgent() {
			c.decisions = append(c.decisions, decided{commentDecision(m), by})
		}
	}
}

// findOwner returns the agent that the change is the work of: its author, or
// the author of its first commit where a person opened it for an agent.
func (c *change) findOwner() who {
	author := c.o.Accounts.actor(c.h.Author)
	if author.kind == Machine {
		return author
	}
	for i, w := range c.authors {
		if len(c.h.Commits[i].Parents) < 2 {
			if w.isAgent() {
				return w
			}
			break
		}
	}
	return who{}
}

// proposal is the decision that an agent's change is itself.
func (c *change) proposal() decided {
	d := Decision{Kind: trace.Commit, Time: c.h.Created, Commit: c.h.Head.SHA}
	if i := c.lastByAgent(len(c.h.Commits)); i >= 0 {
		d = commitDecision(c.h.Commits[i])
	} else if c.h.Head.SHA != "" {
		d.heads = []string{c.h.Head.SHA}
	}
	return decided{d, c.owner}
}

// lastByAgent returns the index of the last commit before the end that an agent
// wrote, or -1.
func (c *change) lastByAgent(end int) int {
	for i := end - 1; i >= 0; i-- {
		if c.authors[i].isAgent() {
			return i
		}
	}
	return -1
}

func commitDecision(m Commit) Decision {
	d := Decision{Kind: trace.Commit, Time: m.Pushed, Commit: m.SHA, heads: append([]string{m.SHA}, m.Parents...)}
	if d.Time.IsZero() {
		d.Time, d.unsure = m.Committer.Time, true
	}
	return d
}

func commentDecision(m Comment) Decision {
	return Decision{Kind: trace.Comment, Time: m.Time, CommentID: m.ID, within: m.ReviewID}
}

func reviewDecision(r Review) Decision {
	d := Decision{Time: r.Submitted, ReviewID: r.ID, node: r.Node}
	if r.Commit != "" {
		d.heads = []string{r.Commit}
	}
	switch r.State {
	case Approved:
		d.Kind = trace.Approve
	case ChangesRequested:
		d.Kind = trace.RequestChanges
	case Commented:
		d.Kind = trace.Comment
	}
	return d
}

// person returns who an account is where that may be a person.
func (c *change) person(a Actor) (who, bool) {
	w := c.o.Accounts.actor(a)
	return w, w.kind != Machine
}
