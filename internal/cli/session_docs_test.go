package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/github/fake"
)

// documented is the pull request that docs/session.md shows: two agents at the
// first head, one of which recorded its review, and two at the second.
func documented(t *testing.T) *fake.Forge {
	t.Helper()
	f := fake.New(t)
	f.Load("agent-fix")
	first := time.Date(2026, 11, 18, 9, 5, 0, 0, time.UTC)
	run := f.AddRun(headA, first, nil)
	f.AddArtifact(run, "andon-review", zippedTrace(t, headA, reviewed), nil)
	f.AddArtifact(run, "andon-triage", zippedBundle(t, headA, "triage-1", "triage", "label", first.Add(time.Minute)), nil)
	for i, agent := range []string{"review", "security"} {
		at := time.Date(2026, 11, 19, 14, 10*i, 0, 0, time.UTC)
		run := f.AddRun(headB, at, nil)
		f.AddArtifact(run, "andon-"+agent, zippedBundle(t, headB, agent+"-2", agent, "approve", at), nil)
	}
	return f
}

// TestDocumentedSession holds the sample of docs/session.md to what is printed;
// -update rewrites it.
func TestDocumentedSession(t *testing.T) {
	code, stdout, stderr := asked(t, documented(t), map[string]string{"COLUMNS": "120"}, "session", "--pr", "12")
	if code != 0 {
		t.Fatal(code, stderr)
	}
	file := filepath.Join(repo, "docs", "session.md")
	doc, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const fence = "```text\n"
	before, rest, _ := bytes.Cut(doc, []byte(fence))
	sample, after, found := bytes.Cut(rest, []byte("```\n"))
	if *update {
		doc = bytes.Join([][]byte{before, []byte(fence), []byte(stdout), []byte("```\n"), after}, nil)
		if err := os.WriteFile(file, doc, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !found || string(sample) != stdout {
		t.Errorf("%s is out of date; run the test with -update:\n%s", file, stdout)
	}
}
