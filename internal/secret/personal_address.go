package secret

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxLocal bounds what is looked at before an @: RFC 5321 allows 64 characters,
// which escapes make longer.
const maxLocal = 400

// email looks for an address round an @, which stands from at up to next.
func (p *Personal) email(raw []byte, at, next int) int {
	start := localStart(raw, at)
	end := domainEnd(raw, next)
	if start == at || end == 0 || start > 1 && raw[start-1] == '/' && raw[start-2] == '/' {
		return next
	}
	local, domain := strings.ToLower(string(raw[start:at])), strings.ToLower(string(raw[next:end]))
	r := p.rules[emailRule]
	last := domain[strings.LastIndexByte(domain, '.')+1:]
	if slices.Contains(r.KeepEnds, last) || slices.Contains(r.Keep, local[strings.IndexByte(local, '+')+1:]) || containsAny(local, "noreply", "no-reply") {
		return next
	}
	return p.add(emailRule, start, end, local+"@"+domain)
}

// localStart returns where the name before an @ begins: behind any escape that
// is not a part of it.
func localStart(raw []byte, at int) int {
	low := max(0, at-maxLocal)
	i := at
	for i > low {
		c, n := utf8.DecodeLastRune(raw[low:i])
		if isLocal(c) {
			i -= n
			continue
		}
		if c != '\\' {
			break
		}
		c, n = escape(raw[i-1:])
		if n == 0 || raw[i] == '"' {
			break
		}
		if !isLocal(c) || c < utf8.RuneSelf && n == 2 {
			i += n - 1
			break
		}
		for i > low && raw[i-1] == '\\' {
			i--
		}
	}
	if i+1 < at && i > 0 && raw[i-1] == '%' && isHex(raw[i:i+2]) {
		i += 2
	}
	for i < at && bytes.IndexByte([]byte(".-+_"), raw[i]) >= 0 {
		i++
	}
	if i < at && raw[at-1] == '.' {
		return at
	}
	return i
}

// isLocal reports whether a character can stand before the @: letters beyond
// ASCII only of Latin script, as a sentence in others has no spaces.
func isLocal(c rune) bool {
	if c < utf8.RuneSelf {
		return isWord(byte(c)) || c == '.' || c == '+' || c == '-'
	}
	return c != utf8.RuneError && unicode.Is(unicode.Latin, c)
}

// domainEnd returns where the domain at an offset ends, 0 where there is none:
// one of two labels or more, of which the last is of letters and the first no
// version.
func domainEnd(raw []byte, from int) int {
	end, labels := 0, 0
	i := from
	for i < len(raw) && i-from < 254 {
		to := i
		letters := true
		for to < len(raw) && (isWord(raw[to]) && raw[to] != '_' || raw[to] == '-') {
			letters = letters && !isFigure(raw[to]) && raw[to] != '-'
			to++
		}
		if to == i || raw[i] == '-' || raw[to-1] == '-' {
			break
		}
		if labels++; labels > 1 && letters && to-i >= 2 && to-i <= 24 {
			end = to
		}
		if to >= len(raw) || raw[to] != '.' {
			break
		}
		i = to + 1
	}
	if end == 0 || isVersion(raw[from:end]) || end < len(raw) && raw[end] == '_' {
		return 0
	}
	return end
}

// isVersion reports whether a domain is rather a version, as in pkg@1.2.3.x, or
// the size of an icon, as in @2x.
func isVersion(b []byte) bool {
	b = bytes.TrimPrefix(b, []byte("v"))
	n := digits(b)
	return n > 0 && (b[n] == 'x' || b[n] == '.' && isFigure(b[n+1]))
}

func isFigure(c byte) bool { return '0' <= c && c <= '9' }

// digits returns how many digits b begins with.
func digits(b []byte) int {
	n := 0
	for n < len(b) && isFigure(b[n]) {
		n++
	}
	return n
}

// ip4 looks for an address that begins with the digits at an offset.
func (p *Personal) ip4(raw []byte, i int) (end int, ok bool) {
	end = i
	for end < len(raw) && end-i < 16 && (isFigure(raw[end]) || raw[end] == '.' && end+1 < len(raw) && isFigure(raw[end+1])) {
		end++
	}
	a, err := netip.ParseAddr(string(raw[i:end]))
	if err != nil || !identifies(a) || versioned(raw, i, end) {
		return 0, false
	}
	return p.add(ipRule, i, end, a.String()), true
}

