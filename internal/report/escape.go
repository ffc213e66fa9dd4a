package report

import (
	"fmt"
	"html"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of text from traces, in runes.
const (
	maxName    = 80
	maxPath    = 160
	maxMessage = 300
)

// mark stands for a zero-width space until the text is escaped. Clean drops the
// private use area, so that no mark comes from a trace.
const mark = "\uE000"

var (
	// ansi matches terminal sequences (ECMA-48): CSI, terminated OSC, and the
	// short ones.
	ansi = regexp.MustCompile(`(?:\x1b\[|\x{9b})[0-?]*[ -/]*[@-~]|(?:\x1b\]|\x{9d})[^\x07\x1b\x{9c}]*(?:\x07|\x1b\\|\x{9c})|\x1b[ -/]*[0-~]`)

	address     = regexp.MustCompile(`https?://[!-~]*[0-9A-Za-z/]`)
	ghReference = regexp.MustCompile(`(?i)(?:gh|ghsa|cve)-[0-9a-z]`)
	www         = regexp.MustCompile(`(?i)www\.`)
	hexRun      = regexp.MustCompile(`[0-9a-fA-F]{7,}`)
	emoji       = regexp.MustCompile(`:[0-9A-Za-z_+-]+:`)
	emojiStart  = regexp.MustCompile(`:([0-9A-Za-z_+-])`)
	listNumber  = regexp.MustCompile(`^([0-9]{1,9})([.)])`)
)

// oneLine returns s, cleaned, in n runes. Of a very long text only the beginning
// is looked at.
func oneLine(s string, n int) string {
	if most := 16*n + 1024; len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return clip(clean(s), n)
}

// clean makes one line of s: without terminal sequences, control characters and
// characters that do not show or that turn the direction of the text, and with
// single spaces. What holds nothing else becomes U+FFFD, so that a name which
// cannot be seen is not taken for one that is absent.
func clean(s string) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	space, marks := false, 0
	for _, r := range ansi.ReplaceAllString(strings.ToValidUTF8(s, "\uFFFD"), "") {
		if unicode.IsSpace(r) {
			space = b.Len() > 0
			continue
		}
		if marks = stacked(marks, r); hidden(r) || marks > 2 {
			continue // of many marks on one letter, most paint over the lines around it
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
	}
	if b.Len() == 0 && s != "" {
		return "\uFFFD"
	}
	// The runner obeys its old commands, "##[name]value", anywhere in a line.
	return strings.ReplaceAll(b.String(), "##[", "## [")
}

// plain reports whether s is clean already, which nearly all names are.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '#' {
			return false
		}
	}
	return true
}

// hidden reports whether a rune does not show or changes how others do.
func hidden(r rune) bool {
	return (r < ' ' || r >= 0x7f) &&
		unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}

// stacked counts the marks that combine with one letter.
func stacked(n int, r rune) int {
	if r >= 0x300 && unicode.In(r, unicode.Mn, unicode.Me) {
		return n + 1
	}
	return 0
}

// clip cuts s to n runes, the last of them "…".
func clip(s string, n int) string {
	if len(s) <= n || utf8.RuneCountInString(s) <= n {
		return s
	}
	runes := 0
	for i := range s {
		if runes++; runes == n {
			return strings.TrimRight(s[:i], " ") + "…"
		}
	}
	return s
}

// tail cuts s to its last n runes, behind "…". It is for places, of which the
// end says most.
func tail(s string, n int) string {
	s = clean(s)
	over := utf8.RuneCountInString(s) - n
	if over <= 0 {
		return s
	}
	for i := range s {
		if over < 0 {
			return "…" + s[i:]
		}
		over--
	}
	return s
}

// mdText returns text for a line or a table cell of Markdown, in which it has
// no effect: it makes no link, mention, reference, emphasis, HTML or formula.
// An address stands as code, from which it can be copied.
func mdText(s string, n int) string {
	s = oneLine(s, n)
	var b strings.Builder
	from := 0
	for _, at := range address.FindAllStringIndex(s, -1) {
		b.WriteString(mdEscape(s[from:at[0]]) + mdCode(s[at[0]:at[1]], n))
		from = at[1]
	}
	return b.String() + mdEscape(s[from:])
}

