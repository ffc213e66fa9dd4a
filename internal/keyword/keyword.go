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
	"encoding/binary"
	"math/bits"
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
	chains []int32         // by a hash of three bytes: the first part of each, from 1
	parts  []part
}

// part is three bytes of a word, or the last two.
type part struct {
	gram   uint32 // in the order of memory; of two bytes, with the bit short
	word   int32
	offset int32
	next   int32 // the next part of the chain, from 1
}

const (
	short = 1 << 24
	any   = ^uint64(0) // the bits of two bytes behind which any third may stand
)

// New returns the set of some words. Those that are too short are in it, but not
// found.
func New(words []Word) *Set {
	s := &Set{words: words, parts: make([]part, 0, 3*len(words))}
	pairs := commonPairs()
	for i, w := range words {
		if len(w.Text) < MinLen {
			continue
		}
		s.add(i, pairs.rarest(w.Text, 0))
		s.add(i, pairs.rarest(w.Text, 1))
	}
	s.chains = make([]int32, 1<<bits.Len(uint(len(s.parts))))
	for i := range s.parts {
		p := &s.parts[i]
		if p.gram&short != 0 {
			s.grams[uint16(p.gram)] = any
		} else {
			s.grams[uint16(p.gram)] |= 1 << (p.gram >> 16 & 63)
		}
		first := s.chain(p.gram)
		p.next, *first = *first, int32(i+1)
	}
	return s
}

// add makes a part of the three bytes at an offset of a word, one for each way
// in which they may be written.
func (s *Set) add(word, offset int) {
	w := s.words[word]
	text := w.Text[offset:min(len(w.Text), offset+3)]
	for cases := range 1 << len(text) { // a bit for each byte that is in upper case
		gram, is := uint32(0), true
		for i := range len(text) {
			c := text[i]
			if cases>>i&1 != 0 {
				is = is && w.Fold && letter(c)
				c -= 'a' - 'A'
			}
			gram |= uint32(c) << (8 * i)
		}
		if len(text) < 3 {
			gram |= short
		}
		if is {
			s.parts = append(s.parts, part{gram: gram, word: int32(word), offset: int32(offset)})
		}
	}
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

// chain returns where the number of the first part with those three bytes is
// kept, or with others of the same hash.
func (s *Set) chain(gram uint32) *int32 {
	return &s.chains[int(gram*0x9e3779b1>>8)&(len(s.chains)-1)]
}

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
	for ; i+2 <= len(text); i += 2 {
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
	gram := uint32(text[i]) | uint32(text[i+1])<<8
	from := len(hits)
	if s.grams[gram] == any {
		hits = s.follow(text, i, gram|short, hits)
	}
	if i+2 < len(text) {
		hits = s.follow(text, i, gram|uint32(text[i+2])<<16, hits)
	}
	for ; from < len(hits); from++ {
		for j := from; j > 0 && hits[j].before(hits[j-1]); j-- {
			hits[j], hits[j-1] = hits[j-1], hits[j]
		}
	}
	return hits
}

// follow goes through the chain of a part that is at i.
func (s *Set) follow(text []byte, i int, gram uint32, hits []Hit) []Hit {
	for n := *s.chain(gram); n > 0; {
		p := &s.parts[n-1]
		n = p.next
		at := i - int(p.offset)
		if p.gram == gram && at >= 0 && s.words[p.word].stands(text[at:]) {
			hits = append(hits, Hit{int(p.word), at})
		}
	}
	return hits
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
