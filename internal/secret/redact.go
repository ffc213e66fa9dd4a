package secret

import (
	"bytes"
	"strings"
)

// Redact returns raw with every credential replaced by [REDACTED:rule:id], and
// what it replaced. Everything else stays as it is, and JSON stays JSON: the
// replacement needs no escape, and a credential never reaches over the end of a
// string. What was redacted before is left alone.
func (s *Scanner) Redact(raw []byte) ([]byte, []Match) {
	found := s.scan(raw, len(raw)+1)
	if len(found) == 0 {
		return raw, nil
	}
	s.point(raw, found)
	var out bytes.Buffer
	from := 0
	for _, m := range found {
		out.Write(raw[from:max(from, escapeStart(raw, m.Start))])
		out.WriteString("[REDACTED:")
		out.WriteString(strings.TrimPrefix(m.Rule, "secret/"))
		if len(m.Fingerprint) >= 8 {
			out.WriteString(":" + m.Fingerprint[:8])
		}
		out.WriteByte(']')
		from = m.End
	}
	out.Write(raw[from:])
	return out.Bytes(), found
}

// escapeStart returns where a credential at an offset begins to be cut out: one
// that was found to begin within an escape, as with the letter of \bAKIA, takes
// the rest of it along, which alone would make JSON invalid.
func escapeStart(raw []byte, at int) int {
	for back := 2; back < 6 && back <= at; back++ {
		if i := at - back; raw[i] == '\\' && i+1 < len(raw) && raw[i+1] == 'u' && odd(raw, i+1) {
			if _, ok := unicodeEscape(raw[i:]); ok {
				return i
			}
		}
	}
	if odd(raw, at) {
		return at - 1
	}
	return at
}

// odd reports whether an odd number of backslashes stands before an offset: the
// last of them escapes what stands there.
func odd(raw []byte, at int) bool {
	n := 0
	for n < at && raw[at-n-1] == '\\' {
		n++
	}
	return n%2 == 1
}
