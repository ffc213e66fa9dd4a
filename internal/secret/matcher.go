package secret

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"strings"
)

// matcher finds keywords in raw bytes in one pass. At every second byte it looks
// whether three of a keyword stand there: those at an even offset of the keyword
// or those at an odd one, of each the rarest in text. One look does not wait for
// another, as it would where each said how far to move on, so that a processor
// does several at once.
type matcher struct {
	grams   [1 << 16]uint64 // by two bytes: bits of the low six of a third
	chains  []int32         // by a hash of three bytes: the first part of each, from 1
	parts   []part
	keyword []keyword
}

// part is three bytes of a keyword.
type part struct {
	gram   uint32 // in the order of memory
	word   int32
	offset int32
	next   int32 // the next part of the chain, from 1
}

// keyword is a string of four bytes or more to look for, and what to do where it
// stands.
type keyword struct {
	text  string // lower case where fold is set
	fold  bool
	form  form
	rule  *rule
	known int // index of a known value, where rule is nil
	order int // its index in the matcher
}

// minKeyword is how many bytes of a keyword the search takes.
const minKeyword = 4

// form is how a keyword is written in the bytes that are searched.
type form uint8

const (
	plainForm form = iota
	base64Form
	hexForm
	percentForm
)

func newMatcher(keywords []keyword) *matcher {
	m := &matcher{keyword: keywords}
	for i, k := range keywords {
		keywords[i].order = i
		for parity := range 2 {
			at := rarest(k.text, parity)
			for _, g := range grams(k.text[at:at+3], k.fold) {
				m.parts = append(m.parts, part{gram: g, word: int32(i), offset: int32(at)})
			}
		}
	}
	m.chains = make([]int32, 1<<bits.Len(uint(len(m.parts))))
	for i := len(m.parts) - 1; i >= 0; i-- {
		p := &m.parts[i]
		m.grams[uint16(p.gram)] |= 1 << (p.gram >> 16 & 63)
		first := m.chain(p.gram)
		p.next, *first = *first, int32(i+1)
	}
	return m
}

// rarest returns which three bytes of a keyword, at an even offset or at an odd
// one, stand in text the least, as far as one can tell from their pairs.
func rarest(text string, parity int) int {
	best, least := parity, 1000
	for at := parity; at+3 <= len(text) && at < 20; at += 2 {
		if sum := frequency(text[at:at+2]) + frequency(text[at+1:at+3]); sum < least {
			best, least = at, sum
		}
	}
	return best
}

// common are the pairs of letters that text is full of.
const common = "th he in er an re on at en nd ti es or te of ed is it al ar st to nt ng se ha as ou io le ve co me de hi ri ro ic ne ea ra ce li ch ll be ma si om ur ta el no di fo us so tr et am un ot ad ut mi lo po ec cu ct ns na os pe ge vi sc sh im ss pr il wi wh"

func frequency(pair string) int {
	switch {
	case strings.Contains(common, pair):
		return 12
	case strings.ContainsAny(pair, " \""):
		return 6
	case class(pair[0]) == 'a' && class(pair[1]) == 'a', strings.Contains("// __ -- ..", pair):
		return 3
	case class(pair[0]) == 0 && class(pair[1]) == 'a' || class(pair[0]) == 'a' && class(pair[1]) == 0:
		return 2
	}
	return 1
}

// grams returns the number that three bytes are, or the numbers where their case
// does not matter.
func grams(text string, fold bool) []uint32 {
	out := []uint32{0}
	for i := range len(text) {
		c := text[i]
		for n, g := range out {
			out[n] = g | uint32(c)<<(8*i)
			if u := upper(c); fold && u != c {
				out = append(out, g|uint32(u)<<(8*i))
			}
		}
	}
	return out
}

// chain returns where the number of the first part with those three bytes is
// kept, or with others of the same hash.
func (m *matcher) chain(gram uint32) *int32 {
	return &m.chains[int(gram*0x9e3779b1>>8)&(len(m.chains)-1)]
}

// hit is a keyword and where it stands.
type hit struct {
	*keyword
	at int
}

// before reports whether a hit comes before another: where both begin at one
// place, the shorter keyword, and of keywords of one length that of the rule
// which stands first.
func (h hit) before(o hit) bool {
	return cmp.Or(cmp.Compare(h.at, o.at), cmp.Compare(len(h.text), len(o.text)), cmp.Compare(h.order, o.order)) < 0
}

// find appends to hits where keywords stand in b, in order.
func (m *matcher) find(b []byte, hits []hit) []hit {
	i := 0
	for ; i+9 <= len(b); i += 8 {
		c := b[i : i+9 : i+9]
		if m.has(c[0:]) {
			hits = m.stand(b, i, hits)
		}
		if m.has(c[2:]) {
			hits = m.stand(b, i+2, hits)
		}
		if m.has(c[4:]) {
			hits = m.stand(b, i+4, hits)
		}
		if m.has(c[6:]) {
			hits = m.stand(b, i+6, hits)
		}
	}
	for ; i+3 <= len(b); i += 2 {
		hits = m.stand(b, i, hits)
	}
	return hits
}

// has reports whether three bytes of a keyword may stand at the start of b.
func (m *matcher) has(b []byte) bool {
	return m.grams[binary.LittleEndian.Uint16(b)]&(1<<(b[2]&63)) != 0
}

// stand appends the keywords that stand where three bytes of them are at i.
func (m *matcher) stand(b []byte, i int, hits []hit) []hit {
	gram := uint32(b[i]) | uint32(b[i+1])<<8 | uint32(b[i+2])<<16
	for n := *m.chain(gram); n > 0; {
		p := &m.parts[n-1]
		n = p.next
		at := i - int(p.offset)
		if p.gram != gram || at < 0 || !m.keyword[p.word].stands(b[at:]) {
			continue
		}
		hits = append(hits, hit{&m.keyword[p.word], at})
		for j := len(hits) - 1; j > 0 && hits[j].before(hits[j-1]); j-- {
			hits[j], hits[j-1] = hits[j-1], hits[j]
		}
	}
	return hits
}

// stands reports whether b begins with the keyword.
func (k *keyword) stands(b []byte) bool {
	if len(b) < len(k.text) {
		return false
	}
	if !k.fold {
		return string(b[:len(k.text)]) == k.text
	}
	for i := range len(k.text) {
		if lower(b[i]) != k.text[i] {
			return false
		}
	}
	return true
}

// block is a pair of bytes as one number, in the order of memory.
func block(a, b byte) uint16 { return uint16(a) | uint16(b)<<8 }

// hash returns a number for four bytes, the same for letters of either case.
func hash(first uint32) uint16 { return uint16((first | 0x20202020) * 0x9e3779b1 >> 16) }

func upper(c byte) byte {
	if 'a' <= c && c <= 'z' {
		return c - 'a' + 'A'
	}
	return c
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c - 'A' + 'a'
	}
	return c
}
