package session

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/andon-ci/andon/internal/trace"
)

// account is what the sources of one space tell of one run. Its calls and
// tools are kept in few bytes each, since a trace of a gigabyte has hundreds of
// thousands of them: identities as 64 bits of their SHA-256, names as numbers.
type account struct {
	space string
	told  map[string]int // records of each source

	calls     []call
	tools     []tool
	subagents []subagent
	symbols   []string // of the names that steps repeat
	symbolAt  map[string]symbol
	callAt    map[spanID]int32
	toolAt    map[spanID]int32
	subAt     map[string]int32

	totals   map[string]*totals // by invocation
	order    []string           // invocations in the order of their first record
	compacts map[stamp]place    // by time; those without one by the order in their file
	end      *ending
	over     []stamp                 // when the main agent had ended, each time
	again    []stamp                 // when it began once more
	ends     map[string]trace.Status // of sub-agents
	merged   map[spanID][]place      // all lines that tell of a step; nil where nobody asks
	decision *decided

	copies []copied     // calls that were another run's; none where nobody asks
	zero   *trace.Usage // nothing, in the classes that its calls had, if all of them may have been another run's
}

// call is a trace.Call in little space.
type call struct {
	id         spanID
	model      symbol
	subagent   symbol
	place      place
	start, end stamp
	used       classes
	cost       *float64
	err        *trace.Error
	source     symbol // that told its usage
	provider   symbol
	finish     symbol
	firstToken int32 // milliseconds, -1 unknown
	window     int32 // tokens, 0 unknown
	partial    bool
	long       bool // the id is one that nobody gives twice
	derived    bool // its start is the end of what came before it
}

// tool is a trace.Tool in little space.
type tool struct {
	id         spanID
	link       spanID // in all spaces; 0 for none
	name       symbol
	subagent   symbol
	place      place
	start, end stamp
	err        *trace.Error
	effect     *effect // nil for none
	args       uint32  // tell arguments and results apart; 0 unknown
	result     uint32
	duration   int32 // milliseconds, -1 unknown
	exit       int32 // exit code, noExit unknown
	failed     bool
	denied     bool
	done       bool // a result was seen
	passed     bool // the agent went on without one
	long       bool // the id is one that nobody gives twice
}

// effect is what a tool call runs and changes.
type effect struct {
	programs string
	judged   string // of the programs, those whose failure the exit code can be
	unread   bool   // what the command runs could not be read as a whole
	named    place  // of the result that names what was made
	changes  []trace.Change
}

// noExit is the exit code of a tool call that is not known to have one.
const noExit = -1 << 31

type subagent struct {
	trace.Subagent
	place place
}

// isTelemetry reports whether an account is not the agent's own.
func (a *account) isTelemetry() bool {
	return a.space == telemetrySpace || strings.HasPrefix(a.space, telemetrySpace+"/") || isLedger(a.space)
}

// totals are what an invocation reports of itself, and where.
type totals struct {
	trace.Totals
	source string
	pos    trace.Pos
	others []trace.Pos // reports that it replaced, and lines that it is the sum of
}

func newAccount(space string, explains bool) *account {
	a := &account{
		space:   space,
		symbols: []string{""}, symbolAt: map[string]symbol{},
		callAt: map[spanID]int32{}, toolAt: map[spanID]int32{}, subAt: map[string]int32{},
		totals: map[string]*totals{}, ends: map[string]trace.Status{}, told: map[string]int{},
	}
	if explains {
		a.merged = map[spanID][]place{}
	}
	return a
}

// sources returns the formats that an account is from, those first that told
// most: the order of the files must not show.
func (a *account) sources() []string {
	out := slices.Collect(maps.Keys(a.told))
	slices.SortFunc(out, func(x, y string) int { return cmp.Or(cmp.Compare(a.told[y], a.told[x]), cmp.Compare(x, y)) })
	return out
}

