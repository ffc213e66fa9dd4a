package jsonl

import (
	"bytes"
	"iter"
	"math"
	"strconv"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// Kind is the JSON type of a Value.
type Kind uint8

// The kinds. Missing is the kind of a Value that is not there.
const (
	Missing Kind = iota
	Null
	Bool
	Number
	String
	Array
	Object
)

// Value is a place in a parsed Doc. It is valid until the Doc parses again.
// The zero Value is missing, and every method of a missing Value, or of one of
// another kind, returns the zero result, so that a path may be asked for
// without a check at each step.
type Value struct {
	doc *Doc
	at  uint32 // index of its node, plus one; 0 is missing
}

func (v Value) node() *node { return &v.doc.nodes[v.at-1] }

// Kind returns the value's JSON type, or Missing.
func (v Value) Kind() Kind {
	if v.at == 0 {
		return Missing
	}
	return v.node().kind
}

// Exists reports whether the value is there and not null.
func (v Value) Exists() bool { return v.Kind() > Null }

// Raw returns the value's bytes as they stand in the input.
func (v Value) Raw() []byte {
	if v.at == 0 {
		return nil
	}
	n := v.node()
	return v.doc.raw[n.start:n.end]
}

// Offset returns where the value begins in the bytes that were parsed.
func (v Value) Offset() int {
	if v.at == 0 {
		return 0
	}
	return int(v.node().start)
}

// Line returns how many lines of the input end before the value: a document that
// is written over several lines has its values on lines of their own. Asked of
// one value after another in their order, it looks at each byte once.
func (v Value) Line() int {
	if v.at == 0 {
		return 0
	}
	d, at := v.doc, int(v.node().start)
	if at >= d.counted {
		d.newlines += bytes.Count(d.raw[d.counted:at], []byte{'\n'})
	} else {
		d.newlines -= bytes.Count(d.raw[at:d.counted], []byte{'\n'})
	}
	d.counted = at
	return d.newlines
}

// Get returns the value at the end of a path of object keys. Of duplicate keys
// the last one counts, as in encoding/json.
func (v Value) Get(path ...string) Value {
	for _, key := range path {
		v = v.member(key)
	}
	return v
}

func (v Value) member(key string) Value {
	var found Value
	if v.Kind() != Object {
		return found
	}
	for i, end := v.at, v.node().next; i < end; {
		k := &v.doc.nodes[i]
		if v.doc.equal(k, key) {
			found = Value{v.doc, i + 2}
		}
		i = v.doc.nodes[i+1].next
	}
	return found
}

// Members returns an object's keys and values in the order they stand in.
func (v Value) Members() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		if v.Kind() != Object {
			return
		}
		for i, end := v.at, v.node().next; i < end; {
			if !yield(Value{v.doc, i + 1}.String(), Value{v.doc, i + 2}) {
				return
			}
			i = v.doc.nodes[i+1].next
		}
	}
}

// Fields is Members with the keys as Values, for whoever compares them where
// they stand instead of taking a copy of each.
func (v Value) Fields() iter.Seq2[Value, Value] {
	return func(yield func(key, value Value) bool) {
		if v.Kind() != Object {
			return
		}
		for i, end := v.at, v.node().next; i < end; {
			if !yield(Value{v.doc, i + 1}, Value{v.doc, i + 2}) {
				return
			}
			i = v.doc.nodes[i+1].next
		}
	}
}

// Elements returns an array's elements.
func (v Value) Elements() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		if v.Kind() != Array {
			return
		}
		for i, end := v.at, v.node().next; i < end; i = v.doc.nodes[i].next {
			if !yield(Value{v.doc, i + 1}) {
				return
			}
		}
	}
}

// Len returns the number of an array's elements or of an object's members.
func (v Value) Len() int {
	n := 0
	switch v.Kind() {
	case Array:
		for range v.Elements() {
			n++
		}
	case Object:
		for range v.Members() {
			n++
		}
	}
	return n
}

// String returns a string's decoded text, and "" for any other kind. Escaped
// lone surrogates and invalid UTF-8 become U+FFFD.
func (v Value) String() string {
	if v.Kind() != String {
		return ""
	}
	n := v.node()
	inner := v.doc.raw[n.start+1 : n.end-1]
	if n.escaped {
		return string(Unescape(nil, inner))
	}
	if !v.doc.ascii && !utf8.Valid(inner) {
		return string(appendValid(nil, inner))
	}
	return string(inner)
}

