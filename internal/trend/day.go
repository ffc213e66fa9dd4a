package trend

import (
	"github.com/andon-ci/andon/internal/jsonl"
)

// Version tells the JSON form of a Day, and what is counted in it, from that of
// other versions of this package. A summary of another version is made anew.
const Version = "andon.day/v4"

// Day is what the lines of one date come to. The zero value is not of use: see
// NewDay and ReadDay. It is not for concurrent use; days are independent of each
// other.
//
// Note: quantile sketches for each cell would take more room than the runs
// themselves, of which a cell has about seven on a busy day, and could not say
// which run an override is about. So a run is kept, in 15 bytes.
type Day struct {
	date  string
	start int64 // Unix seconds
	names *names
	cells []*cell
	byKey map[cellKey]*cell

	tools      map[toolKey]*toolUse
	errors     map[textKey]*recurrence
	judgements map[textKey]*recurrence
	overrides  []act
	agreements []act
	marks      []mark
	gaps       gaps
	invalid    int64
	rest       int64 // lines that left neither a run nor an act of their own

	doc     jsonl.Doc
	builder *builder // while lines are added
}

// NewDay returns what a date, as in 2026-11-20, comes to before anything of it
// was read.
func NewDay(date string) *Day {
	return &Day{
		date: date, start: dateTime(date).Unix(),
		names: newNames(), byKey: map[cellKey]*cell{},
		tools:  map[toolKey]*toolUse{},
		errors: map[textKey]*recurrence{}, judgements: map[textKey]*recurrence{},
		builder: newBuilder(),
	}
}

// Date returns the date of the day.
func (d *Day) Date() string { return d.date }

// Lines returns how many lines were added, those that could not be used among
// them.
func (d *Day) Lines() int64 {
	n := d.rest + int64(len(d.overrides)+len(d.agreements))
	for _, c := range d.cells {
		n += int64(len(c.runs))
	}
	return n
}

// refuse counts a line that cannot be used.
func (d *Day) refuse(why error) error {
	d.invalid++
	d.rest++
	return why
}

// gaps counts what is not there, by why.
type gaps struct {
	Missing    int64 `json:"missing,omitempty"`
	Invalid    int64 `json:"invalid,omitempty"`
	Suppressed int64 `json:"suppressed,omitempty"`
	Misdated   int64 `json:"misdated,omitempty"`
}

// names numbers texts; 0 is the empty one.
type names struct {
	all    []string
	number map[string]name
}

type name uint32

func newNames() *names { return &names{all: []string{""}, number: map[string]name{"": 0}} }

// of returns the number of a text that is given as bytes, which are copied if
// they are new.
func (n *names) of(text []byte) name {
	if i, ok := n.number[string(text)]; ok {
		return i
	}
	return n.add(string(text))
}

func (n *names) add(text string) name {
	if i, ok := n.number[text]; ok {
		return i
	}
	i := name(len(n.all))
	n.all = append(n.all, text)
	n.number[text] = i
	return i
}

// index makes a day that was read ready for more lines.
func (d *Day) index() {
	d.names.number = map[string]name{}
	for i, text := range d.names.all {
		d.names.number[text] = name(i)
	}
	d.byKey = map[cellKey]*cell{}
	for _, c := range d.cells {
		d.byKey[c.key] = c
	}
}

// get returns a text by its number; what is none of its numbers is empty.
func (n *names) get(i name) string {
	if int(i) >= len(n.all) {
		return ""
	}
	return n.all[i]
}
