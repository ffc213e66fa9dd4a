package github

import (
	"strconv"
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

type pageInfo struct {
	HasNextPage bool   `json:"hasNextPage"`
	EndCursor   string `json:"endCursor"`
}

type list[T any] struct {
	PageInfo pageInfo `json:"pageInfo"`
	Nodes    []*T     `json:"nodes"`
}

// bigInt is a number of 64 bits, which GraphQL writes as a string.
type bigInt int64

func (n *bigInt) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	v, err := strconv.ParseInt(strings.Trim(string(b), `"`), 10, 64)
	*n = bigInt(v)
	return err
}

type actorNode struct {
	Type  string `json:"__typename"`
	Login string `json:"login"`
}

// actor gives a Bot the name that it has in the REST API and in commits.
func (a *actorNode) actor() Actor {
	if a == nil {
		return Actor{}
	}
	login := a.Login
	if a.Type == "Bot" && !strings.HasSuffix(login, "[bot]") {
		login += "[bot]"
	}
	return Actor{Login: login, Type: a.Type}
}

type oidNode struct {
	OID string `json:"oid"`
}

func (o *oidNode) sha() string {
	if o == nil {
		return ""
	}
	return o.OID
}

type pullNode struct {
	Number         int        `json:"number"`
	Title          string     `json:"title"`
	URL            string     `json:"url"`
	State          string     `json:"state"`
	IsDraft        bool       `json:"isDraft"`
	CreatedAt      time.Time  `json:"createdAt"`
	ClosedAt       *time.Time `json:"closedAt"`
	MergedAt       *time.Time `json:"mergedAt"`
	HeadRefName    string     `json:"headRefName"`
	HeadRefOid     string     `json:"headRefOid"`
	BaseRefName    string     `json:"baseRefName"`
	IsCross        bool       `json:"isCrossRepository"`
	Author         *actorNode `json:"author"`
	MergedBy       *actorNode `json:"mergedBy"`
	MergeCommit    *oidNode   `json:"mergeCommit"`
	HeadRepository *struct {
		NameWithOwner string `json:"nameWithOwner"`
		DatabaseID    int64  `json:"repositoryId"`
	} `json:"headRepository"`
	Commits  *list[commitNode]  `json:"commits"`
	Reviews  *list[reviewNode]  `json:"reviews"`
	Events   *list[eventNode]   `json:"timelineItems"`
	Threads  *list[threadNode]  `json:"reviewThreads"`
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

type reviewNode struct {
	DatabaseID  bigInt     `json:"id"`
	State       string     `json:"state"`
	SubmittedAt *time.Time `json:"submittedAt"`
	URL         string     `json:"url"`
	Author      *actorNode `json:"author"`
	On          *oidNode   `json:"on"`
}

type eventNode struct {
	Type      string     `json:"__typename"`
	CreatedAt time.Time  `json:"createdAt"`
	URL       string     `json:"url"`
	Actor     *actorNode `json:"actor"`
	Before    *oidNode   `json:"before"`
	After     *oidNode   `json:"after"`
	Merge     *oidNode   `json:"merge"`
	Pushed    *struct {
		Commit *oidNode `json:"commit"`
	} `json:"pushed"`
	Label *struct {
		Name string `json:"name"`
	} `json:"label"`
	Review *struct {
		DatabaseID bigInt     `json:"id"`
		Author     *actorNode `json:"author"`
	} `json:"review"`
	PreviousReviewState string `json:"previousReviewState"`
	DismissalMessage    string `json:"dismissalMessage"`
}

type threadNode struct {
	ID           string     `json:"node"`
	IsResolved   bool       `json:"isResolved"`
	IsOutdated   bool       `json:"isOutdated"`
	Path         string     `json:"path"`
	Line         int        `json:"line"`
	StartLine    int        `json:"startLine"`
	OriginalLine int        `json:"originalLine"`
	ResolvedBy   *actorNode `json:"resolvedBy"`
	Comments     struct {
		Nodes []struct {
			DatabaseID bigInt     `json:"id"`
			URL        string     `json:"url"`
			CreatedAt  time.Time  `json:"createdAt"`
			Author     *actorNode `json:"author"`
			Original   *oidNode   `json:"original"`
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

func when(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
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
	if n.Commits != nil {
		pages.turn("commits", &n.Commits.PageInfo)
		p.Commits = appendAll(p.Commits, n.Commits.Nodes, (*commitNode).commit)
	}
	if n.Reviews != nil {
		pages.turn("reviews", &n.Reviews.PageInfo)
		p.Reviews = appendAll(p.Reviews, n.Reviews.Nodes, (*reviewNode).review)
	}
	if n.Events != nil {
		pages.turn("events", &n.Events.PageInfo)
		p.Events = appendAll(p.Events, n.Events.Nodes, (*eventNode).event)
	}
	if n.Threads != nil {
		pages.turn("threads", &n.Threads.PageInfo)
		p.Threads = appendAll(p.Threads, n.Threads.Nodes, (*threadNode).thread)
	}
	if n.Comments != nil {
		pages.turn("comments", &n.Comments.PageInfo)
		p.Comments = appendAll(p.Comments, n.Comments.Nodes, (*commentNode).comment)
	}
}

// appendAll leaves out nodes that the forge does not show.
func appendAll[N, T any](to []T, nodes []*N, of func(*N) T) []T {
	for _, n := range nodes {
		if n != nil {
			to = append(to, of(n))
		}
	}
	return to
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
	return Review{ID: int64(n.DatabaseID), State: strings.ToLower(n.State), At: when(n.SubmittedAt), Author: n.Author.actor(), SHA: n.On.sha(), URL: n.URL}
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
		e.ReviewID, e.ReviewAuthor = int64(n.Review.DatabaseID), n.Review.Author.actor()
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

func (n *threadNode) thread() Thread {
	t := Thread{
		ID: n.ID, Path: n.Path, Start: n.StartLine, Line: n.Line, OriginalLine: n.OriginalLine,
		Resolved: n.IsResolved, ResolvedBy: n.ResolvedBy.actor().Login, Outdated: n.IsOutdated,
	}
	if len(n.Comments.Nodes) > 0 {
		c := n.Comments.Nodes[0]
		t.CommentID, t.URL, t.At, t.Author, t.SHA = int64(c.DatabaseID), c.URL, c.CreatedAt, c.Author.actor(), c.Original.sha()
	}
	return t
}

func (n *commentNode) comment() Comment {
	return Comment{ID: int64(n.DatabaseID), URL: n.URL, At: n.CreatedAt, Author: n.Author.actor(), Own: n.Own, Body: n.Body}
}
