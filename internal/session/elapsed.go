package session

import (
	"time"

	"github.com/andon-ci/andon/internal/trace"
)

// Elapsed returns the wall clock of the run in milliseconds: as it was measured,
// else from its first to its last record.
func (r *Run) Elapsed() trace.Count {
	if r.DurationMS.Known() || r.Start.IsZero() || r.End.IsZero() {
		return r.DurationMS
	}
	return trace.Measured(r.End.Sub(r.Start).Milliseconds())
}

// Ended returns when the run ended, as far as it is known; zero where it is not.
func (r *Run) Ended() time.Time {
	ms, known := r.Elapsed().Get()
	if r.Start.IsZero() || !known || ms > (1<<62)/int64(time.Millisecond) {
		return r.End
	}
	end := r.Start.Add(time.Duration(ms) * time.Millisecond)
	if r.End.After(end) {
		return r.End
	}
	return end
}

// Elapsed returns the milliseconds from the first start to the last end of runs.
// Where their times are not known it is the sum of how long each took.
func Elapsed(runs []*Run) trace.Count {
	var start, end time.Time
	var took trace.Count
	for _, r := range runs {
		took = took.Add(r.Elapsed())
		if r.Start.IsZero() {
			continue
		}
		if start.IsZero() || r.Start.Before(start) {
			start = r.Start
		}
		if e := r.Ended(); e.After(end) {
			end = e
		}
	}
	if len(runs) == 1 || start.IsZero() || end.IsZero() {
		return took
	}
	return trace.Measured(end.Sub(start).Milliseconds())
}
