package jsonl

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/bits"
)

// MaxValue is the default limit of one value, in bytes.
const MaxValue = 160 << 20

// Chunk is one piece of a file: a line, or one value of a file whose values
// stand over several lines.
type Chunk struct {
	Raw  []byte // without the line's end; valid until the next call of Next
	Line int    // the line that it begins on, from 1
	Part int    // 0 for a whole chunk; else the number of this part of one over the limit, from 1
	End  bool   // the last chunk of the file, without a line end behind it
	More bool   // another part of the same chunk follows

	Element bool // an element of a top-level array
}

// overlap is how much of one part of an over-long chunk the next part repeats,
// so that a scan for something shorter misses nothing at the edge.
const overlap = 64 << 10

// Owns reports whether what begins at an offset is to be told of this chunk.
// Parts of an over-long one have some bytes in common, of which each tells half.
func (c Chunk) Owns(at int) bool {
	return (!c.More || at < len(c.Raw)-overlap/2) && (c.Part <= 1 || at >= overlap/2)
}

// Reader cuts a stream into chunks. A file whose first value ends on its first
// line is read line by line; one that begins with an array is read element by
// element; any other is read value by value, however many lines each takes.
type Reader struct {
	r       *bufio.Reader
	max     int
	line    int
	buf     []byte // a chunk that does not lie in the bufio.Reader whole
	mode    mode
	part    int
	started bool
}

type mode uint8

const (
	lines mode = iota
	values
	elements
)

// NewReader returns a Reader of r that gives out values of more than limit
// bytes in parts. A limit of 0 is MaxValue. What is given out at once may be
// over the limit by the size of a buffer and an overlap, 320 KiB.
func NewReader(r io.Reader, limit int) *Reader {
	if limit <= 0 {
		limit = MaxValue
	}
	return &Reader{r: bufio.NewReaderSize(r, 256<<10), max: limit, line: 1}
}

// Next returns the next chunk that is not blank, and io.EOF at the end.
func (r *Reader) Next() (Chunk, error) {
	if !r.started {
		if err := r.start(); err != nil {
			return Chunk{}, err
		}
	}
	for {
		c, err := r.next()
		if err != nil || len(bytes.Trim(c.Raw, " \t\r\n")) > 0 {
			return c, err
		}
	}
}

func (r *Reader) next() (Chunk, error) {
	if r.part > 0 {
		return r.nextLine()
	}
	if r.mode == lines && !r.opens() {
		return r.nextLine()
	}
	return r.nextValue()
}

// opens leaves the mode of lines where a bracket has a line to itself: a
// program has printed something before its JSON, which is indented.
func (r *Reader) opens() bool {
	b, _ := r.r.Peek(8)
	first, _, whole := bytes.Cut(b, []byte("\n"))
	switch {
	case !whole:
	case string(bytes.Trim(first, " \t\r")) == "{":
		r.mode = values
	case string(bytes.Trim(first, " \t\r")) == "[":
		r.mode = elements
		r.r.Discard(bytes.IndexByte(first, '[') + 1)
	}
	return r.mode != lines
}

// start skips a byte order mark and leading white space, and finds the mode.
func (r *Reader) start() error {
	r.started = true
	if bom, _ := r.r.Peek(3); bytes.Equal(bom, []byte("\xef\xbb\xbf")) {
		r.r.Discard(3)
	}
	if err := r.skipSpace(); err != nil {
		return err
	}
	head, err := r.r.Peek(256 << 10)
	if err != nil && !errors.Is(err, io.EOF) && len(head) == 0 {
		return err
	}
	switch first, _, whole := bytes.Cut(head, []byte("\n")); {
	case head[0] == '[' && opensArray(head[1:]):
		r.mode = elements
		r.r.Discard(1)
	case head[0] == '{' && whole && !closes(first):
		r.mode = values
	}
	return nil
}

// opensArray reports whether what follows a bracket makes it the beginning of an
// array of records. Others are lines, such as "[info] starting".
func opensArray(rest []byte) bool {
	rest = bytes.TrimLeft(rest, " \t\r\n")
	return len(rest) == 0 || bytes.IndexByte([]byte(`{"]`), rest[0]) >= 0
}

// closes reports whether the first value in line ends there.
func closes(line []byte) bool {
	var s balance
	_, done := s.scan(line)
	return done
}

func (r *Reader) skipSpace() error {
	for {
		b, err := r.r.ReadByte()
		switch {
		case err != nil:
			return err
		case b == '\n':
			r.line++
		case b != ' ' && b != '\t' && b != '\r':
			return r.r.UnreadByte()
		}
	}
}

// nextLine returns a line, or a part of one that is over the limit.
func (r *Reader) nextLine() (Chunk, error) {
	c := Chunk{Line: r.line}
	raw, err := r.r.ReadSlice('\n')
	if r.part == 0 && !errors.Is(err, bufio.ErrBufferFull) {
		return r.endLine(c, raw, err)
	}
	if r.part == 0 {
		r.buf = r.buf[:0]
	}
	for {
		r.buf = grow(r.buf, raw, r.max)
		if !errors.Is(err, bufio.ErrBufferFull) {
			break
		}
		if len(r.buf)+r.r.Size() > r.max {
			return r.cutPart(c), nil
		}
		raw, err = r.r.ReadSlice('\n')
	}
	if r.part > 0 {
		c.Part = r.part + 1
		r.part = 0
	}
	return r.endLine(c, r.buf, err)
}

