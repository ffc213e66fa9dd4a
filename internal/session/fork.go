package session

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"

	"github.com/andon-ci/andon/internal/trace"
)

// A session that is resumed under a new id, or forked, begins with a copy of the
// old one's history: its calls were made, and paid for, once. The run that is
// the older keeps them.

// longID is the length from which on an id is one that nobody gives twice, as
// those of providers are. Shorter ones, such as numbers, are unique in their run
// at most.
const longID = 20

// fork is a run that repeats parts of others.
type fork struct {
	b    *builder
	from map[*builder]stamp // when the last thing of each was done
	own  []*account         // the run's accounts, and what was taken out of each:
	used []trace.Usage
	to   map[string]int32 // the last line of each file that is a copy
}

// history is what the runs from the oldest on have done.
type history struct {
	calls  map[spanID]origin
	tools  map[spanID]*builder
	agents map[string]*builder
}

// origin is where a call was seen first.
type origin struct {
	b  *builder
	a  *account
	at int32
}

// copied is a call that was taken out, and the run that has made it.
type copied struct {
	call
	from string
}

// unfork takes out of each run what it only repeats of another.
func (c *Collector) unfork() {
	if len(c.runs) < 2 {
		return
	}
	h := &history{map[spanID]origin{}, map[spanID]*builder{}, map[string]*builder{}}
	for _, b := range c.byAge() {
		f := &fork{b: b, from: map[*builder]stamp{}, to: map[string]int32{}}
		for _, a := range b.accounts {
			if a.space != NativeFormat { // whose ids are whatever its writer makes up
				f.calls(a, h)
			}
		}
		if len(f.from) > 0 {
			f.settle(h)
		}
		h.add(b)
	}
}

// add notes what a run has done itself.
func (h *history) add(b *builder) {
	for _, a := range b.accounts {
		for i := range a.calls {
			for _, key := range a.calls[i].keys(a.space) {
				if _, known := h.calls[key]; !known {
					h.calls[key] = origin{b, a, int32(i)}
				}
			}
		}
		for i := range a.tools {
			if key := a.tools[i].key(); h.tools[key] == nil {
				h.tools[key] = b
			}
		}
		for i := range a.subagents {
			if id := a.space + " " + a.subagents[i].ID; h.agents[id] == nil {
				h.agents[id] = b
			}
		}
	}
}

// key returns what a tool call is known by over all runs.
func (t *tool) key() spanID {
	if t.long {
		return t.id
	}
	return (&call{}).key("tool", uint64(t.id), t.start, 0)
}

// keys returns what a call is known by over all runs: its id, if that is long
// enough, or the id with the moment and the tokens, or these without it where
// they are as good as one, since some agents give the copies new ids.
func (c *call) keys(space string) []spanID {
	var keys []spanID
	when := cmp.Or(c.start, c.end)
	switch {
	case c.long:
		keys = append(keys, c.id)
	case when != 0:
		keys = append(keys, c.key("id", uint64(c.id), when, 0))
	}
	const second = 1e9
	if c.start != 0 && c.end != 0 && (c.start%second != 0 || c.end%second != 0) && c.usage().Total().N() > 0 {
		keys = append(keys, c.key(space, 0, c.start, c.end))
	}
	return keys
}

func (c *call) key(kind string, id uint64, start, end stamp) spanID {
	u := c.usage()
	buf := append(make([]byte, 0, 128), kind...)
	buf = append(buf, 0)
	for _, n := range []uint64{
		id, uint64(start), uint64(end), uint64(u.Input.N()), uint64(u.CacheRead.N()),
		uint64(u.CacheWrite5m.N()), uint64(u.CacheWrite1h.N()), uint64(u.Output.N()),
	} {
		buf = binary.BigEndian.AppendUint64(buf, n)
	}
	sum := sha256.Sum256(buf)
	return spanID(binary.BigEndian.Uint64(sum[:]))
}

