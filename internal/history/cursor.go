package history

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/andon-ci/andon/internal/trend"
)

// CursorSchema names the version of a Cursor's JSON form.
const CursorSchema = "andon.cursor/v1"

// Cursor says how far each forge's repository has been read.
type Cursor struct {
	Schema       string               `json:"schema"`
	Repositories map[string]*Position `json:"repositories"` // by owner/name
}

// Position is how far one repository has been read.
type Position struct {
	Artifacts    Mark                 `json:"artifacts"`              // bundles, by when they were uploaded
	WorkflowRuns time.Time            `json:"workflow_runs,omitzero"` // those made before were looked at for bundles
	Changes      Mark                 `json:"changes"`                // pull requests, by when something last happened to them
	Revisit      map[string]time.Time `json:"revisit,omitempty"`      // pull requests to read again from a moment on: what lands after a merge does not touch them
	Workflows    map[string]time.Time `json:"workflows,omitempty"`    // by name, those that leave bundles, and when the first run was made that left one
	Queue        *trend.Queue         `json:"queue,omitempty"`        // what was open when all had been read
	Unreachable  *Unreachable         `json:"unreachable,omitempty"`  // why nothing could be read the last time
}

// Unreachable is why a repository could not be read.
type Unreachable struct {
	Since  time.Time `json:"since"`
	Reason string    `json:"reason"`
}

// Mark is a place in a list that is in order of time: all before Until was read,
// and of what is from the overlap before it on, what Done names.
type Mark struct {
	Until time.Time           `json:"until,omitzero"`
	Done  map[int64]time.Time `json:"done,omitempty"` // by id or number
}

// Has reports whether what has the id, and is of the time, was read.
func (m Mark) Has(id int64, at time.Time, overlap time.Duration) bool {
	if at.Before(m.Until.Add(-overlap)) {
		return true
	}
	read, ok := m.Done[id]
	return ok && !at.After(read)
}

// Pass notes that it was read, and forgets what lies before the overlap.
func (m *Mark) Pass(id int64, at time.Time, overlap time.Duration) {
	if m.Done == nil {
		m.Done = map[int64]time.Time{}
	}
	if at.After(m.Done[id]) {
		m.Done[id] = at
	}
	if at.After(m.Until) {
		m.Until = at
	}
	maps.DeleteFunc(m.Done, func(_ int64, t time.Time) bool { return t.Before(m.Until.Add(-overlap)) })
}

// At returns the position in a repository, which is made where there is none.
func (c *Cursor) At(repository string) *Position {
	if c.Repositories == nil {
		c.Repositories = map[string]*Position{}
	}
	p := c.Repositories[repository]
	if p == nil {
		p = &Position{}
		c.Repositories[repository] = p
	}
	return p
}

// Watches reports whether a sync has looked what people did to pull requests, in
// any repository.
func (c *Cursor) Watches() bool {
	for _, p := range c.Repositories {
		if !p.Changes.Until.IsZero() || p.Queue != nil {
			return true
		}
	}
	return false
}

// Until returns the position without what is later than now: nobody has read the
// future, but whoever can edit the cursor could keep it from being read.
func (p Position) Until(now time.Time) Position {
	for _, t := range []*time.Time{&p.WorkflowRuns, &p.Artifacts.Until, &p.Changes.Until} {
		if t.After(now.Add(time.Hour)) {
			*t = time.Time{}
		}
	}
	return p
}

// Learn notes that a run of a workflow, which was made at a moment, has left a
// bundle.
func (p *Position) Learn(workflow string, at time.Time) {
	if p.Workflows == nil {
		p.Workflows = map[string]time.Time{}
	}
	if first, known := p.Workflows[workflow]; !known || at.Before(first) {
		p.Workflows[workflow] = at
	}
}

// Revise notes from when on a pull request is to be read again, which for the
// zero time is never.
func (p *Position) Revise(number string, at time.Time) {
	if at.IsZero() {
		delete(p.Revisit, number)
		return
	}
	if p.Revisit == nil {
		p.Revisit = map[string]time.Time{}
	}
	p.Revisit[number] = at
}

// ReadCursor returns the cursor of a history, a new one where there is none.
func ReadCursor(ctx context.Context, v View) (*Cursor, error) {
	raw, err := whole(ctx, v, CursorFile)
	if err != nil {
		return nil, err
	}
	c := &Cursor{}
	if raw != nil && json.Unmarshal(raw, c) != nil {
		return nil, fmt.Errorf("reading %s: it is not the JSON of a cursor", CursorFile)
	}
	c.Schema = cmp.Or(c.Schema, CursorSchema)
	if c.Schema != CursorSchema {
		return nil, fmt.Errorf("reading %s: it is of another version of andon", CursorFile)
	}
	maps.DeleteFunc(c.Repositories, func(_ string, p *Position) bool { return p == nil })
	return c, nil
}
