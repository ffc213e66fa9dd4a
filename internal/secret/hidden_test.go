package secret

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/andon-ci/andon/internal/finding"
)

// encoder writes JSON strings as any encoder may: every character as it is, by
// its short escape, or by its number.
type encoder struct {
	*rand.Rand
	often float64 // how often a character is escaped that need not be
}

func (e encoder) quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range s {
		short := map[rune]string{'"': `\"`, '\\': `\\`, '/': `\/`, '\b': `\b`, '\f': `\f`, '\n': `\n`, '\r': `\r`, '\t': `\t`}[c]
		must := c == '"' || c == '\\' || c < ' '
		if !must && e.Float64() >= e.often {
			b.WriteRune(c)
			continue
		}
		if short != "" && e.Float64() >= e.often/2 {
			b.WriteString(short)
			continue
		}
		format := []string{`\u%04x`, `\u%04X`}[e.IntN(2)]
		if c > 0xffff {
			high, low := utf16.EncodeRune(c)
			fmt.Fprintf(&b, format+format, high, low)
		} else {
			fmt.Fprintf(&b, format, c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// nest wraps a text in JSON so many levels deep.
func (e encoder) nest(text string, levels int) string {
	for range levels {
		text = `{"content":` + e.quote(text) + `}`
	}
	return text
}

// levels returns a text and what it says on every level of JSON.
func levels(text string) []string {
	out := []string{text}
	for {
		var v struct{ Content *string }
		if json.Unmarshal([]byte(text), &v) != nil || v.Content == nil {
			return out
		}
		text = *v.Content
		out = append(out, text)
	}
}

// checkHidden holds that a credential which is found in a text is found in
// every spelling of it, and does not survive redaction in any.
func checkHidden(t *testing.T, s *Scanner, text string, seed uint64) {
	t.Helper()
	e := encoder{rand.New(rand.NewPCG(seed, 2)), []float64{0, 0.02, 0.2, 0.5, 1}[seed%5]}
	depth := int(seed / 5 % 5)
	if e.often == 1 {
		depth = min(depth, 3)
	}
	var values []string
	for _, m := range s.Scan([]byte(text)) {
		if m.Severity == finding.Error {
			values = append(values, text[m.Start:m.End])
		}
	}
	if len(values) == 0 {
		t.Fatalf("not found as it is: %q", text)
	}
	doc := e.nest("before\n"+text+"\nafter", depth)
	if !hasError(s.Scan([]byte(doc))) {
		t.Errorf("seed %d, %d levels: not found\n%.200q\n%.2000s", seed, depth, text, doc)
		return
	}
	out, _ := s.Redact([]byte(doc))
	if depth > 0 && !json.Valid(out) {
		t.Errorf("seed %d: JSON became invalid\n%.2000s\n%.2000s", seed, doc, out)
	}
	for _, l := range levels(string(out)) {
		for _, v := range values {
			if strings.Contains(l, v) {
				t.Errorf("seed %d, %d levels: %q survived\n%.2000s\n%.2000s", seed, depth, v, doc, out)
			}
		}
	}
}

func knownOnes() []Known {
	return []Known{
		{"AMPERSAND", "p&ss<word>=42"}, {"SLASH", "abcd/efgh123"}, {"UMLAUT", "pässwörd-9"}, {"EMOJI", "key😀value"},
		{"QUOTES", `a"b\c'd` + "\te"}, {"LINES", "first line 1\nsecond\r\nthird"}, {"ESCAPE", `lit\u0041eral\n`},
	}
}

func hiddenTexts(t testing.TB) []string {
	rules, err := loadRules()
	if err != nil {
		t.Fatal(err)
	}
	out := []string{
		"postgres://admin:S3cretPassw0rd@db.internal:5432/app",
		"postgres://admin:S3cret&Passw0rd@db.internal:5432/app",
		"mysql://admin:S3crétPassw0rd@db.internal:5432/app",
		"aws_secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzZZ12KEYq",
		"x " + base64.StdEncoding.EncodeToString([]byte(expand("token: ghp_{36*A}\n", 4))),
	}
	for i, r := range rules {
		if r.Severity != finding.Error || len(r.Names) > 0 {
			continue // a name is no spelling of a credential
		}
		for _, p := range r.Positive {
			out = append(out, expand(p, uint64(i)))
		}
	}
	for _, k := range knownOnes() {
		out = append(out, "it is "+k.Value+" there")
	}
	return out
}

func TestAnySpelling(t *testing.T) {
	s := scanner(t, knownOnes()...)
	for i, text := range hiddenTexts(t) {
		for seed := range uint64(25) {
			checkHidden(t, s, text, seed+uint64(i)*25)
			if t.Failed() {
				return
			}
		}
	}
}

// FuzzAnySpelling plants a credential in any text.
func FuzzAnySpelling(f *testing.F) {
	s := scanner(f, knownOnes()...)
	texts := hiddenTexts(f)
	for i := range texts {
		f.Add("say ", " so", uint16(i), uint64(i))
	}
	f.Fuzz(func(t *testing.T, before, after string, which uint16, seed uint64) {
		if !utf8.ValidString(before+after) || len(before)+len(after) > 100 {
			return // a text grows twentyfold with each level of escapes
		}
		text := before + "\n" + texts[int(which)%len(texts)] + "\n" + after
		if hasError(s.Scan([]byte(text))) {
			checkHidden(t, s, text, seed)
		}
	})
}

var leftover = regexp.MustCompile(`Passw0rd|wJalr|p.{0,8}ss.{0,8}w.{0,12}(?:42|-9)|abcd|"key`)

func TestEncodersOfOthers(t *testing.T) {
	s := scanner(t, knownOnes()...)
	for name, text := range map[string]string{
		"PHP":                      `{"a":"postgres:\/\/admin:S3cretPassw0rd@db.internal:5432\/app"}`,
		"PHP, nested":              `{"a":"{\"b\":\"postgres:\\\/\\\/admin:S3cretPassw0rd@db.internal:5432\\\/app\"}"}`,
		"Go":                       `{"a":"postgres://admin:S3cret\u0026Passw0rd@db.internal:5432/app"}`,
		"Go, nested":               `{"a":"{\"b\":\"postgres://admin:S3cret\\u0026Passw0rd@db.internal:5432/app\"}"}`,
		"Gson":                     `{"a":"aws_secret\u003dwJalrXUtnFEMI/K7MDENG/bPxRfiCYzzZZ12KEYq"}`,
		"known, Go":                `{"a":"p\u0026ss\u003cword\u003e=42"}`,
		"known, Go, nested":        `{"a":"\"p\\u0026ss\\u003cword\\u003e=42\""}`,
		"known, PHP":               `{"a":"abcd\/efgh123"}`,
		"known, PHP in PHP":        `{"a":"abcd\\\/efgh123"}`,
		"known, Python":            `{"a":"p\u00e4ssw\u00f6rd-9"}`,
		"known, upper case":        `{"a":"p\u00E4ssw\u00F6rd-9"}`,
		"known, pair":              `{"a":"key\ud83d\ude00value"}`,
		"known, pair, upper, deep": `{"a":"key\\uD83D\\uDE00value"}`,
	} {
		found := s.Scan([]byte(text))
		if !hasError(found) {
			t.Errorf("%s: not found in %s", name, text)
			continue
		}
		if out, _ := s.Redact([]byte(text)); !json.Valid(out) || leftover.Match(out) {
			t.Errorf("%s: redacted to %s", name, out)
		}
	}
}

// exactOnes are tokens whose format says what they are.
func exactOnes() []string {
	return []string{
		"ghp_{36*A}", "github_pat_{22*A}_{59*A}", "sk-ant-api03-{93*U}AA", "sk-proj-{74*U}T3BlbkFJ{74*U}", "AKIA{16*C}",
		"AIza{35*U}", "glpat-{20*A}", "xoxb-{12*D}-{13*D}-{24*A}", "npm_{36*A}", "sk_live_{24*A}", "dop_v1_{64*H}",
		"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI{40*A}.{43*U}", "pypi-AgEIcHlwaS5vcmc{120*U}", "hvs.{90*U}", "gsk_{52*A}",
	}
}

// TestParted holds that a token is found whatever stands within it, and wherever
// it stands.
func TestParted(t *testing.T) {
	s := scanner(t, Known{"K", "correcthorse7battery"})
	parts := map[string]string{
		"newline": "\n", "indent": "\n        ", "tabs": "\n\t\t", "CRLF": "\r\n  ", "CR": "\r", "NUL": "\x00", "BEL": "\a", "DEL": "\x7f",
		"colour": "\x1b[1;31m", "reset": "\x1b[0m", "erase": "\x1b[K", "link": "\x1b]8;;http://x\x1b\\", "charset": "\x1b(B", "C1": "\u009b0m",
		"zero width": "\u200b", "joiner": "\u200d", "override": "\u202e", "mark": "\ufeff", "hyphen": "\u00ad", "two": "\u200b\x1b[0m\x00", "tag": "\U000e0041",
	}
	for i, example := range append(exactOnes(), "correcthorse7battery") {
		token := expand(example, uint64(i)+40)
		for name, part := range parts {
			for cut := 1; cut < len(token); cut += 1 + cut/8 {
				text := "the token is " + token[:cut] + part + token[cut:] + " here\nand so on"
				e := encoder{rand.New(rand.NewPCG(uint64(cut), 3)), 0.1}
				for level, doc := range []string{text, e.nest(text, 1), e.nest(text, 3)} {
					if !hasError(s.Scan([]byte(doc))) {
						t.Fatalf("%s in %s at %d, level %d: not found in %q", name, example, cut, level, doc)
					}
					out, _ := s.Redact([]byte(doc))
					if level > 0 && !json.Valid(out) {
						t.Fatalf("%s in %s at %d: JSON became invalid: %q", name, example, cut, out)
					}
					said := levels(string(out))
					left := invisibles.ReplaceAllString(said[len(said)-1], "")
					if tail := token[cut:]; (len(tail) < 10 || !strings.ContainsAny(tail, "0123456789")) && strings.Contains(part, "\n") {
						left = regexp.MustCompile(`\]\r?\n[ \t]*`+regexp.QuoteMeta(tail)+" here").ReplaceAllString(left, "] here") // it may be a word
					}
					if want := regexp.MustCompile(`^(?s:before\n)?the token is \[REDACTED:[a-z-]+:[0-9a-f]{8}\]\n? here\nand so on`); !want.MatchString(left) {
						t.Fatalf("%s in %s at %d, level %d: left %q", name, example, cut, level, left)
					}
				}
			}
		}
	}
}

var invisibles = regexp.MustCompile(`\x1b\[[0-9;]*[A-Za-z]|[\x00\x{200b}\x{feff}]`)

// TestNotJoined holds that lines are no tokens because they would make one
// together, and that a token does not take the next line along.
func TestNotJoined(t *testing.T) {
	s := scanner(t)
	tokens := []string{"ghp_{36*A}", "sk-ant-api03-{93*U}AA", "glpat-{20*A}", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI{40*A}.{43*U}"}
	for _, text := range []string{
		"prefixes are ghp_\nfollowed by letters and digits\n", "npm_\nconfig1\nregistry2\nname3\nother4\nmore5\nwords6\nhere7\n",
		"xai-\n" + strings.Repeat("word1\n", 20), "AKIA\nIOSFODNN7EXAMPLE\n", "sk-proj-\nyour-key-goes-here-and-is-long-enough-to-be-taken",
	} {
		for _, doc := range []string{text, encoder{rand.New(rand.NewPCG(1, 3)), 0}.nest(text, 2)} {
			if got := s.Scan([]byte(doc)); len(got) > 0 {
				t.Errorf("false alarm %s on %q", ids(got), doc)
			}
		}
	}
	for _, next := range []string{"next", "Next2", "2026-07-28", "README.md", "key9", "getNodesByVersion (tree)", expand("{40*H}", 3) + " 2026", expand("{60*A}+{15*B}", 3), "    indented", "\n", "v2"} {
		for _, token := range tokens {
			out, found := s.Redact([]byte(expand(token, 9) + "\n" + next + "\n"))
			if len(found) != 1 || !strings.HasSuffix(string(out), "]\n"+next+"\n") {
				t.Errorf("%s before %q: left %q", token, next, out)
			}
		}
	}
}

// TestWrapped holds that a token is found over many lines, and nothing that
// tells it is left.
func TestWrapped(t *testing.T) {
	s := scanner(t)
	for i, example := range exactOnes() {
		for width := 20; width <= 100; width += 7 {
			for _, end := range []string{"\n", "\n    ", "\r\n"} {
				token := expand(example, uint64(i)+70)
				line, text := "the token is "+token+" here", ""
				for ; len(line) > width; line = line[width:] {
					text += line[:width] + end
				}
				text += line + "\nand so on\n"
				doc := encoder{rand.New(rand.NewPCG(1, 3)), 0}.nest(text, width%3)
				out, _ := s.Redact([]byte(doc))
				said := levels(string(out))
				if left := regexp.MustCompile(`[\s]+`).ReplaceAllString(said[len(said)-1], ""); width > 27 && !regexp.MustCompile(`^thetokenis\[REDACTED:[a-z-]+:[0-9a-f]{8}\].{0,9}hereandsoon$`).MatchString(left) {
					t.Errorf("%s at %d: left %q", example, width, said[len(said)-1])
				}
			}
		}
	}
}
