package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

// light is the colour of a lamp on the signal board.
type light string

const (
	red    light = "🔴"
	yellow light = "🟡"
	green  light = "🟢"
	unlit  light = "⚪" // there is nothing to judge
)

// writing is how a renderer writes what a verdict is made of.
type writing struct {
	strong func(string) string // text of ours
	name   func(string) string // text of a trace
}

// verdict says in one line what happened, with the light for it.
func verdict(r *session.Report, w writing) (light, string) {
	runs := allRuns(r)
	var leak []string
	if n := leaking(r); n > 0 {
		leak = []string{plural(n, "file", "files") + " with a credential"}
	}
	nothing := ""
	switch {
	case len(runs) == 0:
		nothing = w.strong("No data") + ": " + whyEmpty(r.Coverage)
	case idle(runs):
		nothing = w.strong("Nothing happened") + ": " + plural(len(runs), "run", "runs") + " without a model call or a tool call"
	}
	if nothing != "" {
		return worse(unlit, lightOfLeaks(leak)), strings.Join(append([]string{nothing}, leak...), "; ")
	}
	parts := []string{outcome(r, w)}
	if len(runs) > 1 {
		parts = append(parts, failures(runs))
	}
	parts = append(append(parts, leak...), amount(total(r)), timeTaken(r, runs))
	return worse(lightOf(r), lightOfLeaks(leak)), strings.Join(parts, "; ")
}

// timeTaken returns the wall clock of one session, or of several the time that
// their runs took.
func timeTaken(r *session.Report, runs []*session.Run) string {
	took := sum(runs, (*session.Run).Elapsed)
	if len(r.Sessions) == 1 {
		took = session.Elapsed(runs)
	}
	switch {
	case !took.Known():
		return "time unknown"
	case len(r.Sessions) > 1:
		return duration(took) + " of agents' time"
	}
	return duration(took)
}

// idle reports whether no run is known to have done anything, and each is known
// to have done nothing.
func idle(runs []*session.Run) bool {
	for _, r := range runs {
		if !r.LLMCalls.Known() || r.LLMCalls.N() > 0 || r.ToolCalls.N() > 0 || r.Status != trace.Success {
			return false
		}
	}
	return true
}

// whyEmpty says why a report has no runs, so that "no data" never looks like
// "nothing happened".
func whyEmpty(c session.Coverage) string {
	files := plural(c.Files, "file", "files")
	switch {
	case c.Files == 0 && c.Unreadable == 0:
		return "no file was found where traces were looked for"
	case c.Unreadable > 0 && c.Unreadable >= c.Files:
		return "none of the files could be read (" + number(int64(c.Unreadable)) + ")"
	case c.Unrecognised > 0 && c.Unrecognised+c.Unreadable >= c.Files:
		return "none of " + files + " is in a format that can be read"
	case c.Lines == 0:
		return files + " without a single line"
	case c.InvalidLines >= c.Lines:
		return "none of " + plural(c.Lines, "line", "lines") + " in " + files + " could be used"
	}
	return plural(c.Lines, "line", "lines") + " in " + files + " tell of no agent's run"
}

func lightOfLeaks(leak []string) light {
	if len(leak) > 0 {
		return red
	}
	return unlit
}

func lightOf(r *session.Report) light {
	l := green
	for _, s := range r.Sessions {
		l = worse(l, lightOfSession(s))
	}
	return l
}

func lightOfSession(s *session.Session) light {
	l := green
	if s.Decision != nil {
		l = lightOfKind(s.Decision.Kind)
	}
	for _, r := range s.Runs {
		l = worse(l, lightOfStatus(r.Status))
	}
	for _, f := range findingsOf(s) {
		if f.Severity == finding.Error {
			l = worse(l, yellow)
		}
	}
	return l
}

func worse(a, b light) light {
	order := []light{unlit, green, yellow, red}
	return order[max(slices.Index(order, a), slices.Index(order, b))]
}

func lightOfStatus(s trace.Status) light {
	switch s {
	case trace.Success:
		return green
	case trace.Failure, trace.Timeout:
		return red
	}
	return yellow
}

func lightOfKind(k trace.Kind) light {
	switch k {
	case trace.RequestChanges:
		return red
	case trace.Escalate:
		return yellow
	}
	return green
}

// outcome says what was decided and by whom, else how the runs ended.
func outcome(r *session.Report, w writing) string {
	if len(r.Sessions) > 1 {
		return outcomes(r.Sessions, w)
	}
	s := r.Sessions[0]
	if s.Decision == nil {
		return endings(s.Runs, w) + ", no decision"
	}
	return kind(s.Decision.Kind, w) + by(s, w)
}

// kind returns the name of a decision. One that is none of ours is as hostile
// as any other text.
func kind(k trace.Kind, w writing) string {
	known := []trace.Kind{
		trace.Approve, trace.RequestChanges, trace.Comment, trace.Merge, trace.Close,
		trace.Commit, trace.Label, trace.Triage, trace.Escalate, trace.NoOp,
	}
	if slices.Contains(known, k) {
		return w.strong(string(k))
	}
	return w.name(string(k))
}

func status(s trace.Status, w writing) string {
	known := []trace.Status{trace.Success, trace.Failure, trace.Cancelled, trace.Timeout, trace.Incomplete}
	if slices.Contains(known, s) {
		return w.strong(string(s))
	}
	return w.name(string(s))
}

