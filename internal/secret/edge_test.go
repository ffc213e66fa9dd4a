package secret

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// TestBesideUnderscore holds that a token is found as a part of a name.
func TestBesideUnderscore(t *testing.T) {
	s := scanner(t)
	for i, example := range []string{"ghp_{36*A}", "AKIA{16*C}", "npm_{36*A}", "sk_live_{24*A}", "lin_api_{40*A}", "dop_v1_{64*H}", "hf_{34*L}", "glsa_{32*A}_{8*H}", "gsk_{52*A}"} {
		token := expand(example, uint64(i)+7)
		for _, text := range []string{"mcp__" + token + "__do", "mcp_" + token + "_do", "_" + token + "_", token + "_suffix"} {
			for level, doc := range []string{text, `{"tool":"` + text + `"}`} {
				if found := s.Scan([]byte(doc)); len(found) == 0 || strings.Contains(text, "__") && !hasError(found) {
					t.Errorf("%s, level %d: not found in %q", example, level, doc)
				} else if out, _ := s.Redact([]byte(doc)); strings.Contains(string(out), token[len(token)-8:]) {
					t.Errorf("%s: left %q", example, out)
				}
			}
		}
	}
}

// TestWithinString holds that redaction takes nothing but what is within the
// string that a credential begins in, and the further strings of a list that
// holds it line by line.
func TestWithinString(t *testing.T) {
	s := scanner(t)
	rules, err := loadRules()
	if err != nil {
		t.Fatal(err)
	}
	type object struct {
		A    string   `json:"a"`
		Next string   `json:"next"`
		More []string `json:"more"`
	}
	for i, r := range rules {
		for _, p := range r.Positive {
			example := expand(p, uint64(i))
			for cut := len(example); cut > 8; cut -= 1 + len(example)/12 {
				in := object{example[:cut], "plain", []string{"x1", "MoreOfItButNotTheSame"}}
				raw, _ := json.Marshal(in)
				for level := range 2 {
					var got object
					out, _ := s.Redact(raw)
					if level > 0 {
						var outer struct{ Content string }
						json.Unmarshal(out, &outer)
						out = []byte(outer.Content)
					}
					if err := json.Unmarshal(out, &got); err != nil {
						t.Fatalf("%s, level %d, at %d: %v in %s", r.ID, level, cut, err, out)
					}
					got.A = in.A
					if !reflect.DeepEqual(got, in) && r.Severity == "error" {
						t.Fatalf("%s, level %d, at %d: changed to %s", r.ID, level, cut, out)
					}
					raw, _ = json.Marshal(map[string]string{"content": string(raw)})
				}
			}
		}
	}
}

// TestKeyByLines holds that of a key in the strings of a list, or of a program,
// none of the lines is left, and everything else is.
func TestKeyByLines(t *testing.T) {
	s := scanner(t)
	lines := strings.Split(expand("-----BEGIN RSA PRIVATE KEY-----\n{64*B}\n{64*B}\n{64*B}\n{20*B}==\n-----END RSA PRIVATE KEY-----", 4), "\n")
	list, _ := json.Marshal(map[string]any{"source": lines, "next": "value"})
	program := ""
	for _, l := range lines {
		program += fmt.Sprintf("\t%q +\n", l+"\n")
	}
	for name, text := range map[string]string{"list": string(list), "program": program} {
		out, found := s.Redact([]byte(text))
		if len(found) != 1 {
			t.Errorf("%s: %d findings, want 1", name, len(found))
		}
		for _, l := range lines[1:5] {
			if strings.Contains(string(out), l) {
				t.Errorf("%s: %q is left in %s", name, l, out)
			}
		}
		if a, b := strings.Count(text, "\n"), strings.Count(string(out), "\n"); a != b {
			t.Errorf("%s: %d lines became %d", name, a, b)
		}
		if name == "list" && (!json.Valid(out) || !strings.HasSuffix(string(out), "]}") && !strings.Contains(string(out), `"next":"value"`)) {
			t.Errorf("became %s", out)
		}
	}
}

