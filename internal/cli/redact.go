package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/secret"
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

var cutOut = regexp.MustCompile(`\[REDACTED:(?:[a-z]+/)?[a-z0-9-]+(?::[0-9a-f]+)?\]`)

// A name that says that the file is compressed.
var packedName = regexp.MustCompile(`(?i)[^/\\\\]\.(gz|zst|bz2)$`)

// copyName returns where in the output folder a file's copy goes: its own path
// where that stays inside, else a name made of it. A credential in it is cut
// out, with no characters that some file systems do not take; so is the ending
// of a compressed file, since the copy is not compressed.
func (g *gatherer) copyName(s *source, taken map[string]bool) (string, error) {
	name := s.name
	if name != s.path {
		name = cutOut.ReplaceAllStringFunc(name, strings.NewReplacer("[", "", "]", "", ":", "-", "/", "-").Replace)
	}
	if g.holdsSecret([]byte(filepath.ToSlash(name))) {
		return "", errLeak
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
	err = errors.Join(g.redactText(ctx, in, w), w.Flush())
	if err == nil {
		_, err = tmp.Seek(0, io.SeekStart)
	}
	if err == nil {
		err = g.check(ctx, tmp)
	}
	if err := errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), to)
}

func same(a, b string) bool {
	first, err := os.Stat(a)
	second, err2 := os.Stat(b)
	return err == nil && err2 == nil && os.SameFile(first, second)
}

// redactText copies a text without its credentials and changes nothing else of
// it: what is laid out over several lines stays so.
func (g *gatherer) redactText(ctx context.Context, in io.Reader, w io.Writer) error {
	r := blockReader{r: bufio.NewReaderSize(in, 256<<10)}
	for ctx.Err() == nil {
		block, err := r.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		out, _ := g.scan.Redact(block)
		if _, err := w.Write(g.withoutPersonal(out)); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// check makes sure that no credential is left in a copy.
func (g *gatherer) check(ctx context.Context, in io.Reader) error {
	r := stanzaReader{r: jsonl.NewReader(in, 0)}
	for ctx.Err() == nil {
		st, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if g.holdsSecret(st.Raw) {
			return errLeak
		}
	}
	return ctx.Err()
}

// holdsSecret reports whether a text holds a credential, guesses and what is
// allowed aside.
func (g *gatherer) holdsSecret(text []byte) bool {
	found, _ := g.allow.part(text, g.scan.Scan(text))
	return slices.ContainsFunc(found, func(m secret.Match) bool { return m.Severity == finding.Error })
}

// blockReader gives out the lines of a text, many at once and with their ends.
type blockReader struct {
	r   *bufio.Reader
	buf []byte
	end int // of what was given out last, in buf
}

// The sizes from which on a block ends where two lines hardly belong together,
// and between any two.
const (
	longBlock = 1 << 20
	maxBlock  = 8 << 20
)

// next returns the next lines, and io.EOF at the end.
func (b *blockReader) next() ([]byte, error) {
	b.buf = append(b.buf[:0], b.buf[b.end:]...)
	for last := 0; ; {
		next := len(b.buf)
		if err := b.line(); errors.Is(err, io.EOF) {
			if b.end = len(b.buf); b.end == 0 {
				return nil, io.EOF
			}
			return b.buf, nil
		} else if err != nil {
			return nil, err
		}
		if next > maxBlock || next > longBlock && apart(b.buf[last:next], b.buf[next:]) && !openKey(b.buf[:next]) {
			b.end = next
			return b.buf[:next], nil
		}
		last = next
	}
}

// line reads a line to the end of the buffer.
func (b *blockReader) line() error {
	from := len(b.buf)
	for {
		piece, err := b.r.ReadSlice('\n')
		b.buf = append(b.buf, piece...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull) && len(b.buf)-from > jsonl.MaxValue:
			return errors.New("a line over the limit of 160 MiB cannot be redacted")
		case errors.Is(err, io.EOF) && len(b.buf) > from:
			return nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return err
		}
	}
}

// apart reports whether no credential, nor its name and its value, can stand in
// a line and the next.
func apart(line, next []byte) bool {
	line = bytes.TrimSpace(line)
	return !piece(line) && !piece(next) && !(secret.Streamed(line) && secret.Streamed(next)) && !bytes.HasPrefix(line, []byte(`"`))
}
