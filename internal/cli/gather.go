package cli

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/ingest"
	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/secret"
	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
	"github.com/andon-ci/andon/internal/validate"
)

// maxFindings bounds how many findings one command keeps. All are counted.
const maxFindings = 5_000

// gatherer reads files once: each chunk is scanned for credentials and then
// handed to the reader of the file's format.
type gatherer struct {
	scan     *secret.Scanner
	out      *secret.Scanner  // for what is printed
	personal *secret.Personal // for all that is written; nil leaves personal data as it is
	masks    *masks
	watch    *maskWatch // nil where files were looked through for masks before
	native   *validate.Validator
	emit     func(trace.Record) // nil where only findings are wanted
	words    *cleaner
	bar      *progress
	secrets  bool // look for credentials
	only     bool // and for nothing else: no record is read
	ahead    ahead
	allow    *allowlist
	keep     func(finding.Finding) bool // which findings are wanted; nil is all

	sources  []source
	missing  []string // paths that were given and are not there
	coverage session.Coverage
	findings []finding.Finding
	dropped  int
	named    map[string]bool // files and folders whose names hold a credential, as found
}

// source is a file that was read, and what was found in it.
type source struct {
	input
	name    string // its path as it may be said
	format  string
	err     error // why it could not be read to its end
	secrets []secret.Match
	let     []int // numbers of the allowed credentials in it
}

func newGatherer(scan *secret.Scanner, emit func(trace.Record)) (*gatherer, error) {
	native, err := validate.New()
	if err != nil {
		return nil, err
	}
	return &gatherer{
		scan: scan, out: scan, native: native, words: newCleaner(scan), secrets: true,
		emit:     emit,
		coverage: session.Coverage{UnknownTypes: map[string]int{}}, named: map[string]bool{},
	}, nil
}

// hidePersonal makes sure that no personal data is written from now on.
func (g *gatherer) hidePersonal(key []byte) error {
	p, err := secret.NewPersonal(key)
	if err != nil {
		return err
	}
	g.personal, g.words.personal = p, p
	g.coverage.Personal = map[string]int{}
	return nil
}

// withoutPersonal returns a part of a copy without personal data, where that is
// asked for, and counts it.
func (g *gatherer) withoutPersonal(b []byte) []byte {
	out, replaced := g.personal.Redact(b)
	for rule, n := range replaced {
		g.coverage.Personal[rule] += n
	}
	return out
}

// clean cuts credentials out of what is about to be written: a summary quotes
// the agent's words.
func (g *gatherer) clean(b []byte) []byte {
	out, _ := g.out.Redact(b)
	out, _ = g.personal.Redact(out)
	return out
}

// read reads all files. It stops early only when ctx ends.
func (g *gatherer) read(ctx context.Context, env Env, files []input) error {
	defer g.ahead.drop()
	for _, in := range files {
		if err := g.file(ctx, env, in); err != nil {
			return err
		}
		if g.watch.saw() {
			return errMasked
		}
	}
	g.ahead.drain()
	for _, f := range g.allow.findings() {
		g.add(f)
	}
	finding.Sort(g.findings)
	return nil
}

func (g *gatherer) file(ctx context.Context, env Env, in input) error {
	s := &source{input: in, name: in.path}
	g.words.name(&s.name)
	g.ahead.after(func() { g.lookAtName(s) })
	g.coverage.Files++
	r, err := open(in.path, env.Stdin)
	if err == nil {
		err = g.chunks(ctx, g.watch.over(r), s)
		r.Close()
	}
	if ctx.Err() != nil {
		return failure(ctx.Err(), "reading "+s.name, "")
	}
	g.ahead.after(func() { g.finish(s, err) })
	return nil
}

// finish takes down what became of a file.
func (g *gatherer) finish(s *source, err error) {
	if err != nil {
		s.err = err
		g.coverage.Unreadable++
		g.add(finding.Finding{
			Rule: "input/unreadable", Severity: finding.Error, Message: "cannot be read: " + reason(err),
			Hint: "check that the file is whole and readable; the other files were read", Pos: trace.Pos{File: s.path},
		})
	}
	g.sources = append(g.sources, *s)
}