// cutPart gives out what is buffered of an over-long line. The next part
// begins with the end of this one.
func (r *Reader) cutPart(c Chunk) Chunk {
	r.part++
	c.Part, c.More = r.part, true
	c.Raw = r.buf
	tail := r.buf[max(0, len(r.buf)-overlap):]
	r.buf = append([]byte(nil), tail...)
	return c
}

func (r *Reader) endLine(c Chunk, raw []byte, err error) (Chunk, error) {
	if err != nil && (!errors.Is(err, io.EOF) || len(raw) == 0) {
		return Chunk{}, err
	}
	c.End = err != nil
	r.line++
	c.Raw = bytes.TrimSuffix(bytes.TrimSuffix(raw, []byte("\n")), []byte("\r"))
	return c, nil
}

// grow appends without ever holding much more than what is needed: a line of
// many megabytes must not cost a multiple of itself.
func grow(buf, more []byte, limit int) []byte {
	if need := len(buf) + len(more); need > cap(buf) {
		size := min(max(need, 2*cap(buf)), max(need, limit+len(more)))
		buf = append(make([]byte, 0, size), buf...)
	}
	return append(buf, more...)
}

// nextValue returns a value that may stand over several lines.
func (r *Reader) nextValue() (Chunk, error) {
	if text, err := r.betweenValues(); err != nil {
		return Chunk{}, err
	} else if text {
		return r.nextLine()
	}
	c := Chunk{Line: r.line, Element: r.mode == elements}
	r.buf = r.buf[:0]
	var s balance
	for {
		head, err := r.fill()
		if err != nil {
			return r.endValue(c, err)
		}
		n, done := s.scan(head)
		if at := r.lineStart(head[:n]); at >= 0 {
			n, done, r.mode = at, true, lines
		}
		r.line += bytes.Count(head[:n], []byte("\n"))
		r.r.Discard(n)
		if done && len(r.buf) == 0 {
			c.Raw = head[:n]
			return c, nil
		}
		r.buf = grow(r.buf, head[:n], r.max)
		if done {
			c.Raw = r.buf
			return c, nil
		}
		if len(r.buf)+r.r.Size() > r.max {
			return r.cutPart(c), nil
		}
	}
}

// fill returns what is buffered: two bytes or more, but at the end. It does not
// stop within what lineStart looks for.
func (r *Reader) fill() ([]byte, error) {
	if b, err := r.r.Peek(2); len(b) == 0 {
		return nil, err
	}
	head, _ := r.r.Peek(r.r.Buffered())
	if bytes.HasSuffix(head, []byte("\n{")) {
		head = head[:len(head)-1]
	}
	return head, nil
}

// lineStart returns where in a value, of which b follows what is in r.buf, a
// line begins that can only be the start of another record: the first line of
// a file of lines was cut off. Pretty-printed values are indented, so none of
// their lines is so.
func (r *Reader) lineStart(b []byte) int {
	const mark = "\n{\""
	if bytes.HasSuffix(r.buf, []byte(mark[:1])) && bytes.HasPrefix(b, []byte(mark[1:])) {
		return 0
	}
	if i := bytes.Index(b, []byte(mark)); i >= 0 {
		return i + 1
	}
	return -1
}

func (r *Reader) endValue(c Chunk, err error) (Chunk, error) {
	if !errors.Is(err, io.EOF) || len(r.buf) == 0 {
		return Chunk{}, err
	}
	c.Raw, c.End = r.buf, true
	return c, nil
}

// betweenValues skips what separates values. It reports true where what comes
// next is no JSON, and is to be read as a line.
func (r *Reader) betweenValues() (text bool, err error) {
	for {
		if err := r.skipSpace(); err != nil {
			return false, err
		}
		b, err := r.r.Peek(32)
		if len(b) == 0 {
			return false, err
		}
		switch {
		case b[0] == '{' || b[0] == '[' && r.mode == values && opensArray(b[1:]) || b[0] == '"' && r.mode == elements:
			return false, nil
		case r.mode == elements && (b[0] == ',' || b[0] == ']'):
			r.r.Discard(1)
			if b[0] == ']' {
				r.mode = values
			}
		default:
			return true, nil
		}
	}
}

// balance finds where a value ends without parsing it: it counts brackets that
// are not in strings. It goes on from piece to piece.
type balance struct {
	depth  int
	quoted bool
	escape bool
}

// scan reads b up to the value's end, and returns how much it read and whether
// the value ended there.
func (s *balance) scan(b []byte) (n int, done bool) {
	for i := 0; i < len(b); i++ {
		if s.quoted && !s.escape {
			if i += plain(b[i:]); i == len(b) {
				break
			}
		}
		c := b[i]
		switch {
		case s.escape:
			s.escape = false
		case s.quoted:
			s.escape = c == '\\'
			s.quoted = c != '"'
			if !s.quoted && s.depth == 0 {
				return i + 1, true
			}
		case c == '"':
			s.quoted = true
		case c == '{' || c == '[':
			s.depth++
		case c == '}' || c == ']':
			if s.depth--; s.depth <= 0 {
				return i + 1, true
			}
		}
	}
	return len(b), false
}

// plain returns how many bytes of a string at the start of b need no
// attention, or fewer.
func plain(b []byte) int {
	i := 0
	for ; i+8 <= len(b); i += 8 {
		if m := special(binary.LittleEndian.Uint64(b[i:])); m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	return i
}
