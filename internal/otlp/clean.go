package otlp

import (
	"iter"
	"strings"
	"unicode/utf8"
)

// MaxValue is how long the value of an attribute may be, in bytes.
const MaxValue = 16 << 10

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
			if all := s.texts(); utf8.ValidString(all) && scrub(all) == all && len(all) <= MaxValue {
				if !yield(s) { // nothing in any of them, and none is long
					return
				}
				continue
			}
			c.span(s)
			if !yield(s) {
				return
			}
		}
	}
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
	s.Name, s.Message = c.text(s.Name), c.text(s.Message)
	s.Attrs = c.attrs(s.Attrs)
	if c.cuts > 0 {
		s.Attrs = append(s.Attrs, Attr{andonCut, c.cuts})
	}
}

func (c *cleaner) attrs(list []Attr) []Attr {
	out := make([]Attr, len(list))
	for i, a := range list {
		switch v := a.Value.(type) {
		case string:
			a.Value = c.text(v)
		case []string:
			clean := make([]string, len(v))
			for j := range v {
				clean[j] = c.text(v[j])
			}
			a.Value = clean
		}
		out[i] = a
	}
	return out
}

func (c *cleaner) text(s string) string {
	s = c.scrub(strings.ToValidUTF8(s, "\uFFFD"))
	if len(s) <= MaxValue {
		return s
	}
	c.cuts++
	end := MaxValue - len(cutMark)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + cutMark
}
