// Package keyword finds many words in a text at once, for a scan that must first
// of all be quick where there are none.
//
// The one design decision is to look at three bytes of every second place of the
// text, and never at what another look has found: of each word those three at an
// even offset are known and those at an odd one that are the rarest in text. An
// automaton, or a search that says how far it may move on (Wu and Manber, "A fast
// algorithm for multi-pattern searching", 1994), looks at fewer bytes but has to
// wait for each, where a processor can do several looks at once: this is twice as
// fast as the latter with a thousand words.
package keyword

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"
	"strings"
)

// MinLen is how many bytes a word has at least.
const MinLen = 3

// Word is what to look for.
type Word struct {
	Text string // of MinLen bytes or more; lower case where Fold is set
	Fold bool   // in any case, of ASCII letters
}

// Hit is a word that stands in a text.
type Hit struct {
	Word int // its index
	At   int // where it begins
}

func (h Hit) before(o Hit) bool { return h.At < o.At || h.At == o.At && h.Word < o.Word }

// Set is a number of words, and for concurrent use.
type Set struct {
	words  []Word
	grams  [1 << 16]uint64 // by two bytes: bits of the low six of a third
	chains []chain         // by a hash of three bytes
	parts  []part          // those of a chain together; the first is none
}

// chain is the parts of the same three bytes, or of others with the same hash.
// Of most parts one more byte is known.
type chain struct {
	first  int32  // where in parts they begin
	behind uint32 // bits of the low five of a byte behind the three
	before uint32 // and of one before them, of parts that have none behind
}

// part is where three bytes of a word stand, or its last two, and what is behind
// them.
type part struct {
	text   uint64 // up to eight bytes, in the order of memory
	folded uint64 // bits that are set before the bytes are compared, to fold letters
	mask   uint64 // of the bytes that there are
	word   int32
	offset int16
	last   bool // of the chain
}

const (
	any   = ^uint64(0) // the bits of two bytes behind which any third may stand
	short = 1 << 24    // says that a key is of two bytes
	none  = 1          // no text is that of which no byte counts
)

// New returns the set of some words. Those that are too short are in it, but not
// found.
func New(words []Word) *Set {
	s := &Set{words: words}
	pairs := commonPairs()
	parts := make([]part, 0, 2*len(words))
	for i, w := range words {
		if len(w.Text) < MinLen {
			continue
		}
		for parity := range 2 {
			p := w.part(pairs.rarest(w.Text, parity))
			p.word = int32(i)
			parts = append(parts, p)
			s.admit(p)
		}
	}
	s.link(parts)
	return s
}

// part returns the part of a word that begins at an offset.
func (w *Word) part(offset int) part {
	p := part{offset: int16(offset)}
	for i := range min(8, len(w.Text)-offset) {
		c := w.Text[offset+i]
		p.text |= uint64(c) << (8 * i)
		p.mask |= 0xff << (8 * i)
		if w.Fold && letter(c) {
			p.folded |= 0x20 << (8 * i)
		}
	}
	return p
}

// admit makes has true of the first three bytes of a part, in each way in which
// they may be written, or of its two with any third.
func (s *Set) admit(p part) {
	for cases := range uint64(8) { // a bit for each byte that is in upper case
		upper := (cases&1<<5 | cases&2<<12 | cases&4<<19) & p.mask
		if upper&^p.folded != 0 {
			continue
		}
		text := p.text &^ upper
		if p.short() {
			s.grams[uint16(text)] = any
		} else {
			s.grams[uint16(text)] |= 1 << (text >> 16 & 63)
		}
	}
}

// short reports whether a part is of two bytes.
func (p *part) short() bool { return p.mask>>16 == 0 }

// link puts the parts into chains.
func (s *Set) link(parts []part) {
	s.chains = make([]chain, 1<<bits.Len(uint(len(parts))))
	slices.SortStableFunc(parts, func(a, b part) int { return cmp.Compare(s.hash(a.key()), s.hash(b.key())) })
	s.parts = append(make([]part, 0, 1+len(parts)), part{text: none, last: true})
	for i, p := range parts {
		hash := s.hash(p.key())
		c := &s.chains[hash]
		if c.first == 0 {
			c.first = int32(i + 1)
		}
		s.bound(c, p)
		p.last = i+1 == len(parts) || s.hash(parts[i+1].key()) != hash
		s.parts = append(s.parts, p)
	}
}

// bound notes one more byte of a part.
func (s *Set) bound(c *chain, p part) {
	switch text := s.words[p.word].Text; {
	case len(text) > int(p.offset)+3:
		c.behind |= 1 << (text[p.offset+3] & 31)
	case p.offset > 0:
		c.before |= 1 << (text[p.offset-1] & 31)
	default:
		c.behind = ^uint32(0)
	}
}

// key returns what the chain of a part is found by.
func (p *part) key() uint32 {
	if p.short() {
		return short | uint32(p.text)
	}
	return uint32(p.text) & (short - 1)
}

// hash returns the number of the chain of three bytes, or of two with the bit
// short, in any case.
func (s *Set) hash(key uint32) int {
	return int((key|0x202020)*0x9e3779b1>>8) & (len(s.chains) - 1)
}

