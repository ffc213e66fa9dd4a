package secret

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
)

// Redact returns raw with every credential replaced by [REDACTED:rule:id], and
// what it replaced. A value that was found in one place is replaced wherever it
// stands. Everything else stays as it is: JSON stays JSON, since the replacement
// needs no escape, and the ends of strings and lines within a credential stay.
// What was redacted before is left alone.
func (s *Scanner) Redact(raw []byte) ([]byte, []Match) {
	found := s.scan(raw, len(raw)+1)
	if len(found) == 0 {
		return raw, nil
	}
	if more := echoes(raw, found); len(more) > 0 {
		found = clean(append(found, more...), len(raw)+1)
	}
	s.point(raw, found)
	var out bytes.Buffer
	from := 0
	for _, m := range found {
		start := max(from, escapeStart(raw, m.Start))
		out.Write(raw[from:start])
		m.cut(&out, raw[start:m.End])
		from = m.End
	}
	out.Write(raw[from:])
	return out.Bytes(), firsts(found)
}

// cut writes what takes the place of a credential, or of each part of one that
// goes over several strings.
func (m *Match) cut(out *bytes.Buffer, value []byte) {
	for inside := true; len(value) > 0; inside = !inside {
		n := len(value)
		if m.parts {
			n = stringEnd(value)
		}
		if inside {
			if !m.rest {
				out.WriteString(m.mark())
			}
			out.Write(bytes.Repeat([]byte("\n"), bytes.Count(value[:n], []byte("\n"))))
		} else {
			out.Write(value[:n])
		}
		quote := bytes.IndexByte(value[n:], '"') + 1
		out.Write(value[n : n+quote])
		value = value[n+quote:]
	}
}

func (m *Match) mark() string {
	if len(m.Fingerprint) < 8 {
		return "[REDACTED:" + strings.TrimPrefix(m.Rule, "secret/") + "]"
	}
	return "[REDACTED:" + strings.TrimPrefix(m.Rule, "secret/") + ":" + m.Fingerprint[:8] + "]"
}

// markForm is what Redact writes.
var markForm = regexp.MustCompile(`\[REDACTED:([a-z0-9-]{1,80})(?::[0-9a-f]{8})?\]`)

// unmarked leaves out what was found in nothing but a mark: the name of a rule
// may look like a password.
func (s *Scanner) unmarked(raw []byte, found []Match) []Match {
	if len(found) == 0 || !bytes.Contains(raw, []byte("[REDACTED:")) {
		return found
	}
	for _, at := range markForm.FindAllSubmatchIndex(raw, -1) {
		if s.ids["secret/"+string(raw[at[2]:at[3]])] {
			found = slices.DeleteFunc(found, func(m Match) bool { return at[0] <= m.Start && m.End <= at[1] })
		}
	}
	return found
}

// stringEnd returns how much stands before the first quote of b and the
// backslashes before that.
func stringEnd(b []byte) int {
	i := bytes.IndexByte(b, '"')
	if i < 0 {
		return len(b)
	}
	return len(bytes.TrimRight(b[:i], "\\"))
}

// beforeName returns where a credential that goes over several strings ends: the
// last of them is none of it where it is the name of a member.
func beforeName(raw []byte, start, end int) int {
	last, inside := end, true // where the last string but one ends
	for at := start; ; inside = !inside {
		n := stringEnd(raw[at:end])
		if at+n == end {
			break
		}
		if inside {
			last = at + n
		}
		at += n + bytes.IndexByte(raw[at+n:end], '"') + 1
	}
	rest := raw[end:]
	if inside && last < end {
		if i := bytes.IndexByte(rest, '"'); i < 0 || !bytes.HasPrefix(bytes.TrimLeft(rest[i+1:], " \t\r\n"), []byte(":")) {
			return end
		}
	}
	return last
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
