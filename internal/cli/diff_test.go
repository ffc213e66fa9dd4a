package cli

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/report"
	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
	"github.com/andon-ci/andon/internal/validate"
)

// TestDiffIsValid compares every transcript with its neighbour and holds what is
// printed to its schema.
func TestDiffIsValid(t *testing.T) {
	v, err := validate.New()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(examples, "*", "*.json*"))
	if err != nil {
		t.Fatal(err)
	}
	var before string
	compared := 0
	for _, file := range files {
		if strings.HasSuffix(file, ".golden") {
			continue
		}
		args := []string{"diff", "--format", "json", before, file}
		before = file
		if args[3] == "" {
			continue
		}
		stdout, stderr, code := runMain(t, nil, args...)
		switch code {
		case exitClean:
			compared++
			for _, f := range v.Document("diff", []byte(stdout), "diff") {
				t.Errorf("%v: %s: %s", args, f.Pointer, f.Message)
			}
		case exitUsage, exitFailure: // several runs or none, which is said
			if !strings.Contains(stderr, "hint: ") {
				t.Errorf("%v: %s", args, stderr)
			}
		default:
			t.Errorf("%v: exit %d: %s", args, code, stderr)
		}
	}
	if compared < 20 {
		t.Errorf("only %d pairs were compared", compared)
	}
}

// A report from elsewhere may hold a credential that it was not scanned for.
func TestDiffLeaksNothing(t *testing.T) {
	trace := leaky(t)
	raw := new(bytes.Buffer)
	if err := report.JSON(raw, leakyReport()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(raw.String(), planted) {
		t.Fatal("the test has nothing to leak")
	}
	written := write(t, t.TempDir(), "report.json", raw.Bytes())
	for _, args := range [][]string{
		{trace, trace}, {written, written}, {trace, written}, {"--run", "nosuch", written, trace}, {"--run", "nosuch", trace, written},
		{"--session", planted, written, trace},
	} {
		for _, format := range []string{"text", "markdown", "json"} {
			stdout, stderr, code := runMain(t, nil, append([]string{"diff", "--format", format}, args...)...)
			if strings.Contains(stdout+stderr, planted[:20]) && args[1] != planted {
				t.Errorf("%v: the credential is printed:\n%s%s", args, stdout, stderr)
			}
			if wrong := args[0] == "--run" || args[0] == "--session"; wrong != (code == exitUsage) {
				t.Errorf("%v: exit %d\n%s", args, code, stderr)
			}
		}
	}
}

func leakyReport() *session.Report {
	r := &session.Run{
		ID: "run " + planted, Agent: trace.Agent{Name: planted}, Models: []string{planted}, Status: trace.Success,
		Tools: map[string]session.ToolStat{planted: {Calls: 1}}, Changes: &session.Changes{Files: []session.FileChange{{Path: planted, Edits: 1}}},
	}
	return &session.Report{Schema: session.Schema, Sessions: []*session.Session{{ID: "run:" + planted, Runs: []*session.Run{r}}}}
}

// What stands in a report is compared as it stands, also where nobody could
// have measured it.
func TestDiffOfNonsense(t *testing.T) {
	for _, raw := range []string{
		`{"schema":"andon.session/v1","sessions":[{"id":"","runs":[{}]}]}`,
		`{"schema":"andon.session/v1","sessions":[{"id":"a","runs":[]}]}`,
		`{"schema":"andon.session/v1","sessions":[{"id":"a","runs":[{"cost":{"usd":-1e308},"tools":{"":{"calls":-9223372036854775808,"errors":9}},"tool_calls":9223372036854775807}]}]}`,
		`{"schema":"andon.session/v1","sessions":[{"id":"a","cost":{"usd":1.7e308,"partial":true},"runs":[{"context":{"share":-1e300},"duration_ms":9223372036854775807,"start":"0001-01-01T00:00:00Z","end":"9999-12-31T23:59:59Z"}]}]}`,
	} {
		file := write(t, t.TempDir(), "report.json", []byte(raw))
		for _, format := range []string{"text", "markdown", "json"} {
			stdout, stderr, code := runMain(t, nil, "diff", "--format", format, file, "../../testdata/diff/after.jsonl")
			if code != exitClean || stdout == "" || format == "json" && !json.Valid([]byte(stdout)) {
				t.Errorf("%s: exit %d: %s", raw, code, stderr)
			}
		}
	}
}
