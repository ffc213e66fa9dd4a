package history

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"time"
)

// Remote is a forge's repository, of which a branch is read and written by its
// API.
type Remote interface {
	// Head returns the commit that a branch leads to, empty for none.
	Head(ctx context.Context, branch string) (string, error)

	// Tarball returns the files at a commit as a tar archive in gzip, of at most
	// limit bytes, each below one folder.
	Tarball(ctx context.Context, commit string, limit int64) ([]byte, error)

	// CommitFiles puts a commit on top of head, or makes the branch where head is
	// empty. Moved tells that the branch leads elsewhere, and nothing was done.
	CommitFiles(ctx context.Context, branch, head, message string, files map[string][]byte, removed []string) (commit string, moved bool, err error)
}

// The limits of a branch that is read by one request, and of one commit.
const (
	maxTarball = 256 << 20 // bytes, compressed
	maxTree    = 1 << 30   // bytes, unpacked
	maxCommit  = 8 << 20   // bytes of the files of one commit
)

// Forge is a history on a branch of a forge's repository, without git. It is for
// one goroutine.
type Forge struct {
	Remote Remote
	Branch string
	Sleep  func(ctx context.Context, d time.Duration) error

	last *forgeView // what was read or written last, which may be the newest
}

// forgeView is the history at a commit, in memory.
type forgeView struct {
	head   string
	data   map[string][]byte
	unread []Skipped
}

// View returns the history as it is on the branch now.
func (g *Forge) View(ctx context.Context) (View, error) { return g.view(ctx) }

func (g *Forge) view(ctx context.Context) (*forgeView, error) {
	head, err := g.Remote.Head(ctx, g.Branch)
	switch {
	case err != nil:
		return nil, err
	case head == "":
		g.last = &forgeView{data: map[string][]byte{}}
		return g.last, nil
	case g.last != nil && g.last.head == head:
		return g.last, nil
	}
	raw, err := g.Remote.Tarball(ctx, head, maxTarball)
	if err != nil {
		return nil, err
	}
	v := &forgeView{head: head, data: map[string][]byte{}}
	if err := v.unpack(raw); err != nil {
		return nil, fmt.Errorf("reading the branch %s: %w", g.Branch, err)
	}
	g.last = v
	return v, nil
}

// unpack takes the files of a history out of an archive.
func (v *forgeView) unpack(raw []byte) error {
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	left := &io.LimitedReader{R: z, N: maxTree}
	t := tar.NewReader(left)
	for {
		h, err := t.Next()
		switch {
		case errors.Is(err, io.EOF):
			slices.SortFunc(v.unread, func(a, b Skipped) int { return cmp.Compare(a.File, b.File) })
			return nil
		case left.N <= 0:
			return fmt.Errorf("over %d MiB", maxTree>>20)
		case err != nil:
			return err
		}
		_, name, _ := strings.Cut(h.Name, "/") // of the one folder
		name = path.Clean(name)
		if h.Typeflag == tar.TypeDir && !ours(name) {
			continue
		}
		ok, why := takes(name, h.Typeflag == tar.TypeReg)
		v.unread = append(v.unread, why...)
		switch {
		case ok && h.Size > maxFile:
			v.unread = append(v.unread, Skipped{name, errLarge.Error()})
		case ok:
			if v.data[name], err = all(name, t); err != nil {
				return err
			}
		}
	}
}

// Files lists the files of the history.
func (v *forgeView) Files(context.Context) ([]File, []Skipped, error) {
	var out []File
	for _, name := range slices.Sorted(maps.Keys(v.data)) {
		out = append(out, File{name, int64(len(v.data[name]))})
	}
	return out, v.unread, nil
}

// Open reads a file.
func (v *forgeView) Open(_ context.Context, name string) (io.ReadCloser, error) {
	data, ok := v.data[name]
	switch {
	case ok:
		return io.NopCloser(bytes.NewReader(data)), nil
	case v.refuses(name):
		return nil, ErrRefused
	}
	return nil, fs.ErrNotExist
}

// refuses reports whether something that is no file is in the place of a file or
// of one of its folders.
func (v *forgeView) refuses(name string) bool {
	return slices.ContainsFunc(v.unread, func(u Skipped) bool { return u.File == name || strings.HasPrefix(name, u.File+"/") })
}

// with returns the view as it is after changes.
func (v *forgeView) with(head string, changes []Change) *forgeView {
	out := &forgeView{head: head, data: maps.Clone(v.data), unread: v.unread}
	for _, c := range changes {
		if c.Data == nil {
			delete(out.data, c.Name)
		} else {
			out.data[c.Name] = c.Data
		}
	}
	return out
}

// Update commits the changes on top of what the branch has. What was read or
// written last is taken for the newest until the forge says otherwise.
func (g *Forge) Update(ctx context.Context, message string, plan func(View) ([]Change, error)) error {
	v := g.last
	for try := range tries {
		if v == nil {
			var err error
			if v, err = g.view(ctx); err != nil {
				return err
			}
		}
		changes, err := plan(v)
		if err != nil || len(changes) == 0 {
			return err
		}
		moved, err := g.commit(ctx, v, message, changes)
		if !moved || err != nil {
			return err
		}
		v = nil
		most := min(250*time.Millisecond<<min(try, 5), 5*time.Second)
		if err := g.Sleep(ctx, time.Duration(rand.Float64()*float64(most))); err != nil {
			return err
		}
	}
	return fmt.Errorf("the branch %s was moved by others %d times in a row", g.Branch, tries)
}

// commit makes the changes in their order, in as many commits as their size
// takes.
func (g *Forge) commit(ctx context.Context, v *forgeView, message string, changes []Change) (moved bool, err error) {
	for _, c := range changes {
		if v.refuses(c.Name) {
			return false, fmt.Errorf("%s: %w", c.Name, ErrRefused)
		}
	}
	if v.head == "" {
		head, moved, err := g.Remote.CommitFiles(ctx, g.Branch, "", "Begin a history", map[string][]byte{readme: []byte(readmeText)}, nil)
		if moved || err != nil {
			return moved, err
		}
		v = v.with(head, nil)
	}
	for len(changes) > 0 {
		n := first(changes)
		files, removed := v.split(changes[:n])
		if len(files)+len(removed) > 0 {
			head, moved, err := g.Remote.CommitFiles(ctx, g.Branch, v.head, message, files, removed)
			if moved || err != nil {
				g.last = nil // what an error leaves behind is not known
				return moved, err
			}
			v = v.with(head, changes[:n])
		}
		g.last, changes = v, changes[n:]
	}
	return false, nil
}

// first returns how many of the changes go into one commit.
func first(changes []Change) int {
	size := 0
	for i, c := range changes {
		if size += len(c.Data); size > maxCommit && i > 0 {
			return i
		}
	}
	return len(changes)
}

// split returns the files to write and those to remove, which must be there.
func (v *forgeView) split(changes []Change) (files map[string][]byte, removed []string) {
	files = map[string][]byte{}
	for _, c := range changes {
		if _, there := v.data[c.Name]; c.Data != nil {
			files[c.Name] = c.Data
		} else if there {
			removed = append(removed, c.Name)
		}
	}
	return files, removed
}
