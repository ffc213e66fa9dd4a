package secret

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// peer is a rule of gitleaks as it is.
type peer struct {
	ID       string
	Regex    string
	Entropy  float64
	Keywords []string
	compiled *regexp.Regexp
}

func peers(t *testing.T) []*peer {
	raw, err := os.ReadFile("../../testdata/gitleaks/rules.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var out []*peer
	for line := range bytes.SplitSeq(bytes.TrimSpace(raw), []byte("\n")) {
		p := new(peer)
		if err := json.Unmarshal(line, p); err != nil {
			t.Fatal(err)
		}
		p.compiled = regexp.MustCompile(p.Regex)
		out = append(out, p)
	}
	return out
}

// find returns what gitleaks' detector takes for a credential, without its lists
// of what is none.
func (p *peer) find(text string) (found [][2]int) {
	folded := strings.ToLower(text)
	if !slices.ContainsFunc(p.Keywords, func(k string) bool { return strings.Contains(folded, strings.ToLower(k)) }) {
		return nil
	}
	for _, m := range p.compiled.FindAllStringSubmatchIndex(text, -1) {
		a, b := m[0], m[1]
		for g := 2; g < len(m); g += 2 {
			if m[g] >= 0 && m[g+1] > m[g] {
				a, b = m[g], m[g+1]
				break
			}
		}
		if p.Entropy == 0 || entropy(text[a:b]) > p.Entropy {
			found = append(found, [2]int{a, b})
		}
	}
	return found
}

// excused returns why a finding of gitleaks is none here, or nothing.
func (p *peer) excused(value, text string) string {
	switch {
	case placeholder(value):
		return "a placeholder"
	case p.ID == "generic-api-key" && (identifier(value) || strings.Count(value, "/") > 2):
		return "a name in a program, or a path"
	case p.ID == "generic-api-key" && entropy(value) < 3.6:
		return "as likely a word as not"
	case p.ID == "generic-api-key" && !strings.ContainsAny(value, "0123456789"):
		return "no digit: a word"
	case p.ID == "sourcegraph-access-token" && len(value) == 40:
		return "40 hex digits are the hash of a commit"
	case p.ID == "generic-api-key" && len(value) > 120:
		return "longer than any credential without a form of its own"
	case p.ID == "generic-api-key" && publicKey.MatchString(text):
		return "a public key"
	case p.ID == "generic-api-key" && strings.Contains(value, "."):
		return "no digit in its longest part: a word"
	case p.ID == "jwt" && !isJWT(value):
		return "its header is no JSON"
	case !strings.ContainsAny(value, "0123456789"):
		return "no digit: a word"
	}
	return ""
}

var publicKey = regexp.MustCompile(`(?i)public[ _]?key`)

// differentialTexts are those of the corpora, and the examples of the rules.
func differentialTexts(t *testing.T) []string {
	rules, err := loadRules()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for i, r := range rules {
		for _, p := range r.Positive {
			out = append(out, "before\n"+expand(p, uint64(i))+"\nafter", "x = \""+expand(p, uint64(i)+1000)+"\";")
		}
	}
	names, _ := filepath.Glob(filepath.Join(recorded, "secrets", "*.jsonl"))
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.SplitSeq(bytes.TrimSpace(raw), []byte("\n")) {
			var item struct{ Text string }
			if err := json.Unmarshal(line, &item); err != nil {
				t.Fatal(err)
			}
			out = append(out, item.Text)
		}
	}
	return out
}

// TestDifferential holds that what gitleaks finds in a text is found in it, and
// in the text within JSON, and within JSON in JSON.
func TestDifferential(t *testing.T) {
	s := scanner(t)
	all := peers(t)
	excuses, missed, n := map[string]int{}, map[string]int{}, 0
	for _, text := range differentialTexts(t) {
		once, _ := json.Marshal(map[string]string{"content": text})
		twice, _ := json.Marshal(map[string]string{"content": string(once)})
		plain := s.Scan([]byte(text))
		for _, p := range all {
			for _, at := range p.find(text) {
				n++
				hit := slices.ContainsFunc(plain, func(m Match) bool { return m.Start < at[1] && at[0] < m.End })
				if hit && len(s.Scan(once)) > 0 && len(s.Scan(twice)) > 0 {
					continue
				}
				if why := p.excused(text[at[0]:at[1]], text); why != "" {
					excuses[why]++
					continue
				}
				if missed[p.ID]++; missed[p.ID] <= 3 {
					t.Errorf("%s: %q of gitleaks is not found (in the text: %v) in %.300q", p.ID, text[at[0]:at[1]], hit, text)
				}
			}
		}
	}
	t.Logf("%d findings of gitleaks; left out: %v", n, excuses)
}
