package history

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/andon-ci/andon/internal/zstd"
)

// file is a day's file of a kind, as it is and as it is to be.
type file struct {
	kind    Kind
	day     Day
	name    string // that it has; empty where there is none
	twin    string // the compressed file that lies beside it and is to go
	old     []byte // as it is, unpacked
	entries []entry
	at      map[string]int // index in entries, by key
	changed bool
	lost    int // lines over the limit, which a file that is written does not keep
	bad     int // lines that are no records, which stay
}

// load reads a day's file of a kind.
func load(ctx context.Context, v View, k Kind, d Day) (*file, error) {
	f := &file{kind: k, day: d, at: map[string]int{}}
	r, name, err := open(ctx, v, k, d)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return f, nil
	case err != nil:
		return nil, fmt.Errorf("reading %s: %w", d.File(k), err)
	}
	f.name, f.old, err = name, nil, nil
	f.old, err = all(name, r)
	if closed := r.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return nil, err
	}
	f.take(f.old)
	if name == d.File(k) {
		return f, f.second(ctx, v)
	}
	return f, nil
}

// second adds what lies compressed beside the file.
func (f *file) second(ctx context.Context, v View) error {
	packedFile, err := whole(ctx, v, f.name+packed)
	if err != nil || packedFile == nil {
		return err
	}
	r, err := zstd.NewReader(bytes.NewReader(packedFile))
	if err != nil {
		return fmt.Errorf("reading %s: %w", f.name+packed, err)
	}
	defer r.Close()
	text, err := all(f.name+packed, r)
	if err != nil {
		return err
	}
	f.twin, f.changed = f.name+packed, true
	f.take(text)
	return nil
}

// take adds the lines of a file.
func (f *file) take(text []byte) {
	var r reader
	for line, err := range lines(bytes.NewReader(text)) {
		if err != nil {
			f.lost++ // nothing else goes wrong in memory
			continue
		}
		e, ok := r.entry(f.kind, bytes.Clone(line))
		if !ok {
			f.bad++
		}
		f.add(e)
	}
}

// What became of a line.
type fate int

const (
	unchanged fate = iota // it, or a better one, is there
	replaced              // it took the place of another
	added
)

func (f *file) add(e entry) fate {
	i, there := f.at[e.key]
	switch {
	case !there:
		f.at[e.key] = len(f.entries)
		f.entries = append(f.entries, e)
		return added
	case bytes.Equal(f.entries[i].raw, e.raw) || !e.better(f.entries[i], f.kind):
		return unchanged
	}
	f.entries[i] = e
	return replaced
}

// remove takes out the line with a key.
func (f *file) remove(key string) bool {
	i, there := f.at[key]
	if there {
		delete(f.at, key)
		f.entries[i].raw = nil
	}
	return there
}

// text returns the file as it is to be.
func (f *file) text() []byte {
	kept := f.entries[:0:0]
	size := 0
	for _, e := range f.entries {
		if e.raw != nil {
			kept = append(kept, e)
			size += len(e.raw) + 1
		}
	}
	sorted(kept)
	out := make([]byte, 0, size)
	for _, e := range kept {
		out = append(append(out, e.raw...), '\n')
	}
	return out
}

// changes returns what is to be written, nothing where the file is as it is to
// be. A day that is compressed stays so, unless pack says that it shall become
// it.
func (f *file) changes(pack bool) ([]Change, error) {
	text := f.text()
	name := f.day.File(f.kind)
	if pack || f.name == name+packed {
		name += packed
	}
	if name == f.name && f.twin == "" && bytes.Equal(text, f.old) {
		return nil, nil
	}
	data := text
	if name == f.day.File(f.kind)+packed && len(text) > 0 {
		var err error
		if data, err = zstd.Pack(text); err != nil {
			return nil, fmt.Errorf("compressing %s: %w", name, err)
		}
	}
	if len(text) == 0 {
		data = nil
	}
	var out []Change
	if data != nil || f.name == name {
		out = append(out, Change{name, data})
	}
	for _, old := range []string{f.name, f.twin} {
		if old != "" && old != name {
			out = append(out, Change{old, nil})
		}
	}
	return out, nil
}

// overlay is a view with changes that are yet to be made.
type overlay struct {
	View
	data map[string][]byte // nil is removed
}

func (o *overlay) put(changes []Change) {
	for _, c := range changes {
		o.data[c.Name] = c.Data
	}
}

func (o *overlay) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	data, ok := o.data[name]
	switch {
	case !ok:
		return o.View.Open(ctx, name)
	case data == nil:
		return nil, fs.ErrNotExist
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}
