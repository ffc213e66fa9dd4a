package trend

import (
	"cmp"
	"hash/maphash"
	"slices"
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/stat"
)

// builder is what a day needs while lines are added to it, and not after.
type builder struct {
	seed    maphash.Seed
	seen    map[uint64]struct{}       // the runs
	acts    map[*[]act]map[string]int // of each id, its place
	waits   map[uint64]wait           // the shortest of each workflow run
	notes   []note
	text    []byte
	scratch []byte
}

// note is where the text about a run lies that may be needed as evidence.
type note struct {
	cell   *cell
	run    run
	kind   name
	number int64
	start  int
	ends   [4]int // of run_id, workflow run, attempt and file
}

func newBuilder() *builder {
	return &builder{seed: maphash.MakeSeed(), seen: map[uint64]struct{}{}, acts: map[*[]act]map[string]int{}, waits: map[uint64]wait{}}
}

// wait is how long after an event a run began.
type wait struct {
	cell *cell
	ms   int64
}

// longestWait is how long after the event a workflow run may still begin.
const longestWait = 35 * 24 * time.Hour

// await keeps how long the event of a run had to wait for it, of those of a
// workflow run the first. A new attempt is nobody's wait.
func (b *builder) await(c *cell, r *rollup) {
	if !r.created.Exists() || r.attempt.Exists() && text(r.attempt) != "1" {
		return
	}
	created, start := moment(r.created), moment(r.start)
	if waited := start.Sub(created); created.IsZero() || start.IsZero() || waited < 0 || waited > longestWait {
		return
	}
	h, ms := b.hash(r.repository, r.workflow), start.Sub(created).Milliseconds()
	if known, ok := b.waits[h]; !ok || ms < known.ms {
		b.waits[h] = wait{c, ms}
	}
}

// settle hands the waits to the cells of their runs.
func (b *builder) settle(cells []*cell) {
	for _, w := range b.waits {
		w.cell.waits = append(w.cell.waits, stat.AmountOf(float64(w.ms)))
	}
	for _, c := range cells {
		slices.Sort(c.waits)
	}
}

// again reports whether the run has come before: that of a repository, a job and
// its attempt.
func (b *builder) again(r *rollup) bool {
	if !r.runID.Exists() {
		return false
	}
	h := b.hash(r.repository, r.workflow, r.attempt, r.job, r.runID)
	_, again := b.seen[h]
	b.seen[h] = struct{}{}
	return again
}

// hash is a hash of values as they stand in a line, which is not kept: it differs from
// one builder to the next.
func (b *builder) hash(values ...jsonl.Value) (h uint64) {
	for _, v := range values {
		h = (h ^ maphash.Bytes(b.seed, v.Raw())) * 1099511628211
	}
	return h
}

// note keeps what is needed to lead a reader to the run.
func (b *builder) note(c *cell, r *rollup) {
	n := note{cell: c, run: r.run, kind: r.key.kind, number: r.number, start: len(b.text)}
	for i, v := range []jsonl.Value{r.runID, r.workflow, r.attempt, r.file} {
		raw := v.Raw()
		if v.Kind() == jsonl.String {
			raw = raw[1 : len(raw)-1]
		}
		if len(raw) <= maxText {
			b.text = append(b.text, raw...)
		}
		n.ends[i] = len(b.text)
	}
	b.notes = append(b.notes, n)
}

func (b *builder) field(n note, i int) string {
	start := n.start
	if i > 0 {
		start = n.ends[i-1]
	}
	return string(jsonl.Unescape(nil, b.text[start:n.ends[i]]))
}

// mark is a run that a report may have to lead to.
type mark struct {
	ID       id
	Cell     int // index in Day.cells
	RunID    string
	Workflow string
	Attempt  string
	File     string
	Number   int64 // of the subject
	Bad      bool  // it failed or went in circles
}

// The marks of a day.
const (
	markAlways = 2  // of each agent and measure, however usual
	markMost   = 20 // of each agent and measure
	markRatio  = 92 // in steps of an Amount: 2.5 times the median
	markEach   = 3  // of each agent's runs that failed, and of those that looped
)

// Seal lets go of what only the adding of lines needs, which is more than the day
// itself. What needs a day whole seals it; a day may be added to again after that.
func (d *Day) Seal() {
	b := d.builder
	if b == nil {
		return
	}
	d.builder = nil
	d.doc = jsonl.Doc{} // which refers to the last line, and to the file around it
	d.byKey = nil
	b.settle(d.cells)
	d.sortCells()
	d.pack()
	at := map[*cell]int{}
	for i, c := range d.cells {
		at[c] = i
	}
	have := map[id]bool{}
	for _, m := range d.marks {
		have[m.ID] = true
	}
	for _, n := range b.chosen() {
		if !have[n.run.id] {
			have[n.run.id] = true
			d.marks = append(d.marks, mark{ID: n.run.id, Cell: at[n.cell], RunID: b.field(n, 0), Workflow: b.field(n, 1), Attempt: b.field(n, 2), File: b.field(n, 3), Number: n.number, Bad: n.run.wasted()})
		}
	}
}