// Is reports whether the value is the string s, without copying it.
func (v Value) Is(s string) bool {
	return v.Kind() == String && v.doc.equal(v.node(), s)
}

// StringLen returns the length in bytes of a string as it stands in the input,
// quotes left out: at least its decoded length.
func (v Value) StringLen() int {
	if v.Kind() != String {
		return 0
	}
	return int(v.node().end-v.node().start) - 2
}

// Int returns an integer, also one written as a float without a fraction or as
// a string of digits (as OTLP does). What does not fit in an int64 is not one.
func (v Value) Int() (int64, bool) {
	raw := v.Raw()
	switch v.Kind() {
	case String:
		n, err := strconv.ParseInt(string(raw[1:len(raw)-1]), 10, 64)
		if err != nil {
			return 0, false // ParseInt returns the nearest one
		}
		return n, true
	case Number:
	default:
		return 0, false
	}
	if n, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
		return n, true
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) >= 1<<63 {
		return 0, false
	}
	return int64(f), true
}

// Float returns a finite number.
func (v Value) Float() (float64, bool) {
	if v.Kind() != Number {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(v.Raw()), 64)
	return f, err == nil
}

// Bool returns a boolean and whether it is one.
func (v Value) Bool() (value, ok bool) {
	if v.Kind() != Bool {
		return false, false
	}
	return v.Raw()[0] == 't', true
}

// True reports whether the value is true.
func (v Value) True() bool {
	b, _ := v.Bool()
	return b
}

// Time returns a time in RFC 3339, or the zero time.
func (v Value) Time() time.Time {
	if v.Kind() != String || v.StringLen() > 64 {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, v.String())
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// Unescape appends to dst the text of a JSON string's inner bytes.
func Unescape(dst, s []byte) []byte {
	for len(s) > 0 {
		i := bytes.IndexByte(s, '\\')
		if i < 0 {
			i = len(s)
		}
		dst = appendValid(dst, s[:i])
		if s = s[i:]; len(s) < 2 {
			break
		}
		dst, s = unescapeOne(dst, s)
	}
	return dst
}

// appendValid appends s to dst with U+FFFD for each byte that is not UTF-8, as
// encoding/json has it. (bytes.ToValidUTF8 has one for a row of such bytes.)
func appendValid(dst, s []byte) []byte {
	if utf8.Valid(s) {
		return append(dst, s...)
	}
	for len(s) > 0 {
		r, n := utf8.DecodeRune(s)
		dst, s = utf8.AppendRune(dst, r), s[n:]
	}
	return dst
}

// unescapeOne decodes the escape at the start of s, which the parser has
// accepted, and returns what follows it.
func unescapeOne(dst, s []byte) (_, rest []byte) {
	switch c := s[1]; c {
	case 'n':
		return append(dst, '\n'), s[2:]
	case 't':
		return append(dst, '\t'), s[2:]
	case 'r':
		return append(dst, '\r'), s[2:]
	case 'b':
		return append(dst, '\b'), s[2:]
	case 'f':
		return append(dst, '\f'), s[2:]
	case 'u':
		r, rest := unescapeRune(s)
		return utf8.AppendRune(dst, r), rest
	default:
		return append(dst, c), s[2:]
	}
}

func unescapeRune(s []byte) (rune, []byte) {
	r := hex4(s)
	if r < 0 {
		return utf8.RuneError, s[2:]
	}
	s = s[6:]
	if !utf16.IsSurrogate(r) {
		return r, s
	}
	if pair := utf16.DecodeRune(r, hex4(s)); pair != utf8.RuneError {
		return pair, s[6:]
	}
	return utf8.RuneError, s
}

// hex4 returns the code of a \uXXXX at the start of s, or -1.
func hex4(s []byte) rune {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return -1
	}
	var r rune
	for _, c := range s[2:6] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

// escapeLen returns the length of the escape at the start of s, 0 for none.
func escapeLen(s []byte) int {
	if len(s) < 2 {
		return 0
	}
	switch s[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if hex4(s) >= 0 {
			return 6
		}
	}
	return 0
}
