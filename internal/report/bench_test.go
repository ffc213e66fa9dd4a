package report

import (
	"io"
	"testing"
)

func BenchmarkMarkdown(b *testing.B) {
	r := several()
	b.ReportAllocs()
	for b.Loop() {
		if err := Markdown(io.Discard, r, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
