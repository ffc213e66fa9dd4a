package jsonl

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
)

// readAll returns the chunks of r, with copies of their bytes.
func readAll(t testing.TB, r *Reader) (chunks []Chunk) {
	t.Helper()
	for {
		c, err := r.Next()
		if err == io.EOF {
			return chunks
		}
		if err != nil {
			t.Fatal(err)
		}
		c.Raw = bytes.Clone(c.Raw)
		chunks = append(chunks, c)
	}
}

// show writes chunks as "line:raw", with "!" behind one that ends the file
// without a line's end and "*" behind an element.
func show(chunks []Chunk) string {
	var b strings.Builder
	for _, c := range chunks {
		fmt.Fprintf(&b, "%d:%q", c.Line, c.Raw)
		if c.Part > 0 {
			fmt.Fprintf(&b, "/%d", c.Part)
		}
		if c.Element {
			b.WriteByte('*')
		}
		if c.End {
			b.WriteByte('!')
		}
		b.WriteByte(' ')
	}
	return strings.TrimSuffix(b.String(), " ")
}

func TestReader(t *testing.T) {
	tests := []struct{ name, input, want string }{
		{"empty", "", ""},
		{"only white space", " \n\t\r\n", ""},
		{"only a byte order mark", "\xef\xbb\xbf", ""},
		{"lines", "{\"a\":1}\n{\"a\":2}\n", `1:"{\"a\":1}" 2:"{\"a\":2}"`},
		{"no end of the last line", "{\"a\":1}\n{\"a\":2}", `1:"{\"a\":1}" 2:"{\"a\":2}"!`},
		{"one line without an end", `{"a":1}`, `1:"{\"a\":1}"!`},
		{"cut-off last line", "{\"a\":1}\n{\"a\":", `1:"{\"a\":1}" 2:"{\"a\":"!`},
		{"carriage returns", "{\"a\":1}\r\n\r\n{\"a\":2}\r\n", `1:"{\"a\":1}" 3:"{\"a\":2}"`},
		{"byte order mark", "\xef\xbb\xbf{\"a\":1}\n", `1:"{\"a\":1}"`},
		{"blank lines", "\n\n  \n{\"a\":1}\n\n \t\n{\"a\":2}\n\n", `4:"{\"a\":1}" 7:"{\"a\":2}"`},
		{"indented lines", "{}\n  {\"a\":1}  \n", `1:"{}" 2:"  {\"a\":1}  "`},
		{"NUL", "{}\n\x00\x00\n{}\n", `1:"{}" 2:"\x00\x00" 3:"{}"`},
		{"two objects on a line", "{\"a\":1}{\"b\":2}\n{} {}\n", `1:"{\"a\":1}{\"b\":2}" 2:"{} {}"`},
		{"scalars", "1\n\"a\"\nnull\n", `1:"1" 2:"\"a\"" 3:"null"`},
		{"brackets in a string", "{\"a\":\"}{\"}\n{\"a\":\"\\\"}\"}\n", `1:"{\"a\":\"}{\"}" 2:"{\"a\":\"\\\"}\"}"`},

		{"array on a line", `[{"a":[1]},{"b":2} , "s"]` + "\n", `1:"{\"a\":[1]}"* 1:"{\"b\":2}"* 1:"\"s\""*`},
		{"pretty-printed array", "[\n  {\n    \"a\": 1\n  },\n  {\n    \"b\": \"]\"\n  }\n]\n", `2:"{\n    \"a\": 1\n  }"* 5:"{\n    \"b\": \"]\"\n  }"*`},
		{"array with an element a line", "[{\"a\":1},\n{\"b\":2},\n{\"c\":3}\n]", `1:"{\"a\":1}"* 2:"{\"b\":2}"* 3:"{\"c\":3}"*`},
		{"empty array", "[ ]\n", ""},
		{"cut-off array", `[{"a":1},{"b":`, `1:"{\"a\":1}"* 1:"{\"b\":"*!`},
		{"array cut off behind a comma", `[{"a":1},`, `1:"{\"a\":1}"*`},
		{"lines behind an array", "[{\"a\":1}]\n{\"b\":2}\n{\"c\":3}\n", `1:"{\"a\":1}"* 2:"{\"b\":2}" 3:"{\"c\":3}"`},
		{"text in an array", "[{\"a\":1},\nkilled\n{\"b\":2}]", `1:"{\"a\":1}"* 2:"killed" 3:"{\"b\":2}"*`},
		{"array of scalars", "[1,2]\n[3]\n", `1:"[1,2]" 2:"[3]"`},

		{"pretty-printed objects", "{\n  \"a\": {\n  }\n}\n{\n  \"b\": 2\n}\n", `1:"{\n  \"a\": {\n  }\n}" 5:"{\n  \"b\": 2\n}"`},
		{"pretty-printed object, cut off", "{\n  \"a\": {\n", `1:"{\n  \"a\": {\n"!`},
		{"text between pretty-printed objects", "{\n  \"a\": 1\n}\nDone.\n{\n  \"b\": 2\n}\n", `1:"{\n  \"a\": 1\n}" 4:"Done." 5:"{\n  \"b\": 2\n}"`},
		{"text before pretty-printed objects", "Loading\n{\n  \"a\": 1\n}\nDone.\n", `1:"Loading" 2:"{\n  \"a\": 1\n}" 5:"Done."`},
		{"text before a pretty-printed array", "Loading\r\n[\r\n  {\r\n  }\r\n]\r\n", `1:"Loading" 3:"{\r\n  }"*`},
		{"lines, then a pretty-printed object", "{\"a\":1}\n{\n  \"b\": 2\n}\n{\"c\":3}\n", `1:"{\"a\":1}" 2:"{\n  \"b\": 2\n}" 5:"{\"c\":3}"`},

		{"text between lines", "{\"a\":1}\nwarning: {x\n{\"b\":2}\n", `1:"{\"a\":1}" 2:"warning: {x" 3:"{\"b\":2}"`},
		{"text first", "npm notice\n{\"a\":1}\n{\"b\":2}", `1:"npm notice" 2:"{\"a\":1}" 3:"{\"b\":2}"!`},
		{"text in brackets first", "[info] start\n{\"a\":1}\n{\"b\":\n{\"c\":1}\n", `1:"[info] start" 2:"{\"a\":1}" 3:"{\"b\":" 4:"{\"c\":1}"`},
		{"first line without its beginning", "\":1}}\n{\"a\":1}\n", `1:"\":1}}" 2:"{\"a\":1}"`},
		{"first line cut off", "{\"a\":{\"b\":\n{\"c\":1}\n{\"d\":2}\n", `1:"{\"a\":{\"b\":\n" 2:"{\"c\":1}" 3:"{\"d\":2}"`},
		{"first line cut off in a string", "{\"a\":\"b\n{\"c\":\"}\"}\n{\"d\":2}\n", `1:"{\"a\":\"b\n" 2:"{\"c\":\"}\"}" 3:"{\"d\":2}"`},
		{"first line only a bracket", "{\n{\"c\":1}\n{\"d\":2}\n", `1:"{\n" 2:"{\"c\":1}" 3:"{\"d\":2}"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for name, in := range map[string]io.Reader{
				"whole": strings.NewReader(tt.input), "bytewise": iotest.OneByteReader(strings.NewReader(tt.input)),
				"with its end": iotest.DataErrReader(strings.NewReader(tt.input)),
			} {
				if got := show(readAll(t, NewReader(in, 0))); got != tt.want {
					t.Errorf("%s:\ngot  %s\nwant %s", name, got, tt.want)
				}
			}
		})
	}
}

// What is looked for must be found also where the reader's buffer ends.
func TestReaderAtBuffersEnd(t *testing.T) {
	const size = 256 << 10
	for shift := -6; shift <= 6; shift++ {
		pad := strings.Repeat("x", size+shift-len(`{"a":"`))
		tests := []struct {
			name, input string
			want        []string
		}{
			{"cut-off first line", "{\n\"a\":\"" + pad + "\n{\"c\":1}\n{\"d\":2}\n", []string{"{\n\"a\":\"" + pad + "\n", `{"c":1}`, `{"d":2}`}},
			{"array", `[{"a":"` + pad + `"},{"c":1},"e"]`, []string{`{"a":"` + pad + `"}`, `{"c":1}`, `"e"`}},
			{"escapes", `[{"a":"` + pad + `\"\\"},{"c":1}]`, []string{`{"a":"` + pad + `\"\\"}`, `{"c":1}`}},
			{"lines", `{"a":"` + pad + "\"}\r\n{}\n", []string{`{"a":"` + pad + `"}`, `{}`}},
			{"bracket", `{"a":"` + pad + "\"}\n{\n}\n", []string{`{"a":"` + pad + `"}`, "{\n}"}},
		}
		for _, tt := range tests {
			for _, in := range []io.Reader{strings.NewReader(tt.input), iotest.HalfReader(strings.NewReader(tt.input))} {
				chunks := readAll(t, NewReader(in, 0))
				if len(chunks) != len(tt.want) {
					t.Fatalf("%s, %+d: %d chunks, want %d", tt.name, shift, len(chunks), len(tt.want))
				}
				for i, c := range chunks {
					if string(c.Raw) != tt.want[i] {
						t.Errorf("%s, %+d: chunk %d of %d bytes is wrong", tt.name, shift, i, len(c.Raw))
					}
				}
			}
		}
	}
}

// An over-long value comes in parts that cover it, each with the end of the
// one before it, and the next one is whole again.
func TestReaderParts(t *testing.T) {
	var long strings.Builder
	for i := 0; long.Len() < 5<<20; i++ {
		fmt.Fprintf(&long, "%d,", i)
	}
	tests := []struct{ name, before, after string }{
		{"line", "{\"a\":1}\n", "\n{\"b\":2}\n"},
		{"last line", "{\"a\":1}\n", ""},
		{"element", "[{\"a\":1},{", "\n,{\"b\":2}]"},
		{"object", "{\n}\n{", "\n{\"b\":2}\n"},
	}
	const limit = 1 << 20
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			chunks := readAll(t, NewReader(strings.NewReader(tt.before+long.String()+tt.after), limit))
			var whole []byte
			part := 0
			for _, c := range chunks {
				if len(c.Raw) > limit+320<<10 {
					t.Errorf("a chunk of %d bytes", len(c.Raw))
				}
				if c.Part == 0 {
					continue
				}
				if part++; c.Part != part {
					t.Errorf("part %d, want %d", c.Part, part)
				}
				if part > 1 {
					if !bytes.HasPrefix(c.Raw, whole[len(whole)-overlap:]) {
						t.Fatalf("part %d does not repeat the end of the one before", part)
					}
					c.Raw = c.Raw[overlap:]
				}
				whole = append(whole, c.Raw...)
			}
			if got := strings.TrimPrefix(string(whole), "{"); got != long.String() {
				t.Errorf("the %d parts have %d bytes, want %d", part, len(got), long.Len())
			}
			if last := chunks[len(chunks)-1]; tt.after != "" && (last.Part != 0 || string(last.Raw) != `{"b":2}`) {
				t.Errorf("the last chunk is part %d: %.20q", last.Part, last.Raw)
			}
		})
	}
}

