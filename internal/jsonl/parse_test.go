package jsonl

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"
)

// seeds are texts round every rule of the grammar.
func seeds() []string {
	return []string{
		`null`, `true`, `false`, `nul`, `truth`, ` [] `, `{}`, `[`, `{`, `]`, `}`, ``, ` `, "\t\r\n1\n",
		`0`, `-0`, `-`, `01`, `1.`, `.5`, `1.5e+10`, `1e`, `1E-`, `1e400`, `-1e-400`, `9223372036854775808`, `0x10`, `+1`, `1_0`,
		`"a"`, `"`, `"\"`, `"\u00e9"`, `"\ud83d\ude00"`, `"\ud83d"`, `"\ud83dx"`, `"\ud83d\u0041"`, `"\ude00\ud83d"`, `"\u12"`, `"\x"`, `"\/\b\f\n\r\t\\"`,
		"\"\xff\xfe\"", "\"a\xe2\x28\"", "\"\xe2\x82\"", "\"\xed\xa0\x80\"", "\"a\tb\"", "\"\x7f\"", "\"\x00\"", "\"é\\n\xff\"", `"12345678"`, `"1234567`,
		`[1,2,3]`, `[1,]`, `[,1]`, `[1 2]`, `[1}`, `{"a":1}`, `{"a" : [ {} , [] , {"b":null} ] }`, `{"a":1,}`, `{"a"}`, `{"a":}`, `{a:1}`, `{"a":1]`, `{1:2}`, `{"a":1 "b":2}`,
		`{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `{"":1,"":2}`, `{"a":1} {"b":2}`, `[1] x`, "\xef\xbb\xbf{}", "\x00", "[\x00]", `{"k\n":"v\t","é":"ü"}`,
		strings.Repeat("[", 999) + strings.Repeat("]", 999), strings.Repeat("[", 1001), strings.Repeat(`{"a":`, 50) + "1" + strings.Repeat("}", 50),
	}
}

// FuzzParse holds Parse to what encoding/json makes of the same text.
func FuzzParse(f *testing.F) {
	for _, s := range seeds() {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) { compare(t, data) })
}

// compare reports where Parse and encoding/json differ. Only the depth may.
func compare(t *testing.T, data []byte) {
	t.Helper()
	var doc Doc
	v, used, err := doc.Parse(data)
	if used < 0 || used > len(data) {
		t.Fatalf("used %d of %d bytes", used, len(data))
	}
	if err != nil {
		if json.Valid(data) && !strings.Contains(err.Error(), "levels deep") {
			t.Fatalf("Parse(%q): %v; encoding/json accepts it", data, err)
		}
		return
	}
	if json.Valid(data) && used < len(data) {
		t.Fatalf("Parse(%q) used only %d bytes", data, used)
	}
	var want any
	decoder := json.NewDecoder(bytes.NewReader(data[:used]))
	decoder.UseNumber()
	if err := decoder.Decode(&want); err != nil {
		t.Fatalf("Parse(%q) accepts what encoding/json does not: %v", data[:used], err)
	}
	equalValue(t, v, want)
}

// equalValue compares v with what encoding/json decoded.
func equalValue(t *testing.T, v Value, want any) {
	t.Helper()
	switch want := want.(type) {
	case nil:
		if v.Kind() != Null || v.Exists() {
			t.Errorf("%s: kind %d, want null", v.Raw(), v.Kind())
		}
	case bool:
		if got, ok := v.Bool(); !ok || got != want || v.True() != want {
			t.Errorf("%s: %v, %v, want %v", v.Raw(), got, ok, want)
		}
	case string:
		if v.Kind() != String || v.String() != want {
			t.Errorf("%q: %q, want %q", v.Raw(), v.String(), want)
		}
	case json.Number:
		equalNumber(t, v, want)
	case []any:
		equalArray(t, v, want)
	case map[string]any:
		equalObject(t, v, want)
	}
}

func equalNumber(t *testing.T, v Value, want json.Number) {
	t.Helper()
	if v.Kind() != Number || string(v.Raw()) != want.String() {
		t.Errorf("%s: kind %d, want %s", v.Raw(), v.Kind(), want)
	}
	if n, err := want.Int64(); err == nil {
		if got, ok := v.Int(); !ok || got != n {
			t.Errorf("%s: Int %d, %v", v.Raw(), got, ok)
		}
	}
	f, err := want.Float64()
	if got, ok := v.Float(); ok != (err == nil) || ok && got != f {
		t.Errorf("%s: Float %v, %v, want %v, %v", v.Raw(), got, ok, f, err)
	}
}

func equalArray(t *testing.T, v Value, want []any) {
	t.Helper()
	if v.Kind() != Array || v.Len() != len(want) {
		t.Fatalf("%q: kind %d of %d, want an array of %d", v.Raw(), v.Kind(), v.Len(), len(want))
	}
	i := 0
	for e := range v.Elements() {
		equalValue(t, e, want[i])
		i++
	}
}

func equalObject(t *testing.T, v Value, want map[string]any) {
	t.Helper()
	if v.Kind() != Object {
		t.Fatalf("%q: kind %d, want an object", v.Raw(), v.Kind())
	}
	last := map[string]Value{}
	for key, member := range v.Members() {
		last[key] = member
	}
	if len(last) != len(want) {
		t.Fatalf("%q: %d keys, want %d", v.Raw(), len(last), len(want))
	}
	for key, member := range want {
		if _, ok := last[key]; !ok {
			t.Fatalf("%q: no key %q", v.Raw(), key)
		}
		equalValue(t, last[key], member)
	}
}

func TestParseUsed(t *testing.T) {
	tests := []struct {
		raw  string
		used int
	}{
		{`{"a":1}{"b":2}`, 7}, {`{"a":1} {"b":2}`, 8}, {` [1] , 2`, 5}, {`1 2`, 2}, {`"a""b"`, 3}, {"null\r\n", 6}, {`01`, 1},
	}
	for _, tt := range tests {
		var doc Doc
		if _, used, err := doc.Parse([]byte(tt.raw)); err != nil || used != tt.used {
			t.Errorf("Parse(%q) used %d, %v, want %d", tt.raw, used, err, tt.used)
		}
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct {
		raw, msg string
		offset   int
	}{
		{``, "cut off", 0},
		{`{"a":"secret`, "cut off", 12},
		{`{"a":[1,`, "cut off", 8},
		{`{"a"`, "cut off", 4},
		{`{"a":1,`, "cut off", 7},
		{`[1,2`, "cut off", 4},
		{`[1 2]`, "want , or ] after an element", 3},
		{`{"a":1 2}`, "want , or } after a member", 7},
		{`{a}`, "want a member name in quotes", 1},
		{`{"a" 1}`, "want : after a member name", 5},
		{`secret`, "not a JSON value", 0},
		{`"\q"`, "bad escape in a string", 1},
		{"\"a\nb\"", "control character in a string", 2},
		{`1.x`, "number without digits after the point", 2},
		{`1ex`, "number without digits in the exponent", 2},
		{strings.Repeat("[", 1001), "nested more than 1000 levels deep", 1000},
	}
	for _, tt := range tests {
		var doc Doc
		_, _, err := doc.Parse([]byte(tt.raw))
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || syntax.Msg != tt.msg || syntax.Offset != tt.offset {
			t.Errorf("Parse(%.20q): %v, want %s at offset %d", tt.raw, err, tt.msg, tt.offset)
			continue
		}
		if want := fmt.Sprintf("%s at byte %d", tt.msg, tt.offset+1); err.Error() != want {
			t.Errorf("Parse(%.20q): %q, want %q", tt.raw, err, want)
		}
	}
}

func TestParseDeepAndWide(t *testing.T) {
	var doc Doc
	if v, _, err := doc.Parse([]byte(strings.Repeat("[", 1000) + strings.Repeat("]", 1000))); err != nil || v.Len() != 1 {
		t.Errorf("1000 levels: %v", err)
	}
	if _, _, err := doc.Parse([]byte("[" + strings.Repeat("1,", maxNodes) + "1]")); err == nil {
		t.Error("too many values: no error")
	}
	if v, _, err := doc.Parse([]byte(`{"a":1}`)); err != nil || !v.Get("a").Exists() {
		t.Errorf("the Doc cannot be used again: %v", err)
	}
}

func TestDuplicate(t *testing.T) {
	var many strings.Builder
	for i := range 100 {
		fmt.Fprintf(&many, `"k%d":%d,`, i, i)
	}
	tests := []struct {
		raw, key string
		offset   int
		ok       bool
	}{
		{`{"a":1,"b":2}`, "", 0, false},
		{`{"a":1,"b":2,"a":3}`, "a", 13, true},
		{`{"":1,"":2}`, "", 6, true},
		{`{"x":{"a":{"q":[1]},"b":2,"a":3}}`, "a", 26, true},
		{`[{"a":1},{"a":2}]`, "", 0, false},
		{`{"a":{"a":1}}`, "", 0, false},
		{`{"a":{"b":1,"b":2},"a":3}`, "b", 12, true},
		{`{"a":1,"a":{"b":1,"b":2}}`, "a", 7, true},
		{`{"a":1,"a":2,"b":3,"b":4}`, "a", 7, true},
		{`{` + many.String() + `"k0":1}`, "", 0, false}, // more members than are looked at
		{`{"k\n":1,"k\n":2}`, "k\n", 9, true},
	}
	for _, tt := range tests {
		var doc Doc
		if _, _, err := doc.Parse([]byte(tt.raw)); err != nil {
			t.Fatal(err)
		}
		if key, offset, ok := doc.Duplicate(); key != tt.key || offset != tt.offset || ok != tt.ok {
			t.Errorf("%.40s: %q, %d, %v, want %q, %d, %v", tt.raw, key, offset, ok, tt.key, tt.offset, tt.ok)
		}
	}
}

func TestValidUTF8(t *testing.T) {
	for raw, want := range map[string]bool{
		`{"a":"b"}`: true, `{"a":"é"}`: true, "{\"a\":\"\xff\"}": false, "{\"\xff\":1}": false,
		"[\"12345678é234567\xe9\"]": false, "{\"a\":\"é\"} \xff": true, "[\"\\n\xc3\"]": false,
	} {
		var doc Doc
		if _, _, err := doc.Parse([]byte(raw)); err != nil {
			t.Fatal(err)
		}
		if doc.ValidUTF8() != want {
			t.Errorf("%q: %v", raw, !want)
		}
	}
}

func TestValueGet(t *testing.T) {
	var doc Doc
	v, _, err := doc.Parse([]byte(`{"a":{"b":[1,{"c":"d"}],"b\u0062":2},"x":null,"a2":true,"a2":false}`))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"a b": `[1,{"c":"d"}]`, "a bb": `2`, "x": "null", "a2": "false", "none": "", "a none": "", "x y": "", "a b c": "", "a2 b": "",
	} {
		if got := v.Get(strings.Fields(path)...); string(got.Raw()) != want {
			t.Errorf("Get(%s) = %q, want %q", path, got.Raw(), want)
		}
	}
	if got := v.Get("a", "b").Offset(); got != 10 {
		t.Errorf("offset %d, want 10", got)
	}
	for range v.Members() {
		break
	}
	for range v.Get("a", "b").Elements() {
		break
	}
}

// A missing value, and each method on a value of another kind, gives zeros.
func TestValueMissing(t *testing.T) {
	var doc Doc
	object, _, err := doc.Parse([]byte(`{"n":1,"s":"t"}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []Value{{}, object.Get("none")} {
		if v.Kind() != Missing || v.Exists() || v.Raw() != nil || v.Offset() != 0 || v.Len() != 0 || v.Get("a").Exists() {
			t.Errorf("not missing: %v", v)
		}
	}
	for _, v := range []Value{{}, object} {
		_, isInt := v.Int()
		_, isFloat := v.Float()
		_, isBool := v.Bool()
		if isInt || isFloat || isBool || v.String() != "" || v.Is("") || v.StringLen() != 0 || !v.Time().IsZero() {
			t.Errorf("not zero: %v", v)
		}
	}
	if n := object.Get("n"); n.String() != "" || n.Len() != 0 || object.Get("s").Len() != 0 {
		t.Error("a scalar has a length or a text")
	}
}

func TestValueInt(t *testing.T) {
	tests := []struct {
		raw  string
		want int64
		ok   bool
	}{
		{`0`, 0, true}, {`-7`, -7, true}, {`12.0`, 12, true}, {`1e3`, 1000, true}, {`"42"`, 42, true}, {`"-42"`, -42, true},
		{`9223372036854775807`, math.MaxInt64, true}, {`-9223372036854775808`, math.MinInt64, true},
		{`9223372036854775808`, 0, false}, {`1e19`, 0, false}, {`1.5`, 0, false}, {`1e400`, 0, false},
		{`""`, 0, false}, {`"x"`, 0, false}, {`"0x10"`, 0, false}, {`"0x1p4"`, 0, false}, {`"inf"`, 0, false}, {`"nan"`, 0, false},
		{`"1.0"`, 0, false}, {`" 1"`, 0, false}, {`true`, 0, false}, {`[1]`, 0, false},
	}
	for _, tt := range tests {
		var doc Doc
		v, _, err := doc.Parse([]byte(tt.raw))
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := v.Int(); got != tt.want || ok != tt.ok {
			t.Errorf("%s: %d, %v, want %d, %v", tt.raw, got, ok, tt.want, tt.ok)
		}
	}
}

func TestValueTime(t *testing.T) {
	for raw, want := range map[string]time.Time{
		`"2026-11-20T10:00:00.123Z"`:  time.Date(2026, 11, 20, 10, 0, 0, 123e6, time.UTC),
		`"2026-11-20T10:00:00+02:00"`: time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC),
		`"2026-11-20"`:                {},
		`1763632800`:                  {},
		`"2026-11-20T10:00:00.` + strings.Repeat("1", 60) + `Z"`: {},
	} {
		var doc Doc
		v, _, err := doc.Parse([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		if got := v.Time(); got != want {
			t.Errorf("%s: %v, want %v", raw, got, want)
		}
	}
}

func TestValueIs(t *testing.T) {
	var doc Doc
	v, _, err := doc.Parse([]byte(`{"plain":"abc","escaped":"a\u0062c","n":1}`))
	if err != nil {
		t.Fatal(err)
	}
	if !v.Get("plain").Is("abc") || !v.Get("escaped").Is("abc") || v.Get("plain").Is("ab") || v.Get("n").Is("1") {
		t.Error("Is is wrong")
	}
	if n := v.Get("escaped").StringLen(); n != len(`a\u0062c`) {
		t.Errorf("StringLen %d", n)
	}
}

// Strings are read eight bytes at a time: each rule must hold at each place.
func TestStringAtEachPlace(t *testing.T) {
	for i := range 40 {
		pad := strings.Repeat("x", i)
		for _, s := range []string{`"`, `\"`, `\\`, "\x1f", " ", "\x7f", "é", "\xff", `\u00e9`, "!", "#", "[", "]"} {
			for _, end := range []string{`"`, ``, `xxxxxxxxxxxx"`} {
				compare(t, []byte(`"`+pad+s+end))
			}
		}
	}
}

func TestUnescape(t *testing.T) {
	for s, want := range map[string]string{
		``: "", `abc`: "abc", `a\nb`: "a\nb", `\u0041`: "A", `\u12`: "\uFFFD12", `\`: "", `a\`: "a", "\xff\xff": "\uFFFD\uFFFD",
	} {
		if got := string(Unescape(nil, []byte(s))); got != want {
			t.Errorf("Unescape(%q) = %q, want %q", s, got, want)
		}
	}
	if got := string(Unescape([]byte("x"), []byte(`\t`))); got != "x\t" {
		t.Errorf("not appended: %q", got)
	}
}

// Parsing again must not cost memory again.
func TestParseAllocates(t *testing.T) {
	var doc Doc
	line := []byte(`{"type":"assistant","message":{"content":[{"type":"text","text":"a\nb"}],"usage":{"input_tokens":12}}}`)
	if n := testing.AllocsPerRun(100, func() {
		v, _, err := doc.Parse(line)
		if n, ok := v.Get("message", "usage", "input_tokens").Int(); err != nil || !ok || n != 12 {
			panic("unexpected " + strconv.FormatInt(n, 10))
		}
	}); n > 1 {
		t.Errorf("%v allocations", n)
	}
}
