package secret

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
)

// checks reports whether a value has the structure that the rule's credentials
// have beyond their form.
func (r *rule) checks(value string) bool {
	switch r.Check {
	case "jwt":
		return isJWT(value)
	case "jwt64":
		raw := make([]byte, len(value))
		n, _ := base64.RawStdEncoding.Decode(raw, []byte(strings.NewReplacer("-", "+", "_", "/", "=", "").Replace(value)))
		return bytes.HasPrefix(raw[:n], []byte("eyJ")) && !bytes.ContainsFunc(raw[:min(n, 30)], func(c rune) bool { return c > 0x7f || !isWord(byte(c)) && c != '-' && c != '.' })
	}
	return true
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
