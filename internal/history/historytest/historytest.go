// Package historytest is the conformance suite of the engines of a history.
package historytest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/history"
)

// Engine opens the same history again with each call, as another process would.
// A test gets a history of its own, which is empty.
type Engine func(t *testing.T) (open func() history.Store)

// Test runs the suite.
func Test(t *testing.T, e Engine) {
	for name, test := range map[string]func(*testing.T, Engine){
		"empty": empty, "write": write, "twice": twice, "any order": anyOrder, "writers": writers,
		"better": better, "withdraw": withdraw, "removal": removal, "summaries": summaries, "foreign": foreign,
	} {
		t.Run(name, func(t *testing.T) { test(t, e) })
	}
}

// Dump returns the content of all files of a history.
func Dump(t *testing.T, s history.Store) map[string]string {
	t.Helper()
	v, err := s.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	files, _, err := v.Files(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range files {
		r, err := v.Open(t.Context(), f.Name)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(r)
		if err != nil || int64(len(raw)) != f.Size {
			t.Errorf("%s: %d bytes, %d were announced: %v", f.Name, len(raw), f.Size, err)
		}
		r.Close()
		out[f.Name] = string(raw)
	}
	return out
}

// Same fails where two dumps differ.
func Same(t *testing.T, got, want map[string]string) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(merged(got, want))) {
		if got[name] != want[name] {
			t.Errorf("%s is\n%.600s\nand not\n%.600s", name, got[name], want[name])
		}
	}
}

func merged(a, b map[string]string) map[string]string {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

// Run returns the rollup of the nth run: one an hour from 1 November 2026 on.
func Run(n int) string {
	start := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(n) * time.Hour)
	return fmt.Sprintf(`{"run_id":"run-%04d","status":"success","start":%q,"repository":"o/r","workflow_run":{"id":"%d","attempt":"1","job":"review"}}`, n, start.Format(time.RFC3339), 1000+n)
}

// Override returns the nth override, of the day of the nth run.
func Override(n int, more string) string {
	at := time.Date(2026, 11, 1, 0, 30, 0, 0, time.UTC).Add(time.Duration(n) * time.Hour)
	return fmt.Sprintf(`{"schema":"andon.override/v1","id":"%032x","time":%q,"repository":"o/r"%s}`, n, at.Format(time.RFC3339), more)
}

// Lines makes lines of records.
func Lines(t *testing.T, k history.Kind, raws ...string) []history.Line {
	t.Helper()
	var out []history.Line
	for _, raw := range raws {
		l, err := history.NewLine(k, []byte(raw), time.Time{})
		if err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		out = append(out, l)
	}
	return out
}

