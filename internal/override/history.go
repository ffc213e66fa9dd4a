package override

import (
	"slices"
	"time"

	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

// History is what is known of one change: a pull request, or a commit that was
// pushed to a branch. A source fills in what it can read and names the rest in
// Missing; what is neither there nor named there did not happen.
//
// Times are the forge's, except those of an Identity and of a Run, which come
// from clocks that nobody keeps: no order is ever taken from these.
type History struct {
	Repository   string          `json:"repository"`              // owner/name of the base, as it is called now
	RepositoryID int64           `json:"repository_id,omitempty"` // outlives a transfer; part of every id, so each source must set it
	Subject      session.Subject `json:"subject"`
	URL          string          `json:"url,omitempty"` // for people
	Title        string          `json:"title,omitempty"`
	Body         string          `json:"body,omitempty"`
	Author       Actor           `json:"author"`
	Created      time.Time       `json:"created,omitzero"`
	Base         Branch          `json:"base"`
	Head         Branch          `json:"head"`
	Merge        *Merge          `json:"merge,omitempty"` // nil while it is not merged

	Commits   []Commit   `json:"commits,omitempty"`   // in the head branch's order, and before them those that a force-push dropped
	Reviews   []Review   `json:"reviews,omitempty"`   // submitted ones, in order
	Threads   []Thread   `json:"threads,omitempty"`   // of review comments
	Events    []Event    `json:"events,omitempty"`    // in order
	Comments  []Comment  `json:"comments,omitempty"`  // on the change itself, not on its lines
	Reactions []Reaction `json:"reactions,omitempty"` // to the change's description
	Reverts   []Revert   `json:"reverts,omitempty"`   // what may revert the change, or a revert of it
	After     []Commit   `json:"after,omitempty"`     // on the base after the merge, by first parents, oldest first; with the hunks of files that the change touched

	Missing []Part    `json:"missing,omitempty"` // what could not be read
	AsOf    time.Time `json:"as_of,omitzero"`    // when it was read
}

// Part is a part of a history that a source may not be able to read.
type Part string

// The parts. PartPermissions is whether who comments may write, PartPrevious
// the state of a dismissed review, PartPushes who pushed what.
const (
	PartCommits     Part = "commits"
	PartReviews     Part = "reviews"
	PartThreads     Part = "threads"
	PartEvents      Part = "events"
	PartComments    Part = "comments"
	PartReactions   Part = "reactions"
	PartReverts     Part = "reverts"
	PartAfter       Part = "after"
	PartPermissions Part = "permissions"
	PartPrevious    Part = "previous_state"
	PartPushes      Part = "pushes"
)

func (h *History) lacks(p Part) bool { return slices.Contains(h.Missing, p) }

// Actor is an account as the forge names it. The zero value is an account that
// is not known or was deleted.
type Actor struct {
	Login string `json:"login,omitempty"` // with "[bot]" or without
	Type  string `json:"type,omitempty"`  // User, Bot, Organization, Mannequin; empty unknown
	App   string `json:"app,omitempty"`   // slug of the App through which a User acted
}

// Branch is one side of a change.
type Branch struct {
	Repository string `json:"repository,omitempty"` // owner/name; empty for a deleted fork
	Ref        string `json:"ref,omitempty"`        // without refs/heads/
	SHA        string `json:"sha,omitempty"`
}

// Identity is who Git says wrote or committed a commit. Anybody can write
// anything there; Account is what the forge makes of the e-mail address.
type Identity struct {
	Name    string    `json:"name,omitempty"`
	Email   string    `json:"email,omitempty"`
	Time    time.Time `json:"time,omitzero"`
	Account Actor     `json:"account,omitzero"` // zero where the address belongs to no account
}

// Commit is one commit.
type Commit struct {
	SHA       string      `json:"sha"`
	Parents   []string    `json:"parents,omitempty"`
	Author    Identity    `json:"author"`
	Committer Identity    `json:"committer,omitzero"`
	Message   string      `json:"message,omitempty"`  // whole, for its trailers
	Pusher    Actor       `json:"pusher,omitzero"`    // zero where not known
	Pushed    time.Time   `json:"pushed,omitzero"`    // when it reached the forge; zero where not known
	Tree      string      `json:"tree,omitempty"`     // SHA of all that it holds; empty where not known
	PatchID   string      `json:"patch_id,omitempty"` // the same for the same patch; empty where not known
	Additions trace.Count `json:"additions,omitzero"` // lines
	Deletions trace.Count `json:"deletions,omitzero"` // lines
	Files     []File      `json:"files,omitempty"`    // with hunks; needed in History.After only
	URL       string      `json:"url,omitempty"`
}

// File is what a commit or a merge changed in one file.
type File struct {
	Path     string `json:"path"`               // after the change
	Previous string `json:"previous,omitempty"` // before it, where that differs
	Hunks    []Hunk `json:"hunks,omitempty"`    // in order; see ParsePatch
}

// Hunk replaces Removed lines from line Old on by Added lines that begin at
// line New. Lines count from 1; there is no context in it. Where nothing is
// removed, Old is the line before the insertion, as in a unified diff without
// context.
type Hunk struct {
	Old     int `json:"old"`
	Removed int `json:"removed"`
	New     int `json:"new"`
	Added   int `json:"added"`
}

// Merge is how a change was merged.
type Merge struct {
	Time      time.Time `json:"time,omitzero"`
	By        Actor     `json:"by"`
	EnabledBy Actor     `json:"enabled_by,omitzero"` // who asked for the automatic merge or the place in the queue
	SHA       string    `json:"sha,omitempty"`       // of the merge, squash or last rebased commit on the base
	Head      string    `json:"head,omitempty"`      // of the change when it was merged
	Commits   []string  `json:"commits,omitempty"`   // SHAs on the base, where a rebase made new ones
	Files     []File    `json:"files,omitempty"`     // with hunks: what the merge did to the base
}

// ReviewState is what a review says.
type ReviewState string

// The states of a review.
const (
	Approved         ReviewState = "approved"
	ChangesRequested ReviewState = "changes_requested"
	Commented        ReviewState = "commented"
)

// Review is a submitted review.
type Review struct {
	ID          int64       `json:"id"`
	Node        string      `json:"node,omitempty"` // the id that GraphQL has for it
	Author      Actor       `json:"author"`
	Editor      Actor       `json:"editor,omitzero"` // as of a Comment, and so are the next two
	Association string      `json:"association,omitempty"`
	Permission  string      `json:"permission,omitempty"`
	State       ReviewState `json:"state,omitempty"`  // as submitted, before any dismissal; empty where not known
	Commit      string      `json:"commit,omitempty"` // the head that was reviewed
	Submitted   time.Time   `json:"submitted,omitzero"`
	Body        string      `json:"body,omitempty"`
	URL         string      `json:"url,omitempty"`
	Dismissal   *Dismissal  `json:"dismissal,omitempty"`
	Reactions   []Reaction  `json:"reactions,omitempty"`
}

// Dismissal says that a review was dismissed.
type Dismissal struct {
	Time    time.Time `json:"time,omitzero"`
	By      Actor     `json:"by"`
	Message string    `json:"message,omitempty"`
	Commit  string    `json:"commit,omitempty"` // set where a push made the review stale, and nobody dismissed it
	URL     string    `json:"url,omitempty"`
}

// Answer is a yes, a no, or that it is not known.
type Answer string

// The answers.
const (
	Unknown Answer = ""
	Yes     Answer = "yes"
	No      Answer = "no"
)

// Thread is a conversation about lines of the change.
type Thread struct {
	ID         string    `json:"id"` // the node id, which the API and the event share
	Path       string    `json:"path,omitempty"`
	Line       int       `json:"line,omitempty"`   // the last; 0 for a whole file
	Commit     string    `json:"commit,omitempty"` // the head that the first comment was made on
	Resolved   bool      `json:"resolved,omitempty"`
	ResolvedBy Actor     `json:"resolved_by,omitzero"`
	ResolvedAt time.Time `json:"resolved_at,omitzero"` // zero where not known
	Changed    Answer    `json:"changed,omitempty"`    // whether its lines were changed after its first comment
	Comments   []Comment `json:"comments,omitempty"`   // in order, the first of them opens it
}

// Comment is a comment on the change or in a thread.
type Comment struct {
	ID          int64      `json:"id"`
	Author      Actor      `json:"author"`
	Editor      Actor      `json:"editor,omitzero"`       // who last edited it; zero where nobody did
	Association string     `json:"association,omitempty"` // OWNER, MEMBER, COLLABORATOR, CONTRIBUTOR, …
	Permission  string     `json:"permission,omitempty"`  // admin, maintain, write, triage, read, none; empty where not asked
	Time        time.Time  `json:"time,omitzero"`
	Body        string     `json:"body,omitempty"`
	URL         string     `json:"url,omitempty"`
	ReviewID    int64      `json:"review_id,omitempty"` // of the review that a thread's comment belongs to
	Reactions   []Reaction `json:"reactions,omitempty"`
}

// Reaction is one person's reaction.
type Reaction struct {
	ID      int64     `json:"id,omitempty"` // 0 where the source has none: who and what stand for it
	Content string    `json:"content"`      // as in the REST API: +1, -1, laugh, confused, heart, hooray, rocket, eyes
	Actor   Actor     `json:"actor"`
	Time    time.Time `json:"time,omitzero"`
}

// EventKind is what happened to a change.
type EventKind string

// The kinds of event. Others may stand in a history and are not looked at.
const (
	Pushed      EventKind = "pushed"
	ForcePushed EventKind = "force_pushed"
	Labeled     EventKind = "labeled"
	Unlabeled   EventKind = "unlabeled"
	Closed      EventKind = "closed" // unmerged; a merge is History.Merge
	Reopened    EventKind = "reopened"
)

// Event is one event of a change's timeline.
type Event struct {
	ID     string    `json:"id,omitempty"` // the forge's own; may be empty
	Kind   EventKind `json:"kind"`
	Time   time.Time `json:"time,omitzero"`
	Actor  Actor     `json:"actor"`
	Label  string    `json:"label,omitempty"`  // of labeled, unlabeled
	Before string    `json:"before,omitempty"` // SHA before a push
	After  string    `json:"after,omitempty"`  // SHA after a push
	// Dropped are the commits that a force-push took off the branch. They, or
	// what replaced them, are described in History.Commits.
	Dropped []string `json:"dropped,omitempty"`
	Commit  string   `json:"commit,omitempty"` // of closed: the commit that closed it
	URL     string   `json:"url,omitempty"`
}

// Revert is a commit, or a pull request, that may revert the change or another
// Revert. What it says is text of its author; whether it is true is found out
// here.
type Revert struct {
	Number   int       `json:"number,omitempty"` // of a pull request; 0 for a bare commit
	SHA      string    `json:"sha,omitempty"`    // of the commit on the base: the commit, or what merged the pull request
	Commit   *Commit   `json:"commit,omitempty"` // of a bare commit
	Author   Actor     `json:"author,omitzero"`  // of a pull request
	Title    string    `json:"title,omitempty"`
	Body     string    `json:"body,omitempty"`
	Head     string    `json:"head,omitempty"`     // branch of a pull request
	Messages []string  `json:"messages,omitempty"` // of a pull request's commits
	Merged   time.Time `json:"merged,omitzero"`    // zero for one that is not merged, which reverts nothing yet
	MergedBy Actor     `json:"merged_by,omitzero"`
	URL      string    `json:"url,omitempty"`
}