// versioned reports whether what looks like an address is rather a version.
func versioned(raw []byte, start, end int) bool {
	before, after := raw[:start], raw[end:]
	if len(after) > 0 && (isWord(after[0]) || after[0] == '+' || len(after) > 1 && after[0] == '-' && isLetter(rune(after[1]))) {
		return true
	}
	if n := len(before); n > 0 {
		last, other := before[n-1], byte(' ')
		if n > 1 {
			other = before[n-2]
		}
		switch {
		case bytes.IndexByte([]byte(".^~_"), last) >= 0, last == '=' && bytes.IndexByte([]byte("=<>~!"), other) >= 0:
			return true
		case last == '-' && !isFigure(other), last == '/' && isWord(other): // of a name, of a path
			return true
		}
	}
	name := nameBefore(before)
	return containsAny(name, "version", "release") || raw[start] <= '2' && raw[start+1] == '.' && containsAny(name, "oid") // or an object identifier
}

// nameBefore returns what stands before the end of b as a name, in lower case:
// words, operators, quotes and spaces.
func nameBefore(b []byte) string {
	i := len(b)
	for left := 24; i > 0 && left > 0 && len(b)-i < 200; i-- {
		c := b[i-1]
		if c == '\\' {
			continue // however deep the quotes are escaped
		}
		if (!isWord(c) || isFigure(c)) && bytes.IndexByte([]byte(" \"':=("), c) < 0 {
			break
		}
		left--
	}
	near := bytes.TrimRight(b[i:], ` "'\:=(`)
	if len(near) == 0 {
		return ""
	}
	return strings.ToLower(string(near))
}

// containsAny reports whether one of the words is in a name.
func containsAny(name string, words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(name, w) })
}

// identifies reports whether an address says which machine is meant: not the
// own one, nor one of documentation, nor a mask, nor what is rather a version.
func identifies(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	for _, of := range [...]string{"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20"} {
		if netip.MustParsePrefix(of).Contains(a) { // RFC 5737, RFC 3849, RFC 9637
			return false
		}
	}
	if a.Is6() {
		b := a.As16()
		return b[0]>>5 == 1 || a.IsPrivate() || a.IsLinkLocalUnicast() // what IANA has given out is in 2000::/3
	}
	b := a.As4()
	small := 0
	for _, n := range b {
		if n < 10 {
			small++
		}
	}
	return b[0] > 0 && b[0] < 224 && !a.IsLoopback() && !a.IsLinkLocalUnicast() && (b[2] > 0 || b[3] > 0) && (small < 3 || a.IsPrivate())
}

// ip6 looks for an address round a colon.
func (p *Personal) ip6(raw []byte, i int) int {
	next := i + 1
	if i == 0 || next == len(raw) || !isColonHex(raw[i-1]) || !isColonHex(raw[next]) {
		return next
	}
	start, end := i, next
	for start > 0 && i-start < 46 && isColonHex(raw[start-1]) {
		start--
	}
	for end < len(raw) && end-i < 46 && (isColonHex(raw[end]) || raw[end] == '.' && isFigure(raw[end-1]) && end+1 < len(raw) && isFigure(raw[end+1])) {
		end++
	}
	text := raw[start:end]
	if bytes.Count(text, []byte(":")) < 2 || bytes.IndexFunc(text, unicode.IsDigit) < 0 {
		return next
	}
	if text[0] == ':' && text[1] != ':' {
		start++
	}
	if raw[end-1] == ':' && raw[end-2] != ':' {
		end--
	}
	a, err := netip.ParseAddr(string(raw[start:end]))
	if err != nil || !identifies(a) || !boundary(raw, start) || end < len(raw) && isWord(raw[end]) {
		return next
	}
	return p.add(ipRule, start, end, a.Unmap().String())
}

func isColonHex(c byte) bool {
	return isFigure(c) || c == ':' || 'a' <= c|0x20 && c|0x20 <= 'f'
}
