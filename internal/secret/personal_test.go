package secret

import (
	"bytes"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func personal(t testing.TB) *Personal {
	t.Helper()
	p, err := NewPersonal([]byte("test"))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestPersonalExamples looks for each example in every form, with its own kind
// alone found in the positive ones and nothing in the negative ones.
func TestPersonalExamples(t *testing.T) {
	rules, err := loadPersonal()
	if err != nil {
		t.Fatal(err)
	}
	p := personal(t)
	for _, r := range rules {
		if r.Title == "" || len(r.Positive) == 0 || len(r.Negative) == 0 {
			t.Errorf("%s has no title or no examples", r.ID)
		}
		for _, text := range r.Positive {
			for name, form := range forms(text) {
				out, found := p.Redact([]byte(form))
				if kinds(found) != r.ID {
					t.Errorf("%s, %s: found %q in %q", r.ID, name, kinds(found), form)
				}
				if json.Valid([]byte(form)) && !json.Valid(out) {
					t.Errorf("%s, %s: JSON became invalid: %s", r.ID, name, out)
				}
			}
		}
		for _, text := range r.Negative {
			for name, form := range forms(text) {
				if out, found := p.Redact([]byte(form)); len(found) > 0 {
					t.Errorf("%s, %s: false alarm %q: %s", r.ID, name, kinds(found), out)
				}
			}
		}
	}
}

// kinds returns the rules of what was replaced.
func kinds(replaced map[string]int) string {
	return strings.Join(slices.Sorted(maps.Keys(replaced)), " ")
}

var marks = regexp.MustCompile(`\[REDACTED:(pii/[a-z]+):[0-9a-f]{8}\]`)

func TestPersonalRedact(t *testing.T) {
	p := personal(t)
	for _, tt := range []struct{ name, text, want string }{
		{"in words", "mail Alice <alice@corp.example>, or call +49 30 901820.", "mail Alice <[pii/email]>, or call [pii/phone]."},
		{"behind an escape", `{"a":"x\nalice@corp.example\tb@corp.example"}`, `{"a":"x\n[pii/email]\t[pii/email]"}`},
		{"behind an escape, nested", `{"a":"{\"b\":\"x\\nalice@corp.example\"}"}`, `{"a":"{\"b\":\"x\\n[pii/email]\"}"}`},
		{"with escapes in it", `{"a":"jos\u00e9@corp.example, x\\u00e9y\\u0040corp.example"}`, `{"a":"[pii/email], [pii/email]"}`},
		{"behind an escape by number", `{"a":"\u003calice@corp.example\u003e"}`, `{"a":"\u003c[pii/email]\u003e"}`},
		{"in a sentence without spaces", "请联系alice@corp.example吧", "请联系[pii/email]吧"},
		{"path", `{"cwd":"/home/alice/x","b":"C:\\Users\\alice\\x","c":"C:\\\\Users\\\\alice","d":"\/home\/alice\/x"}`, `{"cwd":"/home/[pii/home]/x","b":"C:\\Users\\[pii/home]\\x","c":"C:\\\\Users\\\\[pii/home]","d":"\/home\/[pii/home]\/x"}`},
		{"no path", `{"a":"cd /home\nls C:\\Users\ndir"}`, `{"a":"cd /home\nls C:\\Users\ndir"}`},
		{"a number of JSON", `{"card":4111111111111111,"b":[4111111111111111, 1],"c":"4111111111111111"}`, `{"card":"[pii/card]","b":["[pii/card]", 1],"c":"[pii/card]"}`},
		{"numbers of JSON", "[4111111111111111,5555555555554444]", `["[pii/card]","[pii/card]"]`},
		{"a number of JSON in JSON", `{"a":"{\"card\": 4111111111111111}"}`, `{"a":"{\"card\": \"[pii/card]\"}"}`},
		{"a number alone", "4111111111111111", `"[pii/card]"`},
		{"a number in a list of words", `{"a":"cards: 4111111111111111, 5555555555554444, and"}`, `{"a":"cards: [pii/card], [pii/card], and"}`},
		{"beside a mark", "alice@corp.example, [REDACTED:pii/phone:12345678], phone: [REDACTED:github-token:0123456789]", "[pii/email], [pii/phone], phone: [REDACTED:github-token:0123456789]"},
		{"CIDR and port", "192.168.1.20:8080 81.2.69.142/32 10.0.0.1-10.0.0.9", "[pii/ip]:8080 [pii/ip]/32 [pii/ip]-[pii/ip]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, _ := p.Redact([]byte(tt.text))
			if got := marks.ReplaceAllString(string(out), "[$1]"); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if again, _ := p.Redact(out); !bytes.Equal(again, out) {
				t.Errorf("redacting again changed it to %s", again)
			}
		})
	}
}

// TestPersonalMarks holds that the same value has the same mark however it is
// written, and another value another.
func TestPersonalMarks(t *testing.T) {
	p := personal(t)
	seen := map[string]bool{}
	for _, text := range []string{"+1 (415) 555-0123", "+1-415-555-0123", "+14155550123", "1-415-555-0123", "(415) 555-0123"} {
		out, _ := p.Redact([]byte(text))
		seen[string(out)] = true
	}
	other, _ := p.Redact([]byte("+1-415-555-0124"))
	if len(seen) != 1 || seen[string(other)] {
		t.Errorf("marks of one number: %v", seen)
	}
	if out, found := (*Personal)(nil).Redact([]byte("alice@corp.example")); len(found) > 0 || string(out) != "alice@corp.example" {
		t.Error("what is off found something")
	}
}

// FuzzPersonal holds that redaction leaves valid JSON valid, and the number of
// lines as it was, and changes nothing the second time.
func FuzzPersonal(f *testing.F) {
	rules, err := loadPersonal()
	if err != nil {
		f.Fatal(err)
	}
	for _, r := range rules {
		for _, text := range append(r.Positive, r.Negative...) {
			for _, form := range forms(text) {
				f.Add([]byte(form))
			}
			f.Add([]byte(strings.Join(r.Positive, " ")))
		}
	}
	p := personal(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		out, _ := p.Redact(raw)
		if json.Valid(raw) && !json.Valid(out) {
			t.Errorf("valid JSON became invalid:\n%q\n%q", raw, out)
		}
		if again, more := p.Redact(out); len(more) > 0 {
			t.Errorf("redacting again found %s:\n%q\n%q\n%q", kinds(more), raw, out, again)
		}
		if bytes.Count(out, []byte("\n")) != bytes.Count(raw, []byte("\n")) {
			t.Errorf("the lines changed:\n%q\n%q", raw, out)
		}
	})
}

func BenchmarkPersonal(b *testing.B) {
	clean := []byte(`{"type":"user","message":{"content":"` + strings.Repeat(`func (s *Server) handle(w http.ResponseWriter, r *http.Request) error {\n\tif err := s.store.Get(r.Context()); err != nil {\n`, 400) + `"}}`)
	p := personal(b)
	b.SetBytes(int64(len(clean)))
	b.ReportAllocs()
	for b.Loop() {
		p.Redact(clean)
	}
}
