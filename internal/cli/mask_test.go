package cli

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func TestMasksFound(t *testing.T) {
	nested, _ := json.Marshal(`{"out":"x\n::add-mask::p4ss/w0rd\u0026x\nrest"}`)
	for text, want := range map[string]string{
		"::add-mask::hunter77x\n":                            "hunter77x",
		"2026-11-20T10:00:00Z ::add-mask::hunter77x\r\nmore": "hunter77x",
		"##[add-mask]hunter77x":                              "hunter77x",
		`{"content":"run\n::add-mask::hunter77x\nafter"}`:    "hunter77x",
		`{"content":"::add-mask::hunter77x"}`:                "hunter77x",
		`{"content":"::add-mask::hunt\/77x\u0041"}`:          "hunt/77xA",
		string(nested):                                               "p4ss/w0rd&x",
		"::add-mask::hunter77x%0Asecond88y%250":                      "hunter77x second88y%0",
		"::add-mask::one11one1x\n::add-mask::one11one1x":             "one11one1x",
		`echo '::add-mask::hunter77x'`:                               "hunter77x",
		"::add-mask::***":                                            "",
		"::add-mask::$TOKEN12 and ::add-mask::${{ secrets.TOKEN1 }}": "",
		"::add-mask::Mona The Octocat":                               "",
		"::add-mask::request_changes\n::add-mask::claude-sonnet-4-5": "",
		"::add-mask::andon.bundle/v1\n::add-mask::true, 12\n":        "",
		`::add-mask::12345678901` + "\n::add-mask::a1\n":             "",
		"::add-mask::":        "",
		"add-mask::hunter77x": "",
	} {
		m := &maskFinder{seen: map[string]bool{}}
		m.read(iotestReader{strings.NewReader(strings.Repeat("x", 256<<10-5) + text)})
		var got []string
		for _, k := range m.found {
			got = append(got, k.Value)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// iotestReader gives out few bytes at a time.
type iotestReader struct{ r *strings.Reader }

func (r iotestReader) Read(p []byte) (int, error) { return r.r.Read(p[:min(len(p), 1021)]) }

// TestMasks holds that a value that one file masks is found in every other, in
// any form, and is not printed.
func TestMasks(t *testing.T) {
	const value = "tr0ub4dor&3/long one"
	dir := t.TempDir()
	quoted, _ := json.Marshal(value)
	write(t, dir, "a.jsonl", []byte(strings.ReplaceAll(`{"type":"run.start","run_id":"masked","time":"2026-11-20T10:00:00Z","agent":{"name":"KEY"}}
{"type":"decision","time":"2026-11-20T10:00:02Z","decision":{"kind":"approve","summary":"the key is KEY"}}
`, "KEY", strings.Trim(string(quoted), `"`))))
	forms := map[string]string{
		"plain": value, "base64": base64.StdEncoding.EncodeToString([]byte("xy" + value + "z")), "hex": hex.EncodeToString([]byte(value)),
		"query": url.QueryEscape(value), "path": url.PathEscape(value), "json": string(quoted),
	}
	for name, text := range forms {
		write(t, dir, name+".log", []byte("it is "+text+" there\n"))
	}
	write(t, dir, "z.log", []byte("::add-mask::"+value+"\n"))
	out, stderr, code := runMain(t, nil, "scan", "--quiet", dir)
	if code != exitGate || strings.Contains(out+stderr, value) {
		t.Errorf("exit %d: %s%s", code, out, stderr)
	}
	for name := range forms {
		if !strings.Contains(out, name+".log:1: error") {
			t.Errorf("the %s form was not found:\n%s", name, out)
		}
	}
	for name, raw := range bundleOf(t, 0, "--on-secret", "redact", "--content", "redacted", dir) {
		if bytes.Contains(raw, []byte("tr0ub4dor")) {
			t.Errorf("%s holds the value", name)
		}
	}
	first, _, code := runMain(t, nil, "collect", filepath.Join(dir, "a.jsonl"))
	if code != 0 || !strings.Contains(first, "tr0ub4dor") {
		t.Errorf("without the mask the value is a text like any other: exit %d\n%s", code, first)
	}
}

// TestMasksOfStdin holds that masks count in what is read once only.
func TestMasksOfStdin(t *testing.T) {
	var out, errs strings.Builder
	in := `{"a":"::add-mask::tr0ub4dor3"}` + "\n" + `{"b":"tr0ub4dor3"}` + "\n"
	env := Env{Stdin: strings.NewReader(in), Stdout: &out, Stderr: &errs, Getenv: func(string) string { return "" }}
	if code := Main(t.Context(), env, []string{"scan", "-"}); code != exitGate || strings.Count(out.String(), "secret/known-value") != 2 {
		t.Errorf("exit %d: %s%s", code, out.String(), errs.String())
	}
}

// TestMaskedWords holds that a trace cannot damage a report by what it masks.
func TestMaskedWords(t *testing.T) {
	var lines []string
	for _, word := range []string{"andon.session/v1", "andon.bundle/v1", `"schema":"x1`, "schema", "claude-execution-file", "findings", "sha256 12", `1234567890`, "null,12, ab1"} {
		quoted, _ := json.Marshal("::add-mask::" + word + "\n")
		lines = append(lines, `{"type":"log","message":`+string(quoted)+`}`)
	}
	path := write(t, t.TempDir(), "trace.jsonl", []byte(good+strings.Join(lines, "\n")+"\n"))
	for _, raw := range bundleOf(t, 0, "--on-secret", "redact", "--content", "redacted", path) {
		for line := range bytes.Lines(raw) {
			if bytes.HasPrefix(line, []byte("{")) && bytes.HasSuffix(line, []byte("}\n")) && !json.Valid(line) {
				t.Errorf("no JSON: %s", line)
			}
		}
	}
	out, _, _ := runMain(t, nil, "collect", "--format", "json", path)
	if !json.Valid([]byte(out)) || !slices.Contains(strings.Split(out, `"`), "andon.session/v1") {
		t.Errorf("the report is damaged:\n%s", out)
	}
}

// TestMaskWatch reads the commands at every place in pieces of every length.
func TestMaskWatch(t *testing.T) {
	for _, tt := range []struct {
		text string
		want bool
	}{
		{"::add-mask::abc", true}, {"[add-mask]abc", true}, {"-mask::add-mask::", true}, {"::add-mask:", false}, {"add-mask::a", false}, {"::add-", false},
	} {
		for at := range 40 {
			for size := 1; size < 30; size++ {
				w := &maskWatch{}
				text := strings.Repeat("-", at) + tt.text
				got, err := io.ReadAll(inPieces{w.over(strings.NewReader(text)), size})
				if err != nil || w.saw() != tt.want || !tt.want && string(got) != text {
					t.Fatalf("%q in pieces of %d: %t, %v", text, size, w.saw(), err)
				}
			}
		}
	}
	w := &maskWatch{}
	w.over(iotest.TimeoutReader(strings.NewReader("a"))).Read(make([]byte, 1))
	if !w.saw() {
		t.Error("what was not read to its end has no mask")
	}
}

// inPieces reads so many bytes at once, at most.
type inPieces struct {
	r io.Reader
	n int
}

func (p inPieces) Read(b []byte) (int, error) { return p.r.Read(b[:min(len(b), p.n)]) }
