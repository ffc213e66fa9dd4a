package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/jsonl"
)

// redactTo writes a copy of each file that was read to dir, without its
// credentials. A file in which one is left after that is not written.
func (g *gatherer) redactTo(ctx context.Context, env Env, dir string) error {
	for i := range g.sources {
		s := &g.sources[i]
		if s.path == "-" || s.err != nil {
			continue
		}
		to := filepath.Join(dir, outPath(s.path))
		if err := g.redactFile(ctx, s.path, to); err != nil {
			return failure(err, "redacting "+s.path, "nothing was written for this file")
		}
		fmt.Fprintf(env.Stderr, "andon: wrote %s\n", plain(to))
	}
	return nil
}

// outPath is where in the output folder a file's copy goes: its own path where
// that stays inside, else a name made of it.
func outPath(path string) string {
	if filepath.IsLocal(path) {
		return path
	}
	return fileName(path) + filepath.Ext(path)
}

func (g *gatherer) redactFile(ctx context.Context, from, to string) error {
	in, err := open(from, nil)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(to), ".andon-")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	w := bufio.NewWriterSize(tmp, 256<<10)
	if err := g.redactLines(ctx, in, w); err != nil {
		tmp.Close()
		return err
	}
	if err := errors.Join(w.Flush(), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), to)
}

func (g *gatherer) redactLines(ctx context.Context, in io.Reader, w io.Writer) error {
	r := jsonl.NewReader(in, 0)
	for ctx.Err() == nil {
		c, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if c.Part > 0 {
			return errors.New("a line over the limit of 160 MiB cannot be redacted")
		}
		out, _ := g.scan.Redact(c.Raw)
		for _, m := range g.scan.Scan(out) {
			if m.Severity == finding.Error {
				return errLeak
			}
		}
		if _, err := w.Write(append(out, '\n')); err != nil {
			return err
		}
	}
	return ctx.Err()
}
