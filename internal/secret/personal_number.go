package secret

import (
	"bytes"
	"strconv"
	"strings"
)

// number looks for an address, a card or a phone where a digit stands, and
// returns where to go on: behind the digits.
func (p *Personal) number(raw []byte, i int) int {
	n := digits(raw[i:])
	next := i + n
	if from, ok := codedAt(raw, i); ok {
		return p.email(raw, from, codedEnd(raw, i))
	}
	if !boundary(raw, i) {
		return next
	}
	if n <= 3 && next+1 < len(raw) && raw[next] == '.' && isFigure(raw[next+1]) && (i == 0 || raw[i-1] != '.') {
		if end, ok := p.ip4(raw, i); ok {
			return end
		}
	}
	if n < 7 && (next == len(raw) || strings.IndexByte(phoneSeparators, raw[next]) < 0) {
		return next
	}
	if n == 4 || 14 <= n && n <= 16 {
		if end, ok := p.card(raw, i); ok {
			return end
		}
	}
	if end, ok := p.local(raw, i); ok {
		return end
	}
	return next
}

// codedAt reports whether digits are those of an @ in percent form or as an
// escape, and returns where that begins.
func codedAt(raw []byte, i int) (from int, ok bool) {
	switch {
	case i > 0 && raw[i-1] == '%' && bytes.HasPrefix(raw[i:], []byte("40")):
		return i - 1, true
	case i > 1 && raw[i-1] == 'u' && raw[i-2] == '\\' && bytes.HasPrefix(raw[i:], []byte("0040")):
		for i -= 2; i > 0 && raw[i-1] == '\\'; i-- {
		}
		return i, true
	}
	return 0, false
}

func codedEnd(raw []byte, i int) int {
	if raw[i-1] == '%' {
		return i + 2
	}
	return i + 4
}

// group is a run of digits within a number.
type group struct {
	sep  []byte // what stands before it
	from int    // where it begins among the digits of the number
	to   int    // and where it ends
	end  int    // where it ends in the bytes
}

// maxDigits bounds the numbers that are looked at.
const maxDigits = 20

// groups reads a number from an offset on, with up to two of the characters of
// between before each group but the first.
func (p *Personal) groups(raw []byte, i int, between string) []group {
	p.digits, p.parts = p.digits[:0], p.parts[:0]
	for sep := []byte(nil); len(p.digits) < maxDigits; {
		n := digits(raw[i:])
		if n == 0 || n > maxDigits {
			break
		}
		from := len(p.digits)
		p.digits = append(p.digits, raw[i:i+n]...)
		i += n
		p.parts = append(p.parts, group{sep, from, from + n, i})
		at := i
		for i < len(raw) && i-at < 2 && strings.IndexByte(between, raw[i]) >= 0 {
			i++
		}
		if sep = raw[at:i]; len(sep) == 0 {
			break
		}
	}
	return p.parts
}

// shape returns the lengths of the first groups and what stands between them,
// as in 3-3-4.
func (p *Personal) shape(n int) []byte {
	p.form = p.form[:0]
	for _, g := range p.parts[:n] {
		p.form = strconv.AppendInt(append(p.form, g.sep...), int64(g.to-g.from), 10)
	}
	return p.form
}

// ends reports whether a number can end at an offset: nothing goes on there.
func ends(raw []byte, end int) bool {
	rest := raw[end:]
	switch {
	case len(rest) == 0:
		return true
	case bytes.IndexByte([]byte("-./+"), rest[0]) >= 0:
		return len(rest) == 1 || !isFigure(rest[1])
	}
	return !isWord(rest[0])
}

// card looks for a card's number: digits alone or in groups as they are
// printed, of a known network and with the right check digit (ISO/IEC 7812-1).
func (p *Personal) card(raw []byte, i int) (end int, ok bool) {
	if i > 0 && bytes.IndexByte([]byte("./-#+"), raw[i-1]) >= 0 {
		return 0, false
	}
	parts := p.groups(raw, i, " -")
	for n := 1; n <= min(len(parts), 4); n++ {
		d, end := p.digits[:parts[n-1].to], parts[n-1].end
		switch string(p.shape(n)) {
		case "16", "15", "14":
			if strings.HasSuffix(nameBefore(raw[:i]), "id") { // of a span, say
				return 0, false
			}
			fallthrough
		case "4 4 4 4", "4-4-4-4", "4 6 5", "4-6-5", "4 6 4", "4-6-4":
			if network(d) && luhn(d) && ends(raw, end) {
				return p.add(cardRule, i, end, string(d)), true
			}
		}
	}
	return 0, false
}

