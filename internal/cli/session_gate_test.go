package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/github/fake"
)

// TestSessionGate fails on findings in the bundles and about them, after all was
// shown and posted.
func TestSessionGate(t *testing.T) {
	config := write(t, t.TempDir(), "andon.yml", []byte("fail_on: [artifact/invalid]\n"))
	for _, tt := range []struct {
		name string
		args []string
		env  map[string]string
		code int
	}{
		{"no gate", nil, nil, 0},
		{"a rule about a bundle", []string{"--fail-on", "artifact/invalid"}, nil, 1},
		{"a group", []string{"--fail-on", "secret,artifact/*"}, nil, 1},
		{"a severity", []string{"--fail-on", "error"}, nil, 1},
		{"the action's input", nil, map[string]string{"ANDON_FAIL_ON": "error"}, 1},
		{"the configuration", []string{"--config", config}, nil, 1},
		{"other findings", []string{"--fail-on", "secret/*"}, nil, 0},
		{"none", []string{"--fail-on", "none", "--config", config}, nil, 0},
		{"no rule", []string{"--fail-on", "secrets/*"}, nil, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := mended(t, 2)
			run := f.AddRun(headB, time.Date(2026, 11, 20, 15, 30, 0, 0, time.UTC), nil)
			f.AddArtifact(run, "andon-bad", []byte("PK no zip"), nil)
			code, stdout, stderr := asked(t, f, tt.env, append([]string{"session", "--pr", "12", "--comment"}, tt.args...)...)
			if code != tt.code || code < 2 && (len(f.Posts) != 1 || !strings.Contains(stdout, "a bundle cannot be used")) {
				t.Errorf("%d, want %d; %d comments\n%s\n%s", code, tt.code, len(f.Posts), stdout, stderr)
			}
		})
	}
}

// TestSessionGateInBundle fails on what the runs' own findings say.
func TestSessionGateInBundle(t *testing.T) {
	f := mended(t, 1)
	run := f.AddRun(headB, time.Date(2026, 11, 20, 15, 30, 0, 0, time.UTC), nil)
	f.AddArtifact(run, "andon-cut", zippedTrace(t, headB, `{"type":"run.start","run_id":"cut","time":"2026-11-20T15:30:00Z","agent":{"name":"fix"}}`+"\n"), nil)
	if code, _, stderr := asked(t, f, nil, "session", "--pr", "12", "--fail-on", "failure/*,trace/*"); code != 1 {
		t.Errorf("%d\n%s", code, stderr)
	}
}

// TestSessionGateAndLimit says why not all was read, and closes the gate.
func TestSessionGateAndLimit(t *testing.T) {
	f := mended(t, 4)
	f.AddArtifact(f.AddRun(headB, time.Date(2026, 11, 20, 15, 30, 0, 0, time.UTC), nil), "andon-bad", []byte("PK no zip"), nil)
	f.Limit = 5
	code, _, stderr := asked(t, f, nil, "session", "--pr", "12", "--fail-on", "artifact/*")
	if code != 1 || !strings.Contains(stderr, "the limit of requests was reached") {
		t.Errorf("%d\n%s", code, stderr)
	}
	f.Forget()
	f.Fail(fake.Fault{Path: "graphql", Reply: fake.Status(401, "Bad credentials")})
	if code, _, stderr := asked(t, f, nil, "session", "--pr", "12", "--fail-on", "artifact/*"); code != 3 {
		t.Errorf("nothing was read: %d\n%s", code, stderr)
	}
}
