package cli

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/github/fake"
	"github.com/andon-ci/andon/internal/history"
	"github.com/andon-ci/andon/internal/history/historytest"
)

// dated is the pull request with one workflow run of 19 November, whose bundle
// says that its agent was at work at another time.
func dated(t *testing.T, at time.Time) *fake.Forge {
	t.Helper()
	f := mended(t, 0)
	run := f.AddRun(headA, time.Date(2026, 11, 19, 9, 0, 0, 0, time.UTC), nil)
	f.AddArtifact(run, "andon-x", zippedBundle(t, headA, "run-x", "review", "approve", at), nil)
	return f
}

// impossible are times that the workflow run cannot have had, and those it can.
func impossible() map[time.Time]bool {
	day := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 9, 0, 0, 0, time.UTC) }
	return map[time.Time]bool{day(2000, 1, 1): true, day(2026, 9, 1): true, day(2026, 11, 20): true, day(2030, 1, 1): true, day(2026, 11, 1): false, day(2026, 11, 19): false}
}

// TestSyncMisdated keeps a run of an impossible time on the day of its workflow
// run, says so, and has it in the coverage of the history and of the report.
func TestSyncMisdated(t *testing.T) {
	for at, bad := range impossible() {
		dir := t.TempDir()
		code, stdout, stderr := asked(t, dated(t, at), nil, "sync", "--history", dir)
		kept := historytest.Dump(t, &history.Dir{Path: dir})
		day := history.DayOf(at)
		if bad {
			day = "2026-11-19"
		}
		runs := kept[day.File(history.Runs)]
		if code != 0 || !strings.Contains(runs, `"run_id":"run-x"`) || strings.Contains(runs, `"start"`) == bad {
			t.Errorf("%s: %d, %s\n%s", at, code, runs, stderr)
		}
		gap := strings.Contains(kept["coverage/2026/11/19.jsonl"], `"state":"misdated"`)
		if said := strings.Contains(stdout, "a time that cannot be"); said != bad || gap != bad {
			t.Errorf("%s: said %v, gap %v\n%s", at, said, gap, stdout)
		}
		if r := reported(t, dir); (r.Coverage.Misdated == 1) != bad {
			t.Errorf("%s: %+v", at, r.Coverage)
		}
	}
}

// TestSyncMisdatedFiles holds bundles of which no forge knows anything against
// now.
func TestSyncMisdatedFiles(t *testing.T) {
	for at, bad := range impossible() {
		bad = bad && (at.Year() < 2020 || at.Year() > 2026)
		bundle := unpacked(t, zippedBundle(t, headA, "run-x", "review", "approve", at))
		code, stdout, stderr := asked(t, mended(t, 0), nil, "sync", "--history", t.TempDir(), bundle)
		if said := strings.Contains(stdout, "a time that cannot be"); code != 0 || said != bad {
			t.Errorf("%s: %d %s%s", at, code, stdout, stderr)
		}
	}
}

// TestSessionMisdated gives a run of an impossible time that of its workflow run.
func TestSessionMisdated(t *testing.T) {
	for at, bad := range impossible() {
		code, stdout, stderr := asked(t, dated(t, at), nil, "session", "--pr", "12", "--format", "json")
		c := chainOf(t, stdout)
		raw, err := json.Marshal(c.Sessions)
		if err != nil || code != 0 {
			t.Fatal(err, code, stderr)
		}
		found := strings.Contains(stdout, `"artifact/time"`)
		if c.Totals.Runs != 1 || (c.Coverage.Misdated == 1) != bad || found != bad || strings.Contains(string(raw), at.Format("2006-01-02T15")) == bad {
			t.Errorf("%s: %+v, found %v", at, c.Coverage, found)
		}
	}
}