// network reports whether a card of so many digits can begin so: Visa,
// Mastercard, American Express, Discover, JCB, Diners Club, UnionPay.
func network(d []byte) bool {
	two, four := 10*int(d[0]-'0')+int(d[1]-'0'), 0
	for _, c := range d[:4] {
		four = 10*four + int(c-'0')
	}
	switch len(d) {
	case 16:
		return d[0] == '4' || 51 <= two && two <= 55 || 2221 <= four && four <= 2720 || four == 6011 || two == 65 || 644 <= four/10 && four/10 <= 649 ||
			3528 <= four && four <= 3589 || two == 62
	case 15:
		return two == 34 || two == 37
	}
	return 300 <= four/10 && four/10 <= 305 || two == 36 || two == 38
}

// luhn reports whether the last digit is the check digit of the others.
func luhn(d []byte) bool {
	sum := 0
	for i, c := range d {
		n := int(c - '0')
		if (len(d)-i)%2 == 0 {
			n = 2*n/10 + 2*n%10
		}
		sum += n
	}
	return sum%10 == 0
}

// phoneSeparators are the characters within a phone number.
const phoneSeparators = " -.()/"

// phone looks for a number in international form at a plus (E.164): of so many
// digits as such a number has, alone or in groups.
func (p *Personal) phone(raw []byte, i int) int {
	next := i + 1
	if next == len(raw) || !isFigure(raw[next]) || raw[next] == '0' || !boundary(raw, i) || i > 0 && bytes.IndexByte([]byte("+-/.)]"), raw[i-1]) >= 0 {
		return next
	}
	parts := p.groups(raw, next, phoneSeparators)
	for n := len(parts); n > 0; n-- {
		d, end := p.digits[:parts[n-1].to], parts[n-1].end
		least, most := 8, 15
		if n == 1 {
			least, most = 10, 13
		}
		if d[0] == '1' { // of which all are as long
			most = 11
		}
		switch {
		case len(d) < least || len(d) > most || !ends(raw, end) || parts[0].to > 4 && n > 1:
		case n == 2 && string(parts[1].sep) == ".": // a decimal
		case n == 1 && d[0] == '1' && (len(d) < 11 || d[1] < '2'):
		default:
			return p.add(phoneRule, i, end, string(d))
		}
	}
	return next
}

// local looks for a phone number without the plus: as Americans write it, or of
// any form where the word stands before it.
func (p *Personal) local(raw []byte, i int) (end int, ok bool) {
	start := i
	if i > 0 && raw[i-1] == '(' {
		start--
	}
	if start > 0 && bytes.IndexByte([]byte("-./+#"), raw[start-1]) >= 0 || !boundary(raw, start) {
		return 0, false
	}
	parts := p.groups(raw, i, phoneSeparators)
	spoken := len(p.digits) >= 7 && containsAny(nameBefore(raw[:start]), "phone", "mobile", "telefon", "fax")
	for n := len(parts); n > 0 && (spoken || n > 2); n-- {
		if n > 4 && !spoken {
			n = 4
		}
		d, end := p.digits[:parts[n-1].to], parts[n-1].end
		if (spoken && 7 <= len(d) && len(d) <= 15 || len(d)/2 == 5 && american(p.shape(n), d, start < i)) && ends(raw, end) {
			return p.add(phoneRule, start, end, national(d)), true
		}
	}
	return 0, false
}

// american reports whether digits in groups are a number of the North American
// Numbering Plan.
func american(shape, d []byte, bracket bool) bool {
	switch string(shape) {
	case "3) 3-4", "3)3-4", "3) 3 4", "3)-3-4":
		return bracket && d[0] >= '2'
	case "3-3-4", "3.3.4":
		return !bracket && d[0] >= '2'
	case "1-3-3-4", "1.3.3.4":
		return d[0] == '1' && d[1] >= '2'
	}
	return false
}

// national returns the digits of a number as they are in international form
// where that is known to be American.
func national(d []byte) string {
	if len(d) == 10 && d[0] >= '2' {
		return "1" + string(d)
	}
	return string(d)
}