func mdEscape(s string) string {
	s = listNumber.ReplaceAllString(apart(s), `$1`+mark+`$2`)
	if strings.HasPrefix(s, "-") || strings.HasPrefix(s, "+") || strings.HasPrefix(s, "=") || strings.HasPrefix(s, ":") {
		s = mark + s
	}
	var b strings.Builder
	before := ' '
	for i, r := range s {
		switch r {
		case '\\', '`', '*', '[', ']', '~':
			b.WriteByte('\\')
			b.WriteRune(r)
		case '_':
			after, _ := utf8.DecodeRuneInString(s[i+1:])
			if !alphanumeric(before) || !alphanumeric(after) { // within a word it is only itself
				b.WriteByte('\\')
			}
			b.WriteRune(r)
		case '<', '>', '&':
			b.WriteString(html.EscapeString(string(r)))
		case '|':
			b.WriteString("&#124;") // a backslash would itself need one in some tables
		case '$':
			// As GitHub says to write a dollar that begins no formula:
			// https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting/writing-mathematical-expressions
			b.WriteString("<span>$</span>")
		case '\uE000':
			b.WriteString("&#8203;")
		default:
			b.WriteRune(r)
		}
		before = r
	}
	return b.String()
}

func alphanumeric(r rune) bool {
	return r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

// apart marks the places at which a zero-width space keeps GitHub from seeing a
// mention, a reference, an address, a commit or an emoji: it looks for them in
// the rendered text, where no backslash is left.
func apart(s string) string {
	s = strings.ReplaceAll(s, "@", "@"+mark)
	s = strings.ReplaceAll(s, "#", "#"+mark)
	s = strings.ReplaceAll(s, "://", ":"+mark+"//")
	s = ghReference.ReplaceAllStringFunc(s, func(m string) string { return m[:len(m)-2] + mark + m[len(m)-2:] })
	s = www.ReplaceAllStringFunc(s, func(m string) string { return m[:3] + mark + m[3:] })
	s = hexRun.ReplaceAllStringFunc(s, everySix)
	if emoji.MatchString(s) {
		s = emojiStart.ReplaceAllString(s, ":"+mark+"$1")
	}
	return s
}

// everySix marks a run of hex digits so that no part of it is as long as the
// shortest commit that GitHub links, of 7.
func everySix(digits string) string {
	var b strings.Builder
	for len(digits) > 6 {
		b.WriteString(digits[:6] + mark)
		digits = digits[6:]
	}
	return b.String() + digits
}

// mdCode returns s as code in a line or a table cell of Markdown. What could
// end a code span or a cell is written as an element instead.
func mdCode(s string, n int) string {
	s = oneLine(s, n)
	if s == "" {
		return unknownMark
	}
	if strings.ContainsAny(s, "`|\\$") || strings.Contains(s, "::") {
		return "<code>" + mdEscape(s) + "</code>"
	}
	return "`" + s + "`"
}

// htmlCode returns s as code within a block of HTML, where Markdown is not read.
func htmlCode(s string, n int) string {
	if s = oneLine(s, n); s == "" {
		return unknownMark
	}
	return "<code>" + html.EscapeString(s) + "</code>"
}

// mermaidText returns s for a name in a Mermaid diagram: letters, digits and
// what stands for nothing in its grammar. All else becomes a space.
func mermaidText(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-_./", r) {
			return r
		}
		return ' '
	}, oneLine(s, 4*n))
	if s = strings.Join(strings.Fields(s), " "); s == "" {
		return "-"
	}
	return clip(s, n)
}

// termText returns s for one line of a terminal or of a job's log: it moves no
// cursor, and does not begin a workflow command.
func termText(s string, n int) string {
	s = oneLine(s, n)
	if strings.HasPrefix(s, "::") {
		s = clip(": "+s[1:], n)
	}
	return s
}

// jsonText rewrites encoded JSON so that it can be printed to a terminal or a
// job's log without effect. Only strings hold what it escapes, so the value
// stays the same.
func jsonText(b []byte) []byte {
	out := make([]byte, 0, len(b)+len(b)/64)
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		switch {
		case r == '[' && i >= 2 && b[i-1] == '#' && b[i-2] == '#':
			out = append(out, `\u005b`...)
		case r >= 0x7f && r != utf8.RuneError && unicode.In(r, unicode.Cc, unicode.Cf):
			out = appendEscape(out, r)
		default:
			out = append(out, b[i:i+n]...)
		}
		i += n
	}
	return out
}

func appendEscape(out []byte, r rune) []byte {
	if r > 0xffff {
		r -= 0x10000
		return fmt.Appendf(out, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
	}
	return fmt.Appendf(out, `\u%04x`, r)
}
