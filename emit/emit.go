// Package emit appends records to a native trace, for agents written in Go and
// for the command `andon emit`. Programs in other languages write the same
// lines themselves: schemas/trace.schema.json says what they are.
//
// The one design decision is that a record is checked before it is written. It
// is completed, held to the schema and scanned for credentials; then one write
// of one whole line appends it under the file's lock. A trace that several
// steps, processes or threads write at once has no torn line, and nothing has
// to be mended when it is read.
package emit

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/secret"
	"github.com/andon-ci/andon/internal/trace"
	"github.com/andon-ci/andon/internal/validate"
)

// Options are what a Writer may be told. The zero value is useful.
type Options struct {
	// RunID is the run of all records that name none. Without it they belong
	// to the run that the Writer or, before it, the file started last and that
	// has not ended.
	RunID string

	// Secrets are values that must not be written, beside what looks like a
	// credential by itself. Those under six bytes are not looked for.
	Secrets []string

	// Redact is called for each credential in a record, which is then written
	// with [REDACTED:…] in its place. Without it such a record is refused.
	Redact func(*SecretError)

	// Now is the clock for times that a record leaves out, by default time.Now.
	Now func() time.Time
}

// Writer appends records to one trace. It may be used by several goroutines,
// and several processes may have a Writer of the same file. It holds no file
// open.
type Writer struct {
	path string
	o    Options

	mu    sync.Mutex
	run   string // the run that was started last
	check *validate.Validator
	scan  *secret.Scanner
	doc   jsonl.Doc
}

// New returns a Writer of the trace at path. The file and its folder are made
// by the first record.
func New(path string, o Options) (*Writer, error) {
	check, err := validate.New()
	if err != nil {
		return nil, fmt.Errorf("preparing the check of records: %w", err)
	}
	var known []secret.Known
	for _, value := range o.Secrets {
		known = append(known, secret.Known{Name: "given", Value: value})
	}
	scan, err := secret.New(secret.Options{Known: known})
	if err != nil {
		return nil, fmt.Errorf("preparing the scan for credentials: %w", err)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Writer{path: path, o: o, check: check, scan: scan}, nil
}

// ErrNoRun is returned for a record that names no run where none was started.
var ErrNoRun = errors.New("no run was started in this trace")

// InvalidError says why a record does not hold to the schema. Nothing of it was
// written.
type InvalidError struct {
	Message string // what is wrong; quotes a value only where it is one plain word
	Hint    string // what to write instead
	Pointer string // JSON Pointer of the place in the record
}

func (e *InvalidError) Error() string { return e.Message }

// SecretError says that a record holds a credential. It never holds the
// credential itself.
type SecretError struct {
	Rule    string // such as "secret/github-token"
	Title   string // such as "GitHub token"
	Pointer string // JSON Pointer of the place in the record
}

func (e *SecretError) Error() string {
	return fmt.Sprintf("the record holds a credential (%s) at %s", e.Title, e.Pointer)
}

// Append appends one record, an object of schemas/trace.schema.json, and
// returns the id of its run. It must have a "type" that the schema knows. What
// is left out is filled in where that needs no guess: the run's id (a random
// one for a new run), a random span id, the present time for "time" and "end",
// and the end for the "start" of a step. The record itself is not changed. The
// error is an *InvalidError, a *SecretError, ErrNoRun, or tells of the file.
func (w *Writer) Append(record map[string]any) (run string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := maps.Clone(record)
	typ, _ := r["type"].(string)
	if !slices.Contains(Types(), typ) {
		return "", &InvalidError{Message: "the record is of no type that a trace has", Hint: "it may be " + strings.Join(Types(), ", "), Pointer: "/type"}
	}
	if err := w.complete(typ, r); err != nil {
		return "", err
	}
	line, err := encode(typ, r)
	if err != nil {
		return "", err
	}
	if line, err = w.examine(line); err != nil {
		return "", err
	}
	if err := appendLine(w.path, line); err != nil {
		return "", fmt.Errorf("appending to %s: %w", w.path, err)
	}
	run, _ = r["run_id"].(string)
	if typ == "run.start" {
		w.run = run
	}
	return run, nil
}

// Types returns the types of records.
func Types() []string {
	return []string{"run", "run.start", "llm.call", "tool.call", "decision", "score", "log", "run.end"}
}

// complete fills in what a record leaves out.
func (w *Writer) complete(typ string, r map[string]any) error {
	if r["run_id"] == nil {
		id, err := w.runOf(typ)
		if err != nil {
			return err
		}
		r["run_id"] = id
	}
	now := w.o.Now().UTC().Format(time.RFC3339Nano) // not rounded: it may be the end of what began a microsecond ago
	switch typ {
	case "llm.call", "tool.call":
		fill(r, "span_id", randomID())
		fill(r, "end", now)
		fill(r, "start", r["end"])
	case "run":
		fill(r, "end", now) // the start of what is over is for the caller to know
	default:
		fill(r, "time", now)
	}
	return nil
}

func fill(r map[string]any, key string, value any) {
	if r[key] == nil {
		r[key] = value
	}
}

// runOf returns the run of a record that names none.
func (w *Writer) runOf(typ string) (string, error) {
	switch {
	case w.o.RunID != "":
		return w.o.RunID, nil
	case typ == "run" || typ == "run.start":
		return randomID(), nil
	case w.run != "":
		return w.run, nil
	}
	id, err := openRun(w.path)
	if err != nil {
		return "", fmt.Errorf("looking for the run in %s: %w", w.path, err)
	}
	if id == "" {
		return "", ErrNoRun
	}
	return id, nil
}

// randomID returns 16 random hex digits: a W3C span id, which is never zero.
func randomID() string {
	var b [8]byte
	rand.Read(b[:]) // never fails: https://pkg.go.dev/crypto/rand#Read
	b[0] |= 1
	return hex.EncodeToString(b[:])
}

// encode returns the record's line without its end. The type comes first, for
// people who read it, and the rest in the order of the names.
func encode(typ string, r map[string]any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	delete(r, "type")
	if err := enc.Encode(r); err != nil {
		return nil, &InvalidError{Message: "the record has a value that JSON cannot say", Hint: "use text, finite numbers, true and false"}
	}
	return append([]byte(`{"type":"`+typ+`",`), bytes.TrimSpace(b.Bytes())[1:]...), nil
}

// maxRecord bounds a record: a step of a run, not an archive.
const maxRecord = 8 << 20

// examine holds a line to the schema and scans it for credentials. It returns
// the line to write.
func (w *Writer) examine(line []byte) ([]byte, error) {
	if len(line) > maxRecord {
		return nil, &InvalidError{Message: fmt.Sprintf("the record is larger than %d MiB", maxRecord>>20), Hint: "leave out what the agent said and read; counts and sizes are what a trace is for"}
	}
	if found := w.scan.Scan(line); len(found) > 0 {
		if w.o.Redact == nil {
			return nil, told(found[0])
		}
		for _, m := range found {
			w.o.Redact(told(m))
		}
		line, _ = w.scan.Redact(line)
	}
	val, _, err := w.doc.Parse(line)
	if err != nil {
		return nil, &InvalidError{Message: "the record is not valid JSON: " + err.Error(), Hint: "nest values less deeply"}
	}
	for _, f := range w.check.Line(val, trace.Pos{}) {
		return nil, &InvalidError{Message: f.Message, Hint: f.Hint, Pointer: f.Pos.Pointer}
	}
	return line, nil
}

func told(m secret.Match) *SecretError {
	return &SecretError{Rule: m.Rule, Title: m.Title, Pointer: m.Pointer}
}
