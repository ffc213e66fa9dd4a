package override

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/andon-ci/andon/internal/session"
)

// ErrEvent says that a payload is not that of a webhook. Its text is never
// quoted: it may hold anything.
var ErrEvent = errors.New("not the JSON of an event")

// FromEvent finds what an event's payload shows by itself. The ids are those
// that the whole history gives; what the payload cannot show is in the
// coverage. An event that says nothing about people and agents gives an empty
// result.
func FromEvent(name string, payload []byte, o Options) (Result, error) {
	var p event
	if err := json.Unmarshal(payload, &p); err != nil {
		return Result{}, ErrEvent
	}
	if p.Repository.FullName == "" {
		return Result{}, fmt.Errorf("%w: it names no repository", ErrEvent)
	}
	if o.Repository != "" && !strings.EqualFold(o.Repository, p.Repository.FullName) {
		return Result{}, fmt.Errorf("the event is not of %s", o.Repository)
	}
	out := empty()
	if name == "push" {
		p.push(&out, o)
	} else if h := p.history(name); h != nil {
		out.add(Detect(h, o))
		p.doubt(name, h, &out, o)
	}
	out.Coverage.Event = strings.TrimSuffix(name+"."+p.Action, ".")
	return out, nil
}

// history returns what the payload shows of its pull request, or nil where it is
// about none.
func (p *event) history(name string) *History {
	h := &History{
		Repository: p.Repository.FullName, RepositoryID: p.Repository.ID,
		Missing: []Part{PartCommits, PartReviews, PartThreads, PartEvents, PartComments, PartReactions, PartReverts, PartAfter},
	}
	switch {
	case p.Pull != nil && p.Pull.Number > 0:
		h.Subject = session.Subject{Kind: "pull_request", Number: p.Pull.Number}
		h.URL, h.Title, h.Body, h.Author, h.Created = p.Pull.HTMLURL, p.Pull.Title, p.Pull.Body, p.Pull.User.actor(), p.Pull.Created
		h.Head, h.Base = p.Pull.Head.branch(), p.Pull.Base.branch()
	case p.Issue != nil && p.Issue.Number > 0:
		h.Subject = session.Subject{Kind: "issue", Number: p.Issue.Number}
		if p.Issue.Pull != nil {
			h.Subject.Kind = "pull_request"
		}
		h.URL, h.Title, h.Author, h.Created = p.Issue.HTMLURL, p.Issue.Title, p.Issue.User.actor(), p.Issue.Created
	default:
		return nil
	}
	if fill := p.fill(name); fill != nil {
		fill(h)
	}
	return h
}

// fill returns what puts the event itself into the history.
func (p *event) fill(name string) func(*History) {
	if p.Pull == nil && name != "issue_comment" {
		return nil
	}
	switch name + "." + p.Action {
	case "pull_request_review.submitted", "pull_request_review.dismissed":
		if p.Review != nil {
			return p.fillReview
		}
	case "pull_request.closed", "pull_request_target.closed", "pull_request.reopened", "pull_request_target.reopened":
		return p.fillClosure
	case "pull_request_review_thread.resolved":
		if p.Thread != nil {
			return p.fillThread
		}
	case "issue_comment.created":
		if p.Comment != nil {
			return func(h *History) {
				h.Comments = []Comment{p.Comment.comment()}
				h.Missing = append(h.Missing, PartPermissions)
			}
		}
	case "pull_request_review_comment.created":
		if p.Comment != nil {
			return p.fillRemark
		}
	}
	return nil
}

func (p *event) fillReview(h *History) {
	r := Review{
		ID: p.Review.ID, Node: p.Review.NodeID, Author: p.Review.User.actor(), State: ReviewState(strings.ToLower(p.Review.State)), Commit: p.Review.Commit,
		Submitted: p.Review.Submitted, Body: p.Review.Body, URL: p.Review.HTMLURL, Association: p.Review.Association,
	}
	if len(orders(r.Body)) > 0 {
		h.Missing = append(h.Missing, PartPermissions)
	}
	if p.Action == "dismissed" {
		r.State = "" // what it said before, the payload does not have
		r.Dismissal = &Dismissal{Time: p.Pull.Updated, By: p.Sender.actor()}
		h.Missing = append(h.Missing, PartPrevious)
	}
	h.Reviews = []Review{r}
}

func (p *event) fillClosure(h *History) {
	switch {
	case p.Action == "reopened":
		h.Events = []Event{{Kind: Reopened, Time: p.Pull.Updated, Actor: p.Sender.actor()}}
	case p.Pull.Merged:
		h.Merge = &Merge{Time: p.Pull.MergedAt, By: p.Sender.actor(), SHA: p.Pull.MergeSHA, Head: p.Pull.Head.SHA}
		if p.Pull.MergedBy != nil {
			h.Merge.By = p.Pull.MergedBy.actor()
		}
		if p.Pull.AutoMerge != nil {
			h.Merge.EnabledBy = p.Pull.AutoMerge.EnabledBy.actor()
		}
	default:
		h.Events = []Event{{Kind: Closed, Time: p.Pull.Closed, Actor: p.Sender.actor()}}
	}
}

