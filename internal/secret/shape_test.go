package secret

import (
	"regexp"
	"strings"
	"testing"
)

// TestShape holds that no text that a pattern matches is told apart from one, and
// that what cannot match is, behind its keyword too.
func TestShape(t *testing.T) {
	r := &rule{Pattern: `(?i:tok)[0-9a-f]{3,6}\b|gh[ps]_[a-zé]{2}(?:_x)?|ab\.$`, Keywords: []string{"ghp_", "tok"}}
	for text, misfit := range map[string]int{
		"tok123": -1, "TOKabc": -1, "tok12": 5, "toka_": 4, "ghp_ab": -1, "ghp_a_": 5, "ghs_éa": -1, "ghp_é": -1, "ab.": -1, "ab": 2, "": 0, "x": 0,
	} {
		r.parse()
		if got := r.shapes.of([]byte(text)).misfit([]byte(text)); got != misfit {
			t.Errorf("%q: %d, want %d", text, got, misfit)
		}
		if regexp.MustCompile(r.text()).MatchString(text) && !r.mayMatch([]byte(text)) {
			t.Errorf("%q does match", text)
		}
	}
}

// TestShapeHidden holds that what an escape, a break or an unseen character may
// change is left to the pattern.
func TestShapeHidden(t *testing.T) {
	r := &rule{Pattern: `ghp_[a-z]{8}`, Keywords: []string{"ghp_"}}
	r.parse()
	for text, want := range map[string]bool{
		"ghp_abcdefgh": true, "ghp_abc": false, "ghp_abc defgh": false, "ghp_abc\\ndefgh": true, "ghp_abc\ndefgh": true, "ghp_abc\u200bdefgh": true, "ghp_abc1\\n": false,
	} {
		if got := r.shapes.of([]byte(text)).hidden([]byte(text)); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
}

// TestShapesOfRules holds that no rule is kept from what its pattern matches.
func TestShapesOfRules(t *testing.T) {
	rules, err := loadRules()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for i, r := range rules {
		for _, p := range r.Positive {
			text := expand(p, uint64(i))
			for at := range len(text) {
				if rest := []byte(text[at:]); (at == 0 || strings.HasPrefix(text[at:], text[:1]) || at%7 == 0) && r.find(rest, 0) != nil {
					if n++; !r.mayMatch(rest) {
						t.Errorf("%s: %q", r.ID, rest)
					}
				}
			}
			for _, k := range r.Keywords {
				if at := strings.Index(text, k); at >= 0 && r.find([]byte(text[at:]), 0) != nil {
					if n++; !r.mayMatch([]byte(text[at:])) || !r.mayHide([]byte(text[at:])) {
						t.Errorf("%s: %q", r.ID, text[at:])
					}
				}
			}
		}
	}
	if n < 500 {
		t.Errorf("only %d matches", n)
	}
}

// TestUnseenLeads holds that every character that shows nothing begins with one of
// the bytes that are looked at.
func TestUnseenLeads(t *testing.T) {
	for c := rune(0x80); c <= 0x10ffff; c++ {
		if s := string(c); unseen(c) && strings.IndexByte(unseenLeads, s[0]) < 0 {
			t.Fatalf("%U begins with %x", c, s[0])
		}
	}
}
