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
	"fmt"
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
