// Package artifact opens bundles that others made: the zip files that a forge
// keeps as artifacts. It is for the commands that gather what many jobs left.
//
// The one design decision is that a bundle is believed in nothing but its
// figures. It is read within limits, no file of it is ever written anywhere,
// its documents are held against their schemas, and all of it is scanned for
// credentials again: whoever runs a job decides what its artifact holds.
package artifact

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"path"
	"strings"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/secret"
	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
	"github.com/andon-ci/andon/internal/validate"
)

// Limits bound what is read of one bundle. What is over one of them makes it
// invalid as a whole.
type Limits struct {
	Entries  int   // files and folders in the zip file
	Bytes    int64 // of all files, unpacked
	Document int64 // of session.json, of manifest.json, and of runs.jsonl
	Runs     int
	Ratio    int64 // unpacked to packed, beyond the first 8 MiB
}

// Default returns limits that no honest bundle comes near to.
func Default() Limits {
	return Limits{Entries: 5_000, Bytes: 512 << 20, Document: 16 << 20, Runs: 1_000, Ratio: 250}
}

// Bundle is what a bundle says.
type Bundle struct {
	Report  *session.Report
	Rollups []json.RawMessage // the lines of runs.jsonl
	Version string            // of andon, that wrote it
	Claims  Claims            // what it says that it is about, which is not to be believed
	Bytes   int64             // unpacked
}

// Claims is what the manifest says that the bundle is about.
type Claims struct {
	Repository string
	Subject    session.Subject
	HeadSHA    string
}

// Opener opens bundles. It is not for concurrent use.
type Opener struct {
	limits Limits
	scan   *secret.Scanner
	check  *validate.Validator
}

// NewOpener returns an Opener that looks for credentials with scan.
func NewOpener(l Limits, scan *secret.Scanner) (*Opener, error) {
	check, err := validate.New()
	if err != nil {
		return nil, err
	}
	return &Opener{limits: l, scan: scan, check: check}, nil
}

// manifest is what is needed of manifest.json.
type manifest struct {
	Version    string          `json:"version"`
	Repository string          `json:"repository"`
	Subject    session.Subject `json:"subject"`
	HeadSHA    string          `json:"head_sha"`
	Files      []struct {
		Path   string `json:"path"`
		SHA256 string `json:"sha256"`
		Bytes  int64  `json:"bytes"`
	} `json:"files"`
}

// errInvalid is why a bundle cannot be used, in words that quote none of it.
type errInvalid struct {
	file, reason string
}

func (e errInvalid) Error() string { return e.reason }

// Open reads the bundle in a zip file, which findings call name. Without a
// Bundle, the findings say why there is none; a credential in it is one reason.
func (o *Opener) Open(raw []byte, name string) (*Bundle, []finding.Finding) {
	u := o.unpacking(name)
	return u.opened(u.unpack(raw))
}

// OpenFolder is Open for a bundle that was unpacked into a folder.
func (o *Opener) OpenFolder(folder fs.FS, name string) (*Bundle, []finding.Finding) {
	u := o.unpacking(name)
	u.packed = math.MaxInt64 // nothing in it grows
	return u.opened(u.walk(folder))
}

func (o *Opener) unpacking(name string) *unpacking {
	return &unpacking{opener: o, name: name, documents: map[string][]byte{}, sums: map[string]string{}, seen: map[string]bool{}}
}

// opened turns what was unpacked into a bundle, or into why there is none.
func (u *unpacking) opened(err error) (*Bundle, []finding.Finding) {
	if len(u.leaks) > 0 {
		return nil, u.leaks // also where the rest could not be read
	}
	var b *Bundle
	if err == nil {
		b, err = u.read()
	}
	var bad errInvalid
	switch {
	case err == nil:
		return b, nil
	case !errors.As(err, &bad):
		bad = errInvalid{reason: "it is damaged"}
	}
	return nil, append([]finding.Finding{{
		Rule: "artifact/invalid", Severity: finding.Error, Message: "a bundle cannot be used: " + bad.reason,
		Hint: "its job may have been stopped, or written it with another version of andon; look at the job's log before you believe anything else of it",
		Pos:  trace.Pos{File: path.Join(u.name, bad.file)},
	}}, u.problems...)
}

