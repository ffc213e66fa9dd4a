package session

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/trace"
)

// Pricer knows what model calls cost; price.Table is one.
type Pricer interface {
	// Cost returns the price in US dollars of a number of calls that used u
	// together, 0 for an unknown number, and false where the model or one of
	// the classes that they used has none.
	Cost(model string, u trace.Usage, calls int64) (usd float64, ok bool)
	// Window returns how many tokens the context of a model holds, and false
	// where that is not known.
	Window(model string) (tokens int64, ok bool)
}

// Collector reduces records to runs. Records of one run may come from several
// files, in any order of the files.
type Collector struct {
	// Explain makes each run tell which lines its totals are from, at the cost
	// of memory for every line. Set it before the first Add.
	Explain bool

	// MaxSteps is how many steps of a run are listed; 0 is 10,000. Set it
	// before the first Add.
	MaxSteps int

	prices Pricer
	runs   map[string]*builder
	names  map[string]string
}

// NewCollector returns an empty Collector. A nil Pricer leaves every cost as
// reported.
func NewCollector(p Pricer) *Collector {
	return &Collector{prices: p, runs: map[string]*builder{}, names: map[string]string{}}
}

// builder holds what is known of one run so far.
type builder struct {
	id       string
	unnamed  bool // the id is made up
	explains bool
	maxSteps int
	scores   []trace.Score
	files    map[string]string // and the format of each
	accounts []*account
	start    trace.Start
	starts   []trace.Pos // of the native format, to find an id that is used twice
	first    stamp
	last     stamp
	forked   stamp // when the source says that the run went on from another
	findings []finding.Finding
	backward bool
}

// Add takes one record.
func (c *Collector) Add(r trace.Record) {
	b := c.runs[r.RunID]
	if b == nil {
		b = &builder{id: r.RunID, unnamed: r.Unnamed, files: map[string]string{}, explains: c.Explain, maxSteps: c.MaxSteps}
		c.runs[r.RunID] = b
	}
	b.files[r.Pos.File] = r.Source
	b.see(&r)
	a := b.account(&r)
	switch f := r.Fact.(type) {
	case *trace.Start:
		b.addStart(&r, f)
	case *trace.Call:
		f.Model = c.intern(f.Model)
		b.span(f.Start, f.End)
		a.addCall(&r, f)
	case *trace.Tool:
		f.Name = c.intern(f.Name)
		b.span(f.Start, f.End)
		a.addTool(&r, f)
	case *trace.Subagent:
		b.span(f.Start, f.End)
		a.addSubagent(&r, f)
	case *trace.Totals:
		a.addTotals(&r, f)
	case *trace.Score:
		b.addScore(f)
	case *trace.Compaction:
		a.addCompaction(&r)
	case *trace.End:
		if r.Subagent == "" {
			a.addEnd(&r, f)
		} else {
			a.ends[r.Subagent] = f.Status
		}
	case *trace.Decision:
		if r.Subagent == "" {
			a.addDecision(&r, f)
		}
	}
}

// intern returns one copy of each name, however many records repeat it.
func (c *Collector) intern(name string) string {
	if known, ok := c.names[name]; ok {
		return known
	}
	if len(c.names) < 10_000 {
		c.names[name] = name
	}
	return name
}

func (b *builder) account(r *trace.Record) *account {
	for _, a := range b.accounts {
		if a.space == r.Space {
			a.told[r.Source]++
			return a
		}
	}
	return b.accountIn(r.Space, map[string]int{r.Source: 1})
}

// accountIn returns the account of a space, and notes what it is told by.
func (b *builder) accountIn(space string, told map[string]int) *account {
	i := slices.IndexFunc(b.accounts, func(a *account) bool { return a.space == space })
	if i < 0 {
		i = len(b.accounts)
		b.accounts = append(b.accounts, newAccount(space, b.explains))
	}
	for source, n := range told {
		b.accounts[i].told[source] += n
	}
	return b.accounts[i]
}

// see widens the run's time to the record's, and notes a clock that runs
// backward: times that were written by a native trace are taken at their word.
func (b *builder) see(r *trace.Record) {
	if r.Time.IsZero() {
		return
	}
	if s := stampOf(r.Time); r.Source == NativeFormat && s != 0 && b.first != 0 && s < b.first && !b.backward {
		b.backward = true
		b.warn(r.Pos, "trace/time-order", "this record is older than the start of its run",
			"write times in UTC with the clock of one machine")
	}
	b.first.earliest(r.Time)
	b.last.latest(r.Time)
}

// maxScores is how many scores of a run are kept.
const maxScores = 1000

