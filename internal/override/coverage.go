package override

import (
	"cmp"
	"errors"
	"slices"

	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

// Result is what histories say.
type Result struct {
	Overrides  []Record `json:"overrides"`
	Agreements []Record `json:"agreements"`
	Coverage   Coverage `json:"coverage"`
}

// Coverage says what a Result rests on, and what is not in it for a reason.
type Coverage struct {
	Event      string       `json:"event,omitempty"`   // name and action, where it is an event's
	Changes    int          `json:"changes"`           // histories that were looked at
	Decisions  []Tally      `json:"decisions"`         // of agents, by kind
	Missing    []Part       `json:"missing"`           // what was not read of one history or more
	Unresolved []Unresolved `json:"unresolved"`        // acts that may be overrides or agreements
	Ignored    []Ignored    `json:"ignored"`           // what looks like one and is none
	Cancelled  []string     `json:"cancelled"`         // ids of records that were taken back: they may have been reported before
	Partial    bool         `json:"partial,omitempty"` // a sweep could not read all that is there
	Unread     []string     `json:"unread,omitempty"`  // why, for each change or list
	Cursor     string       `json:"cursor,omitempty"`  // Span that is still to be read, with the first change that may be another time
}

// unread notes what a source could not read.
func (c *Coverage) unread(err error) {
	c.Partial, c.Unread = true, append(c.Unread, err.Error())
	var u *Unread
	if errors.As(err, &u) && c.Cursor == "" {
		c.Cursor = u.Rest.String()
	}
}

// Tally counts decisions. Each is counted once: one that was overridden and
// agreed with, as overridden. Silence is inconclusive.
type Tally struct {
	Kind         trace.Kind `json:"kind"`
	Total        int        `json:"total"`
	Overridden   int        `json:"overridden"`
	Agreed       int        `json:"agreed"`
	Inconclusive int        `json:"inconclusive"`
}

// Unresolved is an act that cannot be told from its look-alikes with what was
// read.
type Unresolved struct {
	Signal     Signal          `json:"signal"`
	Repository string          `json:"repository,omitempty"`
	Subject    session.Subject `json:"subject"`
	Commit     string          `json:"commit,omitempty"` // to look up
	Why        string          `json:"why"`
	URL        string          `json:"url,omitempty"`
}

// Ignored is something that has the form of a signal and does not count.
type Ignored struct {
	Signal  Signal          `json:"signal"`
	Subject session.Subject `json:"subject"`
	Why     string          `json:"why"`
	URL     string          `json:"url,omitempty"`
}

// empty returns a Result whose lists are [] and not null in JSON.
func empty() Result {
	return Result{
		Overrides: []Record{}, Agreements: []Record{},
		Coverage: Coverage{Decisions: []Tally{}, Missing: []Part{}, Unresolved: []Unresolved{}, Ignored: []Ignored{}, Cancelled: []string{}},
	}
}

// add puts the result of another history, or of the same at another time, to r.
func (r *Result) add(o Result) {
	r.Overrides = Union(r.Overrides, o.Overrides)
	r.Agreements = Union(r.Agreements, o.Agreements)
	c, d := &r.Coverage, o.Coverage
	c.Changes += d.Changes
	for _, t := range d.Decisions {
		c.tally(t)
	}
	c.Missing = append(c.Missing, d.Missing...)
	slices.Sort(c.Missing)
	c.Missing = slices.Compact(c.Missing)
	c.Unresolved = append(c.Unresolved, d.Unresolved...)
	c.Ignored = append(c.Ignored, d.Ignored...)
	c.Cancelled = append(c.Cancelled, d.Cancelled...)
	slices.Sort(c.Cancelled)
	c.Cancelled = slices.Compact(c.Cancelled)
}

func (c *Coverage) tally(t Tally) {
	at, found := slices.BinarySearchFunc(c.Decisions, t, func(a, b Tally) int { return cmp.Compare(a.Kind, b.Kind) })
	if !found {
		c.Decisions = slices.Insert(c.Decisions, at, t)
		return
	}
	d := &c.Decisions[at]
	d.Total += t.Total
	d.Overridden += t.Overridden
	d.Agreed += t.Agreed
	d.Inconclusive += t.Inconclusive
}

// Union puts two lists of records together, each id once: of two with one id
// the later stays, unless only the earlier knows what was decided or by which
// run. So what an event told is completed by a sweep, in either order.
func Union(a, b []Record) []Record {
	at := make(map[string]int, len(a)+len(b))
	out := make([]Record, 0, len(a)+len(b))
	for _, r := range slices.Concat(a, b) {
		i, found := at[r.ID]
		switch {
		case !found:
			at[r.ID] = len(out)
			out = append(out, r)
		case r.knows() >= out[i].knows():
			out[i] = r
		}
	}
	return out
}

// knows counts what a record knows that another of its id may not.
func (r Record) knows() int {
	n := 0
	for _, known := range []bool{r.Decision.Kind != "", r.RunID != ""} {
		if known {
			n++
		}
	}
	return n
}
