package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/cli"
	"github.com/andon-ci/andon/internal/github/fake"
)

const (
	forkHead = "b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2"
	token    = "ghs_forge_token_of_the_test"
)

// initialised makes a repository with what `andon init` writes and two agents'
// traces. After each of its steps, the outputs are kept for the test.
func initialised(t *testing.T) string {
	t.Helper()
	act(t)
	dir := t.TempDir()
	if err := os.Mkdir(dir+"/.git", 0o755); err != nil {
		t.Fatal(err)
	}
	var messages bytes.Buffer
	env := cli.Env{Stdout: &messages, Stderr: &messages, Getenv: os.Getenv, Now: time.Now}
	if code := cli.Main(t.Context(), env, []string{"init", dir}); code != 0 {
		t.Fatalf("init: %d\n%s", code, &messages)
	}
	files, err := filepath.Glob(dir + "/.github/workflows/*.yml")
	if err != nil || len(files) != 5 {
		t.Fatalf("init wrote %q, %v", files, err)
	}
	const keep = `
      - if: always()
        env:
          OUTPUTS: ${{ toJSON(steps.andon.outputs) }}
        run: printf '%s\n' "$OUTPUTS" >"$ANDON_TEST_OUT/outputs.json"
`
	for _, f := range files {
		write(t, f, readFile(t, f)+keep)
	}
	for name, text := range twoAgents(t, "ok") {
		write(t, filepath.Join(dir, "andon-traces", name), text)
	}
	commit(t, dir, "octo-org/hello")
	return dir
}

// payload writes an event's payload to a file.
func payload(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	path := t.TempDir() + "/event.json"
	write(t, path, string(raw))
	return path
}

// only has act run one of the workflows that init wrote.
func only(workflow string, more ...string) []string {
	return append([]string{"-W", ".github/workflows/" + workflow + ".yml"}, more...)
}

// asking has a workflow ask a forge.
func asking(f *fake.Forge, workflow string) []string {
	return only(workflow, "-s", "GITHUB_TOKEN="+token, "--env", "GITHUB_API_URL="+f.URL(), "--env", "GITHUB_GRAPHQL_URL="+f.GraphQLURL())
}

