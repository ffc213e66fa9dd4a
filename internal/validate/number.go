package validate

import (
	"encoding/json"
	"strconv"
	"strings"
)

// The library computes with exact fractions: 1e1000000 costs it a tenth of a
// second, and a larger exponent a nil pointer. It is never given a number that
// is longer than this, or that is larger or smaller than ten to the power of it.
const maxDigits = 400

// The library makes an error of half a kilobyte of every wrong element, so that
// a line of 8 MB would take 4 GB. Schemas of what others write bound their
// arrays by this or less, and the library is given one element more at most.
const maxElements = 10_000

// tame returns a decoded value without what the library cannot cope with. The
// verdict stays the same: an array that is cut is still too long.
func tame(v any, bounded bool) any {
	switch v := v.(type) {
	case json.Number:
		return tameNumber(v)
	case []any:
		if bounded && len(v) > maxElements {
			v = v[:maxElements+1]
		}
		for i := range v {
			v[i] = tame(v[i], bounded)
		}
		return v
	case map[string]any:
		for k := range v {
			v[k] = tame(v[k], bounded)
		}
	}
	return v
}

// tameNumber returns a number that the library can compute with in the place of
// one. No schema can tell the two apart: they have the same sign, both are
// whole or neither is, and they are on the same side of every bound of less
// than maxDigits digits.
func tameNumber(n json.Number) json.Number {
	if len(n) <= maxDigits && !strings.ContainsAny(string(n), "eE") {
		return n
	}
	sign, digits, exp := decimal(string(n))
	size := len(digits) + exp // digits before the point
	switch {
	case digits == "":
		return "0"
	case exp >= 0 && size > maxDigits:
		digits, exp = "1", maxDigits
	case exp >= 0:
	case size > maxDigits:
		digits, exp = "1"+strings.Repeat("0", maxDigits)+"5", -1
	case size < -maxDigits:
		digits, exp = "1", -maxDigits
	case len(digits) > maxDigits:
		exp += len(digits) - maxDigits - 1
		digits = digits[:maxDigits] + "1" // not 0: what was cut off was not
	}
	return json.Number(sign + digits + "e" + strconv.Itoa(exp))
}

// decimal takes a JSON number apart: its value is digits times ten to the power
// of exp. The digits have no zero at either end; those of zero are empty.
func decimal(n string) (sign, digits string, exp int) {
	if strings.HasPrefix(n, "-") {
		sign, n = "-", n[1:]
	}
	if i := strings.IndexAny(n, "eE"); i >= 0 {
		var err error
		if exp, err = strconv.Atoi(n[i+1:]); err != nil || exp > 1<<40 || exp < -1<<40 {
			exp = 1 << 40 // more than any number of digits makes up for
			if n[i+1] == '-' {
				exp = -exp
			}
		}
		n = n[:i]
	}
	whole, fraction, _ := strings.Cut(n, ".")
	digits = whole + fraction
	exp -= len(fraction)
	short := strings.TrimRight(digits, "0")
	exp += len(digits) - len(short)
	return sign, strings.TrimLeft(short, "0"), exp
}

// isShort reports whether a JSON number is written in so few digits that a
// float64 keeps it apart from every other such number.
func isShort(raw []byte) bool {
	for _, c := range raw {
		if c == 'e' || c == 'E' {
			return false
		}
	}
	return len(raw) <= 16
}

// isPlainInteger reports whether a JSON number is surely an integer: it has no
// exponent, and nothing but zeros after a point.
func isPlainInteger(raw []byte) bool {
	point := false
	for i, c := range raw {
		switch {
		case c == '.':
			point = true
		case point && c != '0', c != '-' && (c < '0' || c > '9'), i == 16:
			return false
		}
	}
	return true
}