func mustWrite(t *testing.T, s history.Store, b *history.Batch) history.Outcome {
	t.Helper()
	out, err := history.Write(t.Context(), s, b, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func empty(t *testing.T, e Engine) {
	open := e(t)
	if got := Dump(t, open()); len(got) != 0 {
		t.Errorf("a new history has %v", got)
	}
	v, err := open().View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Open(t.Context(), "runs/2026/11/01.jsonl"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("opening what is not there: %v", err)
	}
	c, err := history.ReadCursor(t.Context(), v)
	if err != nil || len(c.Repositories) != 0 {
		t.Errorf("%+v, %v", c, err)
	}
}

func write(t *testing.T, e Engine) {
	open := e(t)
	out := mustWrite(t, open(), &history.Batch{
		Lines:   append(Lines(t, history.Runs, Run(30), Run(1), Run(2)), Lines(t, history.Overrides, Override(1, ""))...),
		Advance: func(c *history.Cursor) { c.At("o/r").Learn("Agents", time.Unix(1, 0).UTC()) },
	})
	if out.Added[history.Runs] != 3 || out.Added[history.Overrides] != 1 {
		t.Errorf("%+v", out)
	}
	got := Dump(t, open())
	want := map[string]string{
		"runs/2026/11/01.jsonl": Run(1) + "\n" + Run(2) + "\n", "runs/2026/11/02.jsonl": Run(30) + "\n",
		"overrides/2026/11/01.jsonl": Override(1, "") + "\n", "cursor.json": got["cursor.json"],
	}
	Same(t, got, want)
	v, err := open().View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c, err := history.ReadCursor(t.Context(), v)
	if err != nil || c.At("o/r").Workflows["Agents"].Unix() != 1 {
		t.Errorf("%+v, %v", c, err)
	}
	days, _, err := history.Days(t.Context(), v)
	if err != nil || !slices.Equal(days, []history.Day{"2026-11-01", "2026-11-02"}) {
		t.Errorf("%v, %v", days, err)
	}
}

func twice(t *testing.T, e Engine) {
	open := e(t)
	b := &history.Batch{Lines: Lines(t, history.Runs, Run(1), Run(2), Run(1)), Advance: func(c *history.Cursor) { c.At("o/r") }}
	mustWrite(t, open(), b)
	want := Dump(t, open())
	out := mustWrite(t, open(), b)
	if out.Added[history.Runs] != 0 || out.Known[history.Runs] != 3 {
		t.Errorf("%+v", out)
	}
	Same(t, Dump(t, open()), want)
}

func anyOrder(t *testing.T, e Engine) {
	var all []history.Line
	for n := range 60 {
		all = append(all, Lines(t, history.Runs, Run(n), strings.Replace(Run(n), "success", "incomplete", 1))...)
	}
	var want map[string]string
	for seed := range uint64(3) {
		open := e(t)
		r := rand.New(rand.NewPCG(seed, 1))
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		for part := range slices.Chunk(all, 20+r.IntN(60)) {
			mustWrite(t, open(), &history.Batch{Lines: part})
		}
		got := Dump(t, open())
		if want == nil {
			want = got
		}
		Same(t, got, want)
	}
	if len(want) != 3 || strings.Count(want["runs/2026/11/01.jsonl"], "\n") != 24 {
		t.Errorf("%d files, %s", len(want), want["runs/2026/11/01.jsonl"])
	}
}

// writers lets ten write at once, each what is its own and what the next one
// has as well.
func writers(t *testing.T, e Engine) {
	const each = 6
	batch := func(w int) *history.Batch {
		b := &history.Batch{Advance: func(c *history.Cursor) {
			c.At(fmt.Sprintf("o/r%d", w)).Learn("Agents", time.Unix(1, 0).UTC())
			c.At("o/r").Artifacts.Pass(int64(w), time.Date(2026, 11, 1, w, 0, 0, 0, time.UTC), 48*time.Hour)
		}}
		for n := range each + 1 {
			b.Lines = append(b.Lines, Lines(t, history.Runs, Run(w*each+n))...)
		}
		return b
	}
	alone := e(t)
	for w := range 10 {
		mustWrite(t, alone(), batch(w))
	}
	open := e(t)
	var group sync.WaitGroup
	errs, stores := make([]error, 10), make([]history.Store, 10)
	for w := range stores {
		stores[w] = open()
	}
	for w, s := range stores {
		b := batch(w)
		group.Go(func() { _, errs[w] = history.Write(t.Context(), s, b, nil) })
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	got := Dump(t, open())
	Same(t, got, Dump(t, alone()))
	n := 0
	for name, text := range got {
		if strings.HasPrefix(name, "runs/") {
			n += strings.Count(text, "\n")
		}
	}
	if n != 10*each+1 {
		t.Errorf("%d runs of %d", n, 10*each+1)
	}
}

// better keeps of an override what knows more, and of two that know the same
// the later.
func better(t *testing.T, e Engine) {
	open := e(t)
	less, more := Override(1, ""), Override(1, `,"run_id":"run-1"`)
	mustWrite(t, open(), &history.Batch{Lines: Lines(t, history.Overrides, less)})
	if out := mustWrite(t, open(), &history.Batch{Lines: Lines(t, history.Overrides, more)}); out.Replaced[history.Overrides] != 1 {
		t.Errorf("%+v", out)
	}
	mustWrite(t, open(), &history.Batch{Lines: Lines(t, history.Overrides, less)})
	Same(t, Dump(t, open()), map[string]string{"overrides/2026/11/01.jsonl": more + "\n"})
	last := Override(1, `,"run_id":"run-2"`)
	mustWrite(t, open(), &history.Batch{Lines: Lines(t, history.Overrides, last)})
	Same(t, Dump(t, open()), map[string]string{"overrides/2026/11/01.jsonl": last + "\n"})
}

func withdraw(t *testing.T, e Engine) {
	open := e(t)
	mustWrite(t, open(), &history.Batch{Lines: Lines(t, history.Overrides, Override(1, ""), Override(2, ""), Override(30, ""))})
	out := mustWrite(t, open(), &history.Batch{Cancelled: []string{fmt.Sprintf("%032x", 2), fmt.Sprintf("%032x", 30), fmt.Sprintf("%032x", 7)}})
	if out.Withdrawn != 2 {
		t.Errorf("%+v", out)
	}
	Same(t, Dump(t, open()), map[string]string{"overrides/2026/11/01.jsonl": Override(1, "") + "\n"})
}

func removal(t *testing.T, e Engine) {
	open := e(t)
	mustWrite(t, open(), &history.Batch{Lines: Lines(t, history.Runs, Run(1), Run(30))})
	change := func(changes ...history.Change) {
		t.Helper()
		if err := open().Update(t.Context(), "Test", func(history.View) ([]history.Change, error) { return changes, nil }); err != nil {
			t.Error(err)
		}
	}
	change(history.Change{Name: "runs/2026/11/01.jsonl"}, history.Change{Name: "runs/2026/11/09.jsonl"})
	Same(t, Dump(t, open()), map[string]string{"runs/2026/11/02.jsonl": Run(30) + "\n"})
	change(history.Change{Name: "runs/2026/11/02.jsonl"})
	Same(t, Dump(t, open()), map[string]string{})
	change(history.Change{Name: "cursor.json", Data: []byte("\x00\xff binary")})
	Same(t, Dump(t, open()), map[string]string{"cursor.json": "\x00\xff binary"})
}

// Tally returns a Summariser that counts lines.
func Tally() history.Summariser { return tally{} }

type tally struct{ Runs, Overrides, Bad int }

func (tally) Version() string                { return "tally 1" }
func (tally) Day(history.Day) history.Digest { return &tally{} }
func (tally) Read(_ history.Day, raw []byte) (history.Digest, error) {
	d := &struct{ Runs, Overrides, Bad int }{}
	return (*tally)(d), json.Unmarshal(raw, d)
}
func (d *tally) AddRun(line []byte) error       { return d.add(&d.Runs, line) }
func (d *tally) AddOverride(line []byte) error  { return d.add(&d.Overrides, line) }
func (d *tally) AddAgreement(line []byte) error { return nil }
func (d *tally) AddCoverage(line []byte) error  { return nil }
func (d *tally) Lines() int64                   { return int64(d.Runs + d.Overrides + d.Bad) }
func (d *tally) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, `{"runs":%d,"overrides":%d,"bad":%d}`, d.Runs, d.Overrides, d.Bad), nil
}

func (d *tally) add(n *int, line []byte) error {
	if !json.Valid(line) {
		d.Bad++
		return errors.New("not JSON")
	}
	*n++
	return nil
}

func summaries(t *testing.T, e Engine) {
	open := e(t)
	add := func(lines []history.Line) {
		t.Helper()
		if _, err := history.Write(t.Context(), open(), &history.Batch{Lines: lines}, tally{}); err != nil {
			t.Fatal(err)
		}
	}
	summarised := func(fresh bool, want string) {
		t.Helper()
		v, err := open().View(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		s, _, kept, err := history.Summarise(t.Context(), v, "2026-11-01", tally{})
		if err != nil || kept != fresh || string(s.Summary) != want {
			t.Errorf("%s, kept %v: %v", s.Summary, kept, err)
		}
	}
	add(Lines(t, history.Runs, Run(1), Run(2)))
	summarised(true, `{"runs":2,"overrides":0,"bad":0}`)
	add(Lines(t, history.Overrides, Override(3, "")))
	summarised(true, `{"runs":2,"overrides":1,"bad":0}`)
	long := `{"x":"` + strings.Repeat("x", history.MaxLine) + "\"}\n"
	if err := open().Update(t.Context(), "Edit by hand", func(history.View) ([]history.Change, error) {
		return []history.Change{{Name: "runs/2026/11/01.jsonl", Data: []byte(Run(1) + "\n\nno record\n" + long + Run(4))}}, nil
	}); err != nil {
		t.Fatal(err)
	}
	summarised(false, `{"runs":2,"overrides":1,"bad":2}`)
	out, err := history.Write(t.Context(), open(), &history.Batch{Lines: Lines(t, history.Runs, Run(2))}, tally{})
	if err != nil || out.Bad != 1 || out.Lost != 1 || out.Added[history.Runs] != 1 {
		t.Errorf("%+v, %v", out, err)
	}
	summarised(true, `{"runs":3,"overrides":1,"bad":1}`)
}

// foreign leaves alone what is not the history's, and does not show it.
func foreign(t *testing.T, e Engine) {
	open := e(t)
	names := []string{"runs/2026/11/31.jsonl", "runs/2026/13/01.jsonl", "runs/26/1/1.jsonl", "notes/2026/11/01.jsonl", "summaries/2026/11/01.jsonl", "runs/2026/11/01.json"}
	if err := open().Update(t.Context(), "Edit by hand", func(history.View) ([]history.Change, error) {
		var out []history.Change
		for _, name := range names {
			out = append(out, history.Change{Name: name, Data: []byte("mine\n")})
		}
		return out, nil
	}); err != nil {
		t.Fatal(err)
	}
	if got := Dump(t, open()); len(got) != 0 {
		t.Errorf("%v", got)
	}
	mustWrite(t, open(), &history.Batch{Lines: Lines(t, history.Runs, Run(1))})
	if got := Dump(t, open()); len(got) != 1 {
		t.Errorf("%v", got)
	}
}
