package override

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

// The versions of a Record's JSON form, schemas/override.schema.json.
const (
	OverrideSchema  = "andon.override/v1"
	AgreementSchema = "andon.agreement/v1"
)

// Signal is what kind of act a record is made of.
type Signal string

// The signals of an override.
const (
	ReviewDismissed Signal = "review_dismissed"
	Reverted        Signal = "revert"
	ChangesAfter    Signal = "changes_requested_after_approval"
	MergedDespite   Signal = "merged_despite_changes_requested"
	ClosedUnmerged  Signal = "closed_unmerged"
	HumanCommit     Signal = "human_commit"
	ForcePush       Signal = "force_push"
	LabelRemoved    Signal = "label_removed"
	ThreadResolved  Signal = "thread_resolved"
	ReactionSignal  Signal = "reaction" // also of an agreement
	CommandSignal   Signal = "command"  // also of an agreement
)

// The signals of an agreement.
const (
	ApprovedAfter   Signal = "approved_after_approval"
	MergedUnchanged Signal = "merged_without_human_commits"
	MergedApproved  Signal = "merged_as_approved"
	ThreadChanged   Signal = "thread_resolved_by_change"
)

// Strength is how plainly an act speaks about the decision.
type Strength string

// The strengths, in rising order. What the agent is known by limits them: Git's
// own data to medium, text to weak; and an actor who may be an agent to weak.
const (
	Weak   Strength = "weak"
	Medium Strength = "medium"
	Strong Strength = "strong"
)

// atMost returns the lesser of two strengths.
func (s Strength) atMost(t Strength) Strength {
	order := []Strength{Weak, Medium, Strong}
	return order[min(slices.Index(order, s), slices.Index(order, t))]
}

// Record is one override or one agreement. Its id is the same wherever it was
// seen.
type Record struct {
	Schema     string          `json:"schema"`
	ID         string          `json:"id"`
	Time       time.Time       `json:"time,omitzero"`
	Repository string          `json:"repository"`
	Subject    session.Subject `json:"subject"`
	HeadSHA    string          `json:"head_sha,omitempty"` // that the decision was about
	Signal     Signal          `json:"signal"`
	Strength   Strength        `json:"strength"`
	Actor      Person          `json:"actor"`
	Agent      Agent           `json:"agent"`
	Decision   Decision        `json:"decision"`
	RunID      string          `json:"run_id,omitempty"`
	Link       *Link           `json:"link,omitempty"` // how RunID is known
	Reason     string          `json:"reason,omitempty"`
	Phase      string          `json:"phase,omitempty"` // of human_commit: before_merge, after_merge
	Lines      *Lines          `json:"lines,omitempty"`
	Evidence   []Evidence      `json:"evidence"`
}

// Person is who acted.
type Person struct {
	Login string `json:"login,omitempty"`
	Kind  Kind   `json:"kind"`
	Basis Basis  `json:"basis,omitempty"` // what the kind is known by
}

// Agent is whose decision it was. Name is the role of the linked run, or else
// the account's name.
type Agent struct {
	Name  string `json:"name,omitempty"`
	Login string `json:"login,omitempty"`
	Basis Basis  `json:"basis,omitempty"`
}

// Decision is what the agent had decided; what names it is set.
type Decision struct {
	Kind      trace.Kind `json:"kind,omitempty"` // absent where an event does not say it
	Time      time.Time  `json:"time,omitzero"`
	ReviewID  int64      `json:"review_id,omitempty"`
	Commit    string     `json:"commit,omitempty"`
	Label     string     `json:"label,omitempty"`
	ThreadID  string     `json:"thread_id,omitempty"`
	CommentID int64      `json:"comment_id,omitempty"`

	heads  []string // that the run which made it may have seen
	node   string   // of the review, as GraphQL names it
	within int64    // review that the comment belongs to
	unsure bool     // Time is that of a clock which nobody keeps
}

// key tells the decisions of one change apart.
func (d Decision) key() string {
	switch {
	case d.ReviewID != 0:
		return fmt.Sprintf("review %d", d.ReviewID)
	case d.ThreadID != "":
		return "thread " + d.ThreadID
	case d.CommentID != 0:
		return fmt.Sprintf("comment %d", d.CommentID)
	case d.Label != "":
		return "label " + d.Label
	}
	return "change"
}

// Lines are the lines of code that an act is about.
type Lines struct {
	Changed int64       `json:"changed"`     // of human_commit before the merge: added and removed; after it: of the agent's, removed or replaced
	Of      trace.Count `json:"of,omitzero"` // of so many that the agent wrote
}

// Evidence is a place that shows the act or the decision.
type Evidence struct {
	Kind string `json:"kind"` // review, commit, event, comment, thread, reaction, pull_request
	ID   string `json:"id,omitempty"`
	URL  string `json:"url,omitempty"`
}

// identify returns an id from what the forge itself calls the things. Names of
// accounts are no part of it where there is anything else: they change.
func (h *History) identify(schema string, signal Signal, ids []string) string {
	repository := strings.ToLower(h.Repository)
	if h.RepositoryID > 0 {
		repository = fmt.Sprint(h.RepositoryID)
	}
	subject := fmt.Sprintf("%s %d", h.Subject.Kind, h.Subject.Number)
	if h.Subject.Number == 0 {
		subject += h.Head.SHA
	}
	sum := sha256.Sum256([]byte(strings.Join(append([]string{schema, repository, subject, string(signal)}, ids...), "\x00")))
	return hex.EncodeToString(sum[:16])
}

// sortRecords orders records by time, signal and id.
func sortRecords(rs []Record) {
	slices.SortFunc(rs, func(a, b Record) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Signal, b.Signal), cmp.Compare(a.ID, b.ID))
	})
}
