package secret

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// Of a token that a terminal or an editor has wrapped.
const (
	maxBreaks = 12 // breaks in it, at most
	fullPiece = 16 // bytes of each piece between two breaks, at least
	lastPiece = 3  // and of one that merely goes on with what would do without
)

// wraps reports whether a rule's credentials are tokens of an exact format,
// which are known even where the break of a line parts them.
func (r *rule) wraps() bool { return r.Run > 0 && r.Severity == "error" }

// unwrap returns the credential that stands at the beginning of a window over
// several lines, or what was matched without.
func (s *Scanner) unwrap(r *rule, w *window, m span, ok bool) (span, bool) {
	if !breaks(w.text) {
		return m, ok
	}
	for n := 1; n <= maxBreaks && n <= bytes.Count(w.text, []byte("\n")); n++ {
		if !w.join(&s.joined, n) {
			break
		}
		o, found := r.match(&s.joined)
		if !found {
			continue
		}
		if o.value == m.value || !s.joined.wrapped(o, ok) {
			break
		}
		m, ok = o, true
	}
	return m, ok
}

// breaks reports whether text begins with what a token may be made of, up to
// the end of a line.
func breaks(text []byte) bool {
	for i, c := range text {
		switch {
		case c == '\n':
			return true
		case i > 0 && !isWord(c) && invisible(text[i:]) == 0 && c < utf8.RuneSelf && bytes.IndexByte([]byte("-./+=%~:"), c) < 0:
			return false
		}
	}
	return false
}

// wrapped reports whether a credential that was found with breaks of lines left
// out is one: it is random, the lines within it are full, and where it would
// do without the last line, that one is random too.
func (w *window) wrapped(m span, more bool) bool {
	from := m.to - len(m.value)
	last := from
	for i := from + 1; i < m.to; i++ {
		if !w.parted(i) {
			continue
		}
		if last > from && i-last < fullPiece {
			return false
		}
		last = i
	}
	if last == from || !random(m.value) {
		return false
	}
	return !more || m.to-last >= lastPiece && mixed(string(w.text[last:m.to]))
}

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
