package session

import (
	"cmp"
	"slices"
	"time"

	"github.com/andon-ci/andon/internal/trace"
)

// How many steps and gaps are listed, and how long a gap is worth a word.
const (
	maxLongest = 5
	minGap     = stamp(time.Second)
)

// interval is a stretch of time, the end of which is after its start.
type interval struct{ from, to stamp }

// derive gives calls of which only the end is known a start: the end of what
// the same agent did before, since a model is asked as soon as the last answer
// or the last result of a tool is there. Where the agent had ended meanwhile, and
// was started again by somebody, nobody knows when.
func (a *account) derive(begin stamp) {
	moments := map[symbol][]stamp{0: make([]stamp, 0, len(a.tools)+len(a.calls)+1)}
	for i := range a.tools {
		t := &a.tools[i]
		moments[t.subagent] = append(moments[t.subagent], t.until())
	}
	for i := range a.calls {
		moments[a.calls[i].subagent] = append(moments[a.calls[i].subagent], a.calls[i].end)
	}
	for i := range a.subagents {
		s := a.symbol(a.subagents[i].ID)
		moments[s] = append(moments[s], stampOf(a.subagents[i].Start))
	}
	moments[0] = append(append(moments[0], begin), a.again...)
	for _, m := range moments {
		slices.Sort(m)
	}
	slices.Sort(a.over)
	slices.Sort(a.again)
	for i := range a.calls {
		c := &a.calls[i]
		if c.start != 0 || c.end == 0 {
			continue
		}
		m := moments[c.subagent]
		if n, _ := slices.BinarySearch(m, c.end); n > 0 && m[n-1] != 0 && !(c.subagent == 0 && a.ended(m[n-1], c.end)) {
			c.start, c.derived = m[n-1], true
		}
	}
}

// ended reports whether the main agent had ended at a moment, or after it, and
// began once more before another. An end alone may be that of half a file.
func (a *account) ended(from, to stamp) bool {
	n, _ := slices.BinarySearch(a.over, from)
	if n == len(a.over) {
		return false
	}
	m, _ := slices.BinarySearch(a.again, a.over[n])
	return m < len(a.again) && a.again[m] < to
}

// until returns when a tool call had ended, 0 where that is not known.
func (t *tool) until() stamp {
	if t.end == 0 && t.start != 0 && t.duration >= 0 {
		return t.start + stamp(t.duration)*stamp(time.Millisecond)
	}
	return t.end
}

// timedCalls counts the main agent's calls of which the time is known.
func (a *account) timedCalls() int64 {
	var n int64
	for i := range a.calls {
		if c := &a.calls[i]; c.start != 0 && c.end > c.start && c.subagent == 0 {
			n++
		}
	}
	return n
}

func (a *account) callIntervals(main bool) []interval {
	var out []interval
	if main {
		out = make([]interval, 0, len(a.calls)+len(a.tools)) // to which the tools' are added
	}
	for i := range a.calls {
		if c := &a.calls[i]; c.start != 0 && c.end > c.start && (c.subagent == 0) == main {
			out = append(out, interval{c.start, c.end})
		}
	}
	return out
}

func (a *account) toolIntervals(main bool) []interval {
	var out []interval
	if main {
		out = make([]interval, 0, len(a.tools))
	}
	for i := range a.tools {
		if t := &a.tools[i]; t.start != 0 && t.until() > t.start && (t.subagent == 0) == main {
			out = append(out, interval{t.start, t.until()})
		}
	}
	return out
}

