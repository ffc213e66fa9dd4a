package cli

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

// runAt is runMain with a clock that stands still.
func runAt(t *testing.T, env map[string]string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs strings.Builder
	e := Env{
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Getenv: func(k string) string { return env[k] },
		Now: func() time.Time { return time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC) },
	}
	code = Main(t.Context(), e, args)
	return out.String(), errs.String(), code
}

// recordings returns the folders of transcripts, those that lie beside the
// repository too.
func recordings(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, pattern := range []string{"../../testdata/transcripts/*", transcripts + "/*-*/*", transcripts + "/third-party/*"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, dir := range found {
			if info, err := os.Stat(dir); err == nil && info.IsDir() {
				out = append(out, dir)
			}
		}
	}
	return out
}

// TestRoundTrip holds that what is exported is collected again as the same runs.
func TestRoundTrip(t *testing.T) {
	for _, dir := range recordings(t) {
		t.Run(strings.TrimPrefix(filepath.ToSlash(dir), "../../"), func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "out.jsonl")
			if _, stderr, code := runAt(t, nil, "export", "--quiet", "--otlp-file", file, dir); code != 0 {
				t.Fatalf("export: exit %d\n%s", code, stderr)
			}
			want := collected(t, dir)
			if len(want.Sessions) == 0 {
				return
			}
			got := collected(t, file)
			compareReports(t, got, want)
		})
	}
}

func compareReports(t *testing.T, got, want *session.Report) {
	t.Helper()
	if len(got.Sessions) != len(want.Sessions) {
		t.Fatalf("%d sessions, want %d", len(got.Sessions), len(want.Sessions))
	}
	for i, w := range want.Sessions {
		g := got.Sessions[i]
		if g.ID != w.ID || g.Repository != w.Repository || g.Subject != w.Subject || g.HeadSHA != w.HeadSHA {
			t.Errorf("session %s %s %v %s, want %s %s %v %s", g.ID, g.Repository, g.Subject, g.HeadSHA, w.ID, w.Repository, w.Subject, w.HeadSHA)
		}
		if !reflect.DeepEqual(g.Decision, w.Decision) {
			t.Errorf("%s: decision %v, want %v", w.ID, g.Decision, w.Decision)
		}
		if len(g.Runs) != len(w.Runs) {
			t.Fatalf("%s: %d runs, want %d", w.ID, len(g.Runs), len(w.Runs))
		}
		for j := range w.Runs {
			compareRuns(t, g.Runs[j], w.Runs[j])
		}
	}
}

func compareRuns(t *testing.T, got, want *session.Run) {
	t.Helper()
	sameMoney(t, want.ID, got.Cost.USD, want.Cost.USD)
	ledger := strings.HasPrefix(want.Format, "gh-aw") // a proxy, which knows of no tools; calls alone look like none
	g, w := told(t, got, ledger), told(t, want, ledger)
	for name := range w {
		if !reflect.DeepEqual(g[name], w[name]) {
			t.Errorf("%s: %s is %v, want %v", want.ID, name, g[name], w[name])
		}
	}
	for name := range g {
		if _, known := w[name]; !known {
			t.Errorf("%s: %s is %v, want none", want.ID, name, g[name])
		}
	}
}

func sameMoney(t *testing.T, id string, got, want *float64) {
	t.Helper()
	if (got == nil) != (want == nil) || got != nil && math.Abs(*got-*want) > 1e-9 {
		t.Errorf("%s: cost %v, want %v", id, dollars(got), dollars(want))
	}
}

func dollars(f *float64) any {
	if f == nil {
		return nil
	}
	return *f
}

// told is what a run says of itself, but for what an export does not carry: the
// files, and what was read out of the words of arguments and results.
func told(t *testing.T, r *session.Run, ledger bool) map[string]any {
	t.Helper()
	out := *r
	out.Format, out.Formats, out.Files, out.Cost, out.Findings, out.Sources = "", nil, nil, session.Cost{}, nil, nil
	out.Commands, out.Changes, out.Context, out.Time = nil, nil, nil, nil
	if out.Error = nil; r.Error != nil && r.Error.Type != "" {
		out.Error = &trace.Error{Type: r.Error.Type}
	}
	if ledger {
		out.ToolCalls, out.ToolErrors = trace.Count{}, trace.Count{}
	}
	if d := r.Decision; d != nil {
		out.Decision = &session.Decision{Kind: d.Kind, Source: d.Source, Findings: d.Findings}
	}
	clearCosts(out.Agents)
	b, err := json.Marshal(&out)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func clearCosts(list []*session.Subagent) {
	for _, a := range list {
		a.CostUSD = nil
		clearCosts(a.Subagents)
	}
}
