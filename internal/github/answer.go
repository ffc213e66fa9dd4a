package github

import (
	_ "embed"
	"strconv"
	"strings"
	"time"
)

// fragments are what the queries for a pull request have in common, and
// commitFragment those for commits.
var (
	//go:embed fragments.graphql
	fragments string

	//go:embed commit.graphql
	commitFragment string
)

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

// headNode is the answer to the fragment head.
type headNode struct {
	Number         int        `json:"number"`
	Title          string     `json:"title"`
	URL            string     `json:"url"`
	CreatedAt      time.Time  `json:"createdAt"`
	MergedAt       *time.Time `json:"mergedAt"`
	HeadRefName    string     `json:"headRefName"`
	HeadRefOid     string     `json:"headRefOid"`
	BaseRefName    string     `json:"baseRefName"`
	Author         *actorNode `json:"author"`
	MergedBy       *actorNode `json:"mergedBy"`
	MergeCommit    *oidNode   `json:"mergeCommit"`
	HeadRepository *struct {
		NameWithOwner string `json:"nameWithOwner"`
		DatabaseID    int64  `json:"repositoryId"`
	} `json:"headRepository"`
}

type reviewNode struct {
	ID          bigInt     `json:"id"`
	State       string     `json:"state"`
	SubmittedAt *time.Time `json:"submittedAt"`
	URL         string     `json:"url"`
	Author      *actorNode `json:"author"`
	On          *oidNode   `json:"on"`
}

type eventNode struct {
	Type      string     `json:"__typename"`
	ID        string     `json:"id"`
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
		ID     bigInt     `json:"id"`
		Author *actorNode `json:"author"`
	} `json:"review"`
	Closer *struct {
		oidNode          // of a commit
		Merge   *oidNode `json:"mergeCommit"` // of a pull request
	} `json:"closer"`
	PreviousReviewState string `json:"previousReviewState"`
	DismissalMessage    string `json:"dismissalMessage"`
}

type threadNode struct {
	ID         string     `json:"node"`
	IsResolved bool       `json:"isResolved"`
	IsOutdated bool       `json:"isOutdated"`
	Path       string     `json:"path"`
	Line       int        `json:"line"`
	ResolvedBy *actorNode `json:"resolvedBy"`
}

func when(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// turned returns the nodes of a page, none where it was not asked for, and notes
// that it was read.
func turned[N any](pages pager, name string, l *list[N]) []*N {
	if l == nil {
		return nil
	}
	pages.turn(name, &l.PageInfo)
	return l.Nodes
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
