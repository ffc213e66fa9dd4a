package cli

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/andon-ci/andon/internal/zstd"
)

// maxExpanded bounds what a compressed file may grow to, maxNested how often it
// may be compressed over: an upload of what was compressed already happens.
const (
	maxExpanded = 16 << 30
	maxNested   = 3
)

var (
	errExpanded = fmt.Errorf("more than %d GiB when decompressed", maxExpanded>>30)
	errNested   = fmt.Errorf("compressed more than %d times over", maxNested)
)

// decode returns the text of a file: decompressed, and from UTF-16, where its
// first bytes say that it is.
func decode(r io.Reader) (io.Reader, error) {
	for level := 0; ; level++ {
		br := bufio.NewReaderSize(r, 64<<10)
		unpacked, err := unpack(br)
		switch {
		case err != nil:
			return nil, err
		case unpacked == nil:
			return fromUTF16(br), nil
		case level == maxNested:
			return nil, errNested
		}
		r = &limited{r: unpacked, left: maxExpanded}
	}
}

// unpack returns nil for what is not compressed.
func unpack(br *bufio.Reader) (io.Reader, error) {
	head, _ := br.Peek(10) // an error comes again when it is read
	switch {
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		return gzip.NewReader(br)
	case bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")):
		return zstd.NewReader(br)
	case isBzip2(head):
		return bzip2.NewReader(br), nil
	}
	return nil, nil
}

// isBzip2 looks for the file's header, a digit, and that of a block or of the
// end: text may begin with the letters too.
func isBzip2(head []byte) bool {
	return len(head) == 10 && string(head[:3]) == "BZh" && '1' <= head[3] && head[3] <= '9' &&
		(string(head[4:]) == "1AY&SY" || string(head[4:]) == "\x17\x72\x45\x38\x50\x90")
}

// limited fails where io.LimitedReader would pretend that the file has ended.
type limited struct {
	r    io.Reader
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errExpanded
	}
	n, err := l.r.Read(p[:min(int64(len(p)), l.left)])
	l.left -= int64(n)
	return n, err
}

// fromUTF16 returns the text in UTF-8, where a byte order mark and a character
// of one byte say that it is in UTF-16, as `>` of PowerShell 5 writes it, or where
// without a mark it begins as JSON does in UTF-16.
func fromUTF16(br *bufio.Reader) io.Reader {
	head, _ := br.Peek(4 << 10)
	u := &utf16Reader{r: br}
	switch {
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		u.big = 1
	case unmarked(head, 0):
		return u
	case unmarked(head, 1):
		u.big = 1
		return u
	case !bytes.HasPrefix(head, []byte("\xff\xfe")):
		return br
	}
	for i := 2; i+1 < len(head); i += 2 {
		if head[i+1-u.big] == 0 {
			br.Discard(2)
			return u
		}
	}
	if len(head) == 2 {
		br.Discard(2)
	}
	return br
}

// unmarked reports whether two units of ASCII begin a value of JSON, the high byte
// of each first where big is 1 (RFC 4627, section 3).
func unmarked(head []byte, big int) bool {
	return len(head) >= 4 && head[1-big] == 0 && head[3-big] == 0 && readable(head[2+big]) &&
		strings.IndexByte("{[ \t\r\n", head[big]) >= 0
}

// utf16Reader turns UTF-16 into UTF-8. Half a pair becomes U+FFFD.
//
// A file may be of two encodings, since programs append to one that the shell
// has begun. Where a row of units would be readable text in one byte each, it
// is that: taken for units it would be Chinese, in which such a row is rarer
// than one in ten million characters.
type utf16Reader struct {
	r    io.Reader
	big  int  // 1 for the high byte first
	high rune // the first half of a pair
	row  []byte
	raw  [32 << 10]byte // even, so that no unit is cut
	out  []byte
	rest []byte // of out, not yet handed on
	err  error
}

// minRow is how many bytes of a row are text in one byte each.
const minRow = 24

func (u *utf16Reader) Read(p []byte) (int, error) {
	for len(u.rest) == 0 {
		if u.err != nil {
			return 0, u.err
		}
		u.fill()
	}
	n := copy(p, u.rest)
	u.rest = u.rest[n:]
	return n, nil
}

func (u *utf16Reader) fill() {
	n, err := io.ReadFull(u.r, u.raw[:])
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	u.out, u.err = u.out[:0], err
	for i := 0; i+1 < n; i += 2 {
		u.unit(u.raw[i], u.raw[i+1])
	}
	if err != nil {
		if n%2 == 1 && len(u.row) >= minRow && readable(u.raw[n-1]) {
			u.row = append(u.row, u.raw[n-1])
			n--
		}
		u.endRow()
		u.put(0, n%2 == 1)
	}
	u.rest = u.out
}

// unit takes the two bytes of one unit.
func (u *utf16Reader) unit(a, b byte) {
	if readable(a) && readable(b) {
		if u.row = append(u.row, a, b); len(u.row) >= 2*minRow { // a long row need not be kept whole
			u.put(0, false)
			u.out = append(u.out, u.row[:minRow]...)
			u.row = append(u.row[:0], u.row[minRow:]...)
		}
		return
	}
	u.endRow()
	u.decode(a, b)
}

func readable(c byte) bool { return ' ' <= c && c < 0x7f || c == '\n' || c == '\r' || c == '\t' }

// endRow ends a row of readable pairs.
func (u *utf16Reader) endRow() {
	row := u.row
	u.row = u.row[:0]
	if len(row) >= minRow {
		u.put(0, false)
		u.out = append(u.out, row...)
		return
	}
	for i := 0; i < len(row); i += 2 {
		u.decode(row[i], row[i+1])
	}
}

func (u *utf16Reader) decode(a, b byte) {
	c := rune(a) | rune(b)<<8
	if u.big == 1 {
		c = rune(a)<<8 | rune(b)
	}
	switch {
	case u.high != 0 && 0xdc00 <= c && c < 0xe000:
		u.out = utf8.AppendRune(u.out, utf16.DecodeRune(u.high, c))
		u.high = 0
	case 0xd800 <= c && c < 0xdc00:
		u.put(c, false)
	default:
		u.put(0, false)
		u.out = utf8.AppendRune(u.out, c) // U+FFFD for the second half of a pair
	}
}

// put keeps the first half of a pair, and gives up one that was kept before, or
// half a unit.
func (u *utf16Reader) put(high rune, half bool) {
	if u.high != 0 || half {
		u.out = utf8.AppendRune(u.out, utf8.RuneError)
	}
	u.high = high
}
