package secret

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"

	"github.com/andon-ci/andon/internal/jsonl"
)

// A message that was streamed stands in pieces, a line each, and so does a
// credential in it. The pieces of one message are put together and searched
// once more.

// maxPiece bounds a line that may be a piece of a streamed message.
const maxPiece = 64 << 10

// Streamed reports whether a line may hold a piece of a message that was
// streamed: a JSON value that says of itself that it is a delta.
func Streamed(line []byte) bool {
	if len(line) > maxPiece || bytes.IndexByte(line, '{') < 0 {
		return false
	}
	from := 0
	for ; from+34 <= len(line); from += 32 {
		b := line[from : from+33 : from+33]
		lt := behind(b, 'l', 't') | behind(b[8:], 'l', 't') | behind(b[16:], 'l', 't') | behind(b[24:], 'l', 't')
		if lt&high != 0 && saysDelta(line[max(0, from-2):from+34]) {
			return true
		}
	}
	return saysDelta(line[max(0, from-2):])
}

const (
	ones = 0x0101010101010101
	high = 0x8080808080808080
)

// behind sets a high bit, maybe not that of the place, where in the first eight
// bytes of a text one stands that another stands behind.
func behind(text []byte, first, second uint64) uint64 {
	x := (binary.LittleEndian.Uint64(text) ^ first*ones) | (binary.LittleEndian.Uint64(text[1:]) ^ second*ones)
	return (x - ones) &^ x
}

// saysDelta looks for the word. An l in it is rarer than what stands before that.
func saysDelta(text []byte) bool {
	for {
		i := bytes.Index(text, []byte("lta"))
		if i < 0 {
			return false
		}
		if i > 1 && text[i-1] == 'e' && text[i-2]|0x20 == 'd' {
			return true
		}
		text = text[i+1:]
	}
}

// stretch is where the inside of a string stands.
type stretch struct{ from, to int }

// weave is a streamed message: its pieces, and what they say together.
type weave struct {
	window
	pieces []stretch
}

// searchWoven looks for credentials in the streamed messages of several lines.
func (s *Scanner) searchWoven(raw []byte) {
	if bytes.IndexByte(raw, '\n') < 0 {
		return
	}
	var order []*weave
	streams := map[string]*weave{}
	for from := 0; from < len(raw); {
		to := len(raw)
		if i := bytes.IndexByte(raw[from:], '\n'); i >= 0 {
			to = from + i
		}
		if line := raw[from:to]; Streamed(line) {
			start := bytes.IndexByte(line, '{') // behind the data: of a stream of events
			if v, _, err := s.doc.Parse(line[start:]); err == nil {
				pieces(v, from+start, func(stream string, at stretch) {
					w := streams[stream]
					if w == nil {
						w = &weave{}
						streams[stream], order = w, append(order, w)
					}
					w.put(raw, at)
				})
			}
		}
		from = to + 1
	}
	for _, w := range order {
		if len(w.pieces) > 1 {
			s.searchWeave(w)
		}
	}
}

// put adds a piece, with its escapes undone.
func (w *weave) put(raw []byte, p stretch) {
	w.pieces = append(w.pieces, p)
	for i := p.from; i < p.to; {
		c, n := escape(raw[i:p.to])
		if n > 0 {
			w.text = utf8.AppendRune(w.text, c)
		} else {
			w.text, n = append(w.text, raw[i]), 1
		}
		for len(w.at) < len(w.text) {
			w.at, w.to = append(w.at, int32(i)), append(w.to, int32(i+n))
		}
		i += n
	}
}

// searchWeave searches what the pieces of a message say together. Of what is
// found, each piece is cut out by itself.
func (s *Scanner) searchWeave(w *weave) {
	mark := len(s.found)
	s.search(&w.window, nil)
	whole := append([]Match(nil), s.found[mark:]...)
	s.found = s.found[:mark]
	for _, m := range whole {
		first := true
		for _, p := range w.pieces {
			if p.to <= m.Start || m.End <= p.from {
				continue
			}
			part := m
			part.Start, part.End, part.rest = max(p.from, m.Start), min(p.to, m.End), !first
			s.found = append(s.found, part)
			first = false
		}
	}
}

// pieces calls f for the strings of a line that can be a piece of a message,
// with what tells one message from another.
func pieces(v jsonl.Value, base int, f func(stream string, at stretch)) {
	var ids []byte
	var walk func(v jsonl.Value, path string, depth int, f func(path string, v jsonl.Value))
	walk = func(v jsonl.Value, path string, depth int, f func(path string, v jsonl.Value)) {
		for name, m := range v.Members() {
			switch {
			case numbersStream(name) && m.Kind() != jsonl.Object && m.Kind() != jsonl.Array:
				ids = append(append(ids, m.Raw()...), ' ')
			case saysPiece(name) && m.Kind() == jsonl.String:
				f(path+"/"+name, m)
			case depth < 8:
				walk(m, path+"/"+name, depth+1, f)
			}
		}
		for e := range v.Elements() {
			if depth < 8 {
				walk(e, path, depth+1, f)
			}
		}
	}
	type piece struct {
		path string
		at   stretch
	}
	var found []piece
	walk(v, "", 0, func(path string, v jsonl.Value) {
		at := base + v.Offset()
		found = append(found, piece{path, stretch{at + 1, at + len(v.Raw()) - 1}})
	})
	for _, p := range found {
		f(string(ids)+p.path, p.at)
	}
}

// saysPiece reports whether a member of that name holds what is streamed.
func saysPiece(name string) bool {
	switch name {
	case "text", "partial_json", "thinking", "content", "delta", "deltaContent", "arguments", "output", "chunk", "reasoning", "reasoning_content", "input":
		return true
	}
	return false
}

// numbersStream reports whether a member of that name tells one message from
// another that is streamed at the same time.
func numbersStream(name string) bool {
	switch name {
	case "index", "output_index", "content_index", "item_id", "itemId", "message_id", "messageId", "messageID", "partID", "part_id", "parent_tool_use_id", "call_id", "callID", "toolCallId", "threadId", "turnId":
		return true
	}
	return false
}
