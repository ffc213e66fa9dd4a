package trend

import (
	"encoding/base64"
	"encoding/binary"
	"math"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/stat"
)

// packCells returns the cells of a day, and the runs of all of them one after the
// other, as a summary has them.
//
// Note: a busy day has thousands of cells of some twenty numbers each. As JSON they
// are the most of a summary, and reading them took longer than judging them. People
// read the day's files, of which a summary is made; so cells are written as numbers of
// variable length (those of encoding/binary): for each cell its key, its
// counts, the amounts as 8 bytes, and how many waits it has, the waits, and how many
// runs it has.
func packCells(cells []*cell) (packed, runs []byte) {
	for _, c := range cells {
		for _, n := range c.key.names() {
			packed = binary.AppendUvarint(packed, uint64(n))
		}
		for _, n := range c.counts.numbers() {
			packed = binary.AppendUvarint(packed, uint64(*n))
		}
		for _, x := range c.counts.amounts() {
			packed = binary.LittleEndian.AppendUint64(packed, math.Float64bits(*x))
		}
		packed = binary.AppendUvarint(packed, uint64(len(c.waits)))
		for _, w := range c.waits {
			packed = binary.AppendUvarint(packed, uint64(w))
		}
		packed = binary.AppendUvarint(packed, uint64(len(c.runs)))
		for _, r := range c.runs {
			runs = r.append(runs)
		}
	}
	return packed, runs
}

// unpackCells returns what packCells has written.
func unpackCells(packed, runs []byte) ([]*cell, error) {
	all := make([]run, 0, len(runs)/packedRun)
	for b := runs; len(b) >= packedRun; b = b[packedRun:] {
		all = append(all, unpackRun(b))
	}
	var cells []*cell
	p := unpacker{rest: packed}
	for len(p.rest) > 0 && !p.short {
		c := p.cell()
		n := p.number(uint64(len(all)) + 1)
		if n > uint64(len(all)) {
			return nil, errDay
		}
		if last := len(cells) - 1; last >= 0 && cells[last].key.fork && !c.key.fork {
			return nil, errDay
		}
		c.runs, all = all[:n:n], all[n:]
		cells = append(cells, c)
	}
	if p.short || len(all) > 0 || len(runs)%packedRun != 0 {
		return nil, errDay
	}
	return cells, nil
}

// unpacker reads numbers one after the other.
type unpacker struct {
	rest  []byte
	short bool // something was asked for that is not there
}

func (p *unpacker) cell() *cell {
	c := &cell{}
	var names [8]name
	for i := range names {
		names[i] = name(p.number(1 << 31))
	}
	c.key = newCellKey(names)
	for _, n := range c.counts.numbers() {
		*n = int64(p.number(maxCount))
	}
	for _, x := range c.counts.amounts() {
		*x = p.amount()
	}
	if n := p.number(math.MaxInt32); n > 0 && n <= uint64(len(p.rest)) {
		c.waits = make([]stat.Amount, n)
		for i := range c.waits {
			c.waits[i] = stat.Amount(p.number(uint64(stat.AmountMax)))
		}
	} else if n > 0 {
		p.short = true
	}
	return c
}

// number returns the next number, or what is the most that it may be.
func (p *unpacker) number(most uint64) uint64 {
	x, n := binary.Uvarint(p.rest)
	if n <= 0 {
		p.rest, p.short = nil, true
		return 0
	}
	p.rest = p.rest[n:]
	return min(x, most)
}

// amount returns the next amount, of which none is below 0.
func (p *unpacker) amount() float64 {
	if len(p.rest) < 8 {
		p.rest, p.short = nil, true
		return 0
	}
	x := math.Float64frombits(binary.LittleEndian.Uint64(p.rest))
	p.rest = p.rest[8:]
	if !(x > 0) || math.IsInf(x, 1) {
		return 0
	}
	return x
}

// bytesOf returns the bytes that a string of a summary stands for.
func bytesOf(v jsonl.Value) ([]byte, error) {
	raw := v.Raw()
	if v.Kind() != jsonl.String {
		return nil, nil
	}
	out, err := base64.StdEncoding.AppendDecode(nil, raw[1:len(raw)-1])
	if err != nil {
		return nil, errDay
	}
	return out, nil
}
