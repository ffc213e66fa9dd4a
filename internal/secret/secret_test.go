package secret

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/keyword"
)

func scanner(t testing.TB, known ...Known) *Scanner {
	t.Helper()
	s, err := New(Options{Key: []byte("test"), Known: known})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var blank = regexp.MustCompile(`\{(\d+)\*([A-Z])\}`)

const (
	upperCase = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	lowerCase = "abcdefghijklmnopqrstuvwxyz"
	figures   = "0123456789"
)

// expand fills the blanks of an example: {36*A} is 36 random letters and
// digits. Examples are kept so that no committed line looks like a credential.
func expand(example string, seed uint64) string {
	alphabets := map[string]string{
		"A": upperCase + lowerCase + figures,
		"L": upperCase + lowerCase,
		"U": upperCase + lowerCase + figures + "_-",
		"B": upperCase + lowerCase + figures + "+/",
		"C": upperCase + "234567",
		"K": upperCase + figures,
		"N": lowerCase + figures,
		"Y": lowerCase,
		"Z": upperCase,
		"H": figures + "abcdef",
		"G": figures + "ABCDEF",
		"D": figures,
	}
	r := rand.New(rand.NewPCG(seed, 1))
	return blank.ReplaceAllStringFunc(example, func(m string) string {
		parts := blank.FindStringSubmatch(m)
		n, _ := strconv.Atoi(parts[1])
		out := make([]byte, n)
		for i := range out {
			out[i] = alphabets[parts[2]][r.IntN(len(alphabets[parts[2]]))]
		}
		if strings.Contains(alphabets[parts[2]], "7") {
			out[n/2] = '7' // no alphabet leaves a digit to chance
		}
		return string(out)
	})
}

func ids(ms []Match) string {
	var out []string
	for _, m := range ms {
		out = append(out, m.Rule)
	}
	return strings.Join(out, " ")
}

func hasError(ms []Match) bool {
	for _, m := range ms {
		if m.Severity == finding.Error {
			return true
		}
	}
	return false
}

// forms are the ways in which a transcript can hold a text.
func forms(text string) map[string]string {
	quote := func(s string) string {
		b, _ := json.Marshal(s)
		return string(b)
	}
	nested := text
	for range 4 {
		nested = `{"content":` + quote(nested) + `}`
	}
	return map[string]string{
		"raw":             text,
		"in a sentence":   "it says " + text + " there",
		"in JSON":         `{"content":` + quote("before\n"+text+"\nafter") + `}`,
		"four deep":       nested,
		"after a newline": `{"content":"line\n` + strings.Trim(quote(text), `"`) + `"}`,
		"allowed":         text + " # gitleaks:allow",
	}
}

func TestExamples(t *testing.T) {
	rules, err := loadRules()
	if err != nil {
		t.Fatal(err)
	}
	s := scanner(t)
	for _, r := range rules {
		if len(r.Positive) == 0 {
			t.Errorf("%s has no example", r.ID)
		}
		for _, k := range r.Keywords {
			if len(k) < keyword.MinLen {
				t.Errorf("%s: keyword %q is under %d bytes", r.ID, k, keyword.MinLen)
			}
		}
		for i, p := range r.Positive {
			for seed := range uint64(5) {
				for name, text := range forms(expand(p, seed+uint64(i)*100)) {
					found := s.Scan([]byte(text))
					if len(found) == 0 || r.Severity == finding.Error && len(r.Names) == 0 && !hasError(found) {
						t.Errorf("%s, %s: not found in %q, found %q", r.ID, name, text, ids(found))
					}
				}
			}
		}
		for _, n := range r.Negative {
			for name, text := range forms(expand(n, 7)) {
				if got := s.Scan([]byte(text)); len(got) > 0 {
					t.Errorf("%s, %s: false alarm %s on %q", r.ID, name, ids(got), text)
				}
			}
		}
	}
}

func TestEncodings(t *testing.T) {
	token := expand("ghp_{36*A}", 3)
	s := scanner(t)
	pct := func(s string) string {
		return regexp.MustCompile(`(?s).`).ReplaceAllStringFunc(s, func(c string) string { return fmt.Sprintf("%%%02X", c[0]) })
	}
	for name, text := range map[string]string{
		"base64":            base64.StdEncoding.EncodeToString([]byte("x-access:" + token)),
		"base64, shifted":   base64.StdEncoding.EncodeToString([]byte("a" + token + "\n")),
		"base64, shifted 2": base64.RawURLEncoding.EncodeToString([]byte("ab" + token)),
		"hex":               hex.EncodeToString([]byte(token)),
		"percent":           pct(token),
		"unicode escapes":   `{"a":"\u0067\u0068p_` + token[4:] + `"}`,
		"colour codes":      token[:20] + "\x1b[0m" + token[20:],
		"colour in JSON":    `{"a":"` + token[:20] + `\u001b[0m` + token[20:] + `"}`,
	} {
		if got := s.Scan([]byte(text)); !hasError(got) {
			t.Errorf("%s: not found in %q", name, text)
		}
	}
}

func TestOneFingerprint(t *testing.T) {
	s := scanner(t)
	for _, example := range []string{"ghp_{36*A}", "AWS_SECRET_ACCESS_KEY={40*B}", "-----BEGIN RSA PRIVATE KEY-----\n{64*B}\n{64*B}\n-----END RSA PRIVATE KEY-----"} {
		seen := map[string]bool{}
		for _, text := range forms(expand(example, 5)) {
			for _, m := range s.Scan([]byte(text)) {
				if m.Severity == finding.Error {
					seen[m.Fingerprint] = true
				}
			}
		}
		if len(seen) != 1 {
			t.Errorf("%s: %d fingerprints, want 1", example, len(seen))
		}
	}
}

func TestKnownValues(t *testing.T) {
	value := "correct horse/battery\"staple"
	s := scanner(t, Known{"PASSPHRASE", value}, Known{"SHORT", "ab"})
	esc, _ := json.Marshal(value)
	for name, text := range map[string]string{
		"plain":   "the value is " + value,
		"JSON":    `{"a":` + string(esc) + `}`,
		"hex":     hex.EncodeToString([]byte(value)),
		"base64":  base64.StdEncoding.EncodeToString([]byte("x" + value + "y")),
		"percent": "q=correct+horse%2Fbattery%22staple",
	} {
		if got := ids(s.Scan([]byte(text))); got != knownRule {
			t.Errorf("%s: got %q in %q", name, got, text)
		}
		if out, _ := s.Redact([]byte(text)); bytes.Contains(out, []byte(value)) {
			t.Errorf("%s: still there in %q", name, out)
		}
	}
	if got := s.Scan([]byte("ab ab ab")); len(got) > 0 {
		t.Errorf("a value of two bytes was looked for")
	}
}

func TestPointer(t *testing.T) {
	line := `{"message":{"content":[{"type":"text"},{"a/b":"x ` + expand("ghp_{36*A}", 1) + `"}]}}`
	got := scanner(t).Scan([]byte(line))
	if len(got) != 1 || got[0].Pointer != "/message/content/1/…" {
		t.Errorf("got %+v", got)
	}
}

func TestRedact(t *testing.T) {
	s := scanner(t)
	line := []byte(`{"a":"export TOKEN=` + expand("ghp_{36*A}", 1) + `\nnext","b":1}`)
	out, found := s.Redact(line)
	want := regexp.MustCompile(`^\{"a":"export TOKEN=\[REDACTED:github-token:[0-9a-f]{8}\]\\nnext","b":1\}$`)
	if !want.Match(out) || len(found) != 1 {
		t.Errorf("got %s", out)
	}
	again, more := s.Redact(out)
	if !bytes.Equal(again, out) || len(more) > 0 {
		t.Errorf("redacting again changed it to %s", again)
	}
}

// FuzzRedact holds that redaction leaves valid JSON valid, removes what it
// finds, and changes nothing the second time.
func FuzzRedact(f *testing.F) {
	rules, err := loadRules()
	if err != nil {
		f.Fatal(err)
	}
	for i, r := range rules {
		for j, p := range r.Positive {
			all := forms(expand(p, uint64(i)))
			f.Add([]byte(all[slices.Sorted(maps.Keys(all))[(i+j)%len(all)]]))
		}
	}
	f.Add([]byte("{\"0000\":\"SecretAccessKey\\\": \\b000012789ACB1\"}")) // begins with an escape
	s := scanner(f, Known{"K", "a known value"})
	f.Fuzz(func(t *testing.T, raw []byte) {
		out, _ := s.Redact(raw)
		if json.Valid(raw) && !json.Valid(out) {
			t.Errorf("valid JSON became invalid:\n%q\n%q", raw, out)
		}
		if left := s.Scan(out); hasError(left) {
			t.Errorf("redaction left %s:\n%q\n%q", ids(left), raw, out)
		}
		if again, _ := s.Redact(out); !bytes.Equal(again, out) {
			t.Errorf("redacting again changed\n%q\nto\n%q", out, again)
		}
	})
}

const recorded = "../../../shared"

// corpus is a set of examples that another project wrote for its own rules, and
// what is asked for on it.
type corpus struct {
	name   string
	recall float64 // of the positives, as they are: any finding counts
	alarms int     // errors in the negatives, at most
}

// corpora ask of the others' own examples for what each finds itself, or more
// than any other; and for half of the false alarms of gitleaks.
func corpora() []corpus {
	return []corpus{
		{"agent-cases", 1, 0}, {"gitleaks", 0.99, 7}, {"betterleaks", 0.99, 23}, {"kingfisher", 0.8, 0},
		{"noseyparker", 0.8, 6}, {"titus", 0.8, 9}, {"ripsecrets", 0.65, 0}, {"leaky-repo", 0.65, 0},
	}
}

// TestCorpora measures recall on examples that other projects wrote, as they
// are, within a JSON string, and within JSON in JSON: escapes must lose none.
func TestCorpora(t *testing.T) {
	s, plainly := scanner(t), encoder{rand.New(rand.NewPCG(1, 3)), 0} // with no escape that need not be: one draws attention
	for _, c := range corpora() {
		raw, err := os.ReadFile(filepath.Join(recorded, "secrets", c.name+".jsonl"))
		if err != nil {
			t.Skipf("the corpora are not here: put them at %s/secrets to run this test", recorded)
		}
		n, alarms, found := 0, 0, [3]int{}
		for line := range bytes.SplitSeq(bytes.TrimSpace(raw), []byte("\n")) {
			var item struct{ Kind, Text string }
			if err := json.Unmarshal(line, &item); err != nil {
				t.Fatal(err)
			}
			if item.Kind == "negative" {
				if hasError(s.Scan([]byte(item.Text))) {
					alarms++
				}
				continue
			}
			n++
			text := []byte(item.Text)
			for level := range found {
				if len(s.Scan(text)) > 0 {
					found[level]++
				}
				text = []byte(`{"content":` + plainly.quote(string(text)) + `}`)
			}
		}
		share := func(level int) float64 { return float64(found[level]) / float64(n) }
		t.Logf("%-12s %4d examples: %5.1f%% as they are, %5.1f%% in JSON, %5.1f%% in JSON in JSON; %d false alarms", c.name, n, 100*share(0), 100*share(1), 100*share(2), alarms)
		if share(0) < c.recall || share(1) < share(0)-0.01 || share(2) < share(0)-0.01 {
			t.Errorf("%s: found %.1f%%, want %.1f%%, and as many in JSON", c.name, 100*share(0), 100*c.recall)
		}
		if alarms > c.alarms {
			t.Errorf("%s: %d false alarms, want at most %d", c.name, alarms, c.alarms)
		}
	}
}

// TestRecordings scans transcripts of the real CLIs: what was planted is found,
// and nothing else is taken for a credential.
func TestRecordings(t *testing.T) {
	root := filepath.Join(recorded, "transcripts")
	if _, err := os.Stat(root); err != nil {
		t.Skipf("the recorded transcripts are not here: put them at %s to run this test", root)
	}
	s := scanner(t)
	planted := map[string]map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.Contains(path, "/served/") {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		folder := ""
		if i := strings.Index(path, "/secret-leak/"); i >= 0 {
			folder = path[:i]
		}
		for n, line := range bytes.Split(raw, []byte("\n")) {
			for _, m := range s.Scan(line) {
				if m.Severity != finding.Error {
					continue
				}
				if folder == "" {
					t.Errorf("%s:%d: %s", path, n+1, m.Rule)
					continue
				}
				if planted[folder] == nil {
					planted[folder] = map[string]string{}
				}
				planted[folder][m.Fingerprint] = m.Rule
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(planted) != 5 {
		t.Errorf("credentials in %d folders, want 5", len(planted))
	}
	for folder, found := range planted {
		want := 5
		if strings.Contains(folder, "copilot") {
			want = 4 // the CLI masks the password of a URL itself
		}
		if len(found) != want {
			t.Errorf("%s: %d credentials, want %d: %v", folder, len(found), want, found)
		}
	}
}

func BenchmarkScan(b *testing.B) {
	clean := []byte(`{"type":"user","message":{"content":"` + strings.Repeat(`func (s *Server) handle(w http.ResponseWriter, r *http.Request) error {\n\tif err := s.store.Get(r.Context()); err != nil {\n`, 400) + `"}}`)
	token := expand("ghp_{36*A}", 1)
	for name, line := range map[string][]byte{"clean": clean, "hit": append(bytes.Clone(clean), token...)} {
		b.Run(name, func(b *testing.B) {
			s := scanner(b)
			b.SetBytes(int64(len(line)))
			b.ReportAllocs()
			for b.Loop() {
				s.Scan(line)
			}
		})
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		scanner(b)
	}
}
