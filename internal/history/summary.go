package history

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/andon-ci/andon/internal/jsonl"
)

// SummarySchema names the version of a summary's JSON form.
const SummarySchema = "andon.summary/v1"

// Summariser makes of a day what a report needs of it.
type Summariser interface {
	// Version tells summaries apart that were made in another way; those are made
	// anew.
	Version() string

	// Day returns what a day comes to of which nothing has been read.
	Day(Day) Digest

	// Read returns a day as its MarshalJSON has written it, and an error for anything
	// else: it comes from whoever can write to the history.
	Read(d Day, raw []byte) (Digest, error)
}

// Digest is what a day comes to. It counts the lines that it returns an error
// for; a line over the limit is handed to it as an empty one.
type Digest interface {
	AddRun(line []byte) error
	AddOverride(line []byte) error
	AddAgreement(line []byte) error
	AddCoverage(line []byte) error

	// Lines returns how many lines have been added, those with an error among them.
	Lines() int64

	json.Marshaler
}

// Summary is a day as it is kept beside its files, which it can be made of again
// at any time.
type Summary struct {
	Schema  string          `json:"schema"`
	Day     Day             `json:"date"`
	By      string          `json:"by"` // the Summariser's version
	Of      []Source        `json:"of"`
	Unread  []Skipped       `json:"unread,omitempty"` // files of the day
	Summary json.RawMessage `json:"summary"`
}

// Source identifies the content of a file that a summary was made of. Its time
// is no part of it: a clone has others.
type Source struct {
	File   string `json:"file"`
	Bytes  int64  `json:"bytes"`
	Lines  int64  `json:"lines"`  // that are not blank; 0 of a compressed file, which is not unpacked to count them
	CRC32C string `json:"crc32c"` // hex; tells an edit, and is no protection against whoever may write here
}

// Summarise returns what a day comes to: as it is kept, where it was made of the
// files as they are now and has as many lines as they, else made of them. Fresh
// tells which.
func Summarise(ctx context.Context, v View, d Day, by Summariser) (out *Summary, digest Digest, fresh bool, err error) {
	of, unread, err := sources(ctx, v, d)
	if err != nil {
		return nil, nil, false, err
	}
	if kept := summary(ctx, v, d); kept != nil {
		if digest, fresh = kept.digest(by, of); fresh {
			kept.Unread = append(unread, kept.opened()...)
			return kept, digest, true, nil
		}
	}
	digest = by.Day(d)
	if unread, err = digested(ctx, v, d, digest); err != nil {
		return nil, nil, false, err
	}
	raw, err := digest.MarshalJSON()
	if err != nil {
		return nil, nil, false, fmt.Errorf("summing up %s: %w", d, err)
	}
	return &Summary{Schema: SummarySchema, Day: d, By: by.Version(), Of: of, Unread: unread, Summary: raw}, digest, false, nil
}

// Read returns what a day comes to, as Summarise does, and what of its files was not
// read. Where no summary is kept it makes none, and reads the files once.
func Read(ctx context.Context, v View, d Day, by Summariser) (digest Digest, unread []Skipped, err error) {
	if kept := summary(ctx, v, d); kept != nil && kept.By == by.Version() {
		of, closed, err := sources(ctx, v, d)
		if err != nil {
			return nil, nil, err
		}
		if digest, fresh := kept.digest(by, of); fresh {
			return digest, append(closed, kept.opened()...), nil
		}
	}
	digest = by.Day(d)
	unread, err = digested(ctx, v, d, digest)
	return digest, unread, err
}

// digest returns what a summary says, if it was made in the same way of the files as
// they are now and has as many lines as they.
func (s *Summary) digest(by Summariser, of []Source) (d Digest, fresh bool) {
	if s.By != by.Version() || !slices.Equal(s.Of, of) {
		return nil, false
	}
	d, err := by.Read(s.Day, s.Summary)
	return d, err == nil && agrees(d, of)
}

// agrees reports whether a day is made of as many lines as its files have. Those
// of compressed files are not known.
func agrees(d Digest, of []Source) bool {
	var lines int64
	for _, s := range of {
		if strings.HasSuffix(s.File, packed) {
			return true
		}
		lines += s.Lines
	}
	return d.Lines() == lines
}

// opened returns those of the unread files that could be opened, which the
// summary alone knows.
func (s *Summary) opened() (out []Skipped) {
	for _, u := range s.Unread {
		if slices.ContainsFunc(s.Of, func(s Source) bool { return s.File == u.File }) {
			out = append(out, u)
		}
	}
	return out
}

