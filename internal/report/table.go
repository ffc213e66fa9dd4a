package report

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// column is a column of a table in a terminal.
type column struct {
	title string
	right bool // figures stand at the right
	least int  // columns below which it is squeezed last of all; 0 is never squeezed
	spare int  // the highest is left out first where a table is too wide; 0 never
}

// cell is a value of a table and its colour.
type cell struct {
	text  string
	paint paint
}

// paint is the parameter of an ANSI colour sequence; empty is none.
type paint string

const (
	bold     paint = "1"
	dim      paint = "2"
	inRed    paint = "31"
	inGreen  paint = "32"
	inYellow paint = "33"
)

// in colours s where colours are wanted.
func (o TerminalOptions) in(p paint, s string) string {
	if !o.Color || p == "" || s == "" {
		return s
	}
	return "\x1b[" + string(p) + "m" + s + "\x1b[0m"
}

// table writes rows under titles, in the width there is. The texts must have
// been through termText.
func table(b *strings.Builder, columns []column, rows [][]cell, o TerminalOptions, indent string) {
	widths := measure(columns, rows)
	shown := fit(columns, widths, o.width()-len(indent))
	head := make([]cell, len(columns))
	for i, c := range columns {
		head[i] = cell{c.title, dim}
	}
	for _, row := range append([][]cell{head}, rows...) {
		var line strings.Builder
		line.WriteString(indent)
		for k, i := range shown {
			text := squeeze(row[i].text, widths[i])
			pad := strings.Repeat(" ", widths[i]-wide(text))
			if k > 0 {
				line.WriteString("  ")
			}
			if columns[i].right {
				line.WriteString(pad + o.in(row[i].paint, text))
			} else {
				line.WriteString(o.in(row[i].paint, text) + pad)
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}

func measure(columns []column, rows [][]cell) []int {
	widths := make([]int, len(columns))
	for i, c := range columns {
		widths[i] = wide(c.title)
		for _, row := range rows {
			widths[i] = max(widths[i], wide(row[i].text))
		}
	}
	return widths
}

// fit squeezes widths to the room there is, and returns the columns that are
// shown in it.
func fit(columns []column, widths []int, room int) []int {
	var shown []int
	for i := range columns {
		shown = append(shown, i)
	}
	for {
		over := 2*(len(shown)-1) - room
		for _, i := range shown {
			over += widths[i]
		}
		if over <= 0 {
			return shown
		}
		if i := widest(columns, widths, shown, 0); i >= 0 {
			widths[i] = max(columns[i].least, widths[i]-over)
			continue
		}
		if k := sparest(columns, shown); k >= 0 {
			shown = slices.Delete(shown, k, k+1)
			continue
		}
		i := widest(columns, widths, shown, tightest)
		if i < 0 {
			return shown
		}
		widths[i]--
	}
}

// tightest is as far as a column of text is squeezed where nothing else helps.
const tightest = 4

// widest returns the widest column of text that is over its least width, -1
// for none. A least other than 0 takes the place of the columns' own.
func widest(columns []column, widths, shown []int, least int) int {
	out := -1
	for _, i := range shown {
		if columns[i].least > 0 && widths[i] > cmp.Or(least, columns[i].least) && (out < 0 || widths[i] > widths[out]) {
			out = i
		}
	}
	return out
}

// sparest returns the index in shown of the column that is missed least, -1
// for none.
func sparest(columns []column, shown []int) int {
	out := -1
	for k, i := range shown {
		if columns[i].spare > 0 && (out < 0 || columns[i].spare > columns[shown[out]].spare) {
			out = k
		}
	}
	return out
}

// wide returns the columns that s takes in a terminal.
func wide(s string) int {
	n := 0
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

// runeWidth follows Unicode Standard Annex 11 for the wide blocks.
func runeWidth(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	case r >= 0x1100 && r <= 0x115f, r >= 0x2e80 && r <= 0xa4cf, r >= 0xac00 && r <= 0xd7a3, r >= 0xf900 && r <= 0xfaff,
		r >= 0xfe30 && r <= 0xfe6f, r >= 0xff00 && r <= 0xff60, r >= 0xffe0 && r <= 0xffe6,
		r >= 0x1f300 && r <= 0x1faff, r >= 0x20000 && r <= 0x3fffd:
		return 2
	}
	return 1
}

// squeeze cuts s to n columns, the last of them "…".
func squeeze(s string, n int) string {
	if wide(s) <= n {
		return s
	}
	used := 0
	for i, r := range s {
		if used+runeWidth(r) > n-1 {
			return s[:i] + "…"
		}
		used += runeWidth(r)
	}
	return s
}

// squeezePlace cuts a file and its line to n columns from the left: the end
// tells most of it.
func squeezePlace(s string, n int) string {
	s = termText(tail(s, maxPath), maxPath)
	runes := []rune(s)
	for i := range runes {
		if wide(string(runes[i:])) <= n-1 && i > 0 {
			return "…" + string(runes[i:])
		}
		if i == 0 && wide(s) <= n {
			break
		}
	}
	return s
}

// wrap breaks s into lines of n columns, at spaces where it can. None of them
// begins a workflow command.
func wrap(s string, n int) []string {
	lines := breakLines(s, n)
	for i, line := range lines {
		if strings.HasPrefix(line, "::") {
			lines[i] = squeeze(": "+line[1:], n)
		}
	}
	return lines
}

func breakLines(s string, n int) []string {
	var out []string
	line := ""
	for word := range strings.FieldsSeq(s) {
		for wide(word) > n {
			head := strings.TrimSuffix(squeeze(word, n+1), "…")
			if wide(head) == 0 || wide(head) > n {
				_, size := utf8.DecodeRuneInString(word)
				head = word[:size]
			}
			if line != "" {
				out, line = append(out, line), ""
			}
			out = append(out, head)
			word = word[len(head):]
		}
		switch {
		case line == "":
			line = word
		case wide(line)+1+wide(word) <= n:
			line += " " + word
		default:
			out, line = append(out, line), word
		}
	}
	if line != "" {
		out = append(out, line)
	}
	return out
}
