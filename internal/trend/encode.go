package trend

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"github.com/andon-ci/andon/internal/jsonl"
)

// dayForm is a Day as it is written. Texts are numbered by their place in Names.
type dayForm struct {
	Date       string     `json:"date"`
	Names      []string   `json:"names"`
	Cells      []byte     `json:"cells,omitempty"` // as packCells has them
	Runs       []byte     `json:"runs,omitempty"`
	Tools      []toolForm `json:"tools,omitempty"`
	Errors     []textForm `json:"errors,omitempty"`
	Judgements []textForm `json:"judgements,omitempty"`
	Marks      []markForm `json:"marks,omitempty"`
	Overrides  []act      `json:"overrides,omitempty"`
	Agreements []act      `json:"agreements,omitempty"`
	Gaps       gaps       `json:"gaps"`
	Invalid    int64      `json:"invalid,omitempty"`
	Rest       int64      `json:"rest,omitempty"`
}

type toolForm struct {
	Key      [4]name  `json:"key"`
	Counts   [6]int64 `json:"counts"`
	Wasted   float64  `json:"wasted,omitempty"`
	Workflow string   `json:"workflow,omitempty"`
	File     string   `json:"file,omitempty"`
}

type textForm struct {
	Key      [5]name `json:"key"`
	Count    int64   `json:"count"`
	Wasted   float64 `json:"wasted,omitempty"`
	Subjects []int64 `json:"subjects,omitempty"`
	Run      string  `json:"run,omitempty"`
	Workflow string  `json:"workflow,omitempty"`
}

type markForm struct {
	ID       string `json:"id"` // base64
	Cell     int    `json:"cell"`
	Run      string `json:"run"`
	Workflow string `json:"workflow,omitempty"`
	Attempt  string `json:"attempt,omitempty"`
	File     string `json:"file,omitempty"`
	Number   int64  `json:"number,omitempty"`
	Bad      bool   `json:"bad,omitempty"`
}

// maxTexts is how many texts of a kind a day keeps: those that came most often.
const maxTexts = 500

// names returns the key as it is written. In order of it, forks come last.
func (k cellKey) names() [8]name {
	return [8]name{truth(k.fork), k.repository, k.agent, k.model, k.sha, k.path, k.runtime, k.kind}
}

func newCellKey(n [8]name) cellKey {
	return cellKey{n[0] != 0, n[1], n[2], n[3], n[4], n[5], n[6], n[7]}
}

func (k toolKey) names() [4]name { return [4]name{truth(k.fork), k.repository, k.agent, k.tool} }

func (k textKey) names() [5]name {
	return [5]name{truth(k.fork), k.repository, k.agent, k.kind, k.text}
}

func truth(b bool) name {
	if b {
		return 1
	}
	return 0
}

// MarshalJSON returns the day as ReadDay reads it. The same lines, in any order,
// give the same bytes only if the names come in the same order; a history's files
// have one order.
func (d *Day) MarshalJSON() ([]byte, error) {
	d.Seal()
	out := dayForm{Date: d.date, Names: d.names.all, Overrides: d.overrides, Agreements: d.agreements, Gaps: d.gaps, Invalid: d.invalid, Rest: d.rest}
	out.Cells, out.Runs = packCells(d.cells)
	for _, k := range sortedKeys(d.tools, func(k toolKey) []name { n := k.names(); return n[:] }) {
		t := d.tools[k]
		out.Tools = append(out.Tools, toolForm{k.names(), [6]int64{t.calls, t.errors, t.runs, t.failed, t.time, t.most}, t.wasted, t.workflow, t.file})
	}
	out.Errors, out.Judgements = texts(d.errors), texts(d.judgements)
	for _, m := range d.marks {
		out.Marks = append(out.Marks, markForm{base64.StdEncoding.EncodeToString(m.ID[:]), m.Cell, m.RunID, m.Workflow, m.Attempt, m.File, m.Number, m.Bad})
	}
	return json.Marshal(out)
}

func sortedKeys[K comparable, V any](m map[K]V, order func(K) []name) []K {
	return slices.SortedFunc(maps.Keys(m), func(a, b K) int { return slices.Compare(order(a), order(b)) })
}

func texts(all map[textKey]*recurrence) []textForm {
	var out []textForm
	for k, r := range all {
		out = append(out, textForm{k.names(), r.count, r.wasted, r.subjects, r.example, r.workflow})
	}
	slices.SortFunc(out, func(a, b textForm) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), slices.Compare(a.Key[:], b.Key[:]))
	})
	kept := map[name]int{} // of forks, and of others: strangers crowd nothing out
	return slices.DeleteFunc(out, func(f textForm) bool {
		kept[f.Key[0]]++
		return kept[f.Key[0]] > maxTexts
	})
}

// sortCells puts the cells in the order of their keys.
func (d *Day) sortCells() {
	slices.SortFunc(d.cells, func(a, b *cell) int {
		x, y := a.key.names(), b.key.names()
		return slices.Compare(x[:], y[:])
	})
	for _, c := range d.cells {
		slices.SortStableFunc(c.runs, func(a, b run) int { return cmp.Compare(a.minute, b.minute) })
	}
}