// pack puts the runs of all cells into one piece of memory of the right size.
func (d *Day) pack() {
	n := 0
	for _, c := range d.cells {
		n += len(c.runs)
	}
	all := make([]run, 0, n)
	for _, c := range d.cells {
		all = append(all, c.runs...)
		c.runs = all[len(all)-len(c.runs) : len(all) : len(all)]
	}
}

// chosen returns the notes that become marks, in the order in which they came.
func (b *builder) chosen() []note {
	type maker struct {
		fork  bool
		agent name
	}
	agents := map[maker][]int{}
	for i, n := range b.notes {
		m := maker{n.cell.key.fork, n.cell.key.agent}
		agents[m] = append(agents[m], i)
	}
	take := make([]bool, len(b.notes))
	for _, of := range agents {
		b.choose(of, take, func(r run) stat.Amount { return r.cost })
		b.choose(of, take, func(r run) stat.Amount { return r.duration })
		b.chooseDearest(of, take, run.failed)
		b.chooseDearest(of, take, func(r run) bool { return r.is(looped) })
	}
	var out []note
	for i, n := range b.notes {
		if take[i] {
			out = append(out, n)
		}
	}
	return out
}

// chooseDearest takes the runs that cost most of those of which something is so,
// the first of equal ones.
func (b *builder) chooseDearest(of []int, take []bool, is func(run) bool) {
	var all []int
	for _, i := range of {
		if is(b.notes[i].run) {
			all = append(all, i)
		}
	}
	slices.SortStableFunc(all, func(i, k int) int { return cmp.Compare(b.notes[k].run.cost, b.notes[i].run.cost) })
	for _, i := range all[:min(len(all), markEach)] {
		take[i] = true
	}
}

// peers are the amounts of runs with the same model in the same repository, of those
// with the same model, or of all of an agent.
type peers struct {
	wider   *peers // of which they are a part, nil for all of the agent
	amounts []stat.Amount
	median  int // as soon as it is known
}

// peersMin is from how many runs on their median tells what is usual among them.
const peersMin = 5

type peerKey struct{ repository, model name }

// peersOf returns the runs of a key, and makes room for them.
func peersOf(all map[peerKey]*peers, k peerKey) *peers {
	a := all[k]
	if a != nil {
		return a
	}
	a = &peers{}
	all[k] = a
	switch {
	case k.repository != 0:
		a.wider = peersOf(all, peerKey{model: k.model})
	case k.model != 0:
		a.wider = peersOf(all, peerKey{})
	}
	return a
}

// usual returns the median of the runs, or of wider ones where there are too few.
func (a *peers) usual() int {
	for a.wider != nil && len(a.amounts) < peersMin {
		a = a.wider
	}
	if a.median == 0 {
		slices.Sort(a.amounts)
		a.median = int(a.amounts[(len(a.amounts)-1)/2])
	}
	return a.median
}

// choose takes the runs that are most above what is usual among their own kind.
func (b *builder) choose(of []int, take []bool, measure func(run) stat.Amount) {
	type measured struct {
		note  int
		value stat.Amount
		among *peers
	}
	kinds := map[peerKey]*peers{}
	all := make([]measured, 0, len(of))
	for _, i := range of {
		n := &b.notes[i]
		if x := measure(n.run); x.Positive() {
			among := peersOf(kinds, peerKey{n.cell.key.repository, n.cell.key.model})
			for a := among; a != nil; a = a.wider {
				a.amounts = append(a.amounts, x)
			}
			all = append(all, measured{i, x, among})
		}
	}
	type far struct{ i, above int }
	ranked := make([]far, len(all))
	for i, m := range all {
		ranked[i] = far{m.note, int(m.value) - m.among.usual()}
	}
	if far := slices.DeleteFunc(slices.Clone(ranked), func(f far) bool { return f.above < markRatio }); len(far) >= markAlways {
		ranked = far
	}
	slices.SortStableFunc(ranked, func(a, c far) int { return cmp.Compare(c.above, a.above) })
	for rank, f := range ranked {
		if rank < markAlways || rank < markMost && f.above >= markRatio {
			take[f.i] = true
		}
	}
}
