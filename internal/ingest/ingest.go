// Package ingest reads transcripts of agents into trace.Records. The format of
// a file is recognised from its content, never from its name: several agents
// write under one name, and names are the first thing that a workflow changes.
//
// A format is one file of this package with a reader and a line in formats. The
// readers keep to one rule: say what the line says, under the identity that the
// source gives it, and leave merging and adding up to whoever reduces the
// records. Each format's traps are told where its reader deals with them.
package ingest

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// Options are what a File needs.
type Options struct {
	Name string                // the file's name in findings and records
	Emit func(trace.Record)    // takes each record, in the order of the file
	Find func(finding.Finding) // takes each finding

	// Native checks a record of the native format; nil leaves it unchecked.
	Native func(jsonl.Value, trace.Pos) []finding.Finding
}

// Summary is what a File was found to be.
type Summary struct {
	Format  string         // empty where no format was recognised
	Lines   int            // lines or values read
	Invalid int            // of them, those that could not be used
	Unknown map[string]int // records of types that the reader does not know
	Why     string         // what is wrong with a file of no format, as far as it is known
}

// The limits within which a file must show its format.
const (
	maxPending      = 200
	maxPendingBytes = 8 << 20
)

// File reads one file, chunk by chunk. Memory is bounded by the largest chunk
// and by what the format's reader keeps.
type File struct {
	o       Options
	doc     jsonl.Doc
	sink    *sink
	reader  reader
	pending []jsonl.Chunk     // copies of what came before the format was known
	held    []finding.Finding // and what was wrong with it
	bytes   int
	gaveUp  bool
	is      format
	format  string // that was recognised first, once there are several
	begun   string // id of the session that the reader began with, if its file names it so
	mark    uint64 // of the line that does
	lines   int
	invalid int
}

// reader takes the values of a file of one format.
type reader interface {
	value(v jsonl.Value, line int)
	close()
}

// format is how a kind of transcript is recognised and read.
type format struct {
	name  string // as in a run's "format"
	space string // formats that share identities share a space
	match func(v jsonl.Value, c jsonl.Chunk) bool
	open  func(*sink) reader
}

// New returns a File that has read nothing yet.
func New(o Options) *File { return &File{o: o} }

// Format returns the name of the format, empty while it is not known.
func (f *File) Format() string {
	if f.sink == nil {
		return ""
	}
	return cmp.Or(f.format, f.sink.source)
}

// Chunk reads one chunk. What cannot be read becomes a finding.
func (f *File) Chunk(c jsonl.Chunk) {
	if c.Part <= 1 {
		f.lines++
	}
	if c.Part > 0 {
		f.tooLong(c)
		return
	}
	raw := bytes.TrimLeft(c.Raw, " \t\r\n")
	if text(raw) && (f.sink == nil || f.sink.source != nativeFormat) {
		f.plainText()
		return
	}
	for n := 0; len(raw) > 0; n++ {
		v, used, err := f.doc.Parse(raw)
		if err != nil {
			f.broken(c, err)
			return
		}
		if n == 1 {
			f.find("trace/several-values", finding.Info, c.Line, "several JSON values on one line; each was read",
				"end each record with a newline when you write it")
		}
		if n > 0 {
			f.lines++
		}
		f.value(v, jsonl.Chunk{Raw: raw[:used], Line: c.Line, Element: c.Element})
		raw = raw[used:]
	}
}

// value hands a value to the format's reader, or tries to recognise the format
// by it.
func (f *File) value(v jsonl.Value, c jsonl.Chunk) {
	if f.reader != nil {
		f.odd(c)
		f.read(v, c)
		return
	}
	if f.gaveUp {
		return
	}
	f.keep(c)
	if fm, ok := recognise(v, c, formats()); ok {
		f.recognised(fm)
		return
	}
	if len(f.pending) >= maxPending || f.bytes > maxPendingBytes {
		f.gaveUp, f.pending = true, nil
	}
}

func (f *File) keep(c jsonl.Chunk) {
	c.Raw = append([]byte(nil), c.Raw...)
	f.pending = append(f.pending, c)
	f.bytes += len(c.Raw)
}

// recognised reads what was kept while the format was not known.
func (f *File) recognised(fm format) {
	f.open(fm, f.pending[0])
	for _, fd := range f.held {
		f.o.Find(fd)
	}
	f.held = nil
	for _, c := range f.pending {
		if v, _, err := f.doc.Parse(c.Raw); err == nil {
			f.odd(c)
			f.read(v, c)
		}
	}
	f.pending = nil
}

