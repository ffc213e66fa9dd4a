package cli

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/andon-ci/andon/internal/action"
	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/history"
	"github.com/andon-ci/andon/internal/trend"
)

const syncSchema = "andon.sync/v1"

// synced is what a sync came to, as it is printed.
type synced struct {
	Schema       string            `json:"schema"`
	Repositories []*repositoryTold `json:"repositories"` // that the forge was asked about
	Runs         tally             `json:"runs"`
	Overrides    tally             `json:"overrides"`
	Agreements   tally             `json:"agreements"`
	Gaps         tally             `json:"coverage"`
	Withdrawn    int               `json:"withdrawn"` // overrides that were taken back
	Bundles      int               `json:"bundles"`   // that were read
	Invalid      int               `json:"invalid"`
	Suppressed   int               `json:"suppressed"`
	Misdated     int               `json:"misdated"`   // runs at a time that cannot be
	BadLines     int               `json:"bad_lines"`  // in the history; they stay
	LostLines    int               `json:"lost_lines"` // too long for it; they were dropped
	Findings     []finding.Finding `json:"findings"`
}

// repositoryTold is what a sync came to in one repository of the forge.
type repositoryTold struct {
	Repository   string       `json:"repository"`
	WorkflowRuns int          `json:"workflow_runs"` // since the last sync
	Artifacts    int          `json:"artifacts"`     // of them, new ones that are named like bundles
	Bundles      int          `json:"bundles"`       // of them, those that were read
	Invalid      int          `json:"invalid"`
	Suppressed   int          `json:"suppressed"` // for a credential
	Expired      int          `json:"expired"`
	Missing      int          `json:"missing"`               // workflow runs without the bundle that others of the workflow have
	Changes      int          `json:"changes"`               // pull requests to look at
	Queue        *trend.Queue `json:"queue,omitempty"`       // what is open; none where it ended early
	Unread       []unread     `json:"unread"`                // what is there and was not read
	Unreachable  string       `json:"unreachable,omitempty"` // why nothing of it could be read
}

// unread is something that was not read.
type unread struct {
	What   string `json:"what"`
	Reason string `json:"reason"`
}

// tally is what became of the records of a kind.
type tally struct {
	Added    int `json:"added"`
	Replaced int `json:"replaced"` // by what says more
	Known    int `json:"known"`
}

func (s *synced) count(o history.Outcome) {
	for kind, t := range map[history.Kind]*tally{history.Runs: &s.Runs, history.Overrides: &s.Overrides, history.Agreements: &s.Agreements, history.Coverage: &s.Gaps} {
		t.Added += o.Added[kind]
		t.Replaced += o.Replaced[kind]
		t.Known += o.Known[kind]
	}
	s.Withdrawn += o.Withdrawn
	s.BadLines, s.LostLines = s.BadLines+o.Bad, s.LostLines+o.Lost
}

// note keeps findings. Their fingerprints would have no secret key here, by
// which a short credential could be guessed.
func (y *syncing) note(found []finding.Finding) {
	for _, f := range found {
		if y.env.Getenv("ANDON_FINGERPRINT_KEY") == "" {
			f.Fingerprint = ""
		}
		if len(y.told.Findings) < maxFindings {
			y.told.Findings = append(y.told.Findings, f)
		}
	}
}

func (y *syncing) print() error {
	finding.Sort(y.told.Findings)
	var b bytes.Buffer
	if y.flags.format == "json" {
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		if err := e.Encode(y.told); err != nil {
			return printed(0, err)
		}
	} else {
		y.told.text(&b)
	}
	out := y.clean(b.Bytes())
	if inActions(y.env) && y.flags.format != "json" { // in which no line can begin a command
		return printed(0, action.New(y.env.Stdout, y.env.Getenv).Print(out))
	}
	return printed(y.env.Stdout.Write(out))
}

func (s *synced) text(b *bytes.Buffer) {
	fmt.Fprintf(b, "runs        %s\noverrides   %s", s.Runs, s.Overrides)
	if s.Withdrawn > 0 {
		fmt.Fprintf(b, ", %d taken back", s.Withdrawn)
	}
	fmt.Fprintf(b, "\nagreements  %s\nbundles     %d read, %d invalid, %d suppressed for a credential\n", s.Agreements, s.Bundles, s.Invalid, s.Suppressed)
	if s.Misdated > 0 {
		fmt.Fprintf(b, "times       %s at a time that cannot be\n", counted(s.Misdated, "run", "runs"))
	}
	if s.BadLines+s.LostLines > 0 {
		fmt.Fprintf(b, "history     %d lines that are no records, %d dropped as too long\n", s.BadLines, s.LostLines)
	}
	for _, r := range s.Repositories {
		fmt.Fprintf(b, "%s: %d workflow runs, %d new bundles (%d read, %d expired), %d runs without one; %d pull requests\n",
			plain(r.Repository), r.WorkflowRuns, r.Artifacts, r.Bundles, r.Expired, r.Missing, r.Changes)
		r.queue(b)
		for _, u := range r.Unread {
			fmt.Fprintf(b, "  not read: %s: %s\n", plain(u.What), plain(u.Reason))
		}
	}
	for _, f := range s.Findings {
		fmt.Fprintf(b, "%s: %s: %s\n", plain(f.File), f.Severity, plain(f.Message))
	}
}

// queue says what is open.
func (r *repositoryTold) queue(b *bytes.Buffer) {
	if r.Queue == nil {
		return
	}
	if p := r.Queue.Pulls; p != nil {
		fmt.Fprintf(b, "  %d of %d open pull requests without a run\n", p.Without, p.Open)
	}
	if n := len(r.Queue.Running); n > 0 {
		fmt.Fprintf(b, "  %d workflow runs under way\n", n)
	}
}

func (t tally) String() string {
	s := fmt.Sprintf("%d added, %d known", t.Added, t.Known)
	if t.Replaced > 0 {
		s += fmt.Sprintf(", %d replaced", t.Replaced)
	}
	return s
}
