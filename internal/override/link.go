package override

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

// Link says how sure it is that a run made a decision.
type Link struct {
	Level string `json:"level"` // exact, strong, weak
	By    string `json:"by"`    // what the two have in common
}

// RunsOf returns the runs of sessions in the form that linking needs. A run
// that recorded what it posted has that in Reviews and Commits, which are the
// caller's to fill in, as is the account.
func RunsOf(sessions []*session.Session) []Run {
	var out []Run
	for _, s := range sessions {
		for _, r := range s.Runs {
			run := Run{ID: r.ID, Agent: r.Agent.Name, HeadSHA: s.HeadSHA, Start: r.Start, End: r.End}
			if r.Decision != nil {
				run.Decision = r.Decision.Kind
			}
			out = append(out, run)
		}
	}
	return out
}

// Slack between the forge's clock and that of a run, and between a run's end
// and the step of its job that acts on it.
const (
	slackBefore = 2 * time.Minute
	slackAfter  = 15 * time.Minute
)

// candidate is a run that may have made a decision.
type candidate struct {
	run  Run
	link Link
	off  time.Duration // of the run's end from the decision
}

// link finds the run that made a decision of an agent's: exactly where the run
// recorded the review or the commit, strongly where agent, head and time agree,
// and weakly where one of these is not known or several runs would do.
func link(runs []Run, agent who, d Decision) (Run, *Link) {
	var best []candidate
	seen := map[string]bool{}
	for _, r := range runs {
		if seen[r.ID] {
			continue
		}
		seen[r.ID] = true
		l, ok := r.made(agent, d)
		if !ok {
			continue
		}
		c := candidate{run: r, link: l, off: d.Time.Sub(r.End).Abs()}
		if len(best) > 0 && rank(l) != rank(best[0].link) {
			if rank(l) < rank(best[0].link) {
				continue
			}
			best = best[:0]
		}
		best = append(best, c)
	}
	if len(best) == 0 {
		return Run{}, nil
	}
	first := slices.MinFunc(best, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.off, b.off), cmp.Compare(a.run.ID, b.run.ID))
	})
	if len(best) > 1 {
		first.link = Link{Level: "weak", By: first.link.By + ", as of other runs; this is the nearest in time"}
	}
	return first.run, &first.link
}

func rank(l Link) int { return slices.Index([]string{"weak", "strong", "exact"}, l.Level) }

// made says whether the run may have made the decision.
func (r Run) made(agent who, d Decision) (Link, bool) {
	switch {
	case d.ReviewID != 0 && slices.Contains(r.Reviews, d.ReviewID):
		return Link{"exact", "review id"}, true
	case d.Commit != "" && slices.ContainsFunc(r.Commits, func(sha string) bool { return sameSHA(sha, d.Commit) }):
		return Link{"exact", "commit"}, true
	}
	head := slices.ContainsFunc(d.heads, func(sha string) bool { return sameSHA(sha, r.HeadSHA) })
	if !head || r.contradicts(d) {
		return Link{}, false
	}
	timed := !r.Start.IsZero() && !r.End.IsZero() && !d.Time.IsZero()
	if timed && (d.Time.Before(r.Start.Add(-slackBefore)) || d.Time.After(r.End.Add(slackAfter))) {
		return Link{}, false
	}
	same := agent.login != "" && (account(r.Account) == account(agent.login) || account(r.Agent) == account(agent.login))
	switch {
	case same && timed:
		return Link{"strong", "agent, head SHA and time"}, true
	case same:
		return Link{"weak", "agent and head SHA"}, true
	case r.Account != "":
		return Link{}, false
	case timed:
		return Link{"weak", "head SHA and time"}, true
	}
	return Link{}, false
}

// contradicts reports whether the run is known to have decided something else.
func (r Run) contradicts(d Decision) bool {
	verdict := func(k trace.Kind) bool { return k == trace.Approve || k == trace.RequestChanges }
	return verdict(r.Decision) && verdict(d.Kind) && r.Decision != d.Kind
}

// sameSHA compares commits, of which one may be cut short.
func sameSHA(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	return len(a) >= 7 && len(a) <= len(b) && strings.EqualFold(a, b[:len(a)])
}
