package secret

import (
	"regexp/syntax"
	"unicode"
	"unicode/utf8"
)

// shape is what a pattern's matches begin with: the characters that may stand at
// each of the first places, as far as every match reaches. A look at it tells
// most texts that do not match, which a regular expression takes long for.
type shape []runes

// runes are characters: a bit for each of ASCII, and one for all others.
type runes struct {
	ascii  [2]uint64
	beyond bool
}

func (r *runes) add(from, to rune) {
	for i := range r.ascii {
		first := rune(64 * i)
		if a, b := max(from, first), min(to, first+63); a <= b {
			r.ascii[i] |= ^uint64(0) >> (63 - (b - a)) << (a - first)
		}
	}
	r.beyond = r.beyond || to > unicode.MaxASCII
}

func (r *runes) has(c byte) bool {
	if c >= utf8.RuneSelf {
		return r.beyond
	}
	return r.ascii[c>>6]&(1<<(c&63)) != 0
}

// maxShape is how many places a shape has at most.
const maxShape = 32

// shapeOf returns the shape of what a program matches that begins with a keyword,
// of ASCII or empty.
func shapeOf(prog *syntax.Prog, keyword string) (out shape) {
	s := stepper{prog: prog, seen: make([]int, len(prog.Inst))}
	s.reach(uint32(prog.Start))
	for len(out) < maxShape && !s.ended {
		now := s.at
		s.at, s.step = nil, s.step+1
		var place runes
		for _, pc := range now {
			i := &prog.Inst[pc]
			if n := len(out); n < len(keyword) && !i.MatchRune(rune(keyword[n])) {
				continue
			}
			place.addAll(i)
			s.reach(i.Out)
		}
		out = append(out, place)
	}
	return out
}

// shapeSet is the shapes of a pattern for each of its keywords, and the last
// for none.
type shapeSet struct {
	keywords []string
	all      []shape
}

// shapesOf returns the shapes of a pattern. Keywords count as they stand there.
func shapesOf(tree *syntax.Regexp, keywords []string) shapeSet {
	prog, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return shapeSet{all: []shape{nil}}
	}
	s := shapeSet{keywords: keywords}
	for _, k := range keywords {
		s.all = append(s.all, shapeOf(prog, k))
	}
	s.all = append(s.all, shapeOf(prog, ""))
	return s
}

// of returns the shape of what may match at the start of a text.
func (s *shapeSet) of(text []byte) shape {
	for i, k := range s.keywords {
		if len(text) >= len(k) && string(text[:len(k)]) == k {
			return s.all[i]
		}
	}
	return s.all[len(s.keywords)]
}

// stepper goes through all that a program may do, whatever the text.
type stepper struct {
	prog  *syntax.Prog
	at    []uint32 // the instructions that take the next character
	seen  []int    // the last step in which each was reached, from 1
	step  int
	ended bool // a match may end here
}

func (s *stepper) reach(pc uint32) {
	if s.seen[pc] == s.step+1 {
		return
	}
	s.seen[pc] = s.step + 1
	switch i := &s.prog.Inst[pc]; i.Op {
	case syntax.InstAlt, syntax.InstAltMatch:
		s.reach(i.Out)
		s.reach(i.Arg)
	case syntax.InstCapture, syntax.InstEmptyWidth, syntax.InstNop:
		s.reach(i.Out)
	case syntax.InstMatch:
		s.ended = true
	case syntax.InstFail:
	default:
		s.at = append(s.at, pc)
	}
}

// addAll adds what an instruction takes.
func (r *runes) addAll(i *syntax.Inst) {
	switch {
	case i.Op == syntax.InstRuneAny || i.Op == syntax.InstRuneAnyNotNL:
		r.add(0, utf8.MaxRune)
	case len(i.Rune) == 1:
		c := i.Rune[0]
		r.add(c, c)
		folds := i.Op == syntax.InstRune && syntax.Flags(i.Arg)&syntax.FoldCase != 0
		for f := unicode.SimpleFold(c); folds && f != c; f = unicode.SimpleFold(f) {
			r.add(f, f)
		}
	default:
		for n := 0; n+1 < len(i.Rune); n += 2 {
			r.add(i.Rune[n], i.Rune[n+1])
		}
	}
}

// begins reports whether a text may begin with a match.
func (s shape) begins(text []byte) bool { return s.misfit(text) < 0 }

// misfit returns the place of the first character with which a text begins
// otherwise than any match, or -1.
func (s shape) misfit(text []byte) int {
	for i := range s {
		if i == len(text) || !s[i].has(text[i]) {
			return i
		}
		if text[i] >= utf8.RuneSelf {
			break // what is behind it stands at another place
		}
	}
	return -1
}

// hidden reports whether a text may begin with a match when its escapes are
// undone, its lines joined, and what shows nothing is left out.
func (s shape) hidden(raw []byte) bool {
	for i := range s {
		if i == len(raw) {
			return false
		}
		if c := raw[i]; c == '\\' || c < ' ' || c >= 0x7f {
			break
		} else if !s[i].has(c) {
			return false
		}
	}
	return true
}

// longest returns how many bytes a pattern matches at most, or -1 where that may
// be any number.
func longest(tree *syntax.Regexp) int {
	sum, most := 0, 0
	for _, sub := range tree.Sub {
		n := longest(sub)
		if n < 0 {
			return -1
		}
		sum, most = sum+n, max(most, n)
	}
	switch tree.Op {
	case syntax.OpStar, syntax.OpPlus:
		return -1
	case syntax.OpRepeat:
		if tree.Max < 0 {
			return -1
		}
		return tree.Max * sum
	case syntax.OpAlternate:
		return most
	case syntax.OpLiteral:
		return utf8.UTFMax * len(tree.Rune)
	case syntax.OpCharClass:
		return utf8.RuneLen(tree.Rune[max(0, len(tree.Rune)-1)])
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return utf8.UTFMax
	}
	return sum
}
