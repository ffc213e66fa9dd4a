package keyword

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"testing"
)

// plainly finds words without any trick.
func plainly(words []Word, text []byte) []Hit {
	var hits []Hit
	for i, w := range words {
		for at := 0; len(w.Text) >= MinLen && at+len(w.Text) <= len(text); at++ {
			s := text[at : at+len(w.Text)]
			if string(s) == w.Text || w.Fold && isASCII(s) && strings.EqualFold(string(s), w.Text) {
				hits = append(hits, Hit{i, at})
			}
		}
	}
	slices.SortFunc(hits, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Word, b.Word))
	})
	return hits
}

func isASCII(s []byte) bool { return !bytes.ContainsFunc(s, func(r rune) bool { return r > 0x7f }) }

func words() []Word {
	return []Word{
		{"hf_", false}, {"ghp_", false}, {"password", true}, {"pass", true}, {"secret", true}, {"AKIA", false}, {"api", true}, {"aaa", false},
		{"aaaa", false}, {"-----BEGIN ", false}, {"ghp_", false}, {"x", false}, {"tr0ub4dor&3 and a long one", false}, {"\xc3\xa9t\xc3\xa9", true},
	}
}

func TestFind(t *testing.T) {
	set := New(words())
	for _, text := range []string{
		"", "h", "hf", "hf_", " hf_", "xhf_x", "ghp_", "AKIA", "akia", "PassWord", "mypasswordsecretAPI", "aaaaaaa", "-----BEGIN X", "été",
		"tr0ub4dor&3 and a long one", "ghp_ghp_", "s3cret", "secre", "\x00hf_\xff", "PASS\u212a",
	} {
		for pad := range 20 {
			b := []byte(strings.Repeat(".", pad) + text)
			if got, want := set.Find(b, nil), plainly(words(), b); !slices.Equal(got, want) {
				t.Errorf("%q: got %v, want %v", b, got, want)
			}
		}
	}
}

func FuzzFind(f *testing.F) {
	f.Add("hf_ghp_Password-----BEGIN ", "ssw")
	f.Fuzz(func(t *testing.T, text, word string) {
		all := append(words(), Word{strings.ToLower(word), true}, Word{word, false})
		if !isASCII([]byte(word)) {
			all = words()
		}
		if got, want := New(all).Find([]byte(text), nil), plainly(all, []byte(text)); !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}
