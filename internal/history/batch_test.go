package history_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/history"
	"github.com/andon-ci/andon/internal/history/historytest"
)

// watched is a store that tells what of it is read.
type watched struct {
	history.Store
	opened []string
	listed int
}

type watchedView struct {
	history.View
	w *watched
}

func (w *watched) Update(ctx context.Context, message string, plan func(history.View) ([]history.Change, error)) error {
	return w.Store.Update(ctx, message, func(v history.View) ([]history.Change, error) { return plan(watchedView{v, w}) })
}

func (v watchedView) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	v.w.opened = append(v.w.opened, name)
	return v.View.Open(ctx, name)
}

func (v watchedView) Files(ctx context.Context) ([]history.File, []history.Skipped, error) {
	v.w.listed++
	return v.View.Files(ctx)
}

// TestWriteReadsItsDaysOnly holds that what a day costs does not depend on how
// many others there are.
func TestWriteReadsItsDaysOnly(t *testing.T) {
	w := &watched{Store: &history.Dir{Path: t.TempDir()}}
	filled(t, w)
	w.opened, w.listed = nil, 0
	b := &history.Batch{Lines: historytest.Lines(t, history.Runs, historytest.Run(30)), Advance: func(c *history.Cursor) { c.At("o/r") }}
	if _, err := history.Write(t.Context(), w, b, days{}); err != nil {
		t.Fatal(err)
	}
	for _, name := range w.opened {
		if !strings.Contains(name, "2026/11/02") && name != history.CursorFile {
			t.Errorf("%s was opened", name)
		}
	}
	if w.listed > 0 || len(w.opened) == 0 {
		t.Errorf("listed %d times, %d files opened", w.listed, len(w.opened))
	}
}

