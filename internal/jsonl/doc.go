// Package jsonl reads files of JSON values: lines, values over several lines,
// elements of one large array. It is made for transcripts of many gigabytes
// that may be hostile: memory is bounded by the largest value, nothing is
// decoded before it is asked for, and each value knows its line.
//
// Note: encoding/json decodes about 100 MB/s and allocates for each field. The
// parser here only marks where values begin and end (about 16 bytes each), so
// that a reader pays for the few fields that it wants. It accepts what
// encoding/json accepts, but for depth and size; a fuzz test holds them equal.
package jsonl

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"unicode/utf8"
)

// The limits of one value. Real transcripts stay far below them.
const (
	maxDepth = 1000
	maxNodes = 2 << 20 // 32 MiB of marks
)

// Doc is a parsed value. It keeps its memory from one Parse to the next.
type Doc struct {
	raw   []byte
	nodes []node
	stack []frame
	ascii bool
	dup   uint32 // index of the first key that its object has twice, plus one

	counted, newlines int // how far the lines were counted, and how many there are
}

// node marks one value, or one key of an object, which the node of its value
// follows. Nodes stand in the order of the input.
type node struct {
	start, end uint32
	next       uint32 // index of the node after this value and all within it
	kind       Kind
	escaped    bool // a string that has a backslash
}

type frame struct {
	node  uint32
	keys  uint32 // how many keys an object has had
	bloom [4]uint64
}

// SyntaxError is what is wrong with a value's text, and where. It never holds
// any of the text, which may be a credential.
type SyntaxError struct {
	Offset int
	Msg    string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("%s at byte %d", e.Msg, e.Offset+1) }

// Parse reads the one value at the start of raw, and returns how many bytes it
// and the white space round it took. The Doc refers to raw until the next
// Parse.
func (d *Doc) Parse(raw []byte) (v Value, used int, err error) {
	d.raw, d.nodes, d.stack, d.ascii, d.dup = raw, d.nodes[:0], d.stack[:0], true, 0
	d.counted, d.newlines = 0, 0
	if len(raw) > 1<<31 {
		return Value{}, 0, &SyntaxError{0, "value over 2 GiB"}
	}
	p := parser{Doc: d}
	if err := p.value(); err != nil {
		d.raw = raw[:p.pos]
		return Value{}, p.pos, err
	}
	p.space()
	d.raw = raw[:p.pos]
	return Value{d, 1}, p.pos, nil
}

// Duplicate returns the first key that stands twice in one object of up to 64
// members, and where the second begins.
func (d *Doc) Duplicate() (key string, offset int, ok bool) {
	if d.dup == 0 {
		return "", 0, false
	}
	return Value{d, d.dup}.String(), int(d.nodes[d.dup-1].start), true
}

// ValidUTF8 reports whether the parsed value, without what follows it, is valid
// UTF-8.
func (d *Doc) ValidUTF8() bool { return d.ascii || utf8.Valid(d.raw) }

// equal reports whether the string at n is s.
func (d *Doc) equal(n *node, s string) bool {
	inner := d.raw[n.start+1 : n.end-1]
	if n.escaped {
		return string(Unescape(nil, inner)) == s
	}
	return string(inner) == s
}

type parser struct {
	*Doc
	pos int
}

func (p *parser) fail(msg string) error { return &SyntaxError{p.pos, msg} }

func (p *parser) space() {
	for p.pos < len(p.raw) {
		switch p.raw[p.pos] {
		case ' ', '\t', '\n', '\r':
			p.pos++
		default:
			return
		}
	}
}

// peek returns the next byte after white space, or 0 at the end.
func (p *parser) peek() byte {
	p.space()
	if p.pos == len(p.raw) {
		return 0
	}
	return p.raw[p.pos]
}

// value reads one value of any depth without recursion: the stack holds the
// open arrays and objects.
func (p *parser) value() error {
	for {
		opened, err := p.begin()
		if err != nil {
			return err
		}
		for !opened {
			done, more, err := p.after()
			if done || err != nil {
				return err
			}
			if more {
				break
			}
		}
	}
}

// begin reads a scalar or the opening of an array or object, and reports
// whether a first member or element is to be read next.
func (p *parser) begin() (opened bool, err error) {
	c := p.peek()
	if len(p.nodes) >= maxNodes {
		return false, p.fail("more than 2 million values within one")
	}
	p.nodes = append(p.nodes, node{start: uint32(p.pos)})
	n := uint32(len(p.nodes) - 1)
	switch c {
	case '{', '[':
		return p.open(n, c)
	case '"':
		err = p.str(n)
	case 't':
		err = p.literal(n, Bool, "true")
	case 'f':
		err = p.literal(n, Bool, "false")
	case 'n':
		err = p.literal(n, Null, "null")
	default:
		err = p.number(n)
	}
	return false, err
}

func (p *parser) open(n uint32, c byte) (opened bool, err error) {
	if len(p.stack) == maxDepth {
		return false, p.fail(fmt.Sprintf("nested more than %d levels deep", maxDepth))
	}
	p.pos++
	if c == '[' {
		p.nodes[n].kind = Array
		if p.peek() == ']' {
			p.close(n)
			return false, nil
		}
		p.stack = append(p.stack, frame{node: n})
		return true, nil
	}
	p.nodes[n].kind = Object
	if p.peek() == '}' {
		p.close(n)
		return false, nil
	}
	p.stack = append(p.stack, frame{node: n})
	return true, p.key()
}