// calls takes the calls out of an account that another run has made.
func (f *fork) calls(a *account, h *history) {
	var used trace.Usage
	gone := map[int]bool{}
	for i := range a.calls {
		c := &a.calls[i]
		if o, known := f.origin(c.keys(a.space), h); known {
			f.take(a, c, o)
			gone[i] = true
			if c.ok() {
				used = used.Add(c.usage())
			}
		}
	}
	if len(gone) == 0 {
		return
	}
	own := make([]call, 0, len(a.calls)-len(gone))
	for i := range a.calls {
		if !gone[i] {
			own = append(own, a.calls[i])
		}
	}
	a.calls = own
	f.own, f.used = append(f.own, a), append(f.used, used)
}

func (f *fork) origin(keys []spanID, h *history) (origin, bool) {
	for _, key := range keys {
		if o, known := h.calls[key]; known && o.b != f.b {
			return o, true
		}
	}
	return origin{}, false
}

// take notes a call that is a copy. What it knows more than the original stays.
func (f *fork) take(a *account, c *call, o origin) {
	first := &o.a.calls[o.at]
	f.from[o.b] = max(f.from[o.b], first.start, first.end)
	file := a.symbols[c.place.file]
	f.to[file] = max(f.to[file], c.place.line)
	if c.ok() {
		first.used, first.partial = compact(first.usage().Max(c.usage())), false
	}
	if a.merged != nil {
		a.copies = append(a.copies, copied{*c, o.b.id})
	}
	if first.model == 0 {
		first.model = o.a.symbol(a.symbols[c.model])
	}
}

// byAge returns the runs from the oldest on: what a run says that it goes on
// from comes before it. Of two that begin at one moment, as a copy does, the one
// that ends first is the original.
func (c *Collector) byAge() []*builder {
	out := make([]*builder, 0, len(c.runs))
	for _, id := range slices.Sorted(maps.Keys(c.runs)) {
		out = append(out, c.runs[id])
	}
	depth := map[*builder]int{}
	for _, b := range out {
		var line []*builder // of ancestors that are not placed yet
		for p := b; p != nil && depth[p] == 0; p = c.runs[p.start.ForkedFrom] {
			depth[p] = -1 // so that a circle ends
			line = append(line, p)
		}
		for i := len(line) - 1; i >= 0; i-- {
			depth[line[i]] = 1 + max(depth[c.runs[line[i].start.ForkedFrom]], 0)
		}
	}
	slices.SortStableFunc(out, func(x, y *builder) int {
		return cmp.Or(cmp.Compare(depth[x], depth[y]), cmp.Compare(x.first, y.first), cmp.Compare(x.last, y.last))
	})
	return out
}

// settle takes out of a run what else belongs to the copied calls, and says
// where the run's history is from and when its own part begins.
func (f *fork) settle(h *history) {
	var parent *builder
	var last stamp
	for _, from := range slices.SortedFunc(maps.Keys(f.from), func(x, y *builder) int { return cmp.Compare(x.id, y.id) }) {
		if parent == nil || f.from[from] > last {
			parent, last = from, f.from[from]
		}
	}
	f.b.start.ForkedFrom = cmp.Or(f.b.start.ForkedFrom, parent.id)
	for _, own := range f.b.accounts {
		last = max(last, f.strip(own, h))
		if own.decision != nil && (f.covers(own.decision.pos) || len(own.calls) == 0) {
			own.decision = nil
		}
		own.reindex()
	}
	for i, a := range f.own {
		zero := subtract(f.used[i], f.used[i])
		a.zero = &zero
		a.deduct(f.used[i], f.to)
	}
	f.b.begin(last)
}

// covers reports whether a line is in the part of its file that is a copy.
func (f *fork) covers(p trace.Pos) bool { return p.Line > 0 && int32(p.Line) <= f.to[p.File] }

// strip takes the other steps out of an account that are copies, and returns when
// the last of them had ended. What has neither an id nor a time that tells is a
// copy where it stands before one.
func (f *fork) strip(a *account, h *history) (last stamp) {
	a.tools = slices.DeleteFunc(a.tools, func(t tool) bool {
		if _, parent := f.from[h.tools[t.key()]]; !parent {
			return false
		}
		last = max(last, min(t.until(), f.b.last), t.start)
		return true
	})
	a.calls = slices.DeleteFunc(a.calls, func(c call) bool {
		return c.err != nil && cmp.Or(c.start, c.end) == 0 && f.covers(a.pos(c.place))
	})
	maps.DeleteFunc(a.compacts, func(_ stamp, p place) bool { return f.covers(a.pos(p)) })
	active := map[symbol]bool{}
	for i := range a.calls {
		active[a.calls[i].subagent] = true
	}
	for i := range a.tools {
		active[a.tools[i].subagent] = true
	}
	a.subagents = slices.DeleteFunc(a.subagents, func(s subagent) bool {
		_, parent := f.from[h.agents[a.space+" "+s.ID]]
		return parent && !active[a.symbol(s.ID)]
	})
	return last
}

