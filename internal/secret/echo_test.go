package secret

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// checkEchoes holds that a value, once it was redacted, is nowhere in the text
// in any form.
func checkEchoes(t *testing.T, s *Scanner, raw []byte) {
	t.Helper()
	found := s.scan(raw, len(raw))
	out, _ := s.Redact(raw)
	for _, m := range found {
		if len(m.value) < minEcho || strings.Contains(string(raw), "[REDACTED:") {
			continue
		}
		for _, f := range writings(m.value) {
			if strings.Contains(string(out), f) {
				t.Errorf("%s: %q is left of %q:\n%.1000q\n%.1000q", m.Rule, f, m.value, raw, out)
			}
		}
	}
	if json.Valid(raw) && !json.Valid(out) {
		t.Errorf("valid JSON became invalid:\n%q\n%q", raw, out)
	}
}

// echoed writes a text in which a value stands behind its name, and again in
// another form without it.
func echoed(before, value, after string, form uint8) string {
	again := value
	switch form % 8 {
	case 1:
		b, _ := json.Marshal(value)
		again = string(b)
	case 2, 3, 4:
		again = base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", int(form%8)-2) + value + after))
	case 5:
		again = hex.EncodeToString([]byte(value))
	case 6:
		again = percent(value, "%02X")
	case 7:
		b, _ := json.Marshal(map[string]string{"said": before + value + after})
		again = string(b)
	}
	doc, _ := json.Marshal(map[string]any{"command": "export DB_PASSWORD='" + value + "'", "said": before + again + after})
	return string(doc)
}

func TestEchoes(t *testing.T) {
	s := scanner(t)
	for i, example := range append(exactOnes(), "{20*A}", "{32*H}", "{12*A}+/{12*A}") {
		for form := range uint8(8) {
			checkEchoes(t, s, []byte(echoed("it is ", expand(example, uint64(i)+5), " then", form)))
		}
	}
	out, found := s.Redact([]byte(echoed("the password ", "Ab3dEf6hIj9kLm2nOp5q", " again", 0)))
	if len(found) != 2 || strings.Count(string(out), found[0].mark()) != 2 {
		t.Errorf("%d places, in %s", len(found), out)
	}
}

// FuzzEchoes plants a value twice in any text.
func FuzzEchoes(f *testing.F) {
	s := scanner(f)
	for form := range uint8(8) {
		f.Add("it is ", "Ab3dEf6hIj9kLm2nOp5q", " then", form)
	}
	f.Fuzz(func(t *testing.T, before, value, after string, form uint8) {
		if utf8.ValidString(before + value + after) {
			checkEchoes(t, s, []byte(echoed(before, value, after, form)))
		}
	})
}
