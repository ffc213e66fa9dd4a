package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/trace"
)

// input is a file to read.
type input struct {
	path  string
	named bool // given by its own path, not found in a folder
}

// maxFiles bounds what one command looks at.
const maxFiles = 100_000

// find looks for the files that paths stand for, each once and in order of
// their names. A path that stands for none is a finding.
func find(paths []string) *finder {
	f := &finder{seen: map[string]bool{}}
	for _, p := range paths {
		f.add(p)
	}
	slices.SortFunc(f.files, func(a, b input) int { return strings.Compare(a.path, b.path) })
	return f
}

type finder struct {
	files    []input
	findings []finding.Finding
	missing  []string // paths that are not there
	seen     map[string]bool
}

func (f *finder) add(path string) {
	if path == "-" {
		f.file(path, true)
		return
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		f.folder(path)
	case err == nil && info.Mode().IsRegular():
		f.file(path, true)
	case err == nil:
		f.problem("input/not-a-file", path, "not a regular file ("+kind(info.Mode())+"); it was not read", "name a file or a folder")
	case strings.ContainsAny(path, "*?[{"):
		f.glob(path)
	default:
		f.missing = append(f.missing, path)
		f.problem("input/unreadable", path, "cannot be opened: "+reason(err), "check the path; `ls` shows what is there")
	}
}

func kind(m fs.FileMode) string {
	switch {
	case m&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case m&fs.ModeSocket != 0:
		return "a socket"
	case m&fs.ModeDevice != 0:
		return "a device"
	}
	return "a special file"
}

// reason is an error without the path, which the finding names.
func reason(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

func (f *finder) problem(rule, path, msg, hint string) {
	f.findings = append(f.findings, finding.Finding{
		Rule: rule, Severity: finding.Error, Message: msg, Hint: hint, Pos: trace.Pos{File: path},
	})
}

func (f *finder) file(path string, named bool) {
	if clean := filepath.Clean(path); !f.seen[clean] && len(f.files) < maxFiles {
		f.seen[clean] = true
		f.files = append(f.files, input{path: clean, named: named})
	}
}

// folder takes the regular files under dir. Symbolic links are not followed: a
// link out of the folder would read, and upload, what nobody named.
func (f *finder) folder(dir string) {
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			f.problem("input/unreadable", path, "cannot be opened: "+reason(err), "check the permissions of the folder")
			return nil
		case d.Type().IsRegular():
			f.file(path, false)
		case d.Type()&fs.ModeSymlink != 0:
			f.link(dir, path)
		case d.IsDir() && d.Name() == ".git":
			return fs.SkipDir
		}
		return nil
	})
	if err != nil {
		f.problem("input/unreadable", dir, "cannot be searched: "+reason(err), "check the permissions of the folder")
	}
}

func (f *finder) link(dir, path string) {
	target, err := filepath.EvalSymlinks(path)
	root, rootErr := filepath.EvalSymlinks(dir)
	if err != nil || rootErr != nil {
		return
	}
	if rel, err := filepath.Rel(root, target); err == nil && filepath.IsLocal(rel) {
		return // the walk comes by the target itself
	}
	f.findings = append(f.findings, finding.Finding{
		Rule: "input/link", Severity: finding.Warning, Message: "a symbolic link out of the searched folder was not followed",
		Hint: "name its target as a path of its own if you want it read", Pos: trace.Pos{File: path},
	})
}

func (f *finder) glob(pattern string) {
	found := len(f.files)
	err := doublestar.GlobWalk(os.DirFS(root(pattern)), rest(pattern), func(path string, d fs.DirEntry) error {
		if d.Type().IsRegular() {
			f.file(filepath.Join(root(pattern), path), false)
		}
		return nil
	}, doublestar.WithNoFollow())
	switch {
	case errors.Is(err, doublestar.ErrBadPattern):
		f.problem("input/no-match", pattern, "not a valid pattern", `use *, ** and ?, as in "traces/**/*.jsonl"`)
	case len(f.files) == found:
		f.findings = append(f.findings, finding.Finding{
			Rule: "input/no-match", Severity: finding.Warning, Message: "the pattern matches no file",
			Hint: "check where the agent writes its transcript; patterns are relative to the working directory", Pos: trace.Pos{File: pattern},
		})
	}
}

// root and rest split a pattern into the folder to search and what to look for
// in it.
func root(pattern string) string {
	base, _ := doublestar.SplitPattern(filepath.ToSlash(pattern))
	return filepath.FromSlash(base)
}

func rest(pattern string) string {
	_, p := doublestar.SplitPattern(filepath.ToSlash(pattern))
	return p
}

// open returns the text of a file, decoded where its first bytes say so. A file that grows is read up to the size that it has now.
func open(path string, stdin io.Reader) (io.ReadCloser, error) {
	if path == "-" {
		r, err := decode(stdin)
		return io.NopCloser(r), err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("not a regular file")
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	r, err := decode(io.LimitReader(f, info.Size()))
	return readCloser{r, f}, err
}

type readCloser struct {
	io.Reader
	io.Closer
}