// addScore keeps a score once, however many files tell it.
func (b *builder) addScore(f *trace.Score) {
	same := func(s trace.Score) bool {
		return s.Name == f.Name && s.Label == f.Label && s.Judge == f.Judge &&
			(s.Value == nil) == (f.Value == nil) && (s.Value == nil || *s.Value == *f.Value)
	}
	if len(b.scores) < maxScores && !slices.ContainsFunc(b.scores, same) {
		b.scores = append(b.scores, *f)
	}
}

// NativeFormat is the name of Andon's own trace format.
const NativeFormat = "andon/trace"

func (b *builder) warn(at trace.Pos, rule, msg, hint string) {
	b.findings = append(b.findings, finding.Finding{
		Rule: rule, Severity: finding.Warning, Message: msg, Hint: hint, Pos: at,
		Subject: &finding.Subject{RunID: b.id},
	})
}

// span widens the run's time to a step's.
func (b *builder) span(times ...time.Time) {
	for _, t := range times {
		b.first.earliest(t)
		b.last.latest(t)
	}
}

func (b *builder) addStart(r *trace.Record, f *trace.Start) {
	if r.Subagent != "" {
		return
	}
	if r.Source == NativeFormat {
		for _, p := range b.starts {
			b.warn(r.Pos, "trace/duplicate-run", fmt.Sprintf("the run id is used twice, first at %s:%d; both count as one run", p.File, p.Line),
				"give each run an id of its own, for example a UUID")
			break
		}
		b.starts = append(b.starts, r.Pos)
	}
	if f.ForkedFrom != "" {
		b.forked.earliest(r.Time)
	}
	merge(&b.start, f)
}

// merge fills in what dst does not know yet.
func merge(dst, f *trace.Start) {
	for _, s := range []struct {
		dst *string
		s   string
	}{
		{&dst.Agent.Name, f.Agent.Name},
		{&dst.Runtime.Name, f.Runtime.Name},
		{&dst.Runtime.Version, f.Runtime.Version},
		{&dst.Model, f.Model},
		{&dst.Context.Repository, f.Context.Repository},
		{&dst.Context.SubjectKind, f.Context.SubjectKind},
		{&dst.Context.HeadSHA, f.Context.HeadSHA},
		{&dst.Context.Branch, f.Context.Branch},
		{&dst.Context.WorkflowRun, f.Context.WorkflowRun},
		{&dst.Context.Attempt, f.Context.Attempt},
		{&dst.Context.Job, f.Context.Job},
	} {
		*s.dst = orString(*s.dst, s.s)
	}
	dst.ForkedFrom = orString(dst.ForkedFrom, f.ForkedFrom)
	dst.Context.Number = cmp.Or(dst.Context.Number, f.Context.Number)
	if dst.Agent.Instructions == nil {
		dst.Agent.Instructions = f.Agent.Instructions
	}
}

// Runs returns the runs in order of start, those without a time last, and what
// each trace says about the change it worked on.
func (c *Collector) Runs() []Collected {
	c.adopt()
	c.unfork()
	var out []Collected
	for _, id := range slices.Sorted(maps.Keys(c.runs)) {
		b := c.runs[id]
		out = append(out, Collected{Run: b.run(c.prices), Context: b.start.Context})
	}
	slices.SortStableFunc(out, func(a, b Collected) int {
		switch {
		case a.Run.Start.Equal(b.Run.Start):
			return cmp.Compare(a.Run.ID, b.Run.ID)
		case before(a.Run.Start, b.Run.Start):
			return -1
		}
		return 1
	})
	return out
}

// adopt makes runs that another run names as its sub-agents a part of it, since
// the files of some agents' sub-agents do not say whose they are, and so it does
// with files that do not name their run and share a step with one that has a
// name.
func (c *Collector) adopt() {
	for _, id := range slices.Sorted(maps.Keys(c.runs)) {
		parent := c.runs[id]
		if parent == nil {
			continue // adopted itself
		}
		for _, a := range parent.accounts {
			for _, s := range a.subagents {
				if child := c.runs[s.ID]; child != nil && child != parent {
					c.absorb(parent, child, s.ID)
				}
			}
		}
	}
	c.joinUnnamed()
	c.settleLedgers()
}

func (c *Collector) absorb(b, from *builder, subagent string) {
	for _, a := range from.accounts {
		b.accountIn(a.space, a.told).absorb(a, subagent)
	}
	maps.Copy(b.files, from.files)
	delete(c.runs, from.id)
}

// Collected is a run and what its trace says about where it belongs.
type Collected struct {
	Run     *Run
	Context trace.Context
}
