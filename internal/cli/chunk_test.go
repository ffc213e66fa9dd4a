package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/secret"
)

// inChunks scans a text as the commands do, with a limit for a line, and returns
// the rules and fingerprints of what is found.
func inChunks(t *testing.T, s *secret.Scanner, r io.Reader, limit int) []string {
	t.Helper()
	var out []string
	reader := stanzaReader{r: jsonl.NewReader(r, limit)}
	for {
		st, err := reader.Next()
		if errors.Is(err, io.EOF) {
			slices.Sort(out)
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range st.own(s.Scan(st.Raw)) {
			out = append(out, m.Rule+" "+m.Fingerprint)
		}
	}
}

// checkChunks holds that a text has the same findings in chunks of any size.
func checkChunks(t *testing.T, s *secret.Scanner, text []byte, seed uint64) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	whole := inChunks(t, s, bytes.NewReader(text), 0)
	for _, limit := range []int{1, 1000 + r.IntN(1000), 100_000 + r.IntN(300_000)} {
		for _, in := range []io.Reader{bytes.NewReader(text), iotest.HalfReader(bytes.NewReader(text)), iotest.DataErrReader(bytes.NewReader(text))} {
			if got := inChunks(t, s, in, limit); !slices.Equal(got, whole) {
				t.Fatalf("limit %d: %v, whole %v", limit, got, whole)
			}
		}
	}
}

// longLine is a line of JSON with credentials at some places of a filler.
func longLine(size int, seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 2))
	var b strings.Builder
	b.WriteString(`{"type":"log","message":"`)
	for n := 0; b.Len() < size; n++ {
		b.WriteString(strings.Repeat("some words of a log. ", r.IntN(3000)))
		fmt.Fprintf(&b, `key %s, and export DB_PASSWORD=%s then\n`, expand([]string{"ghp_{36*A}", "sk-ant-api03-{93*U}AA", "AKIA{16*C}"}[n%3], seed+uint64(n)), expand("{24*A}", seed+uint64(n)))
	}
	b.WriteString("\"}\n")
	return []byte(b.String())
}

func TestChunks(t *testing.T) {
	s, err := secret.New(secret.Options{Key: []byte("k")})
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(4) {
		checkChunks(t, s, longLine(700_000, seed), seed)
	}
}

// FuzzChunks moves the credentials to any place of a long line.
func FuzzChunks(f *testing.F) {
	s, err := secret.New(secret.Options{Key: []byte("k")})
	if err != nil {
		f.Fatal(err)
	}
	f.Add("before", uint64(1), uint32(1))
	f.Fuzz(func(t *testing.T, before string, seed uint64, size uint32) {
		checkChunks(t, s, append([]byte(strings.ReplaceAll(before, "\n", " ")), longLine(int(size%900_000), seed)...), seed)
	})
}
