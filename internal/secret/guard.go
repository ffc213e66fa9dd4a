package secret

import "bytes"

// guard reports whether it is worth trying the rule where a keyword of n bytes
// stands. It looks at a few bytes only.
func (r *rule) guard(w *window, at, n int) bool {
	raw := w.text
	if r.Boundary && !boundary(raw, at) && raw[at-1] != '_' && !w.parted(at) {
		return false
	}
	rest := raw[at:min(len(raw), at+r.window())]
	switch {
	case r.Guard == "url":
		return urlPassword(rest)
	case r.Assign > 0:
		return assigned(rest[min(n-1, len(rest)):], r.Assign) // its last character may be the operator
	case r.Run > 0 && r.Back == 0:
		return run(rest, r.Run)
	}
	return true
}

// boundary reports whether a token can begin at an offset: no letter or digit
// stands before it, but for the last character of an escape, as in \nghp_.
func boundary(raw []byte, at int) bool {
	if at == 0 || !isWord(raw[at-1]) {
		return true
	}
	if at >= 2 && raw[at-2] == '\\' && bytes.IndexByte([]byte("nrtbf"), raw[at-1]) >= 0 {
		return true
	}
	if at >= 3 && raw[at-3] == '%' || at >= 3 && raw[at-1] == 'm' && raw[at-3] == '[' {
		return true // %3Dghp_, ESC[0mghp_
	}
	return at >= 6 && raw[at-6] == '\\' && raw[at-5] == 'u' && isHex(raw[at-4:at])
}

func isWord(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_'
}

// run reports whether b begins with n characters that tokens are made of, or
// that escape them.
func run(b []byte, n int) bool {
	if len(b) < n {
		return false
	}
	for _, c := range b[1:n] { // the first may be the quote that a keyword begins with
		if !isWord(c) && bytes.IndexByte([]byte("-./+=%\\~:[ \t\r\n"), c) < 0 {
			return false
		}
	}
	return true
}

// assigned reports whether a value of n characters follows an = or : that comes
// within a few characters, which may be quotes, spaces and the rest of a name.
func assigned(b []byte, n int) bool {
	op := -1
	for i := 0; i < len(b) && i < 64; i++ {
		if c := b[i]; c == '=' || c == ':' {
			op = i
			break
		} else if !isWord(c) && bytes.IndexByte([]byte("\"'\\ ,-"), c) < 0 {
			return false
		}
	}
	if op < 0 {
		return false
	}
	b = bytes.TrimLeft(b[op+1:], ` "'\>`)
	length := 0
	for _, c := range b {
		if c <= ' ' && c != 0x1b || c == '"' || c == '\'' {
			// a scheme such as Bearer stands before the value
			if length < n && c == ' ' && length <= 8 && length > 0 {
				length = 0
				continue
			}
			break
		}
		if length++; length >= n {
			return true
		}
	}
	return false
}

// urlPassword reports whether an @ follows a colon within the authority of the
// URL whose scheme ends at the start of b.
func urlPassword(b []byte) bool {
	i := bytes.Index(b, []byte("://"))
	if i < 0 {
		return false
	}
	colon := false
	b = b[i+3 : min(len(b), i+300)]
	for i, c := range b {
		switch {
		case c == '@':
			return colon
		case c == ':':
			colon = true
		case c == '\\' && i+1 < len(b) && (b[i+1] == '\\' || b[i+1] == 'u'):
			// the escape of a character that the password may hold
		case c <= ' ' || c == '/' || c == '"' || c == '<' || c == '{' || c == '$' || c == '\\' || c == '`':
			return false
		}
	}
	return false
}