// open begins to read a format, the first value of which is in c.
func (f *File) open(fm format, c jsonl.Chunk) {
	sum := sha256.Sum256(c.Raw)
	f.sink = &sink{
		o:        f.o,
		source:   fm.name,
		space:    fm.space,
		fallback: hex.EncodeToString(sum[:8]),
		unknown:  map[string]int{},
		verdicts: map[string]*trace.Decision{},
		intended: map[string]intent{},
	}
	f.is, f.reader = fm, fm.open(f.sink)
}

// read hands a value to the reader of the file that it is of.
func (f *File) read(v jsonl.Value, c jsonl.Chunk) {
	f.joined(v, c)
	f.sink.line = c.Line
	f.reader.value(v, c.Line)
	if f.sink.puzzled {
		f.mistaken(v, c)
	}
}

// odd reports what is legal JSON and yet a sign of a broken writer.
func (f *File) odd(c jsonl.Chunk) {
	if key, _, ok := f.doc.Duplicate(); ok {
		f.find("trace/duplicate-key", finding.Warning, c.Line, "an object has the member "+quote(key)+" twice; the last one counts",
			"write each member once")
	}
	if !f.doc.ValidUTF8() {
		f.find("trace/invalid-utf8", finding.Warning, c.Line, "invalid UTF-8; the bytes are read as U+FFFD",
			"write the file as UTF-8")
	}
}

// quote returns a member name for a message: never more than a few plain
// characters of it, since nobody vouches for what stands in a broken line.
func quote(key string) string {
	for _, r := range key {
		if len(key) > 40 || r < ' ' || r > '~' || strings.ContainsRune("\"`<>", r) {
			return "(name withheld)"
		}
	}
	return `"` + key + `"`
}

func (f *File) broken(c jsonl.Chunk, err error) {
	var syntax *jsonl.SyntaxError
	if !errors.As(err, &syntax) {
		return
	}
	f.invalid++
	if c.End && strings.HasPrefix(syntax.Msg, "cut off") {
		f.find("trace/truncated", finding.Warning, c.Line, "the last record is cut off; it was left out",
			"the agent was probably killed while it wrote; what came before it was read")
		return
	}
	f.find("trace/invalid-json", finding.Error, c.Line, "not valid JSON: "+syntax.Error(),
		"write one JSON object a line; the line was left out and the rest was read")
}

// plainText counts a line that is no JSON: the stdout of a CLI is often mixed
// with messages.
func (f *File) plainText() {
	if f.sink != nil {
		f.sink.drift("(text)")
	}
}

// text reports whether a line was never meant to be a record: a message, or the
// time in brackets before one.
func text(raw []byte) bool {
	switch {
	case len(raw) == 0 || raw[0] == '{':
		return false
	case raw[0] == '[':
		rest := bytes.TrimLeft(raw[1:], " \t\r\n")
		return len(rest) > 0 && bytes.IndexByte([]byte(`{["`), rest[0]) < 0
	}
	return true
}

func (f *File) tooLong(c jsonl.Chunk) {
	if c.Part > 1 {
		return
	}
	f.invalid++
	f.find("trace/too-long", finding.Error, c.Line, "a line over the limit of 160 MiB was scanned for credentials, but its record was left out",
		"keep large outputs in files of their own and write their size and hash")
}

// find reports a finding, once it is sure that the file is a transcript: what
// is wrong with other files is nobody's concern.
func (f *File) find(rule string, s finding.Severity, line int, msg, hint string) {
	fd := finding.Finding{Rule: rule, Severity: s, Message: msg, Hint: hint, Pos: trace.Pos{File: f.o.Name, Line: line}}
	switch {
	case f.sink != nil:
		f.o.Find(fd)
	case len(f.held) < maxPending:
		f.held = append(f.held, fd)
	}
}

// Close ends the file and says what it was.
func (f *File) Close() Summary {
	s := Summary{Lines: f.lines}
	if f.reader == nil {
		if len(f.held) > 0 {
			s.Why = f.held[0].Message
		}
		return s
	}
	f.reader.close()
	s.Format = f.Format()
	s.Invalid = f.invalid + f.sink.invalid
	s.Unknown = f.sink.unknown
	return s
}
