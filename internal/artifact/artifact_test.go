package artifact

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/secret"
)

func opener(t testing.TB, l Limits) *Opener {
	t.Helper()
	scan, err := secret.New(secret.Options{Key: []byte("key of the test")})
	if err != nil {
		t.Fatal(err)
	}
	o, err := NewOpener(l, scan)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// file is an entry of a zip file in the making.
type file struct {
	name, content string
	mode          fs.FileMode
}

func zipOf(t testing.TB, files []file) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		h := &zip.FileHeader{Name: f.name, Method: zip.Deflate}
		h.SetMode(f.mode | 0o644)
		w, err := z.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(f.content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const (
	sessionJSON = `{"schema":"andon.session/v1","sessions":[{"id":"o/r#12@1a2b3c4d5e6f","subject":{"kind":"pull_request","number":12},"key_source":"event",
"runs":[{"run_id":"r1","format":"andon/trace","files":["t.jsonl"],"agent":{"name":"review"},"runtime":{},"models":[],"status":"success","usage":{},"cost":{},"findings":[]}],
"usage":{},"cost":{},"findings":[]}],"coverage":{"files":1,"runs":1,"lines":3,"invalid_lines":0,"unknown_types":{},"suppressed":0},"findings":[]}`
	rollupLine = `{"run_id":"r1","format":"andon/trace","files":["t.jsonl"],"agent":{"name":"review"},"runtime":{},"models":[],"status":"success","usage":{},"cost":{},"findings":[],"subject":{"kind":"pull_request","number":12},"session_id":"o/r#12@1a2b3c4d5e6f"}` + "\n"
)

// good returns the files of a bundle, with others in it.
func good(more ...file) []file {
	files := append([]file{{name: "session.json", content: sessionJSON}, {name: "runs.jsonl", content: rollupLine}, {name: "summary.md", content: "🟢 fine\n"}}, more...)
	return append(files, file{name: "manifest.json", content: manifestOf(files)})
}

func manifestOf(files []file) string {
	var listed []map[string]any
	for _, f := range files {
		if f.mode.IsDir() {
			continue
		}
		sum := sha256.Sum256([]byte(f.content))
		listed = append(listed, map[string]any{"path": f.name, "sha256": hex.EncodeToString(sum[:]), "bytes": len(f.content)})
	}
	raw, err := json.Marshal(map[string]any{
		"schema": "andon.bundle/v1", "version": "v1.2.3", "repository": "o/r", "subject": map[string]any{"kind": "pull_request", "number": 12},
		"head_sha": "1a2b3c4d5e6f", "sessions": []string{"o/r#12@1a2b3c4d5e6f"}, "content": "none", "files": listed,
		"scan": map[string]any{"verdict": "clean", "findings": 0, "suppressed": []any{}},
	})
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func TestOpen(t *testing.T) {
	b, found := opener(t, Default()).Open(zipOf(t, good(file{name: "traces/", mode: fs.ModeDir}, file{name: "traces/r1.jsonl", content: "{}\n"})), "andon-1")
	if b == nil || len(found) > 0 {
		t.Fatalf("%+v", found)
	}
	if b.Version != "v1.2.3" || b.Claims.Subject.Number != 12 || b.Claims.HeadSHA != "1a2b3c4d5e6f" || b.Report.Sessions[0].Runs[0].ID != "r1" {
		t.Errorf("%+v", b)
	}
}

func TestOpenRefuses(t *testing.T) {
	key := "AKIA" + "QWERTYUIOPASDFGH"
	small := Default()
	small.Bytes, small.Document, small.Entries, small.Runs = 20<<20, 1<<20, 50, 10
	many := good()
	for i := range 60 {
		many = append(many, file{name: fmt.Sprintf("traces/%d.jsonl", i)})
	}
	lines := "x: " + strings.Repeat("0123456789abcdef ", 64) + "\n"
	without := func(name string) []file {
		var out []file
		for _, f := range good() {
			if f.name != name {
				out = append(out, f)
			}
		}
		return out
	}
	changed := func(name, content string) []file {
		files := without(name)
		for i := range files {
			if files[i].name == "manifest.json" {
				files = append(files[:i], files[i+1:]...)
				break
			}
		}
		files = append(files, file{name: name, content: content})
		if name == "manifest.json" {
			return files
		}
		return append(files, file{name: "manifest.json", content: manifestOf(files)})
	}
	for _, tt := range []struct {
		name string
		raw  []byte
		says string
		rule string
	}{
		{"no zip file", []byte("PK is all"), "damaged", ""},
		{"empty", nil, "damaged", ""},
		{"cut off", zipOf(t, good())[:700], "damaged", ""},
		{"damaged in the middle", damaged(zipOf(t, good())), "damaged", ""},
		{"a path upwards", zipOf(t, good(file{name: "../../etc/cron.d/x"})), "leads out", ""},
		{"an absolute path", zipOf(t, good(file{name: "/etc/passwd"})), "leads out", ""},
		{"a path of Windows", zipOf(t, good(file{name: `..\..\x`})), "leads out", ""},
		{"a drive", zipOf(t, good(file{name: `C:x`})), "leads out", ""},
		{"a path with a detour", zipOf(t, good(file{name: "traces/../session.json"})), "leads out", ""},
		{"an escape sequence in a name", zipOf(t, good(file{name: "traces/\x1b[2Jx"})), "leads out", ""},
		{"a symbolic link", zipOf(t, good(file{name: "traces/x", content: "/etc/passwd", mode: fs.ModeSymlink})), "link", ""},
		{"a device", zipOf(t, good(file{name: "traces/x", mode: fs.ModeDevice})), "special file", ""},
		{"a folder with content", zipOf(t, good(file{name: "x/", content: ""}, file{name: "x", mode: fs.ModeDir})), "special file", ""},
		{"a file twice", zipOf(t, append(good(), file{name: "session.json", content: "{}"})), "twice", ""},
		{"too many files", zipOf(t, many), "over 50 files", ""},
		{"a bomb", zipOf(t, good(file{name: "traces/x", content: strings.Repeat("\n", 18<<20)})), "far more", ""},
		{"too much", zipOf(t, good(file{name: "traces/x", content: strings.Repeat(lines, 21<<20/len(lines))})), "over 20 MiB", ""},
		{"a document that is too long", zipOf(t, changed("session.json", sessionJSON+strings.Repeat(" ", 2<<20))), "document", ""},
		{"no manifest", zipOf(t, without("manifest.json")), "not there", ""},
		{"no session", zipOf(t, without("session.json")), "not there", ""},
		{"another file than the manifest says", zipOf(t, append(without("summary.md"), file{name: "summary.md", content: "other"})), "what the manifest says", ""},
		{"a session that is none", zipOf(t, changed("session.json", `{"schema":"andon.session/v1","sessions":7}`)), "schema", "trace/"},
		{"a negative cost", zipOf(t, changed("session.json", strings.Replace(sessionJSON, `"cost":{}`, `"cost":{"usd":-5}`, 1))), "schema", "trace/"},
		{"a status of its own", zipOf(t, changed("session.json", strings.Replace(sessionJSON, `"success"`, `"splendid"`, 1))), "schema", "trace/"},
		{"a session of another version", zipOf(t, changed("session.json", strings.Replace(sessionJSON, "session/v1", "session/v9", 1))), "schema", "trace/"},
		{"a manifest with a field of its own", zipOf(t, changed("manifest.json", strings.Replace(manifestOf(nil), `"version"`, `"x":1,"version"`, 1))), "schema", "trace/"},
		{"a rollup that is none", zipOf(t, changed("runs.jsonl", rollupLine+"{}\n")), "schema", "trace/"},
		{"too many rollups", zipOf(t, changed("runs.jsonl", strings.Repeat(rollupLine, 11))), "over 10 runs", ""},
		{"deeply nested", zipOf(t, changed("session.json", strings.Repeat("[", 200_000))), "schema", "trace/"},
		{"a credential in a trace", zipOf(t, good(file{name: "traces/r1.jsonl", content: `{"x":"` + key + `"}` + "\n"})), "", "secret/aws-access-key"},
		{"a credential in a file of no kind", zipOf(t, good(file{name: "notes", content: "first\n\nkey " + key})), "", "secret/aws-access-key"},
		{"a credential before the damage", zipOf(t, []file{{name: "notes", content: key}, {name: "../x"}}), "", "secret/aws-access-key"},
		{"a credential behind a value over the limit of a piece", zipOf(t, good(file{name: "traces/x", content: noise(17<<20) + " key: " + key + "\n"})), "", "secret/"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b, found := opener(t, small).Open(tt.raw, "andon-1")
			if b != nil || len(found) == 0 {
				t.Fatalf("accepted: %+v", found)
			}
			if tt.says != "" && (found[0].Rule != "artifact/invalid" || !strings.Contains(found[0].Message, tt.says) || found[0].Hint == "") {
				t.Errorf("%+v", found[0])
			}
			if last := found[len(found)-1]; tt.rule != "" && !strings.HasPrefix(last.Rule, tt.rule) {
				t.Errorf("%+v", last)
			}
			for _, f := range found {
				if strings.Contains(f.Message+f.File+f.Hint, key) || strings.Contains(f.File, "\x1b") || !strings.HasPrefix(f.File, "andon-1") {
					t.Errorf("%+v", f)
				}
			}
		})
	}
}

// noise returns n bytes that no zip file makes much smaller.
func noise(n int) string {
	b := make([]byte, n)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range b {
		b[i] = "abcdefghijklmnop "[r.IntN(17)]
	}
	return string(b)
}

// damaged returns a zip file with a byte of its first file changed.
func damaged(raw []byte) []byte {
	raw = bytes.Clone(raw)
	raw[60] ^= 0xff
	return raw
}

func FuzzOpen(f *testing.F) {
	f.Add(zipOf(f, good()))
	f.Add(zipOf(f, good(file{name: "traces/x", content: "/etc/passwd", mode: fs.ModeSymlink})))
	f.Add(zipOf(f, []file{{name: "../x"}}))
	small := Default()
	small.Bytes, small.Document = 1<<20, 256<<10
	o := opener(f, small)
	f.Fuzz(func(t *testing.T, raw []byte) {
		b, found := o.Open(raw, "andon-1")
		if (b == nil) == (len(found) == 0) {
			t.Errorf("%v, %+v", b, found)
		}
		if b != nil && b.Report == nil {
			t.Error("a bundle without a report")
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	o, raw := opener(b, Default()), zipOf(b, good())
	for b.Loop() {
		if x, found := o.Open(raw, "andon-1"); x == nil {
			b.Fatal(found)
		}
	}
}
