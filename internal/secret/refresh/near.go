package main

import (
	"regexp/syntax"
	"strings"
)

// near makes a rule of an expression that has a name, then anything, perhaps a
// word such as key, then anything, and a value.
func near(re *syntax.Regexp, r *rule) bool {
	subs := flatten1(re)
	last := len(subs) - 1
	for last >= 0 && !gapped(subs[last]) {
		last--
	}
	if last < 1 || last == len(subs)-1 {
		return false
	}
	var parts [][]string
	dist, from := 0, 0
	for i := 0; i <= last; i++ {
		if !gapped(subs[i]) {
			continue
		}
		set, ok := setOf(subs[from:i])
		if !ok {
			return false
		}
		if len(parts) == 0 {
			set = cut(set)
		}
		if len(set) > 0 || len(parts) == 0 {
			parts = append(parts, set)
		}
		dist += span(subs[i]) + 12
		from = i + 1
	}
	if len(parts) == 0 || len(parts) > 3 || shortest(parts[0]) < minName {
		return false
	}
	value := &syntax.Regexp{Op: syntax.OpConcat, Sub: subs[last+1:], Flags: re.Flags}
	if w := width(value); w < 8 {
		return false
	}
	r.Names, r.Near, r.Pattern = sorted(parts[0]), min(dist, 100), value.String()
	if len(parts) > 1 {
		r.Words = sorted(parts[len(parts)-1])
	}
	r.Pattern = strings.NewReplacer("ſ", "", "\u212a", "", "(?i:", "(?i:").Replace(r.Pattern)
	return true
}

func shortest(set []string) int { return needle{strings: set}.shortest() }

// flatten1 returns the parts of a sequence.
func flatten1(re *syntax.Regexp) []*syntax.Regexp {
	if re.Op == syntax.OpConcat {
		return re.Sub
	}
	return []*syntax.Regexp{re}
}

// gapped reports whether a part stands for anything.
func gapped(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpRepeat, syntax.OpStar, syntax.OpPlus, syntax.OpQuest:
		return re.Max != re.Min && wide(re.Sub[0])
	}
	return false
}

// wide reports whether a part matches any character, or all of those that may
// stand between a name and its value.
func wide(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return true
	case syntax.OpCharClass:
		return in(re.Rune, ' ')
	case syntax.OpAlternate:
		for _, sub := range re.Sub {
			if wide(sub) {
				return true
			}
		}
	}
	return false
}

func in(ranges []rune, c rune) bool {
	for i := 0; i < len(ranges); i += 2 {
		if ranges[i] <= c && c <= ranges[i+1] {
			return true
		}
	}
	return false
}

func span(re *syntax.Regexp) int {
	switch re.Op {
	case syntax.OpRepeat:
		if re.Max >= 0 {
			return re.Max
		}
	case syntax.OpQuest:
		return 1
	}
	return maxBack
}

// setOf returns the strings that a name can be. Small classes and optional
// parts at its ends are left out.
func setOf(subs []*syntax.Regexp) ([]string, bool) {
	for len(subs) > 0 && optional(subs[0]) {
		subs = subs[1:]
	}
	for len(subs) > 0 && optional(subs[len(subs)-1]) {
		subs = subs[:len(subs)-1]
	}
	if len(subs) == 0 {
		return nil, true
	}
	set, _, ok := product(subs)
	if !ok {
		return nil, false
	}
	var out []string
	for _, s := range set {
		if s = lower(s); s != "" {
			out = append(out, s)
		}
	}
	return out, true
}

func optional(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpQuest, syntax.OpStar, syntax.OpWordBoundary, syntax.OpCharClass, syntax.OpEmptyMatch:
		return true
	case syntax.OpRepeat:
		return re.Min == 0
	}
	return false
}
