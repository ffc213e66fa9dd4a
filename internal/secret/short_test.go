package secret

import (
	"strings"
	"testing"
)

// TestShortKeywords holds that a credential of which but three characters never
// change is found behind whatever ends a word, however that is escaped.
func TestShortKeywords(t *testing.T) {
	s, err := New(Options{Key: []byte("k")})
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{
		"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",
		"sk-3kQ9rT5vXz8Lm2NpB7dF4gHjK6sW1qYcRbVtZxUaEoPiMnGh",
		"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",
	} {
		for _, before := range []string{"", " ", "\t", "\n", "\r\n", `\t`, `\n`, `\r\n`, `\\t`, `\\\\n`, `"`, `\"`, "=", ":", "(", "[", "{", "|", ";", "@", "_", "\x1b[0m", `\u001b[0m`, "\u00a0", "%3D"} {
			text := "the first line" + before + token + "\nthe last"
			if before == "" {
				text = token
			}
			found := s.Scan([]byte(text))
			if len(found) != 1 || !strings.HasSuffix(text[:found[0].End], token) {
				t.Errorf("%q: %v", text, found)
			}
		}
		if found := s.Scan([]byte("ta" + token)); len(found) > 0 && found[0].Severity == "error" {
			t.Errorf("%s is found within a word", token)
		}
	}
}
