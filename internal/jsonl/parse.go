package jsonl

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// parser marks the values of a Doc.
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
