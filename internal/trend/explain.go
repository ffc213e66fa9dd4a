package trend

import "slices"

// How much less a change of instructions and the like may explain than the best
// day for a shift, to be taken for its cause: days next to each other
// explain about as much.
const (
	near     = 5  // in units of the gain
	nearer   = 12 // of a shift at most nearDays away
	nearDays = 5
)

// explain returns the shifts of a series, the one that explains most first. Each
// divides the days into those before, within and after it, of which each is looked
// at in the same way. accept says which shifts are certain enough.
func (s *series) explain(a, b int, events []*event, accept func(shift) bool) []shift {
	if b-a < 6 {
		return nil
	}
	best, ok := s.best(a, b, events, accept)
	if !ok {
		return nil
	}
	out := []shift{best}
	out = append(out, s.explain(a, best.From, events, accept)...)
	if !best.Slope {
		out = append(out, s.explain(best.From, best.To, events, accept)...)
	}
	if best.To < b {
		out = append(out, s.explain(best.To, b, events, accept)...)
	}
	return out
}

// best returns the shift that explains most of those that are certain enough.
func (s *series) best(a, b int, events []*event, accept func(shift) bool) (shift, bool) {
	step, steps := s.step(a, b)
	slope, slopes := s.drift(a, b)
	if e, ok := s.atEvent(a, b, events); ok && explains(e, step) && e.Gain >= slope.Gain-near && accept(e) {
		return e, true
	}
	if slopes && accept(slope) && (!steps || slope.Gain >= step.Gain+near || !accept(step)) {
		return slope, true
	}
	return step, steps && accept(step)
}

// step returns the shift at once that is least likely to be chance.
func (s *series) step(a, b int) (shift, bool) {
	x, ok := s.Scan(a, b)
	return shift{Shift: x, series: s}, ok
}

// drift returns the shift day by day that is least likely to be chance.
func (s *series) drift(a, b int) (shift, bool) {
	x, ok := s.Drift(a, b)
	return shift{Shift: x, series: s}, ok
}

// explains reports whether a shift at an event may be the one that was found
// without it.
func explains(e, step shift) bool {
	if e.Gain >= step.Gain-near {
		return true
	}
	apart := max(e.From-step.From, step.From-e.From)
	return e.Gain >= step.Gain-nearer && apart <= nearDays
}

// atEvent returns the shift that begins with an event and explains most. Where it
// begins is known, so that it takes less to be certain of it.
func (s *series) atEvent(a, b int, events []*event) (best shift, ok bool) {
	n := 0.0
	for _, e := range events {
		x, enough := s.At(a, e.day, b)
		if !enough {
			continue
		}
		n++
		if s.Matters(x.Before, x.After) && (!ok || x.Gain > best.Gain) {
			best, ok = shift{Shift: x, series: s, event: e}, true
		}
	}
	best.P *= n
	return best, ok
}

// claim is something that a report may say, and the probability of it where there
// is nothing to say.
type claim struct {
	role  *role
	p     float64 // in units of the role's whole chance of an error
	shift *shift
	runs  []far
	hour  *hour
	note  *event // that nothing may have come of
}

// The share of each measure in the chance of a role to be named for nothing. What they
// leave of it is for readers who look each day.
func share(m measure) float64 {
	return map[measure]float64{
		ofCost: 0.06, ofLatency: 0.06, ofErrors: 0.13, ofDecision: 0.08, ofOverride: 0.03,
		ofRunCost: 0.11, ofRunLatency: 0.11, ofSpend: 0.05,
	}[m]
}

// chance is the chance of a role to be named for nothing.
const chance = 0.08

// shareEvent is how much of the share of a series its shifts have that begin with
// an event; the others have the rest.
const shareEvent = 0.25

// suspicion is how many times the chance of being named for nothing a rise of errors
// has that may still become more certain, to be noted. By the time that it is certain,
// many more runs have failed.
const (
	suspicion   = 5
	freshErrors = 7 // days
)

// fresh reports whether a shift is worth a note though it may be chance.
func (x *shift) fresh(r *role) bool {
	return x.series.measure == ofErrors && x.event == nil && !x.Slope && x.Rises() && x.To == r.days && x.From >= r.days-freshErrors
}

func (x shift) claimed() float64 {
	of := share(x.series.measure) / max(x.series.tests, 1)
	if x.event != nil {
		return x.P / (of * shareEvent)
	}
	return x.P / (of * (1 - shareEvent))
}

// judge returns what may be said about a role.
func (r *role) judge(ripe func(sample) float64) []claim {
	places := r.places()
	out := r.judgeSeries(ripe)
	r.anomal = map[place]bool{}
	for _, l := range []*levels{r.alike(ofCost), r.alike(ofLatency)} {
		for _, c := range r.farRuns(l) {
			r.anomal[c.runs[0].at] = true
			out = append(out, c)
		}
	}
	out = append(out, r.bursts()...)
	for _, e := range r.changed {
		out = append(out, claim{role: r, p: 1, note: e})
	}
	for _, p := range places {
		for _, c := range p.judgeSeries(ripe) {
			if !slices.ContainsFunc(out, func(o claim) bool { return o.shift != nil && same(o.shift, c.shift) }) {
				out = append(out, c)
			}
		}
	}
	return out
}

