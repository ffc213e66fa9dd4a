package history

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/zstd"
)

// Days returns the days of which a history has anything, in order, and what lies
// in the place of the days' files and is not read. A file that is there and cannot
// be opened is told by Summarise.
func Days(ctx context.Context, v View) (days []Day, unread []Skipped, err error) {
	files, all, err := v.Files(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("listing the history: %w", err)
	}
	for i, f := range files {
		in, d, ok := dayOf(f.Name)
		if ok && in != summaries {
			days = append(days, d)
		}
		if i > 0 && f.Name == files[i-1].Name+packed {
			unread = append(unread, Skipped{f.Name, "the file of that name without " + packed + " counts"})
		}
	}
	for _, u := range all {
		if _, _, ok := u.days(); ok {
			unread = append(unread, u)
		}
	}
	slices.Sort(days)
	return slices.Compact(days), unread, nil
}

// HasActs reports whether a history has a place for what people did, even if it is
// empty: one that has none does not say that they did nothing.
func HasActs(ctx context.Context, v View) (bool, error) {
	files, unread, err := v.Files(ctx)
	if err != nil {
		return false, fmt.Errorf("listing the history: %w", err)
	}
	for _, k := range []Kind{Overrides, Agreements} {
		if slices.ContainsFunc(unread, func(u Skipped) bool { return u.File == string(k) }) {
			continue // a link, say, of which nothing is read
		}
		in := func(f File) bool { return strings.HasPrefix(f.Name, string(k)+"/") }
		if slices.ContainsFunc(files, in) {
			return true, nil
		}
		if r, err := v.Open(ctx, string(k)); err == nil {
			r.Close()
		} else if !errors.Is(err, fs.ErrNotExist) {
			return true, nil // a folder, which is there
		}
	}
	return false, nil
}

var kindFolder = regexp.MustCompile(`^(runs|overrides|agreements|coverage)(/|$)`)

// days returns the first and the last day that the file can be about; ok is
// false for what is about no day.
func (u Skipped) days() (first, last Day, ok bool) {
	in := kindFolder.FindString(u.File)
	date := strings.ReplaceAll(u.File[len(in):], "/", "-")
	date = date[:min(len(date), len(time.DateOnly))]
	if n := strings.IndexFunc(date, func(r rune) bool { return r != '-' && (r < '0' || r > '9') }); n >= 0 {
		date = date[:n]
	}
	return Day(date), Day(date + "~"), in != ""
}

// Within reports whether the file may be about one of the days from one to
// another.
func (u Skipped) Within(from, to Day) bool {
	first, last, _ := u.days()
	return first <= to && last >= from
}

// open opens a day's file of a kind, and returns the name that it has. Where it
// lies there both ways, as after a stop between the two, the one that is not
// compressed counts.
func open(ctx context.Context, v View, k Kind, d Day) (io.ReadCloser, string, error) {
	name := d.File(k)
	r, err := v.Open(ctx, name)
	if !errors.Is(err, fs.ErrNotExist) {
		return r, name, err
	}
	name += packed
	if r, err = v.Open(ctx, name); err != nil {
		return nil, "", err
	}
	text, err := zstd.NewReader(r)
	if err != nil {
		r.Close()
		return nil, "", fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return &unpacking{text: text, file: r, left: maxUnpacked}, name, nil
}

// ErrDamaged is for a compressed file that is none, or that grows beyond all
// measure.
var ErrDamaged = errors.New("damaged")

// unpacking is a compressed file.
type unpacking struct {
	text io.ReadCloser
	file io.Closer
	left int64 // bytes that it may still grow by
}

func (u *unpacking) Read(p []byte) (int, error) {
	n, err := u.text.Read(p)
	u.left -= int64(n)
	switch {
	case u.left < 0:
		return n, fmt.Errorf("%w: over %d GiB", ErrDamaged, maxUnpacked>>30)
	case err != nil && !errors.Is(err, io.EOF):
		return n, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return n, err
}

func (u *unpacking) Close() error { return errors.Join(u.text.Close(), u.file.Close()) }

// Lines yields the lines of a day's file, each valid until the next. There are
// none where there is no file. A line over the limit is yielded as ErrLine, and
// so is what follows read; any other error ends it.
func Lines(ctx context.Context, v View, k Kind, d Day) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		r, _, err := open(ctx, v, k, d)
		if errors.Is(err, fs.ErrNotExist) {
			return
		}
		if err != nil {
			yield(nil, fmt.Errorf("reading %s: %w", d.File(k), err))
			return
		}
		defer r.Close()
		for line, err := range lines(r) {
			if err != nil && !errors.Is(err, ErrLine) {
				err = fmt.Errorf("reading %s: %w", d.File(k), err)
			}
			if !yield(line, err) {
				return
			}
		}
	}
}

// ErrLine is for a line over MaxLine.
var ErrLine = fmt.Errorf("a line over %d MiB", MaxLine>>20)

// lines yields the lines of r without their ends, but for blank ones.
func lines(r io.Reader) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		size := 64 << 10
		if m, ok := r.(*bytes.Reader); ok {
			size = min(size, m.Len()+1)
		}
		b := bufio.NewReaderSize(r, size)
		var long []byte // the beginning of a line that b does not hold
		for {
			part, err := b.ReadSlice('\n')
			if errors.Is(err, bufio.ErrBufferFull) {
				if len(long) <= MaxLine { // more of it is of no use
					long = append(long, part...)
				}
				continue
			}
			line := part
			if len(long) > 0 {
				line = append(long, part...)
				long = long[:0]
			}
			over := len(bytes.TrimSuffix(line, []byte("\n"))) > MaxLine
			if over && !yield(nil, ErrLine) {
				return
			}
			if line = bytes.TrimSpace(line); !over && len(line) > 0 && !yield(line, nil) {
				return
			}
			if err != nil && !errors.Is(err, io.EOF) {
				yield(nil, err)
			}
			if err != nil {
				return
			}
		}
	}
}

// whole reads a file of at most maxFile bytes. There is nothing in one that is
// not there.
func whole(ctx context.Context, v View, name string) ([]byte, error) {
	r, err := v.Open(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	defer r.Close()
	return all(name, r)
}

func all(name string, r io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err == nil && len(raw) > maxFile {
		err = errLarge
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return raw, nil
}
