package main

import (
	"fmt"
	"regexp/syntax"
	"strings"
)

// alphabet is what a blank of an example is filled from: {32*H} is 32 hex
// digits. The tests of package secret know the same letters.
type alphabet struct {
	letter string
	runes  string
}

const (
	uppers = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	lowers = "abcdefghijklmnopqrstuvwxyz"
	digits = "0123456789"
)

// alphabets are in the order of preference.
func alphabets() []alphabet {
	return []alphabet{
		{"A", uppers + lowers + digits}, {"N", lowers + digits}, {"K", uppers + digits}, {"C", uppers + "234567"},
		{"H", digits + "abcdef"}, {"G", digits + "ABCDEF"}, {"L", uppers + lowers}, {"Y", lowers}, {"Z", uppers}, {"D", digits},
	}
}

// example returns a string that an expression matches, with blanks for what is
// random in it, so that no file holds what looks like a credential.
func example(re *syntax.Regexp) string {
	var b strings.Builder
	switch re.Op {
	case syntax.OpLiteral:
		return string(re.Rune)
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return blank(re, 1)
	case syntax.OpCapture, syntax.OpPlus:
		return example(re.Sub[0])
	case syntax.OpAlternate:
		for _, sub := range re.Sub {
			if sub.Op == syntax.OpBeginText || sub.Op == syntax.OpBeginLine || sub.Op == syntax.OpEndText || sub.Op == syntax.OpEndLine {
				return ""
			}
		}
		return example(re.Sub[len(re.Sub)-1])
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			b.WriteString(example(sub))
		}
	case syntax.OpRepeat:
		n := max(re.Min, min(re.Max, 3))
		if sub := re.Sub[0]; sub.Op == syntax.OpCharClass {
			return blank(sub, max(n, re.Min))
		}
		for range re.Min {
			b.WriteString(example(re.Sub[0]))
		}
	}
	return b.String()
}

func blank(re *syntax.Regexp, n int) string {
	if re.Op != syntax.OpCharClass {
		return strings.Repeat("x", n)
	}
	for _, a := range alphabets() {
		if holds(re.Rune, a.runes) && n > 0 {
			return fmt.Sprintf("{%d*%s}", n, a.letter)
		}
	}
	c := re.Rune[0]
	for i := 0; i < len(re.Rune); i += 2 {
		if '!' <= re.Rune[i] && re.Rune[i] < 0x7f {
			c = re.Rune[i]
		}
	}
	return strings.Repeat(string(c), n)
}

func holds(ranges []rune, set string) bool {
	for _, c := range set {
		if !in(ranges, c) {
			return false
		}
	}
	return true
}

// illustrate adds an example to a rule.
func (r rule) illustrate() rule {
	re, err := syntax.Parse(strings.TrimSuffix(r.Pattern, `(?:[^\w-]|$)`), syntax.Perl)
	if err != nil {
		return r
	}
	text := example(re)
	if len(r.Names) > 0 {
		text = strings.ToUpper(r.Names[0]) + `_KEY = "` + text + `"`
	}
	r.Positive = []string{text}
	return r
}