// digested adds the lines of a day, and returns what of its files could not be
// read, or not to its end.
func digested(ctx context.Context, v View, d Day, to Digest) (unread []Skipped, err error) {
	add := map[Kind]func([]byte) error{
		Runs: to.AddRun, Overrides: to.AddOverride, Agreements: to.AddAgreement, Coverage: to.AddCoverage,
	}
	for _, k := range Kinds() {
		r, name, err := open(ctx, v, k, d)
		if err == nil {
			err = each(r, add[k])
			r.Close()
		}
		switch {
		case err == nil, errors.Is(err, fs.ErrNotExist):
		case unusable(err):
			unread = append(unread, Skipped{name, why(err)})
		default:
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
	}
	return unread, nil
}

// each adds the lines of a file to a digest, which counts what it cannot read.
func each(r io.Reader, add func([]byte) error) error {
	for line, err := range lines(r) {
		if err != nil && !errors.Is(err, ErrLine) {
			return err
		}
		add(line)
	}
	return nil
}

// unusable reports whether an error is about what lies in the history, and not
// about reaching it. A report counts it, and has the rest.
func unusable(err error) bool {
	return errors.Is(err, ErrDamaged) || errors.Is(err, ErrRefused) || errors.Is(err, errLarge) || errors.Is(err, fs.ErrPermission)
}

// summary returns the summary that is kept of a day, nil for none that can be
// read.
func summary(ctx context.Context, v View, d Day) *Summary {
	raw, err := whole(ctx, v, d.SummaryFile())
	if err != nil || raw == nil {
		return nil
	}
	var doc jsonl.Doc
	kept, used, err := doc.Parse(raw)
	if err != nil || used != len(raw) {
		return nil
	}
	s := &Summary{Schema: kept.Get("schema").String(), Day: Day(kept.Get("date").String()), By: kept.Get("by").String(), Summary: kept.Get("summary").Raw()}
	if s.Schema != SummarySchema || s.Day != d || json.Unmarshal(kept.Get("of").Raw(), &s.Of) != nil {
		return nil
	}
	if unread := kept.Get("unread"); unread.Exists() && json.Unmarshal(unread.Raw(), &s.Unread) != nil {
		return nil
	}
	return s
}

// sources identifies the files of a day, and says which of them cannot be opened.
func sources(ctx context.Context, v View, d Day) (out []Source, unread []Skipped, err error) {
	out = []Source{}
	for _, k := range Kinds() {
		for _, name := range []string{d.File(k), d.File(k) + packed} {
			s, err := source(ctx, v, name)
			switch {
			case errors.Is(err, fs.ErrNotExist):
				continue
			case err == nil:
				out = append(out, s)
			case unusable(err):
				unread = append(unread, Skipped{name, why(err)})
			default:
				return nil, nil, fmt.Errorf("reading %s: %w", name, err)
			}
			break // the compressed one beside it does not count
		}
	}
	return out, unread, nil
}

// why says in short what an unusable file is.
func why(err error) string {
	if errors.Is(err, ErrDamaged) {
		return "damaged: what can be read of it counts"
	}
	for _, short := range []error{ErrRefused, errLarge} {
		if errors.Is(err, short) {
			return short.Error()
		}
	}
	return errClosed.Error()
}

func source(ctx context.Context, v View, name string) (Source, error) {
	r, err := v.Open(ctx, name)
	if err != nil {
		return Source{}, err
	}
	defer r.Close()
	sum, count := crc32.New(crc32.MakeTable(crc32.Castagnoli)), &lineCount{}
	into := io.MultiWriter(sum, count)
	if strings.HasSuffix(name, packed) {
		into = sum
	}
	n, err := io.CopyBuffer(into, struct{ io.Reader }{r}, make([]byte, 256<<10))
	return Source{File: name, Bytes: n, Lines: count.lines(), CRC32C: fmt.Sprintf("%08x", sum.Sum32())}, err
}

// lineCount counts the lines of what is written to it that are not blank.
type lineCount struct {
	ended int64
	text  bool // in the line that has not ended
}

func (c *lineCount) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		line, after, ended := bytes.Cut(rest, []byte("\n"))
		c.text = c.text || len(bytes.TrimSpace(line)) > 0
		if ended && c.text {
			c.ended++
		}
		c.text = c.text && !ended
		rest = after
	}
	return len(p), nil
}

func (c *lineCount) lines() int64 {
	if c.text {
		return c.ended + 1
	}
	return c.ended
}

// marshalled returns v as indented JSON, as people read it.
func marshalled(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// change returns the summary as a file. It stands on one line.
func (s *Summary) change() (Change, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return Change{}, fmt.Errorf("writing the summary of %s: %w", s.Day, err)
	}
	return Change{s.Day.SummaryFile(), b.Bytes()}, nil
}
