package secret

import (
	"math/bits"
	"strings"
)

// minRun is how many letters, digits, dashes and underscores of a value stand in
// one run, at least.
const minRun = 12

// sieve finds the runs of a text, and where a spot may be. It knows of every byte
// what it is: three bits say the kind, and one whether a break of a line behind
// it may be within a keyword. Each stands at the beginning of 16 bits, so that 16
// bytes make four rows of bits.
type sieve [256]uint64

// The kinds of bytes.
const (
	isRun   = 1
	isCount = isRun | 2
	isTab   = isRun | 4 // a t, which behind a backslash is a tab
	isBreak = isRun | 6 // an n, which behind one is the break of a line
	isSlash = 2         // a backslash
	isOdd   = 4         // a control character, or the first byte of characters of which some show nothing
	isQuote = 6
	isHead  = 8 // and it may stand before the break of a line in a keyword
)

// newSieve returns a sieve, given what may stand before the break of a line in a
// keyword.
func newSieve(head func(c byte) bool) *sieve {
	s := &sieve{}
	for c := range s {
		kind := kindOf(byte(c))
		if head(byte(c)) {
			kind |= isHead
		}
		for i := range 4 {
			s[c] |= kind >> i & 1 << (16 * i)
		}
	}
	return s
}

func kindOf(c byte) uint64 {
	switch {
	case '0' <= c && c <= '9':
		return isCount
	case c == 't':
		return isTab
	case c == 'n':
		return isBreak
	case isWord(c) || c == '-':
		return isRun
	case c == '\\':
		return isSlash
	case c == '"':
		return isQuote
	case c < ' ' || c == 0x7f || strings.IndexByte(unseenLeads, c) >= 0:
		return isOdd
	}
	return 0
}

// each calls run for every run of b that is long enough and has a digit, and odd
// for every 64 bytes in which a spot may begin, with their bits. Either may be
// nil. No byte needs a decision: a sum carries the bit of a digit to the end of
// its run.
func (s *sieve) each(b []byte, run func(from, to int), odd func(at int, marks uint64)) {
	var one, two, four, eight, twelve uint64 // bits of those that end so many bytes of one run
	var carry, heads uint64
	var tail [64]byte
	for at := 0; at <= len(b); at += 64 { // a run that ends the text has its end behind it
		block, behind := b[at:], uint64(0)
		if len(block) > 64 {
			behind = s[block[64]]
		} else if len(block) < 64 {
			clear(tail[copy(tail[:], block):])
			block = tail[:]
		}
		r := s.rows(block[:64:64])
		if odd != nil {
			if marks := r.spots(behind, heads) & (1<<(len(b)-at) - 1); marks != 0 {
				odd(at, marks)
			}
			heads = r.head >> 63
		}
		if run == nil {
			continue
		}
		var sum uint64
		sum, carry = bits.Add64(r.run, r.digits(), carry)
		two1 := r.run & (r.run<<1 | one>>63)
		four1 := two1 & (two1<<2 | two>>62)
		eight1 := four1 & (four1<<4 | four>>60)
		twelve1 := eight1 & (eight1<<4 | eight>>60)
		for ends := sum &^ r.run & (twelve1<<1 | twelve>>63); ends != 0; ends &= ends - 1 {
			n := bits.TrailingZeros64(ends)
			run(s.start(b, at+bits.Len64(^r.run&(1<<n-1))), at+n)
		}
		one, two, four, eight, twelve = r.run, two1, four1, eight1, twelve1
	}
}

// rows are the bits of 64 bytes: three of their kinds, and head.
type rows struct{ run, two, four, head uint64 }

func (s *sieve) rows(b []byte) (r rows) {
	for i := 0; i < 64; i += 16 {
		c := b[i : i+16 : i+16]
		k := s[c[0]] | s[c[1]]<<1 | s[c[2]]<<2 | s[c[3]]<<3 | s[c[4]]<<4 | s[c[5]]<<5 | s[c[6]]<<6 | s[c[7]]<<7 |
			s[c[8]]<<8 | s[c[9]]<<9 | s[c[10]]<<10 | s[c[11]]<<11 | s[c[12]]<<12 | s[c[13]]<<13 | s[c[14]]<<14 | s[c[15]]<<15
		r.run |= k & 0xffff << i
		r.two |= k >> 16 & 0xffff << i
		r.four |= k >> 32 & 0xffff << i
		r.head |= k >> 48 << i
	}
	return r
}

func (r rows) digits() uint64 { return r.run & r.two &^ r.four }

// spots returns those that a spot may begin with: of the backslashes, none that
// escapes a quote, a tab, or the end of a line where that is within no keyword.
// It is given what is behind the 64 bytes and the head of the one before them.
func (r rows) spots(behind, before uint64) uint64 {
	run, two, four := r.run>>1|behind<<63, r.two>>1|behind>>16<<63, r.four>>1|behind>>32<<63
	calm := four & (run ^ two | two&^(r.head<<1|before))
	return r.four&^r.run&^r.two | r.two&^r.run&^r.four&^calm
}

// start returns where a run begins that reaches back to an offset.
func (s *sieve) start(b []byte, from int) int {
	for from > 0 && s[b[from-1]]&isRun != 0 {
		from--
	}
	return from
}