func TestNewLine(t *testing.T) {
	noon := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name string
		kind history.Kind
		raw  string
		day  history.Day // empty for an error
	}{
		{"start", history.Runs, `{"run_id":"a","start":"2026-11-01T23:59:59Z","end":"2026-11-02T00:10:00Z"}`, "2026-11-01"},
		{"another zone", history.Runs, `{"run_id":"a","start":"2026-11-01T23:00:00-02:00"}`, "2026-11-02"},
		{"end", history.Runs, `{"run_id":"a","end":"2026-11-02T00:10:00Z"}`, "2026-11-02"},
		{"no time", history.Runs, `{"run_id":"a"}`, "2026-11-20"},
		{"a time that is none", history.Runs, `{"run_id":"a","start":"0001-01-01T00:00:00Z","end":"soon"}`, "2026-11-20"},
		{"an override", history.Overrides, `{"id":"a","time":"2026-11-03T00:00:00Z","start":"2026-11-01T00:00:00Z"}`, "2026-11-03"},
		{"several lines", history.Runs, "{\n\"run_id\":\n\"a\"}", "2026-11-20"},
		{"no object", history.Runs, `["run_id"]`, ""},
		{"no JSON", history.Runs, `{"run_id"`, ""},
		{"two", history.Runs, `{} {}`, ""},
		{"long", history.Runs, `{"run_id":"` + strings.Repeat("a", history.MaxLine) + `"}`, ""},
	} {
		l, err := history.NewLine(tt.kind, []byte(tt.raw), noon)
		if (err != nil) != (tt.day == "") {
			t.Errorf("%s: %v", tt.name, err)
		}
		if err != nil {
			continue
		}
		dir := &history.Dir{Path: t.TempDir()}
		if _, err := history.Write(t.Context(), dir, &history.Batch{Lines: []history.Line{l}}, nil); err != nil {
			t.Fatal(err)
		}
		if got := historytest.Dump(t, dir); len(got) != 1 || got[tt.day.File(tt.kind)] == "" {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
	if _, err := history.NewLine(history.Runs, []byte(`{"run_id":"a"}`), time.Time{}); err == nil {
		t.Error("a run of no day was taken")
	}
}

// TestKeys tells which records are the same.
func TestKeys(t *testing.T) {
	const same, others = true, false
	run := func(more string) string { return `{"start":"2026-11-01T10:00:00Z"` + more + `}` }
	for _, tt := range []struct {
		name string
		kind history.Kind
		a, b string
		want bool
	}{
		{"a run", history.Runs, run(`,"run_id":"a","status":"success"`), run(`,"run_id":"a","status":"failure"`), same},
		{"two runs", history.Runs, run(`,"run_id":"a"`), run(`,"run_id":"b"`), others},
		{"another attempt", history.Runs, run(`,"run_id":"a","workflow_run":{"id":"1","attempt":"1"}`), run(`,"run_id":"a","workflow_run":{"id":"1","attempt":"2"}`), others},
		{"another job", history.Runs, run(`,"run_id":"a","workflow_run":{"id":"1","job":"x"}`), run(`,"run_id":"a","workflow_run":{"id":"1","job":"y"}`), others},
		{"a number and a text", history.Runs, run(`,"run_id":"a","workflow_run":{"id":1}`), run(`,"run_id":"a","workflow_run":{"id":"1"}`), same},
		{"another repository", history.Runs, run(`,"run_id":"a","repository":"o/r"`), run(`,"run_id":"a","repository":"o/s"`), others},
		{"a repository in other letters", history.Runs, run(`,"run_id":"a","repository":"o/r"`), run(`,"run_id":"a","repository":"O/R"`), same},
		{"runs without an id", history.Runs, run(`,"status":"success"`), run(`,"status":"failure"`), others},
		{"an override", history.Overrides, `{"id":"a","time":"2026-11-01T10:00:00Z"}`, `{"id":"a","time":"2026-11-01T11:00:00Z"}`, same},
		{"two gaps", history.Coverage, `{"time":"2026-11-01T10:00:00Z","state":"missing","workflow_run":{"id":"1"}}`, `{"time":"2026-11-01T10:00:00Z","state":"missing","workflow_run":{"id":"2"}}`, others},
	} {
		s := &history.Dir{Path: t.TempDir()}
		out, err := history.Write(t.Context(), s, &history.Batch{Lines: historytest.Lines(t, tt.kind, tt.a, tt.b)}, nil)
		if err != nil || (out.Added[tt.kind] == 1) != tt.want {
			t.Errorf("%s: %+v, %v", tt.name, out, err)
		}
	}
}

// TestCursor is wary of a cursor that cannot be read: to begin anew would cost
// more than to say so.
func TestCursor(t *testing.T) {
	for _, text := range []string{"", "{", `[]`, `{"schema":"andon.cursor/v2"}`, `{"schema":"andon.cursor/v1","repositories":{"o/r":null}}`} {
		s := &history.Dir{Path: t.TempDir()}
		if err := s.Update(t.Context(), "Edit by hand", func(history.View) ([]history.Change, error) {
			return []history.Change{{Name: history.CursorFile, Data: []byte(text)}}, nil
		}); err != nil {
			t.Fatal(err)
		}
		_, err := history.Write(t.Context(), s, &history.Batch{Advance: func(c *history.Cursor) { c.At("o/r").Revise("12", time.Unix(9, 0)) }}, nil)
		if good := strings.Contains(text, "v1"); (err == nil) != good {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestMark(t *testing.T) {
	at := func(h int) time.Time { return time.Date(2026, 11, 1, h, 0, 0, 0, time.UTC) }
	var m history.Mark
	for id := range int64(5) {
		m.Pass(id, at(int(id)), 2*time.Hour)
	}
	for _, tt := range []struct {
		id   int64
		at   time.Time
		want bool
	}{{0, at(0), true}, {9, at(1), true}, {2, at(2), true}, {4, at(4), true}, {9, at(3), false}, {4, at(5), false}} {
		if got := m.Has(tt.id, tt.at, 2*time.Hour); got != tt.want {
			t.Errorf("%d at %s: %v", tt.id, tt.at, got)
		}
	}
	if len(m.Done) != 3 {
		t.Errorf("%v", m.Done)
	}
}

// TestStopped gives up where the context does.
func TestStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := &history.Dir{Path: t.TempDir()}
	_, err := history.Write(ctx, s, &history.Batch{Lines: historytest.Lines(t, history.Runs, historytest.Run(1))}, nil)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// memory is a history in memory.
type memory map[string][]byte

func (m memory) View(context.Context) (history.View, error) { return m, nil }

func (m memory) Update(_ context.Context, _ string, plan func(history.View) ([]history.Change, error)) error {
	changes, err := plan(m)
	for _, c := range changes {
		if m[c.Name] = c.Data; c.Data == nil {
			delete(m, c.Name)
		}
	}
	return err
}

func (m memory) Files(context.Context) (files []history.File, skipped []history.Skipped, err error) {
	for _, name := range slices.Sorted(maps.Keys(m)) {
		files = append(files, history.File{Name: name, Size: int64(len(m[name]))})
	}
	return files, nil, nil
}

func (m memory) Open(_ context.Context, name string) (io.ReadCloser, error) {
	data, ok := m[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

// FuzzLines writes and reads what is no history.
func FuzzLines(f *testing.F) {
	f.Add([]byte(historytest.Run(1) + "\n\n{\n" + historytest.Run(1)))
	f.Add([]byte("\x00\xff\r\n{}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s := memory{history.Day("2026-11-01").File(history.Runs): text}
		b := &history.Batch{Lines: historytest.Lines(t, history.Runs, historytest.Run(2))}
		if _, err := history.Write(t.Context(), s, b, days{}); err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprint(historytest.Dump(t, s))
		if _, err := history.Write(t.Context(), s, b, days{}); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(historytest.Dump(t, s)); got != want {
			t.Errorf("written twice, it is\n%s\nand not\n%s", got, want)
		}
	})
}
