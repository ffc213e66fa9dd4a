package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// pem is a private key over several lines, put together here so that no
// committed file holds one.
func pem() string {
	return "-----BEGIN RSA " + "PRIVATE KEY-----\n" + expand("{64*B}\n{64*B}\n{20*B}==", 9) + "\n-----END RSA " + "PRIVATE KEY-----"
}

// TestRedactKeepsTheRest holds that a copy differs from its file in the
// credentials alone: not in its layout, its blank lines, its line ends.
func TestRedactKeepsTheRest(t *testing.T) {
	mark := "[REDACTED:github-token:"
	long := strings.Repeat("a line of no weight at all\n", 100_000)
	quoted, _ := json.Marshal(pem())
	for name, text := range map[string]string{
		"array":          "[\n  {\"a\": \"KEY\"},\n\n  {\"b\": [1, 2]}\n]\n",
		"no end of line": "one\n\n\ntwo KEY",
		"CRLF":           "one\r\n\r\nKEY\r\n",
		"pretty":         "{\n  \"name\": \"x\",\n  \"text\": \"KEY\"\n}\n",
		"lines":          `{"a":"KEY"}` + "\n\n" + `{"b":"KEY and KEY"}` + "\n",
		"many blocks":    long + "KEY\n" + long + "KEY\n" + long,
	} {
		out := redacted(t, strings.ReplaceAll(text, "KEY", planted))
		i := strings.Index(out, mark)
		if i < 0 {
			t.Errorf("%s: nothing is redacted", name)
			continue
		}
		full := out[i : i+len(mark)+9]
		if want := strings.ReplaceAll(text, "KEY", full); out != want {
			t.Errorf("%s: got %.300q, want %.300q", name, out, want)
		}
	}
	for name, text := range map[string]string{
		"key over lines": "before\n" + pem() + "\nafter, on line 7\n",
		"two keys":       "before\n[REDACTED:x]\n" + pem() + "\nbetween\n" + pem() + "\nafter\n",
		"key in JSON":    `{"a":` + string(quoted) + "}\n\n{}\n",
	} {
		out := redacted(t, text)
		if strings.Count(out, "\n") != strings.Count(text, "\n") || !strings.Contains(out, "[REDACTED:private-key:") {
			t.Errorf("%s: got %q", name, out)
		}
		before, after := strings.Split(text, "\n"), strings.Split(out, "\n")
		for i := range min(len(before), len(after)) {
			if before[i] != after[i] && after[i] != "" && !strings.Contains(after[i], "[REDACTED:private-key:") {
				t.Errorf("%s: line %d was %q and is %q", name, i+1, before[i], after[i])
			}
		}
	}
}

// redacted returns the copy of a text that scan --redact writes.
func redacted(t *testing.T, text string) string {
	t.Helper()
	dir, out := t.TempDir(), t.TempDir()
	path := write(t, dir, "text", []byte(text))
	_, stderr, _ := runMain(t, nil, "scan", "--quiet", "--redact", out, path)
	files, _ := filepath.Glob(filepath.Join(out, "*"))
	if len(files) != 1 {
		t.Fatalf("copies: %v\n%s", files, stderr)
	}
	raw, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestKeyOverLines holds that what goes over several lines of plain text is
// found, is cut out of the bundle, and counts no line twice.
func TestKeyOverLines(t *testing.T) {
	token := planted[:20] + "\n" + planted[20:]
	for name, text := range map[string]string{"key": pem(), "in a long log": strings.Repeat("words of a log\n", 40_000) + pem(), "wrapped": "it is\n" + token} {
		path := write(t, t.TempDir(), "build.log", []byte(text+"\n"))
		out, _, code := runMain(t, nil, "scan", "--quiet", path)
		if code != exitGate || !strings.Contains(out, "secret/") {
			t.Errorf("%s: exit %d: %s", name, code, out)
		}
	}
	mixed := good + "starting\n" + pem() + "\ndone\n"
	path := write(t, t.TempDir(), "mixed.jsonl", []byte(mixed))
	files := bundleOf(t, 0, "--on-secret", "redact", "--content", "redacted", path)
	secret := strings.Split(pem(), "\n")[1]
	for name, raw := range files {
		if bytes.Contains(raw, []byte(secret)) {
			t.Errorf("%s holds the key", name)
		}
	}
	if len(traces(files)) != 1 || !bytes.Contains(files[traces(files)[0]], []byte("[REDACTED:private-key:")) {
		t.Errorf("the trace is not there, or not redacted: %v", traces(files))
	}
}
