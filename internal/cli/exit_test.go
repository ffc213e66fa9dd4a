package cli

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// full is a disk without space.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// TestFullDisk holds that what could not be printed is no success.
func TestFullDisk(t *testing.T) {
	for _, args := range []string{
		"help", "help collect", "collect --help", "completion bash", "completion zsh", "completion fish", "version", "schema", "schema trace",
		"show " + filepath.Join(examples, "andon-trace"), "validate " + filepath.Join(examples, "andon-trace"),
	} {
		var stderr strings.Builder
		env := Env{Stdin: strings.NewReader(""), Stdout: full{}, Stderr: &stderr, Getenv: func(string) string { return "" }}
		if code := Main(t.Context(), env, strings.Fields(args)); code != exitFailure || !strings.Contains(stderr.String(), "no space") {
			t.Errorf("andon %s: exit %d: %s", args, code, stderr.String())
		}
	}
}

// TestMissingPath names a path that is not there beside one that is: the latter
// is read, and the exit code says that the job was not done. Findings at the
// gate outweigh that, since a gate must not be opened by naming more.
func TestMissingPath(t *testing.T) {
	dir := t.TempDir()
	there, nowhere := write(t, dir, "good.jsonl", []byte(good)), filepath.Join(dir, "nowhere")
	bad := write(t, dir, "bad.jsonl", []byte(good+"{"))
	leak := write(t, dir, "leak.txt", []byte(planted))
	for _, tt := range []struct {
		args []string
		want int
		says string // on stdout
	}{
		{[]string{"scan", nowhere}, exitFailure, "cannot be opened"},
		{[]string{"scan", nowhere, there}, exitFailure, "1 file, 3 lines"},
		{[]string{"scan", "--fail-on", "none", nowhere}, exitFailure, ""},
		{[]string{"scan", nowhere, leak}, exitGate, "secret/github-token"},
		{[]string{"validate", nowhere, there}, exitFailure, "1 file, 3 lines"},
		{[]string{"validate", "--fail-on", "warning", nowhere, bad}, exitGate, "trace/"},
		{[]string{"collect", nowhere, there}, exitFailure, "reviewer"},
		{[]string{"collect", "--fail-on", "error", nowhere, there}, exitFailure, "reviewer"},
		{[]string{"collect", "--fail-on", "trace/*", nowhere, bad}, exitGate, "reviewer"},
		{[]string{"show", nowhere, there}, exitFailure, "reviewer"},
		{[]string{"show", nowhere}, exitFailure, ""},
		{[]string{"collect", filepath.Join(dir, "no*where"), there}, exitClean, "reviewer"},
	} {
		out, stderr, code := runMain(t, nil, tt.args...)
		if code != tt.want || !strings.Contains(out, tt.says) {
			t.Errorf("andon %v: exit %d, want %d\n%s%s", tt.args, code, tt.want, out, stderr)
		}
		if code == exitFailure && !(strings.Contains(stderr, "nowhere") && strings.Contains(stderr, "hint: ")) {
			t.Errorf("andon %v: stderr does not say what is missing: %s", tt.args, stderr)
		}
	}
}

// TestMeaningless gives values that mean nothing.
func TestMeaningless(t *testing.T) {
	trace := filepath.Join(examples, "andon-trace")
	for _, tt := range []struct {
		args []string
		env  map[string]string
		says string
	}{
		{[]string{"collect", "--pr", "0", trace}, nil, "-pr"},
		{[]string{"collect", "--pr", "-1", trace}, nil, "-pr"},
		{[]string{"collect", "--pr", "x", trace}, nil, "-pr"},
		{[]string{"emit", "run.start", "--agent", "a", "--pr", "0", "--file", filepath.Join(t.TempDir(), "x")}, nil, "--pr"},
		{[]string{"collect", trace}, map[string]string{"ANDON_SUMMARY": "maybe"}, "[true false]"},
	} {
		_, stderr, code := runMain(t, tt.env, tt.args...)
		if code != exitUsage || !strings.Contains(stderr, tt.says) {
			t.Errorf("andon %v: exit %d: %s", tt.args, code, stderr)
		}
	}
}

// TestActionsJSON holds that stdout is one JSON document in GitHub Actions too.
// GitHub reads commands from stderr as well.
func TestActionsJSON(t *testing.T) {
	dir := t.TempDir()
	env := map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": filepath.Join(dir, "o"), "GITHUB_STEP_SUMMARY": filepath.Join(dir, "s")}
	bad := write(t, dir, "bad.jsonl", []byte(good+"{"))
	out, stderr, code := runMain(t, env, "collect", "--format", "json", bad)
	if code != 0 || !json.Valid([]byte(out)) {
		t.Errorf("exit %d, stdout is no JSON:\n%s", code, out)
	}
	if !strings.Contains(stderr, "::error ") && !strings.Contains(stderr, "::warning ") {
		t.Errorf("no annotation on stderr: %s", stderr)
	}
	out, _, _ = runMain(t, env, "collect", bad)
	if !strings.Contains(out, "::error ") && !strings.Contains(out, "::warning ") {
		t.Errorf("no annotation on stdout: %s", out)
	}
}

// TestInstructionsDevice holds that a configuration cannot make the job wait
// for a device.
func TestInstructionsDevice(t *testing.T) {
	if _, err := os.Stat("/dev/zero"); err != nil {
		t.Skip("there is no /dev/zero")
	}
	_, stderr, code := runMain(t, nil, "collect", "--instructions", "/dev/zero", filepath.Join(examples, "andon-trace"))
	if code != exitFailure || !strings.Contains(stderr, "not a regular file") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}