func (p *parser) close(n uint32) {
	p.pos++
	p.nodes[n].end = uint32(p.pos)
	p.nodes[n].next = uint32(len(p.nodes))
}

// after reads what follows a value: nothing where it was the outermost, a
// comma (and a key), or the closing of what it stands in.
func (p *parser) after() (done, more bool, err error) {
	if len(p.stack) == 0 {
		return true, false, nil
	}
	top := p.stack[len(p.stack)-1].node
	object := p.nodes[top].kind == Object
	switch c := p.peek(); {
	case c == ',' && object:
		p.pos++
		return false, true, p.key()
	case c == ',':
		p.pos++
		return false, true, nil
	case c == '}' && object, c == ']' && !object:
		p.close(top)
		p.stack = p.stack[:len(p.stack)-1]
		return false, false, nil
	case c == 0 && p.pos == len(p.raw):
		return false, false, p.fail("cut off")
	case object:
		return false, false, p.fail("want , or } after a member")
	default:
		return false, false, p.fail("want , or ] after an element")
	}
}

func (p *parser) key() error {
	if p.peek() != '"' {
		return p.fail(p.orEnd("want a member name in quotes"))
	}
	p.nodes = append(p.nodes, node{start: uint32(p.pos)})
	n := uint32(len(p.nodes) - 1)
	if err := p.str(n); err != nil {
		return err
	}
	p.seen(n)
	if p.peek() != ':' {
		return p.fail(p.orEnd("want : after a member name"))
	}
	p.pos++
	return nil
}

// seen notes a duplicate key. A bloom filter of 256 bits keeps it cheap, and objects of
// more than 64 members are left out so that no input makes it quadratic.
func (p *parser) seen(n uint32) {
	top := &p.stack[len(p.stack)-1]
	key := p.nodes[n]
	size := key.end - key.start
	mix := uint64(size)*31 + uint64(p.raw[key.start+1])*7 + uint64(p.raw[key.end-2])*13 + uint64(p.raw[key.start+size/2])*3
	mix *= 0x9E3779B97F4A7C15
	part, bit := &top.bloom[mix>>62], uint64(1)<<(mix>>56&63)
	top.keys++
	if p.dup == 0 && *part&bit != 0 && top.keys <= 64 {
		for i := top.node + 1; i < n; i = p.nodes[i+1].next {
			k := p.nodes[i]
			if string(p.raw[k.start:k.end]) == string(p.raw[key.start:key.end]) {
				p.dup = n + 1
			}
		}
	}
	*part |= bit
}

func (p *parser) orEnd(msg string) string {
	if p.pos == len(p.raw) {
		return "cut off"
	}
	return msg
}

func (p *parser) literal(n uint32, kind Kind, word string) error {
	rest := p.raw[p.pos:]
	if len(rest) < len(word) || string(rest[:len(word)]) != word {
		return p.fail("not a JSON value")
	}
	p.pos += len(word)
	p.scalar(n, kind)
	return nil
}

func (p *parser) scalar(n uint32, kind Kind) {
	p.nodes[n].kind = kind
	p.nodes[n].end = uint32(p.pos)
	p.nodes[n].next = n + 1
}

func (p *parser) digits() bool {
	from := p.pos
	for p.pos < len(p.raw) && p.raw[p.pos]-'0' < 10 {
		p.pos++
	}
	return p.pos > from
}

func (p *parser) at(chars string) bool {
	if p.pos == len(p.raw) {
		return false
	}
	for i := range len(chars) {
		if p.raw[p.pos] == chars[i] {
			p.pos++
			return true
		}
	}
	return false
}

func (p *parser) number(n uint32) error {
	if p.pos == len(p.raw) {
		return p.fail("cut off")
	}
	p.at("-")
	if !p.at("0") && !p.digits() {
		return p.fail("not a JSON value")
	}
	if p.at(".") && !p.digits() {
		return p.fail("number without digits after the point")
	}
	if p.at("eE") {
		p.at("+-")
		if !p.digits() {
			return p.fail("number without digits in the exponent")
		}
	}
	p.scalar(n, Number)
	return nil
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// special returns a mask whose lowest set bit marks the first byte of x that
// is a quote, a backslash or a control character.
func special(x uint64) uint64 {
	quote := x ^ '"'*ones
	slash := x ^ '\\'*ones
	return ((quote-ones)&^quote | (slash-ones)&^slash | (x-0x20*ones)&^x) & highs
}

// str reads a string, eight bytes at a time where nothing needs attention.
func (p *parser) str(n uint32) error {
	raw, i := p.raw, p.pos+1
	var seen uint64
	for {
		for i+8 <= len(raw) {
			x := binary.LittleEndian.Uint64(raw[i:])
			seen |= x
			if m := special(x); m != 0 {
				i += bits.TrailingZeros64(m) / 8
				break
			}
			i += 8
		}
		if i == len(raw) {
			p.pos = i
			return p.fail("cut off")
		}
		switch c := raw[i]; {
		case c == '"':
			p.pos = i + 1
			p.ascii = p.ascii && seen&highs == 0
			p.scalar(n, String)
			return nil
		case c == '\\':
			size := escapeLen(raw[i:])
			if size == 0 {
				p.pos = i
				return p.fail("bad escape in a string")
			}
			p.nodes[n].escaped = true
			i += size
		case c < 0x20:
			p.pos = i
			return p.fail("control character in a string")
		default:
			seen |= uint64(c)
			i++
		}
	}
}
