package cli

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/andon-ci/andon/emit"
	"github.com/andon-ci/andon/schemas"
)

// definition is what the test needs of a JSON Schema.
type definition struct {
	Ref        string                 `json:"$ref"`
	Type       any                    `json:"type"`
	Required   []string               `json:"required"`
	Properties map[string]*definition `json:"properties"`
	Items      *definition            `json:"items"`
	Defs       map[string]*definition `json:"$defs"`
}

// leaves adds the paths of what is no object to out, and whether it is required.
func (s *definition) leaves(root *definition, path string, needed bool, out map[string]bool) {
	if name, ok := strings.CutPrefix(s.Ref, "#/$defs/"); ok {
		s = root.Defs[name]
	}
	if s.Type != "object" {
		out[path] = needed
		return
	}
	for name, p := range s.Properties {
		at := strings.TrimPrefix(path+"."+name, ".")
		p.leaves(root, at, (needed || path == "") && slices.Contains(s.Required, name), out)
	}
}

// TestEmitKnowsTheSchema holds the flags of each type of record equal to the
// fields that the schema gives it.
func TestEmitKnowsTheSchema(t *testing.T) {
	raw, err := schemas.Get("trace")
	if err != nil {
		t.Fatal(err)
	}
	var root definition
	if err := json.Unmarshal(raw, &root); err != nil {
		t.Fatal(err)
	}
	elsewhere := []string{
		"type", "agent.instructions.path", "agent.instructions.sha256", // TYPE, --instructions
		"context.subject.kind", "context.branch", "context.workflow_run.id", "context.workflow_run.attempt", "context.workflow_run.job",
	}
	filledIn := []string{"run_id", "span_id", "time", "end"}
	for _, typ := range emit.Types() {
		want := map[string]bool{}
		root.Defs[typ].leaves(&root, "", false, want)
		for _, path := range elsewhere {
			delete(want, path)
		}
		for _, path := range filledIn {
			if want[path] {
				want[path] = false
			}
		}
		if typ == "llm.call" || typ == "tool.call" {
			want["start"], want["duration_ms"] = false, false
		}
		got := map[string]bool{}
		for _, f := range emitFields() {
			if f.of(typ) && f.path != "" {
				got[f.path] = f.needed(typ)
			}
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s: the flags set %v, the schema has %v", typ, got, want)
		}
	}
}

func TestEmitFlagsAreTold(t *testing.T) {
	help := emitHelp()
	seen := map[string]bool{}
	for _, f := range emitFields() {
		if seen[f.flag] || strings.Count(f.help, "`") > 2 {
			t.Errorf("--%s stands twice, or its help names two values", f.flag)
		}
		seen[f.flag] = true
		if !strings.Contains(help, "--"+f.flag) {
			t.Errorf("the help does not say which type takes --%s", f.flag)
		}
	}
}

// TestEmitWithoutAClock holds that an Env without a clock, and one without
// anything to read, do no harm.
func TestEmitWithoutAClock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.jsonl")
	var out, errs bytes.Buffer
	env := Env{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Getenv: func(string) string { return "" }}
	args := []string{"emit", "tool.call", "--file", path, "--run-id", "r", "--tool", "t", "--duration-ms", "5"}
	if code := Main(t.Context(), env, args); code != exitClean {
		t.Fatalf("exit %d: %s", code, errs.String())
	}
	if code := Main(t.Context(), env, append(args, "--json", "-")); code != exitUsage {
		t.Errorf("empty stdin: exit %d", code)
	}
	if raw, err := os.ReadFile(path); err != nil || bytes.Count(raw, []byte("\n")) != 1 {
		t.Errorf("got %v, %s", err, raw)
	}
}

// TestEmitQuotesNoCredential gives every flag a credential: neither the trace
// nor any output may hold it.
func TestEmitQuotesNoCredential(t *testing.T) {
	token := "ghp_" + strings.Repeat("aB3x", 9)
	path := filepath.Join(t.TempDir(), "t.jsonl")
	for _, typ := range emit.Types() {
		for _, f := range emitFields() {
			if f.flag == "instructions" || !f.of(typ) {
				continue // names a file, and the error of a file names it
			}
			var out bytes.Buffer
			env := Env{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out, Getenv: func(string) string { return "" }}
			args := []string{"emit", typ, "--file", path}
			for _, n := range emitFields() {
				if n.needed(typ) && n.flag != f.flag {
					args = append(args, "--"+n.flag, valueFor(n.flag))
				}
			}
			code := Main(t.Context(), env, append(args, "--"+f.flag+"="+token))
			if code != exitGate && code != exitUsage {
				t.Errorf("%s --%s: exit %d", typ, f.flag, code)
			}
			if strings.Contains(out.String(), token) {
				t.Errorf("%s --%s: quoted in %s", typ, f.flag, out.String())
			}
		}
	}
	if raw, err := os.ReadFile(path); err == nil {
		t.Errorf("something was written: %s", raw)
	}
}

func valueFor(flag string) string {
	switch flag {
	case "status":
		return "success"
	case "kind":
		return "approve"
	case "start":
		return "2026-11-20T09:30:00Z"
	}
	return "x"
}
