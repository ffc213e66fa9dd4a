package cli

import (
	"bufio"
	"cmp"
	"errors"
	"os"
	"path/filepath"

	"github.com/andon-ci/andon/internal/otlp"
)

// spool is the file of OTLP JSON, which is there whole or not at all.
type spool struct {
	path string
	tmp  *os.File // nil for stdout
	w    *bufio.Writer
	err  error
}

func newSpool(env Env, path string) (*spool, error) {
	if path == "-" {
		return &spool{w: bufio.NewWriter(env.Stdout)}, nil
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".andon-otlp-")
	if err != nil {
		return nil, failure(errors.New(reason(err)), "writing "+path, "--otlp-file takes a file in a folder that is there")
	}
	return &spool{path: path, tmp: tmp, w: bufio.NewWriterSize(tmp, 64<<10)}, nil
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
	if s.tmp != nil {
		s.tmp.Close()
		os.Remove(s.tmp.Name())
	}
}

func (s *spool) finish() error {
	err := errors.Join(s.err, s.w.Flush())
	if s.tmp == nil || err != nil {
		return err
	}
	if err := errors.Join(s.tmp.Chmod(0o644), s.tmp.Close()); err != nil {
		return err
	}
	return os.Rename(s.tmp.Name(), s.path)
}
