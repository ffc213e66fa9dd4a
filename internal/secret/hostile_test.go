package secret

import (
	"fmt"
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

func BenchmarkHostile(b *testing.B) {
	s := scanner(b)
	for name, line := range hostile() {
		text := hostileText(line)
		b.Run(fmt.Sprint(name), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				s.Scan(text)
			}
		})
	}
}
