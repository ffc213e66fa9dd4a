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
	stack []uint32 // the arrays and objects that are open, by index
	ascii bool

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
	d.raw, d.nodes, d.stack, d.ascii = raw, d.nodes[:0], d.stack[:0], true
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
	first := uint32(len(d.nodes))
	for i := range d.nodes {
		if d.nodes[i].kind == Object {
			first = min(first, d.again(uint32(i), first))
		}
	}
	if first == uint32(len(d.nodes)) {
		return "", 0, false
	}
	return Value{d, first + 1}.String(), int(d.nodes[first].start), true
}

// again returns the first key of an object that it has had before, or end if that
// does not stand before end. A bloom filter of 256 bits keeps it cheap, and objects
// of more than 64 members are left out so that no input makes it quadratic.
func (d *Doc) again(object, end uint32) uint32 {
	var bloom [4]uint64
	last := min(d.nodes[object].next, end)
	for k, keys := object+1, 0; k < last && keys < 64; k, keys = d.nodes[k+1].next, keys+1 {
		key := d.raw[d.nodes[k].start:d.nodes[k].end]
		size := len(key)
		mix := uint64(size)*31 + uint64(key[1])*7 + uint64(key[size-2])*13 + uint64(key[size/2])*3
		mix *= 0x9E3779B97F4A7C15
		part, bit := &bloom[mix>>62], uint64(1)<<(mix>>56&63)
		if *part&bit != 0 && d.hasKey(object, k) {
			return k
		}
		*part |= bit
	}
	return end
}

// hasKey reports whether an object has the key at end before it.
func (d *Doc) hasKey(object, end uint32) bool {
	key := d.raw[d.nodes[end].start:d.nodes[end].end]
	for k := object + 1; k < end; k = d.nodes[k+1].next {
		if string(d.raw[d.nodes[k].start:d.nodes[k].end]) == string(key) {
			return true
		}
	}
	return false
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
	if p.pos < len(p.raw) && p.raw[p.pos] > ' ' {
		return p.raw[p.pos]
	}
	return p.peekFar()
}

func (p *parser) peekFar() byte {
	p.space()
	if p.pos == len(p.raw) {
		return 0
	}
	return p.raw[p.pos]
}

// mark adds the node of a scalar that ends here.
func (p *parser) mark(kind Kind, start int, escaped bool) {
	p.nodes = append(p.nodes, node{uint32(start), uint32(p.pos), uint32(len(p.nodes) + 1), kind, escaped})
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
	switch c {
	case '{', '[':
		return p.open(c)
	case '"':
		return false, p.str()
	case 't':
		return false, p.literal(Bool, "true")
	case 'f':
		return false, p.literal(Bool, "false")
	case 'n':
		return false, p.literal(Null, "null")
	}
	return false, p.number()
}

func (p *parser) open(c byte) (opened bool, err error) {
	if len(p.stack) == maxDepth {
		return false, p.fail(fmt.Sprintf("nested more than %d levels deep", maxDepth))
	}
	n, kind, end := uint32(len(p.nodes)), Array, byte(']')
	if c == '{' {
		kind, end = Object, '}'
	}
	p.nodes = append(p.nodes, node{start: uint32(p.pos), kind: kind})
	p.pos++
	if p.peek() == end {
		p.close(n)
		return false, nil
	}
	p.stack = append(p.stack, n)
	if kind == Object {
		return true, p.key()
	}
	return true, nil
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
	top := p.stack[len(p.stack)-1]
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
	if err := p.str(); err != nil {
		return err
	}
	if p.peek() != ':' {
		return p.fail(p.orEnd("want : after a member name"))
	}
	p.pos++
	return nil
}

func (p *parser) orEnd(msg string) string {
	if p.pos == len(p.raw) {
		return "cut off"
	}
	return msg
}

func (p *parser) literal(kind Kind, word string) error {
	start := p.pos
	rest := p.raw[start:]
	if len(rest) < len(word) || string(rest[:len(word)]) != word {
		return p.fail("not a JSON value")
	}
	p.pos += len(word)
	p.mark(kind, start, false)
	return nil
}

// digits skips digits, and reports whether there is one.
func (p *parser) digits() bool {
	i := p.pos
	for i < len(p.raw) && p.raw[i]-'0' < 10 {
		i++
	}
	some := i > p.pos
	p.pos = i
	return some
}

// at skips a byte if it is c.
func (p *parser) at(c byte) bool {
	if p.pos < len(p.raw) && p.raw[p.pos] == c {
		p.pos++
		return true
	}
	return false
}

func (p *parser) number() error {
	start := p.pos
	if p.pos == len(p.raw) {
		return p.fail("cut off")
	}
	p.at('-')
	if !p.at('0') && !p.digits() {
		return p.fail("not a JSON value")
	}
	if p.at('.') && !p.digits() {
		return p.fail("number without digits after the point")
	}
	if p.at('e') || p.at('E') {
		_ = p.at('+') || p.at('-')
		if !p.digits() {
			return p.fail("number without digits in the exponent")
		}
	}
	p.mark(Number, start, false)
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

// plainFrom returns where what is no plain text begins in raw from i on, or a place
// before it near the end, and all bytes on the way in one, or'ed to seen.
func plainFrom(raw []byte, i int, seen uint64) (int, uint64) {
	for i+8 <= len(raw) {
		x := binary.LittleEndian.Uint64(raw[i:])
		seen |= x
		if m := special(x); m != 0 {
			return i + bits.TrailingZeros64(m)/8, seen
		}
		i += 8
	}
	return i, seen
}

// str reads a string, most of which have nothing that needs attention.
func (p *parser) str() error {
	start := p.pos
	i, seen := plainFrom(p.raw, start+1, 0)
	escaped := false
	if i == len(p.raw) || p.raw[i] != '"' {
		var err error
		if i, seen, escaped, err = p.strFrom(i, seen); err != nil {
			return err
		}
	}
	p.pos = i + 1
	p.ascii = p.ascii && seen&highs == 0
	p.mark(String, start, escaped)
	return nil
}

// strFrom reads on in a string up to its end.
func (p *parser) strFrom(i int, seen uint64) (end int, all uint64, escaped bool, err error) {
	raw := p.raw
	for i < len(raw) {
		switch c := raw[i]; {
		case c == '"':
			return i, seen, escaped, nil
		case c == '\\':
			size := escapeLen(raw[i:])
			if size == 0 {
				p.pos = i
				return 0, 0, false, p.fail("bad escape in a string")
			}
			escaped = true
			i, seen = plainFrom(raw, i+size, seen)
		case c < 0x20:
			p.pos = i
			return 0, 0, false, p.fail("control character in a string")
		default:
			i, seen = plainFrom(raw, i+1, seen|uint64(c))
		}
	}
	p.pos = i
	return 0, 0, false, p.fail("cut off")
}