// unpacking is one zip file on its way to a Bundle.
type unpacking struct {
	opener    *Opener
	name      string
	documents map[string][]byte
	sums      map[string]string // hex, by path
	seen      map[string]bool
	bytes     int64
	packed    int64
	leaks     []finding.Finding
	problems  []finding.Finding
	lines     []json.RawMessage // of runs.jsonl
}

func (u *unpacking) unpack(raw []byte) error {
	u.packed = int64(len(raw))
	z, err := zip.NewReader(bytes.NewReader(raw), u.packed)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return err
	}
	if len(z.File) > u.opener.limits.Entries {
		return errInvalid{reason: fmt.Sprintf("it has over %d files", u.opener.limits.Entries)}
	}
	for _, f := range z.File {
		if err := u.entry(f); err != nil {
			return err
		}
	}
	return nil
}

// walk reads the files of a folder.
func (u *unpacking) walk(folder fs.FS) error {
	n := 0
	return fs.WalkDir(folder, ".", func(name string, e fs.DirEntry, err error) error {
		switch n++; {
		case err != nil:
			return err
		case n > u.opener.limits.Entries:
			return errInvalid{reason: fmt.Sprintf("it has over %d files", u.opener.limits.Entries)}
		case e.IsDir():
			return nil
		case !local(name):
			return errInvalid{reason: "a name in it is none that andon gives"}
		case !e.Type().IsRegular():
			return errInvalid{reason: "it holds a link or a special file"}
		}
		r, err := folder.Open(name)
		if err != nil {
			return err
		}
		defer r.Close()
		return u.content(name, r)
	})
}

// entry scans one file, and keeps it where it is a document.
func (u *unpacking) entry(f *zip.File) error {
	if strings.HasSuffix(f.Name, "/") && f.Mode().IsDir() && f.UncompressedSize64 == 0 {
		return nil
	}
	switch {
	case !local(f.Name):
		return errInvalid{reason: "a path in it leads out of its folder"}
	case !f.Mode().IsRegular():
		return errInvalid{reason: "it holds a link or a special file"}
	case u.seen[f.Name]:
		return errInvalid{reason: "it holds a file twice"}
	}
	u.seen[f.Name] = true
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	return u.content(f.Name, r)
}

// local reports whether a path stays in the folder on every system, and has no
// characters but those that andon uses.
func local(name string) bool {
	if name == "" || len(name) > 300 || path.Clean(name) != name || path.IsAbs(name) || strings.HasPrefix(name, "..") {
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool {
		letter := r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9'
		return !letter && !strings.ContainsRune("_./-", r)
	})
}

// content reads a file once: through the limits and the hash into the scanner.
func (u *unpacking) content(name string, r io.Reader) error {
	h := sha256.New()
	var doc bytes.Buffer
	var to io.Writer = h
	wanted := name == "session.json" || name == "manifest.json" || name == "runs.jsonl"
	if wanted {
		to = io.MultiWriter(h, &doc)
	}
	left := &bounded{r: io.TeeReader(r, to), u: u}
	if wanted {
		left.document = u.opener.limits.Document
	}
	chunks := jsonl.NewReader(left, piece)
	for {
		c, err := chunks.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		u.look(name, c)
	}
	u.sums[name] = hex.EncodeToString(h.Sum(nil))
	if wanted {
		u.documents[name] = doc.Bytes()
	}
	return nil
}

// maxLeaks bounds how many credentials of one bundle are listed.
const maxLeaks = 100

func (u *unpacking) look(name string, c jsonl.Chunk) {
	for _, m := range u.opener.scan.Scan(c.Raw) {
		if m.Severity != finding.Error || len(u.leaks) >= maxLeaks {
			continue
		}
		u.leaks = append(u.leaks, finding.Finding{
			Rule: m.Rule, Severity: m.Severity, Message: m.Title + " in an artifact", Fingerprint: m.Fingerprint,
			Hint: "revoke it now and delete the artifact; none of the bundle was used",
			Pos:  trace.Pos{File: path.Join(u.name, name), Line: c.Line, Pointer: m.Pointer},
		})
	}
}

// piece bounds the memory for one value.
const piece = 16 << 20

// free is what any zip file may unpack to, however small it is.
const free = 8 << 20