// reindex finds the steps of an account anew, of which some were taken out.
func (a *account) reindex() {
	clear(a.callAt)
	for i := range a.calls {
		a.callAt[a.calls[i].id] = int32(i)
	}
	clear(a.toolAt)
	for i := range a.tools {
		a.toolAt[a.tools[i].id] = int32(i)
	}
	clear(a.subAt)
	for i := range a.subagents {
		a.subAt[a.subagents[i].ID] = int32(i)
	}
}

// deduct takes what copied calls used out of a total that includes it: where the
// total is not less than those and the run's own calls together. What the whole
// cost is then no word about the part. A total that stands before the run's own
// calls, or in a file that is all copy, is a copy itself; to has the last copied
// line of each file.
func (a *account) deduct(copied trace.Usage, to map[string]int32) {
	own, _ := a.sums()
	whole := own.Add(copied)
	begin := a.firstLines()
	for _, t := range a.totals {
		switch {
		case copied.Total().N() == 0 || !t.Usage.Total().Known():
			continue
		case contains(t.Usage, whole):
			t.Usage = subtract(t.Usage, copied)
		case t.pos.Line < begin[t.pos.File], len(a.calls) == 0 && to[t.pos.File] > 0:
			t.Usage = trace.Usage{}
		default:
			continue
		}
		t.ByModel, t.CostUSD = nil, nil
		t.Calls, t.Turns, t.ToolCalls, t.ToolErrors = trace.Count{}, trace.Count{}, trace.Count{}, trace.Count{}
		t.Duration, t.Subagents, t.PermissionDenials = trace.Count{}, trace.Count{}, trace.Count{}
	}
}

// firstLines returns the line of the first call of each file.
func (a *account) firstLines() map[string]int {
	out := map[string]int{}
	for i := range a.calls {
		p := a.pos(a.calls[i].place)
		if first, known := out[p.File]; !known || p.Line < first {
			out[p.File] = p.Line
		}
	}
	return out
}

// contains reports whether u has as much of each class as v at least.
func contains(u, v trace.Usage) bool {
	return u.Input.N() >= v.Input.N() && u.CacheRead.N() >= v.CacheRead.N() && u.Output.N() >= v.Output.N() &&
		u.CacheWrite5m.N()+u.CacheWrite1h.N() >= v.CacheWrite5m.N()+v.CacheWrite1h.N()
}

func subtract(u, v trace.Usage) trace.Usage {
	less := func(a, b trace.Count) trace.Count {
		if !a.Known() {
			return a
		}
		return trace.Measured(max(a.N()-b.N(), 0))
	}
	return trace.Usage{
		Input: less(u.Input, v.Input), CacheRead: less(u.CacheRead, v.CacheRead),
		CacheWrite5m: less(u.CacheWrite5m, v.CacheWrite5m), CacheWrite1h: less(u.CacheWrite1h, v.CacheWrite1h),
		Output: less(u.Output, v.Output), Reasoning: less(u.Reasoning, v.Reasoning),
	}
}

// begin sets when the run's own part began: when it was forked, if its source
// says so, else with its first own step.
func (b *builder) begin(copied stamp) {
	if b.forked > copied {
		b.first = b.forked
		return
	}
	first := b.last
	see := func(s stamp) {
		if s > copied && s < first {
			first = s
		}
	}
	for _, a := range b.accounts {
		for i := range a.calls {
			see(cmp.Or(a.calls[i].start, a.calls[i].end))
		}
		for i := range a.tools {
			see(cmp.Or(a.tools[i].start, a.tools[i].end))
		}
	}
	b.first = first
}