// chunks reads an open file to its end, looks for credentials in it, and hands
// it to whoever reads it. That may be done in part only when it returns, and
// then is when what is put off is.
func (g *gatherer) chunks(ctx context.Context, r io.Reader, s *source) error {
	chunk, end := g.reader(s)
	err := g.stanzas(ctx, r, s.path == "-", func(st stanza, found []secret.Match) {
		for _, c := range g.look(st, found, s) {
			chunk(c)
		}
	})
	g.ahead.after(func() { end(err) })
	return err
}

// reader returns what is to be done with each chunk of a file, and at its end. A
// reader of its format would take half as much time again as the scan, and is
// left out where no record is wanted.
func (g *gatherer) reader(s *source) (chunk func(jsonl.Chunk), end func(err error)) {
	if g.only {
		lines := 0
		count := func(c jsonl.Chunk) {
			if c.Part <= 1 {
				lines++
			}
		}
		return count, func(err error) {
			g.coverage.Lines += lines
			if lines == 0 && s.named && err == nil {
				g.add(emptyFinding(s.path))
			}
		}
	}
	file := ingest.New(ingest.Options{Name: s.name, Emit: g.take, Find: g.add, Native: g.native.Line})
	return file.Chunk, func(error) {
		g.summarise(file.Close(), s)
		s.format = file.Format()
	}
}

// stanzas reads a text to its end and deals with each stanza and what was found
// in it, in order, though the last may be put off. Of a live text nothing is
// read ahead: masks count in it from where they stand.
func (g *gatherer) stanzas(ctx context.Context, r io.Reader, live bool, deal func(stanza, []secret.Match)) error {
	reader := stanzaReader{r: jsonl.NewReader(r, 0)}
	if g.secrets {
		g.ahead.start(g.scan)
	}
	for n := 0; n%256 > 0 || ctx.Err() == nil; n++ {
		st, err := reader.Next()
		if err != nil {
			g.ahead.put()
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return err
		}
		g.bar.add(len(st.Raw))
		if live || len(st.Raw) > longText || g.ahead.alone() {
			g.ahead.drain()
			deal(st, g.find(st.Raw, live))
		} else {
			g.ahead.add(st, deal)
		}
	}
	return ctx.Err()
}

func emptyFinding(path string) finding.Finding {
	return finding.Finding{
		Rule: "input/empty", Severity: finding.Warning, Message: "the file is empty",
		Hint: "the agent may have been stopped before it wrote anything; check its step", Pos: trace.Pos{File: path},
	}
}

// take hands on a record without what must not be said.
func (g *gatherer) take(r trace.Record) {
	if g.emit != nil {
		g.words.record(&r)
		g.emit(r)
	}
}

// find returns the credentials in a text.
func (g *gatherer) find(text []byte, live bool) []secret.Match {
	if !g.secrets {
		return nil
	}
	if live {
		g.heed(text)
	}
	return g.scan.Scan(text)
}

// look takes down what was found in a stanza, and returns what may be read of it:
// what a reader cuts out of a text, or to a length, could be a piece of a
// credential that nobody would know again.
func (g *gatherer) look(st stanza, found []secret.Match, s *source) []jsonl.Chunk {
	if found = st.own(found); len(found) == 0 {
		return st.parts
	}
	pos := func(m secret.Match) trace.Pos {
		return trace.Pos{File: s.path, Line: lineOf(st.Chunk, m.Start), Pointer: m.Pointer}
	}
	found, let := g.allow.part(st.Raw, found)
	g.let(let, s, pos)
	for _, m := range found {
		if len(s.secrets) < maxFindings {
			s.secrets = append(s.secrets, m)
		}
		g.add(secretFinding(m, pos(m)))
	}
	if g.emit == nil {
		return st.parts // nothing is said of it but how much it is
	}
	out, _ := g.scan.Redact(st.Raw)
	return st.cut(out)
}

