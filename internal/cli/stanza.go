package cli

import (
	"bytes"
	"slices"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/secret"
)

// stanza is what is scanned at once: a chunk, or lines that stand together, since
// a private key or a wrapped token goes over several lines of plain text, and
// anything over several pieces of a message that was streamed.
type stanza struct {
	jsonl.Chunk
	parts []jsonl.Chunk // the chunks that it is made of
	ends  []int         // where in it each of them ends
}

// copy returns a stanza that stays as it is, of which raw is a copy of the text.
func (s stanza) copy(raw []byte) stanza {
	s.Raw, s.parts = raw, slices.Clone(s.parts)
	for i, end := range s.ends {
		s.parts[i].Raw = raw[end-len(s.parts[i].Raw) : end]
	}
	s.ends = nil
	return s
}

// The sizes from which on a stanza ends between two lines of which neither
// looks like a piece of a longer text, and between any two.
const (
	longStanza = 128 << 10
	maxStanza  = 2 << 20
)

// stanzaReader gathers the chunks of a file into stanzas.
type stanzaReader struct {
	r     *jsonl.Reader
	ahead jsonl.Chunk // a copy of a chunk that was read and belongs to no stanza yet
	has   bool
	err   error
	buf   []byte
	ends  []int // of the parts in buf
	parts []jsonl.Chunk
}

// Next returns the next stanza, and io.EOF at the end. It is valid until Next is
// called again.
func (s *stanzaReader) Next() (stanza, error) {
	c, err := s.chunk()
	if err != nil {
		return stanza{}, err
	}
	s.parts = append(s.parts[:0], c)
	if c.Part > 0 || !plainLine(c.Raw) && !opensKey(c.Raw) && !secret.Streamed(c.Raw) {
		s.ends = append(s.ends[:0], len(c.Raw))
		return stanza{c, s.parts, s.ends}, nil
	}
	return s.gather(c), nil
}

func (s *stanzaReader) chunk() (jsonl.Chunk, error) {
	if s.has {
		s.has = false
		return s.ahead, nil
	}
	if s.err != nil {
		return jsonl.Chunk{}, s.err
	}
	return s.r.Next()
}

// gather adds lines to a stanza that begins with c.
func (s *stanzaReader) gather(c jsonl.Chunk) stanza {
	whole, streamed := c, !plainLine(c.Raw) && secret.Streamed(c.Raw)
	s.buf, s.ends = append(s.buf[:0], c.Raw...), append(s.ends[:0], len(c.Raw))
	for line := c.Line; ; {
		n, err := s.r.Next()
		if err != nil {
			s.err = err
			break
		}
		if !s.goesOn(streamed, n) {
			n.Raw = append([]byte(nil), n.Raw...)
			s.ahead, s.has = n, true
			break
		}
		for ; line < n.Line; line++ { // blank lines too
			s.buf = append(s.buf, '\n')
		}
		s.buf = append(s.buf, n.Raw...)
		s.ends, s.parts = append(s.ends, len(s.buf)), append(s.parts, n)
		whole.End = n.End
	}
	for i := range s.parts {
		s.parts[i].Raw = s.buf[s.ends[i]-len(s.parts[i].Raw) : s.ends[i]]
	}
	whole.Raw = s.buf
	return stanza{whole, s.parts, s.ends}
}

// goesOn reports whether a chunk belongs to a stanza, of plain text or of the
// pieces of a message.
func (s *stanzaReader) goesOn(streamed bool, next jsonl.Chunk) bool {
	switch {
	case next.Part > 0 || s.full(next.Raw):
		return false
	case streamed:
		return secret.Streamed(next.Raw)
	}
	return plainLine(next.Raw) || openKey(s.buf)
}

// own returns what of some findings in a stanza is to be told of it.
func (s stanza) own(found []secret.Match) []secret.Match {
	if s.Part == 0 {
		return found
	}
	return slices.DeleteFunc(found, func(m secret.Match) bool { return !s.Owns(m.Start) })
}

// cut returns the parts of a stanza as they stand in its text with the
// credentials cut out of it, which leaves its lines.
func (s stanza) cut(text []byte) []jsonl.Chunk {
	lines := bytes.Split(text, []byte("\n"))
	for i := range s.parts {
		p := &s.parts[i]
		from := p.Line - s.Line
		to := from + bytes.Count(p.Raw, []byte("\n")) + 1
		p.Raw = bytes.Join(lines[min(from, len(lines)):min(to, len(lines))], []byte("\n"))
	}
	return s.parts
}

// full reports whether a stanza ends before a line.
func (s *stanzaReader) full(next []byte) bool {
	last := s.buf[bytes.LastIndexByte(s.buf, '\n')+1:]
	return len(s.buf) > maxStanza || len(s.buf) > longStanza && !piece(last) && !piece(next) && !openKey(s.buf)
}

// piece reports whether a line may be a piece of a longer text: it is one long
// word.
func piece(line []byte) bool {
	line = bytes.TrimSpace(line)
	return len(line) >= 16 && line[0] != '{' && bytes.IndexByte(line, ' ') < 0
}

// plainLine reports whether a line is no JSON, nor was meant to be any.
func plainLine(raw []byte) bool {
	raw = bytes.TrimLeft(raw, " \t")
	switch {
	case len(raw) == 0 || raw[0] == '{':
		return false
	case raw[0] == '[':
		rest := bytes.TrimLeft(raw[1:], " \t")
		return len(rest) > 0 && bytes.IndexByte([]byte(`{["`), rest[0]) < 0
	}
	return true
}

// opensKey reports whether a private key begins at the end of a line.
func opensKey(line []byte) bool {
	end := bytes.TrimRight(line[max(0, len(line)-100):], " \t\r")
	return bytes.HasSuffix(end, []byte("-----")) && bytes.Contains(end, []byte("-----BEGIN ")) && bytes.Contains(end, []byte("PRIVATE KEY"))
}

// openKey reports whether a text ends within a private key.
func openKey(text []byte) bool {
	const longest = 16 << 10
	text = text[max(0, len(text)-longest):]
	i := bytes.LastIndex(text, []byte("-----BEGIN "))
	return i >= 0 && bytes.Contains(text[i:min(len(text), i+60)], []byte("PRIVATE KEY")) && !bytes.Contains(text[i:], []byte("-----END "))
}