// time tells where the wall clock of the run went. It is nil where the sources
// do not say when the main agent's calls were made.
func (b *builder) time(r *Run) *Time {
	a := b.timed()
	if a == nil || b.last <= b.first || b.backward {
		return nil
	}
	tools := b.toolAccount()
	whole := []interval{{b.first, b.last}}
	busy := union(a.callIntervals(true))
	inModel := overlap(busy, whole)
	busy = union(append(busy, tools.toolIntervals(true)...))
	inTools := overlap(busy, whole)
	busy = union(append(append(busy, a.callIntervals(false)...), tools.toolIntervals(false)...))
	inAll := overlap(busy, whole)
	t := &Time{
		Model: millis(inModel), Tool: millis(inTools - inModel), Subagent: millis(inAll - inTools),
		FirstToken: b.firstToken(),
		Longest:    longest(r.Steps),
		Gaps:       gaps(busy, b.first, b.last),
	}
	spent := t.Model.N() + t.Tool.N() + t.Subagent.N()
	t.Idle = trace.Measured(max(0, r.DurationMS.N()-spent)) // so that the parts add up to the whole
	return t
}

// timed returns the account that says best when the main agent's model calls
// were made, nil for none.
func (b *builder) timed() *account {
	best := b.ranked((*account).timedCalls)[0]
	if best.timedCalls() == 0 {
		return nil
	}
	return best
}

// toolAccount returns the account that saw the most tool calls, of equals the
// one that knows of the most errors: not every source shows exit codes.
func (b *builder) toolAccount() *account {
	return b.ranked(func(a *account) int64 { return int64(len(a.tools))<<20 + int64(a.toolErrors()) })[0]
}

func millis(d stamp) trace.Count {
	return trace.Measured(int64(max(d, 0)) / int64(time.Millisecond))
}

// union merges stretches that touch, in order of time and in place.
func union(in []interval) []interval {
	slices.SortFunc(in, func(x, y interval) int { return cmp.Or(cmp.Compare(x.from, y.from), cmp.Compare(x.to, y.to)) })
	out := in[:0]
	for _, i := range in {
		if n := len(out); n > 0 && i.from <= out[n-1].to {
			out[n-1].to = max(out[n-1].to, i.to)
			continue
		}
		out = append(out, i)
	}
	return out
}

// overlap returns how long the stretches of x are within the one of whole.
func overlap(x, whole []interval) stamp {
	var sum stamp
	for _, i := range x {
		sum += max(0, min(i.to, whole[0].to)-max(i.from, whole[0].from))
	}
	return sum
}

// firstToken returns the median of what the calls say, or what the run says of
// its first.
func (b *builder) firstToken() trace.Count {
	var all []int32
	var said trace.Count
	for _, a := range b.ranked((*account).weight) {
		said = said.Or(a.total().FirstToken)
		for i := range a.calls {
			if ms := a.calls[i].firstToken; ms >= 0 && len(all) < maxSteps {
				all = append(all, ms)
			}
		}
		if len(all) > 0 {
			break
		}
	}
	if len(all) == 0 {
		return said
	}
	slices.Sort(all)
	return trace.Measured(int64(all[(len(all)-1)/2]))
}

// longest returns the steps that took the longest.
func longest(steps []Step) []Span {
	var out []Span
	for i := range steps {
		s := &steps[i]
		if s.Start.IsZero() || !s.End.After(s.Start) {
			continue
		}
		out = append(out, Span{
			Kind: s.Kind, Name: s.Name, Start: s.Start, DurationMS: trace.Measured(s.End.Sub(s.Start).Milliseconds()),
			File: s.Pos.File, Line: s.Pos.Line,
		})
		if len(out) > 100 {
			out = top(out)
		}
	}
	return top(out)
}

// gaps returns the stretches between the first and the last sign of life in
// which nobody is known to have worked.
func gaps(busy []interval, first, last stamp) []Span {
	var out []Span
	at := first
	for _, i := range append(busy, interval{last, last}) {
		if i.from-at >= minGap && i.from <= last {
			out = append(out, Span{Kind: "gap", Start: at.time(), DurationMS: millis(i.from - at)})
		}
		at = max(at, i.to)
	}
	return top(out)
}

func top(spans []Span) []Span {
	slices.SortStableFunc(spans, func(x, y Span) int {
		return cmp.Or(cmp.Compare(y.DurationMS.N(), x.DurationMS.N()), x.Start.Compare(y.Start))
	})
	return spans[:min(len(spans), maxLongest)]
}
