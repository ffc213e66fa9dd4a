package cli

import (
	"bytes"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/secret"
)

// TestProcessors holds that no result depends on how many processors there are:
// files of many batches, one of a long line, plain text in which a key goes over
// lines, small and empty files and one that cannot be read.
func TestProcessors(t *testing.T) {
	dir := t.TempDir()
	token := func(n int) string { return fmt.Sprintf("ghp_%036d", n*7919+12345678) }
	var lines, text bytes.Buffer
	for n := range 3000 {
		fmt.Fprintf(&lines, `{"type":"user","message":{"role":"user","content":"%s line %d"}}`+"\n", strings.Repeat("some words of a transcript ", 12), n)
		fmt.Fprintf(&text, "%s of a log %d\n\n", strings.Repeat("some more words ", 12), n)
		if n%100 == 0 {
			fmt.Fprintf(&lines, `{"type":"user","message":{"role":"user","content":"export TOKEN=%sabcDEF"}}`+"\n", token(n)[:34])
			fmt.Fprintf(&text, "-----BEGIN RSA PRIVATE KEY-----\n%s\n-----END RSA PRIVATE KEY-----\n", strings.Repeat("kQ3x0Zr9Vb7\n", 30))
		}
	}
	write(t, dir, "a.jsonl", lines.Bytes())
	write(t, dir, "b.txt", text.Bytes())
	write(t, dir, "c.jsonl", []byte(`{"content":"`+strings.Repeat("long ", longText/5+1)+token(1)+`"}`+"\n"+`{"content":"`+token(2)+`"}`))
	write(t, dir, "d.jsonl", nil)
	write(t, dir, "e.gz", []byte("\x1f\x8b\x08 no more than the beginning"))
	for n := range 40 {
		write(t, dir, fmt.Sprintf("small-%02d-%s.jsonl", n, token(n%3)), []byte(good))
	}
	write(t, dir, "z.log", []byte("::add-mask::tr0ub4dor3\nand "+token(3)))
	for _, command := range []string{"scan --format json", "scan --format sarif", "collect --format json --fail-on none"} {
		var want string
		for _, processors := range []int{1, 2, 5} {
			before := runtime.GOMAXPROCS(processors)
			out, stderr, code := runMain(t, nil, append(strings.Fields(command), "--quiet", dir, filepath.Join(dir, "no-such-file"))...)
			runtime.GOMAXPROCS(before)
			got := fmt.Sprintf("%d\n%s\n%s", code, out, stderr)
			if want == "" {
				want = got
			}
			if got != want || !strings.Contains(out, "secret/") && strings.HasPrefix(command, "scan") {
				t.Errorf("%s on %d processors:\n%.3000s\non one:\n%.3000s", command, processors, got, want)
			}
		}
	}
}

// TestStop holds that a scan which is stopped leaves no work behind.
func TestStop(t *testing.T) {
	a := &ahead{}
	scan, err := newKeyedScanner(Env{Getenv: func(string) string { return "" }}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	before := runtime.GOMAXPROCS(2)
	a.start(scan)
	runtime.GOMAXPROCS(before)
	dealt := 0
	for range 4 {
		text := jsonl.Chunk{Raw: []byte("abc")}
		a.add(stanza{Chunk: text, parts: []jsonl.Chunk{text}, ends: []int{3}}, func(stanza, []secret.Match) { dealt++ })
		a.put()
	}
	a.drop()
	if a.drain(); dealt > 0 || len(a.idle) != 2 {
		t.Errorf("%d of 2 scanners are idle, and %d stanzas were dealt with", len(a.idle), dealt)
	}
}
