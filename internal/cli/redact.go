package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/jsonl"
)

// redactTo writes a copy of each file that was read to dir, without its
// credentials. A file in which one is left after that is not written.
func (g *gatherer) redactTo(ctx context.Context, env Env, dir string) error {
	taken := map[string]bool{}
	for i := range g.sources {
		s := &g.sources[i]
		if s.path == "-" || s.err != nil {
			continue
		}
		name, err := g.copyName(s, taken)
		if err == nil {
			err = g.redactFile(ctx, s.path, filepath.Join(dir, name))
		}
		if err != nil {
			return failure(g.masked(err), "redacting "+s.name, "nothing was written for this file")
		}
		fmt.Fprintf(env.Stderr, "andon: wrote %s\n", plain(filepath.Join(dir, name)))
	}
	return nil
}

// masked is an error without the credentials of the paths that it quotes.
func (g *gatherer) masked(err error) error {
	text := err.Error()
	g.words.text(&text)
	return errors.New(text)
}

var cutOut = regexp.MustCompile(`\[(REDACTED):([a-z0-9-]+)(?::([0-9a-f]+))?\]`)

// A name that says that the file is compressed.
var packedName = regexp.MustCompile(`(?i)[^/\\\\]\.(gz|zst|bz2)$`)

// copyName returns where in the output folder a file's copy goes: its own path
// where that stays inside, else a name made of it. A credential in it is cut
// out, with no characters that some file systems do not take; so is the ending
// of a compressed file, since the copy is not compressed.
func (g *gatherer) copyName(s *source, taken map[string]bool) (string, error) {
	name := s.name
	if name != s.path {
		name = cutOut.ReplaceAllString(name, "$1-$2-$3")
	}
	for _, m := range g.scan.Scan([]byte(filepath.ToSlash(name))) {
		if m.Severity == finding.Error {
			return "", errLeak
		}
	}
	for packedName.MatchString(name) {
		name = name[:len(name)-len(filepath.Ext(name))]
	}
	if ext := filepath.Ext(name); strings.EqualFold(ext, ".tgz") {
		name = strings.TrimSuffix(name, ext) + ".tar"
	}
	if !filepath.IsLocal(name) {
		name = fileName(name) + filepath.Ext(name)
	}
	stem, ext := strings.TrimSuffix(name, filepath.Ext(name)), filepath.Ext(name)
	for n := 2; taken[strings.ToLower(name)]; n++ {
		name = fmt.Sprintf("%s-%d%s", stem, n, ext)
	}
	taken[strings.ToLower(name)] = true
	return name, nil
}

func (g *gatherer) redactFile(ctx context.Context, from, to string) error {
	in, err := open(from, nil)
	if err != nil {
		return err
	}
	defer in.Close()
	if same(from, to) {
		return errors.New("the copy would take the place of the file itself; name another folder")
	}
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

func same(a, b string) bool {
	first, err := os.Stat(a)
	second, err2 := os.Stat(b)
	return err == nil && err2 == nil && os.SameFile(first, second)
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
