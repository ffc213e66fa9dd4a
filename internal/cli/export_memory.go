package cli

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/andon-ci/andon/internal/otlp"
	"github.com/andon-ci/andon/internal/otlp/exporter"
)

// sentFile is the memory of a bundle. The manifest does not list it: it is of
// what was done with the bundle, and not of what is in it.
const sentFile = "sent.jsonl"

// memory is what was sent where. Backends take a span once or show it twice, so
// that what was sent is not sent again unless it has gone on.
type memory struct {
	path  string // empty keeps nothing
	mu    sync.Mutex
	lines []sentLine
	at    map[string]int // of the last line, by endpoint and unit
	added []sentLine     // since it was read
}

// sentLine is one line of the file.
type sentLine struct {
	Endpoint string `json:"endpoint"` // a hash of its URL
	Span     string `json:"span"`     // the topmost of what was sent
	Digest   string `json:"digest"`   // of how far it had come

	// Of a run: where it is, for what is linked to it later.
	Trace  string    `json:"trace,omitempty"`
	Run    string    `json:"run,omitempty"`
	Thread string    `json:"thread,omitempty"`
	Start  time.Time `json:"start,omitzero"`
}

// place returns where the run of the line is, of no run where it has none.
func (l *sentLine) place() otlp.Place {
	at, ok := otlp.ParseTraceparent("00-" + l.Trace + "-" + l.Span + "-01")
	if !ok {
		return otlp.Place{}
	}
	return otlp.Place{Run: l.Run, Thread: l.Thread, Start: l.Start, Link: otlp.Link{Trace: at.Trace, Span: at.Span}}
}

// maxSent bounds the file, in bytes and in lines.
const (
	maxSent      = 64 << 20
	maxSentLines = 300_000
)

func newMemory(path string) (*memory, error) {
	m := &memory{path: path, at: map[string]int{}}
	if path == "" {
		return m, nil
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return m, nil
	case err == nil && (!info.Mode().IsRegular() || info.Size() > maxSent):
		err = fmt.Errorf("it is no file of at most %d MiB", maxSent>>20)
	}
	var raw []byte
	if err == nil {
		raw, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, failure(errors.New(reason(err)), "reading "+path, "--sent takes the file that an earlier export wrote, or a new one")
	}
	for line := range bytes.Lines(raw) {
		var l sentLine
		if json.Unmarshal(line, &l) == nil && l.Span != "" && len(m.lines) < maxSentLines { // one that cannot be read was not sent
			m.put(l)
		}
	}
	if len(bytes.TrimSpace(raw)) > 0 && len(m.lines) == 0 { // it would be lost
		return nil, failure(errors.New("it is another file"), "reading "+path, "--sent takes the file that an earlier export wrote, or a new one")
	}
	return m, nil
}

// bundleMemory is the memory of a bundle. One that cannot be read is empty: a
// bundle may be a stranger's.
func bundleMemory(dir string) *memory {
	path := filepath.Join(dir, sentFile)
	m, err := newMemory(path)
	if err != nil {
		m, _ = newMemory("")
	}
	m.path = path
	return m
}

func (m *memory) put(l sentLine) {
	key := l.Endpoint + " " + l.Span
	if i, known := m.at[key]; known {
		m.lines[i] = l
	} else {
		m.at[key] = len(m.lines)
		m.lines = append(m.lines, l)
	}
}

func (m *memory) has(endpoint string, u otlp.Unit) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	i, known := m.at[endpoint+" "+u.Key]
	return known && m.lines[i].Digest == u.Digest
}

func (m *memory) add(endpoint string, u otlp.Unit) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := sentLine{Endpoint: endpoint, Span: u.Key, Digest: u.Digest}
	if p := u.Place; p.Run != "" {
		l.Trace, l.Run, l.Thread, l.Start = p.Link.Trace.String(), p.Run, p.Thread, p.Start
	}
	m.put(l)
	m.added = append(m.added, l)
}

// endpointID names an endpoint in the memory, without its URL.
func endpointID(e exporter.Endpoint) string {
	sum := sha256.Sum256([]byte(e.Traces + "\n" + e.Metrics))
	return hex.EncodeToString(sum[:8])
}

// remember adds to the file what was sent, and leaves in it what others have
// added since. Where it cannot be written, the next export sends again: that is
// to be said, and is no failure of this one.
func (e *export) remember(m *memory) {
	if m.path == "" || len(m.added) == 0 {
		return
	}
	if now, err := newMemory(m.path); err == nil {
		for _, l := range m.added {
			now.put(l)
		}
		m = now
	}
	if err := m.write(); err != nil {
		fmt.Fprintf(e.env.Stderr, "andon: warning: what was sent could not be remembered: %s\n", plain(reason(err)))
	}
}

func (m *memory) write() error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	for _, l := range m.lines[max(0, len(m.lines)-maxSentLines):] {
		if err := enc.Encode(l); err != nil {
			return err
		}
	}
	tmp, err := os.CreateTemp(filepath.Dir(m.path), ".andon-sent-")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(b.Bytes())
	if err := errors.Join(err, tmp.Chmod(0o644), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), m.path)
}
