package trend_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/trend"
)

// TestBacklog tells what waits as of when it was known, and says of which
// repositories it is not.
func TestBacklog(t *testing.T) {
	at := time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC)
	ago := func(d time.Duration, usual time.Duration) trend.Running {
		return trend.Running{ID: int64(d.Minutes()), At: at.Add(-d), UsualMS: usual.Milliseconds()}
	}
	queue := trend.Queue{
		At:    at,
		Pulls: &trend.Pulls{Open: 9, Without: 2, Oldest: []trend.Opened{{Number: 7, At: at.Add(-50 * time.Hour)}, {Number: 8, At: at.Add(-time.Hour)}}},
		Running: []trend.Running{
			ago(30*time.Hour, 0),                        // over a day
			ago(60*time.Minute, time.Minute),            // 60 times as long as usual
			ago(8*time.Minute, time.Minute),             // not for long
			ago(60*time.Minute, time.Hour/2),            // twice as long
			ago(5*time.Hour, 0),                         // nobody knows what is usual
			{ID: 1, At: at.Add(time.Hour), UsualMS: -1}, // nonsense
		},
	}
	run := func(id int, repository, status string) string {
		return fmt.Sprintf(`{"run_id":"%d","repository":%q,"agent":{"name":"a"},"start":"2026-11-19T09:00:00Z","status":%q,"workflow_run":{"id":"7%d"}}`, id, repository, status, id)
	}
	days := []*trend.Day{dayOf(t, "2026-11-19", run(1, "o/r", "success"), run(2, "o/r", "incomplete"), run(3, "o/other", "success"))}
	o := trend.Options{From: "2026-11-19", To: "2026-11-20", Queues: map[string]trend.Queue{"o/r": queue, "o/old": {At: at.AddDate(0, 0, -5)}, "o/later": {At: at.AddDate(0, 0, 5)}}}
	b := trend.Analyse(days, o).Backlog
	if len(b.Repositories) != 1 || fmt.Sprint(b.Unknown) != "[o/other]" || b.Unfinished != 1 || b.Evidence[0].URL != "https://github.com/o/r/actions/runs/72" {
		t.Fatalf("%+v", b)
	}
	w := b.Repositories[0]
	if w.Running != 6 || w.Stuck != 2 || w.Pulls.Without != 2 || w.OldestMS != (50*time.Hour).Milliseconds() {
		t.Errorf("%+v", w)
	}
	if got := fmt.Sprint(w.Evidence); got != "[{ 0 https://github.com/o/r/actions/runs/1800} { 0 https://github.com/o/r/actions/runs/60} { 0 https://github.com/o/r/pull/7} { 0 https://github.com/o/r/pull/8}]" {
		t.Error(got)
	}
	o.Keep = func(repository, _ string) bool { return repository == "o/r" }
	if b := trend.Analyse(days, o).Backlog; b == nil || len(b.Repositories)+len(b.Unknown) > 0 || b.Unfinished != 1 {
		t.Errorf("of a part of the runs: %+v", b)
	}
	if b := trend.Analyse(nil, trend.Options{From: "2026-11-19", To: "2026-11-20"}).Backlog; b != nil {
		t.Errorf("of nothing: %+v", b)
	}
}

// TestQueueAdds holds that a look which finds the same is not worth a note of its
// own, unless it is another day.
func TestQueueAdds(t *testing.T) {
	at := time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC)
	queue := func(after time.Duration, without int64) trend.Queue {
		return trend.Queue{At: at.Add(after), Pulls: &trend.Pulls{Open: 9, Without: without}, Running: []trend.Running{{ID: 1, At: at, UsualMS: 60_000}}}
	}
	before := queue(time.Minute, 2)
	for want, q := range map[string]trend.Queue{
		"the same":        queue(3*time.Minute, 2),
		"one more waits":  queue(3*time.Minute, 3),
		"it is stuck now": queue(time.Hour, 2),
	} {
		if q.Adds(&before) != (want != "the same") {
			t.Error(want)
		}
	}
	if next := queue(24*time.Hour, 2); !next.Adds(&before) || !next.Adds(nil) {
		t.Error("another day, or the first look")
	}
	before.Running = nil
	if later := (trend.Queue{At: at.Add(20 * time.Hour), Pulls: before.Pulls}); later.Adds(&before) {
		t.Error("of a calm day once is enough")
	}
}