// by names the agents that a session's decision follows from.
func by(s *session.Session, w writing) string {
	var names []string
	for _, id := range s.Decision.ComposedFrom {
		if name := agentOf(s, id); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	const shown = 3
	more := len(names) - shown
	names = names[:min(len(names), shown)]
	for i := range names {
		names[i] = w.name(names[i])
	}
	out := " by " + strings.Join(names, ", ")
	if more > 0 {
		out += fmt.Sprintf(" and %d more", more)
	}
	return out
}

func agentOf(s *session.Session, runID string) string {
	for _, r := range s.Runs {
		if r.ID == runID {
			return agentName(r)
		}
	}
	return ""
}

// agentName returns the best name that a run has.
func agentName(r *session.Run) string {
	return cmp.Or(r.Agent.Name, r.Runtime.Name, r.ID)
}

// endings says how runs ended: "success", or "2 success, 1 failure".
func endings(runs []*session.Run, w writing) string {
	n := map[trace.Status]int{}
	var order []trace.Status
	for _, r := range runs {
		if n[r.Status]++; n[r.Status] == 1 {
			order = append(order, r.Status)
		}
	}
	if len(order) == 1 && len(runs) == 1 {
		return status(order[0], w)
	}
	return tally(order, n, func(s trace.Status) string { return status(s, w) })
}

// outcomes sums up several sessions.
func outcomes(sessions []*session.Session, w writing) string {
	n := map[trace.Kind]int{}
	var order []trace.Kind
	for _, s := range sessions {
		if s.Decision == nil {
			continue
		}
		if n[s.Decision.Kind]++; n[s.Decision.Kind] == 1 {
			order = append(order, s.Decision.Kind)
		}
	}
	head := plural(len(sessions), "session", "sessions")
	if len(order) == 0 {
		return w.strong(head) + ", no decision"
	}
	return w.strong(head) + ": " + tally(order, n, func(k trace.Kind) string { return kind(k, w) })
}

// tally lists how often each value occurs, the most frequent first, and at most
// five of them.
func tally[T cmp.Ordered](order []T, n map[T]int, name func(T) string) string {
	slices.SortStableFunc(order, func(a, b T) int { return cmp.Or(n[b]-n[a], cmp.Compare(a, b)) })
	var out []string
	for _, v := range order[:min(len(order), 5)] {
		out = append(out, number(int64(n[v]))+" "+name(v))
	}
	if len(order) > 5 {
		out = append(out, "others")
	}
	return strings.Join(out, ", ")
}

// failures says how many runs did not succeed.
func failures(runs []*session.Run) string {
	failed, open := 0, 0
	for _, r := range runs {
		switch lightOfStatus(r.Status) {
		case red:
			failed++
		case yellow:
			open++
		}
	}
	all := number(int64(len(runs)))
	switch {
	case failed == 0 && open == 0:
		return "all " + all + " runs succeeded"
	case open == 0:
		return fmt.Sprintf("%s of %s runs failed", number(int64(failed)), all)
	case failed == 0:
		return fmt.Sprintf("%s of %s runs did not finish", number(int64(open)), all)
	}
	return fmt.Sprintf("%s of %s runs failed, %s did not finish", number(int64(failed)), all, number(int64(open)))
}

// total adds up what the sessions cost. What is known of it is partial where a
// session's cost is not.
func total(r *session.Report) session.Cost {
	if len(r.Sessions) == 1 {
		return r.Sessions[0].Cost
	}
	var c session.Cost
	for _, s := range r.Sessions {
		if s.Cost.USD != nil {
			usd := *s.Cost.USD
			if c.USD != nil {
				usd += *c.USD
			}
			c.USD = &usd
		}
		c.Partial = c.Partial || s.Cost.Partial || s.Cost.USD == nil
	}
	return c
}

// coverage says on how much of the input a report rests. The zeros in it were
// counted.
func coverage(c session.Coverage) []string {
	out := []string{
		plural(c.Files, "file", "files"),
		plural(c.Runs, "run", "runs"),
		plural(c.Lines, "line", "lines") + " read",
		number(int64(c.InvalidLines)) + " invalid",
		plural(c.Unrecognised, "file", "files") + " unrecognised",
		number(int64(c.Suppressed)) + " suppressed",
	}
	if c.Unreadable > 0 {
		out = append(out, plural(c.Unreadable, "file", "files")+" unreadable")
	}
	if n := unknownRecords(c); n > 0 {
		out = append(out, plural(n, "record", "records")+" of unknown type")
	}
	return append(out, personal(c)...)
}

// personal says how much personal data was replaced, where there was any.
func personal(c session.Coverage) []string {
	if len(c.Personal) == 0 {
		return nil
	}
	var kinds []string
	for _, kind := range slices.Sorted(maps.Keys(c.Personal)) {
		kinds = append(kinds, number(int64(c.Personal[kind]))+" "+strings.TrimPrefix(kind, "pii/"))
	}
	return []string{"personal data replaced (" + strings.Join(kinds, ", ") + ")"}
}

func unknownRecords(c session.Coverage) int {
	n := 0
	for _, k := range c.UnknownTypes {
		n += k
	}
	return n
}
