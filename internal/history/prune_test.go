package history_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/history"
	"github.com/andon-ci/andon/internal/history/historytest"
)

// filled writes four days into a history.
func filled(t *testing.T, s history.Store) {
	t.Helper()
	b := &history.Batch{Advance: func(c *history.Cursor) { c.At("o/r") }}
	for n := range 96 {
		run := strings.Replace(historytest.Run(n), `"status"`, `"cost":{"usd":0.25},"usage":{"input_tokens":100,"output_tokens":10},"status"`, 1)
		b.Lines = append(b.Lines, historytest.Lines(t, history.Runs, run)...)
	}
	b.Lines = append(b.Lines, historytest.Lines(t, history.Overrides, historytest.Override(1, ""), historytest.Override(60, ""))...)
	if _, err := history.Write(t.Context(), s, b, nil); err != nil {
		t.Fatal(err)
	}
}

func TestPrune(t *testing.T) {
	s := &history.Dir{Path: t.TempDir()}
	filled(t, s)
	before := historytest.Dump(t, s)
	keep := history.Keep{From: "2026-11-03"}
	for _, dry := range []bool{true, false} {
		out, err := history.Prune(t.Context(), s, keep, nil, nil, dry)
		if err != nil || len(out.Dropped) != 2 {
			t.Fatalf("%+v, %v", out, err)
		}
		if d := out.Dropped[0]; d.Day != "2026-11-01" || d.Runs != 24 || d.Overrides != 1 || *d.CostUSD != 6 || d.Tokens["input_tokens"] != 2400 || d.Bytes == 0 {
			t.Errorf("%+v", d)
		}
		if dry {
			historytest.Same(t, historytest.Dump(t, s), before)
		}
	}
	got := historytest.Dump(t, s)
	if len(got) != 5 || strings.Count(got[history.PrunedFile], "\n") != 2 || got["runs/2026/11/03.jsonl"] != before["runs/2026/11/03.jsonl"] {
		t.Errorf("%v", got)
	}
	if out, err := history.Prune(t.Context(), s, keep, nil, nil, false); err != nil || len(out.Dropped) != 0 {
		t.Errorf("%+v, %v", out, err)
	}
	historytest.Same(t, historytest.Dump(t, s), got)
}

// TestPack compresses days, which are read and written on as before.
func TestPack(t *testing.T) {
	plain, packed := &history.Dir{Path: t.TempDir()}, &history.Dir{Path: t.TempDir()}
	filled(t, plain)
	filled(t, packed)
	out, err := history.Prune(t.Context(), packed, history.Keep{Packed: "2026-11-04"}, nil, nil, false)
	if err != nil || out.Packed != 3 {
		t.Fatalf("%+v, %v", out, err)
	}
	late := strings.Replace(historytest.Run(3), "run-0003", "late", 1)
	for _, s := range []history.Store{plain, packed} {
		if _, err := history.Write(t.Context(), s, &history.Batch{Lines: historytest.Lines(t, history.Runs, late)}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if got := historytest.Dump(t, packed); got["runs/2026/11/01.jsonl"] != "" || len(got["runs/2026/11/01.jsonl.zst"]) > 1500 || got["runs/2026/11/04.jsonl"] == "" {
		t.Errorf("%d files", len(got))
	}
	for n := range 4 {
		d := history.Day(fmt.Sprintf("2026-11-%02d", n+1))
		if a, b := text(t, plain, d), text(t, packed, d); a != b || a == "" {
			t.Errorf("%s: %s\n%s", d, a, b)
		}
	}
}

func text(t *testing.T, s history.Store, d history.Day) string {
	t.Helper()
	v, err := s.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := ""
	for line, err := range history.Lines(t.Context(), v, history.Runs, d) {
		if err != nil {
			t.Fatal(err)
		}
		out += string(line) + "\n"
	}
	return out
}

// TestPruneKilled stops pruning before every step: what was dropped is noted
// once and in full, and a day is never lost to what compresses it.
func TestPruneKilled(t *testing.T) {
	prune := func(s history.Store) error {
		totals := func() history.Totals { return &linesAdded{} }
		_, err := history.Prune(t.Context(), s, history.Keep{From: "2026-11-03", Packed: "2026-11-04"}, nil, totals, false)
		return err
	}
	undisturbed := &history.Dir{Path: t.TempDir()}
	filled(t, undisturbed)
	steps := 0
	undisturbed.Before = func(string) error { steps++; return nil }
	if err := prune(undisturbed); err != nil {
		t.Fatal(err)
	}
	want := onDisk(t, undisturbed.Path)
	if got := want[history.TotalsFile]; got != `{"schema":"andon.totals/v1","through":"2026-11-02","totals":49}`+"\n" {
		t.Errorf("carried over is %s", got)
	}
	for n := range steps {
		s := &history.Dir{Path: t.TempDir()}
		filled(t, s)
		left := n
		s.Before = func(string) error {
			if left--; left < 0 {
				return errKilled
			}
			return nil
		}
		if err := prune(s); !errors.Is(err, errKilled) {
			t.Fatalf("step %d: %v", n, err)
		}
		s.Before = nil
		if text(t, s, "2026-11-03") != text(t, undisturbed, "2026-11-03") {
			t.Errorf("after step %d a day reads differently", n)
		}
		if err := prune(s); err != nil {
			t.Fatalf("after step %d: %v", n, err)
		}
		historytest.Same(t, onDisk(t, s.Path), want)
	}
	if steps < 10 {
		t.Errorf("only %d steps", steps)
	}
}

// linesAdded are Totals: how many lines there were.
type linesAdded struct{ n int }

func (l *linesAdded) Add(history.Kind, []byte)     { l.n++ }
func (l *linesAdded) MarshalJSON() ([]byte, error) { return json.Marshal(l.n) }

func (l *linesAdded) Merge(raw []byte) error {
	var before int
	err := json.Unmarshal(raw, &before)
	l.n += before
	return err
}

// TestPruneCarries holds that what is carried over grows with each pruning, and
// that days which come back are not added twice.
func TestPruneCarries(t *testing.T) {
	s := &history.Dir{Path: t.TempDir()}
	filled(t, s)
	totals := func() history.Totals { return &linesAdded{} }
	for _, tc := range []struct {
		from history.Day
		want string
	}{{"2026-11-02", "25"}, {"2026-11-02", "25"}, {"2026-11-03", "49"}} {
		if _, err := history.Prune(t.Context(), s, history.Keep{From: tc.from}, nil, totals, false); err != nil {
			t.Fatal(err)
		}
		v, err := s.View(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		c, err := history.ReadCarried(t.Context(), v)
		if err != nil || string(c.Totals) != tc.want || c.Through >= tc.from {
			t.Errorf("before %s: %s through %s, %v", tc.from, c.Totals, c.Through, err)
		}
		filled(t, s) // all days come back
	}
}