func (a *account) addCall(r *trace.Record, f *trace.Call) {
	id := newSpanID(a.space, f.ID)
	i, seen := a.callAt[id]
	if !seen {
		i = int32(len(a.calls))
		a.callAt[id] = i
		a.calls = append(a.calls, call{id: id, subagent: a.symbol(r.Subagent), place: a.place(r.Pos), err: f.Error, partial: f.Partial, firstToken: -1, long: len(f.ID) >= longID})
	}
	a.note(id, r)
	c := &a.calls[i]
	if old := c.usage(); old.Max(f.Usage) != old || c.source == 0 {
		c.used, c.source = compact(old.Max(f.Usage)), a.symbol(r.Source)
	}
	if f.Model != "" {
		c.model = a.symbol(f.Model)
	}
	if f.Provider != "" {
		c.provider = a.symbol(f.Provider)
	}
	if f.FinishReason != "" {
		c.finish = a.symbol(f.FinishReason)
	}
	if ms, ok := f.FirstToken.Get(); ok && ms < 1<<31 {
		c.firstToken = int32(ms)
	}
	if n, ok := f.Window.Get(); ok && n < 1<<31 {
		c.window = int32(n)
	}
	c.start.earliest(f.Start)
	c.end.latest(f.End)
	if f.CostUSD != nil && (c.cost == nil || *f.CostUSD > *c.cost) {
		c.cost = f.CostUSD
	}
	if f.Error == nil {
		c.err = nil
	}
	c.partial = c.partial && f.Partial
	c.subagent = cmp.Or(c.subagent, a.symbol(r.Subagent))
}

func (a *account) addTool(r *trace.Record, f *trace.Tool) {
	id := newSpanID(a.space, f.ID)
	i, seen := a.toolAt[id]
	if !seen {
		i = int32(len(a.tools))
		a.toolAt[id] = i
		a.tools = append(a.tools, tool{id: id, link: linkOf(f.ID), duration: -1, exit: noExit, long: len(f.ID) >= longID, subagent: a.symbol(r.Subagent), place: a.place(r.Pos)})
	}
	a.note(id, r)
	t := &a.tools[i]
	t.args, t.result = known(t.args, short(f.Args)), known(t.result, short(f.Result))
	a.addEffect(t, r, f)
	t.done, t.passed = t.done || f.Done, t.passed || f.Passed
	if f.Name != "" {
		t.name = a.symbol(f.Name)
	}
	t.start.earliest(f.Start)
	t.end.latest(f.End)
	if ms, ok := f.Duration.Get(); ok && ms < 1<<31 {
		t.duration = int32(ms)
	}
	if f.ExitCode != nil {
		t.exit = int32(min(max(*f.ExitCode, noExit+1), -noExit-1))
	}
	if f.Error != nil {
		t.err = f.Error
	}
	if f.Failed && !t.failed && f.Done {
		t.place = a.place(r.Pos) // the line that shows the failure is the better evidence
	}
	t.failed = t.failed || f.Failed
	t.denied = t.denied || f.Denied
	t.subagent = cmp.Or(t.subagent, a.symbol(r.Subagent))
}

