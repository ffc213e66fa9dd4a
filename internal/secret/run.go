package secret

import (
	"encoding/binary"
	"math/bits"
)

// minRun is how many letters, digits, dashes and underscores of a value stand in
// one run, at least.
const minRun = 12

// runner finds the runs of a text. It knows of every two bytes which of them may
// stand in a run, in bits 0 and 1, and which are digits, in bits 8 and 9.
type runner [1 << 16]uint16

func newRunner() *runner {
	r := &runner{}
	for c := range 256 {
		kind := uint16(0)
		if b := byte(c); '0' <= b && b <= '9' {
			kind = 1 | 1<<8
		} else if isWord(b) || b == '-' {
			kind = 1
		}
		for other := 0; kind > 0 && other < 256; other++ {
			r[other<<8|c] |= kind
			r[c<<8|other] |= kind << 1
		}
	}
	return r
}

// each calls f for every run of b that is long enough and has a digit. It makes
// bits of 64 bytes at once, so that no byte needs a decision: a sum carries the
// bit of a digit to the end of its run.
func (r *runner) each(b []byte, f func(from, to int)) {
	var before rows
	var tail [64]byte
	carry := uint64(0)
	for at := 0; at <= len(b); at += 64 { // a run that ends the text has its end behind it
		block := b[at:]
		if len(block) < 64 {
			copy(tail[:], block)
			block = tail[:]
		}
		run, digit := r.bits(block[:64:64])
		var sum uint64
		sum, carry = bits.Add64(run, digit, carry)
		row := rowsOf(run, before)
		for ends := sum &^ run & (row.twelve<<1 | before.twelve>>63); ends != 0; ends &= ends - 1 {
			to := at + bits.TrailingZeros64(ends)
			f(r.start(b, to), to)
		}
		before = row
	}
}

// bits returns those of 64 bytes that may stand in a run, and those that are
// digits.
func (r *runner) bits(b []byte) (run, digit uint64) {
	for i := 0; i < 64; i += 8 {
		c := b[i : i+8 : i+8]
		kinds := r[binary.LittleEndian.Uint16(c)] | r[binary.LittleEndian.Uint16(c[2:])]<<2 |
			r[binary.LittleEndian.Uint16(c[4:])]<<4 | r[binary.LittleEndian.Uint16(c[6:])]<<6
		run |= uint64(kinds&0xff) << i
		digit |= uint64(kinds>>8) << i
	}
	return run, digit
}

// start returns where a run begins that ends at an offset.
func (r *runner) start(b []byte, to int) int {
	from := to - minRun
	for from > 0 && r[b[from-1]]&1 != 0 {
		from--
	}
	return from
}

// rows are bits of 64 bytes: those that end so many bytes of one run.
type rows struct{ one, two, four, eight, twelve uint64 }

// rowsOf returns the rows of 64 bytes, given those of the 64 before them.
func rowsOf(run uint64, before rows) rows {
	r := rows{one: run}
	r.two = r.one & (r.one<<1 | before.one>>63)
	r.four = r.two & (r.two<<2 | before.two>>62)
	r.eight = r.four & (r.four<<4 | before.four>>60)
	r.twelve = r.eight & (r.eight<<4 | before.eight>>60)
	return r
}
