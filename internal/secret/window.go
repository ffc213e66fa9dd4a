package secret

import (
	"bytes"
	"strconv"
	"unicode/utf8"

	"github.com/andon-ci/andon/internal/jsonl"
)

func itoa(n int) string { return strconv.Itoa(n) }

// maxLevels is how many levels of escapes are undone: JSON in JSON in JSON.
const maxLevels = 8

// window is a piece of the raw bytes with some of its escapes undone, and where
// each of its bytes stands in the raw bytes.
type window struct {
	text []byte
	at   []int32 // one more than text: where the piece ends
	base int
}

// set makes w the raw bytes themselves, which begin at base.
func (w *window) set(raw []byte, base int) {
	w.base = base
	w.text = append(w.text[:0], raw...)
	w.at = w.at[:0]
	for i := range len(raw) + 1 {
		w.at = append(w.at, int32(i))
	}
}

// raw returns where the byte at an offset stands in the raw bytes.
func (w *window) raw(offset int) int { return w.base + int(w.at[offset]) }

// undo writes to out what w is with one level of escapes undone, and without
// the codes that colour a terminal. It reports false where there are none.
func (w *window) undo(out *window) bool {
	if bytes.IndexByte(w.text, '\\') < 0 && bytes.IndexByte(w.text, 0x1b) < 0 {
		return false
	}
	out.base, out.text, out.at = w.base, out.text[:0], out.at[:0]
	changed := false
	for i := 0; i < len(w.text); {
		n := escape(w.text[i:], &out.text)
		if n == 0 {
			n = 1
			out.text = append(out.text, w.text[i])
		} else {
			changed = true
		}
		for len(out.at) < len(out.text) {
			out.at = append(out.at, w.at[i])
		}
		i += n
	}
	out.at = append(out.at, w.at[len(w.text)])
	return changed
}

// escape appends what the escape at the start of s stands for, and returns its
// length, 0 where there is none.
func escape(s []byte, dst *[]byte) int {
	switch {
	case s[0] == 0x1b:
		return ansi(s)
	case s[0] != '\\' || len(s) < 2:
		return 0
	}
	switch s[1] {
	case 'n', 't', 'r', 'b', 'f', '"', '\\', '/':
		*dst = jsonl.Unescape(*dst, s[:2])
		return 2
	case 'u':
		if len(s) >= 6 && isHex(s[2:6]) {
			r := jsonl.Unescape(nil, s[:6])
			if utf8.Valid(r) {
				*dst = append(*dst, r...)
				return 6
			}
		}
	}
	return 0
}

func isHex(s []byte) bool {
	for _, c := range s {
		if !('0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f') {
			return false
		}
	}
	return true
}

// ansi returns the length of a CSI sequence at the start of s (ECMA-48).
func ansi(s []byte) int {
	if len(s) < 3 || s[1] != '[' {
		return 0
	}
	for i := 2; i < len(s) && i < 32; i++ {
		if 0x40 <= s[i] && s[i] <= 0x7e {
			return i + 1
		}
	}
	return 0
}
