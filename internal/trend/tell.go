package trend

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/finding"
)

// tell says what the claims about one role come to, each effect once.
func (p *past) tell(claims []claim) []finding.Finding {
	var out []finding.Finding
	shifts := map[*role][]*shift{}
	var roles []*role
	var runs []far
	var notes []*event
	for _, c := range claims {
		switch {
		case c.note != nil:
			notes = append(notes, c.note)
		case c.shift != nil:
			if shifts[c.role] == nil {
				roles = append(roles, c.role)
			}
			shifts[c.role] = append(shifts[c.role], c.shift)
		case c.hour != nil:
			if c.hour.day >= c.role.from {
				out = append(out, c.role.tellHour(*c.hour))
			}
		default:
			runs = append(runs, c.runs...)
		}
	}
	if len(claims) > 0 {
		r := claims[0].role // or that in one repository, which has the same runs
		out = append(out, r.tellRuns(runs)...)
		out = append(out, r.tellNotes(notes, shifts)...)
	}
	for _, r := range roles {
		out = append(out, r.tellShifts(shifts[r])...)
	}
	return out
}

func (r *role) name() string {
	if r.repository == "" {
		return r.agent
	}
	return r.agent + " in " + r.repository
}

func (r *role) subject(from, to int) *finding.Subject {
	return &finding.Subject{Agent: r.agent, Repository: r.repository, From: r.date(from), To: r.date(to)}
}

// tellRuns names the runs that are far above their kind: each, or those of a day
// together where they are many. One that is so in cost and latency is named for
// its cost.
func (r *role) tellRuns(runs []far) (out []finding.Finding) {
	slow := map[place]far{}
	for _, f := range runs {
		if f.measure == ofRunLatency {
			slow[f.at] = f
		}
	}
	for _, f := range runs {
		if f.measure == ofRunCost {
			s, also := slow[f.at]
			delete(slow, f.at)
			out = append(out, r.tellRun(f, s, also))
		}
	}
	for _, f := range runs {
		if _, left := slow[f.at]; left {
			out = append(out, r.tellRun(f, far{}, false))
		}
	}
	return slices.DeleteFunc(out, func(f finding.Finding) bool { return f.Subject.From < r.past.From })
}

func (r *role) tellRun(f far, slow far, also bool) finding.Finding {
	k := r.kinds[f.kind]
	out := finding.Finding{Rule: "anomaly/cost", Severity: finding.Warning, Subject: r.subject(int(f.day), int(f.day))}
	out.Subject.Repository, out.Subject.Model = k.repository, k.model
	amount := dollars(f.cost.Value())
	verb := "cost"
	if f.measure == ofRunLatency {
		out.Rule, amount, verb = "anomaly/latency", duration(f.duration.Value()), "took"
	}
	if f.times >= farError {
		out.Severity = finding.Error
	}
	m := r.past.mark(f.at)
	out.Subject.RunID = m.RunID
	out.Evidence = r.past.evidence(f.at)
	out.Message = fmt.Sprintf("%s: a run of %s %s %s, %s times the median of its kind", r.agent, shortDate(out.Subject.From), verb, amount, times(f.times))
	if also {
		out.Message += fmt.Sprintf(", and took %s, %s times the median", duration(f.duration.Value()), times(slow.times))
	}
	if f.is(looped) {
		out.Message += "; it went in circles"
	}
	if f.failed() {
		out.Message += "; it ended with " + string(statuses()[f.status-1])
	}
	out.Hint = "look at what the run did; a limit on turns or on cost stops the next one"
	return out
}

func (r *role) tellHour(h hour) finding.Finding {
	out := finding.Finding{Rule: "anomaly/spend", Severity: finding.Warning, Subject: r.subject(h.day, h.day)}
	usd := 0.0
	for _, s := range h.runs {
		usd += s.cost.Value()
	}
	if h.times >= 10 {
		out.Severity = finding.Error
	}
	out.Message = fmt.Sprintf("%s: %s from %02d:00 to %02d:00 UTC on %s, %s times the average hour of such a day (%d runs)",
		r.agent, dollars(usd), h.hour, h.hour+1, shortDate(out.Subject.From), times(h.times), len(h.runs))
	out.Hint = "look for what started so many runs at once, such as a retry or a label on many issues"
	for _, s := range h.runs {
		if e := r.past.evidence(s.at); len(out.Evidence) < evidenceMost {
			out.Evidence = append(out.Evidence, e...)
		}
	}
	return out
}

