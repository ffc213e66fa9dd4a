package main

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestActionReview collects from two agents on a pull request, with a title in
// place of an agent's name that tries to become part of a script.
func TestActionReview(t *testing.T) {
	o := runJob(t, "review", twoAgents(t, "ok"))
	if o.failed {
		t.Error("the job failed")
	}
	check(t, o.outputs, map[string]string{
		"status": "success", "decision": "request_changes", "session-id": "octo/calc#12@1a2b3c4d5e6f",
		"input-tokens": "650", "cache-read-tokens": "5100", "output-tokens": "200",
		"tool-errors": "1", "secrets": "0",
	})
	for _, want := range []string{"octo/calc#12", "request_changes", "approve", "claude", "codex"} {
		if !strings.Contains(o.summary(), want) {
			t.Errorf("the summary has no %q:\n%s", want, o.summary())
		}
	}
	check(t, o.upload, map[string]string{
		"name": o.outputs["artifact-name"], "path": o.outputs["bundle"], "retention-days": "14",
		"include-hidden-files": "false", "if-no-files-found": "ignore",
	})
	if !regexp.MustCompile(`^andon-777-\d+-review-[0-9a-f]{8}$`).MatchString(o.outputs["artifact-name"]) {
		t.Errorf("artifact-name: %q", o.outputs["artifact-name"])
	}
	files := o.artifact(t)
	for _, name := range []string{"manifest.json", "session.json", "runs.jsonl", "summary.md"} {
		if files[name] == "" {
			t.Errorf("the bundle has no %s", name)
		}
	}
	if files["summary.md"] != o.summary() {
		t.Error("the job summary and the bundle's are not the same")
	}
	notInjected(t, o, files["session.json"])
}

// notInjected looks for what the event's title and the trace tried to do.
func notInjected(t *testing.T, o outcome, session string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(o.dir, "pwned")); err == nil {
		t.Error("the agent's name was run as a script")
	}
	if !strings.Contains(session, "touch") {
		t.Error("the agent's name is not in the session")
	}
	for _, e := range o.log {
		if e.Level == "error" || e.Command == "error" {
			t.Errorf("the log has an error: %s", e.Msg)
		}
	}
}

// TestActionGate gates on a credential: the job fails, and the bundle is
// uploaded without the trace that holds it.
func TestActionGate(t *testing.T) {
	o := runJob(t, "gated", twoAgents(t, "token "+planted()))
	if !o.failed {
		t.Error("the job did not fail")
	}
	check(t, o.outputs, map[string]string{"secrets": "1", "decision": "request_changes"})
	files := o.artifact(t)
	files["the log"], files["the summary"] = o.text(), o.summary()
	for name, text := range files {
		if strings.Contains(text, planted()) {
			t.Errorf("%s holds the credential", name)
		}
		if strings.HasPrefix(name, "traces/") && strings.Contains(text, "thread.started") {
			t.Errorf("%s is the trace that was to be withheld", name)
		}
	}
	if n := count(files, "traces/"); n != 1 {
		t.Errorf("%d traces in the bundle, want that without a credential", n)
	}
	if !strings.Contains(o.summary(), "secret/github") {
		t.Errorf("the summary does not name the rule:\n%s", o.summary())
	}
}

func count(files map[string]string, prefix string) int {
	n := 0
	for name := range maps.Keys(files) {
		if strings.HasPrefix(name, prefix) {
			n++
		}
	}
	return n
}

// TestActionSuppress finds a credential without a gate: the job goes on.
func TestActionSuppress(t *testing.T) {
	o := runJob(t, "private", twoAgents(t, "token "+planted()))
	if o.failed {
		t.Error("the job failed")
	}
	check(t, o.outputs, map[string]string{"secrets": "1", "artifact-name": ""})
	if o.upload != nil {
		t.Error("a bundle was uploaded")
	}
	if o.summary() != "" {
		t.Error("a summary was written")
	}
}

// TestActionUsage gives an input that means nothing: the job fails, and says
// what the input takes.
func TestActionUsage(t *testing.T) {
	o := runJob(t, "unknown", twoAgents(t, "ok"))
	if !o.failed {
		t.Error("the job did not fail")
	}
	if !strings.Contains(o.text(), "suppress redact fail") {
		t.Errorf("the log does not say what on-secret takes:\n%s", o.text())
	}
}

// TestActionCommand names a command that there is not.
func TestActionCommand(t *testing.T) {
	o := runJob(t, "other", nil)
	if !o.failed || !strings.Contains(o.text(), "command takes collect, session, overrides, traceparent, sync or report") {
		t.Errorf("failed: %v", o.failed)
	}
}

// TestActionWithoutBinary cannot have the program: the agent's job goes on,
// with a warning.
func TestActionWithoutBinary(t *testing.T) {
	o := runJob(t, "broken", nil)
	if o.failed {
		t.Error("the job failed")
	}
	if !strings.Contains(o.text(), "could not be put in place") {
		t.Errorf("the log has no warning:\n%s", o.text())
	}
	if o.outputs["status"] != "" || o.upload != nil {
		t.Errorf("got %v", o.outputs)
	}
}

// TestActionWithoutBinaryGated cannot have the program that was to guard the
// job: a gate that was not reached is not open.
func TestActionWithoutBinaryGated(t *testing.T) {
	if o := runJob(t, "shut", nil); !o.failed {
		t.Error("the job did not fail")
	}
}

// recorded is where transcripts of the real agents lie, where they are given.
const recorded = root + "/../shared/transcripts"

// TestActionRecorded collects what two real agents wrote.
func TestActionRecorded(t *testing.T) {
	traces := map[string]string{}
	for name, path := range map[string]string{
		"claude.jsonl": recorded + "/claude-2.1.329/review/stdout.jsonl",
		"codex.jsonl":  recorded + "/codex-0.169.0/approve/stdout.jsonl",
	} {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Skipf("the recorded transcripts are not here: put them at %s to run this test", recorded)
		}
		traces[name] = string(b)
	}
	o := runJob(t, "review", traces)
	if o.failed {
		t.Error("the job failed")
	}
	check(t, o.outputs, map[string]string{
		"status": "success", "decision": "request_changes", "session-id": "octo/calc#12@1a2b3c4d5e6f",
		"input-tokens": "1394", "cache-read-tokens": "22546", "output-tokens": "566", "tool-errors": "3", "secrets": "0",
	})
	if o.artifact(t)["manifest.json"] == "" {
		t.Error("the bundle has no manifest")
	}
}
