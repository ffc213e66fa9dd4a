package trend

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/andon-ci/andon/internal/finding"
)

// Queue is what was open in a repository at a moment, when all that was new in it
// had been read. A history keeps the latest.
type Queue struct {
	At      time.Time `json:"at"`
	Pulls   *Pulls    `json:"pull_requests,omitempty"` // nil where no agent's run is about one
	Running []Running `json:"running,omitempty"`       // the oldest first
}

// Pulls are the open pull requests that a run of an agent is expected of: no
// drafts, and opened since the first run of the last days that is about one.
type Pulls struct {
	Since   time.Time `json:"since"`
	Open    int64     `json:"open"`
	Without int64     `json:"without_run"`      // those of which the history has no run
	Oldest  []Opened  `json:"oldest,omitempty"` // some of these, the oldest first
}

// Opened is a pull request and when it was opened.
type Opened struct {
	Number int64     `json:"number"`
	At     time.Time `json:"created_at"`
}

// Running is a workflow run that is not completed, of a workflow that leaves
// bundles.
type Running struct {
	ID       int64     `json:"id"`
	Workflow string    `json:"workflow"`
	At       time.Time `json:"created_at"`
	UsualMS  int64     `json:"usual_ms,omitempty"` // from the event to the end of the last agent's run, the median; 0 of too few
}

// Adds reports whether the queue says more than an earlier one of the repository:
// something else waits or is stuck, or it is another day, so that who looks no more
// can be told from where nothing changes.
func (q Queue) Adds(before *Queue) bool {
	if before == nil || before.At.UTC().Format(time.DateOnly) != q.At.UTC().Format(time.DateOnly) || before.stuck() != q.stuck() {
		return true
	}
	same := *before
	same.At = q.At
	a, errA := json.Marshal(same)
	b, errB := json.Marshal(q)
	return errA != nil || errB != nil || !bytes.Equal(a, b)
}

// stuck counts the workflow runs that are.
func (q Queue) stuck() (n int64) {
	for _, r := range q.Running {
		if r.stuck(q.At) {
			n++
		}
	}
	return n
}

// Backlog is what waits and what stands still.
type Backlog struct {
	Repositories []Waiting          `json:"repositories,omitempty"` // those first where most waits
	Unknown      []string           `json:"unknown,omitempty"`      // repositories of the window of which it is not known what was open
	Unfinished   int64              `json:"unfinished"`             // runs of the window that began and never ended
	Evidence     []finding.Evidence `json:"evidence,omitempty"`     // of these
}

// Waiting is what a repository's Queue came to.
type Waiting struct {
	Repository string             `json:"repository"`
	At         time.Time          `json:"at"`
	Pulls      *Pulls             `json:"pull_requests,omitempty"`
	OldestMS   int64              `json:"oldest_ms,omitempty"` // age of the oldest pull request without a run
	Running    int64              `json:"running"`             // workflow runs under way
	Stuck      int64              `json:"stuck"`               // of these, those under way for much longer than usual
	Evidence   []finding.Evidence `json:"evidence,omitempty"`  // what is stuck, and then what waits
}

// When a workflow run under way is taken to be stuck.
const (
	stuckTimes = 5 // as long as is usual
	stuckLeast = 10 * time.Minute
	stuckAfter = 24 * time.Hour // whatever is usual
)

func (r Running) stuck(at time.Time) bool {
	usual := time.Duration(min(max(r.UsualMS, 0), maxCount)) * time.Millisecond
	age := at.Sub(r.At)
	return age >= stuckAfter || usual > 0 && age >= max(stuckTimes*usual, stuckLeast)
}

// backlog returns what waits, nil where nothing is known of it. What is open is
// known of repositories, and not of a part of their runs.
func (p *past) backlog(repositories []string) *Backlog {
	b := &Backlog{}
	p.unfinished(b)
	if p.Keep == nil {
		p.queues(b, repositories)
	}
	if b.Unfinished == 0 && len(b.Repositories) == 0 {
		return nil
	}
	return b
}

func (p *past) queues(b *Backlog, repositories []string) {
	for name, q := range p.Queues {
		if !q.At.Before(dateTime(p.From)) && !q.At.After(p.AsOf) {
			b.Repositories = append(b.Repositories, p.waiting(name, q))
		}
	}
	without := func(w Waiting) int64 {
		if w.Pulls == nil {
			return 0
		}
		return w.Pulls.Without
	}
	slices.SortFunc(b.Repositories, func(x, y Waiting) int {
		return cmp.Or(cmp.Compare(without(y)+y.Stuck, without(x)+x.Stuck), cmp.Compare(x.Repository, y.Repository))
	})
	for _, name := range repositories {
		if !slices.ContainsFunc(b.Repositories, func(w Waiting) bool { return w.Repository == name }) {
			b.Unknown = append(b.Unknown, name)
		}
	}
}

func (p *past) waiting(name string, q Queue) Waiting {
	w := Waiting{Repository: name, At: q.At.UTC(), Running: int64(len(q.Running)), Stuck: q.stuck()}
	for _, r := range q.Running {
		if r.stuck(q.At) {
			w.lead(p.runURL(name, fmt.Sprint(r.ID), ""))
		}
	}
	if q.Pulls == nil || q.Pulls.Open < q.Pulls.Without || q.Pulls.Without < 0 {
		return w
	}
	pulls := *q.Pulls
	pulls.Oldest = pulls.Oldest[:min(len(pulls.Oldest), 2*evidenceMost)]
	w.Pulls = &pulls
	for i, o := range pulls.Oldest {
		if i == 0 {
			w.OldestMS = max(q.At.Sub(o.At).Milliseconds(), 0)
		}
		w.lead(fmt.Sprintf("%s/%s/pull/%d", p.Server, name, o.Number))
	}
	return w
}

func (w *Waiting) lead(url string) {
	if url != "" && len(w.Evidence) < evidenceMost {
		w.Evidence = append(w.Evidence, finding.Evidence{URL: url})
	}
}

// unfinished counts the runs that began and never ended.
func (p *past) unfinished(b *Backlog) {
	for _, d := range p.window {
		of := map[id]bool{}
		for _, c := range d.cells {
			for _, r := range c.runs {
				if r.status == statusIncomplete {
					b.Unfinished++
					of[r.id] = true
				}
			}
		}
		for _, m := range d.marks {
			if of[m.ID] && len(b.Evidence) < evidenceMost {
				b.Evidence = append(b.Evidence, p.leadTo(d.names.get(d.cells[m.Cell].key.repository), m)...)
			}
		}
	}
}
