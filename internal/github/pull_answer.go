package github

import (
	"strings"
	"time"
)

// pullAnswer is the answer to pull.graphql.
type pullAnswer struct {
	Repository struct {
		NameWithOwner string    `json:"nameWithOwner"`
		DatabaseID    int64     `json:"repositoryId"`
		PullRequest   *pullNode `json:"pullRequest"`
	} `json:"repository"`
}

type pullNode struct {
	headNode
	State    string             `json:"state"`
	IsDraft  bool               `json:"isDraft"`
	ClosedAt *time.Time         `json:"closedAt"`
	IsCross  bool               `json:"isCrossRepository"`
	Commits  *list[commitNode]  `json:"commits"`
	Reviews  *list[reviewNode]  `json:"reviews"`
	Events   *list[eventNode]   `json:"timelineItems"`
	Threads  *list[pullThread]  `json:"reviewThreads"`
	Comments *list[commentNode] `json:"comments"`
}

type commitNode struct {
	Commit struct {
		OID           string    `json:"oid"`
		URL           string    `json:"url"`
		Message       string    `json:"message"`
		AuthoredDate  time.Time `json:"authoredDate"`
		CommittedDate time.Time `json:"committedDate"`
		Additions     int       `json:"additions"`
		Deletions     int       `json:"deletions"`
		Parents       struct {
			TotalCount int `json:"totalCount"`
		} `json:"parents"`
		Authors struct {
			Nodes []struct {
				Name  string     `json:"name"`
				Email string     `json:"email"`
				User  *actorNode `json:"user"`
			} `json:"nodes"`
		} `json:"authors"`
	} `json:"commit"`
}

type pullThread struct {
	threadNode
	StartLine    int `json:"startLine"`
	OriginalLine int `json:"originalLine"`
	Comments     struct {
		Nodes []struct {
			DatabaseID bigInt     `json:"id"`
			URL        string     `json:"url"`
			CreatedAt  time.Time  `json:"createdAt"`
			Author     *actorNode `json:"author"`
			On         *oidNode   `json:"on"`
		} `json:"nodes"`
	} `json:"comments"`
}

type commentNode struct {
	DatabaseID bigInt     `json:"id"`
	URL        string     `json:"url"`
	CreatedAt  time.Time  `json:"createdAt"`
	Body       string     `json:"body"`
	Own        bool       `json:"viewerDidAuthor"`
	Author     *actorNode `json:"author"`
}

// head returns the pull request without its lists.
func (n *pullNode) head(a *pullAnswer) *Pull {
	p := &Pull{
		Number: n.Number, Title: n.Title, URL: n.URL, State: strings.ToLower(n.State), Draft: n.IsDraft, Author: n.Author.actor(),
		CreatedAt: n.CreatedAt, ClosedAt: when(n.ClosedAt), MergedAt: when(n.MergedAt), MergedBy: n.MergedBy.actor(), MergeCommit: n.MergeCommit.sha(),
		HeadSHA: n.HeadRefOid, HeadRef: n.HeadRefName, BaseRef: n.BaseRefName, Fork: n.IsCross,
		Repository: a.Repository.NameWithOwner, repositoryID: a.Repository.DatabaseID,
	}
	if h := n.HeadRepository; h != nil {
		p.HeadRepository, p.headRepositoryID = h.NameWithOwner, h.DatabaseID
	}
	return p
}

// lists adds one page of each list that was asked for.
func (n *pullNode) lists(p *Pull, pages pager) {
	p.Commits = appendAll(p.Commits, turned(pages, "commits", n.Commits), (*commitNode).commit)
	p.Reviews = appendAll(p.Reviews, turned(pages, "reviews", n.Reviews), (*reviewNode).review)
	p.Events = appendAll(p.Events, turned(pages, "events", n.Events), (*eventNode).event)
	p.Threads = appendAll(p.Threads, turned(pages, "threads", n.Threads), (*pullThread).thread)
	p.Comments = appendAll(p.Comments, turned(pages, "comments", n.Comments), (*commentNode).comment)
}

func (n *commitNode) commit() Commit {
	c := n.Commit
	out := Commit{
		SHA: c.OID, URL: c.URL, Message: c.Message, AuthoredAt: c.AuthoredDate, CommittedAt: c.CommittedDate,
		Additions: c.Additions, Deletions: c.Deletions, Merge: c.Parents.TotalCount > 1,
	}
	for _, a := range c.Authors.Nodes {
		out.Authors = append(out.Authors, Author{Name: a.Name, Email: a.Email, Login: a.User.actor().Login})
	}
	return out
}

func (n *reviewNode) review() Review {
	return Review{ID: int64(n.ID), State: strings.ToLower(n.State), At: when(n.SubmittedAt), Author: n.Author.actor(), SHA: n.On.sha(), URL: n.URL}
}

func (n *eventNode) event() Event {
	e := Event{
		Kind: eventKind(n.Type), At: n.CreatedAt, Actor: n.Actor.actor(), URL: n.URL, Before: n.Before.sha(), After: n.After.sha(), SHA: n.Merge.sha(),
		ReviewState: strings.ToLower(n.PreviousReviewState), Message: n.DismissalMessage,
	}
	if n.Pushed != nil {
		e.SHA = n.Pushed.Commit.sha()
	}
	if n.Label != nil {
		e.Label = n.Label.Name
	}
	if n.Review != nil {
		e.ReviewID, e.ReviewAuthor = int64(n.Review.ID), n.Review.Author.actor()
	}
	return e
}

func eventKind(typename string) string {
	switch typename {
	case "HeadRefForcePushedEvent":
		return "force_push"
	case "MergedEvent":
		return "merged"
	case "ClosedEvent":
		return "closed"
	case "ReopenedEvent":
		return "reopened"
	case "ReviewDismissedEvent":
		return "review_dismissed"
	case "LabeledEvent":
		return "labeled"
	case "UnlabeledEvent":
		return "unlabeled"
	case "ReadyForReviewEvent":
		return "ready_for_review"
	case "ConvertToDraftEvent":
		return "convert_to_draft"
	}
	return ""
}

func (n *pullThread) thread() Thread {
	t := Thread{
		ID: n.ID, Path: n.Path, Start: n.StartLine, Line: n.Line, OriginalLine: n.OriginalLine,
		Resolved: n.IsResolved, ResolvedBy: n.ResolvedBy.actor().Login, Outdated: n.IsOutdated,
	}
	if len(n.Comments.Nodes) > 0 {
		c := n.Comments.Nodes[0]
		t.CommentID, t.URL, t.At, t.Author, t.SHA = int64(c.DatabaseID), c.URL, c.CreatedAt, c.Author.actor(), c.On.sha()
	}
	return t
}

func (n *commentNode) comment() Comment {
	return Comment{ID: int64(n.DatabaseID), URL: n.URL, At: n.CreatedAt, Author: n.Author.actor(), Own: n.Own, Body: n.Body}
}