// zipped packs files as GitHub packs an artifact.
func zipped(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write([]byte(files[name]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// fork is a forge with the pull request of a fork, and one workflow run of it.
func fork(t *testing.T) (*fake.Forge, map[string]any) {
	t.Helper()
	f := fake.New(t)
	f.Token = token
	f.Load("agent-fix")
	const id = 4711
	f.Pull["isCrossRepository"], f.Pull["headRepository"] = true, map[string]any{"nameWithOwner": "mallory/hello", "repositoryId": id}
	f.AddRun(forkHead, time.Date(2026, 11, 19, 14, 0, 0, 0, time.UTC), map[string]any{"name": "agents", "pull_requests": []any{}})
	from := f.Runs[0]["head_repository"].(map[string]any)
	from["id"], from["full_name"], from["owner"] = id, "mallory/hello", map[string]any{"login": "mallory"}
	return f, f.Runs[0]
}

// TestStages runs the workflows that init writes, as they are: on a fork's pull
// request the agents' traces are collected without a token; then, without its
// code, the bundle is read from the forge, and a comment and a check run say what
// it holds.
func TestStages(t *testing.T) {
	dir := initialised(t)
	f, run := fork(t)
	id := run["id"].(int64)
	repository := map[string]any{"full_name": f.Repository, "default_branch": "main"}

	first := runEvent(t, dir, "pull_request", payload(t, map[string]any{
		"action": "synchronize", "number": 12, "repository": repository,
		"pull_request": map[string]any{
			"number": 12, "head": map[string]any{"ref": "claude/retry-upload", "sha": forkHead},
			"base": map[string]any{"ref": "main", "sha": "00000000000000000000000000000000000000aa"},
		},
	}), only("andon-collect", "--env", "GITHUB_RUN_ID="+strconv.FormatInt(id, 10))...)
	if first.failed {
		t.Fatal("the first stage failed")
	}
	check(t, first.outputs, map[string]string{"decision": "request_changes", "session-id": "octo-org/hello#12@b2b2b2b2b2b2"})
	if len(f.Requests) > 0 {
		t.Error("the first stage has asked the forge")
	}
	f.AddArtifact(id, first.outputs["artifact-name"], zipped(t, first.artifact(t)), nil)

	event := payload(t, map[string]any{"action": "completed", "workflow_run": run, "repository": repository})
	for range 2 {
		second := runEvent(t, dir, "workflow_run", event, asking(f, "andon-session")...)
		if second.failed {
			t.Fatal("the second stage failed")
		}
		check(t, second.outputs, map[string]string{
			"status": "success", "decision": "request_changes", "session-id": "octo-org/hello#12@b2b2b2b2b2b2", "pull-request": "12",
			"iterations": "1", "partial": "false", "input-tokens": "650", "secrets": "0", "bundle": "", "artifact-name": "", "overrides": "3", "agreements": "0",
		})
		posted(t, f, second)
	}
}

// posted looks at the one comment and the one check run.
func posted(t *testing.T, f *fake.Forge, o outcome) {
	t.Helper()
	if len(f.Posts) != 1 || len(f.Checks) != 1 {
		t.Fatalf("%d comments, %d check runs", len(f.Posts), len(f.Checks))
	}
	body := f.Posts[0]["body"].(string)
	for _, want := range []string{"<!-- andon:session -->", "request_changes", "b2b2b2b"} {
		if !strings.Contains(body, want) {
			t.Errorf("the comment has no %q:\n%s", want, body)
		}
	}
	if c := f.Checks[0]; c["head_sha"] != forkHead || c["name"] != "Andon session" || c["status"] != "completed" || c["conclusion"] == "failure" {
		t.Errorf("the check run is %v", c)
	}
	if !strings.Contains(o.summary(), "request_changes") {
		t.Errorf("the summary is\n%s", o.summary())
	}
	if strings.Contains(o.text(), token) {
		t.Error("the log holds the token")
	}
}

// TestStageOfAPush has nothing to say: the run was no pull request's.
func TestStageOfAPush(t *testing.T) {
	f, run := fork(t)
	run["event"] = "push"
	o := runEvent(t, initialised(t), "workflow_run", payload(t, map[string]any{"workflow_run": run}), asking(f, "andon-session")...)
	if o.failed || o.outputs != nil || len(f.Requests) > 0 {
		t.Errorf("failed: %v; outputs %v; %d requests", o.failed, o.outputs, len(f.Requests))
	}
}

// TestStageRefused may not write: the job says so, and which permission it takes.
func TestStageRefused(t *testing.T) {
	f, run := fork(t)
	f.Fail(fake.Fault{Path: "/comments", Reply: fake.Status(403, "Resource not accessible by integration", "X-Accepted-GitHub-Permissions", "pull_requests=write")})
	o := runEvent(t, initialised(t), "workflow_run", payload(t, map[string]any{"workflow_run": run, "repository": map[string]any{"full_name": f.Repository}}), asking(f, "andon-session")...)
	if !o.failed || !strings.Contains(o.text(), "pull_requests: write") && !strings.Contains(o.text(), "pull-requests: write") {
		t.Errorf("failed: %v", o.failed)
	}
	check(t, o.outputs, map[string]string{"pull-request": "12"})
}

// TestOverridesOfEvent finds an override in the event alone.
func TestOverridesOfEvent(t *testing.T) {
	o := runEvent(t, initialised(t), "pull_request_review", payload(t, map[string]any{
		"action": "dismissed", "sender": map[string]any{"login": "mona", "type": "User"},
		"number": 12, "repository": map[string]any{"id": 1, "full_name": "octo-org/hello"},
		"pull_request": map[string]any{
			"number": 12, "user": map[string]any{"login": "bob", "type": "User"}, "updated_at": "2026-11-20T09:20:00Z",
			"head": map[string]any{"ref": "fix", "sha": forkHead}, "base": map[string]any{"ref": "main"},
		},
		"review": map[string]any{
			"id": 237895671, "state": "dismissed", "user": map[string]any{"login": "claude[bot]", "type": "Bot"},
			"submitted_at": "2026-11-20T09:10:00Z", "commit_id": forkHead,
		},
	}), only("andon-overrides")...)
	if o.failed {
		t.Error("the job failed")
	}
	check(t, o.outputs, map[string]string{"overrides": "1", "agreements": "0", "partial": "false", "decision": ""})
	if !strings.Contains(o.summary(), "review_dismissed") {
		t.Errorf("the summary is\n%s", o.summary())
	}
	if !strings.HasPrefix(o.upload["name"], "overrides-") || o.upload["name"] != o.outputs["artifact-name"] || o.upload["path"] != o.outputs["records"] {
		t.Errorf("uploaded was %v", o.upload)
	}
	records := readFile(t, filepath.Join(o.dir, "artifacts", o.upload["name"]))
	if strings.Count(records, "\n") != 1 || !strings.Contains(records, `"signal":"review_dismissed"`) {
		t.Errorf("the records are\n%s", records)
	}
}

// TestOverridesSweep reads the histories from the forge.
func TestOverridesSweep(t *testing.T) {
	f := fake.New(t)
	f.Token = token
	f.Load("overruled")
	o := runEvent(t, initialised(t), "workflow_dispatch", payload(t, map[string]any{
		"inputs": map[string]any{"since": "2026-11-01"}, "repository": map[string]any{"full_name": "octo-org/hello"},
	}), asking(f, "andon-sweep")...)
	if o.failed {
		t.Error("the job failed")
	}
	check(t, o.outputs, map[string]string{"overrides": "8", "partial": "false"})
	if o.upload == nil {
		t.Error("the records were not uploaded")
	}
}

// TestReportStage adds a workflow run's bundle to the history on its branch, and
// reports from it: a calm week opens no issue, the job summary has the report.
func TestReportStage(t *testing.T) {
	dir := initialised(t)
	f := fake.New(t)
	f.Token = token
	run := f.AddRun(forkHead, time.Now().Add(-time.Hour), nil)
	f.AddArtifact(run, "andon-1-1-agent-0", bundled(t, dir), nil)
	o := runEvent(t, dir, "schedule", payload(t, map[string]any{"repository": map[string]any{"full_name": f.Repository, "default_branch": "main"}}), asking(f, "andon-report")...)
	if o.failed {
		t.Fatalf("the job failed:\n%s", o.text())
	}
	if files := f.Branch("andon/history"); len(files) == 0 {
		t.Error("the branch has no history")
	}
	if !strings.Contains(o.summary(), "2 runs seen") {
		t.Errorf("the summary is\n%s", o.summary())
	}
	if len(f.Issues) != 0 {
		t.Errorf("%d issues", len(f.Issues))
	}
	if strings.Contains(o.text(), token) {
		t.Error("the log holds the token")
	}
}

// bundled returns the zip file of a bundle of the traces in a repository.
func bundled(t *testing.T, dir string) []byte {
	t.Helper()
	out := t.TempDir() + "/bundle"
	var messages bytes.Buffer
	env := cli.Env{Stdout: &messages, Stderr: &messages, Getenv: func(string) string { return "" }, Now: time.Now}
	if code := cli.Main(t.Context(), env, []string{"collect", "--out", out, "--repository", "octo-org/hello", "--pr", "12", "--sha", forkHead, dir + "/andon-traces"}); code != 0 {
		t.Fatalf("collect: %d\n%s", code, &messages)
	}
	files := map[string]string{}
	err := filepath.WalkDir(out, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			name, _ := filepath.Rel(out, path)
			files[filepath.ToSlash(name)] = readFile(t, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return zipped(t, files)
}
