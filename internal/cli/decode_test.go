package cli

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"
)

// goodBzip2 is the trace good in bzip2, which the standard library only reads.
const goodBzip2 = "QlpoOTFBWSZTWfRhk/gAAKRbgAAQEAd7sAQQv6/fqjAA1m0NFT9JP1MQmAjRiHiaBk1J5FGh6g09QANBoJTVMTT1JhADJpoGQyOs49ay4Cu0hcZpNNAYlrtAgZMkyLAMwRZ/dzbkzcg4A/n0Q2MUrmC6rOQVhIFkoBLsGARcKAoZlGYQ73PMGiAgTD05Wl5N8N9ec/lROq3ksqYmfbyHGYju2uQZN+r7MRSOBPAJaIQViBolLAJk4uYxuoKxbIys9IvDG9xRSfBHYItAmXFwRqExSciix4YWw5LkKJ9C7kinChIejDJ/AA=="

func packed(times int, content []byte) []byte {
	for range times {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		w.Write(content)
		w.Close()
		content = b.Bytes()
	}
	return content
}

func asUTF16(order binary.AppendByteOrder, text string) []byte {
	b := order.AppendUint16(nil, 0xfeff)
	for _, u := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, u)
	}
	return b
}

// TestEncodings reads traces as shells and tools leave them.
func TestEncodings(t *testing.T) {
	bz, err := base64.StdEncoding.DecodeString(goodBzip2)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"bzip2":             bz,
		"bzip2 in gzip":     packed(1, bz),
		"gzip three times":  packed(3, []byte(good)),
		"UTF-16LE":          asUTF16(binary.LittleEndian, strings.ReplaceAll(good, "\n", "\r\n")),
		"UTF-16BE":          asUTF16(binary.BigEndian, good),
		"UTF-16LE, bare":    asUTF16(binary.LittleEndian, good)[2:],
		"UTF-16BE, bare":    asUTF16(binary.BigEndian, "\n"+good)[2:],
		"UTF-16 in gzip":    packed(1, asUTF16(binary.LittleEndian, good)),
		"UTF-8 with a mark": []byte("\xef\xbb\xbf" + good),
	} {
		t.Run(name, func(t *testing.T) {
			path := write(t, t.TempDir(), "trace", content)
			checkFinding(t, beside(t, nil, path), path, "", 0)
		})
	}
	dir := t.TempDir()
	g := write(t, dir, "good.jsonl", []byte(good))
	b := write(t, dir, "bad", packed(4, []byte(good)))
	checkFinding(t, beside(t, nil, g, b), b, "input/unreadable", 0)
}

// TestUTF16 holds the reader to the standard library, at every size of reads.
func TestUTF16(t *testing.T) {
	for in, want := range map[string]string{
		"\xff\xfe":                                                 "",
		"\xff\xfea\x00\n\x00":                                      "a\n",
		"\xfe\xff\x00a\x00\n":                                      "a\n",
		"\xff\xfea\x00b":                                           "a\ufffd",         // half a unit
		"\xff\xfea\x00\x3d\xd8\x00\xdeb\x00":                       "a\U0001f600b",    // a pair
		"\xff\xfea\x00\x3d\xd8b\x00\x00\xdec\x00":                  "a\ufffdb\ufffdc", // halves of one
		"\xff\xfea\x00\x3d\xd8":                                    "a\ufffd",
		"\xff\xfe{\x00\x2d\x4e\x87\x65}\x00":                       "{中文}",
		"\xff\xfeplain text, no units":                             "\xff\xfeplain text, no units",
		"\xff\xfea\x00\n\x00" + "appended by a program in UTF-8\n": "a\nappended by a program in UTF-8\n",
		"\xffa\x00":                                                "\xffa\x00",
	} {
		for _, r := range []io.Reader{strings.NewReader(in), iotest.OneByteReader(strings.NewReader(in)), iotest.DataErrReader(strings.NewReader(in))} {
			d, err := decode(r)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(iotest.OneByteReader(d)); err != nil || string(got) != want {
				t.Errorf("%q: got %q, want %q, %v", in, got, want, err)
			}
		}
	}
	long := strings.Repeat("line with 日本語 and 😀\n", 20_000)
	d, err := decode(bytes.NewReader(asUTF16(binary.BigEndian, long)))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(d); err != nil || string(got) != long {
		t.Errorf("a long text came out with %d bytes of %d, %v", len(got), len(long), err)
	}
}

