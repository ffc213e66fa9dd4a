package trend

import (
	"fmt"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/stat"
)

// tellNotes names the changes that nothing is known to have come of, so that a
// reader sees that they were looked at.
func (r *role) tellNotes(notes []*event, shifts map[*role][]*shift) (out []finding.Finding) {
	told := map[int]bool{}
	for _, all := range shifts {
		for _, x := range all {
			if x.event != nil {
				told[x.event.day] = true
			}
		}
	}
	for _, e := range notes {
		if told[e.day] || e.day < r.from {
			continue
		}
		x := &shift{Shift: stat.Shift{From: e.day, To: r.days}, series: &series{}, event: e}
		f := finding.Finding{Rule: ruleOf(x), Severity: finding.Info, Subject: r.subject(e.day, r.days-1), Hint: "nothing to do", Evidence: r.texts(e)}
		says := "nothing that is measured moved by more than chance"
		if e.after < fewAfter {
			says = "too few runs to say whether anything moved"
		}
		f.Message = fmt.Sprintf("%s: %s %s (n=%d, %d) ~", r.agent, says, r.when(x), e.before, e.after)
		out = append(out, f)
	}
	return out
}

// fewAfter is below how many runs after a change nothing is said of it.
const fewAfter = 50
