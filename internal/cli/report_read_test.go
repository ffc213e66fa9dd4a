package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/github/fake"
	"github.com/andon-ci/andon/internal/history"
	"github.com/andon-ci/andon/internal/history/historytest"
	"github.com/andon-ci/andon/internal/trend"
)

// reported runs report over a folder's history.
func reported(t *testing.T, dir string) *trend.Report {
	t.Helper()
	code, stdout, stderr := asked(t, mended(t, 1), nil, "report", "--history", dir, "--as-of", "2026-11-21", "--format", "json")
	if code != 0 {
		t.Fatalf("%d\n%s", code, stderr)
	}
	var r trend.Report
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatal(err)
	}
	return &r
}

// TestReportOfSync reports on what a sync has kept, whatever has become of its
// summaries, and names what could not be asked.
func TestReportOfSync(t *testing.T) {
	dir := t.TempDir()
	syncedOf(t, mended(t, 4), "--history", dir, "--repos", "octo-org/hello,octo-org/gone")
	want := reported(t, dir)
	if want.Coverage.Runs != 4 || *want.Coverage.Overrides == 0 || !slices.Equal(want.Coverage.Unreachable, []string{"octo-org/gone"}) {
		t.Errorf("%+v", want.Coverage)
	}
	all, err := filepath.Glob(filepath.Join(dir, "summaries/2026/11/*.json"))
	if err != nil || len(all) == 0 {
		t.Fatal(all, err)
	}
	for _, forged := range []string{`{}`, `{"days":[]}`, `7`} {
		for _, name := range all {
			raw, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			var s history.Summary
			if err := json.Unmarshal(raw, &s); err != nil {
				t.Fatal(err)
			}
			s.Summary = json.RawMessage(forged)
			if raw, err = json.Marshal(s); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, raw, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got := reported(t, dir); got.Coverage.Runs != 4 {
			t.Errorf("with summaries of %s: %+v", forged, got.Coverage)
		}
	}
	if err := os.RemoveAll(filepath.Join(dir, "summaries")); err != nil {
		t.Fatal(err)
	}
	if got := reported(t, dir); got.Coverage.Runs != 4 || got.Totals.Runs != want.Totals.Runs {
		t.Errorf("without summaries: %+v", got.Coverage)
	}
	if n := len(historytest.Dump(t, &history.Dir{Path: dir})); n == 0 {
		t.Error("the history is gone")
	}
}

// TestReportVersions leads to the file of instructions that changed, at the
// commits that runs say they were about.
func TestReportVersions(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(repo, "testdata", "history"))); err != nil {
		t.Fatal(err)
	}
	all, err := filepath.Glob(filepath.Join(dir, "runs/2026/1*/*.jsonl"))
	if err != nil || len(all) == 0 {
		t.Fatal(all, err)
	}
	for _, name := range all {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		raw = regexp.MustCompile(`"sha256":"([ab])([^}]*}})`).ReplaceAll(raw, []byte(`"sha256":"$1$2,"head_sha":"${1}1${1}2${1}3${1}4"`))
		if err := os.WriteFile(name, raw, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	code, stdout, stderr := asked(t, fake.New(t), nil, "report", "--history", dir, "--as-of", "2026-11-20", "--since", "42d", "--format", "markdown")
	for _, want := range []string{"b1b2b3b4", "a1a2a3a4"} {
		link := "[review-security.md at " + want[:7] + "](https://github.com/octo-org/widgets/blob/" + want + "/.github/agents/review-security.md)"
		if code != 0 || !strings.Contains(stdout, link) {
			t.Errorf("%d: no %s\n%s\n%s", code, link, stderr, stdout)
		}
	}
}
