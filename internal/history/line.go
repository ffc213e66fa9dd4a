package history

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
)

// entry is a line of a day's file and its place in it.
type entry struct {
	at    int64  // Unix nanoseconds of what it is about; 0 where it does not say
	key   string // of which a file has one
	knows int    // how much of what may be missing it has
	raw   []byte
}

// later puts lines that are no records behind all others.
const later = math.MaxInt64

// reader makes entries of lines. It is not for concurrent use.
type reader struct{ doc jsonl.Doc }

// entry returns the entry of a line. One that is no JSON object is kept as it
// is, and not ok.
func (r *reader) entry(k Kind, raw []byte) (e entry, ok bool) {
	v, used, err := r.doc.Parse(raw)
	if err != nil || used != len(raw) || v.Kind() != jsonl.Object {
		return entry{at: later, key: string(raw), raw: raw}, false
	}
	e = entry{raw: raw, key: keyOf(k, v)}
	if t := timeOf(k, v); DayOf(t) != "" {
		e.at = t.UnixNano()
	}
	if e.key == "" {
		e.key = "\x00" + string(raw)
	}
	if k == Overrides || k == Agreements {
		e.knows = count(v.Get("decision", "kind").String() != "", v.Get("run_id").String() != "")
	}
	return e, true
}

func count(all ...bool) int {
	n := 0
	for _, yes := range all {
		if yes {
			n++
		}
	}
	return n
}

// keyOf returns what two lines about the same thing have in common, empty where
// a line does not say what it is about.
func keyOf(k Kind, v jsonl.Value) string {
	switch k {
	case Overrides, Agreements:
		return v.Get("id").String()
	case Coverage:
		return joined(strings.ToLower(v.Get("repository").String()), number(v, "id"), number(v, "attempt"), v.Get("state").String(), v.Get("artifact").String())
	}
	if v.Get("run_id").String() == "" {
		return ""
	}
	return joined(strings.ToLower(v.Get("repository").String()), number(v, "id"), number(v, "attempt"), v.Get("workflow_run", "job").String(), v.Get("run_id").String())
}

func joined(parts ...string) string { return strings.Join(parts, "\x1f") }

// number returns a field of workflow_run, which may stand there as a number or
// as a string.
func number(v jsonl.Value, field string) string {
	n := v.Get("workflow_run", field)
	if n.Kind() == jsonl.Number {
		return string(n.Raw())
	}
	return n.String()
}

// timeOf returns when it happened: of a run its start, or else its end.
func timeOf(k Kind, v jsonl.Value) time.Time {
	if k != Runs {
		return v.Get("time").Time()
	}
	if t := v.Get("start").Time(); DayOf(t) != "" {
		return t
	}
	return v.Get("end").Time()
}

// better reports whether e takes the place of the other line of its key, which
// came first. Of two records about an override the one that knows more stays,
// else the later one. A run does not change any more: what says more about it
// stays, whoever came first.
func (e entry) better(old entry, k Kind) bool {
	if k == Runs {
		return cmp.Or(cmp.Compare(len(e.raw), len(old.raw)), bytes.Compare(e.raw, old.raw)) > 0
	}
	return e.knows >= old.knows
}

// sorted puts entries into the one order that they have in a file.
func sorted(all []entry) {
	slices.SortFunc(all, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.key, b.key), bytes.Compare(a.raw, b.raw))
	})
}

// Line is one record on its way into a history.
type Line struct {
	kind Kind
	day  Day
	entry
}

// What a record cannot be taken for.
var (
	errRecord  = errors.New("not a JSON object")
	errLong    = errors.New("longer than a line may be")
	errUndated = errors.New("without a time")
)

// NewLine takes a record, which is given as JSON. It belongs to the day that it
// names itself, else to that of otherwise.
func NewLine(k Kind, raw []byte, otherwise time.Time) (Line, error) {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return Line{}, errRecord
	}
	if b.Len() > MaxLine {
		return Line{}, errLong
	}
	var r reader
	e, ok := r.entry(k, b.Bytes())
	if !ok {
		return Line{}, errRecord
	}
	l := Line{kind: k, entry: e, day: DayOf(otherwise)}
	if e.at != 0 {
		l.day = DayOf(time.Unix(0, e.at))
	}
	if l.day == "" {
		return Line{}, errUndated
	}
	return l, nil
}