// common are the pairs of letters that text is full of.
const common = "th he in er an re on at en nd ti es or te of ed is it al ar st to nt ng se ha as ou io le ve co me de hi ri ro ic ne ea ra ce li ch ll be ma si om ur ta el no di fo us so tr et am un ot ad ut mi lo po ec cu ct ns na os pe ge vi sc sh im ss pr il wi wh"

// pairs says of two letters whether they are common.
type pairs [1 << 10]bool

func commonPairs() *pairs {
	p := &pairs{}
	for i := 0; i < len(common); i += 3 {
		p[pair(common[i], common[i+1])] = true
	}
	return p
}

func pair(a, b byte) int { return int(a&31)<<5 | int(b&31) }

// rarest returns which three bytes of a word, at an even offset or at an odd one,
// stand in text the least, as far as one can tell from their pairs. Of a word of
// three bytes only two are at an odd one.
func (p *pairs) rarest(text string, parity int) int {
	best, least := parity, 1000
	for at := parity; at+3 <= len(text) && at < 20; at += 2 {
		if sum := p.frequency(text[at], text[at+1]) + p.frequency(text[at+1], text[at+2]); sum < least {
			best, least = at, sum
		}
	}
	return best
}

func (p *pairs) frequency(a, b byte) int {
	switch {
	case letter(a) && letter(b) && p[pair(a, b)]:
		return 12
	case a == ' ' || a == '"' || b == ' ' || b == '"':
		return 6
	case letter(a) && letter(b) || a == b && strings.IndexByte("/_-.", a) >= 0:
		return 3
	case letter(a) || letter(b):
		return 2
	}
	return 1
}

func letter(c byte) bool { return 'a' <= c && c <= 'z' }

// Find appends to hits where words stand in a text, in order of their places, and
// at one place in that of the set.
func (s *Set) Find(text []byte, hits []Hit) []Hit {
	i := 0
	for ; i+9 <= len(text); i += 8 {
		t := text[i : i+9 : i+9]
		if s.has(t[0:]) {
			hits = s.stand(text, i, hits)
		}
		if s.has(t[2:]) {
			hits = s.stand(text, i+2, hits)
		}
		if s.has(t[4:]) {
			hits = s.stand(text, i+4, hits)
		}
		if s.has(t[6:]) {
			hits = s.stand(text, i+6, hits)
		}
	}
	for ; i+3 <= len(text); i += 2 {
		if s.has(text[i:]) {
			hits = s.stand(text, i, hits)
		}
	}
	if i+2 == len(text) {
		hits = s.stand(text, i, hits)
	}
	return hits
}

// has reports whether three bytes of a word may stand at the start of a text.
func (s *Set) has(text []byte) bool {
	return s.grams[binary.LittleEndian.Uint16(text)]&(1<<(text[2]&63)) != 0
}

// stand appends the words that stand where a part of them is at i.
func (s *Set) stand(text []byte, i int, hits []Hit) []Hit {
	from := len(hits)
	x, before := eight(text[i:]), byte(0)
	if i > 0 {
		before = text[i-1]
	}
	hash := s.hash(uint32(x) & (short - 1))
	if c := &s.chains[hash]; c.behind>>(x>>24&31)&1 != 0 || c.before>>(before&31)&1 != 0 {
		hits = s.follow(c.first, text, i, x, hits)
	}
	if s.grams[uint16(x)] == any {
		if other := s.hash(uint32(x)&0xffff | short); other != hash {
			hits = s.follow(s.chains[other].first, text, i, x, hits)
		}
	}
	for ; from < len(hits); from++ {
		for j := from; j > 0 && hits[j].before(hits[j-1]); j-- {
			hits[j], hits[j-1] = hits[j-1], hits[j]
		}
	}
	return hits
}

// eight returns the first bytes of a text in the order of memory, with zeros
// behind its end.
func eight(text []byte) uint64 {
	if len(text) >= 8 {
		return binary.LittleEndian.Uint64(text)
	}
	var b [8]byte
	copy(b[:], text)
	return binary.LittleEndian.Uint64(b[:])
}

// follow goes through the chain of a part that may be at i, where x stands.
func (s *Set) follow(first int32, text []byte, i int, x uint64, hits []Hit) []Hit {
	for n := first; ; n++ {
		p := &s.parts[n]
		if (x|p.folded)&p.mask == p.text {
			at := i - int(p.offset)
			if at >= 0 && s.words[p.word].stands(text[at:]) {
				hits = append(hits, Hit{int(p.word), at})
			}
		}
		if p.last {
			return hits
		}
	}
}

// stands reports whether a text begins with the word.
func (w *Word) stands(text []byte) bool {
	if len(text) < len(w.Text) {
		return false
	}
	if !w.Fold {
		return string(text[:len(w.Text)]) == w.Text
	}
	for i := range len(w.Text) {
		if c := text[i]; c != w.Text[i] && (c < 'A' || c > 'Z' || c|0x20 != w.Text[i]) {
			return false
		}
	}
	return true
}
