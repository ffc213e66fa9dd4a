package secret

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"strings"
)

// words returns what is looked for to find a rule's credentials.
func (r *rule) words() []word {
	var out []word
	for _, k := range r.Keywords {
		out = append(out, word{text: k, fold: r.Fold, rule: r})
		if !r.Coded {
			continue
		}
		for _, b := range base64Cores(k) {
			out = append(out, word{text: b, form: base64Form, rule: r})
		}
		for _, h := range []string{hex.EncodeToString([]byte(k)), strings.ToUpper(hex.EncodeToString([]byte(k)))} {
			out = append(out, word{text: h, form: hexForm, rule: r})
		}
		for _, p := range []string{percent(k, "%02X"), percent(k, "%02x")} {
			out = append(out, word{text: p, form: percentForm, rule: r})
		}
	}
	return out
}

// minCore is how many characters of an encoded word are looked for, at least.
// Fewer would stand anywhere.
const minCore = 4

// base64Cores returns the characters that every base64 text has in which word
// stands, for each of the three ways in which it can lie.
func base64Cores(word string) []string {
	var out []string
	for pad := range 3 {
		enc := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("\x00", pad) + word))
		from := []int{0, 2, 3}[pad]
		to := (pad + len(word)) * 8 / 6
		if core := enc[from:to]; len(core) >= minCore {
			out = append(out, core)
		}
	}
	return out
}

func percent(s, format string) string {
	const upperHex, lowerHex = "0123456789ABCDEF", "0123456789abcdef"
	digits := upperHex
	if format == "%02x" {
		digits = lowerHex
	}
	var b strings.Builder
	for i := range len(s) {
		b.WriteByte('%')
		b.WriteByte(digits[s[i]>>4])
		b.WriteByte(digits[s[i]&15])
	}
	return b.String()
}

// maxCoded bounds an encoded run that is decoded whole.
const maxCoded = 1 << 20

// coded decodes the run of characters round a keyword in encoded form, and
// looks for the rule's credential in it. The whole run is the match.
func (s *Scanner) coded(raw []byte, k *word, at int) {
	start, end := extent(raw, at, k.form)
	if end-start > maxCoded {
		start, end = max(start, at-256), min(end, at+4096)
	}
	for _, text := range decodings(raw[start:end], k.form) {
		if value, ok := within(text, k.rule); ok {
			s.add(k.rule.ID, k.rule.Severity, k.rule.Title, start, end, identity(value, k.rule.Identity))
			return
		}
	}
}

// minTwice is how long base64 of base64 of a credential is, at least.
const minTwice = 32

// twiceFirst are the characters of which the first of every four is one there.
const twiceFirst = "KLMNOQRSTUVWYZabcde"

// codedTwice does the same where a run is base64 of base64, which no keyword
// tells. What it decodes to first is letters and digits again, as of one run in
// some thousands.
func (s *Scanner) codedTwice(b []byte, from, to int) {
	var head [6]byte
	if to-from < minTwice || strings.IndexByte(twiceFirst, b[from]) < 0 || strings.IndexByte(twiceFirst, b[from+4]) < 0 {
		return
	}
	if _, err := base64.RawStdEncoding.Decode(head[:], b[from:from+8]); err != nil || !isBase64(head[:]) {
		return
	}
	start, end := extent(b, from, base64Form)
	for _, inner := range decodings(b[start:min(end, start+maxCoded)], base64Form) {
		if !isBase64(bytes.TrimRight(inner, "=\n")) {
			continue
		}
		for _, text := range decodings(inner, base64Form) {
			for _, r := range s.encoded {
				if value, ok := within(text, r); ok {
					s.add(r.ID, r.Severity, r.Title, start, end, identity(value, r.Identity))
					return
				}
			}
		}
	}
}

func isBase64(b []byte) bool {
	for _, c := range b {
		if c == '_' || !isWord(c) && c != '+' && c != '/' {
			return false
		}
	}
	return true
}

// extent returns the run of characters of an encoding round an offset.
func extent(raw []byte, at int, f form) (start, end int) {
	is := func(c byte) bool { return isWord(c) && c != '_' || bytes.IndexByte([]byte("+/=-_"), c) >= 0 }
	switch f {
	case hexForm:
		is = func(c byte) bool { return isHex([]byte{c}) }
	case percentForm:
		is = func(c byte) bool { return isWord(c) || c == '%' || c == '.' || c == '-' }
	}
	for start = at; start > 0 && is(raw[start-1]); start-- {
	}
	for end = at; end < len(raw) && is(raw[end]); end++ {
	}
	return start, end
}

// decodings returns what a run can stand for. Where a base64 run is glued to
// something else, it can begin at any of four characters.
func decodings(run []byte, f form) [][]byte {
	switch f {
	case hexForm:
		var out [][]byte
		for from := range 2 {
			text := run[min(from, len(run)):]
			if b, err := hex.DecodeString(string(text[:len(text)/2*2])); err == nil {
				out = append(out, b)
			}
		}
		return out
	case percentForm:
		if s, err := url.PathUnescape(string(run)); err == nil {
			return [][]byte{[]byte(s)}
		}
		return nil
	}
	std := bytes.TrimRight(bytes.Map(func(r rune) rune {
		switch r {
		case '-':
			return '+'
		case '_':
			return '/'
		}
		return r
	}, run), "=")
	var out [][]byte
	for from := range 4 {
		text := std[min(from, len(std)):]
		if i := bytes.IndexByte(text, '='); i >= 0 {
			text = text[i+1:]
		}
		if len(text)%4 == 1 {
			text = text[:len(text)-1]
		}
		b := make([]byte, base64.RawStdEncoding.DecodedLen(len(text)))
		if n, err := base64.RawStdEncoding.Decode(b, text); err == nil {
			out = append(out, b[:n])
		}
	}
	return out
}

// within looks for a rule's credential in decoded text.
func within(text []byte, r *rule) (string, bool) {
	for _, k := range r.Keywords {
		for from := 0; ; {
			i := bytes.Index(text[from:], []byte(k))
			if i < 0 {
				break
			}
			at := from + i
			var w window
			w.set(text[at:min(len(text), at+r.window())], 0)
			var next window
			for range maxLevels {
				if m, ok := r.match(&w); ok {
					return m.value, true
				}
				if !w.undo(&next) {
					break
				}
				w, next = next, window{}
			}
			from = at + 1
		}
	}
	return "", false
}
