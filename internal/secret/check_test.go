package secret

import (
	"hash/crc32"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/finding"
)

// issued returns a token with the checksum that GitHub and npm give theirs.
func issued(prefix, body string) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	sum, tail := crc32.ChecksumIEEE([]byte(body)), ""
	for range 6 {
		tail, sum = string(digits[sum%62])+tail, sum/62
	}
	return prefix + body + tail
}

// TestChecksum uses the token that stands in many descriptions of the format.
func TestChecksum(t *testing.T) {
	if got := issued("ghp_", "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ"); got != "ghp_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ"+"0mLq17" || !hasChecksum(got) {
		t.Errorf("%s: %v", got, hasChecksum(got))
	}
	for _, wrong := range []string{"ghp_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ" + "0mLq18", "ghp_short", "ghp_" + strings.Repeat("-", 36)} {
		if hasChecksum(wrong) {
			t.Errorf("%s has a checksum", wrong)
		}
	}
}

// TestStructure says what the structure of a value makes of it.
func TestStructure(t *testing.T) {
	s := scanner(t)
	sas := func(sig string) string { return "https://a.blob.core.windows.net/c?sv=2024&sig=" + sig }
	for text, want := range map[string]finding.Severity{
		issued("ghp_", "abc1234567dummyIsAWordInThis00"): finding.Error, // a checksum tells more than a word
		issued("npm_", "qWertyxxxx1deadbeefXXXX9gHsTKa"): finding.Error,
		expand("ghp_abc1234567dummy{21*A}", 3):           "", // a word, and no checksum
		expand("ghp_{30*A}abc123", 4):                    finding.Warning,
		expand("ghp_{36*A}", 5):                          finding.Error, // no checksum, but nothing against it
		sas(expand("{43*A}%3D", 6)):                      finding.Error,
		sas(expand("{60*A}", 7)):                         finding.Warning, // no 32 bytes in base64
		expand("AccountKey={86*B}==;", 8):                finding.Error,
		expand("AccountKey={60*B};", 9):                  finding.Warning,
		"AKIAIOSFODNN7EXAMPLE":                           "",
		expand("https://x.io/box.ico-{32*H}.png", 10):    finding.Warning, // the name of a picture
	} {
		got := finding.Severity("")
		for _, m := range s.Scan([]byte(text)) {
			if got == "" || m.Severity == finding.Error {
				got = m.Severity
			}
		}
		if got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// TestAccount uses the ids of keys whose accounts were published with them.
func TestAccount(t *testing.T) {
	for id, want := range map[string]bool{"ASIAQNZGKIQY56JQ7WML": true, "ASIAY34FZKBOKMUTVV7A": true, "AKIAIOSFODNN7EXAMPLE": false, "AKIA": false} {
		if got := hasAccount(id); got != want {
			t.Errorf("%s: %v, want %v", id, got, want)
		}
	}
}
