package secret

// matcher finds keywords in raw bytes in one pass, after Wu and Manber ("A fast
// algorithm for multi-pattern searching", 1994): of the first four bytes of
// every keyword, the last two of a window say how far it can move on. On text
// without keywords it looks at about every third byte, and allocates nothing.
type matcher struct {
	shift   [1 << 16]uint8
	bucket  [1 << 16]uint16 // of the block that ends the first four bytes of keywords: which list
	list    [][]int32       // of those keywords; the first list is empty
	keyword []keyword
}

// head is how many bytes of a keyword the search is made with.
const head = 4

// keyword is a string to look for and what to do where it stands.
type keyword struct {
	text  string // lower case where fold is set
	fold  bool
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

func block(a, b byte) uint16 { return uint16(a)<<8 | uint16(b) }

func newMatcher(keywords []keyword) *matcher {
	m := &matcher{list: [][]int32{nil}, keyword: keywords}
	for i := range m.shift {
		m.shift[i] = head - 1
	}
	for i, k := range keywords {
		for at := 0; at+1 < head; at++ {
			for _, b := range blocks(k.text[at], k.text[at+1], k.fold) {
				m.shift[b] = min(m.shift[b], uint8(head-2-at))
				if at == head-2 {
					m.add(b, int32(i))
				}
			}
		}
	}
	return m
}

func (m *matcher) add(b uint16, n int32) {
	if m.bucket[b] == 0 {
		m.bucket[b] = uint16(len(m.list))
		m.list = append(m.list, nil)
	}
	m.list[m.bucket[b]] = append(m.list[m.bucket[b]], n)
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

// each calls f for every keyword in b and where it begins.
func (m *matcher) each(b []byte, f func(k *keyword, at int)) {
	for i := head - 1; i < len(b); {
		blk := block(b[i-1], b[i])
		if s := m.shift[blk]; s > 0 {
			i += int(s)
			continue
		}
		for _, n := range m.list[m.bucket[blk]] {
			if k := &m.keyword[n]; k.stands(b[i-head+1:]) {
				f(k, i-head+1)
			}
		}
		i++
	}
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
