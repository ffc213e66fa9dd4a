package secret

import (
	"math/rand/v2"
	"testing"
)

// harmless are texts without a credential that look as if they had one.
func harmless() map[string]string {
	return map[string]string{
		"variable":           "export API_KEY=$OTHER_API_KEY_1234567890",
		"variable, braces":   `"password": "${DB_PASSWORD_2026_PROD}"`,
		"command":            "TOKEN=$(gh auth token --hostname github.com)",
		"expression":         "token: ${{ secrets.GITHUB_TOKEN }}",
		"template":           "password: {{ .Values.db.password }}",
		"angle brackets":     "ANTHROPIC_API_KEY=<your-api-key-goes-here-123>",
		"percent":            "set TOKEN=%MY_TOKEN_12345%",
		"sample":             "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE",
		"sample, secret":     "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
		"masked":             "token: ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
		"stars":              "password=********************",
		"your":               "OPENAI_API_KEY=sk-your-api-key-here-0123456789abcdefghijklmnopqrst",
		"commit":             "commit {40*H}\nAuthor: me",
		"commit, JSON":       `{"head_sha":"{40*H}","before":"{40*H}"}`,
		"go.sum":             "github.com/a/b v1.2.3 h1:{43*B}=\ngithub.com/a/b v1.2.3/go.mod h1:{43*B}=",
		"package-lock":       `"integrity": "sha512-{86*B}==",`,
		"yarn":               "  integrity sha1-{27*B}=\n  checksum: {128*H}",
		"Cargo":              `checksum = "{64*H}"`,
		"poetry":             `{file = "a-1.0-py3-none-any.whl", hash = "sha256:{64*H}"},`,
		"image":              "ghcr.io/o/r@sha256:{64*H}",
		"image, JSON":        `{"Digest":"sha256:{64*H}","Id":"sha256:{64*H}"}`,
		"UUID":               `{"session_id":"{8*H}-{4*H}-{4*H}-{4*H}-{12*H}","uuid":"{8*H}-{4*H}-{4*H}-{4*H}-{12*H}"}`,
		"picture":            `{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgoAAAANSUhEUgAA{600*B}"}}`,
		"picture, inline":    "![x](data:image/png;base64,iVBORw0KGgo{400*B})",
		"thinking":           `{"type":"thinking","thinking":"so","signature":"EqQBCkYIBxgCKkD{300*B}"}`,
		"thinking, redacted": `{"type":"redacted_thinking","data":"EmwKAhgBEgy{300*B}"}`,
		"encrypted":          `{"type":"reasoning","encrypted_content":"gAAAAAB{300*U}"}`,
		"message":            `{"id":"msg_01{22*A}","request_id":"req_011C{20*A}","tool_use_id":"toolu_01{22*A}"}`,
		"call":               `{"call_id":"call_{24*A}","id":"fc_{48*H}","response":"resp_{48*H}"}`,
		"span":               `{"traceId":"{32*H}","spanId":"{16*H}","parentSpanId":"{16*H}"}`,
		"etag":               `ETag: "{32*H}"`,
		"file":               "dist/assets/index-{8*A}.js  143.2 kB",
		"cache":              `{"key":"node-cache-Linux-{64*H}"}`,
		"tokens":             `{"input_tokens":1234567890123,"max_tokens":200000000000}`,
		"page":               `{"next_page_token":"","nextToken":null}`,
		"public key":         "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{43*B} me@host",
		"certificate":        "-----BEGIN CERTIFICATE-----\n{64*B}\n{64*B}\n-----END CERTIFICATE-----",
		"public key, PEM":    "-----BEGIN PUBLIC KEY-----\n{64*B}\n-----END PUBLIC KEY-----",
		"fingerprint":        "SHA256:{43*B} me@host (ED25519)",
		"code":               `const passwordResetTokenExpiryMilliseconds = getPasswordResetTokenExpiry2()`,
		"code, type":         `func validate(token string, secretKey []byte, apiKey2 *Key) error`,
		"URL":                "https://user@github.com/o/r.git and https://github.com/o/r/commit/{40*H}",
		"URL, variable":      "postgres://app:${PGPASSWORD}@db:5432/app",
		"URL, sample":        "postgres://postgres:postgres@localhost:5432/postgres",
	}
}

// TestHarmless holds that nothing is found in them, as they are and in JSON.
func TestHarmless(t *testing.T) {
	s, plainly := scanner(t), encoder{rand.New(rand.NewPCG(1, 3)), 0}
	for name, example := range harmless() {
		for seed := range uint64(5) {
			text := expand(example, seed+31)
			for level := range 3 {
				if found := s.Scan([]byte(plainly.nest(text, level))); len(found) > 0 {
					t.Errorf("%s, level %d: %s (%s) in %s", name, level, found[0].Rule, found[0].Severity, text)
				}
			}
		}
	}
}
