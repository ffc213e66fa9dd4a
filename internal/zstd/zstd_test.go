package zstd

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

func TestRoundTrip(t *testing.T) {
	for _, data := range [][]byte{nil, []byte("one line\n"), []byte(strings.Repeat("a line of a day\n", 100_000))} {
		packed, err := Pack(data)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Pack(data)
		if err != nil || !bytes.Equal(packed, again) {
			t.Errorf("the same %d bytes are packed in two ways: %v", len(data), err)
		}
		r, err := NewReader(bytes.NewReader(packed))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(got, data) || r.Close() != nil {
			t.Errorf("%d bytes became %d: %v", len(data), len(got), err)
		}
	}
}