// same reports whether a shift in one repository is that of all of them.
func same(all, one *shift) bool {
	return all.series.measure == one.series.measure && all.Rises() == one.Rises() && one.From <= all.To && one.To >= all.From-nearDays
}

// Within how many days a change of a rate has to be found.
const (
	dueErrors    = 3
	dueDecisions = 7
	dueOverrides = 10 // the latest days have not had theirs
)

// judgeSeries returns the shifts of all series of a role.
func (r *role) judgeSeries(ripe func(sample) float64) (out []claim) {
	r.changed = r.events()
	events := r.changed
	accept := func(x shift) bool {
		limit := chance
		if x.fresh(r) {
			limit *= suspicion
		}
		return x.claimed()/r.part <= limit
	}
	var looked []*series
	look := func(s *series, events []*event) {
		looked = append(looked, s)
		for _, x := range s.explain(0, r.days, events, accept) {
			out = append(out, r.claim(x))
		}
	}
	for _, m := range []measure{ofCost, ofLatency} {
		look(&r.alike(m).series, slices.DeleteFunc(slices.Clone(events), (*event).mixes))
		out = append(out, r.moved(m, events, accept)...)
	}
	errors := r.newRate(ofErrors, 0.02, 1.4, func(x run) (bool, bool) { return x.failed(), x.judged() }, nil)
	errors.Due = dueErrors
	look(errors, events)
	for _, s := range r.decisionRates() {
		look(s, events)
	}
	if !r.past.Unasked {
		overrides := r.newRate(ofOverride, 0.03, 1.3, func(x run) (bool, bool) { return x.is(overridden), x.decision > 0 }, ripe)
		overrides.Due = dueOverrides
		look(overrides, events)
	}
	for _, c := range out {
		c.shift.still = c.shift.unmoved(out, looked)
	}
	return out
}

// unmoved returns what the event of a shift did not move, of what people ask for: no
// shift of it was found, and the days before and after it cannot be told apart.
func (x *shift) unmoved(all []claim, looked []*series) (out []*series) {
	if x.event == nil {
		return nil
	}
	for _, s := range looked {
		moved := slices.ContainsFunc(all, func(c claim) bool { return c.shift.event == x.event && c.shift.series.measure == s.measure })
		asked := s.measure == ofCost || s.measure == ofOverride || s.measure == ofErrors
		if moved || !asked || !s.Enough(s.Of(x.First, x.From), s.Of(x.From, x.End)) {
			continue
		}
		if p, ok := s.Alike(x.First, x.From, x.End); ok && p > 1-level {
			out = append(out, s)
		}
	}
	return out
}

func (r *role) claim(x shift) claim {
	x.shows = r.shiftEvidence(&x)
	return claim{role: r, p: x.claimed() / r.part, shift: &x}
}

// alike is the series of an amount by which a run is compared with its own kind.
func (r *role) alike(m measure) *levels {
	if r.levels[m] == nil {
		if r.levels == nil {
			r.levels = map[measure]*levels{}
		}
		r.levels[m] = r.newLevels(m, func(k kind) kind { return kind{repository: k.repository, model: k.model, subject: k.subject} })
	}
	return r.levels[m]
}

// moved returns the shifts of an amount that begin with another model or another
// repository. They are looked for without these taken out.
func (r *role) moved(m measure, events []*event, accept func(shift) bool) (out []claim) {
	for _, e := range events {
		if !e.mixes() {
			continue
		}
		_, model := e.has(theModel)
		all := r.newLevels(m, func(k kind) kind {
			if model {
				return kind{repository: k.repository, subject: k.subject}
			}
			return kind{model: k.model, subject: k.subject}
		})
		from, to := neighbours(e, events, r.days)
		if x, ok := all.atEvent(from, to, []*event{e}); ok && accept(x) {
			out = append(out, r.claim(x))
		}
	}
	return out
}

// mixes reports whether the event changes what an amount is compared within.
func (e *event) mixes() bool {
	_, model := e.has(theModel)
	_, repository := e.has(theRepository)
	return model || repository
}

// neighbours returns the days between the events before and after one.
func neighbours(e *event, events []*event, days int) (from, to int) {
	to = days
	for _, o := range events {
		if o.day < e.day {
			from = o.day
		} else if o.day > e.day {
			return from, o.day
		}
	}
	return from, to
}

// decisionRates makes a series of each kind of decision that is not rare.
func (r *role) decisionRates() (out []*series) {
	var n [11]int
	all := 0
	for _, s := range r.runs {
		if s.decision > 0 {
			n[min(s.decision, 10)]++
			all++
		}
	}
	for i, count := range n {
		if i > 0 && count*50 >= all && count < all {
			s := r.newRate(ofDecision, 0.08, 0, func(x run) (bool, bool) { return int(x.decision) == i, x.decision > 0 }, nil)
			s.detail, s.Due = string(decisions()[i-1]), dueDecisions
			out = append(out, s)
		}
	}
	for _, s := range out {
		s.tests = float64(max(len(out)-1, 1)) // the last one follows from the others
	}
	return out
}
