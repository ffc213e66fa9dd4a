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
	path    string // empty keeps nothing
	mu      sync.Mutex
	lines   []sentLine
	at      map[string]int // of the last line, by endpoint and unit
	changed bool
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
		if json.Unmarshal(line, &l) == nil && len(m.lines) < maxSentLines { // one that cannot be read was not sent
			m.put(l)
		}
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
	m.changed = true
	l := sentLine{Endpoint: endpoint, Span: u.Key, Digest: u.Digest}
	if p := u.Place; p.Run != "" {
		l.Trace, l.Run, l.Thread, l.Start = p.Link.Trace.String(), p.Run, p.Thread, p.Start
	}
	m.put(l)
}

// endpointID names an endpoint in the memory, without its URL.
func endpointID(e exporter.Endpoint) string {
	sum := sha256.Sum256([]byte(e.Traces + "\n" + e.Metrics))
	return hex.EncodeToString(sum[:8])
}

// remember writes the memory down. Where it cannot be written, the next export
// sends again: that is to be said, and is no failure of this one.
func (e *export) remember(m *memory) {
	if m.path == "" || !m.changed {
		return
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	for _, l := range m.lines[max(0, len(m.lines)-maxSentLines):] {
		if enc.Encode(l) != nil {
			return
		}
	}
	tmp, err := os.CreateTemp(filepath.Dir(m.path), ".andon-sent-")
	if err == nil {
		_, err = tmp.Write(b.Bytes())
		err = errors.Join(err, tmp.Chmod(0o644), tmp.Close())
		if err == nil {
			err = os.Rename(tmp.Name(), m.path)
		}
		os.Remove(tmp.Name())
	}
	if err != nil {
		fmt.Fprintf(e.env.Stderr, "andon: warning: what was sent could not be remembered: %s\n", plain(reason(err)))
	}
}
