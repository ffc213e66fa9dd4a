package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

const (
	root   = "../.."
	rig    = root + "/testdata/action"
	actPin = "github.com/nektos/act@v0.2.89"
)

// entry is a line of act's log.
type entry struct {
	Level   string   `json:"level"`
	Msg     string   `json:"msg"`
	Raw     bool     `json:"raw_output"`
	Command string   `json:"command"`
	Content string   `json:"content"` // of the command summary
	StepID  []string `json:"stepID"`
}

// outcome is what is left of a job.
type outcome struct {
	failed  bool
	log     []entry
	outputs map[string]string
	upload  map[string]string // what the upload was asked for
	dir     string            // where the job wrote for the test
}

// act returns the runner of workflows, which stands in for GitHub.
func act(t *testing.T) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("act runs no jobs on a Windows host")
	}
	if path := os.Getenv("ANDON_ACT"); path != "" {
		return path
	}
	path, err := exec.LookPath("act")
	if err != nil {
		t.Skip("act is not in the PATH; to run this test: go install " + actPin)
	}
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not in the PATH")
	}
	return path
}

// runJob runs one job of the rig's workflow in a new repository with the given
// traces, on a pull request.
func runJob(t *testing.T, job string, traces map[string]string) outcome {
	t.Helper()
	return runEvent(t, repository(t, traces), "pull_request", abs(t, rig+"/pull_request.json"), "-j", job, "--env", "GITHUB_RUN_ID=777")
}

// runEvent runs the workflows of a repository on an event. Nothing is fetched:
// the action is this repository, and a stand-in takes the upload.
func runEvent(t *testing.T, repo, event, payload string, more ...string) outcome {
	t.Helper()
	bin := act(t)
	out := outcome{dir: t.TempDir()}
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(bin, append([]string{event, "-P", "ubuntu-latest=-self-hosted", "--json",
		"--eventpath", payload, "--no-cache-server", "--action-offline-mode", "--pull=false",
		"--local-repository", "andon-ci/andon@v0=" + abs(t, root),
		"--local-repository", uploader(t) + "=" + abs(t, rig+"/upload-artifact"),
		"--env", "ANDON_TEST_OUT=" + out.dir}, more...)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = repo, &stdout, &stderr
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=readonly")
	out.failed = cmd.Run() != nil
	for dec := json.NewDecoder(&stdout); dec.More(); {
		var e entry
		if err := dec.Decode(&e); err != nil {
			t.Fatalf("act: %v\n%s", err, stderr.String())
		}
		out.log = append(out.log, e)
	}
	out.outputs, out.upload = readMap(t, out.dir+"/outputs.json"), readMap(t, out.dir+"/upload.json")
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("log of %s %q:\n%s%s", event, more, out.text(), stderr.String())
		}
	})
	return out
}

func abs(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// repository makes a git repository with the rig's workflow and some traces.
func repository(t *testing.T, traces map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir+"/.github/workflows/agents.yml", readFile(t, rig+"/workflow.yml"))
	for name, text := range traces {
		write(t, filepath.Join(dir, "traces", name), text)
	}
	commit(t, dir, "octo/calc")
	return dir
}

// commit makes a git repository of a folder, whose origin is on GitHub.
func commit(t *testing.T, dir, name string) {
	t.Helper()
	for _, args := range [][]string{
		{"init", "-q"}, {"remote", "add", "origin", "https://github.com/" + name + ".git"}, {"add", "."},
		{"-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false", "commit", "-q", "-m", "traces"},
	} {
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		if msg, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", args[0], err, msg)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// uploader returns the upload action with its commit, as action.yml pins it.
func uploader(t *testing.T) string {
	t.Helper()
	pin := regexp.MustCompile(`actions/upload-artifact@[0-9a-f]{40}`).FindString(readFile(t, root+"/action.yml"))
	if pin == "" {
		t.Fatal("action.yml does not pin actions/upload-artifact")
	}
	return pin
}

func readMap(t *testing.T, path string) map[string]string {
	t.Helper()
	b, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil
	}
	m := map[string]string{}
	if err == nil {
		err = json.Unmarshal(b, &m)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// text is what the steps wrote to the log.
func (o outcome) text() string {
	var b strings.Builder
	for _, e := range o.log {
		if e.Raw || e.Command != "" && e.Command != "summary" {
			b.WriteString(strings.TrimSuffix(e.Msg, "\n") + "\n")
		}
	}
	return b.String()
}

// summary returns the job summary. The log has it once for each step inside
// the action, and again for the action itself.
func (o outcome) summary() string {
	for _, e := range o.log {
		if e.Command == "summary" {
			return e.Content
		}
	}
	return ""
}

// artifact returns the files of the uploaded bundle, by name.
func (o outcome) artifact(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	bundle := filepath.Join(o.dir, "artifacts", o.outputs["artifact-name"])
	err := filepath.WalkDir(bundle, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			name, _ := filepath.Rel(bundle, path)
			files[filepath.ToSlash(name)] = readFile(t, path)
		}
		return err
	})
	if err != nil {
		t.Errorf("the bundle was not uploaded: %v", err)
	}
	return files
}

// twoAgents are the traces of a reviewer and of a tester, the second with what
// is given among the output of a tool.
func twoAgents(t *testing.T, output string) map[string]string {
	t.Helper()
	tester := readFile(t, rig+"/traces/tester.jsonl")
	if !strings.Contains(tester, "@OUTPUT@") {
		t.Fatal("tester.jsonl has no place for the output")
	}
	return map[string]string{
		"reviewer.jsonl": readFile(t, rig+"/traces/reviewer.jsonl"),
		"tester.jsonl":   strings.Replace(tester, "@OUTPUT@", output, 1),
	}
}

// planted is a credential. It is put together here, so that no scanner finds
// one in the repository.
func planted() string { return "ghp" + "_" + "x7Kq2mWz9RtB4vNcY8sLpD3fHjG6aE1uQo5T" }

func check(t *testing.T, got map[string]string, want map[string]string) {
	t.Helper()
	for k, v := range want {
		if got[k] != v {
			t.Errorf("%s: got %q, want %q", k, got[k], v)
		}
	}
}
