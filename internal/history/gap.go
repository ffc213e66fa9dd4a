package history

import "time"

// GapSchema names the version of a Gap's JSON form.
const GapSchema = "andon.coverage/v1"

// State says why there is no trace of a workflow run, or less than there was.
type State string

// The states. All but the last two are of what left no run in the history.
const (
	Missing    State = "missing"    // the workflow leaves bundles, and this run of it has none
	Empty      State = "empty"      // the bundle has no run in it: the agent left no trace
	Invalid    State = "invalid"    // the bundle cannot be used
	Suppressed State = "suppressed" // the bundle holds a credential, and none of it was used
	Expired    State = "expired"    // the forge keeps the bundle no longer
	Unread     State = "unread"     // the forge did not hand the bundle out
	Misdated   State = "misdated"   // the runs are there; Traces of them were at work at a time that cannot be
	Withheld   State = "withheld"   // the runs are there; Traces of them were kept out of the bundle for a credential
)

// Gap is a line of a day's coverage: a workflow run of which something is not
// there, so that a report can tell nothing that happened from nothing known.
type Gap struct {
	Schema     string    `json:"schema"`
	Time       time.Time `json:"time"` // of the workflow run
	Repository string    `json:"repository"`
	Workflow   Workflow  `json:"workflow_run"`
	State      State     `json:"state"`
	Artifact   string    `json:"artifact,omitempty"`   // name of the bundle, where it is about one
	Conclusion string    `json:"conclusion,omitempty"` // of the workflow run
	Traces     int       `json:"traces,omitempty"`
	Reason     string    `json:"reason,omitempty"`
}

// Workflow is a workflow run as rollups name it.
type Workflow struct {
	ID       string `json:"id,omitempty"`
	Attempt  string `json:"attempt,omitempty"`
	Job      string `json:"job,omitempty"`
	Workflow string `json:"workflow,omitempty"`
	Event    string `json:"event,omitempty"`
}
