package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/report"
	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

// bundleSchema names the version of the manifest's form,
// schemas/bundle.schema.json.
const bundleSchema = "andon.bundle/v1"

// manifest is the bundle's table of contents.
type manifest struct {
	Schema      string          `json:"schema"`
	Version     string          `json:"version"` // of andon
	Repository  string          `json:"repository,omitempty"`
	Subject     session.Subject `json:"subject"`
	HeadSHA     string          `json:"head_sha,omitempty"`
	Sessions    []string        `json:"sessions"` // their ids
	WorkflowRun *pipeline       `json:"workflow_run,omitempty"`
	Content     string          `json:"content"` // none, redacted, full
	Files       []bundled       `json:"files"`
	Scan        verdict         `json:"scan"`
}

// bundled is one file of the bundle beside the manifest.
type bundled struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
	Bytes  int64  `json:"bytes"`
}

// verdict is what the scan for credentials came to.
type verdict struct {
	Verdict    string       `json:"verdict"` // clean, redacted, suppressed
	Findings   int          `json:"findings"`
	Suppressed []suppressed `json:"suppressed"`
}

type suppressed struct {
	File  string   `json:"file"`
	Rules []string `json:"rules"`
}

// rollup is a run as history keeps it: a line of runs.jsonl.
type rollup struct {
	*session.Run
	Repository  string          `json:"repository,omitempty"`
	Subject     session.Subject `json:"subject"`
	HeadSHA     string          `json:"head_sha,omitempty"`
	SessionID   string          `json:"session_id"`
	WorkflowRun *pipeline       `json:"workflow_run,omitempty"`
}

// bundle is a bundle being written, in a folder beside the one that it becomes
// once it is whole.
type bundle struct {
	dir   string
	files []bundled
}

// writeBundle writes the bundle to dir, whole or not at all. Every byte of it
// is scanned as it is written, and not only when it was read: the agent may
// still be at work on its trace.
func (c *collection) writeBundle(ctx context.Context, env Env, dir string) error {
	if c.flags.onSecret == "fail" && len(c.leaking()) > 0 {
		fmt.Fprintf(env.Stderr, "andon: no bundle was written: a trace holds a credential (--on-secret fail)\n")
		return nil
	}
	given := dir
	dir, err := bundlePlace(dir)
	if err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(filepath.Dir(dir), ".andon-bundle-")
	if err != nil {
		return failure(err, "writing the bundle", "--out names a folder that can be created")
	}
	defer os.RemoveAll(tmp)
	b := &bundle{dir: tmp}
	if err := c.fillBundle(ctx, env, b); err != nil {
		return failure(err, "writing the bundle", "nothing was written; check the space and the permissions of "+dir)
	}
	if err := os.RemoveAll(dir); err != nil {
		return failure(err, "replacing the bundle", "remove "+dir)
	}
	if err := os.Rename(tmp, dir); err != nil {
		return failure(err, "writing the bundle", "check the permissions of "+dir)
	}
	c.bundle = given
	return os.Chmod(dir, 0o755)
}

func readManifest(dir string) (*manifest, error) {
	raw, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err != nil {
		return nil, err
	}
	var m manifest
	if err := json.Unmarshal(raw, &m); err != nil || m.Schema != bundleSchema {
		return nil, fmt.Errorf("%s is no bundle of this version", dir)
	}
	return &m, nil
}

func (c *collection) fillBundle(ctx context.Context, env Env, b *bundle) error {
	m := c.manifest(env)
	if err := c.writeTraces(ctx, b, m); err != nil {
		return err
	}
	for _, f := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{"session.json", func(w io.Writer) error { return report.JSON(w, c.report) }},
		{"runs.jsonl", func(w io.Writer) error { return c.writeRollups(env, w) }},
		{"summary.md", func(w io.Writer) error { return report.Markdown(w, c.report, c.markdown(env)) }},
	} {
		var buf bytes.Buffer
		if err := f.write(&buf); err != nil {
			return err
		}
		if err := b.write(f.name, c.clean(buf.Bytes())); err != nil {
			return err
		}
	}
	m.Files = b.files
	raw, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return b.write("manifest.json", c.clean(append(raw, '\n')))
}

func (c *collection) manifest(env Env) *manifest {
	m := &manifest{
		Schema: bundleSchema, Version: version(), Repository: c.key.Repository, Subject: c.key.Subject, HeadSHA: c.key.HeadSHA,
		Sessions: []string{}, WorkflowRun: pipelineOf(env.Getenv), Content: c.flags.content,
		Scan: verdict{Verdict: "clean", Suppressed: []suppressed{}},
	}
	if m.Subject.Kind == "" {
		m.Subject.Kind = "unknown"
	}
	for _, s := range c.report.Sessions {
		m.Sessions = append(m.Sessions, s.ID)
	}
	for i := range c.sources {
		m.Scan.Findings += len(c.sources[i].secrets)
	}
	return m
}

