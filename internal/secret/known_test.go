package secret

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
)

// account is the JSON of a service account, as a job holds it.
func account() (value string, secrets, public []string) {
	lines := []string{expand("{64*B}", 1), expand("{64*B}", 2), expand("{40*B}", 3)}
	id := expand("{40*H}", 4)
	private := "-----BEGIN PRIVATE KEY-----\n" + strings.Join(lines, "\n") + "\n-----END PRIVATE KEY-----\n"
	b, _ := json.MarshalIndent(map[string]string{
		"type": "service_account", "project_id": "project-name-123456", "private_key_id": id, "private_key": private,
		"client_email": "deploy-bot@project-name-123456.iam.gserviceaccount.com", "client_id": "123456789012345678901",
		"auth_uri": "https://accounts.google.com/o/oauth2/auth", "universe_domain": "googleapis.com",
	}, "", "  ")
	return string(b), append(lines, id), []string{
		"service_account", "project-name-123456", "deploy-bot@project-name-123456.iam.gserviceaccount.com", "123456789012345678901",
		"https://accounts.google.com/o/oauth2/auth", "googleapis.com", "{", `  "type": "service_account",`,
	}
}

func TestKnownParts(t *testing.T) {
	value, secrets, public := account()
	env := "DB_HOST=db1.internal.example.com\nDB_PASSWORD=" + expand("{20*A}", 5) + "\nexport API='" + expand("{24*U}", 6) + "'\nMODE=production-europe-1\n"
	s := scanner(t, Known{"ACCOUNT", value}, Known{"ENV", env})
	secrets = append(secrets, expand("{20*A}", 5), expand("{24*U}", 6))
	for _, p := range secrets {
		for _, text := range []string{p, "a " + p + " b", `{"a":"` + p + `\n"}`} {
			if got := ids(s.Scan([]byte(text))); got != knownRule {
				t.Errorf("got %q in %s", got, text)
			}
		}
	}
	for _, p := range append(public, "db1.internal.example.com", "production-europe-1", "DB_HOST=db1.internal.example.com") {
		if got := s.Scan([]byte("a " + p + " b")); len(got) > 0 {
			t.Errorf("%q was taken for a secret", p)
		}
	}
}

// TestKnownLayout holds that a value that is JSON is found however it is laid
// out, and that what holds it stays JSON.
func TestKnownLayout(t *testing.T) {
	value, secrets, _ := account()
	s := scanner(t, Known{"ACCOUNT", value})
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(value)); err != nil {
		t.Fatal(err)
	}
	e := encoder{rand.New(rand.NewPCG(1, 4)), 0.1}
	for name, doc := range map[string]string{
		"as it is": value, "one line": compact.String(), "in a string": e.nest(value, 1), "four deep": e.nest(value, 4),
		"one line in a string": e.nest(compact.String(), 1), "one line, four deep": e.nest(compact.String(), 4), "a member": `{"a":` + compact.String() + `}`,
		"one line for the shell": `"` + strings.NewReplacer("\n", " ", `"`, `\"`).Replace(value) + `"`,
		"CRLF":                   e.nest(strings.ReplaceAll(value, "\n", "\r\n"), 1),
	} {
		out, found := s.Redact([]byte(doc))
		if len(found) == 0 || found[0].Fingerprint != s.fingerprint(value) && name != "one line for the shell" && found[0].Rule == knownRule {
			t.Errorf("%s: found %+v", name, found)
		}
		if json.Valid([]byte(doc)) && !json.Valid(out) {
			t.Errorf("%s: JSON became invalid:\n%s", name, out)
		}
		for _, l := range levels(string(out)) {
			for _, p := range secrets {
				if strings.Contains(l, p) {
					t.Errorf("%s: %q survived in\n%s", name, p, l)
				}
			}
		}
	}
}
