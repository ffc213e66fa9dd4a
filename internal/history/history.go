// Package history keeps what is known of a factory's past: a rollup of each
// run, overrides, agreements, and how far the forge has been read. It is for
// the commands that fill a history and for those that report from it.
//
// The one design decision is that a history is a set. A day's file holds its
// lines once each, in one order that is theirs alone, so that it does not
// matter when, in which order, how often or by how many writers at once they
// came: whoever is stopped in the middle runs again and gets the same bytes.
//
// Note: appending to a file is less work, but whoever was killed while doing so
// has to find out what he had written, and two orders of arrival are two files.
package history

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"strings"
	"time"
)

// Kind is what a day's file holds; it is the name of the folder.
type Kind string

// The kinds.
const (
	Runs       Kind = "runs"
	Overrides  Kind = "overrides"
	Agreements Kind = "agreements"
	Coverage   Kind = "coverage" // workflow runs of which no trace could be read
)

// Kinds returns all kinds, in the order in which they are written.
func Kinds() []Kind { return []Kind{Runs, Overrides, Agreements, Coverage} }

// The files beside those of the days.
const (
	CursorFile = "cursor.json"
	PrunedFile = "pruned.jsonl"
	TotalsFile = "totals.json"
	summaries  = "summaries"
)

// Day is a date in UTC, as in 2026-11-20. Days are ordered as strings are.
type Day string

// DayOf returns the day of a moment, empty for one that is no time of ours:
// the zero time, and years before 1970 and after 9999.
func DayOf(t time.Time) Day {
	t = t.UTC()
	if t.Year() < 1970 || t.Year() > 9999 {
		return ""
	}
	return Day(t.Format(time.DateOnly))
}

// Time returns the first moment of the day.
func (d Day) Time() time.Time {
	t, _ := time.Parse(time.DateOnly, string(d)) // or the zero time
	return t
}

// File returns the name of the day's file of a kind, without compression.
func (d Day) File(k Kind) string { return d.in(string(k)) + ".jsonl" }

// SummaryFile returns the name of the file with what the day comes to.
func (d Day) SummaryFile() string { return d.in(summaries) + ".json" }

func (d Day) in(folder string) string {
	return path.Join(folder, strings.ReplaceAll(string(d), "-", "/"))
}

// packed is the end of the name of a file that is compressed.
const packed = ".zst"

var dayFile = regexp.MustCompile(`^(runs|overrides|agreements|coverage|summaries)/(\d{4})/(\d\d)/(\d\d)\.json(l|l\.zst)?$`)

// folder matches the folders of a history.
var folder = regexp.MustCompile(`^(runs|overrides|agreements|coverage|summaries)(/\d{4}(/\d\d)?)?$`)

// dayLike matches what lies where a day's file would and begins as one does.
var dayLike = regexp.MustCompile(`^(runs|overrides|agreements|coverage)/(\d{4}/(\d\d/)?)?\d[^/]*$`)

// dayOf tells which day and which folder a file belongs to.
func dayOf(name string) (in string, d Day, ok bool) {
	m := dayFile.FindStringSubmatch(name)
	if m == nil || (m[1] == summaries) != (m[5] == "") {
		return "", "", false
	}
	d = Day(m[2] + "-" + m[3] + "-" + m[4])
	return m[1], d, DayOf(d.Time()) == d
}

// ours reports whether a history has files of that name. Others may lie beside
// them and are left alone.
func ours(name string) bool {
	_, _, day := dayOf(name)
	return day || name == CursorFile || name == PrunedFile || name == TotalsFile
}

// takes reports whether something of that name, which is no folder where it is a
// regular file, is a file of the history, and if not, why it was meant to be one.
func takes(name string, regular bool) (ok bool, unread []Skipped) {
	switch {
	case regular && ours(name):
		return true, nil
	case ours(name), folder.MatchString(name):
		return false, []Skipped{{name, ErrRefused.Error()}}
	case dayLike.MatchString(name):
		return false, []Skipped{{name, "a day's file is named DD.jsonl or DD.jsonl.zst"}}
	}
	return false, nil
}

// Store keeps a history somewhere.
type Store interface {
	// View returns the history as it is now.
	View(ctx context.Context) (View, error)

	// Update hands the history as it is now to plan, and makes the changes that
	// it returns, in their order. If somebody else has written meanwhile, plan is
	// called again. After an error a beginning of the changes may have been made,
	// as when the process is killed.
	Update(ctx context.Context, message string, plan func(View) ([]Change, error)) error
}

// View is a history as it is at one moment; that in a folder goes with the time,
// file by file. It may be read by several goroutines.
type View interface {
	// Files returns the files of the history, in order of their names, and what
	// lies in their place and cannot be read.
	Files(ctx context.Context) (files []File, unread []Skipped, err error)

	// Open opens a file. The error is a wrapped fs.ErrNotExist where there is none.
	Open(ctx context.Context, name string) (io.ReadCloser, error)
}

// File is a file of a history.
type File struct {
	Name string
	Size int64
}

// Skipped is what lies in the place of a history's file and was not read, or not
// to its end.
type Skipped struct {
	File   string `json:"file"`
	Reason string `json:"reason"`
}

// Change is a file to be written whole, or removed where Data is nil.
type Change struct {
	Name string
	Data []byte
}

// The limits of what is read. A history may have been edited by anybody who can
// write to where it lies.
const (
	MaxLine = 1 << 20   // bytes of one line
	maxFile = 256 << 20 // bytes of one file that is held in memory, unpacked

	maxUnpacked = 4 << 30 // bytes of one file that is read line by line, where it is compressed
)

// ErrRefused is for a file that is no regular file, such as a link.
var ErrRefused = errors.New("not a regular file")

// errClosed is for a file that may not be read.
var errClosed = errors.New("no permission to read it")

// errLarge is for a file over the limit.
var errLarge = fmt.Errorf("over %d MiB", maxFile>>20)
