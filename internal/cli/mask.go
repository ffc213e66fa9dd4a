package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strings"

	"github.com/andon-ci/andon/internal/secret"
)

// The commands by which a step tells a runner that a value is a secret; the
// second is the older form, which runners of other forges take too.
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#masking-a-value-in-a-log
const (
	maskCommand    = "::add-mask::"
	oldMaskCommand = "[add-mask]"
)

// The bounds of what masks are taken from what is read: a trace can hold any
// number of them, and each is looked for in more than ten forms.
const (
	maxMasks   = 200
	minMask    = 8
	maxMask    = 4 << 10
	maskWindow = 2 * maxMask
)

// maskFinder looks for the commands without taking the text apart, since almost
// no text has any.
type maskFinder struct {
	seen  map[string]bool
	found []secret.Known
	free  chan []byte // buffers
}

// stretch is a part of a text, in a buffer with room for the end of the one before.
type stretch struct {
	buf  []byte
	end  int
	last bool
}

// read looks through a text, of which the next stretch is read meanwhile.
func (m *maskFinder) read(r io.Reader) {
	if m.free == nil {
		m.free = make(chan []byte, 2)
		for range cap(m.free) {
			m.free <- make([]byte, maskWindow+256<<10)
		}
	}
	read := make(chan stretch, 1)
	go func() {
		for p := (stretch{}); !p.last; read <- p {
			p.buf = <-m.free
			n, err := io.ReadFull(r, p.buf[maskWindow:])
			p.end, p.last = maskWindow+n, err != nil
		}
		close(read)
	}()
	var before []byte
	for p := range read {
		from := maskWindow - len(before)
		copy(p.buf[from:], before)
		text := p.buf[from:p.end]
		keep := min(len(text), maskWindow) // a command at the end is read with what follows
		if p.last {
			keep = 0
		}
		m.look(text, len(text)-keep)
		before = append(before[:0], text[len(text)-keep:]...)
		m.free <- p.buf
	}
}

// errMasked says that what is read may mask a value, and has to be read again
// with that value known.
var errMasked = errors.New("a value is masked")

// maskWatch tells whether a command may stand in what is read.
type maskWatch struct {
	r      io.Reader
	last   []byte // what was read last, as far as a command may begin in it
	masked bool   // one may stand there
	ended  bool   // all of it was read
}

// over returns a reader of the same, which ends where a command may stand.
func (w *maskWatch) over(r io.Reader) io.Reader {
	if w == nil {
		return r
	}
	w.r, w.last, w.ended = r, w.last[:0], false
	return w
}

// saw reports whether the values that the text masks have to be known, or nobody
// can tell since it was not read to its end.
func (w *maskWatch) saw() bool { return w != nil && (w.masked || w.r != nil && !w.ended) }

func (w *maskWatch) Read(p []byte) (int, error) {
	const most = len(maskCommand) - 1
	n, err := w.r.Read(p)
	w.ended = err != nil
	w.last = append(w.last, p[:min(n, most)]...)
	if w.masked = w.masked || saysMask(w.last) || saysMask(p[:n]); w.masked {
		return 0, io.EOF
	}
	if n >= most {
		w.last = append(w.last[:0], p[n-most:n]...)
	}
	w.last = w.last[max(0, len(w.last)-most):]
	return n, err
}

// saysMask reports whether a command stands in a text.
func saysMask(text []byte) bool {
	for {
		i := bytes.Index(text, []byte("-mask")) // a hyphen is rarer than an "a" or a colon, on which the time goes
		if i < 0 {
			return false
		}
		if _, ok := maskAt(text, i); ok {
			return true
		}
		text = text[i+1:]
	}
}

// look takes the values of the commands that begin before an offset.
func (m *maskFinder) look(text []byte, to int) {
	for from := 0; from < to && len(m.found) < maxMasks; {
		i := bytes.Index(text[from:], []byte("-mask"))
		if i < 0 || from+i >= to {
			return
		}
		at := from + i
		from = at + len("-mask")
		if value, ok := maskAt(text, at); ok {
			m.add(text[value:])
		}
	}
}

