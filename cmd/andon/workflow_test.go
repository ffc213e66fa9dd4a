package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// step is what a workflow and a composite action share.
type step struct {
	Name string            `yaml:"name"`
	Uses string            `yaml:"uses"`
	Run  string            `yaml:"run"`
	With map[string]string `yaml:"with"`
}

type workflow struct {
	On          yaml.Node          `yaml:"on"`
	Permissions *map[string]string `yaml:"permissions"`
	Jobs        map[string]struct {
		Permissions *map[string]string `yaml:"permissions"`
		Steps       []step             `yaml:"steps"`
	} `yaml:"jobs"`
}

type manifest struct {
	Inputs  map[string]struct{ Description string } `yaml:"inputs"`
	Outputs map[string]struct{ Value string }       `yaml:"outputs"`
	Runs    struct{ Steps []step }                  `yaml:"runs"`
}

func parseYAML[T any](t *testing.T, path string) T {
	t.Helper()
	var v T
	if err := yaml.Unmarshal([]byte(readFile(t, path)), &v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return v
}

func workflows(t *testing.T) map[string]workflow {
	t.Helper()
	out := map[string]workflow{}
	for _, f := range workflowFiles(t) {
		out[filepath.Base(f)] = parseYAML[workflow](t, f)
	}
	return out
}

// workflowFiles returns the workflows of this repository and, in a folder that
// GitHub does not look into, those that init writes into others.
func workflowFiles(t *testing.T) []string {
	t.Helper()
	own, err := filepath.Glob(root + "/.github/workflows/*.yml")
	if err != nil || len(own) == 0 {
		t.Fatalf("no workflows: %v", err)
	}
	ready, err := filepath.Glob(root + "/.github/workflows/examples/*.yml")
	if err != nil || len(ready) == 0 {
		t.Fatalf("no ready workflows: %v", err)
	}
	return append(own, ready...)
}

var pinned = regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40}$`)

// checkSteps holds steps to what keeps foreign text out of scripts and foreign
// code at the version that was read.
func checkSteps(t *testing.T, where string, steps []step) {
	t.Helper()
	for _, s := range steps {
		if strings.Contains(s.Run, "${{") {
			t.Errorf("%s: an expression stands in a script; pass it through env: %.60s", where, s.Run)
		}
		if s.Uses != "" && s.Uses != "./" && s.Uses != "andon-ci/andon@v0" && !pinned.MatchString(s.Uses) {
			t.Errorf("%s: %s is not pinned by commit", where, s.Uses)
		}
		if strings.HasPrefix(s.Uses, "actions/checkout@") && s.With["persist-credentials"] != "false" {
			t.Errorf("%s: the checkout leaves its credentials behind", where)
		}
	}
}

func TestWorkflows(t *testing.T) {
	for name, w := range workflows(t) {
		if w.Permissions == nil || len(*w.Permissions) != 0 {
			t.Errorf("%s: permissions are not {} at the top", name)
		}
		for job, j := range w.Jobs {
			if j.Permissions == nil {
				t.Errorf("%s: the job %s does not name its permissions", name, job)
			}
			checkSteps(t, name, j.Steps)
		}
	}
}

// What runs with a token that writes does not touch what a pull request brings.
func TestPrivileged(t *testing.T) {
	privileged := 0
	for name, w := range workflows(t) {
		var on string
		for _, n := range append(w.On.Content, &w.On) {
			on += n.Value + " "
		}
		if strings.Contains(on, "pull_request_target") {
			t.Errorf("%s: runs on pull_request_target", name)
		}
		for job, j := range w.Jobs {
			writes := strings.Contains(fmt.Sprint(*j.Permissions), ":write")
			if writes && regexp.MustCompile(`\b(pull_request|pull_request_review|issue_comment)\b`).MatchString(on) {
				t.Errorf("%s: the job %s may write on a pull request's event", name, job)
			}
			if !strings.Contains(on, "workflow_run") {
				continue
			}
			privileged++
			for _, s := range j.Steps {
				if s.Run != "" || s.With["ref"] != "" || s.With["repository"] != "" || s.With["path"] != "" {
					t.Errorf("%s: the job %s takes more than the default branch, or runs a script: %+v", name, job, s)
				}
			}
		}
	}
	if privileged != 1 {
		t.Errorf("%d privileged jobs", privileged)
	}
}

// A pin's comment names the version, and each action has one pin everywhere.
func TestPinComments(t *testing.T) {
	version := map[string]string{}
	uses := regexp.MustCompile(`uses: (\S+)@(\S+)(?: # (v\d+\.\d+\.\d+))?`)
	for _, f := range append(workflowFiles(t), root+"/action.yml", rig+"/workflow.yml") {
		for _, m := range uses.FindAllStringSubmatch(readFile(t, f), -1) {
			if m[1] == "andon-ci/andon" {
				continue
			}
			pin := m[2] + " # " + m[3]
			if m[3] == "" || version[m[1]] != "" && version[m[1]] != pin {
				t.Errorf("%s: %s has no version in a comment, or another pin elsewhere; the ready workflows are written from internal/cli/workflows", f, m[1])
			}
			version[m[1]] = pin
		}
	}
	if len(version) == 0 {
		t.Error("nothing is pinned")
	}
}

