package override_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/andon-ci/andon/internal/override"
	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/schemas"
)

func recordSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	raw, err := schemas.Get("override")
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat = true
	if err := c.AddResource("override.json", bytes.NewReader(raw)); err != nil {
		t.Fatal(err)
	}
	return c.MustCompile("override.json")
}

// TestRecordsAreValid holds every record of every history to the schema, and
// sees to it that between them they fill every member.
func TestRecordsAreValid(t *testing.T) {
	s := recordSchema(t)
	signals := map[string]bool{}
	filled := map[string]bool{}
	for _, name := range files(t) {
		r := read(t, name).detect()
		for _, rec := range slices.Concat(r.Overrides, r.Agreements) {
			signals[rec.Schema+" "+string(rec.Signal)] = true
			raw, err := json.Marshal(rec)
			if err != nil {
				t.Fatal(err)
			}
			var doc map[string]any
			if err := json.Unmarshal(raw, &doc); err != nil {
				t.Fatal(err)
			}
			if err := s.Validate(doc); err != nil {
				t.Errorf("%s: %v\n%s", name, err, raw)
			}
			for k := range doc {
				filled[k] = true
			}
		}
	}
	for f := range reflect.TypeFor[override.Record]().Fields() {
		name, _, _ := bytes.Cut([]byte(f.Tag.Get("json")), []byte(","))
		if !filled[string(name)] {
			t.Errorf("no history fills %q", name)
		}
	}
	for _, want := range []override.Signal{
		override.ReviewDismissed, override.Reverted, override.ChangesAfter, override.MergedDespite, override.ClosedUnmerged, override.HumanCommit,
		override.ForcePush, override.LabelRemoved, override.ThreadResolved, override.ReactionSignal, override.CommandSignal,
	} {
		if !signals[override.OverrideSchema+" "+string(want)] {
			t.Errorf("no history has the override %s", want)
		}
	}
	for _, want := range []override.Signal{
		override.ApprovedAfter, override.MergedUnchanged, override.MergedApproved, override.ThreadChanged, override.ReactionSignal, override.CommandSignal,
	} {
		if !signals[override.AgreementSchema+" "+string(want)] {
			t.Errorf("no history has the agreement %s", want)
		}
	}
}

// TestLargeHistory gives a history thousands of everything: in quadratic time
// it would not end.
func TestLargeHistory(t *testing.T) {
	const n = 20000
	claude, alice := override.Actor{Login: "claude[bot]", Type: "Bot"}, override.Actor{Login: "alice", Type: "User"}
	at := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	sha := func(i int) string { return fmt.Sprintf("%040x", i+1) }
	h := &override.History{Repository: "o/r", Subject: session.Subject{Kind: "pull_request", Number: 1}, Author: claude}
	h.Merge = &override.Merge{By: alice, SHA: sha(0), Files: []override.File{{Path: "f"}}}
	gone := override.Event{Kind: override.ForcePushed, Actor: alice, Before: "a", After: "b"}
	for i := range n {
		who := []override.Actor{claude, alice}[i%2]
		h.Commits = append(h.Commits, override.Commit{
			SHA: sha(i), Author: override.Identity{Email: "x", Time: at, Account: who}, Pusher: who,
			Message: "Revert \"x\"\n\nThis reverts commit " + sha(n+i) + ".",
		})
		gone.Dropped = append(gone.Dropped, sha(i))
		h.Reviews = append(h.Reviews, override.Review{ID: int64(i + 1), Author: who, State: []override.ReviewState{override.Approved, override.ChangesRequested}[i%2], Commit: "c"})
		h.Events = append(h.Events, override.Event{Kind: []override.EventKind{override.Labeled, override.Unlabeled}[i%2], Actor: who, Label: "l", ID: fmt.Sprint(i)})
		h.Comments = append(h.Comments, override.Comment{ID: int64(i + 1), Author: who, Body: "> x\n/andon", Reactions: []override.Reaction{{ID: int64(i + 1), Content: "-1", Actor: alice}}})
		h.Threads = append(h.Threads, override.Thread{ID: fmt.Sprint(i), Resolved: true, ResolvedBy: alice, Comments: []override.Comment{{ID: 1, Author: claude}}})
		h.Merge.Files[0].Hunks = append(h.Merge.Files[0].Hunks, override.Hunk{Old: 10 * i, New: 10*i + 1, Added: 5})
		h.Reverts = append(h.Reverts, override.Revert{Number: i + 2, SHA: sha(i + n), Title: `Revert "x"`, Body: "Reverts #1", Merged: at, MergedBy: alice})
	}
	h.Events = append(h.Events, gone)
	h.After = []override.Commit{{SHA: sha(3 * n), Author: override.Identity{Account: alice}, Files: []override.File{{Path: "f", Hunks: h.Merge.Files[0].Hunks}}}}
	r := override.Detect(h, override.Options{})
	if len(r.Overrides) < n || len(r.Overrides) > 4*n {
		t.Errorf("%d overrides", len(r.Overrides))
	}
}
