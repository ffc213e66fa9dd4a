package session

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/trace"
)

// Key says which change runs belong to.
type Key struct {
	Repository string // owner/name
	Subject    Subject
	HeadSHA    string
	Source     KeySource // who said it; empty is none
	Pipeline   string    // "workflow@run id", the last resort for schedules and dispatches
}

// Empty reports whether the key names no subject and no commit.
func (k Key) Empty() bool {
	return k.Subject.Number == 0 && k.HeadSHA == "" && k.Pipeline == ""
}

// Or fills in what k does not know from other. Who named the subject or the
// commit first stays the source.
func (k Key) Or(other Key) Key {
	if k.Empty() {
		k.Source = other.Source
	}
	k.Repository = orString(k.Repository, other.Repository)
	if k.Subject.Kind == "" || k.Subject.Number == 0 && k.HeadSHA == "" {
		k.Subject = other.Subject.or(k.Subject)
	}
	if k.Subject == other.Subject || k.Subject.Number == 0 || other.Subject.Number == 0 {
		k.HeadSHA = orString(k.HeadSHA, other.HeadSHA)
	}
	k.Pipeline = orString(k.Pipeline, other.Pipeline)
	return k
}

func (s Subject) or(t Subject) Subject {
	if s.Kind == "" {
		return t
	}
	return s
}

// ID returns the session's id: "o/r#12@1a2b3c4d5e6f" for a pull request,
// "o/r#12" for an issue, "o/r@1a2b3c4d5e6f" for a commit,
// "o/r!workflow@run" for what has none of them, and "run:<id>" for a run of
// which nothing is known.
func (k Key) ID(runID string) string {
	sha := k.HeadSHA[:min(len(k.HeadSHA), 12)]
	switch {
	case k.Subject.Number > 0 && sha != "" && k.Subject.Kind != "issue":
		return fmt.Sprintf("%s#%d@%s", k.Repository, k.Subject.Number, sha)
	case k.Subject.Number > 0:
		return fmt.Sprintf("%s#%d", k.Repository, k.Subject.Number)
	case k.Pipeline != "" && k.Subject.Kind != "commit" && k.Subject.Kind != "pull_request":
		return k.Repository + "!" + k.Pipeline
	case sha != "":
		return k.Repository + "@" + sha
	case k.Pipeline != "":
		return k.Repository + "!" + k.Pipeline
	}
	return "run:" + runID
}

// keyOf returns what a trace itself says.
func keyOf(c trace.Context) Key {
	k := Key{
		Repository: c.Repository,
		Subject:    Subject{Kind: c.SubjectKind, Number: c.Number},
		HeadSHA:    strings.ToLower(c.HeadSHA),
	}
	if k.Subject.Kind == "" && k.Subject.Number > 0 {
		k.Subject.Kind = "pull_request"
	}
	if k.Subject.Kind == "" && k.HeadSHA != "" {
		k.Subject.Kind = "commit"
	}
	if !k.Empty() {
		k.Source = KeyFromTrace
	}
	return k
}

// beside returns what a trace says that may stand beside a given key. In the
// checkout of a pull request, the commit that a trace sees is GitHub's merge
// commit: without a better word for it, the head stays unknown.
func (k Key) beside(given Key) Key {
	if given.Subject.Kind == "pull_request" && k.Subject.Number == 0 {
		k.HeadSHA = ""
	}
	return k
}

// Correlate groups runs into sessions by the given key, and by what each trace
// says where the key leaves something open. The runs keep their order.
func Correlate(runs []Collected, given Key) []*Session {
	var out []*Session
	at := map[string]*Session{}
	for _, r := range runs {
		k := given.Or(keyOf(r.Context).beside(given))
		id := k.ID(r.Run.ID)
		s := at[id]
		if s == nil {
			s = newSession(id, k)
			at[id] = s
			out = append(out, s)
		}
		s.Runs = append(s.Runs, r.Run)
	}
	for _, s := range out {
		s.total()
	}
	slices.SortStableFunc(out, func(a, b *Session) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

func newSession(id string, k Key) *Session {
	if k.Source == "" {
		k.Source = KeyFromNone
	}
	if k.Subject.Kind == "" {
		k.Subject.Kind = "unknown"
	}
	return &Session{
		ID: id, Repository: k.Repository, Subject: k.Subject, HeadSHA: k.HeadSHA, KeySource: k.Source,
		Findings: []finding.Finding{},
	}
}

// total adds up what the runs did and composes what they decided.
func (s *Session) total() {
	for _, r := range s.Runs {
		s.Usage = s.Usage.Add(r.Usage)
	}
	s.Cost = sumCost(s.Runs)
	s.Decision = compose(s.Runs)
}

// precedence orders kinds of decision where several agents decided: one request
// for changes outweighs any approval, and a verdict outweighs a remark.
func precedence(k trace.Kind) int {
	order := []trace.Kind{
		trace.NoOp, trace.Label, trace.Triage, trace.Commit, trace.Comment,
		trace.Close, trace.Merge, trace.Approve, trace.Escalate, trace.RequestChanges,
	}
	return slices.Index(order, k)
}

// compose returns the decision of a session. An orchestrator, a run whose
// decision names the runs that it was made from, wins over its parts.
func compose(runs []*Run) *Composed {
	var conductor *Run
	for _, r := range runs {
		if r.Decision != nil && len(r.Decision.composedFrom) > 0 {
			conductor = r
		}
	}
	if conductor != nil {
		d := conductor.Decision
		return &Composed{Kind: d.Kind, ComposedFrom: slices.Clone(d.composedFrom)}
	}
	var c *Composed
	for _, r := range runs {
		switch {
		case r.Decision == nil:
		case c == nil || precedence(r.Decision.Kind) > precedence(c.Kind):
			c = &Composed{Kind: r.Decision.Kind, ComposedFrom: []string{r.ID}}
		case r.Decision.Kind == c.Kind:
			c.ComposedFrom = append(c.ComposedFrom, r.ID)
		}
	}
	return c
}
