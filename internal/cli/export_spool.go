package cli

import (
	"bufio"
	"cmp"
	"errors"
	"os"
	"path/filepath"

	"github.com/andon-ci/andon/internal/otlp"
)

// spool is the file of OTLP JSON, which is there whole or not at all. A device or
// a pipe is written to as it is.
type spool struct {
	path string   // that the file is to have; empty for one that has it
	file *os.File // nil for stdout
	w    *bufio.Writer
	err  error
}

func newSpool(env Env, path string) (*spool, error) {
	if path == "-" {
		return &spool{w: bufio.NewWriter(env.Stdout)}, nil
	}
	s, err := &spool{}, error(nil)
	if info, statErr := os.Stat(path); statErr == nil && !info.Mode().IsRegular() {
		s.file, err = os.OpenFile(path, os.O_WRONLY, 0)
	} else {
		if s.path, err = filepath.EvalSymlinks(path); err != nil {
			s.path = path // there is none yet
		}
		s.file, err = os.CreateTemp(filepath.Dir(s.path), ".andon-otlp-")
	}
	if err != nil {
		return nil, failure(errors.New(reason(err)), "writing "+path, "--otlp-file takes a file in a folder that is there")
	}
	s.w = bufio.NewWriterSize(s.file, 64<<10)
	return s, nil
}

func (s *spool) write(b *otlp.Batch) {
	for line, err := range b.JSON(otlp.MaxLine) {
		if s.err = cmp.Or(s.err, err); s.err != nil {
			return
		}
		_, s.err = s.w.Write(line)
	}
}

func (s *spool) discard() {
	if s.file == nil {
		return
	}
	s.file.Close()
	if s.path != "" {
		os.Remove(s.file.Name())
	}
}

func (s *spool) finish() error {
	err := errors.Join(s.err, s.w.Flush())
	if s.file == nil || err != nil {
		return err
	}
	if s.path == "" {
		return s.file.Close()
	}
	if err := errors.Join(s.file.Chmod(0o644), s.file.Close()); err != nil {
		return err
	}
	return os.Rename(s.file.Name(), s.path)
}
