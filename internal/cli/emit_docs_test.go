package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestDocumentedEmit runs every block of docs/emit.md as a reader would, and
// holds the trace that each leaves to the schema. The console blocks are for
// TestDocumentedCommands.
func TestDocumentedEmit(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("no sh here")
	}
	d := emitDoc{bin: t.TempDir()}
	goBuild(t, filepath.Join(d.bin, program("andon")), "./cmd/andon")
	ran := map[string]int{}
	for _, b := range blocks(t) {
		if filepath.Base(b.file) != "emit.md" || b.lang == "console" {
			continue
		}
		ran[b.lang]++
		t.Run(b.lang, func(t *testing.T) { d.run(t, b) })
	}
	for _, lang := range []string{"sh", "yaml", "python", "go"} {
		if ran[lang] == 0 {
			t.Errorf("no block of %s was found", lang)
		}
	}
}

func goBuild(t *testing.T, out string, args ...string) {
	t.Helper()
	build := exec.Command("go", append([]string{"build", "-o", out}, args...)...)
	build.Dir = repo
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
}

// program returns the file name of a program here.
func program(name string) string {
	if runtime.GOOS == "windows" {
		return name + ".exe"
	}
	return name
}

type emitDoc struct{ bin string }

func (d emitDoc) run(t *testing.T, b block) {
	work := t.TempDir()
	trace := filepath.Join(work, "andon-traces", "trace.andon.jsonl")
	env := []string{"ANDON_TRACE=" + trace}
	switch b.lang {
	case "sh":
		for _, name := range []string{"TODO", "found.txt"} { // what an example may find
			if err := os.WriteFile(filepath.Join(work, name), bytes.Repeat([]byte("TODO: this\n"), 200_000), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		d.exec(t, work, nil, "sh", "-eu", "-c", b.text)
	case "yaml":
		trace = filepath.Join(work, "andon", "trace.andon.jsonl")
		for _, step := range stepsOf(t, b.text) {
			d.exec(t, work, []string{"RUNNER_TEMP=" + work, "STATUS=success"}, "sh", "-eu", "-c", step)
		}
	case "python":
		if err := exec.Command("python3", "--version").Run(); err != nil {
			t.Skip("no python3 here: the example in Python was not run")
		}
		d.exec(t, work, env, "python3", "-c", b.text)
	case "go":
		d.exec(t, work, env, d.build(t, b.text))
	default:
		t.Fatalf("%s:%d: no test runs a block of %q", b.file, b.line, b.lang)
	}
	d.exec(t, work, nil, "andon", "validate", trace)
	out := d.exec(t, work, nil, "andon", "collect", trace)
	if !strings.Contains(out, "success") || strings.Contains(out, "incomplete") || b.lang == "sh" && strings.Contains(out, "✗") {
		t.Errorf("collect says\n%s", out)
	}
}

// stepsOf returns what the steps of a workflow run, but for the installation.
func stepsOf(t *testing.T, text string) []string {
	t.Helper()
	var w struct {
		Jobs map[string]struct {
			Steps []struct{ Run string }
		}
	}
	if err := yaml.Unmarshal([]byte(text), &w); err != nil {
		t.Fatal(err)
	}
	var steps []string
	for _, s := range w.Jobs["review"].Steps {
		if s.Run != "" && s.Run != "go install github.com/andon-ci/andon/cmd/andon@latest" {
			steps = append(steps, s.Run)
		}
	}
	if len(steps) == 0 {
		t.Fatal("the workflow has no step to run")
	}
	return steps
}

// build builds a program of this module that lies in no file of it.
func (d emitDoc) build(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	source, overlay := filepath.Join(dir, "main.go"), filepath.Join(dir, "overlay.json")
	place, err := filepath.Abs(filepath.Join(repo, "cmd", "documented", "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	list, err := json.Marshal(map[string]map[string]string{"Replace": {place: source}})
	if err != nil {
		t.Fatal(err)
	}
	for path, content := range map[string]string{source: text, overlay: string(list)} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out := filepath.Join(dir, program("documented"))
	goBuild(t, out, "-overlay", overlay, "./cmd/documented")
	return out
}

func (d emitDoc) exec(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	if name == "andon" {
		name = filepath.Join(d.bin, program("andon"))
	}
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(withoutActions(os.Environ()), "PATH="+d.bin+string(os.PathListSeparator)+os.Getenv("PATH"), "RUNNER_TEMP=")
	cmd.Env = append(cmd.Env, env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}
