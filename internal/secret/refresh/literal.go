package main

import (
	"regexp/syntax"
	"slices"
	"strings"
)

// Of the strings of which one stands in all that an expression matches.
const (
	maxStrings = 80 // of them, at most
	minString  = 4  // bytes of each, at least: what package secret can look for
	maxString  = 24
	maxBack    = 100 // what may stand before them and is not bounded
)

// anything stands in a name for any character.
const anything = "\uFFFD"

// needle is a set of strings of which one stands in every match, at most back
// bytes behind its beginning.
type needle struct {
	strings []string
	fold    bool
	back    int
}

func (n needle) shortest() int {
	short := maxString
	for _, s := range n.strings {
		short = min(short, len(s))
	}
	if len(n.strings) == 0 {
		return 0
	}
	return short
}

// better says which of two needles is found faster: the longer one, then the
// one nearer to the beginning.
func (n needle) better(o needle) bool {
	a, b := min(n.shortest(), 8), min(o.shortest(), 8)
	if a != b {
		return a > b
	}
	return len(n.strings) > 0 && n.back < o.back && len(n.strings) <= len(o.strings)
}

// find returns the best needle of an expression.
func find(re *syntax.Regexp) needle {
	switch re.Op {
	case syntax.OpCapture:
		return find(re.Sub[0])
	case syntax.OpPlus:
		return find(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return find(re.Sub[0])
		}
	case syntax.OpAlternate:
		return union(re.Sub)
	case syntax.OpConcat:
		return findIn(re.Sub)
	}
	return ofWords(re, 0)
}

func union(subs []*syntax.Regexp) needle {
	var out needle
	for _, sub := range subs {
		n := find(sub)
		if n.shortest() < minString {
			return needle{}
		}
		out.strings = append(out.strings, n.strings...)
		out.fold = out.fold || n.fold
		out.back = max(out.back, n.back)
	}
	slices.Sort(out.strings)
	out.strings = slices.Compact(out.strings)
	if len(out.strings) > maxStrings {
		return needle{}
	}
	return out
}

// findIn returns the best needle of a sequence: that of one of its parts, or
// one that several make together.
func findIn(subs []*syntax.Regexp) needle {
	subs = flatten(subs)
	var best needle
	back := 0
	for i := range subs {
		for j := i + 1; j <= len(subs); j++ {
			n := ofWords(&syntax.Regexp{Op: syntax.OpConcat, Sub: subs[i:j]}, back)
			if n.strings == nil {
				break
			}
			if n.better(best) {
				best = n
			}
		}
		if n := find(subs[i]); subs[i].Op != syntax.OpConcat && n.strings != nil {
			if n.back += back; n.better(best) {
				best = n
			}
		}
		back = min(back+width(subs[i]), maxBack)
	}
	return best
}

// flatten opens groups, and lays out short repetitions.
func flatten(subs []*syntax.Regexp) []*syntax.Regexp {
	var out []*syntax.Regexp
	for _, sub := range subs {
		switch {
		case sub.Op == syntax.OpCapture:
			out = append(out, flatten(sub.Sub[:1])...)
		case sub.Op == syntax.OpConcat:
			out = append(out, flatten(sub.Sub)...)
		default:
			out = append(out, sub)
		}
	}
	return out
}

func ofWords(re *syntax.Regexp, back int) needle {
	set, fold, ok := words(re)
	if !ok || len(set) == 0 {
		return needle{}
	}
	n := needle{fold: fold, back: back}
	for _, s := range set {
		if strings.Contains(s, anything) {
			return needle{}
		}
		if fold {
			s = strings.ToLower(s)
		}
		if i := strings.IndexAny(s, "\t\n\v\f\r"); i >= 0 {
			s = s[:i] // in JSON it stands there otherwise
		}
		n.strings = append(n.strings, s)
	}
	slices.Sort(n.strings)
	n.strings = slices.Compact(n.strings)
	return n
}

// words returns all strings that an expression matches, if they are few, and
// whether their case does not matter.
func words(re *syntax.Regexp) (set []string, fold, ok bool) {
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpBeginText, syntax.OpWordBoundary, syntax.OpEndText, syntax.OpEndLine, syntax.OpNoWordBoundary:
		return []string{""}, false, true
	case syntax.OpLiteral:
		s := string(re.Rune)
		return []string{s}, re.Flags&syntax.FoldCase != 0 && strings.ToLower(s) != strings.ToUpper(s), true
	case syntax.OpAnyCharNotNL, syntax.OpAnyChar:
		return []string{anything}, false, true
	case syntax.OpCharClass:
		return ofClass(re.Rune)
	case syntax.OpCapture:
		return words(re.Sub[0])
	case syntax.OpQuest:
		set, fold, ok = words(re.Sub[0])
		return append(set, ""), fold, ok
	case syntax.OpRepeat:
		if re.Min == 0 && re.Max == 1 {
			set, fold, ok = words(re.Sub[0])
			return append(set, ""), fold, ok
		}
		if re.Min == re.Max && re.Max <= 8 {
			return product(slices.Repeat(re.Sub, re.Max))
		}
	case syntax.OpConcat:
		return product(re.Sub)
	case syntax.OpAlternate:
		for _, sub := range re.Sub {
			more, f, ok := words(sub)
			if set = append(set, more...); !ok || len(set) > maxStrings {
				return nil, false, false
			}
			fold = fold || f
		}
		return set, fold, true
	}
	return nil, false, false
}

func ofClass(ranges []rune) (set []string, fold, ok bool) {
	for i := 0; i < len(ranges); i += 2 {
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			if set = append(set, string(r)); len(set) > 12 || r > 0x7e {
				return nil, false, false
			}
		}
	}
	return set, false, true
}

func product(subs []*syntax.Regexp) (set []string, fold, ok bool) {
	set = []string{""}
	for _, sub := range subs {
		more, f, ok := words(sub)
		if !ok || len(set)*len(more) > maxStrings {
			return nil, false, false
		}
		var next []string
		for _, a := range set {
			for _, b := range more {
				next = append(next, a+b)
			}
		}
		set, fold = next, fold || f
	}
	return set, fold, true
}

// width returns how many bytes an expression matches at most, or maxBack.
func width(re *syntax.Regexp) int {
	n := 0
	switch re.Op {
	case syntax.OpLiteral:
		n = len(string(re.Rune))
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		n = 1
	case syntax.OpCapture, syntax.OpQuest:
		n = width(re.Sub[0])
	case syntax.OpStar, syntax.OpPlus:
		n = maxBack
	case syntax.OpRepeat:
		n = maxBack
		if re.Max >= 0 {
			n = re.Max * width(re.Sub[0])
		}
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			n += width(sub)
		}
	case syntax.OpAlternate:
		for _, sub := range re.Sub {
			n = max(n, width(sub))
		}
	}
	return min(n, maxBack)
}
