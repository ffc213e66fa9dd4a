package override_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/andon-ci/andon/internal/override"
)

const github = "../../testdata/github"

// happened is a file of testdata/github/events: one of octokit's example
// payloads, what is changed in it, and what it shows.
type happened struct {
	About    string            `json:"about"`
	Base     string            `json:"base"` // name and action: a file of testdata/github/payloads
	Set      map[string]any    `json:"set"`  // by the path to it
	Accounts override.Accounts `json:"accounts"`
	shows
	Cancels string `json:"cancels"` // another file, whose override is cancelled
}

func event(t testing.TB, name string) happened {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(github, "events", name))
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	d.UseNumber()
	var h happened
	if err := d.Decode(&h); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return h
}

// payload returns the example with the changes.
func (h happened) payload(t testing.TB) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(github, "payloads", h.Base+".json"))
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var doc any
	if err := d.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	for path, v := range h.Set {
		set(t, doc, strings.Split(path, "."), v)
	}
	out, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// set changes a member that is there, or adds one to an object that is there.
func set(t testing.TB, doc any, path []string, v any) {
	t.Helper()
	for i, key := range path {
		last := i == len(path)-1
		switch d := doc.(type) {
		case map[string]any:
			if last {
				d[key] = v
			}
			doc = d[key]
		case []any:
			n, err := strconv.Atoi(key)
			if err != nil || n >= len(d) {
				t.Fatalf("no element %s", key)
			}
			doc = d[n]
		default:
			t.Fatalf("nothing at %s", strings.Join(path[:i], "."))
		}
	}
}

func (h happened) detect(t testing.TB) override.Result {
	t.Helper()
	name, _, _ := strings.Cut(h.Base, ".")
	r, err := override.FromEvent(name, h.payload(t), override.Options{Accounts: h.Accounts})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestEvents holds what payloads show by themselves to the files of
// testdata/github/events, and the payloads to octokit's schema of them.
func TestEvents(t *testing.T) {
	entries, err := os.ReadDir(filepath.Join(github, "events"))
	if err != nil || len(entries) < 30 {
		t.Fatal(len(entries), err)
	}
	for _, e := range entries {
		t.Run(strings.TrimSuffix(e.Name(), ".json"), func(t *testing.T) {
			h := event(t, e.Name())
			isWebhook(t, h)
			got := h.detect(t)
			h.check(t, got)
			if h.Cancels != "" && event(t, h.Cancels+".json").detect(t).Overrides[0].ID != got.Coverage.Cancelled[0] {
				t.Errorf("it does not cancel %s", h.Cancels)
			}
		})
	}
}

// isWebhook checks a payload against octokit's schema of its event.
func isWebhook(t *testing.T, h happened) {
	t.Helper()
	name := strings.Replace(h.Base, ".", "$", 1)
	if name == "push" {
		name = "push$event"
	}
	s, err := jsonschema.Compile(filepath.Join(github, "webhooks.schema.json") + "#/definitions/" + name)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(h.payload(t)))
	d.UseNumber()
	var doc any
	if err := d.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(doc); err != nil {
		t.Errorf("not a payload of %s: %v", h.Base, err)
	}
}

// TestOneID holds an act to the same id in its event and in the history that is
// read later.
func TestOneID(t *testing.T) {
	claude, alice := override.Actor{Login: "claude", Type: "Bot"}, override.Actor{Login: "alice", Type: "User"} // as GraphQL names it
	for name, fill := range map[string]func(*override.History, override.Record){
		"review-dismissed": func(h *override.History, r override.Record) {
			h.Reviews = []override.Review{{ID: r.Decision.ReviewID, Author: claude, State: override.Approved, Dismissal: &override.Dismissal{By: alice}}}
		},
		"closed-unmerged": func(h *override.History, _ override.Record) {
			h.Author = claude
			h.Events = []override.Event{{ID: "77", Kind: override.Closed, Time: time.Unix(1, 0), Actor: alice}}
		},
		"thread-resolved": func(h *override.History, r override.Record) {
			h.Threads = []override.Thread{{
				ID: r.Decision.ThreadID, Resolved: true, ResolvedBy: alice, Changed: override.No, Comments: []override.Comment{{ID: 1, Author: claude}},
			}}
		},
		"command": func(h *override.History, r override.Record) {
			h.Reviews = []override.Review{{ID: 1, Author: claude, State: override.Approved}}
			h.Comments = []override.Comment{{ID: number(t, r.Evidence[0].ID), Author: alice, Permission: "admin", Body: "/andon override It misses the overflow."}}
		},
		"command-in-a-review": func(h *override.History, r override.Record) {
			h.Reviews = []override.Review{{ID: 1, Author: claude, State: override.Approved}, {ID: number(t, r.Evidence[0].ID), Author: alice, Permission: "write", Body: "/andon override"}}
		},
		"command-on-a-line": func(h *override.History, r override.Record) {
			reply := override.Comment{ID: number(t, r.Evidence[0].ID), Author: alice, Permission: "write", Body: "/andon confirm"}
			h.Threads = []override.Thread{{ID: "T", Comments: []override.Comment{{ID: 1, Author: claude}, reply}}}
		},
	} {
		e := event(t, name+".json")
		told := e.detect(t)
		first := slices.Concat(told.Overrides, told.Agreements)[0]
		var p struct {
			Repository struct {
				ID int64 `json:"id"`
			} `json:"repository"`
		}
		if err := json.Unmarshal(e.payload(t), &p); err != nil {
			t.Fatal(err)
		}
		h := &override.History{Repository: "renamed/since", RepositoryID: p.Repository.ID, Subject: first.Subject}
		fill(h, first)
		result := override.Detect(h, override.Options{})
		later := slices.Concat(result.Overrides, result.Agreements)
		if len(later) != 1 || later[0].ID != first.ID {
			t.Errorf("%s: %s in the event, and later %q", name, first.ID, lines(later))
		}
		known := []override.Record{first}
		if got := override.Union(later, known); len(got) != 1 || got[0].Decision.Kind == "" {
			t.Errorf("%s: the sweep and then the event give %q", name, lines(got))
		}
	}
}

func number(t *testing.T, s string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestNotAnEvent(t *testing.T) {
	for _, raw := range []string{"", "[]", "{}", `{"repository": 1}`, `{"repository": {"full_name": ""}}`, "secret=hunter2"} {
		_, err := override.FromEvent("push", []byte(raw), override.Options{})
		if !errors.Is(err, override.ErrEvent) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", raw, err)
		}
	}
	if _, err := override.FromEvent("push", []byte(`{"repository": {"full_name": "o/r"}}`), override.Options{Repository: "o/s"}); err == nil {
		t.Error("an event of another repository is taken")
	}
}

// FuzzEvent reads anything as a payload.
func FuzzEvent(f *testing.F) {
	for _, name := range []string{"command.json", "merged-revert.json", "push-with-a-revert.json", "thread-resolved.json", "review-dismissed.json"} {
		h := event(f, name)
		base, _, _ := strings.Cut(h.Base, ".")
		f.Add(base, h.payload(f))
	}
	f.Add("pull_request", []byte(`{"action":"closed","repository":{"full_name":"o/r"},"pull_request":{"number":1}}`))
	f.Add("pull_request_review", []byte(`{"action":"dismissed","repository":{"full_name":"o/r"},"issue":{"number":1},"review":{"id":1}}`))
	f.Fuzz(func(t *testing.T, name string, raw []byte) {
		r, err := override.FromEvent(name, raw, override.Options{})
		if err != nil {
			return
		}
		if _, err := json.Marshal(r); err != nil {
			t.Fatal(err)
		}
	})
}
