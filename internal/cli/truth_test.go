package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

// transcripts is where recordings of the real CLIs lie, with the figures that
// the model server counted while they were made.
const transcripts = "../../../shared/transcripts"

// truth is one row of TRUTH.tsv.
type truth map[string]string

func truths(t *testing.T) []truth {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(transcripts, "TRUTH.tsv"))
	if err != nil {
		t.Skipf("the recorded transcripts are not here: put them at %s to run this test", transcripts)
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	names := strings.Split(lines[0], "\t")
	var out []truth
	for _, line := range lines[1:] {
		row := truth{}
		for i, v := range strings.Split(line, "\t") {
			row[names[i]] = v
		}
		out = append(out, row)
	}
	return out
}

// collected runs the command itself on a folder.
func collected(t *testing.T, path string) *session.Report {
	t.Helper()
	out, stderr, code := runMain(t, nil, "collect", "--format", "json", "--quiet", path)
	if code != 0 {
		t.Fatalf("collect %s: exit %d\n%s", path, code, stderr)
	}
	var r session.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	return &r
}

func runMain(t *testing.T, env map[string]string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs strings.Builder
	e := Env{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Getenv: func(k string) string { return env[k] }}
	code = Main(t.Context(), e, args)
	return out.String(), errs.String(), code
}

// figures adds up a report under the names of TRUTH.tsv's columns.
func figures(r *session.Report) map[string]trace.Count {
	sum := map[string]trace.Count{}
	for _, s := range r.Sessions {
		for _, run := range s.Runs {
			for name, c := range map[string]trace.Count{
				"input_tokens":          run.Usage.Input,
				"cache_read_tokens":     run.Usage.CacheRead,
				"cache_write_5m_tokens": run.Usage.CacheWrite5m,
				"cache_write_1h_tokens": run.Usage.CacheWrite1h,
				"output_tokens":         run.Usage.Output,
				"reasoning_tokens":      run.Usage.Reasoning,
				"llm_calls":             run.LLMCalls,
				"llm_errors":            run.LLMErrors,
				"tool_calls":            run.ToolCalls,
				// the best figure for tool errors, see the recordings' README
				"tool_calls_meant_to_fail": run.ToolErrors,
				"subagents":                run.Subagents,
			} {
				sum[name] = sum[name].Add(c)
			}
		}
	}
	return sum
}

func TestTruth(t *testing.T) {
	for _, want := range truths(t) {
		t.Run(want["transcript"], func(t *testing.T) {
			t.Parallel()
			r := collected(t, filepath.Join(transcripts, want["transcript"]))
			for name, got := range figures(r) {
				if unknowable(want, name) {
					continue
				}
				if n, _ := strconv.ParseInt(want[name], 10, 64); n != got.N() {
					t.Errorf("%s: got %v, the server counted %d", name, got, n)
				}
			}
			checkOutcome(t, r, want)
			if n := credentials(r); strconv.Itoa(n) != want["planted_credentials"] && !(n == 4 && want["cli"] == "copilot") { // which masks one itself
				t.Errorf("credentials: got %d, want %s", n, want["planted_credentials"])
			}
		})
	}
}

// unknowable reports whether the files of a recording do not hold a figure that
// the server counted.
func unknowable(row truth, name string) bool {
	switch row["transcript"] {
	case "opencode-1.18.33/api-retry": // writes nothing of the requests that it made again
		return name == "llm_errors"
	case "opencode-1.18.33/kill-in-tool": // killed before the usage of the last response was written
		return name != "tool_calls" && name != "tool_calls_meant_to_fail"
	case "gemini-0.61.0/tool-errors": // one of the three is a command that took long and succeeded
		return name == "tool_calls_meant_to_fail"
	}
	return row["cli"] == "claude" && name == "reasoning_tokens" // it writes 0 also where it thought
}

func checkOutcome(t *testing.T, r *session.Report, want truth) {
	t.Helper()
	status, decision := "", "-"
	var models []string
	for _, s := range r.Sessions {
		for _, run := range s.Runs {
			status = string(run.Status)
			models = append(models, run.Models...)
			if run.Decision != nil {
				decision = string(run.Decision.Kind)
			}
		}
	}
	if !slices.Contains(strings.Split(want["status"], "|"), status) {
		t.Errorf("status: got %q, want %q", status, want["status"])
	}
	if decision != want["decision"] {
		t.Errorf("decision: got %q, want %q", decision, want["decision"])
	}
	if got := strings.Join(slices.Compact(models), ","); got != want["models"] {
		t.Errorf("models: got %q, want %q", got, want["models"])
	}
}

// credentials counts the distinct credentials that a report names.
func credentials(r *session.Report) int {
	seen := map[string]bool{}
	add := func(fs []finding.Finding) {
		for _, f := range fs {
			if strings.HasPrefix(f.Rule, "secret/") && f.Severity == finding.Error {
				seen[f.Fingerprint] = true
			}
		}
	}
	add(r.Findings)
	for _, s := range r.Sessions {
		add(s.Findings)
		for _, run := range s.Runs {
			add(run.Findings)
		}
	}
	return len(seen)
}

// TestThirdParty reads transcripts from public repositories. Nothing is wrong
// with them, so that nothing may be found wrong.
func TestThirdParty(t *testing.T) {
	root := filepath.Join(transcripts, "third-party")
	kinds, err := os.ReadDir(root)
	if err != nil {
		t.Skipf("the recorded transcripts are not here: put them at %s to run this test", transcripts)
	}
	for _, kind := range kinds {
		if !kind.IsDir() {
			continue
		}
		files, err := filepath.Glob(filepath.Join(root, kind.Name(), "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, ".md") {
				continue
			}
			t.Run(kind.Name()+"/"+filepath.Base(file), func(t *testing.T) {
				r := collected(t, file)
				if r.Coverage.Runs == 0 {
					t.Error("no run was recognised")
				}
				for _, f := range allFindings(r) {
					if f.Rule == "price/mismatch" && kind.Name() == "pi-stream" {
						continue // the costs in it were made up
					}
					if strings.HasPrefix(f.Rule, "failure/") {
						continue // of the run, not of the file: TestFailureModes knows them
					}
					if f.Severity != finding.Info {
						t.Errorf("%s: %s [%s]", f.Place(), f.Message, f.Rule)
					}
				}
			})
		}
	}
}

func allFindings(r *session.Report) []finding.Finding {
	out := slices.Clone(r.Findings)
	for _, s := range r.Sessions {
		for _, run := range s.Runs {
			out = append(out, run.Findings...)
		}
	}
	return out
}