// bounded ends the reading of a file that is over a limit.
type bounded struct {
	r        io.Reader
	u        *unpacking
	document int64 // most bytes of this file; 0 is no limit of its own
	n        int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.n += int64(n)
	b.u.bytes += int64(n)
	l := b.u.opener.limits
	switch {
	case b.u.bytes > l.Bytes:
		return n, errInvalid{reason: fmt.Sprintf("it has over %d MiB when unpacked", l.Bytes>>20)}
	case b.u.bytes > free && b.u.bytes/l.Ratio > b.u.packed:
		return n, errInvalid{reason: "it unpacks to far more than it could hold"}
	case b.document > 0 && b.n > b.document:
		return n, errInvalid{reason: fmt.Sprintf("a document in it has over %d MiB", b.document>>20)}
	}
	return n, err
}

// read makes a Bundle of the documents.
func (u *unpacking) read() (*Bundle, error) {
	for _, name := range []string{"manifest.json", "session.json", "runs.jsonl"} {
		if _, ok := u.documents[name]; !ok {
			return nil, errInvalid{name, "the file is not there"}
		}
	}
	if err := u.valid("bundle", "manifest.json", u.documents["manifest.json"], 0); err != nil {
		return nil, err
	}
	var m manifest
	if json.Unmarshal(u.documents["manifest.json"], &m) != nil {
		return nil, errInvalid{"manifest.json", "it cannot be read"}
	}
	for _, f := range m.Files {
		if u.sums[f.Path] != f.SHA256 {
			return nil, errInvalid{"manifest.json", "a file is not what the manifest says, or is not there"}
		}
	}
	if err := u.valid("session", "session.json", u.documents["session.json"], 0); err != nil {
		return nil, err
	}
	if err := u.rollups(); err != nil {
		return nil, err
	}
	b := &Bundle{Rollups: u.lines, Version: m.Version, Claims: Claims{m.Repository, m.Subject, m.HeadSHA}, Bytes: u.bytes}
	if json.Unmarshal(u.documents["session.json"], &b.Report) != nil {
		return nil, errInvalid{"session.json", "it cannot be read"}
	}
	runs := 0
	for _, s := range b.Report.Sessions {
		runs += len(s.Runs)
	}
	if runs > u.opener.limits.Runs {
		return nil, errInvalid{"session.json", fmt.Sprintf("it has over %d runs", u.opener.limits.Runs)}
	}
	return b, nil
}

// rollups checks the lines of runs.jsonl.
func (u *unpacking) rollups() error {
	n := 0
	for line := range bytes.Lines(u.documents["runs.jsonl"]) {
		if n++; n > u.opener.limits.Runs {
			return errInvalid{"runs.jsonl", fmt.Sprintf("it has over %d runs", u.opener.limits.Runs)}
		}
		if err := u.valid("rollup", "runs.jsonl", line, n); err != nil {
			return err
		}
		u.lines = append(u.lines, line)
	}
	return nil
}

// valid holds a document against its schema.
func (u *unpacking) valid(schema, name string, raw []byte, line int) error {
	found := u.opener.check.Document(schema, raw, path.Join(u.name, name))
	if len(found) == 0 {
		return nil
	}
	const shown = 3
	for _, f := range found[:min(len(found), shown)] {
		f.Line = line
		u.problems = append(u.problems, f)
	}
	return errInvalid{name, "it does not conform to its schema"}
}

// Rules returns the rules of the findings about artifacts.
func Rules() []finding.Rule {
	return []finding.Rule{
		{ID: "artifact/invalid", Severity: finding.Error, Title: "A bundle that was downloaded cannot be used",
			Help: "It is damaged, larger than it may be, holds links or paths that lead out of it, or does not conform to the schemas. Whoever runs a job decides what its artifact holds, so that nothing of it is believed then."},
		{ID: "artifact/mismatch", Severity: finding.Warning, Title: "A bundle says that it is about something else",
			Help: "It names another repository, pull request or commit than the forge does for the workflow run that uploaded it. The forge is believed."},
		{ID: "artifact/time", Severity: finding.Warning, Title: "A bundle gives runs times that cannot be",
			Help: "A run was at work long before its workflow run, or after it, or after now: a clock is wrong, or somebody wrote what never was. Its times are left out, and its day is that of the workflow run."},
		{ID: "artifact/unread", Severity: finding.Warning, Title: "A bundle could not be read",
			Help: "It has expired, or the forge did not hand it out: for a limit, a missing permission or a failure. The totals are without it."},
	}
}