func (c *collection) writeRollups(env Env, w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	p := pipelineOf(env.Getenv)
	for _, s := range c.report.Sessions {
		for _, r := range s.Runs {
			if err := enc.Encode(rollup{r.Rollup(), s.Repository, s.Subject, s.HeadSHA, s.ID, p}); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeTraces writes what the content level allows of the traces: at none the
// steps of each run without any text, else the files themselves.
func (c *collection) writeTraces(ctx context.Context, b *bundle, m *manifest) error {
	withheld := map[string]bool{}
	for _, s := range c.leaking() {
		if c.flags.onSecret == "redact" {
			m.Scan.Verdict = "redacted"
			continue
		}
		withheld[s.name] = true
		m.Scan.Suppressed = append(m.Scan.Suppressed, suppressed{File: s.name, Rules: s.rules()})
	}
	if len(m.Scan.Suppressed) > 0 {
		m.Scan.Verdict = "suppressed"
	}
	if c.flags.content == "none" {
		return c.writeSteps(b, withheld)
	}
	for i := range c.sources {
		s := &c.sources[i]
		if s.format == "" || s.err != nil || withheld[s.name] {
			continue
		}
		if err := c.copyTrace(ctx, b, s); err != nil {
			return fmt.Errorf("copying %s: %w", s.name, c.masked(err))
		}
	}
	return nil
}

// rules returns the rules that found a credential in the file, each once.
func (s *source) rules() []string {
	var out []string
	for _, m := range s.secrets {
		if m.Severity == finding.Error && !slices.Contains(out, m.Rule) {
			out = append(out, m.Rule)
		}
	}
	return out
}

// writeSteps writes each run as a native trace without content, but for runs
// of which a file is withheld.
func (c *collection) writeSteps(b *bundle, withheld map[string]bool) error {
	for _, s := range c.report.Sessions {
		for _, r := range s.Runs {
			held := false
			for _, f := range r.Files {
				held = held || withheld[f]
			}
			if held {
				continue
			}
			var buf bytes.Buffer
			if err := trace.Write(&buf, session.Records(s, r)); err != nil {
				return err
			}
			if err := b.write("traces/"+fileName(r.ID)+".jsonl", c.clean(buf.Bytes())); err != nil {
				return err
			}
		}
	}
	return nil
}

var unsafeChars = regexp.MustCompile(`[^A-Za-z0-9_-]+`)

// fileName makes a file's name of an id that the trace chose: no path can be
// built with it, and two ids do not share a name.
func fileName(id string) string {
	sum := sha256.Sum256([]byte(id))
	clean := strings.Trim(unsafeChars.ReplaceAllString(id, "-"), "-")
	return clean[:min(len(clean), 60)] + "-" + hex.EncodeToString(sum[:4])
}

// errLeak says that a trace holds a credential that it did not hold when it was
// first read, or that redaction did not remove.
var errLeak = errors.New("a credential turned up while the trace was written; nothing was written")

// copyTrace copies a trace chunk by chunk, redacted where that is asked for.
func (c *collection) copyTrace(ctx context.Context, b *bundle, s *source) error {
	in, err := open(s.path, nil)
	if err != nil {
		return err
	}
	defer in.Close()
	w, err := b.create("traces/" + fileName(s.name) + ".jsonl")
	if err != nil {
		return err
	}
	defer w.file.Close()
	redact := c.flags.content == "redacted" || c.flags.onSecret == "redact"
	r := stanzaReader{r: jsonl.NewReader(in, 0)}
	for {
		st, err := r.Next()
		if errors.Is(err, io.EOF) {
			return b.finish(w)
		}
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := c.copyChunk(w, st.Chunk, redact); err != nil {
			return err
		}
	}
}

func (c *collection) copyChunk(w *bundleFile, chunk jsonl.Chunk, redact bool) error {
	if chunk.Part > 0 {
		return nil // over the limit for a record: counted, not copied
	}
	raw := chunk.Raw
	if redact {
		raw, _ = c.scan.Redact(raw)
	}
	raw = c.withoutPersonal(raw)
	if c.holdsSecret(raw) {
		return errLeak
	}
	if bytes.IndexByte(raw, '\n') >= 0 {
		var one bytes.Buffer
		if json.Compact(&one, raw) == nil {
			raw = one.Bytes()
		}
	}
	_, err := w.Write(append(raw, '\n'))
	return err
}

// bundleFile is a file of the bundle that counts and hashes what goes in.
type bundleFile struct {
	name string
	file *os.File
	hash hash.Hash
	size int64
}

func (f *bundleFile) Write(p []byte) (int, error) {
	n, err := f.file.Write(p)
	f.hash.Write(p[:n])
	f.size += int64(n)
	return n, err
}

func (b *bundle) create(name string) (*bundleFile, error) {
	path := filepath.Join(b.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, err
	}
	return &bundleFile{name: name, file: f, hash: sha256.New()}, nil
}

func (b *bundle) finish(f *bundleFile) error {
	b.files = append(b.files, bundled{f.name, hex.EncodeToString(f.hash.Sum(nil)), f.size})
	return f.file.Close()
}

func (b *bundle) write(name string, content []byte) error {
	f, err := b.create(name)
	if err != nil {
		return err
	}
	if _, err := f.Write(content); err != nil {
		f.file.Close()
		return err
	}
	return b.finish(f)
}
