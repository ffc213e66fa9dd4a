package secret

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/andon-ci/andon/internal/jsonl"
)

// clean puts matches in order and drops those that overlap a better one: an
// error before a guess, then the longer.
func clean(found []Match, limit int) []Match {
	if len(found) == 0 {
		return nil
	}
	slices.SortStableFunc(found, func(a, b Match) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(b.Severity.Rank(), a.Severity.Rank()), cmp.Compare(b.End, a.End))
	})
	var out []Match
	for _, m := range found {
		last := len(out) - 1
		if last < 0 || m.Start >= out[last].End {
			out = append(out, m)
			continue
		}
		o := &out[last]
		if m.Severity.Rank() > o.Severity.Rank() || m.Severity == o.Severity && m.End-m.Start > o.End-o.Start {
			m.Start, m.End = min(m.Start, o.Start), max(m.End, o.End)
			*o = m
		} else if m.End > o.End {
			o.End, o.parts = m.End, o.parts || m.parts
		}
	}
	return out[:min(len(out), limit)]
}

// firsts leaves out what but goes on in another piece of a message.
func firsts(found []Match) []Match {
	return slices.DeleteFunc(found, func(m Match) bool { return m.rest })
}

// point fills in the JSON Pointers.
func (s *Scanner) point(raw []byte, found []Match) {
	for base := 0; base < len(raw); {
		v, used, err := s.doc.Parse(raw[base:])
		if err != nil || used == 0 {
			return
		}
		for i := range found {
			if at := found[i].Start - base; at >= 0 && at < used {
				found[i].Pointer = pointer(v, at, "")
			}
		}
		base += used
	}
}

// pointer returns the path to the innermost value round an offset.
func pointer(v jsonl.Value, at int, path string) string {
	for depth := 0; depth < 64; depth++ {
		next, name := jsonl.Value{}, ""
		for key, m := range v.Members() {
			if m.Offset() <= at && at < m.Offset()+len(m.Raw()) {
				next, name = m, key
			}
		}
		n := 0
		for e := range v.Elements() {
			if e.Offset() <= at && at < e.Offset()+len(e.Raw()) {
				next, name = e, itoa(n)
			}
			n++
		}
		if !next.Exists() {
			return path
		}
		path += "/" + pointerEscape.Replace(clip(name))
		v = next
	}
	return path
}

var pointerEscape = strings.NewReplacer("~", "~0", "/", "~1")

// clip keeps a hostile member name from filling the report.
func clip(name string) string {
	if len(name) > 100 || !plainName.MatchString(name) {
		return "…"
	}
	return name
}

var plainName = regexp.MustCompile(`^[A-Za-z0-9_ .:@$-]*$`)
