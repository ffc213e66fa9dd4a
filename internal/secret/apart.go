package secret

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/keyword"
)

// A name and its value can stand apart: in two members of an object, in two
// strings of a list, in two words of a command or of a sentence. Whether they
// may is told by what stands directly before the value, which is soon read;
// where they do is then left to a regular expression.
const (
	apartBefore = 280 // bytes before a value that are looked at for its name
	apartBehind = 120 // and behind it
	apartLevels = 4   // times as many, where escapes stand between them
	minApart    = 16  // characters of a value whose name stands apart
)

// In these, a name is the first group.
var (
	memberName = regexp.MustCompile(`(?i)(?:["'<{\s,(]|^)(?:name|key|variable|header|field|label|id|k)["']?\s{0,3}[:=>]\s{0,3}["']?([a-z0-9_./-]{2,60})\b[^{}]{0,160}(?:["'<{\s,]|^)(?:values?|val|v|content|default|text|data|secret|string)["']?(?:\s{0,3}[:=>]\s{0,3}\{\s{0,20}["']value["'])?\s{0,3}[:=>]\s{0,3}["'\x60]?$|<[a-z]+ name="([a-z0-9_./-]{2,60})">$`)
	outerName  = regexp.MustCompile(`(?i)["']([a-z0-9_./-]{2,60})["']\s{0,3}:\s{0,3}\{[^{}]{0,160}["'](?:value|val|v|content|default|secret)["']\s{0,3}:\s{0,3}["']$`)
	pairName   = regexp.MustCompile(`(?:["'\x60])-{0,2}([A-Za-z0-9_./-]{2,60})["'\x60]\s{0,3},\s{0,12}["'\x60]$`)
	toldName   = regexp.MustCompile(`([A-Za-z0-9_.-]{2,60})["'\x60]?\s(?:is|to|as|was|is now)[:\s]\s?["'\x60]?$|(?:^|\s)--?([A-Za-z0-9_.-]{2,60})\s{1,4}["']?$|(?:^|[\s"'])(?:ENV|ARG|setx|set)\s+([A-Za-z0-9_-]{2,60})\s+["']?$|secret set\s+([A-Za-z0-9_-]{2,60})\s[^\n]{0,40}(?:-b|--body)[ =]["']?$`)
	nextName   = regexp.MustCompile(`(?i)^["']?\s{0,3},?\s{0,12}["']?(?:name|key|variable|header|field|label|id|k)["']?\s{0,3}[:=]\s{0,3}["']?([a-z0-9_./-]{2,60})`)
)

// tryApart looks for the name of a value from an offset up to another that
// stands apart from it. It makes no more than a warning.
func (s *Scanner) tryApart(b []byte, from, to int) {
	behind := to - from
	if behind < minApart || s.values.any == nil || named(b[from:to]) {
		return
	}
	forms, wide := s.apart(b, from)
	if len(forms) == 0 {
		return
	}
	low := max(0, from-apartBefore*wide)
	around := b[low:min(len(b), to+apartBehind*wide)]
	if !s.saysSecret(around) && !bytes.Contains(around, []byte(`\u`)) {
		return
	}
	w := s.undone(around, low)
	at := w.index(from)
	if !s.saysSecret(w.text[max(0, at-apartBefore):]) {
		return
	}
	m, ok := s.values.any.match1(w, at)
	if !ok || identifier(m.value) || numbered(m.value) || strings.Count(m.value, "/") > 2 || hashed(w.text[:at]) {
		return
	}
	before := w.text[max(0, at-apartBefore):at]
	for _, f := range forms {
		text := before
		switch {
		case f == nextName:
			end := at + m.to
			text = w.text[end:min(len(w.text), end+apartBehind)]
		case f == memberName && !givesName(before), f == outerName && !opensObject(before):
			continue // this is told sooner than by the pattern
		}
		if name := f.FindSubmatch(text); name != nil && s.secretive(bytes.Join(name[1:], nil)) {
			s.add(s.values.any.ID, finding.Warning, s.values.any.Title, m.start, m.end, m.value)
			return
		}
	}
}

