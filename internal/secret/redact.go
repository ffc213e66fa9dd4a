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
// that was found to begin with the letter of an escape, as in \bAKIA, takes
// the backslash with it, which alone would make JSON invalid.
func escapeStart(raw []byte, at int) int {
	n := 0
	for n < at && raw[at-n-1] == '\\' {
		n++
	}
	return at - n%2
}