// fillThread adds the thread. Its lines cannot have changed while the head is
// the commit that it was opened on, and have changed where the forge finds no
// place for it in the diff any more.
func (p *event) fillThread(h *History) {
	t := Thread{ID: p.Thread.NodeID, Resolved: true, ResolvedBy: p.Sender.actor()}
	for _, m := range p.Thread.Comments {
		t.Comments = append(t.Comments, m.comment())
	}
	if len(p.Thread.Comments) > 0 {
		first := p.Thread.Comments[0]
		t.Path, t.Commit, t.ResolvedAt = first.Path, first.Original, p.Pull.Updated
		switch {
		case first.Original != "" && first.Original == p.Pull.Head.SHA:
			t.Changed = No
		case first.Position == nil && first.Placed != nil && first.About != "file":
			t.Changed = Yes
		}
	}
	h.Threads = []Thread{t}
}

// fillRemark adds a comment on a line, where it may hold a command. Whose thread
// it is in, the payload does not say.
func (p *event) fillRemark(h *History) {
	if m := p.Comment.comment(); len(orders(m.Body)) > 0 {
		h.Threads = []Thread{{Comments: []Comment{m}}}
		h.Missing = append(h.Missing, PartPermissions)
	}
}

// doubt tells what may be an override and cannot be told from the payload.
func (p *event) doubt(name string, h *History, out *Result, o Options) {
	unsure := func(signal Signal, commit, why string) {
		out.Coverage.Unresolved = append(out.Coverage.Unresolved, Unresolved{
			Signal: signal, Repository: h.Repository, Subject: h.Subject, Commit: commit, Why: why, URL: h.URL,
		})
	}
	sender := o.Accounts.actor(p.Sender.actor())
	if sender.kind == Machine || p.Pull == nil {
		return
	}
	agents := o.Accounts.actor(h.Author).kind == Machine
	switch strings.TrimPrefix(strings.TrimPrefix(name, "pull_request"), "_target") + "." + p.Action {
	case ".closed":
		if !p.Pull.Merged {
			break
		}
		unsure(MergedDespite, p.Pull.Head.SHA, "the payload has no reviews: the list of reviews tells whether an agent had requested changes")
		p.claims(h, func(n int, why string) {
			h := *h
			h.Subject.Number = n
			out.Coverage.Unresolved = append(out.Coverage.Unresolved, Unresolved{
				Signal: Reverted, Repository: h.Repository, Subject: h.Subject, Commit: p.Pull.MergeSHA, Why: why, URL: p.Pull.HTMLURL,
			})
		})
	case ".synchronize":
		if agents {
			unsure(HumanCommit, p.After, "the payload does not list what was pushed: the comparison of before and after tells whose commits they are")
			unsure(ForcePush, p.Before, "the payload does not say whether commits were dropped: the comparison of before and after tells")
		}
	case ".unlabeled":
		if p.Label != nil {
			unsure(LabelRemoved, "", "the payload does not say who had set the label: the issue's events tell")
		}
	case "_review.submitted":
		if len(h.Reviews) == 0 {
			break
		}
		switch h.Reviews[0].State {
		case ChangesRequested:
			unsure(ChangesAfter, h.Reviews[0].Commit, "the payload has no other reviews: the list of reviews tells whether an agent had approved this head")
		case Approved:
			unsure(ApprovedAfter, h.Reviews[0].Commit, "the payload has no other reviews: the list of reviews tells whether an agent had approved this head")
		}
	}
}

// claims calls found for each pull request that a merged one says it reverts.
func (p *event) claims(h *History, found func(number int, why string)) {
	cl := h.reads(Revert{Number: h.Subject.Number, Title: h.Title, Body: h.Body, Head: h.Head.Ref})
	numbers := []string{cl.branch}
	own := strings.ToLower(h.Repository)
	for _, pull := range cl.pulls {
		repository, n, _ := strings.Cut(pull, "#")
		if repository == "" || repository == own {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	for _, s := range slices.Compact(numbers) {
		if n, err := strconv.Atoi(s); err == nil && n > 0 {
			found(n, "it says that it reverts this pull request: whose change that was, and whether its commit is meant, its own history tells")
		}
	}
}

var zeros = regexp.MustCompile(`^0+$`)

// push tells of the reverts in a push to a branch. Whose commits they revert is
// found out elsewhere: a push names none of the commits before it.
func (p *event) push(out *Result, o Options) {
	if !strings.HasPrefix(p.Ref, "refs/heads/") || zeros.MatchString(p.After) {
		return
	}
	h := &History{Repository: p.Repository.FullName, RepositoryID: p.Repository.ID}
	out.Coverage.Changes = 1
	out.Coverage.Missing = []Part{PartReverts}
	for _, m := range p.Commits {
		c := Commit{SHA: m.ID, Message: m.Message, URL: m.URL, Pusher: p.Sender.actor()}
		c.Author = Identity{Name: m.Author.Name, Email: m.Author.Email, Account: Actor{Login: m.Author.Username}}
		w := o.Accounts.commit(c)
		if w.kind == Machine {
			continue
		}
		for _, sha := range h.reads(Revert{SHA: m.ID, Commit: &c}).shas {
			out.Coverage.Unresolved = append(out.Coverage.Unresolved, Unresolved{
				Signal: Reverted, Repository: h.Repository, Subject: session.Subject{Kind: "commit"}, Commit: sha,
				Why: "a commit of a person reverts this one: whose it is, the pull requests of the commit tell", URL: m.URL,
			})
		}
	}
}
