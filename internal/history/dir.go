package history

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// The files of a folder that are not of the history.
const (
	lockFile = ".lock"
	newFile  = ".new" // what is being written; there is one writer at a time
)

// Dir is a history in a folder. Links in it are never followed.
type Dir struct {
	Path string

	// Before, where it is set, is called before each step that changes the
	// folder. An error of it ends the update there, as killing the process would:
	// nothing is cleaned up.
	Before func(step string) error
}

// View returns the history in the folder; one that is not there is empty.
func (d *Dir) View(context.Context) (View, error) {
	root, err := os.OpenRoot(d.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nothing{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("opening the history: %w", err)
	}
	return &dirView{root}, nil
}

// nothing is the history of which there is none yet.
type nothing struct{}

func (nothing) Files(context.Context) ([]File, []Skipped, error) { return nil, nil, nil }

func (nothing) Open(context.Context, string) (io.ReadCloser, error) { return nil, fs.ErrNotExist }

// dirView reads below a folder. Its Root is closed by the garbage collector.
type dirView struct{ root *os.Root }

// Open opens a regular file. What a link leads to is refused, also where a link
// takes the place of a folder: whoever can write here could have the report
// show, or upload, what it leads to.
func (v *dirView) Open(_ context.Context, name string) (io.ReadCloser, error) {
	if err := regular(v.root, name); err != nil {
		return nil, err
	}
	return v.root.Open(name)
}

// regular returns an error for what is not a regular file below folders.
func regular(root *os.Root, name string) error {
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return ErrRefused
	}
	for i := 0; i < len(name); i++ {
		if name[i] != '/' {
			continue
		}
		if info, err := root.Lstat(name[:i]); err != nil || !info.IsDir() {
			return cmp.Or(err, ErrRefused)
		}
	}
	info, err := root.Lstat(name)
	if err == nil && !info.Mode().IsRegular() {
		return ErrRefused
	}
	return err
}

// Files lists the files of the history.
func (v *dirView) Files(ctx context.Context) (files []File, unread []Skipped, err error) {
	err = fs.WalkDir(v.root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrPermission) && folder.MatchString(name):
			unread = append(unread, Skipped{name, errClosed.Error()})
			return fs.SkipDir
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case name == ".", e.IsDir() && folder.MatchString(name):
			return nil
		case e.IsDir() && !ours(name):
			return fs.SkipDir
		}
		ok, why := takes(name, e.Type().IsRegular())
		unread = append(unread, why...)
		switch {
		case e.IsDir():
			return fs.SkipDir
		case !ok:
			return nil
		}
		info, err := e.Info()
		if err == nil {
			files = append(files, File{name, info.Size()})
		}
		return err
	})
	slices.SortFunc(files, func(a, b File) int { return cmp.Compare(a.Name, b.Name) })
	return files, unread, err
}

// Update makes changes under a lock that ends with the process. Each file is
// written beside its place and then put there.
func (d *Dir) Update(ctx context.Context, _ string, plan func(View) ([]Change, error)) error {
	if err := os.MkdirAll(d.Path, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(d.Path)
	if err != nil {
		return err
	}
	defer root.Close()
	unlock, err := d.lock(root)
	if err != nil {
		return err
	}
	defer unlock()
	if err := root.Remove(newFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	changes, err := plan(&dirView{root})
	if err != nil {
		return err
	}
	for _, c := range changes {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := d.apply(root, c); err != nil {
			return err
		}
	}
	return nil
}

func (d *Dir) lock(root *os.Root) (func(), error) {
	if err := regular(root, lockFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", lockFile, err)
	}
	return lockedfile.MutexAt(filepath.Join(d.Path, lockFile)).Lock()
}

func (d *Dir) step(format string, args ...any) error {
	if d.Before == nil {
		return nil
	}
	return d.Before(fmt.Sprintf(format, args...))
}

func (d *Dir) apply(root *os.Root, c Change) error {
	if err := regular(root, c.Name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w", c.Name, err)
	}
	if c.Data == nil {
		if err := d.step("remove %s", c.Name); err != nil {
			return err
		}
		err := root.Remove(c.Name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	if err := d.write(root, c); err != nil {
		return err
	}
	if err := d.step("rename %s", c.Name); err != nil {
		return err
	}
	return root.Rename(newFile, c.Name)
}

// write writes the file beside its place.
func (d *Dir) write(root *os.Root, c Change) error {
	if err := d.step("folder of %s", c.Name); err != nil {
		return err
	}
	if err := root.MkdirAll(path.Dir(c.Name), 0o755); err != nil {
		return err
	}
	if err := d.step("create %s", c.Name); err != nil {
		return err
	}
	f, err := root.OpenFile(newFile, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	if err := d.halves(f, c); err != nil {
		f.Close()
		return err
	}
	err = f.Sync()
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}

// halves writes the data in two, so that a test can stop between them.
func (d *Dir) halves(f *os.File, c Change) error {
	half := len(c.Data) / 2
	for _, part := range [][]byte{c.Data[:half], c.Data[half:]} {
		if err := d.step("write %s", c.Name); err != nil {
			return err
		}
		if _, err := f.Write(part); err != nil {
			return err
		}
	}
	return nil
}
