package otlp

import (
	"iter"
	"strings"
	"unicode/utf8"
)

// MaxValue is how long the value of an attribute may be, in bytes.
const MaxValue = 16 << 10

// maxName is how long the name of a span may be, in bytes: it is what spans are
// counted and listed by.
const maxName = 256

// cutMark ends a value that was cut.
const cutMark = "… (cut)"

// Clean passes spans on without what must not be sent: every text of a span goes
// through scrub, which cuts out what it knows, and then to a length. It is the
// last that is done to a span before it is encoded, so that no mapping can
// forget it.
func Clean(spans iter.Seq[*Span], scrub func(string) string) iter.Seq[*Span] {
	return func(yield func(*Span) bool) {
		for s := range spans {
			c := cleaner{scrub: scrub}
			if !s.short() || !c.clean(s.texts()) {
				c.span(s)
			}
			if !yield(s) {
				return
			}
		}
	}
}

// short reports whether no text of the span is to be cut.
func (s *Span) short() bool { return s.size() <= MaxValue && len(s.Name) <= maxName }

// clean reports whether a text can be sent as it is.
func (c *cleaner) clean(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return printable(r) != r }) < 0 && c.scrub(s) == s
}

// CleanAttrs is Clean for the attributes of a resource.
func CleanAttrs(list []Attr, scrub func(string) string) []Attr {
	c := cleaner{scrub: scrub}
	return c.attrs(list)
}

// texts returns every text of a span, a line each.
func (s *Span) texts() string {
	var b strings.Builder
	b.WriteString(s.Name)
	b.WriteByte('\n')
	b.WriteString(s.Message)
	for _, a := range s.Attrs {
		switch v := a.Value.(type) {
		case string:
			b.WriteByte('\n')
			b.WriteString(v)
		case []string:
			for _, e := range v {
				b.WriteByte('\n')
				b.WriteString(e)
			}
		}
	}
	return b.String()
}

type cleaner struct {
	scrub func(string) string
	cuts  int64
}

func (c *cleaner) span(s *Span) {
	s.Name, s.Message = c.text(s.Name, maxName), c.text(s.Message, MaxValue)
	s.Attrs = c.attrs(s.Attrs)
	if c.cuts > 0 {
		s.Attrs = append(s.Attrs, Attr{andonCut, c.cuts})
	}
}

func (c *cleaner) attrs(list []Attr) []Attr {
	out := make([]Attr, len(list))
	for i, a := range list {
		a.Key = c.scrub(strings.Map(printable, strings.ToValidUTF8(a.Key, "\uFFFD"))) // the environment may have named it
		switch v := a.Value.(type) {
		case string:
			a.Value = c.text(v, MaxValue)
		case []string:
			a.Value = c.list(v)
		}
		out[i] = a
	}
	return out
}

// list holds a list to the length of one value.
func (c *cleaner) list(v []string) []string {
	clean, left := make([]string, 0, len(v)), MaxValue
	for _, e := range v {
		if e = c.text(e, left); len(e) > left {
			c.cuts++
			break
		}
		left -= len(e) + 1
		clean = append(clean, e)
	}
	return clean
}

// text cleans a text and cuts it to at most the given bytes, unless the mark
// alone takes more.
func (c *cleaner) text(s string, most int) string {
	s = c.scrub(strings.Map(printable, strings.ToValidUTF8(s, "\uFFFD")))
	if len(s) <= most {
		return s
	}
	c.cuts++
	end := max(0, most-len(cutMark))
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + cutMark
}

// printable replaces what no text has: databases refuse the character of zeros,
// and terminals obey some of the others.
func printable(r rune) rune {
	if isControl(r) && r != '\n' && r != '\r' && r != '\t' {
		return '\uFFFD'
	}
	return r
}

func isControl(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }
