package secret

import (
	"regexp/syntax"
	"slices"
	"strings"
	"testing"
)

// TestWrapsWithinLines holds what join relies on: the tokens whose lines are
// joined have no break in them, but maybe as the character behind their end.
func TestWrapsWithinLines(t *testing.T) {
	rules, err := loadRules()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rules {
		if !r.wraps() {
			continue
		}
		tree, err := syntax.Parse(strings.ReplaceAll(r.Pattern, "{sep}", separator), syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(tree.Sub) - 1; tree.Op == syntax.OpConcat && n > 0 && tree.Sub[n].Op == syntax.OpAlternate {
			tree.Sub = tree.Sub[:n]
		}
		if takesBreak(tree) {
			t.Errorf("%s: a break stands within %s", r.ID, r.Pattern)
		}
	}
}

func takesBreak(t *syntax.Regexp) bool {
	switch t.Op {
	case syntax.OpAnyChar:
		return true
	case syntax.OpLiteral:
		return slices.Contains(t.Rune, '\n')
	case syntax.OpCharClass:
		for i := 0; i < len(t.Rune); i += 2 {
			if t.Rune[i] <= '\n' && '\n' <= t.Rune[i+1] {
				return true
			}
		}
	}
	return slices.ContainsFunc(t.Sub, takesBreak)
}