func TestActionManifest(t *testing.T) {
	m := parseYAML[manifest](t, root+"/action.yml")
	checkSteps(t, "action.yml", m.Runs.Steps)
	want := []string{
		"agent", "check", "command", "comment", "config", "content", "cursor", "export-content", "fail-on", "forks", "history", "incident", "install", "instructions", "link", "on-export-error", "on-secret", "otlp-endpoint", "owner",
		"period", "pii", "post", "pr", "quiet-when-calm", "repos", "retention-days", "secrets", "since", "summary", "token", "trace-ids", "traces", "upload", "version",
	}
	text, doc := readFile(t, root+"/action.yml"), readFile(t, root+"/docs/action.md")
	var inputs []string
	for name, in := range m.Inputs {
		inputs = append(inputs, name)
		if in.Description == "" || !strings.Contains(text, "${{ inputs."+name) {
			t.Errorf("the input %s is not described, or not used", name)
		}
		if !strings.Contains(doc, "| `"+name+"` |") {
			t.Errorf("docs/action.md does not list the input %s", name)
		}
	}
	slices.Sort(inputs)
	if !slices.Equal(inputs, want) {
		t.Errorf("inputs %q, want %q", inputs, want)
	}
	for name, out := range m.Outputs {
		if !strings.Contains(out.Value, ".outputs."+name) {
			t.Errorf("the output %s is of %s", name, out.Value)
		}
		if !strings.Contains(doc, "| `"+name+"` |") {
			t.Errorf("docs/action.md does not list the output %s", name)
		}
	}
	for section, known := range map[string]func(string) bool{
		"Inputs":  func(n string) bool { _, is := m.Inputs[n]; return is },
		"Outputs": func(n string) bool { _, is := m.Outputs[n]; return is },
	} {
		_, text, _ := strings.Cut(doc, "\n## "+section+"\n")
		text, _, _ = strings.Cut(text, "\n## ")
		rows := regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\|").FindAllStringSubmatch(text, -1)
		for _, row := range rows {
			if !known(row[1]) {
				t.Errorf("docs/action.md lists under %s what is none: %s", section, row[1])
			}
		}
		if len(rows) < 10 {
			t.Errorf("docs/action.md has %d rows under %s", len(rows), section)
		}
	}
	if len(m.Outputs) != 23 {
		t.Errorf("%d outputs", len(m.Outputs))
	}
}

var yamlBlock = regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$")

// TestExamples checks every workflow of the documentation as actionlint would
// if it were in use, with the inputs of this very action.
func TestExamples(t *testing.T) {
	lint, err := exec.LookPath("actionlint")
	if err != nil {
		t.Skip("actionlint is not in the PATH; to run this test: go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12")
	}
	docs, err := filepath.Glob(root + "/docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, dir+"/action.yml", readFile(t, root+"/action.yml"))
	write(t, dir+"/.git/HEAD", "ref: refs/heads/main\n") // without, actionlint looks for no local action
	var files []string
	for _, doc := range append(docs, root+"/README.md") {
		raw, err := os.ReadFile(doc)
		if err != nil {
			continue // TestReadme looks for it
		}
		for i, m := range yamlBlock.FindAllSubmatch(raw, -1) {
			if regexp.MustCompile(`(?m)^on:`).Match(m[1]) {
				file := fmt.Sprintf("%s/.github/workflows/%s.%d.yml", dir, filepath.Base(doc), i+1)
				write(t, file, localAction(string(m[1])))
				files = append(files, file)
			}
		}
	}
	ready, err := filepath.Glob(root + "/.github/workflows/examples/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range ready {
		file := dir + "/.github/workflows/" + filepath.Base(f)
		write(t, file, localAction(readFile(t, f)))
		files = append(files, file)
	}
	if len(files) < 7 {
		t.Fatalf("only %d examples found", len(files))
	}
	cmd := exec.Command(lint, append([]string{"-no-color"}, files...)...)
	cmd.Dir = dir
	if msg, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, msg)
	}
}

// localAction has an example use the action beside it, so that actionlint knows
// the inputs, and a commit in place of the word for it.
func localAction(example string) string {
	example = regexp.MustCompile(`andon-ci/andon@\S+`).ReplaceAllString(example, "./")
	return strings.ReplaceAll(example, "@<commit>", "@"+strings.Repeat("0", 40))
}
