package github

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/override"
	"github.com/andon-ci/andon/internal/session"
)

//go:embed history.graphql
var historyQuery string

const (
	maxHistories = 1_000 // pull requests that one sweep reads
	maxFailures  = 3     // in a row, before a sweep gives up
)

// Histories yields the histories of the pull requests that something happened to
// within a span, the latest first; see override.Source. After a limit that cannot
// be waited for, or where one after the other fails, it yields the error and
// ends.
func (c *Client) Histories(ctx context.Context, s override.Span) iter.Seq2[*override.History, error] {
	return func(yield func(*override.History, error) bool) {
		rest, failures := s, 0
		for p, err := range c.changed(ctx, s) {
			var h *override.History
			if p != nil {
				rest.Until = p.Updated
			}
			if err == nil {
				h, err = c.History(ctx, p.Number)
			}
			if failures++; err == nil || lasting(err) {
				failures = 0
			} else {
				err = &override.Unread{Rest: rest, Err: err}
			}
			if !yield(h, err) || errors.Is(err, ErrLimit) || errors.Is(err, ErrToken) || failures == maxFailures || ctx.Err() != nil {
				return
			}
		}
	}
}

// changedPull is a pull request as the list has it.
type changedPull struct {
	Number  int       `json:"number"`
	Updated time.Time `json:"updated_at"`
}

// changed yields the pull requests of a span, the latest first and each once: one
// to which something happens meanwhile moves to the front, and the others over the
// end of their page. After an error it ends; beside the one that there are too many, it yields the first of these.
func (c *Client) changed(ctx context.Context, s override.Span) iter.Seq2[*changedPull, error] {
	return func(yield func(*changedPull, error) bool) {
		doing := "listing the pull requests of " + c.Repository()
		next := c.path("/pulls?state=all&sort=updated&direction=desc&per_page=100")
		seen := map[int]bool{}
		for next != "" {
			var page []changedPull
			var err error
			if next, err = c.get(ctx, doing, next, &page); err != nil {
				yield(nil, err)
				return
			}
			for i, p := range page {
				switch {
				case p.Updated.Before(s.Since):
					return
				case seen[p.Number] || !s.Until.IsZero() && p.Updated.After(s.Until):
					continue
				case len(seen) == maxHistories:
					err = &Error{Doing: doing, Reason: fmt.Sprintf("there are over %d since then", maxHistories), Err: ErrLimit, Hint: "go on from the cursor, or sweep more often"}
				}
				if seen[p.Number] = true; !yield(&page[i], err) || err != nil {
					return
				}
			}
		}
	}
}

// History returns what happened to a pull request, for override.Detect. Parts
// that could not be read are named in its Missing; the error is for the whole,
// or for a limit that ended the reading, beside what was read until then.
func (c *Client) History(ctx context.Context, number int) (*override.History, error) {
	b, h, err := c.told(ctx, number)
	if err != nil {
		return h, err
	}
	err = b.rest(ctx, c)
	return b.h, err
}

// Outline is History without what takes requests of its own: who pushed, what
// force-pushes dropped, who may write, and what came after the merge.
func (c *Client) Outline(ctx context.Context, number int) (*override.History, error) {
	b, h, err := c.told(ctx, number)
	if err != nil {
		return h, err
	}
	b.lack("pushes", "permissions")
	if b.h.Merge != nil {
		b.lack("after")
	}
	if len(b.forced) > 0 {
		b.lack("commits")
	}
	return b.h, nil
}

// told reads what GraphQL tells of a history. Beside an error it returns what was
// read until then.
func (c *Client) told(ctx context.Context, number int) (*historian, *override.History, error) {
	doing := fmt.Sprintf("reading the history of #%d of %s", number, c.Repository())
	pages := pager{"commits": {}, "reviews": {}, "events": {}, "threads": {}, "comments": {}}
	var b *historian
	for n := 0; n < maxPages && pages.open(); n++ {
		var answer historyAnswer
		denied, err := c.query(ctx, doing, historyQuery+fragments+commitFragment, pages.variables(c.owner, c.name, number), &answer)
		if err != nil {
			return nil, b.stopped(pages), err
		}
		node := answer.Repository.PullRequest
		if node == nil {
			return nil, nil, &Error{Doing: doing, Reason: "there is none", Err: ErrMissing, Hint: "check the number"}
		}
		if b == nil {
			b = newHistorian(&answer, c.clock.Now().UTC())
			c.moved(answer.Repository.NameWithOwner)
		}
		b.lists(node, pages)
		b.lack(denied...)
		if len(denied) > 0 {
			break
		}
	}
	b.lack(pages.unread()...)
	b.dismiss()
	b.commits = len(b.h.Commits)
	return b, b.h, nil
}