// lookAtName scans a file's path for credentials. Guesses do not count there:
// names are full of ids. A folder's name is reported once, not with each file.
func (g *gatherer) lookAtName(s *source) {
	if !g.secrets || s.path == "-" {
		return
	}
	name := []byte(filepath.ToSlash(s.path))
	found, let := g.allow.part(name, g.scan.Scan(name))
	g.let(let, s, func(secret.Match) trace.Pos { return trace.Pos{File: s.path} })
	for _, m := range found {
		if m.Severity != finding.Error {
			continue
		}
		s.secrets = append(s.secrets, m)
		at, what := s.path, "file"
		if i := strings.IndexRune(filepath.ToSlash(at[m.End:]), '/'); i >= 0 {
			at, what = at[:m.End+i], "folder"
		}
		key := at + " " + m.Fingerprint
		if g.named[key] {
			continue
		}
		g.named[key] = true
		f := secretFinding(m, trace.Pos{File: at})
		f.Message = m.Title + " in the name of a " + what
		f.Hint = "revoke it now, and rename the " + what + "; what is written says the name without it"
		g.add(f)
	}
}

// lineOf returns the line of an offset into a chunk of one or more lines.
func lineOf(c jsonl.Chunk, offset int) int {
	line := c.Line
	for _, b := range c.Raw[:min(offset, len(c.Raw))] {
		if b == '\n' {
			line++
		}
	}
	return line
}

func secretFinding(m secret.Match, at trace.Pos) finding.Finding {
	return finding.Finding{
		Rule: m.Rule, Severity: m.Severity, Message: m.Title + " in a trace", Pos: at, Fingerprint: m.Fingerprint,
		Hint: "revoke it now; the trace is kept out of the bundle unless --on-secret says otherwise",
	}
}

func (g *gatherer) summarise(sum ingest.Summary, s *source) {
	g.coverage.Lines += sum.Lines
	g.coverage.InvalidLines += sum.Invalid
	for typ, n := range sum.Unknown {
		g.words.text(&typ)
		g.coverage.UnknownTypes[sum.Format+":"+typ] += n
	}
	if sum.Format != "" {
		return
	}
	g.coverage.Unrecognised++
	switch {
	case sum.Lines == 0 && s.named:
		g.add(emptyFinding(s.path))
	case s.named:
		g.add(finding.Finding{
			Rule: "input/unrecognised", Severity: finding.Warning, Message: unrecognised(sum.Why),
			Hint: "docs/formats.md lists what can be read; convert anything else to Andon's own trace, `andon schema trace`", Pos: trace.Pos{File: s.path},
		})
	}
}

// unrecognised says that a file is of no format, and what is wrong with it.
func unrecognised(why string) string {
	const message = "no known transcript format was recognised"
	if why == "" {
		return message
	}
	return message + ": " + why
}

func (g *gatherer) add(f finding.Finding) {
	if g.keep != nil && !g.keep(f) {
		return
	}
	if len(g.findings) >= maxFindings {
		g.dropped++
		return
	}
	g.words.name(&f.File)
	if g.scan != g.out {
		g.words.text(&f.Message)
	}
	g.findings = append(g.findings, f)
}

// fingerprintKey returns the key of the fingerprints of credentials. Without
// one from the environment it is made from the beginning of every file: the
// same input gives the same fingerprints, and nobody can try out candidates
// who does not hold the traces, in which the credentials stand anyway.
func fingerprintKey(env Env, files []input) []byte {
	if k := env.Getenv("ANDON_FINGERPRINT_KEY"); k != "" {
		return []byte(k)
	}
	h := sha256.New()
	for _, in := range files {
		fmt.Fprintf(h, "%d\n", len(in.path))
		if in.path == "-" {
			continue
		}
		if r, err := open(in.path, nil); err == nil {
			io.CopyN(h, r, 64<<10) // a file that cannot be read is a finding later
			r.Close()
		}
	}
	return h.Sum(nil)
}