// tellShifts names the shifts: those with one cause together, and of the
// decisions those that moved at the same time.
func (r *role) tellShifts(shifts []*shift) (out []finding.Finding) {
	slices.SortStableFunc(shifts, func(a, b *shift) int { return cmp.Or(cmp.Compare(a.From, b.From), -cmp.Compare(a.Gain, b.Gain)) })
	told := map[*shift]bool{}
	for _, x := range shifts {
		if told[x] {
			continue
		}
		group := []*shift{x}
		for _, y := range shifts {
			if y != x && !told[y] && together(x, y) {
				group = append(group, y)
			}
		}
		for _, y := range group {
			told[y] = true
		}
		if max(x.From, x.To-1) < r.from || !x.Slope && x.To == r.days && x.From < r.from {
			continue
		}
		out = append(out, r.tellShift(group))
	}
	return out
}

// together reports whether two shifts are one effect.
func together(x, y *shift) bool {
	if x.event != nil || y.event != nil {
		return x.event == y.event
	}
	a, b := x.series, y.series
	apart := max(x.From-y.From, y.From-x.From)
	switch {
	case a.measure != b.measure:
		return false
	case a.measure == ofDecision && a.detail != b.detail:
		return apart <= 7
	}
	return x.Rises() == y.Rises() && apart <= 14
}

func (r *role) tellShift(group []*shift) finding.Finding {
	x := group[0]
	out := finding.Finding{Rule: ruleOf(x), Severity: finding.Info, Subject: r.subject(x.From, x.To-1)}
	var moved []string
	for _, y := range group {
		if s := y.severity(); s.Rank() > out.Severity.Rank() {
			out.Severity = s
		}
		if words := y.words(group); words != "" {
			moved = append(moved, words)
		}
	}
	out.Subject.Measure = string(x.series.measure)
	n := fmt.Sprintf(" (n=%.0f, %.0f)", x.Before.Runs, x.After.Runs)
	out.Message = r.name() + ": " + strings.Join(moved, ", ") + " " + r.when(x) + n + x.unchanged()
	if x.unsure {
		out.Message += "; it may still be chance"
	}
	if x.event != nil {
		if m, ok := x.event.has(theModel); ok {
			out.Subject.Model = m.to
		}
		if c, ok := x.event.has(theRepository); ok {
			out.Subject.Repository = c.to
		}
	}
	out.Hint = hintOf(out.Rule)
	if x.event != nil {
		out.Evidence = r.texts(x.event)
	}
	out.Evidence = append(out.Evidence, x.shows...)
	return out
}

// name is what a sentence calls a measure.
func (m measure) name() string {
	switch m {
	case ofCost:
		return "cost per run"
	case ofLatency:
		return "duration"
	}
	return strings.ReplaceAll(string(m), "-", " ")
}

func ruleOf(x *shift) string {
	if x.event != nil {
		_, model := x.event.has(theModel)
		_, instructions := x.event.has(theInstructions)
		if instructions && !model {
			return "change/instructions"
		}
		return "change/model"
	}
	if m := x.series.measure; !x.Slope && (m == ofErrors || m == ofDecision) {
		return "anomaly/" + string(m)
	}
	return "drift/" + string(x.series.measure)
}

func hintOf(rule string) string {
	switch rule {
	case "change/instructions":
		return "compare the two versions of the instructions; the old ones are in the history of the repository"
	case "change/model":
		return "compare what both cost and decided; the old one can be pinned"
	case "anomaly/error-rate", "drift/error-rate":
		return "look at the errors of the latest runs, and at what else changed that day"
	case "anomaly/decision-rate", "drift/decision-rate":
		return "look at a few of the latest decisions: either the subjects or the judgement changed"
	case "drift/override-rate":
		return "read what people overruled, and put it into the instructions"
	}
	return "look at what the runs spend it on: longer prompts, more turns, retries"
}

// severity of a shift is info where it is good news.
func (x *shift) severity() finding.Severity {
	a, b := x.Before.Mean(), x.After.Mean()
	switch {
	case x.unsure:
		return finding.Info
	case x.series.measure == ofDecision:
		return finding.Warning
	case b < a:
		return finding.Info
	case !x.series.Rates && b-a >= math.Log(2), x.series.Rates && b >= 2*a && b >= 0.1:
		return finding.Error
	}
	return finding.Warning
}

func (r *role) when(x *shift) string {
	if x.event == nil {
		if x.To < r.days {
			return "from " + shortDate(r.date(x.From)) + " to " + shortDate(r.date(x.To-1))
		}
		return "since " + shortDate(r.date(x.From))
	}
	var causes []string
	for _, c := range x.event.changes {
		switch c.what {
		case theInstructions:
			causes = append(causes, "the instructions of "+shortDate(r.date(x.event.day)))
		case theRepository:
			causes = append(causes, "the work in "+c.to)
		default:
			causes = append(causes, "the "+string(c.what)+" "+c.to)
		}
	}
	when := "since " + strings.Join(causes, " and ")
	if _, ok := x.event.has(theInstructions); !ok {
		when += " of " + shortDate(r.date(x.event.day))
	}
	return when
}

func shortDate(date string) string {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return date
	}
	return t.Format("2 Jan")
}
