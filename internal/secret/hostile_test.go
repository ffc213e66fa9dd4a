package secret

import (
	"encoding/json"
	"strings"
	"testing"
)

// hostile are texts that anybody can write of which each line takes the scanner
// long, by what is in them.
func hostile() map[string]func(n int) string {
	return map[string]func(n int) string{
		"curl":        func(int) string { return "curl -u " },
		"assignments": func(int) string { return "user=password=" },
		"passwords":   func(n int) string { return expand("password = \"{12*A}\"\n", uint64(n)) },
		"logins":      func(n int) string { return expand("user: bob{3*D}\npassword: {14*A}\n", uint64(n)) },
		"flat":        func(int) string { return "sk-" + strings.Repeat("a", 48) + "\n" },
		"tokens":      func(n int) string { return expand("ghp_{36*A}\n", uint64(n)) },
		"keys":        func(n int) string { return expand("sk-ant-api03-{93*U}AA\n", uint64(n)) },
		"short":       func(n int) string { return expand("ghp_{16*A}\n", uint64(n)) },
	}
}

// hostileText returns about a megabyte of such lines.
func hostileText(line func(n int) string) []byte {
	var b strings.Builder
	for n := 0; b.Len() < 1<<20; n++ {
		b.WriteString(line(n))
	}
	return []byte(b.String())
}

// TestAmongKeywords holds that a credential is found that stands behind any
// number of its keywords, of which not all are tried.
func TestAmongKeywords(t *testing.T) {
	s := scanner(t)
	for keywords, credential := range map[string]string{
		"curl -u ":         expand(" -u elastic:{16*A} ", 1),
		"curl -u a:b ":     expand(" -u elastic:{16*A} ", 2),
		"xcurl curl ":      expand(" -u elastic:{16*A} ", 3),
		"user=password=":   expand("\nuser = bob\npassword = open_{6*A}\n", 4),
		"password = \"\" ": expand(";Password={10*A};", 5),
	} {
		for n := 0; n < 200; n += 7 {
			text := strings.Repeat(keywords, n) + "curl " + strings.Repeat("x", n) + credential + strings.Repeat(" y", 500) + keywords
			for _, b := range [][]byte{[]byte(text), quoted(text), quoted(string(quoted(text)))} {
				if len(s.Scan(b)) == 0 {
					t.Fatalf("%d times %q: %q is not found", n, keywords, credential)
				}
			}
		}
	}
}

func quoted(text string) []byte {
	out, _ := json.Marshal(text) // a string has no reason to fail
	return out
}

func BenchmarkHostile(b *testing.B) {
	s := scanner(b)
	for name, line := range hostile() {
		text := hostileText(line)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				s.Scan(text)
			}
		})
	}
}