// known returns the digest that two sources give a value: the smaller, so that
// it does not depend on their order.
func known[T uint32 | uint64](a, b T) T {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// short returns 32 bits of a digest, which is enough to tell the calls of one tool
// apart, and never 0 for one that is known.
func short(digest uint64) uint32 {
	if digest == 0 {
		return 0
	}
	return max(uint32(digest)^uint32(digest>>32), 1)
}

// addEffect keeps what a tool call runs and changes. What a result says of the
// lines is surer than what the arguments do.
func (a *account) addEffect(t *tool, r *trace.Record, f *trace.Tool) {
	if len(f.Programs) == 0 && len(f.Changes) == 0 && !f.Unread {
		return
	}
	if t.effect == nil {
		t.effect = &effect{}
	}
	if len(f.Programs) > 0 {
		t.effect.programs, t.effect.judged = strings.Join(f.Programs, "; "), strings.Join(f.Judged, "; ")
	}
	t.effect.unread = t.effect.unread || f.Unread
	if slices.ContainsFunc(f.Changes, func(c trace.Change) bool { return c.ID != "" }) {
		t.effect.named = a.earlier(t.effect.named, a.place(r.Pos))
	}
	if len(t.effect.changes) == 0 || f.Done && len(f.Changes) > 0 {
		t.effect.refine(f.Changes)
	}
}

// earlier returns the first of two places in the order of their files' names, so
// that it does not depend on which was read first. The zero place is none.
func (a *account) earlier(p, q place) place {
	x, y := a.pos(p), a.pos(q)
	if p == (place{}) || cmp.Or(cmp.Compare(y.File, x.File), cmp.Compare(y.Line, x.Line)) < 0 {
		return q
	}
	return p
}

// refine takes over changes, and from the earlier ones what they do not say.
func (e *effect) refine(changes []trace.Change) {
	old := e.changes
	e.changes = changes
	if len(old) == len(changes) {
		for i := range changes {
			c := &e.changes[i]
			c.Old, c.New = known(c.Old, old[i].Old), known(c.New, old[i].New)
			c.Added, c.Removed = c.Added.Or(old[i].Added), c.Removed.Or(old[i].Removed)
			c.ID = cmp.Or(c.ID, old[i].ID)
		}
	}
}

// note keeps the line of a record of a step, where somebody asks for all.
func (a *account) note(id spanID, r *trace.Record) {
	if a.merged != nil {
		a.merged[id] = append(a.merged[id], a.place(r.Pos))
	}
}

func (a *account) addSubagent(r *trace.Record, f *trace.Subagent) {
	i, seen := a.subAt[f.ID]
	if !seen {
		i = int32(len(a.subagents))
		a.subAt[f.ID] = i
		a.subagents = append(a.subagents, subagent{Subagent: trace.Subagent{ID: f.ID}, place: a.place(r.Pos)})
	}
	s := &a.subagents[i]
	setString(&s.Name, f.Name)
	setString(&s.ToolID, f.ToolID)
	setString(&s.Parent, f.Parent)
	if before(f.Start, s.Start) {
		s.Start = f.Start
	}
	if after(f.End, s.End) {
		s.End = f.End
	}
	if f.Status != "" {
		s.Status = f.Status
	}
}

// addTotals keeps what an invocation reports of itself. Two reports of one, as in
// a stream and in its session file, or in the two streams of a session that was
// resumed, are of one running total: the larger is the later, and what it does
// not say is taken from the other.
func (a *account) addTotals(r *trace.Record, f *trace.Totals) {
	old := a.totals[f.Invocation]
	if old == nil {
		a.order = append(a.order, f.Invocation)
		a.totals[f.Invocation] = a.report(r, f)
		return
	}
	late, early := *a.report(r, f), *old
	if late.Usage.Total().N() < early.Usage.Total().N() {
		late, early = early, late
	}
	late.Usage = fill(late.Usage, early.Usage)
	late.Calls = late.Calls.Max(early.Calls)
	late.Turns = late.Turns.Max(early.Turns)
	late.Duration = late.Duration.Max(early.Duration)
	late.ToolCalls = late.ToolCalls.Max(early.ToolCalls)
	late.ToolErrors = late.ToolErrors.Max(early.ToolErrors)
	late.PermissionDenials = late.PermissionDenials.Max(early.PermissionDenials)
	late.Subagents = late.Subagents.Max(early.Subagents)
	late.Within = cmp.Or(late.Within, early.Within)
	if late.CostUSD == nil || early.CostUSD != nil && *early.CostUSD > *late.CostUSD && late.Usage.Total() == early.Usage.Total() {
		late.CostUSD = early.CostUSD
	}
	if late.ByModel == nil {
		late.ByModel = early.ByModel
	}
	if len(late.Windows) == 0 {
		late.Windows = early.Windows
	}
	late.FirstToken = late.FirstToken.Or(early.FirstToken)
	late.others = append(append(late.others, early.others...), early.pos)
	a.totals[f.Invocation] = &late
}

// report keeps a total, and where somebody asks the lines that it is the sum of.
func (a *account) report(r *trace.Record, f *trace.Totals) *totals {
	t := &totals{Totals: *f, source: r.Source, pos: r.Pos}
	if a.merged != nil {
		for _, line := range f.From {
			t.others = append(t.others, trace.Pos{File: r.Pos.File, Line: line})
		}
	}
	t.From = nil
	return t
}

func orString(s, other string) string {
	if s != "" {
		return s
	}
	return other
}
