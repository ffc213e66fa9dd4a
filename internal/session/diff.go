package session

import (
	"cmp"
	"encoding/json"
	"math"
	"slices"
)

// DiffSchema names the version of Diff's JSON form, schemas/diff.schema.json.
const DiffSchema = "andon.diff/v1"

// Compared is one of the two that Compare sets side by side: a session, or one
// run of it.
type Compared struct {
	Name     string // what it was read from
	Session  *Session
	Run      *Run     // the one to compare; nil is all runs of the session
	Coverage Coverage // of all that was read with it
}

// Diff is two runs or two sessions side by side. It judges nothing: whether
// more is better is for the reader to say.
type Diff struct {
	Schema   string        `json:"schema"`
	A        DiffSide      `json:"a"`
	B        DiffSide      `json:"b"`
	Differ   bool          `json:"differ"` // some row is not equal; what is known of one side only counts
	Sections []DiffSection `json:"sections"`
}

// DiffSide says what one side is and what it rests on.
type DiffSide struct {
	Name      string   `json:"name"`
	SessionID string   `json:"session_id"`
	RunIDs    []string `json:"run_ids"`
	Agents    []string `json:"agents"` // their names, each once
	Coverage  Coverage `json:"coverage"`
}

// DiffSection is rows about one thing, such as "tokens" or "tools".
type DiffSection struct {
	Name string    `json:"name"` // one of DiffSections
	Rows []DiffRow `json:"rows"`
}

// DiffRow is one figure, or one word, of both sides.
type DiffRow struct {
	Of       string    `json:"of,omitempty"` // the tool, rule, file or agent that it is about
	Name     string    `json:"name"`
	Unit     Unit      `json:"unit"`
	A        Value     `json:"a,omitzero"` // absent where it is not known
	B        Value     `json:"b,omitzero"`
	AtLeastA bool      `json:"a_at_least,omitempty"` // a part of A is not known
	AtLeastB bool      `json:"b_at_least,omitempty"`
	Delta    *float64  `json:"delta,omitempty"`  // B less A, where both are wholly known
	Change   *float64  `json:"change,omitempty"` // Delta as a share of A, where A is not 0
	State    DiffState `json:"state"`
}

// Unit is what the values of a row are measured in.
type Unit string

// The units of a row.
const (
	UnitText   Unit = "text"
	UnitCount  Unit = "count"
	UnitTokens Unit = "tokens"
	UnitMS     Unit = "ms"
	UnitUSD    Unit = "usd"
	UnitShare  Unit = "share" // 0 to 1; it has a Delta and no Change
)

// DiffState says how the two values of a row stand to each other.
type DiffState string

// The states of a row.
const (
	DiffSame    DiffState = "same"
	DiffChanged DiffState = "changed"
	DiffUnknown DiffState = "unknown" // one or both are not, or not wholly, known
)

// Value is a text or a number. Its zero value is one that is not known.
type Value struct {
	Text   string
	Number *float64
}

// Known reports whether the value is known.
func (v Value) Known() bool { return v.Text != "" || v.Number != nil }

// IsZero reports whether the value is not known; encoding/json asks it for
// omitzero.
func (v Value) IsZero() bool { return !v.Known() }

// MarshalJSON writes a number, a string, or null where the value is not known.
func (v Value) MarshalJSON() ([]byte, error) {
	switch {
	case v.Number != nil:
		return json.Marshal(*v.Number)
	case v.Text != "":
		return json.Marshal(v.Text)
	}
	return []byte("null"), nil
}

func (v Value) equal(w Value) bool {
	if v.Number != nil && w.Number != nil {
		return *v.Number == *w.Number
	}
	return v.Text == w.Text && v.Known() == w.Known() && (v.Number == nil) == (w.Number == nil)
}

// DiffSections returns the names of the sections in their order. The last six
// list as many things as there are; "agents" is left out where each side is one
// run.
func DiffSections() []string {
	return []string{
		"outcome", "setup", "tokens", "cost", "time", "work", "context", "changes",
		"findings", "agents", "tools", "commands", "subagents", "files",
	}
}