// FuzzDecode holds that any bytes are read to an end.
func FuzzDecode(f *testing.F) {
	f.Add(packed(2, []byte(good)))
	f.Add(asUTF16(binary.LittleEndian, good))
	f.Add([]byte("BZh11AY&SY"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if bytes.HasPrefix(b, []byte("BZh9")) {
			b[3] = '1' // a block of 100 kB, and not memory for one of 900
		}
		d, err := decode(bytes.NewReader(b))
		if err != nil {
			return
		}
		if n, err := io.Copy(io.Discard, io.LimitReader(d, 64<<10)); err == nil && n == 0 && len(b) > 0 && b[0] < 0x80 && b[0] > 0x1f && b[0] != 'B' && b[0] != '(' {
			t.Errorf("nothing came of %q", b)
		}
	})
}

// TestNames holds that a credential in a name is found, and is written nowhere.
func TestNames(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("names are looked up with slashes")
	}
	t.Chdir(t.TempDir())
	folder := filepath.Join("in", "x-"+planted)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, folder, "a.jsonl", []byte(good))
	write(t, folder, "b.jsonl", []byte("{}\n"))
	write(t, "in", planted+".jsonl", []byte(strings.ReplaceAll(good, "good", "other")))
	for _, tt := range []struct {
		args string
		exit int
	}{
		{"scan in", exitGate}, {"scan --format json in", exitGate}, {"scan --format sarif in", exitGate}, {"scan --redact clean in", exitGate},
		{"collect in", exitClean}, {"collect --format json in", exitClean}, {"collect --on-secret fail --out b0 in", exitGate},
		{"collect --fail-on secret/github-token in", exitGate}, {"collect --content full --out b1 in", exitClean},
		{"collect --content full --on-secret redact --out b2 in", exitClean}, {"collect --content redacted --out b3 in/x-" + planted + "/a.jsonl", exitClean},
	} {
		out, stderr, code := runMain(t, nil, strings.Fields(tt.args)...)
		if code != tt.exit || strings.Contains(out+stderr, planted) {
			t.Errorf("%s: exit %d, want %d\n%s%s", tt.args, code, tt.exit, out, stderr)
		}
		if n := strings.Count(out, "in the name of a"); strings.HasPrefix(tt.args, "scan") && n != 2 {
			t.Errorf("%s: %d findings about names, want one of the folder and one of the file\n%s", tt.args, n, out)
		}
	}
	for _, dir := range []string{"clean", "b1", "b2", "b3"} {
		n := 0
		err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			n++
			raw, err := os.ReadFile(path)
			if strings.Contains(path, planted) || bytes.Contains(raw, []byte(planted)) {
				t.Errorf("%s holds the credential, or its name does", path)
			}
			return err
		})
		if err != nil || n < 3 {
			t.Errorf("%s: %d files, %v", dir, n, err)
		}
	}
	if _, err := os.Stat("b0"); err == nil {
		t.Error("a bundle was written with --on-secret fail")
	}
}

// TestRedactNames holds that a copy's name says what it is, and that no copy
// takes the place of another, or of what was read.
func TestRedactNames(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, content := range map[string][]byte{
		"a.jsonl": []byte("plain\n"), "a.jsonl.gz": packed(1, []byte("once\n")), "a.jsonl.gz.gz": packed(2, []byte("twice\n")), "b.txt.gz": packed(1, []byte("b\n")),
	} {
		write(t, ".", name, content)
	}
	_, stderr, code := runMain(t, nil, "scan", "--redact", "clean", "a.jsonl", "a.jsonl.gz", "a.jsonl.gz.gz", "b.txt.gz")
	if code != 0 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	for name, want := range map[string]string{"a.jsonl": "plain\n", "a-2.jsonl": "once\n", "a-3.jsonl": "twice\n", "b.txt": "b\n"} {
		if got, err := os.ReadFile(filepath.Join("clean", name)); err != nil || string(got) != want {
			t.Errorf("clean/%s is %q, want %q, %v", name, got, want, err)
		}
	}
	if _, stderr, code = runMain(t, nil, "scan", "--redact", ".", "a.jsonl"); code != exitFailure || !strings.Contains(stderr, "hint: ") {
		t.Errorf("onto itself: exit %d: %s", code, stderr)
	}
}