// historian puts a history together.
type historian struct {
	h          *override.History
	dismissals map[int64]dismissal
	forced     []int // indices of force-pushes in the events
	commits    int   // that are on the head branch
}

type dismissal struct {
	override.Dismissal
	previous override.ReviewState
}

func newHistorian(a *historyAnswer, now time.Time) *historian {
	n := a.Repository.PullRequest
	h := &override.History{
		Repository: a.Repository.NameWithOwner, RepositoryID: a.Repository.DatabaseID,
		Subject: session.Subject{Kind: "pull_request", Number: n.Number}, URL: n.URL, Title: n.Title, Body: n.Body,
		Author: n.Author.person(), Created: n.CreatedAt,
		Base:      override.Branch{Repository: a.Repository.NameWithOwner, Ref: n.BaseRefName, SHA: n.BaseRefOid},
		Head:      override.Branch{Ref: n.HeadRefName, SHA: n.HeadRefOid},
		Reactions: n.Reactions.reactions(), AsOf: now,
	}
	if n.HeadRepository != nil {
		h.Head.Repository = n.HeadRepository.NameWithOwner
	}
	if n.MergedAt != nil {
		h.Merge = &override.Merge{Time: *n.MergedAt, By: n.MergedBy.person(), SHA: n.MergeCommit.sha(), Head: n.HeadRefOid}
		if n.AutoMerge != nil {
			h.Merge.EnabledBy = n.AutoMerge.EnabledBy.person()
		}
	}
	return &historian{h: h, dismissals: map[int64]dismissal{}}
}

// stopped returns what was read before an error, nil for nothing.
func (b *historian) stopped(pages pager) *override.History {
	if b == nil {
		return nil
	}
	b.lack(pages.unread()...)
	b.dismiss()
	b.lack("after", "permissions", "pushes")
	return b.h
}

// lack names parts that were not read, by the names that the pages, the query
// and the history have for them.
func (b *historian) lack(names ...string) {
	for _, name := range names {
		switch name {
		case "timelineItems", "events":
			b.lack("reverts", "previous_state")
			name = "events"
		case "reviewThreads":
			name = "threads"
		}
		b.h.Missing = append(b.h.Missing, override.Part(name))
	}
	slices.Sort(b.h.Missing)
	b.h.Missing = slices.Compact(b.h.Missing)
}

// lists adds one page of each list.
func (b *historian) lists(n *historyNode, pages pager) {
	for _, c := range turned(pages, "commits", n.Commits) {
		if c != nil {
			b.h.Commits = append(b.h.Commits, c.Commit.commit())
		}
	}
	for _, r := range turned(pages, "reviews", n.Reviews) {
		if r != nil && r.SubmittedAt != nil { // one that is pending is its author's alone
			b.h.Reviews = append(b.h.Reviews, r.review())
		}
	}
	for _, e := range turned(pages, "events", n.Events) {
		if e != nil {
			b.event(e)
		}
	}
	threads, comments := turned(pages, "threads", n.Threads), turned(pages, "comments", n.Comments)
	b.h.Threads = appendAll(b.h.Threads, threads, (*historyThread).thread)
	b.h.Comments = appendAll(b.h.Comments, comments, (*historyComment).comment)
	b.within(n, threads, comments)
}

// within notes where of the lists within lists not all was read.
func (b *historian) within(n *historyNode, threads []*historyThread, comments []*historyComment) {
	reactions := []reactionList{n.Reactions}
	for _, t := range threads {
		if t == nil {
			continue
		}
		if t.Comments.Total > len(t.Comments.Nodes) {
			b.lack("threads")
		}
		comments = append(comments, t.Comments.Nodes...)
	}
	for _, m := range comments {
		if m != nil {
			reactions = append(reactions, m.Reactions)
		}
	}
	if n.Reviews != nil {
		for _, r := range n.Reviews.Nodes {
			if r != nil {
				reactions = append(reactions, r.Reactions)
			}
		}
	}
	if slices.ContainsFunc(reactions, func(l reactionList) bool { return l.Total > len(l.Nodes) }) {
		b.lack("reactions")
	}
}

