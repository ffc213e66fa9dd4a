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
}

// Digest is what a day comes to. It counts the lines that it returns an error
// for; a line over the limit is handed to it as an empty one.
type Digest interface {
	AddRun(line []byte) error
	AddOverride(line []byte) error
	AddAgreement(line []byte) error
	AddCoverage(line []byte) error
	json.Marshaler
}

// Summary is a day as it is kept beside its files, which it can be made of again
// at any time.
type Summary struct {
	Schema  string          `json:"schema"`
	Day     Day             `json:"date"`
	By      string          `json:"by"` // the Summariser's version
	Of      []Source        `json:"of"`
	Summary json.RawMessage `json:"summary"`
}

// Source identifies the content of a file that a summary was made of. Its time
// is no part of it: a clone has others.
type Source struct {
	File   string `json:"file"`
	Bytes  int64  `json:"bytes"`
	CRC32C string `json:"crc32c"` // hex; tells an edit, and is no protection against whoever may write here
}

// Summarise returns what a day comes to: as it is kept, where it was made of the
// files as they are now, else made of them. Fresh tells which.
func Summarise(ctx context.Context, v View, d Day, s Summariser) (out *Summary, fresh bool, err error) {
	of, err := sources(ctx, v, d)
	if err != nil {
		return nil, false, err
	}
	if kept := summary(ctx, v, d); kept.stands(s.Version(), of) {
		return kept, true, nil
	}
	digest := s.Day(d)
	if err := Read(ctx, v, d, digest); err != nil {
		return nil, false, err
	}
	raw, err := digest.MarshalJSON()
	if err != nil {
		return nil, false, fmt.Errorf("summing up %s: %w", d, err)
	}
	return &Summary{Schema: SummarySchema, Day: d, By: s.Version(), Of: of, Summary: raw}, false, nil
}

// Kept returns what a Summariser of a version has made of a day, where it is kept
// and was made of the files as they are now; nil otherwise. Where nothing is kept,
// the files are not looked at.
func Kept(ctx context.Context, v View, d Day, version string) (json.RawMessage, error) {
	kept := summary(ctx, v, d)
	if kept == nil || kept.By != version {
		return nil, nil
	}
	of, err := sources(ctx, v, d)
	if err != nil || !kept.stands(version, of) {
		return nil, err
	}
	return kept.Summary, nil
}

// Read adds the lines of a day's files to what the day comes to, which counts those
// that it cannot read.
func Read(ctx context.Context, v View, d Day, to Digest) error {
	add := map[Kind]func([]byte) error{
		Runs: to.AddRun, Overrides: to.AddOverride, Agreements: to.AddAgreement, Coverage: to.AddCoverage,
	}
	for _, k := range Kinds() {
		for line, err := range Lines(ctx, v, k, d) {
			if err != nil && !unusable(err) {
				return err
			}
			add[k](line)
		}
	}
	return nil
}

// unusable reports whether an error is about what lies in the history, and not
// about reaching it. A report counts it, and has the rest.
func unusable(err error) bool {
	return errors.Is(err, ErrLine) || errors.Is(err, ErrDamaged) || errors.Is(err, ErrRefused) || errors.Is(err, errLarge)
}

// summary returns the summary that is kept of a day, nil for none that can be
// read.
func summary(ctx context.Context, v View, d Day) *Summary {
	raw, err := whole(ctx, v, d.SummaryFile())
	if err != nil || raw == nil {
		return nil
	}
	var doc jsonl.Doc
	value, used, err := doc.Parse(raw)
	if err != nil || used != len(raw) {
		return nil
	}
	s := &Summary{Schema: value.Get("schema").String(), Day: Day(value.Get("date").String()), By: value.Get("by").String(), Summary: value.Get("summary").Raw()}
	if s.Schema != SummarySchema || s.Day != d || json.Unmarshal(value.Get("of").Raw(), &s.Of) != nil {
		return nil
	}
	return s
}

// stands reports whether a summary was made by a version of the files as they are.
func (s *Summary) stands(version string, of []Source) bool {
	return s != nil && s.By == version && slices.Equal(s.Of, of)
}

// sources identifies the files of a day.
func sources(ctx context.Context, v View, d Day) ([]Source, error) {
	out := []Source{}
	for _, k := range Kinds() {
		for _, name := range []string{d.File(k), d.File(k) + packed} {
			s, err := source(ctx, v, name)
			if errors.Is(err, fs.ErrNotExist) || err != nil && unusable(err) {
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("reading %s: %w", name, err)
			}
			out = append(out, s)
			break // the compressed one beside it does not count
		}
	}
	return out, nil
}

func source(ctx context.Context, v View, name string) (Source, error) {
	r, err := v.Open(ctx, name)
	if err != nil {
		return Source{}, err
	}
	defer r.Close()
	sum := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	n, err := io.CopyBuffer(sum, struct{ io.Reader }{r}, make([]byte, 256<<10))
	return Source{File: name, Bytes: n, CRC32C: fmt.Sprintf("%08x", sum.Sum32())}, err
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