// endless gives out n bytes of a JSON string.
func endless(n int64) io.Reader {
	return io.MultiReader(strings.NewReader(`{"a":"`), io.LimitReader(forever{}, n), strings.NewReader("\"}\n{}\n"))
}

type forever struct{}

func (forever) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// A line of many megabytes must not cost a multiple of itself.
func TestReaderMemory(t *testing.T) {
	for _, size := range []int64{50 << 20, 100 << 20} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r := NewReader(endless(size), 0)
		c, err := r.Next()
		if err != nil || int64(len(c.Raw)) != size+8 {
			t.Fatalf("%d bytes, %v", len(c.Raw), err)
		}
		if c, err := r.Next(); err != nil || string(c.Raw) != "{}" || c.Line != 2 {
			t.Fatalf("%q, %v", c.Raw, err)
		}
		runtime.ReadMemStats(&after)
		if used := int64(after.TotalAlloc - before.TotalAlloc); used > 3*size {
			t.Errorf("a line of %d bytes took %d", size, used)
		}
	}
}

func TestReaderErrors(t *testing.T) {
	broken := errors.New("broken")
	for _, input := range []string{"", "{\"a\":1}\n{\"b\"", "[{\"a\":1},{\"b\"", "{\n\"a\"", "\xef\xbb", "[", " "} {
		r := NewReader(io.MultiReader(strings.NewReader(input), iotest.ErrReader(broken)), 0)
		var err error
		for i := 0; err == nil; i++ {
			if i > 10 {
				t.Fatalf("%q: no end", input)
			}
			_, err = r.Next()
		}
		if !errors.Is(err, broken) {
			t.Errorf("%q: %v, want %v", input, err, broken)
		}
	}
}

