package secret

import (
	"encoding/binary"
	"strings"
)

// matcher finds keywords in raw bytes in one pass, after Wu and Manber ("A fast
// algorithm for multi-pattern searching", 1994): of four bytes of every keyword,
// those that are the rarest in text, the last two of a window say how far it can
// move on. On text without keywords it looks at about every third byte, and
// allocates nothing.
type matcher struct {
	shift   [1 << 16]uint8
	bucket  [1 << 16]uint16 // of the block that ends the four bytes of keywords: which list
	list    [][]candidate   // of those keywords; the first list is empty
	keyword []keyword
	starts  [1 << 10]uint64 // bits of the hashes of those four bytes
	behind  []hit           // of the second half, while the first is searched
}

// candidate is a keyword by its four bytes, with the bits set that tell
// lower case from upper where its case does not matter.
type candidate struct {
	start, fold uint32
	n           int32
}

// head is how many bytes of a keyword the search is made with.
const head = 4

// keyword is a string to look for and what to do where it stands.
type keyword struct {
	text  string // lower case where fold is set
	fold  bool
	core  int // where the four bytes stand that it is looked for by
	form  form
	rule  *rule
	known int // index of a known value, where rule is nil
}

// form is how a keyword is written in the bytes that are searched.
type form uint8

const (
	plainForm form = iota
	base64Form
	hexForm
	percentForm
)

// block is a pair of bytes as one number, in the order of memory.
func block(a, b byte) uint16 { return uint16(a) | uint16(b)<<8 }

func newMatcher(keywords []keyword) *matcher {
	m := &matcher{list: [][]candidate{nil}, keyword: keywords}
	for i := range m.shift {
		m.shift[i] = head - 1
	}
	for i := range keywords {
		k := &keywords[i]
		k.core = rarest(k.text)
		core := k.text[k.core : k.core+head]
		h := hash(binary.LittleEndian.Uint32([]byte(core)))
		m.starts[h>>6] |= 1 << (h & 63)
		for at := 0; at+1 < head; at++ {
			for _, b := range blocks(core[at], core[at+1], k.fold) {
				m.shift[b] = min(m.shift[b], uint8(head-2-at))
				if at == head-2 {
					m.add(b, k.candidate(i))
				}
			}
		}
	}
	return m
}

// common are the pairs of letters that text is full of.
const common = "th he in er an re on at en nd ti es or te of ed is it al ar st to nt ng se ha as ou io le ve co me de hi ri ro ic ne ea ra ce li ch ll be ma si om ur ta el no di fo us so tr et am un ot ad ut mi lo po ec cu ct ns na os pe ge vi sc sh im ss pr il wi wh"

// rarest returns where those four bytes of a keyword begin that stand in text
// the least, as far as one can tell from their pairs.
func rarest(text string) int {
	best, least := 0, 1000
	for at := 0; at+head <= len(text) && at < 16; at++ {
		sum := 0
		for i := at; i+1 < at+head; i++ {
			sum += frequency(text[i : i+2])
		}
		if sum < least {
			best, least = at, sum
		}
	}
	return best
}

func frequency(pair string) int {
	switch {
	case strings.Contains(common, pair):
		return 12
	case class(pair[0]) == 'a' && class(pair[1]) == 'a', strings.Contains("  // __ -- .. :: == ", pair):
		return 3
	case class(pair[0]) == 0 && class(pair[1]) == 'a' || class(pair[0]) == 'a' && class(pair[1]) == 0:
		return 2
	}
	return 1
}

// hash returns a number for four bytes, the same for letters of either case.
func hash(first uint32) uint16 { return uint16((first | 0x20202020) * 0x9e3779b1 >> 16) }

func (m *matcher) add(b uint16, c candidate) {
	if m.bucket[b] == 0 {
		m.bucket[b] = uint16(len(m.list))
		m.list = append(m.list, nil)
	}
	m.list[m.bucket[b]] = append(m.list[m.bucket[b]], c)
}

func (k *keyword) candidate(n int) candidate {
	c := candidate{n: int32(n)}
	if k.fold {
		c.fold = 0x20202020
	}
	c.start = binary.LittleEndian.Uint32([]byte(k.text[k.core:k.core+head])) | c.fold
	return c
}

// blocks returns the pairs of bytes that a pair stands for.
func blocks(a, b byte, fold bool) []uint16 {
	out := []uint16{block(a, b)}
	if !fold {
		return out
	}
	for _, x := range []byte{a, upper(a)} {
		for _, y := range []byte{b, upper(b)} {
			if p := block(x, y); p != out[0] {
				out = append(out, p)
			}
		}
	}
	return out
}

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

// hit is a keyword and where it stands.
type hit struct {
	*keyword
	at int
}

// find appends to hits where keywords stand in b, in order. It searches both
// halves of b by turns: each look at a table waits for the one before it, but
// not for that in the other half.
func (m *matcher) find(b []byte, hits []hit) []hit {
	half := len(b) / 2
	i, j := 0, half
	m.behind = m.behind[:0]
	for i < half && j+head <= len(b) {
		s := m.shift[binary.LittleEndian.Uint16(b[i+head-2:])]
		t := m.shift[binary.LittleEndian.Uint16(b[j+head-2:])]
		if s == 0 {
			hits = m.stands(b, i, hits)
			s = 1
		}
		if t == 0 {
			m.behind = m.stands(b, j, m.behind)
			t = 1
		}
		i += int(s)
		j += int(t)
	}
	hits = m.rest(b, i, half, hits)
	return m.rest(b, j, len(b), append(hits, m.behind...))
}

// rest does the same from i on, for keywords that begin before end.
func (m *matcher) rest(b []byte, i, end int, hits []hit) []hit {
	for i < end && i+head <= len(b) {
		s := m.shift[binary.LittleEndian.Uint16(b[i+head-2:])]
		if s == 0 {
			hits = m.stands(b, i, hits)
			s = 1
		}
		i += int(s)
	}
	return hits
}

// stands appends the keywords of which the four bytes stand at i.
func (m *matcher) stands(b []byte, i int, hits []hit) []hit {
	first := binary.LittleEndian.Uint32(b[i:])
	if h := hash(first); m.starts[h>>6]&(1<<(h&63)) == 0 {
		return hits
	}
	for _, c := range m.list[m.bucket[first>>16]] {
		if first|c.fold != c.start {
			continue
		}
		if k := &m.keyword[c.n]; i >= k.core && k.stands(b[i-k.core:]) {
			hits = append(hits, hit{k, i - k.core})
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