func (b *historian) event(e *historyEvent) {
	ev := override.Event{ID: e.ID, Time: e.CreatedAt, Actor: e.Actor.person(), Before: e.Before.sha(), After: e.After.sha(), URL: e.URL}
	switch e.Type {
	case "ReviewDismissedEvent":
		b.dismissed(e)
		return
	case "CrossReferencedEvent":
		b.referenced(e.Source)
		return
	case "AutoMergeEnabledEvent", "AutoSquashEnabledEvent", "AutoRebaseEnabledEvent", "AddedToMergeQueueEvent":
		b.enabled(ev.Actor)
		return
	case "AutoMergeDisabledEvent", "RemovedFromMergeQueueEvent":
		if ev.Actor.Type != "Bot" { // the queue itself takes out what it merges
			b.enabled(override.Actor{})
		}
		return
	case "ClosedEvent":
		if b.h.Merge != nil && e.CreatedAt.Equal(b.h.Merge.Time) {
			return // the closing that a merge brings with it
		}
		ev.Kind, ev.Commit = override.Closed, e.closer()
	case "ReopenedEvent":
		ev.Kind = override.Reopened
	case "HeadRefForcePushedEvent":
		ev.Kind, b.forced = override.ForcePushed, append(b.forced, len(b.h.Events))
	case "LabeledEvent":
		ev.Kind = override.Labeled
	case "UnlabeledEvent":
		ev.Kind = override.Unlabeled
	default:
		return
	}
	if e.Label != nil {
		ev.Label = e.Label.Name
	}
	b.h.Events = append(b.h.Events, ev)
}

// enabled notes who asked for the automatic merge, or for the place in the
// queue.
func (b *historian) enabled(by override.Actor) {
	if b.h.Merge != nil {
		b.h.Merge.EnabledBy = by
	}
}

func (b *historian) dismissed(e *historyEvent) {
	if e.Review == nil {
		return
	}
	d := dismissal{previous: reviewState(e.PreviousReviewState)}
	d.Time, d.By, d.Message, d.URL = e.CreatedAt, e.Actor.person(), e.DismissalMessage, e.URL
	if e.Pushed != nil {
		d.Commit = e.Pushed.Commit.sha()
	}
	b.dismissals[int64(e.Review.ID)] = d
}

// dismiss tells each review that was dismissed, and what it had said before.
func (b *historian) dismiss() {
	for i := range b.h.Reviews {
		r := &b.h.Reviews[i]
		if d, ok := b.dismissals[r.ID]; ok {
			r.State, r.Dismissal = d.previous, &d.Dismissal
		}
	}
}

// referenced keeps another pull request that may revert this one. GitHub's
// button links to it, and so does whoever says it in words.
func (b *historian) referenced(p *historySource) {
	if p == nil || p.BaseRepository == nil || p.BaseRepository.NameWithOwner != b.h.Repository || p.Number <= b.h.Subject.Number {
		return
	}
	r := override.Revert{
		Number: p.Number, SHA: p.MergeCommit.sha(), Author: p.Author.person(), Title: p.Title, Body: p.Body, Head: p.HeadRefName,
		Merged: when(p.MergedAt), MergedBy: p.MergedBy.person(), URL: p.URL,
	}
	for _, c := range p.Commits.Nodes {
		if c != nil {
			r.Messages = append(r.Messages, c.Commit.Message)
		}
	}
	text := strings.ToLower(strings.Join(append(r.Messages, r.Title, r.Body, r.Head), "\n"))
	if strings.Contains(text, "revert") || strings.Contains(text, "reapply") {
		b.h.Reverts = append(b.h.Reverts, r)
	} else if p.Commits.Total > len(p.Commits.Nodes) {
		b.lack("reverts") // one of its other commits may be one
	}
}

// rest reads what GraphQL does not tell: who pushed what, what force-pushes
// dropped, who may write, and what came after the merge. A part that the token
// may not see is missing; a limit ends it all; any other failure is returned once
// the rest is read.
func (b *historian) rest(ctx context.Context, c *Client) error {
	var failed error
	for _, part := range []struct {
		name string
		read func(context.Context, *Client) error
	}{
		{"commits", b.dropped}, {"pushes", b.pushes}, {"permissions", b.permissions}, {"after", b.after},
	} {
		err := part.read(ctx, c)
		if err == nil {
			continue
		}
		b.lack(part.name)
		if errors.Is(err, ErrLimit) || errors.Is(err, ErrToken) || ctx.Err() != nil {
			b.lack("pushes", "permissions", "after")
			return err
		}
		if failed == nil && !lasting(err) {
			failed = err
		}
	}
	return failed
}
