package secret

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"net/url"
	"strings"
)

// verdict is what the structure of a value says about it, beyond its form.
//
// A checksum that is right tells a credential that was issued from whatever else
// looks so: such a value counts even where a part of it reads like a word or a
// sequence. One that is wrong does not clear a value. Servers of one's own issue
// tokens too, transcripts hold tokens that were cut or copied with a mistake,
// and whoever tries out what a scanner does draws them at random: an alarm too
// many costs less there than one that is missing. Only a structure that every
// credential of a kind must have, because it could not be read otherwise, makes
// a value none, or doubtful where the same form means something else.
type verdict uint8

const (
	possible verdict = iota
	none             // no credential of the rule
	unlikely         // a warning
	sure             // whatever words it holds
)

// verdict returns what the rule's test of the structure says.
func (r *rule) verdict(value string) verdict {
	switch r.Check {
	case "jwt":
		return only(isJWT(value), none)
	case "jwt64":
		return only(isJWT64(value), none)
	case "crc32":
		return proof(hasChecksum(value))
	case "aws":
		return proof(hasAccount(value) && !placeholder(value)) // one in two that were made up has an account
	case "pem":
		return proof(isKey(value))
	case "32 bytes":
		return only(decoded(value) == 32, unlikely)
	case "32 or 64 bytes":
		n := decoded(value)
		return only(n == 32 || n == 64 || n > 32 && strings.Contains(value, "+A"), unlikely)
	}
	return possible
}

func only(ok bool, otherwise verdict) verdict {
	if ok {
		return possible
	}
	return otherwise
}

func proof(ok bool) verdict {
	if ok {
		return sure
	}
	return possible
}

// isJWT reports whether a value begins with the header of a JSON Web Token: an
// object that names an algorithm, a type or a key (RFC 7515, section 4.1).
func isJWT(value string) bool {
	head, _, ok := strings.Cut(value, ".")
	if !ok {
		return false
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(head, "="))
	if err != nil {
		return false
	}
	var header map[string]json.RawMessage
	return json.NewDecoder(bytes.NewReader(raw)).Decode(&header) == nil && len(header) > 0
}

// isJWT64 reports whether a value is base64 of what begins as such a token does.
func isJWT64(value string) bool {
	raw := make([]byte, len(value))
	n, _ := base64.RawStdEncoding.Decode(raw, []byte(plainBase64(value)))
	return bytes.HasPrefix(raw[:n], []byte("eyJ")) && !bytes.ContainsFunc(raw[:min(n, 30)], func(c rune) bool { return c > 0x7f || !isWord(byte(c)) && c != '-' && c != '.' })
}

// plainBase64 returns base64 of either alphabet in the first, without padding.
func plainBase64(s string) string {
	return strings.NewReplacer("-", "+", "_", "/", "=", "").Replace(s)
}

// hasChecksum reports whether a token of GitHub or npm ends with the CRC32 of
// what stands between its prefix and that, in six digits to the base of 62:
// https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/
func hasChecksum(value string) bool {
	const digits, size = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", 36
	_, body, ok := strings.Cut(value, "_")
	if !ok || len(body) != size {
		return false
	}
	sum := uint64(0)
	for i := size - 6; i < size; i++ {
		d := strings.IndexByte(digits, body[i])
		if d < 0 {
			return false
		}
		sum = sum*62 + uint64(d)
	}
	return sum == uint64(crc32.ChecksumIEEE([]byte(body[:size-6])))
}

// hasAccount reports whether the id of an AWS key holds the number of an
// account: of the ten bytes that the id is in base32, the 40 bits behind the
// first, which is set.
func hasAccount(value string) bool {
	raw, err := base32.StdEncoding.DecodeString(value[min(4, len(value)):])
	if err != nil || len(raw) != 10 {
		return false
	}
	head := binary.BigEndian.Uint64(raw) >> 16
	account := head >> 7 & (1<<40 - 1)
	return head>>47 == 1 && account > 0 && account <= 999_999_999_999
}

// isKey reports whether base64 begins as a private key does: with a sequence of
// ASN.1 or the mark of OpenSSH.
func isKey(value string) bool {
	raw, err := base64.StdEncoding.DecodeString(value[:len(value)/4*4])
	return err == nil && len(raw) > 4 && (raw[0] == 0x30 && raw[1] >= 0x80 && raw[1] <= 0x82 || bytes.HasPrefix(raw, []byte("openssh-key-v1")))
}

// decoded returns how many bytes a value in base64 is, which may be written for
// a URL.
func decoded(value string) int {
	if s, err := url.PathUnescape(value); err == nil {
		value = s
	}
	raw, err := base64.RawStdEncoding.DecodeString(plainBase64(value))
	if err != nil {
		return -1
	}
	return len(raw)
}

// partOfName reports whether what stands behind an offset makes a value more
// likely a part of a name: of a file of a web page, or of a longer word.
func partOfName(raw []byte, end int) bool {
	rest := raw[end:]
	if len(rest) > 1 && rest[0] == '_' {
		return rest[1] != '_' && isWord(rest[1])
	}
	for _, ending := range []string{".png", ".jpg", ".jpeg", ".gif", ".svg", ".ico", ".webp", ".css", ".js", ".woff", ".map"} {
		if after, ok := bytes.CutPrefix(rest, []byte(ending)); ok && (len(after) == 0 || !isWord(after[0]) || after[0] == '2') {
			return true
		}
	}
	return false
}
