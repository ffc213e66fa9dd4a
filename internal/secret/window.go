package secret

import (
	"bytes"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

func itoa(n int) string { return strconv.Itoa(n) }

// maxLevels is how many levels of escapes are undone: JSON in JSON in JSON.
const maxLevels = 8

// window is a piece of the raw bytes with some of its escapes undone, and where
// each of its bytes stands in the raw bytes.
type window struct {
	text []byte
	at   []int32 // where in the piece each byte begins, as it is written there; empty where nothing was undone
	to   []int32 // and where it ends
	base int     // where the piece begins
}

// set makes w the raw bytes themselves, which begin at base.
func (w *window) set(raw []byte, base int) {
	w.base, w.text, w.at, w.to = base, append(w.text[:0], raw...), w.at[:0], w.to[:0]
}

// start returns where the byte at an offset begins in the raw bytes.
func (w *window) start(offset int) int {
	switch {
	case len(w.at) == 0:
		return w.base + offset
	case offset >= len(w.at):
		return w.end(offset)
	}
	return w.base + int(w.at[offset])
}

// end returns where the byte before an offset ends in the raw bytes.
func (w *window) end(offset int) int {
	switch {
	case len(w.at) == 0:
		return w.base + offset
	case offset == 0:
		return w.start(0)
	}
	return w.base + int(w.to[offset-1])
}

// drop leaves out the first n bytes.
func (w *window) drop(n int) {
	w.text = w.text[n:]
	if len(w.at) == 0 {
		w.base += n
		return
	}
	w.at, w.to = w.at[n:], w.to[n:]
}

// parted reports whether something was left out before the byte at an offset.
func (w *window) parted(offset int) bool {
	return 0 < offset && offset < len(w.at) && w.at[offset] > w.to[offset-1]
}

func (w *window) reset(from *window) {
	n := len(from.text)
	w.base, w.text = from.base, w.text[:0]
	w.at, w.to = slices.Grow(w.at[:0], n+1), slices.Grow(w.to[:0], n+1)
}

// copy appends the bytes of another window from i up to j.
func (w *window) copy(from *window, i, j int) {
	w.text = append(w.text, from.text[i:j]...)
	if len(from.at) > 0 {
		w.at, w.to = append(w.at, from.at[i:j]...), append(w.to, from.to[i:j]...)
		return
	}
	for ; i < j; i++ {
		w.at, w.to = append(w.at, int32(i)), append(w.to, int32(i+1))
	}
}

// put appends a character that stands for the bytes of another window from i
// up to j.
func (w *window) put(c rune, from *window, i, j int) {
	w.text = utf8.AppendRune(w.text, c)
	at, to := int32(from.start(i)-from.base), int32(from.end(j)-from.base)
	for len(w.at) < len(w.text) {
		w.at, w.to = append(w.at, at), append(w.to, to)
	}
}

// undo writes to out what w is with one level of JSON's escapes undone. It
// reports false where there are none.
func (w *window) undo(out *window) bool {
	i := bytes.IndexByte(w.text, '\\')
	if i < 0 {
		return false
	}
	out.reset(w)
	done, changed := 0, false
	for i < len(w.text) {
		c, n := escape(w.text[i:])
		if n > 0 {
			out.copy(w, done, i)
			out.put(c, w, i, i+n)
			done, changed = i+n, true
		}
		i += max(n, 1)
		next := bytes.IndexByte(w.text[i:], '\\')
		if next < 0 {
			break
		}
		i += next
	}
	out.copy(w, done, len(w.text))
	return changed
}

// strip writes to out what w is without the characters that show nothing: codes
// that colour a terminal, control and zero-width characters. It reports false
// where there are none.
func (w *window) strip(out *window) bool {
	return w.leave(out, invisible)
}

// join writes to out what w is without the first breaks of lines and the indent
// behind them, and without what strip leaves out. It ends with the first break
// that stays: no credential that is looked for in this way goes on behind one.
func (w *window) join(out *window, breaks int) bool {
	return w.leave(out, func(s []byte) int {
		n := invisible(s)
		switch {
		case n > 0 || s[0] != '\n':
			return n
		case breaks == 0:
			return toEnd
		}
		breaks--
		return 1 + indent(s[1:])
	})
}

// toEnd says that all behind a character is left out.
const toEnd = -1

func (w *window) leave(out *window, skip func(s []byte) int) bool {
	out.reset(w)
	done, changed := 0, false
	for i := 0; i < len(w.text); {
		if c := w.text[i]; ' ' <= c && c < 0x7f {
			i++
			continue
		}
		n := skip(w.text[i:])
		if n == toEnd {
			out.copy(w, done, i+1)
			return true
		}
		if n > 0 {
			out.copy(w, done, i)
			done, changed = i+n, true
		}
		i += max(n, 1)
	}
	out.copy(w, done, len(w.text))
	return changed
}

// escape returns the character that the escape at the start of s stands for and
// the length of the escape, 0 where there is none.
func escape(s []byte) (c rune, n int) {
	if len(s) < 2 || s[0] != '\\' {
		return 0, 0
	}
	switch s[1] {
	case 'n':
		return '\n', 2
	case 't':
		return '\t', 2
	case 'r':
		return '\r', 2
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case '"', '\\', '/':
		return rune(s[1]), 2
	}
	c, ok := unicodeEscape(s)
	if !ok {
		return 0, 0
	}
	if utf16.IsSurrogate(c) {
		if low, ok := unicodeEscape(s[6:]); ok {
			if pair := utf16.DecodeRune(c, low); pair != utf8.RuneError {
				return pair, 12
			}
		}
		c = utf8.RuneError
	}
	return c, 6
}

// unicodeEscape returns the value of the \u escape at the start of s.
func unicodeEscape(s []byte) (c rune, ok bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	for _, b := range s[2:6] {
		switch {
		case '0' <= b && b <= '9':
			c = c<<4 | rune(b-'0')
		case 'a' <= b|0x20 && b|0x20 <= 'f':
			c = c<<4 | rune(b|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return c, true
}

func isHex(s []byte) bool {
	for _, c := range s {
		if !('0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f') {
			return false
		}
	}
	return true
}
