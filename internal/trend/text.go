package trend

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxText is how much of a text is kept, in bytes.
const maxText = 160

// pattern returns a text without what differs from one occurrence to the next:
// numbers, ids, addresses, paths, quoted names and white space. Texts of one
// pattern are taken for one thing that happened again.
func pattern(text string) string {
	var b strings.Builder
	for _, word := range strings.Fields(cut(text, 8*maxText)) {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(plain(word))
		if b.Len() >= maxText {
			break
		}
	}
	return cut(b.String(), maxText)
}

// plain returns a word, or what stands for words of its kind.
func plain(word string) string {
	core := strings.TrimFunc(word, func(r rune) bool { return strings.ContainsRune("\"'`()[]{}<>,;:.!?", r) })
	if core == "" {
		return word
	}
	kind := placeholder(core)
	if kind == "" {
		kind = strings.ToLower(core)
	}
	i := strings.Index(word, core)
	return word[:i] + kind + word[i+len(core):]
}

// placeholder names the kind of a word that is not the same twice, "" for any
// other word.
func placeholder(word string) string {
	digits, hex := 0, 0
	for _, r := range word {
		if unicode.IsDigit(r) {
			digits++
		}
		if unicode.Is(unicode.ASCII_Hex_Digit, r) || r == '-' {
			hex++
		}
	}
	switch {
	case strings.Contains(word, "://"):
		return "<url>"
	case strings.Count(word, "/") > 1, strings.Contains(word, "/") && strings.Contains(word, "."):
		return "<path>"
	case digits > 0 && hex == utf8.RuneCountInString(word) && len(word) >= 7:
		return "<id>"
	case digits == 0:
		return ""
	case digits > 1 && len(word) >= 16:
		return "<id>"
	}
	return numbers(strings.ToLower(word))
}

// numbers puts N for each row of digits.
func numbers(word string) string {
	var b strings.Builder
	row := false
	for _, r := range word {
		digit := unicode.IsDigit(r)
		if digit && !row {
			b.WriteByte('N')
		} else if !digit {
			b.WriteRune(r)
		}
		row = digit
	}
	return b.String()
}

// cut returns at most the first n bytes of a text, which end with a whole
// character.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}