// TestCloseTogether holds that one credential does not hide another beside it.
func TestCloseTogether(t *testing.T) {
	s := scanner(t)
	for i, example := range []string{
		`curl -H "a: b" \` + "\n<Pass>{14*A}</Pass>\npassword = \"{12*A}\"\n -u elastic:{16*A} https://localhost",
		"eyJ{10*A}.Y2NvdW50X2lkInRlbXBvcmFsLmlvrZXlfaWQi{20*A}.{20*A}/eyJ{10*A}.Y2NvdW50X2lkInRlbXBvcmFsLmlvrZXlfaWQi{21*A}.{20*A}",
		"ghp_{36*A} ghp_{37*A}", "AKIA{16*C},AKIA{15*C}A,AKIA{14*C}AB",
		"-----BEGIN RSA PRIVATE KEY-----\n{64*B}\n-----END RSA PRIVATE KEY-----\nghp_{36*A}\n-----BEGIN RSA PRIVATE KEY-----\n{64*B}\n-----END RSA PRIVATE KEY-----",
	} {
		text := expand(example, uint64(i)+3)
		out, _ := s.Redact([]byte(text))
		random := strings.Split(blank.ReplaceAllString(example, "\x00"), "\x00")
		for rest := text; len(random) > 1; random = random[1:] {
			rest = rest[strings.Index(rest, random[0])+len(random[0]):]
			value := rest
			if random[1] != "" {
				value = rest[:strings.Index(rest, random[1])]
			}
			if strings.Contains(string(out), value) {
				t.Errorf("%q is left in %s", value, out)
			}
		}
	}
}

// TestSpotBehindSpot holds that what one escape hides is found though another,
// before it, begins something long.
func TestSpotBehindSpot(t *testing.T) {
	s := scanner(t)
	for _, first := range []string{"eyJhbG{30*A}.eyJhb{30*A}.{40*A}", "-----BEGIN RSA PRIVATE KEY-----", "ya29.{30*A}"} {
		for gap := 0; gap < 15_000; gap += 400 {
			text := `{"a":"` + expand(first, 3) + `\n\u003cp>` + strings.Repeat("some text ", gap/10) + `\u003cPass>{14*A}\u003c/Pass>` + strings.Repeat(" more text", 100) + `"}`
			text = expand(text, uint64(gap))
			if got := ids(s.Scan([]byte(text))); !strings.Contains(got, "xml-password") {
				t.Errorf("%s and %d bytes: found %q", first, gap, got)
			}
		}
	}
}

// TestWrappedOfOthers holds that the break of a line in a token of any exact
// format does not hide it, nor what stands behind the break.
func TestWrappedOfOthers(t *testing.T) {
	s := scanner(t)
	rules, err := loadRules()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for i, r := range rules {
		if !r.wraps() || len(r.Names) > 0 || len(r.Keywords) == 0 {
			continue
		}
		text := expand(r.Positive[0], uint64(i))
		found := s.Scan([]byte(text))
		if len(found) != 1 || !strings.HasPrefix(text[found[0].Start:], r.Keywords[0]) || found[0].End-found[0].Start < 2*fullPiece+8 || !strings.ContainsAny(text, "0123456789") { // letters alone may be words
			continue
		}
		n++
		token := text[found[0].Start:found[0].End]
		cut := len(token) - fullPiece - 2
		for _, end := range []string{"\n", "\n    ", "\x1b[0m"} {
			doc := "the token is " + token[:cut] + end + token[cut:] + "\nand so on\n"
			out, _ := s.Redact([]byte(doc))
			if strings.Contains(string(out), token[cut:]) || strings.Contains(string(out), token[:cut]) {
				t.Errorf("%s, %q: left %q", r.ID, end, out)
			}
		}
	}
	if n < 60 {
		t.Errorf("only %d rules were tried", n)
	}
}
