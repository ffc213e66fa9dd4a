package cli

import (
	"encoding/json"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/github/fake"
	"github.com/andon-ci/andon/internal/history"
	"github.com/andon-ci/andon/internal/history/historytest"
)

// queued is a forge with six runs of one workflow and what is open: a pull
// request without a run, one whose run is under way, and some of which none is
// expected.
func queued(t *testing.T) *fake.Forge {
	f := mended(t, 6)
	for number, p := range map[int]map[string]any{
		20: {"createdAt": "2026-11-19T09:00:00Z"},
		21: {"createdAt": "2026-11-19T09:00:00Z", "isDraft": true},
		22: {"createdAt": "2026-11-01T09:00:00Z"},
		23: {"createdAt": "2026-11-20T09:00:00Z"},
	} {
		f.AddPull(number, time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC))
		last := f.Others[len(f.Others)-1]
		last["state"], last["mergedAt"], last["closedAt"], last["mergeCommit"] = "OPEN", nil, nil, nil
		for k, v := range p {
			last[k] = v
		}
	}
	f.AddRun(headB, time.Date(2026, 11, 20, 9, 1, 0, 0, time.UTC), map[string]any{
		"status": "in_progress", "conclusion": nil, "pull_requests": []any{map[string]any{"number": 23, "id": 1}},
	})
	return f
}

// TestSyncQueue notes what is open when all that is new has been read.
func TestSyncQueue(t *testing.T) {
	f := queued(t)
	dir := t.TempDir()
	if code, stdout, stderr := asked(t, f, nil, "sync", "--history", dir); code != 0 || !strings.Contains(stdout, "  1 of 2 open pull requests without a run\n  1 workflow runs under way\n") {
		t.Errorf("%d\n%s\n%s", code, stdout, stderr)
	}
	conforms(t, dir)
	c, err := history.ReadCursor(t.Context(), viewOf(t, dir))
	if err != nil || c.At(f.Repository).Queue == nil {
		t.Fatal(err)
	}
	q := c.At(f.Repository).Queue
	if p := q.Pulls; p == nil || p.Open != 2 || p.Without != 1 || len(p.Oldest) != 1 || p.Oldest[0].Number != 20 {
		t.Errorf("%+v", p)
	}
	if len(q.Running) != 1 || q.Running[0].Workflow != "Agents" || q.Running[0].UsualMS <= 0 {
		t.Errorf("%+v", q.Running)
	}
	for _, line := range linesOf(t, dir, history.Runs) {
		var l rollup
		if err := json.Unmarshal([]byte(line), &l); err != nil || l.WorkflowRun.CreatedAt.IsZero() {
			t.Errorf("%v: when the event was is not known\n%s", err, line)
		}
	}
}

// TestSyncQueueUnread notes nothing where not all has been read: what has no run
// yet may have one in a bundle that was left for the next time.
func TestSyncQueueUnread(t *testing.T) {
	f := queued(t)
	dir := t.TempDir()
	code, _, stderr := asked(t, f, nil, "sync", "--history", dir, "--max-requests", "5")
	if code != 0 {
		t.Fatal(stderr)
	}
	c, err := history.ReadCursor(t.Context(), viewOf(t, dir))
	if err != nil || c.At(f.Repository).Queue != nil {
		t.Errorf("%v %+v", err, c.At(f.Repository).Queue)
	}
}

func viewOf(t *testing.T, dir string) history.View {
	t.Helper()
	v, err := (&history.Dir{Path: dir}).View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestReportQueue tells of it in the report, as of when it was, and nothing in
// one that is of days before.
func TestReportQueue(t *testing.T) {
	f := queued(t)
	dir := filepath.Join(t.TempDir(), "history")
	syncedOf(t, f, "--history", dir)
	for date, want := range map[string]bool{"2026-11-23": true, "2026-11-20": false} {
		code, stdout, stderr := asked(t, f, nil, "report", "--history", dir, "--as-of", date, "--format", "markdown")
		if code != 0 {
			t.Fatal(stderr)
		}
		for _, text := range []string{
			"1 of 2 open pull requests has no run",
			"[pull request 20](https://github.com/octo-org/hello/pull/20)",
			"1 workflow run under way",
		} {
			if got := strings.Contains(stdout, text); got != want {
				t.Errorf("%s: %q is %v\n%s", date, text, got, stdout)
			}
		}
	}
}

// TestSyncQueueSame writes nothing where a second sync of the day finds nothing new,
// and notes the next day that it has looked.
func TestSyncQueueSame(t *testing.T) {
	f := queued(t)
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	env := asking(f, nil, io.Discard, io.Discard)
	env.Now = func() time.Time { return now }
	store := &history.Dir{Path: t.TempDir()}
	noted := func() string {
		t.Helper()
		if err := syncInto(env, store); err != nil {
			t.Fatal(err)
		}
		return historytest.Dump(t, store)[history.CursorFile]
	}
	first := noted()
	now = now.Add(30 * time.Minute)
	if again := noted(); again != first {
		t.Errorf("nothing is new\n%s\n%s", first, again)
	}
	now = now.AddDate(0, 0, 1)
	if next := noted(); next == first {
		t.Error("nobody can tell that somebody looked the next day")
	}
}