// maskAt returns where the value begins of the command of which the hyphen
// stands at an offset, if one does.
func maskAt(text []byte, hyphen int) (value int, ok bool) {
	for _, command := range []string{maskCommand, oldMaskCommand} {
		start := hyphen - strings.IndexByte(command, '-')
		if start >= 0 && bytes.HasPrefix(text[start:], []byte(command)) {
			return start + len(command), true
		}
	}
	return 0, false
}

// add takes the value at the start of a text: up to the end of its line, in
// whatever depth of JSON that is written, undone of its escapes.
func (m *maskFinder) add(text []byte) {
	text = text[:min(len(text), maskWindow)]
	end := bytes.IndexAny(text, "\"'`\r\n")
	for i := 0; i < len(text) && (end < 0 || i < end); {
		n := len(text[i:]) - len(bytes.TrimLeft(text[i:], `\`))
		if n > 0 && i+n < len(text) && bytes.IndexByte([]byte(`nr"`), text[i+n]) >= 0 {
			end = i
			break
		}
		i += max(n, 1)
	}
	if end < 0 {
		end = len(text)
	}
	value := unescaped(string(text[:end]))
	for line := range strings.Lines(percentUndone.Replace(value)) {
		if v := strings.TrimSpace(line); maskable(v) && !m.seen[v] && len(m.found) < maxMasks {
			m.seen[v] = true
			m.found = append(m.found, secret.Known{Name: "a mask", Value: v})
		}
	}
}

// percentUndone undoes what a runner undoes of a command's value.
var percentUndone = strings.NewReplacer("%25", "%", "%0D", "\r", "%0A", "\n", "%0d", "\r", "%0a", "\n")

func unescaped(s string) string {
	for range 8 {
		var out string
		if !strings.Contains(s, `\`) || json.Unmarshal([]byte(`"`+s+`"`), &out) != nil {
			return s
		}
		s = out
	}
	return s
}

// maskable reports whether a value can be a secret. Whoever writes a trace
// could else mask words that stand everywhere, or the signs that JSON is made
// of.
func maskable(v string) bool {
	if len(v) < minMask || len(v) > maxMask || strings.ContainsAny(v, "\"[]{}$<>`") || strings.Contains(v, "***") || jsonWord.MatchString(v) {
		return false
	}
	letters, digits := 0, 0
	for _, c := range v {
		switch {
		case 'a' <= c|0x20 && c|0x20 <= 'z':
			letters++
		case '0' <= c && c <= '9':
			digits++
		}
	}
	return letters >= 2 && digits >= 1 && !plainWords.MatchString(v)
}

var (
	jsonWord   = regexp.MustCompile(`(?:^|[\s,:])(?:true|false|null)(?:$|[\s,:])`)
	plainWords = regexp.MustCompile(`^[A-Za-z]{2,}(?:[-_./: ][A-Za-z]+|[-_./: ]?v?[0-9]{1,4})*$`) // claude-sonnet-4-5, andon.bundle/v1
)

// masks makes a gatherer know the values that its input declares to be secrets.
type masks struct {
	maskFinder
	with func([]secret.Known) (*secret.Scanner, error)
}

// takeMasks looks through the files before anything else is done with them: a
// value may stand before the command that masks it, or in another file. What
// is printed at last is searched without these values, since whoever chose them
// could choose words of a report; they are gone from all that it is made of.
func (g *gatherer) takeMasks(files []input, with func([]secret.Known) (*secret.Scanner, error)) error {
	g.masks = &masks{maskFinder{seen: map[string]bool{}}, with}
	for _, in := range files {
		if in.path == "-" {
			continue // is read once only: see heed
		}
		r, err := open(in.path, nil)
		if err != nil {
			continue // a finding later
		}
		g.masks.read(r) // so is what cannot be read to its end
		r.Close()
	}
	return g.mask()
}

// mask takes a scanner that knows all masks so far.
func (g *gatherer) mask() error {
	if len(g.masks.found) == 0 {
		return nil
	}
	scan, err := g.masks.with(g.masks.found)
	if err != nil {
		return err
	}
	g.scan, g.words = scan, newCleaner(scan)
	return nil
}

// heed takes masks from a text of stdin, in which they count from there on.
func (g *gatherer) heed(text []byte) {
	if g.masks == nil {
		return
	}
	before := len(g.masks.found)
	g.masks.look(text, len(text))
	if len(g.masks.found) > before {
		g.mask() // with more values nothing can go wrong that did not before
	}
}
