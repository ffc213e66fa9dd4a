package override

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

// Run is a recorded run of an agent, as far as linking needs it.
type Run struct {
	ID         string     `json:"run_id"`
	Agent      string     `json:"agent,omitempty"`      // its role
	Runtime    string     `json:"runtime,omitempty"`    // the program, such as claude-code
	Account    string     `json:"account,omitempty"`    // login that it acts under; empty where not known
	Repository string     `json:"repository,omitempty"` // owner/name
	HeadSHA    string     `json:"head_sha,omitempty"`
	Start      time.Time  `json:"start,omitzero"`
	End        time.Time  `json:"end,omitzero"`
	Decision   trace.Kind `json:"decision,omitempty"`

	// What it recorded to have made.
	Reviews  []int64  `json:"reviews,omitempty"`      // ids
	Nodes    []string `json:"review_nodes,omitempty"` // ids of reviews, as GraphQL has them
	Comments []int64  `json:"comments,omitempty"`     // ids
	Commits  []string `json:"commits,omitempty"`      // SHAs, maybe cut short; also of what it pushed
	Pulls    []int64  `json:"pulls,omitempty"`        // numbers of the pull requests that it opened

	// Doubtful says that whoever brought the change could have written the
	// record, as in a workflow run of a fork.
	Doubtful bool `json:"doubtful,omitempty"`
}

// RunsOf returns the runs of sessions in the form that linking needs.
func RunsOf(sessions []*session.Session) []Run {
	var out []Run
	for _, s := range sessions {
		for _, r := range s.Runs {
			out = append(out, runOf(r, s.Repository, s.HeadSHA))
		}
	}
	return out
}

// RunsOfChain returns the runs of a chain. Those in the bundles of a fork's
// workflow runs are doubtful.
func RunsOfChain(c *session.Chain) []Run {
	var out []Run
	for _, l := range c.Sessions {
		runs := RunsOf([]*session.Session{l.Session})
		for _, w := range l.Workflows {
			for i := range runs {
				runs[i].Doubtful = runs[i].Doubtful || w.Fork && slices.Contains(w.Runs, runs[i].ID)
			}
		}
		out = append(out, runs...)
	}
	return out
}

func runOf(r *session.Run, repository, head string) Run {
	out := Run{
		ID: r.ID, Agent: r.Agent.Name, Runtime: r.Runtime.Name, Repository: repository, HeadSHA: head, Start: r.Start, End: r.Ended(),
	}
	if r.Decision != nil {
		out.Decision = r.Decision.Kind
	}
	if r.Changes != nil {
		for _, m := range r.Changes.Made {
			out.add(m)
		}
	}
	return out
}

// add takes over one thing that a run has made.
func (r *Run) add(m session.Made) {
	n, err := strconv.ParseInt(m.ID, 10, 64)
	number := err == nil && n > 0
	switch m.Kind {
	case trace.Committed, trace.Pushed:
		r.Commits = append(r.Commits, m.ID)
	case trace.PostedReview:
		if number {
			r.Reviews = append(r.Reviews, n)
		} else {
			r.Nodes = append(r.Nodes, m.ID)
		}
	case trace.PostedComment:
		if number {
			r.Comments = append(r.Comments, n)
		}
	case trace.OpenedPull:
		if number {
			r.Pulls = append(r.Pulls, n)
		}
	}
}

// actsAs reports whether a login is that of the run: its account, its role, or
// one that has the program's name in it, as claude[bot] has that of claude-code.
func (r Run) actsAs(login string) bool {
	name := account(login)
	switch {
	case name == "":
		return false
	case r.Account != "":
		return account(r.Account) == name
	case account(r.Agent) == name:
		return true
	}
	return r.program() != "" && slices.Contains(words(name), r.program())
}

// actsElsewhere reports whether a login is known to be another's: that of an App
// of another agent, or any where the run's own is known.
func (r Run) actsElsewhere(login string) bool {
	return r.Account != "" || r.program() != "" && slices.ContainsFunc(words(account(login)), func(word string) bool {
		return word != r.program() && slices.Contains(programs(), word)
	})
}

// program returns the word by which the accounts of a program go, empty for none
// that is long enough to tell.
func (r Run) program() string {
	word, _, _ := strings.Cut(strings.ToLower(r.Runtime), "-")
	if len(word) < 3 {
		return ""
	}
	return word
}

func words(name string) []string { return strings.Split(name, "-") }

// programs are the words in the names of accounts under which agents of one
// vendor act.
func programs() []string {
	return []string{
		"amp", "claude", "codex", "coderabbitai", "copilot", "cursor", "devin", "droid", "gemini", "jules", "kimi", "opencode", "openhands", "qwen",
	}
}
