package secret

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/andon-ci/andon/internal/finding"
)

// Of a token that a terminal or an editor has wrapped.
const (
	maxBreaks = 12 // breaks in it, at most
	fullPiece = 16 // bytes of each piece between two breaks, at least
	lastPiece = 3  // and of one that merely goes on with what would do without
)

// wraps reports whether a rule's credentials are tokens of an exact format,
// which are known even where the break of a line parts them.
func (r *rule) wraps() bool {
	return (r.own || r.Boundary && r.Run >= minExact) && r.Run > 0 && r.Severity == finding.Error
}

// minExact is how long a token is, at least, that is known by its format alone.
const minExact = 20

// unwrap returns the credential that stands at the beginning of a window over
// several lines, or what was matched without.
func (s *Scanner) unwrap(r *rule, w *window, m span, ok bool) (span, bool) {
	most := breaks(w.text[:min(len(w.text), r.reach())])
	for n := 1; n <= most; n++ {
		if ok && r.Length > 0 && len(m.value) >= r.Length || !w.join(&s.joined, n) {
			break // it is whole
		}
		o, found := r.match(&s.joined)
		if !found {
			if 0 <= r.longest && r.longest < len(s.joined.text)-utf8.UTFMax {
				break // with more lines, what a match can reach is the same
			}
			if i := r.shapes.of(s.joined.text).misfit(s.joined.text); r.Back == 0 && 0 <= i && i < len(s.joined.text)-1 {
				break // with more lines it begins so too
			}
			continue
		}
		last, full := s.joined.pieces(o)
		if o.value == m.value || !full || ok && !s.joined.goesOn(r, o, last) || !ok && !random(o.value) {
			break
		}
		m, ok = o, true
	}
	return m, ok
}

// reach returns within how many bytes the breaks in a credential stand.
func (r *rule) reach() int {
	if r.Length > 0 {
		return r.Length + 80
	}
	return r.window()
}

// breaks returns how many breaks of lines may part the token that a text begins
// with.
func breaks(text []byte) int {
	n, line := 0, 0
	for i := 0; i < len(text) && n < maxBreaks; i++ {
		c := text[i]
		switch {
		case c == '\n':
			if n > 0 && i-line < fullPiece {
				return n
			}
			n++
			line = i + 1 + indent(text[i+1:])
			i = line - 1
		case i > 0 && !isWord(c) && invisible(text[i:]) == 0 && c < utf8.RuneSelf && bytes.IndexByte([]byte("-./+=%~:"), c) < 0:
			return n
		}
	}
	return n
}

// pieces returns where the last line of a credential begins of which the breaks
// were left out, and reports whether the lines between are full.
func (w *window) pieces(m span) (last int, full bool) {
	from := m.to - len(m.value)
	last = from
	for i := from + 1; i < m.to; i++ {
		if !w.parted(i) {
			continue
		}
		if last > from && i-last < fullPiece {
			return last, false
		}
		last = i
	}
	return last, last > from
}

// goesOn reports whether the last line of a credential is a part of it, though
// it would do without: it makes up the length that such credentials have, or is
// itself random and ends as a token does.
func (w *window) goesOn(r *rule, m span, last int) bool {
	if d := len(m.value) - r.Length; -2 <= d && d <= 2 {
		return true
	}
	tail := string(w.text[last:m.to])
	if len(tail) < lastPiece || !mixed(tail) || !strings.ContainsAny(tail, "0123456789") {
		return false
	}
	if len(tail) > fullPiece && (tail == strings.ToLower(tail) || tail == strings.ToUpper(tail)) {
		return false // such as the hash of a commit
	}
	return m.to == len(w.text) || w.text[m.to] <= ' ' || strings.IndexByte("\"'`\\,;)]}>", w.text[m.to]) >= 0
}

// random reports whether a value that only joined lines make is one.
func random(s string) bool {
	return entropy(s) >= 3 && (mixed(s) || s == strings.ToUpper(s))
}

// mixed reports whether letters of both cases and digits come in turns, as in
// no word, at the most in its first letter or a number behind it.
func mixed(s string) bool {
	turns := 0
	for i := 1; i < len(s); i++ {
		if a, b := class(s[i-1]), class(s[i]); a != 0 && b != 0 && a != b && (i > 1 || a != 'A') {
			turns++
		}
	}
	return turns >= 2
}

func class(c byte) byte {
	switch {
	case 'a' <= c && c <= 'z':
		return 'a'
	case 'A' <= c && c <= 'Z':
		return 'A'
	case '0' <= c && c <= '9':
		return '0'
	}
	return 0
}
