package secret

import "testing"

func TestCore(t *testing.T) {
	for literal, want := range map[string]string{
		"PRIVATE KEY": "PRIVATE KEY", ".com/webhookb2/": "webhookb2", `a\"bc/`: "bc", "a\nbc": "bc", "/": "", "": "", "ké": "k",
	} {
		if got := string(new(rule).coreOf([][]byte{[]byte(literal)})); got != want {
			t.Errorf("%q: %q, want %q", literal, got, want)
		}
	}
}

// TestMayHide holds that what is told soon is no reason to miss a match.
func TestMayHide(t *testing.T) {
	const said = `https://a.webhook.office.com/webhookb2/`
	r := &rule{Pattern: `https://[a-z]+\.webhook\.office\.com/webhookb2/`}
	for text, want := range map[string]bool{
		said: true, `https:\/\/a.webhook.office.com\/webhookb2\/`: true, `https://a.webhook.office.com/\u0077ebhookb2/`: true,
		`https://a.webhook.office.com/\\u0077ebhookb2/`: true, `https://office.com/\n\twebhook`: false, "": false,
	} {
		if got := r.mayHide([]byte(text)); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
}
