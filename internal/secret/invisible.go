package secret

import (
	"bytes"
	"unicode/utf8"
)

// invisible returns the length of what shows nothing at the start of s: a
// control sequence or control character but for tab and newline, a character of
// no width, or one that turns the direction of writing. Any of them may stand
// within a credential without whoever copies it being any the wiser.
func invisible(s []byte) int {
	switch c := s[0]; {
	case c == 0x1b:
		return ansi(s)
	case c == '\t' || c == '\n':
		return 0
	case c < ' ' || c == 0x7f:
		return 1
	case c < utf8.RuneSelf:
		return 0
	}
	r, n := utf8.DecodeRune(s)
	switch {
	case r == 0x9b: // the same as ESC [
		return n + parameters(s[n:])
	case unseen(r):
		return n
	}
	return 0
}

// unseen reports whether a character beyond ASCII shows nothing: those that
// Unicode calls Default_Ignorable_Code_Point (but for fillers that take up
// room) and the C1 controls.
func unseen(r rune) bool {
	switch {
	case 0x80 <= r && r <= 0x9f, r == 0xad, r == 0x34f, r == 0x61c:
		return true
	case 0x180b <= r && r <= 0x180f, 0x200b <= r && r <= 0x200f, 0x202a <= r && r <= 0x202e, 0x2060 <= r && r <= 0x206f:
		return true
	}
	return 0xfe00 <= r && r <= 0xfe0f || r == 0xfeff || 0xfff9 <= r && r <= 0xfffb || 0xe0000 <= r && r <= 0xe0fff
}

// unseenLeads are the first bytes of those characters in UTF-8.
const unseenLeads = "\xc2\xcd\xd8\xe1\xe2\xef\xf3"

// ansi returns the length of the control sequence at the start of s (ECMA-48),
// 1 where it is the escape character alone.
func ansi(s []byte) int {
	if len(s) < 2 {
		return 1
	}
	switch s[1] {
	case '[':
		return 2 + parameters(s[2:])
	case '(', ')', '*', '+':
		return min(3, len(s))
	case ']': // up to BEL or ESC \, as in a hyperlink
		body := s[2:min(len(s), 400)]
		if i := bytes.IndexByte(body, 7); i >= 0 {
			return 2 + i + 1
		}
		if i := bytes.Index(body, []byte("\x1b\\")); i >= 0 {
			return 2 + i + 2
		}
	}
	return 1
}

// parameters returns the length of what follows the beginning of a control
// sequence, with its last byte.
func parameters(s []byte) int {
	for i := 0; i < len(s) && i < 32; i++ {
		if 0x40 <= s[i] && s[i] <= 0x7e {
			return i + 1
		}
		if s[i] < 0x20 || s[i] > 0x3f {
			break
		}
	}
	return 0
}

// indent returns how many spaces and tabs s begins with.
func indent(s []byte) int {
	n := 0
	for n < len(s) && (s[n] == ' ' || s[n] == '\t') {
		n++
	}
	return n
}
