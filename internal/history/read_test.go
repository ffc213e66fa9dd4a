package history_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/history"
	"github.com/andon-ci/andon/internal/history/historytest"
	"github.com/andon-ci/andon/internal/zstd"
)

// TestUnusable sums up the rest where a file is no file, or damaged, and writes
// nothing over it.
func TestUnusable(t *testing.T) {
	packed, err := zstd.Pack(bytes.Repeat([]byte(historytest.Run(1)+"\n"), 1000))
	if err != nil {
		t.Fatal(err)
	}
	const day = "runs/2026/11/01.jsonl"
	for name, c := range map[string]struct {
		make func(at string) error
		want history.Skipped
	}{
		"cut off":    {func(at string) error { return os.WriteFile(at+".zst", packed[:len(packed)/2], 0o644) }, history.Skipped{File: day + ".zst", Reason: "damaged: what can be read of it counts"}},
		"not packed": {func(at string) error { return os.WriteFile(at+".zst", []byte(historytest.Run(1)), 0o644) }, history.Skipped{File: day + ".zst", Reason: "damaged: what can be read of it counts"}},
		"a link":     {func(at string) error { return os.Symlink("/etc/passwd", at) }, history.Skipped{File: day, Reason: "not a regular file"}},
		"a folder":   {func(at string) error { return os.Mkdir(at, 0o755) }, history.Skipped{File: day, Reason: "not a regular file"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &history.Dir{Path: t.TempDir()}
			if _, err := history.Write(t.Context(), s, &history.Batch{Lines: historytest.Lines(t, history.Overrides, historytest.Override(1, ""))}, nil); err != nil {
				t.Fatal(err)
			}
			at := filepath.Join(s.Path, "runs/2026/11/01.jsonl")
			if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := c.make(at); err != nil {
				t.Skip(err)
			}
			v, err := s.View(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			sum, _, _, err := history.Summarise(t.Context(), v, "2026-11-01", historytest.Tally())
			if err != nil || !strings.Contains(string(sum.Summary), `"overrides":1,"bad":0`) || !slices.Equal(sum.Unread, []history.Skipped{c.want}) {
				t.Errorf("%v, %+v", err, sum)
			}
			_, err = history.Write(t.Context(), s, &history.Batch{Lines: historytest.Lines(t, history.Runs, historytest.Run(2))}, nil)
			if !errors.Is(err, history.ErrDamaged) && !errors.Is(err, history.ErrRefused) {
				t.Errorf("written over it: %v", err)
			}
		})
	}
}

// TestNotRead names what lies where days' files do and is not read.
func TestNotRead(t *testing.T) {
	dir := t.TempDir()
	write := func(name string) {
		at := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o755), os.WriteFile(at, []byte(historytest.Run(1)+"\n"), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	named := []string{"coverage/2026/11/31.jsonl", "overrides/2026/11/01.json", "runs/2026-11-01.jsonl", "runs/2026/11/01.jsonl.gz", "runs/2026/11/02.jsonl.zst"}
	for _, name := range append(named, "runs/2026/11/01.jsonl", "runs/2026/11/02.jsonl", "runs/README.md", "notes/2026/11/01.jsonl.gz", "summaries/2026/11/01.gz") {
		write(name)
	}
	v, err := (&history.Dir{Path: dir}).View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	days, skipped, err := history.Days(t.Context(), v)
	if err != nil || len(days) != 2 {
		t.Fatal(days, err)
	}
	var got []string
	for _, s := range skipped {
		if s.Reason == "" || !s.Within("2026-11-01", "2026-11-31") || s.Within("2026-10-01", "2026-10-31") || s.Within("2026-12-01", "2026-12-31") {
			t.Errorf("%+v is of other days", s)
		}
		got = append(got, s.File)
	}
	if slices.Sort(got); !slices.Equal(got, named) {
		t.Errorf("%q", got)
	}
	if link := (history.Skipped{File: "runs/2026"}); !link.Within("2026-01-01", "2026-01-02") || link.Within("2025-01-01", "2025-12-31") {
		t.Error("a link in the place of a year is about the days of the year")
	}
}

// closed is a view of which some files may not be read.
type closed struct{ history.View }

func (c closed) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	if strings.HasPrefix(name, "overrides/") {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return c.View.Open(ctx, name)
}

// TestClosed sums up the rest where a file may not be read.
func TestClosed(t *testing.T) {
	v := closed{View: viewOf(t, history.Runs, historytest.Run(1))}
	sum, _, _, err := history.Summarise(t.Context(), v, "2026-11-01", historytest.Tally())
	want := history.Skipped{File: "overrides/2026/11/01.jsonl", Reason: "no permission to read it"}
	if err != nil || !slices.Equal(sum.Unread, []history.Skipped{want}) || !strings.Contains(string(sum.Summary), `"runs":1`) {
		t.Errorf("%v, %+v", err, sum)
	}
}

// viewOf returns a history of a few lines with their summaries.
func viewOf(t *testing.T, k history.Kind, lines ...string) history.View {
	t.Helper()
	s := &history.Dir{Path: t.TempDir()}
	if _, err := history.Write(t.Context(), s, &history.Batch{Lines: historytest.Lines(t, k, lines...)}, historytest.Tally()); err != nil {
		t.Fatal(err)
	}
	v, err := s.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestForgedSummary makes a summary anew that is of other lines than the file, or
// of more or fewer.
func TestForgedSummary(t *testing.T) {
	for forge, kept := range map[string]bool{
		``: true, `"runs":2>"runs":1`: false, `"runs":2>"runs":3`: false, `"lines":2>"lines":1`: false, `"bytes":>"bytes":1`: false,
	} {
		v := viewOf(t, history.Runs, historytest.Run(1), historytest.Run(2))
		from, to, _ := strings.Cut(forge, ">")
		sum, _, fresh, err := history.Summarise(t.Context(), edited{v, from, to}, "2026-11-01", historytest.Tally())
		if err != nil || fresh != kept || !strings.Contains(string(sum.Summary), `"runs":2`) {
			t.Errorf("%s: kept %v, %s, %v", forge, fresh, sum.Summary, err)
		}
	}
}

// edited is a view of which somebody has edited the summaries.
type edited struct {
	history.View
	from, to string
}

func (e edited) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	r, err := e.View.Open(ctx, name)
	if err != nil || !strings.HasPrefix(name, "summaries/") {
		return r, err
	}
	defer r.Close()
	raw, err := io.ReadAll(r)
	return io.NopCloser(strings.NewReader(strings.ReplaceAll(string(raw), e.from, e.to))), err
}

// TestHasActs tells a history that says that nobody did anything from one that says
// nothing of it.
func TestHasActs(t *testing.T) {
	for name, tt := range map[string]struct {
		make func(dir string) error
		want bool
	}{
		"runs alone":   {func(dir string) error { return os.Mkdir(filepath.Join(dir, "runs"), 0o755) }, false},
		"a folder":     {func(dir string) error { return os.Mkdir(filepath.Join(dir, "overrides"), 0o755) }, true},
		"a link":       {func(dir string) error { return os.Symlink(t.TempDir(), filepath.Join(dir, "overrides")) }, false},
		"an agreement": {func(dir string) error { return os.MkdirAll(filepath.Join(dir, "agreements/2026/11"), 0o755) }, true},
	} {
		dir := t.TempDir()
		if err := tt.make(dir); err != nil {
			t.Skip(err) // where links take a privilege
		}
		v, err := (&history.Dir{Path: dir}).View(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got, err := history.HasActs(t.Context(), v); err != nil || got != tt.want {
			t.Errorf("%s: %v %v", name, got, err)
		}
	}
}
