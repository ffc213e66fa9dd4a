package report

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	for s, want := range map[string]string{
		"":                           "",
		"plain":                      "plain",
		" a \n\t b ":                 "a b",
		"\x1b[31mred\x1b[0m":         "red",
		"\x1b]0;title\adone":         "done",
		"\x1b]unterminated":          "unterminated",
		"a\x00b\x7fc\u009bmd":        "abcd",
		"abc\u202etxt.exe":           "abctxt.exe",
		"z\u200be\u200cr\ufeffo":     "zero",
		"\u200b":                     "\uFFFD",
		"  ":                         "\uFFFD",
		"\xff":                       "\uFFFD",
		"ok ##[error]x":              "ok ## [error]x",
		"#\u200b#[error]":            "## [error]",
		"Z\u0351\u036b\u0343\u036aA": "Z\u0351\u036bA",
		"é 漢字 🔴":                     "é 漢字 🔴",
	} {
		if got := clean(s); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
		if again := clean(clean(s)); again != clean(s) {
			t.Errorf("%q: a second time gives %q", s, again)
		}
	}
}

func TestClip(t *testing.T) {
	for _, test := range []struct {
		s    string
		n    int
		want string
	}{{"abc", 3, "abc"}, {"abcd", 3, "ab…"}, {"漢字漢字", 3, "漢字…"}, {"ab cd", 4, "ab…"}, {"漢字", 2, "漢字"}} {
		if got := clip(test.s, test.n); got != test.want || !utf8.ValidString(got) {
			t.Errorf("%q to %d: %q, want %q", test.s, test.n, got, test.want)
		}
	}
}

func TestMDText(t *testing.T) {
	for s, want := range map[string]string{
		"plain words, and (some) more.": "plain words, and (some) more.",
		"snake_case_name":               "snake_case_name",
		"_emphasis_ **strong**":         `\_emphasis\_ \*\*strong\*\*`,
		"@octocat #12":                  "@&#8203;octocat #&#8203;12",
		"<b>&amp;":                      "&lt;b&gt;&amp;amp;",
		"a|b":                           "a&#124;b",
		"[x](y)":                        `\[x\](y)`,
		"- item":                        "&#8203;- item",
		"12. item":                      "12&#8203;. item",
		"$5":                            "<span>$</span>5",
		"see https://a.example/b_c":     "see `https://a.example/b_c`",
		"ratio 3:4 at 12:30":            "ratio 3:4 at 12:30",
		":tada:":                        "&#8203;:&#8203;tada:",
		"8d3f2c1b0a9e":                  "8d3f2c&#8203;1b0a9e",
	} {
		if got := mdText(s, maxMessage); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}

func TestMDCode(t *testing.T) {
	for s, want := range map[string]string{
		"":          "–",
		"Bash":      "`Bash`",
		"a|b":       "<code>a&#124;b</code>",
		"a`b":       "<code>a\\`b</code>",
		"::error::": "<code>&#8203;::&#8203;error::</code>",
		"\u200b":    "`\uFFFD`",
	} {
		if got := mdCode(s, maxName); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}

func TestMermaidText(t *testing.T) {
	for s, want := range map[string]string{
		"review-security":     "review-security",
		"a: b; c # d":         "a b c d",
		"%%{init: {}}%%":      "init",
		"mcp__github__review": "mcp__github__review",
		"→":                   "-",
	} {
		if got := mermaidText(s, 40); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}

// A text of a megabyte costs no more than reading it.
func TestEscapeIsLinear(t *testing.T) {
	for _, piece := range []string{"\x1b]", "\x1b[", ":a", "@", "`", "https://", "##[", "\u0301", "a_", "[", "f"} {
		s := strings.Repeat(piece, 1<<20/len(piece))
		start := time.Now()
		for _, f := range []func(string, int) string{mdText, mdCode, htmlCode, mermaidText, termText} {
			if got := f(s, maxMessage); utf8.RuneCountInString(got) > 20*maxMessage {
				t.Errorf("%q: %d bytes of output", piece, len(got))
			}
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%q: %v", piece, took)
		}
	}
}
