package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

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
	if want.Coverage.Runs != 4 || want.Coverage.Overrides == 0 || !slices.Equal(want.Coverage.Unreachable, []string{"octo-org/gone"}) {
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
