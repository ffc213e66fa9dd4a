package override_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/override"
)

const histories = "../../testdata/github/histories"

// told is a file of testdata/github/histories: a history, and what it shows.
// The accounts are those of the configuration.
type told struct {
	About    string            `json:"about"`
	Accounts override.Accounts `json:"accounts"`
	Runs     []override.Run    `json:"runs"`
	SameIDs  string            `json:"same_ids_as"` // another file
	Tally    map[string][4]int `json:"tally"`       // by kind: total, overridden, agreed, inconclusive
	History  *override.History `json:"history"`
	shows
}

// shows is what a history or an event shows.
type shows struct {
	Overrides  []string          `json:"overrides"`
	Agreements []string          `json:"agreements"`
	Unresolved []override.Signal `json:"unresolved"`
	Ignored    []override.Signal `json:"ignored"`
	Cancelled  int               `json:"cancelled"`
}

func (s shows) check(t *testing.T, got override.Result) {
	t.Helper()
	same(t, "overrides", lines(got.Overrides), s.Overrides)
	same(t, "agreements", lines(got.Agreements), s.Agreements)
	var unresolved, ignored []override.Signal
	for _, u := range got.Coverage.Unresolved {
		unresolved = append(unresolved, u.Signal)
	}
	for _, i := range got.Coverage.Ignored {
		ignored = append(ignored, i.Signal)
	}
	same(t, "unresolved", unresolved, s.Unresolved)
	same(t, "ignored", ignored, s.Ignored)
	if len(got.Coverage.Cancelled) != s.Cancelled {
		t.Errorf("cancelled %v, want %d", got.Coverage.Cancelled, s.Cancelled)
	}
}

func (h told) detect() override.Result {
	return override.Detect(h.History, override.Options{Accounts: h.Accounts, Runs: h.Runs})
}

func read(t testing.TB, name string) told {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(histories, name))
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	var h told
	if err := d.Decode(&h); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return h
}

func files(t testing.TB) []string {
	t.Helper()
	entries, err := os.ReadDir(histories)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

// line is a record as the files write it.
func line(r override.Record) string {
	d := "change " + r.Decision.Commit[:min(7, len(r.Decision.Commit))]
	switch {
	case r.Decision.ReviewID != 0:
		d = fmt.Sprint("review ", r.Decision.ReviewID)
	case r.Decision.ThreadID != "":
		d = "thread " + r.Decision.ThreadID
	case r.Decision.CommentID != 0:
		d = fmt.Sprint("comment ", r.Decision.CommentID)
	case r.Decision.Label != "":
		d = "label " + r.Decision.Label
	}
	login := r.Actor.Login
	if login == "" {
		login = "?"
	}
	s := fmt.Sprintf("%s %s: %s (%s) against %s (%s) %s %s", r.Signal, r.Strength, login, r.Actor.Kind, r.Agent.Name, r.Agent.Basis, r.Decision.Kind, d)
	if r.Lines != nil {
		s += fmt.Sprintf(" %d", r.Lines.Changed)
		if of, ok := r.Lines.Of.Get(); ok {
			s += fmt.Sprintf("/%d", of)
		}
		s += " lines"
	}
	for _, part := range []string{r.Phase, quote(r.Reason)} {
		if part != "" {
			s += " " + part
		}
	}
	if r.Link != nil {
		s += fmt.Sprintf(" run %s %s", r.RunID, r.Link.Level)
	}
	return s
}

func quote(s string) string {
	if s == "" {
		return ""
	}
	return fmt.Sprintf("%q", s)
}

func lines(rs []override.Record) []string {
	out := []string{}
	for _, r := range rs {
		out = append(out, line(r))
	}
	return out
}

// TestHistories holds the detection to the histories of testdata/github.
func TestHistories(t *testing.T) {
	names := files(t)
	if len(names) < 100 {
		t.Errorf("only %d histories", len(names))
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(name, ".json"), func(t *testing.T) {
			h := read(t, name)
			got := h.detect()
			h.check(t, got)
			h.checkTally(t, got.Coverage.Decisions)
			h.checkIDs(t, got)
		})
	}
}

func same[T ~string](t *testing.T, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}

func (h told) checkTally(t *testing.T, got []override.Tally) {
	t.Helper()
	for _, tl := range got {
		if tl.Total != tl.Overridden+tl.Agreed+tl.Inconclusive {
			t.Errorf("%+v does not add up", tl)
		}
		if want, found := h.Tally[string(tl.Kind)]; h.Tally != nil && (!found || want != [4]int{tl.Total, tl.Overridden, tl.Agreed, tl.Inconclusive}) {
			t.Errorf("%+v, want %v", tl, want)
		}
	}
}

// checkIDs holds the ids to be distinct, and the same where they should be.
func (h told) checkIDs(t *testing.T, got override.Result) {
	t.Helper()
	seen := map[string]bool{}
	for _, r := range slices.Concat(got.Overrides, got.Agreements) {
		if seen[r.ID] || len(r.ID) != 32 {
			t.Errorf("id %q is not one of its own", r.ID)
		}
		seen[r.ID] = true
	}
	for _, id := range got.Coverage.Cancelled {
		if seen[id] {
			t.Errorf("%s is reported and cancelled", id)
		}
	}
	if h.SameIDs != "" {
		other := read(t, h.SameIDs+".json").detect()
		if other.Overrides[0].ID != got.Overrides[0].ID {
			t.Errorf("the ids differ from those of %s", h.SameIDs)
		}
	}
}

// FuzzHistory looks at histories that no forge would give.
func FuzzHistory(f *testing.F) {
	for _, name := range []string{"combined-a-life.json", "force-push-amended.json", "rework-moved-lines.json", "command-both-ways.json", "label-insisted-on.json"} {
		raw, err := json.Marshal(read(f, name).History)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var h override.History
		if json.Unmarshal(raw, &h) != nil {
			return
		}
		r := override.Detect(&h, override.Options{})
		if again := override.Detect(&h, override.Options{}); !slices.Equal(lines(r.Overrides), lines(again.Overrides)) {
			t.Error("the same history gives different overrides")
		}
		for _, rec := range slices.Concat(r.Overrides, r.Agreements) {
			if rec.Actor.Kind == override.Machine || len(rec.Reason) > 600 {
				t.Errorf("%+v", rec)
			}
		}
	})
}