// errDay is for what is not what MarshalJSON writes.
var errDay = errors.New("not a summary of a day")

// ReadDay reads what MarshalJSON writes. It fails for anything else, and never
// returns a day that refers to what it does not have.
func ReadDay(raw []byte) (*Day, error) {
	var doc jsonl.Doc
	v, used, err := doc.Parse(raw)
	if err != nil || used != len(raw) || !validDate(v.Get("date").String()) {
		return nil, errDay
	}
	d := NewDay(v.Get("date").String())
	d.builder = nil
	for n := range v.Get("names").Elements() {
		d.names.all = append(d.names.all, n.String())
	}
	if len(d.names.all) < 2 || d.names.all[1] != "" {
		return nil, errDay
	}
	d.names.all = d.names.all[1:]
	d.names.number = nil
	if err := d.readCells(v); err != nil {
		return nil, err
	}
	d.readMarks(v.Get("marks"))
	for t := range v.Get("tools").Elements() {
		n := t.Get("counts")
		d.tools[toolKey{nth(t.Get("key"), 0) != 0, nth(t.Get("key"), 1), nth(t.Get("key"), 2), nth(t.Get("key"), 3)}] =
			&toolUse{calls: number(n, 0), errors: number(n, 1), runs: number(n, 2), failed: number(n, 3), time: number(n, 4), most: number(n, 5), wasted: amount(t.Get("wasted")), workflow: t.Get("workflow").String(), file: t.Get("file").String()}
	}
	readTexts(v.Get("errors"), d.errors)
	readTexts(v.Get("judgements"), d.judgements)
	d.overrides, d.agreements = d.readActs(v.Get("overrides")), d.readActs(v.Get("agreements"))
	g := v.Get("gaps")
	d.gaps = gaps{count(g.Get("missing")), count(g.Get("invalid")), count(g.Get("suppressed")), count(g.Get("misdated"))}
	d.invalid, d.rest = count(v.Get("invalid")), count(v.Get("rest"))
	d.names.number, d.byKey = nil, nil
	return d, nil
}

func (d *Day) readCells(v jsonl.Value) error {
	cells, err := bytesOf(v.Get("cells"))
	if err != nil {
		return err
	}
	runs, err := bytesOf(v.Get("runs"))
	if err != nil {
		return err
	}
	d.cells, err = unpackCells(cells, runs)
	return err
}

func (d *Day) readMarks(v jsonl.Value) {
	for f := range v.Elements() {
		cell, _ := f.Get("cell").Int()
		raw, err := base64.StdEncoding.DecodeString(f.Get("id").String())
		if err != nil || len(raw) != len(id{}) || cell < 0 || cell >= int64(len(d.cells)) {
			continue
		}
		n, _ := f.Get("number").Int()
		d.marks = append(d.marks, mark{id(raw), int(cell), f.Get("run").String(), f.Get("workflow").String(), f.Get("attempt").String(), f.Get("file").String(), n, f.Get("bad").True()})
	}
}

// readActs reads acts as they are kept, which is not how they come.
func (d *Day) readActs(v jsonl.Value) (out []act) {
	d.index()
	same := func(v jsonl.Value) string { return d.names.get(d.name(v)) }
	for f := range v.Elements() {
		var a act
		for key, value := range f.Fields() {
			switch string(key.Raw()) {
			case `"id"`:
				a.ID = value.String()
			case `"repository"`:
				a.Repository = same(value)
			case `"agent"`:
				a.Agent = same(value)
			case `"run_id"`:
				a.RunID = value.String()
			case `"kind"`:
				a.Kind = same(value)
			case `"number"`:
				a.Number, _ = value.Int()
			case `"decision"`:
				a.Decision = same(value)
			case `"signal"`:
				a.Signal = same(value)
			case `"strength"`:
				a.Strength = same(value)
			case `"time"`:
				a.Time, _ = value.Int()
			case `"decided"`:
				a.Decided, _ = value.Int()
			case `"url"`:
				a.URL = value.String()
			}
		}
		out = append(out, a)
	}
	return out
}

func readTexts(v jsonl.Value, to map[textKey]*recurrence) {
	for f := range v.Elements() {
		k := f.Get("key")
		r := &recurrence{count: count(f.Get("count")), wasted: amount(f.Get("wasted")), example: f.Get("run").String(), workflow: f.Get("workflow").String()}
		for s := range f.Get("subjects").Elements() {
			n, _ := s.Int()
			r.subjects = append(r.subjects, n)
		}
		to[textKey{nth(k, 0) != 0, nth(k, 1), nth(k, 2), nth(k, 3), nth(k, 4)}] = r
	}
}

// nth returns the number of a text at a place of an array.
func nth(v jsonl.Value, i int) name { return name(min(max(number(v, i), 0), 1<<31)) }

func number(v jsonl.Value, i int) int64 {
	for e := range v.Elements() {
		if i == 0 {
			return count(e)
		}
		i--
	}
	return 0
}

func amount(v jsonl.Value) float64 {
	x, _ := v.Float()
	return max(x, 0)
}
