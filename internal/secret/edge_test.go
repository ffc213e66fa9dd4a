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
				if !hasError(s.Scan([]byte(doc))) {
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