// undone returns a window with all escapes undone.
func (s *Scanner) undone(raw []byte, base int) *window {
	w, next := &s.level[0], &s.level[1]
	w.set(raw, base)
	for range maxLevels {
		if !w.undo(next) {
			break
		}
		w, next = next, w
	}
	return w
}

// apart returns how the name of a value may stand apart, by what stands directly
// before the value, and how much more there is to read for escapes.
func (s *Scanner) apart(b []byte, at int) (forms []*regexp.Regexp, wide int) {
	v := s.values
	p := v.back(b, at, 8, opens)
	if p == 0 {
		return nil, 1
	}
	wide = 1
	if bytes.IndexByte(b[p:at], '\\') >= 0 {
		wide = apartLevels
	}
	switch c := b[p-1]; {
	case c == ',' && p < at:
		return []*regexp.Regexp{pairName}, wide
	case c == ':' || c == '>' || bytes.IndexByte(b[p:at], '=') >= 0:
		if c == ':' {
			p = v.back(b, p-1, 6, closes)
		}
		if !valueWord(lastWord(b[:p])) && c != '>' {
			return nil, wide
		}
		return []*regexp.Regexp{memberName, outerName, nextName}, wide
	case isWord(c) && p < at:
		if w := lastWord(b[:p]); w[0] != '-' && !linkWord(w) && !s.secretive(w) {
			return nil, wide
		}
		return []*regexp.Regexp{toldName}, wide
	}
	return nil, wide
}

// givesName reports whether a text holds what stands before the name in
// memberName: a word such as key, and an operator behind it.
func givesName(text []byte) bool {
	for i, c := range text {
		if c != ':' && c != '=' && c != '>' {
			continue
		}
		switch strings.ToLower(string(lastWord(bytes.TrimRight(text[:i], " \t\r\n\f\"'")))) {
		case "name", "key", "variable", "header", "field", "label", "id", "k":
			return true
		}
	}
	return false
}

// opensObject reports whether a text ends in an object that is given to a name,
// as in outerName.
func opensObject(text []byte) bool {
	i := bytes.LastIndexAny(text, "{}")
	return i >= 0 && text[i] == '{' && bytes.HasSuffix(bytes.TrimRight(text[:i], " \t\r\n\f"), []byte(":"))
}

// lastWord returns the word at the end of b, with its dashes.
func lastWord(b []byte) []byte {
	i := len(b)
	for i > 0 && len(b)-i < 60 && (isWord(b[i-1]) || b[i-1] == '-') {
		i--
	}
	return b[i:]
}

// valueWord reports whether a member of that name says what another names.
func valueWord(w []byte) bool {
	if len(w) > len("content") {
		return false
	}
	switch strings.ToLower(string(w)) {
	case "value", "values", "val", "v", "content", "default", "text", "data", "secret", "string":
		return true
	}
	return false
}

// linkWord reports whether a word stands between a name and a value.
func linkWord(w []byte) bool {
	switch string(w) {
	case "is", "to", "as", "was", "now":
		return true
	}
	return false
}

// secretive reports whether a name ends by saying that its value is secret, and
// that of no cache or table.
func (s *Scanner) secretive(text []byte) (says bool) {
	hash := false
	s.eachName(text, 0, len(text), func(i int, n *name) bool {
		says = says || n.word && len(text)-i-len(n.text) <= 10
		hash = hash || n.hash
		return true
	})
	if !says || hash {
		return false
	}
	text = bytes.ToLower(text)
	for _, w := range []string{"cache", "public", "primary", "foreign", "partition", "sort", "idempotency", "author", "keyword", "tokenizer"} {
		if bytes.Contains(text, []byte(w)) && (w != "author" || !bytes.Contains(text, []byte("authoriz"))) {
			return false
		}
	}
	return true
}

// saysSecret reports whether a text holds a word that says so of a value, be it
// within another: no name in it is secretive otherwise.
func (s *Scanner) saysSecret(text []byte) bool {
	s.names = s.values.all.Find(text, s.names[:0])
	return slices.ContainsFunc(s.names, func(h keyword.Hit) bool { return s.values.names[h.Word].word })
}
