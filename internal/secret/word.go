package secret

import "github.com/andon-ci/andon/internal/keyword"

// word is a string to look for, and what to do where it stands.
type word struct {
	text  string // lower case where fold is set
	fold  bool
	form  form
	rule  *rule
	known int // index of a known value, where rule is nil
}

// form is how a word is written in the bytes that are searched.
type form uint8

const (
	plainForm form = iota
	base64Form
	hexForm
	percentForm
)

// setOf returns the set in which words are looked for at once.
func setOf(words []word) *keyword.Set {
	out := make([]keyword.Word, len(words))
	for i, w := range words {
		out[i] = keyword.Word{Text: w.text, Fold: w.fold}
	}
	return keyword.New(out)
}

// block is a pair of bytes as one number, in the order of memory.
func block(a, b byte) uint16 { return uint16(a) | uint16(b)<<8 }

func upper(c byte) byte {
	if 'a' <= c && c <= 'z' {
		return c - 'a' + 'A'
	}
	return c
}