// FuzzReader holds the Reader to ending and to losing nothing: between chunks
// there is only white space, and the punctuation of arrays.
func FuzzReader(f *testing.F) {
	for _, s := range seeds() {
		f.Add([]byte(s))
	}
	for _, s := range []string{"{\n{\"a\"", "[{},\n{\"", "{\n}\n[\n{}", "x\n[\n]\n]", "[\"a\",{}]]", "[,,{}", "{\"a\":\"\n{\"b\":\"\\"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		between := " \t\r\n"
		if bytes.IndexByte(data, '[') >= 0 {
			between += "[],"
		}
		rest := bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
		line := 0
		for _, c := range readAll(t, NewReader(iotest.HalfReader(bytes.NewReader(data)), 0)) {
			at := bytes.Index(rest, c.Raw)
			if at < 0 || len(bytes.Trim(rest[:at], between)) > 0 {
				t.Fatalf("%q: lost something before %q", data, c.Raw)
			}
			rest = rest[at+len(c.Raw):]
			if c.Line < line || c.Line > 1+bytes.Count(data, []byte("\n")) {
				t.Fatalf("%q: line %d behind line %d", data, c.Line, line)
			}
			line = c.Line
		}
		if len(bytes.Trim(rest, between)) > 0 {
			t.Fatalf("%q: lost %q", data, rest)
		}
	})
}
