package github

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/override"
)

//go:embed pull.graphql
var pullQuery string

// maxPages bounds how many pages of 100 of one list are read: no pull request
// that people read has more.
const maxPages = 50

// Pull is a pull request and what happened to it, as the forge tells it. The
// lists are in the forge's order.
type Pull struct {
	Number         int
	Title, URL     string
	State          string // open, closed, merged
	Draft          bool
	Author         Actor
	CreatedAt      time.Time
	ClosedAt       time.Time // zero while it is open
	MergedAt       time.Time
	MergedBy       Actor
	MergeCommit    string
	HeadSHA        string
	HeadRef        string
	BaseRef        string
	Repository     string // owner/name as it is now; it may have been renamed
	HeadRepository string // empty where it was deleted
	Fork           bool   // the head is in another repository

	Commits  []Commit
	Reviews  []Review
	Events   []Event
	Threads  []Thread
	Comments []Comment
	Unread   []string // lists that are longer than what was read of them

	repositoryID, headRepositoryID int64
}

// Actor is who did something. An empty login is a deleted account.
type Actor struct {
	Login string
	Type  string // User, Bot, Mannequin, Organization, EnterpriseUserAccount; empty where the forge does not say
}

// Override returns the account as a history names it.
func (a Actor) Override() override.Actor { return override.Actor{Login: a.Login, Type: a.Type} }

// Override returns what a history says of who wrote the commit.
func (c Commit) Override() override.Commit {
	out := override.Commit{SHA: c.SHA, Message: c.Message}
	if len(c.Authors) > 0 {
		a := c.Authors[0] // the others are co-authors, whom the message names
		out.Author = override.Identity{Name: a.Name, Email: a.Email, Time: c.AuthoredAt}
		if a.Login != "" {
			out.Author.Account = override.Actor{Login: a.Login, Type: "User"}
		}
	}
	return out
}

// Commit is one commit of the pull request, as its branch is now.
type Commit struct {
	SHA, URL, Message    string
	Authors              []Author // and co-authors
	AuthoredAt           time.Time
	CommittedAt          time.Time
	Additions, Deletions int
	Merge                bool // it has more than one parent
}

// Author is who a commit says has written it, which anybody can write there.
type Author struct {
	Name, Email string
	Login       string // of the account with that address; empty for none
}

// Review is one review.
type Review struct {
	ID     int64
	State  string // approved, changes_requested, commented, dismissed, pending
	At     time.Time
	Author Actor
	SHA    string // head that it was about; empty where it is gone
	URL    string
}

// Event is something else that happened.
type Event struct {
	Kind  string // force_push, merged, closed, reopened, review_dismissed, labeled, unlabeled, ready_for_review, convert_to_draft
	At    time.Time
	Actor Actor
	URL   string

	Before, After string // commits, of a force_push
	SHA           string // of a merge; of the push that dismissed a review
	Label         string
	ReviewID      int64  // that was dismissed
	ReviewAuthor  Actor  // of it
	ReviewState   string // it had before
	Message       string // with which it was dismissed
}

// Thread is a conversation about lines of the diff.
type Thread struct {
	ID           string
	Path         string
	Start, Line  int // 0 where they are not in the diff any more
	OriginalLine int
	Resolved     bool
	ResolvedBy   string // login
	Outdated     bool
	CommentID    int64 // of the first comment
	URL          string
	At           time.Time
	Author       Actor
	SHA          string // the first comment was made on
}

// Comment is one comment of the conversation.
type Comment struct {
	ID     int64
	URL    string
	At     time.Time
	Author Actor
	Own    bool // by the account that asks
	Body   string
}

// Want says which lists of a pull request are needed beside its commits,
// reviews and events.
type Want struct {
	Threads  bool
	Comments bool
}

// Pull returns a pull request. Where a limit stops it between pages, it returns
// what was read beside the error.
func (c *Client) Pull(ctx context.Context, number int, want Want) (*Pull, error) {
	doing := fmt.Sprintf("reading pull request #%d of %s", number, c.Repository())
	pages := pager{"commits": {}, "reviews": {}, "events": {}}
	if want.Threads {
		pages["threads"] = &page{}
	}
	if want.Comments {
		pages["comments"] = &page{}
	}
	var out *Pull
	var hidden []string
	for n := 0; n < maxPages && pages.open(); n++ {
		var answer pullAnswer
		denied, err := c.query(ctx, doing, pullQuery+fragments, pages.variables(c.owner, c.name, number), &answer)
		if err != nil {
			if out != nil {
				out.Unread = pages.unread()
			}
			return out, err
		}
		hidden = append(hidden, denied...)
		node := answer.Repository.PullRequest
		if node == nil {
			return nil, &Error{Doing: doing, Reason: "there is none", Err: ErrMissing, Hint: "check --repository and --pr"}
		}
		if out == nil {
			out = node.head(&answer)
			c.moved(out.Repository)
		}
		node.lists(out, pages)
		if len(denied) > 0 {
			break // a list that is null would be asked for again and again
		}
	}
	slices.Sort(hidden)
	out.Unread = slices.Compact(append(pages.unread(), hidden...))
	return out, nil
}

// moved asks for the repository by its present name from now on, which saves
// the redirects.
func (c *Client) moved(to string) {
	if repositoryName.MatchString(to) {
		c.owner, c.name, _ = strings.Cut(to, "/")
	}
}

// pager knows how far each list has been read.
type pager map[string]*page

type page struct {
	cursor string
	done   bool
}

func (p pager) open() bool { return len(p.unread()) > 0 }

func (p pager) unread() []string {
	var out []string
	for _, name := range []string{"commits", "reviews", "events", "threads", "comments"} {
		if l := p[name]; l != nil && !l.done {
			out = append(out, name)
		}
	}
	return out
}

func (p pager) variables(owner, name string, number int) map[string]any {
	v := map[string]any{"owner": owner, "name": name, "number": number}
	for list, with := range map[string]string{
		"commits": "withCommits", "reviews": "withReviews", "events": "withEvents", "threads": "withThreads", "comments": "withComments",
	} {
		l := p[list]
		v[with] = l != nil && !l.done
		if l != nil && l.cursor != "" {
			v[list] = l.cursor
		}
	}
	return v
}

// turn notes that a page was read.
func (p pager) turn(name string, info *pageInfo) {
	l := p[name]
	if l == nil || info == nil {
		return
	}
	l.done = !info.HasNextPage || info.EndCursor == l.cursor // one that does not move would never end
	l.cursor = info.EndCursor
}
