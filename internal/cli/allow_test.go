package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// on runs a command on a day of 2026.
func on(t *testing.T, date string, env map[string]string, args ...string) (string, int) {
	t.Helper()
	now, err := time.Parse(day, date)
	if err != nil {
		t.Fatal(err)
	}
	var out, errs strings.Builder
	e := Env{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Getenv: func(k string) string { return env[k] }, Now: func() time.Time { return now }}
	code := Main(t.Context(), e, args)
	return out.String() + errs.String(), code
}

// allowing writes a configuration that allows what stands in a file.
func allowing(t *testing.T, path string) string {
	t.Helper()
	text, code := on(t, "2026-11-20", nil, "scan", "--quiet", "--format", "allow", path)
	if code != exitGate || strings.Contains(text, planted) {
		t.Fatalf("exit %d:\n%s", code, text)
	}
	if !strings.Contains(text, "expires: 2027-02-18") {
		t.Errorf("the entry does not count for 90 days:\n%s", text)
	}
	text = strings.ReplaceAll(text, `reason: ""`, "reason: test data of the token package")
	return write(t, t.TempDir(), "andon.yml", []byte(text))
}

func TestAllow(t *testing.T) {
	trace := leaky(t)
	config := allowing(t, trace)
	moved := write(t, t.TempDir(), "moved.jsonl", []byte("\n"+good+"\n{\"a\":[\"x "+planted+"\"]}\n")) // another file, other lines
	other := write(t, t.TempDir(), "other.jsonl", []byte(good+`{"a":"`+strings.Replace(planted, "q7", "q8", 1)+`"}`))
	none := write(t, t.TempDir(), "none.jsonl", []byte(good))
	for _, tt := range []struct {
		name string
		date string
		args []string
		exit int
		says string
	}{
		{"without", "2026-11-20", []string{"scan", trace}, exitGate, "secret/github-token"},
		{"allowed", "2026-11-20", []string{"scan", "--fail-on", "secret/*", "--config", config, trace}, 0, "test data of the token package"},
		{"in another place", "2026-11-20", []string{"scan", "--config", config, moved}, 0, "allow/passed"},
		{"on its last day", "2027-02-18", []string{"scan", "--config", config, moved}, 0, "allow/passed"},
		{"expired", "2027-02-19", []string{"scan", "--config", config, moved}, exitGate, "allow/expired"},
		{"another one", "2026-11-20", []string{"scan", "--config", config, other}, exitGate, "allow/unused"},
		{"unused", "2026-11-20", []string{"scan", "--fail-on", "warning", "--config", config, none}, 0, "allow/unused"},
		{"collected", "2026-11-20", []string{"collect", "--fail-on", "secret/*", "--on-secret", "fail", "--config", config, moved}, 0, "allow/passed"},
		{"collected too late", "2027-02-19", []string{"collect", "--fail-on", "secret/*", "--config", config, moved}, exitGate, "allow/expired"},
	} {
		text, code := on(t, tt.date, nil, tt.args...)
		if code != tt.exit || !strings.Contains(text, tt.says) {
			t.Errorf("%s: exit %d, want %d:\n%s", tt.name, code, tt.exit, text)
		}
	}
	held := func(t *testing.T, content string) bool {
		dir := filepath.Join(t.TempDir(), "b")
		if text, code := on(t, "2026-11-20", nil, "collect", "--content", content, "--config", config, "--out", dir, moved); code != 0 {
			t.Fatal(text)
		}
		files, _ := filepath.Glob(filepath.Join(dir, "traces", "*"))
		if len(files) != 1 {
			t.Fatalf("traces: %v", files)
		}
		raw, err := os.ReadFile(files[0])
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Contains(raw, []byte(planted))
	}
	if !held(t, "full") || held(t, "redacted") || held(t, "none") {
		t.Error("an allowed credential is kept at full, and at no other level")
	}
	known := map[string]string{"ANDON_SECRETS": "TOKEN", "TOKEN": planted}
	if text, code := on(t, "2026-11-20", known, "scan", "--config", config, moved); code != exitGate {
		t.Errorf("a secret of the job was allowed: exit %d\n%s", code, text)
	}
}

// TestAllowFromBase holds that a pull request cannot allow its own credentials.
func TestAllowFromBase(t *testing.T) {
	trace := leaky(t)
	config := allowing(t, trace)
	event := write(t, t.TempDir(), "event.json", []byte(`{"pull_request":{"number":3,"base":{"sha":"0123456789abcdef0123456789abcdef01234567"}}}`))
	env := map[string]string{"GITHUB_EVENT_PATH": event, "GITHUB_EVENT_NAME": "pull_request"}
	for _, command := range [][]string{{"scan", "--fail-on", "secret/*"}, {"collect", "--fail-on", "secret/*"}} {
		text, code := on(t, "2026-11-20", env, append(command, "--config", config, trace)...)
		if code != exitGate || !regexp.MustCompile(`allow was\s+ignored`).MatchString(text) {
			t.Errorf("%s: exit %d:\n%s", command[0], code, text)
		}
	}
}

// TestAllowConfig gives lists with mistakes in them.
func TestAllowConfig(t *testing.T) {
	for entry, says := range map[string]string{
		`{fingerprint: 1234567890123456, reason: r, expires: 2027-01-31}`:   "",
		`{fingerprint: 12345678e1234567, reason: r, expires: 2027-01-31}`:   "",
		`{fingerprint: "0f7c23630f7c2363", reason: 5, expires: 2027-01-31}`: "",
		`{fingerprint: "0f7c23630f7c2363", reason: r}`:                      "expires",
		`{fingerprint: "0f7c23630f7c2363", expires: 2027-01-31}`:            "reason",
		`{fingerprint: "0f7c23630f7c2363", reason: , expires: 2027-01-31}`:  "reason",
		`{fingerprint: "0f7c23630f7c2363", reason: r, expires: 2027-02-31}`: "is no date",
		`{fingerprint: "0f7c23630f7c2363", reason: r, expires: tomorrow}`:   "expires",
		`{fingerprint: "` + planted + `", reason: r, expires: 2027-01-31}`:  "fingerprint",
	} {
		_, err := parseConfig([]byte("allow:\n  - "+entry+"\n"), "andon.yml")
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("%s: %v", entry, err)
		}
		if err != nil && strings.Contains(err.Error(), planted) {
			t.Errorf("the error quotes a credential: %v", err)
		}
	}
}

// TestSARIFLasts holds that code scanning knows a credential again when other
// lines and elements have come before it.
func TestSARIFLasts(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, env := range []map[string]string{nil, {"ANDON_FINGERPRINT_KEY": "k"}} {
		scan := func(text string) string {
			if err := os.WriteFile("trace.jsonl", []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			out, _, _ := runMain(t, env, "scan", "--quiet", "--format", "sarif", "trace.jsonl")
			return strings.Join(regexp.MustCompile(`"primaryLocationLineHash": "[^"]+"`).FindAllString(out, -1), "\n")
		}
		secret := `{"a":["x ` + planted + `"]}` + "\n" + `{"b":"` + strings.Replace(planted, "q7", "q8", 1) + `"}` + "\n"
		before, after := scan(secret), scan(good+strings.Replace(secret, `["x`, `["one","two","x`, 1))
		if before != after || strings.Count(before, "\n") != 1 {
			t.Errorf("%v: before:\n%s\nafter:\n%s", env, before, after)
		}
	}
}
