package secret

import (
	"bytes"
	"math/bits"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// spotter finds the places in raw bytes that may hide a keyword from a search
// of them: escapes that put a character of a keyword otherwise than it is,
// characters that show nothing, and breaks of lines within a keyword.
type spotter struct {
	matters [utf8.RuneSelf]bool // whether an escape of the character may hide something
	beyond  [1 << 10]uint64     // bits of the characters beyond ASCII in keywords, as UTF-16
	splits  [256][]split        // by the last byte before a break
	pairs   [1 << 10]uint64     // bits of the bytes before and behind a break
	ends    [1 << 10]uint64     // bits of the pairs of bytes that may stand before one
	reach   int                 // bytes round a spot in which what it hides lies
}

// split is what stands before and behind the break of a line in a keyword.
type split struct{ head, tail string }

// minReach is more than what any guard looks at from a keyword on, and than the
// window of most rules.
const minReach = 640

func newSpotter(words []word) *spotter {
	s := &spotter{reach: minReach}
	for c := range s.matters {
		s.matters[c] = c < ' ' || c == 0x7f
	}
	for _, c := range `\/:=@"'>,(` + "`" { // escapes themselves, what guards look for, and what gives a name a value
		s.matters[c] = true
	}
	for _, k := range words {
		s.reach = max(s.reach, len(k.text)+64)
		for i := range len(k.text) {
			if c := k.text[i]; c >= utf8.RuneSelf {
				continue
			} else if s.matters[c] = true; k.fold {
				s.matters[upper(c)] = true
			}
		}
		for _, u := range utf16.Encode([]rune(k.text)) {
			s.beyond[u>>6] |= 1 << (u & 63)
		}
		if k.whole() {
			s.split(k.text, k.rule != nil && k.rule.Boundary)
		}
	}
	s.mayEnd('\\', 'r')
	for a := range 256 {
		s.mayEnd(byte(a), '\r')
	}
	return s
}

// mayEnd notes that one byte behind another may stand before the break of a line
// in a keyword.
func (s *spotter) mayEnd(a, b byte) {
	n := block(a, b)
	s.ends[n>>6] |= 1 << (n & 63)
}

// endsHead reports whether one byte behind another may stand before the break of
// a line in a keyword.
func (s *spotter) endsHead(a, b byte) bool {
	n := block(a, b)
	return s.ends[n>>6]&(1<<(n&63)) != 0
}

// isEnd reports the same of a byte, whatever stands before it.
func (s *spotter) isEnd(c byte) bool {
	return len(s.splits[c]) > 0 || c == 'r' || c == '\r'
}

// whole reports whether a keyword is looked for in lines that were joined. That
// is so with our own rules alone: to look for the break of a line within every
// keyword makes the search slower by a twentieth.
func (k *word) whole() bool {
	if k.rule == nil {
		return len(k.text) >= minJoined && strings.IndexByte(k.text, '\n') < 0
	}
	return k.form == plainForm && k.rule.own && (k.rule.Boundary && k.rule.wraps() || k.rule.Lead != "")
}

// minJoined keeps a known value of two short words from being seen where one
// ends a line and the other begins the next.
const minJoined = 16

func (s *spotter) split(text string, boundary bool) {
	for a := range 256 {
		if c := byte(a); !boundary || !isWord(c) || strings.IndexByte("nrtbfm0123456789abcdefABCDEF", c) >= 0 {
			s.mayEnd(c, text[0]) // what may stand before a token, or end an escape that does
		}
	}
	for i := 1; i < len(text); i++ {
		last := text[i-1]
		if i > 1 {
			s.mayEnd(text[i-2], last)
		}
		n := block(last, text[i])
		s.pairs[n>>6] |= 1 << (n & 63)
		s.splits[last] = append(s.splits[last], split{text[max(0, i-8):i], text[i:min(len(text), i+8)]})
	}
}

// within calls f for every spot of raw that begins with one of 64 bytes from an
// offset on, of which those may that are marked. It leaves out what is before
// next, and returns up to where it has looked. Broken says that a spot is the
// break of a line.
func (s *spotter) within(raw []byte, at int, marks uint64, next int, f func(at int, broken bool)) int {
	for ; marks != 0; marks &= marks - 1 {
		i := at + bits.TrailingZeros64(marks)
		if i < next || raw[i] == '\\' && i-1 > next && i+1 < len(raw) && raw[i+1] == 'n' && !s.endsHead(raw[i-2], raw[i-1]) {
			continue // most breaks of lines
		}
		next = s.look(raw, i, f)
	}
	return next
}

// look calls f if there is a spot at an offset, and returns where to go on.
func (s *spotter) look(raw []byte, i int, f func(at int, broken bool)) int {
	c := raw[i]
	switch {
	case c == '\\':
		return s.escape(raw, i, f)
	case c == '\n':
		s.broken(raw, i, i+1, f)
	case c == '\t', c >= ' ' && c < 0x7f, c == '\r' && i+1 < len(raw) && raw[i+1] == '\n':
	case c <= 0x7f:
		f(i, false)
	default:
		if n := invisible(raw[i:]); n > 0 {
			f(i, false)
			return i + n
		}
	}
	return i + 1
}

// escape does the same for the backslashes at an offset, however many: that
// many levels down, the character behind them is escaped.
func (s *spotter) escape(raw []byte, i int, f func(at int, broken bool)) int {
	at := i
	for i < len(raw) && raw[i] == '\\' {
		i++
	}
	if i == len(raw) {
		return i
	}
	switch raw[i] {
	case 'n':
		s.broken(raw, at, i+1, f)
	case 'r':
		if next := raw[i+1:]; len(next) <= i-at || !bytes.HasPrefix(next, raw[at:i]) || next[i-at] != 'n' {
			f(at, false)
		}
	case '/', 'b', 'f':
		f(at, false)
	case 'u':
		if c, ok := unicodeEscape(raw[i-1:]); ok {
			if s.hides(c) {
				f(at, c == '\n')
			}
			return i + 5
		}
	}
	return i + 1
}

// hides reports whether a character that is escaped may be one of a keyword, or
// shows nothing.
func (s *spotter) hides(c rune) bool {
	if c < utf8.RuneSelf {
		return s.matters[c]
	}
	return s.beyond[c>>6]&(1<<(c&63)) != 0 || unseen(c) || c>>10 == 0xdb40>>10
}

// broken calls f where a line ends within a keyword and goes on behind the
// indent of the next.
func (s *spotter) broken(raw []byte, at, next int, f func(at int, broken bool)) {
	for at > 0 && (raw[at-1] == '\r' || at > 1 && raw[at-1] == 'r' && raw[at-2] == '\\') {
		at-- // of a break that is CR and LF
		for at > 0 && raw[at-1] == '\\' {
			at--
		}
	}
	if at == 0 || len(s.splits[raw[at-1]]) == 0 {
		return
	}
	if at > 1 && !s.endsHead(raw[at-2], raw[at-1]) {
		return
	}
	rest := raw[next:]
	for n := 1; n > 0; rest = rest[n:] {
		n = space(rest)
	}
	if len(rest) == 0 {
		return
	}
	if n := block(raw[at-1], rest[0]); s.pairs[n>>6]&(1<<(n&63)) == 0 {
		return
	}
	for _, p := range s.splits[raw[at-1]] {
		if p.tail[0] == rest[0] && bytes.HasSuffix(raw[:at], []byte(p.head)) && bytes.HasPrefix(rest, []byte(p.tail)) {
			f(at, true)
			return
		}
	}
}

// space returns the length of a space, or of a tab however it is escaped, at
// the start of s.
func space(s []byte) int {
	n := 0
	for n < len(s) && s[n] == '\\' {
		n++
	}
	switch {
	case n == len(s):
		return 0
	case n > 0 && s[n] == 't', n == 0 && (s[n] == ' ' || s[n] == '\t'):
		return n + 1
	}
	return 0
}