// Compare sets a and b side by side, in the named sections, or in all of them
// where none is named.
func Compare(a, b Compared, sections ...string) *Diff {
	d := &Diff{Schema: DiffSchema, A: a.side(), B: b.side(), Sections: []DiffSection{}}
	pa, pb := a.pages(), b.pages()
	several := len(a.runs()) > 1 || len(b.runs()) > 1
	for i, name := range DiffSections() {
		if len(sections) > 0 && !slices.Contains(sections, name) || name == "agents" && !several {
			continue
		}
		s := DiffSection{Name: name, Rows: sideBySide(pa[i], pb[i])}
		d.Differ = d.Differ || slices.ContainsFunc(s.Rows, DiffRow.differs)
		d.Sections = append(d.Sections, s)
	}
	return d
}

func (c Compared) runs() []*Run {
	if c.Run != nil {
		return []*Run{c.Run}
	}
	return c.Session.Runs
}

func (c Compared) side() DiffSide {
	s := DiffSide{Name: c.Name, SessionID: c.Session.ID, RunIDs: []string{}, Agents: []string{}, Coverage: c.Coverage}
	if s.Coverage.UnknownTypes == nil {
		s.Coverage.UnknownTypes = map[string]int{}
	}
	seen := map[string]bool{}
	for _, r := range c.runs() {
		s.RunIDs = append(s.RunIDs, r.ID)
		if name := r.label(); !seen[name] {
			seen[name] = true
			s.Agents = append(s.Agents, name)
		}
	}
	return s
}

// label returns the best name that a run has.
func (r *Run) label() string { return cmp.Or(r.Agent.Name, r.Runtime.Name, r.ID) }

// differs reports whether the row is a reason to say that the two differ.
func (r DiffRow) differs() bool { return !r.A.equal(r.B) || r.AtLeastA != r.AtLeastB }

// page is one section of one side.
type page struct {
	lines  []line
	list   bool  // its lines are about things, in order of their names
	absent Value // of a number that is not listed: 0 where the list is whole, else unknown
}

// line is one value of one side.
type line struct {
	of, name string
	unit     Unit
	value    Value
	atLeast  bool
}

// sideBySide sets the lines of two pages side by side.
func sideBySide(a, b page) []DiffRow {
	type key struct{ of, name string }
	at := map[key]int{}
	rows := []DiffRow{}
	for _, l := range a.lines {
		at[key{l.of, l.name}] = len(rows)
		row := DiffRow{Of: l.of, Name: l.name, Unit: l.unit, A: l.value, AtLeastA: l.atLeast}
		if l.unit != UnitText {
			row.B = b.absent
		}
		rows = append(rows, row)
	}
	for _, l := range b.lines {
		i, known := at[key{l.of, l.name}]
		if !known {
			i = len(rows)
			rows = append(rows, DiffRow{Of: l.of, Name: l.name, Unit: l.unit})
			if l.unit != UnitText {
				rows[i].A = a.absent
			}
		}
		rows[i].B, rows[i].AtLeastB = l.value, l.atLeast
	}
	if a.list || b.list {
		slices.SortStableFunc(rows, func(x, y DiffRow) int { return cmp.Compare(x.Of, y.Of) })
	}
	for i := range rows {
		rows[i].compare()
	}
	return rows
}

// compare fills in what follows from the two values.
func (r *DiffRow) compare() {
	switch {
	case !r.A.Known() || !r.B.Known() || r.AtLeastA || r.AtLeastB:
		r.State = DiffUnknown
		return
	case r.A.equal(r.B):
		r.State = DiffSame
	default:
		r.State = DiffChanged
	}
	if r.A.Number == nil || r.B.Number == nil {
		return
	}
	r.Delta = finite(*r.B.Number - *r.A.Number)
	if r.Delta != nil && r.Unit != UnitShare && *r.A.Number != 0 {
		r.Change = finite(*r.Delta / math.Abs(*r.A.Number))
	}
}

// finite returns f without the noise of binary fractions, nil where it is no
// number that JSON could hold.
func finite(f float64) *float64 {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return nil
	}
	if math.Abs(f) < 1e6 {
		f = math.Round(f*1e9)/1e9 + 0 // no negative zero
	}
	return &f
}
