package github

import (
	"cmp"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/override"
	"github.com/andon-ci/andon/internal/trace"
)

// historyAnswer is the answer to history.graphql.
type historyAnswer struct {
	Repository struct {
		NameWithOwner string       `json:"nameWithOwner"`
		DatabaseID    int64        `json:"repositoryId"`
		PullRequest   *historyNode `json:"pullRequest"`
	} `json:"repository"`
}

type historyNode struct {
	headNode
	Body       string `json:"body"`
	BaseRefOid string `json:"baseRefOid"`
	AutoMerge  *struct {
		EnabledBy *actorNode `json:"enabledBy"`
	} `json:"autoMergeRequest"`
	Reactions reactionList `json:"reactions"`
	Commits   *list[struct {
		Commit historyCommit `json:"commit"`
	}] `json:"commits"`
	Reviews  *list[historyReview]  `json:"reviews"`
	Events   *list[historyEvent]   `json:"timelineItems"`
	Threads  *list[historyThread]  `json:"reviewThreads"`
	Comments *list[historyComment] `json:"comments"`
}

// person returns an account as a history names it.
func (a *actorNode) person() override.Actor { return a.actor().Override() }

type historyCommit struct {
	OID       string   `json:"oid"`
	URL       string   `json:"url"`
	Message   string   `json:"message"`
	Additions int64    `json:"additions"`
	Deletions int64    `json:"deletions"`
	Tree      *oidNode `json:"tree"`
	Parents   struct {
		Nodes []*oidNode `json:"nodes"`
	} `json:"parents"`
	Author    *signature `json:"author"`
	Committer *signature `json:"committer"`
}

type signature struct {
	Name  string     `json:"name"`
	Email string     `json:"email"`
	Date  time.Time  `json:"date"`
	User  *actorNode `json:"user"`
}

func (s *signature) identity() override.Identity {
	if s == nil {
		return override.Identity{}
	}
	return override.Identity{Name: s.Name, Email: s.Email, Time: s.Date, Account: s.User.person()}
}

func (n *historyCommit) commit() override.Commit {
	out := override.Commit{
		SHA: n.OID, URL: n.URL, Message: n.Message, Additions: trace.Measured(n.Additions), Deletions: trace.Measured(n.Deletions),
		Author: n.Author.identity(), Committer: n.Committer.identity(), Tree: n.Tree.sha(),
	}
	for _, p := range n.Parents.Nodes {
		out.Parents = append(out.Parents, p.sha())
	}
	return out
}

type reactionList struct {
	Total int `json:"totalCount"`
	Nodes []*struct {
		ID        int64      `json:"databaseId"`
		Content   string     `json:"content"`
		CreatedAt time.Time  `json:"createdAt"`
		User      *actorNode `json:"user"`
	} `json:"nodes"`
}

// reactions names reactions as the REST API does.
func (l reactionList) reactions() []override.Reaction {
	var out []override.Reaction
	for _, n := range l.Nodes {
		if n == nil {
			continue
		}
		content := strings.ToLower(n.Content)
		switch n.Content {
		case "THUMBS_UP":
			content = "+1"
		case "THUMBS_DOWN":
			content = "-1"
		}
		out = append(out, override.Reaction{ID: n.ID, Content: content, Actor: n.User.person(), Time: n.CreatedAt})
	}
	return out
}

type historyReview struct {
	reviewNode
	Node        string       `json:"node"`
	Body        string       `json:"body"`
	Association string       `json:"authorAssociation"`
	Editor      *actorNode   `json:"editor"`
	Reactions   reactionList `json:"reactions"`
}

// reviewState returns a state as submitted; empty for dismissed, which is none.
func reviewState(s string) override.ReviewState {
	switch s {
	case "APPROVED":
		return override.Approved
	case "CHANGES_REQUESTED":
		return override.ChangesRequested
	case "COMMENTED":
		return override.Commented
	}
	return ""
}

func (n *historyReview) review() override.Review {
	return override.Review{
		ID: int64(n.ID), Node: n.Node, Author: n.Author.person(), State: reviewState(n.State), Commit: n.On.sha(), Submitted: when(n.SubmittedAt),
		Body: n.Body, URL: n.URL, Reactions: n.Reactions.reactions(), Association: n.Association, Editor: n.Editor.person(),
	}
}

type historyEvent struct {
	eventNode
	Source *historySource `json:"source"`
}

// closer returns the commit that closed it, by itself or as the merge of another
// pull request; empty where none did.
func (n *eventNode) closer() string {
	if n.Closer == nil {
		return ""
	}
	return cmp.Or(n.Closer.OID, n.Closer.Merge.sha())
}

// historySource is a pull request that mentions this one; empty for an issue.
type historySource struct {
	headNode
	Body           string `json:"body"`
	BaseRepository *struct {
		NameWithOwner string `json:"nameWithOwner"`
	} `json:"baseRepository"`
	Commits struct {
		Total int `json:"totalCount"`
		Nodes []*struct {
			Commit struct {
				Message string `json:"message"`
			} `json:"commit"`
		} `json:"nodes"`
	} `json:"commits"`
}

type historyThread struct {
	threadNode
	Comments struct {
		Total int               `json:"totalCount"`
		Nodes []*historyComment `json:"nodes"`
	} `json:"comments"`
}

// thread returns a thread. GitHub calls it outdated once its lines were
// changed.
func (n *historyThread) thread() override.Thread {
	out := override.Thread{
		ID: n.ID, Path: n.Path, Line: n.Line, Resolved: n.IsResolved, ResolvedBy: n.ResolvedBy.person(), Changed: override.No,
		Comments: appendAll(nil, n.Comments.Nodes, (*historyComment).comment),
	}
	if n.IsOutdated {
		out.Changed = override.Yes
	}
	if len(n.Comments.Nodes) > 0 && n.Comments.Nodes[0] != nil {
		out.Commit = n.Comments.Nodes[0].On.sha()
	}
	return out
}

type historyComment struct {
	ID          bigInt     `json:"id"`
	URL         string     `json:"url"`
	CreatedAt   time.Time  `json:"createdAt"`
	Body        string     `json:"body"`
	Association string     `json:"authorAssociation"`
	Author      *actorNode `json:"author"`
	Editor      *actorNode `json:"editor"`
	On          *oidNode   `json:"on"`
	Review      *struct {
		ID bigInt `json:"id"`
	} `json:"pullRequestReview"`
	Reactions reactionList `json:"reactions"`
}

func (n *historyComment) comment() override.Comment {
	out := override.Comment{
		ID: int64(n.ID), Author: n.Author.person(), Editor: n.Editor.person(), Association: n.Association, Time: n.CreatedAt, Body: n.Body, URL: n.URL, Reactions: n.Reactions.reactions(),
	}
	if n.Review != nil {
		out.ReviewID = int64(n.Review.ID)
	}
	return out
}
