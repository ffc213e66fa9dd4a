package cli

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/github/fake"
	"github.com/andon-ci/andon/internal/override"
)

func TestOverridesSince(t *testing.T) {
	f := fake.New(t)
	f.Load("overruled")
	code, stdout, stderr := asked(t, f, nil, "overrides", "--since", "7d", "--format", "json")
	var out struct {
		Overrides []struct{ Signal, ID string } `json:"overrides"`
		Coverage  struct{ Changes int }         `json:"coverage"`
	}
	if err := json.Unmarshal([]byte(stdout), &out); err != nil || code != 0 || len(out.Overrides) != 8 || out.Coverage.Changes != 1 {
		t.Errorf("%d, %v, %+v\n%s", code, err, out, stderr)
	}
	if !strings.Contains(stderr, "asked for: 7 requests, 2 by GraphQL") {
		t.Errorf("the budget is not told: %s", stderr)
	}
	code, stdout, _ = asked(t, f, nil, "overrides", "--since", "2026-11-30")
	if code != 0 || !strings.Contains(stdout, "0 overrides, 0 agreements in 0 changes") {
		t.Errorf("%d %s", code, stdout)
	}
}

// swept is what overrides --since prints in JSON.
type swept struct {
	Overrides []struct {
		ID string `json:"id"`
	} `json:"overrides"`
	Coverage override.Coverage `json:"coverage"`
}

func (s swept) ids() map[string]bool {
	out := map[string]bool{}
	for _, o := range s.Overrides {
		out[o.ID] = true
	}
	return out
}

// overruling returns a forge with four pull requests that an agent was overruled
// in, a day apart.
func overruling(t *testing.T) *fake.Forge {
	t.Helper()
	f := fake.New(t)
	f.Load("overruled")
	for i := range 3 {
		f.AddPull(11-i, time.Date(2026, 11, 20-i, 9, 0, 0, 0, time.UTC))
	}
	return f
}

func sweep(t *testing.T, f *fake.Forge, args ...string) (code int, out swept, stderr string) {
	t.Helper()
	code, stdout, stderr := asked(t, f, nil, append([]string{"overrides", "--format", "json"}, args...)...)
	if err := json.Unmarshal([]byte(stdout), &out); err != nil {
		t.Fatalf("%v: %s\n%s", err, stdout, stderr)
	}
	return code, out, stderr
}

// TestOverridesSinceFails holds a sweep to say what went wrong and what to do, to
// print what it could read as a part, and to go on where it had to stop.
func TestOverridesSinceFails(t *testing.T) {
	whole := overruling(t)
	_, all, _ := sweep(t, whole, "--since", "7d")
	if len(all.Overrides) != 4*8 || all.Coverage.Partial || all.Coverage.Cursor != "" {
		t.Fatalf("%d overrides, %+v", len(all.Overrides), all.Coverage)
	}
	each := whole.REST() / 4 // requests for each pull request, and one for the list
	limited := fake.Status(429, "Too many", "Retry-After", "600")
	for _, tt := range []struct {
		name    string
		fault   fake.Fault
		limit   int
		code    int
		says    string // on stderr
		changes int
		from    string // day of the cursor
	}{
		{"the rate limit", fake.Fault{}, 2 * (each + 2), 3, "hint: run it again after", 2, "2026-11-20"},
		{"the rate limit at once", fake.Fault{Reply: fake.Status(403, "API rate limit exceeded", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "1795300000")}, 0, 3, "hint: run it again after", 0, "open"},
		{"a secondary limit that passes", fake.Fault{Path: "/graphql", Skip: 2, Times: 1, Reply: fake.Status(403, "You have exceeded a secondary rate limit", "Retry-After", "30")}, 0, 0, "waited 30s", 4, ""},
		{"a secondary limit that does not", fake.Fault{Path: "/graphql", Skip: 2, Reply: limited}, 0, 3, "hint: run it again after", 1, "2026-11-20"},
		{"5xx that passes", fake.Fault{Times: 3, Reply: fake.Status(502, "Bad Gateway")}, 0, 0, "3 tried again", 4, ""},
		{"5xx of one part", fake.Fault{Path: "/activity", Skip: 1, Times: 4, Reply: fake.Status(500, "Oops")}, 0, 3, "reading the pushes to", 4, "2026-11-20"},
		{"5xx of all", fake.Fault{Reply: fake.Status(503, "Unavailable")}, 0, 3, "hint: it was tried again and again", 0, "open"},
		{"5xx from one on", fake.Fault{Path: "/graphql", Skip: 2, Reply: fake.Status(503, "Unavailable")}, 0, 3, "#9 of", 1, "2026-11-20"},
		{"a reset that passes", fake.Fault{Path: "/activity", Times: 2, Reply: fake.Reset}, 0, 0, "1 tried again", 4, ""},
		{"resets", fake.Fault{Path: "/graphql", Skip: 2, Reply: fake.Reset}, 0, 3, "hint: check the network", 1, "2026-11-20"},
		{"half an answer", fake.Fault{Path: "/graphql", Skip: 2, Times: 1, Reply: truncated}, 0, 3, "not the JSON of the API", 3, "2026-11-20"},
		{"a token that expires", fake.Fault{Path: "/graphql", Skip: 2, Reply: fake.Status(401, "Bad credentials")}, 0, 3, "hint: the token is wrong or has expired", 1, "2026-11-20"},
		{"no permission", fake.Fault{Path: "/pulls", Reply: fake.Status(403, "Resource not accessible by integration", "X-Accepted-GitHub-Permissions", "pull_requests=read")}, 0, 3, "`pull-requests: read`", 0, "none"},
		{"not to be seen", fake.Fault{Path: "/pulls", Reply: fake.Status(404, "Not Found")}, 0, 3, "a token that may not see a private repository", 0, "none"},
		{"no permission for a part", fake.Fault{Path: "/activity", Reply: fake.Denied}, 0, 0, "", 4, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := overruling(t)
			f.Limit = tt.limit
			if tt.fault.Reply != nil {
				f.Fail(tt.fault)
			}
			code, first, stderr := sweep(t, f, "--since", "7d")
			c := first.Coverage
			if code != tt.code || !strings.Contains(stderr, tt.says) || strings.Contains(stderr, "hint:") != (code == 3) {
				t.Errorf("%d %s", code, stderr)
			}
			if c.Changes != tt.changes || c.Partial != (code == 3) || (len(c.Unread) > 0) != (code == 3) {
				t.Errorf("%+v", c)
			}
			from := map[string]string{"": "", "none": "", "open": "2026-11-14T08:00:00Z/"}
			want, known := from[tt.from]
			if !known {
				want = "2026-11-14T08:00:00Z/" + tt.from + "T09:00:00Z"
			}
			if c.Cursor != want {
				t.Errorf("cursor %q, want %q", c.Cursor, want)
			}
			if c.Cursor == "" {
				return
			}
			f.Forget()
			f.Limit = 0
			code, rest, stderr := sweep(t, f, "--cursor", c.Cursor)
			found := first.ids()
			maps.Copy(found, rest.ids())
			if code != 0 || rest.Coverage.Partial || !maps.Equal(found, all.ids()) {
				t.Errorf("%d of %d overrides in both together: %d %s", len(found), len(all.Overrides), code, stderr)
			}
		})
	}
}

// TestOverridesSinceAfterATransfer asks by the name that the repository had.
func TestOverridesSinceAfterATransfer(t *testing.T) {
	f := overruling(t)
	_, now, _ := sweep(t, f, "--since", "7d")
	f.Forget()
	f.Old = "octo-cat/before"
	code, before, stderr := sweep(t, f, "--since", "7d", "--repository", f.Old)
	if code != 0 || len(before.Overrides) != 4*8 || !maps.Equal(before.ids(), now.ids()) || !strings.Contains(stderr, "octo-org/hello asked for") {
		t.Errorf("%d, %d overrides: %s", code, len(before.Overrides), stderr)
	}
}

func TestOverridesSinceWithoutToken(t *testing.T) {
	f := overruling(t)
	code, stdout, stderr := asked(t, f, map[string]string{"GITHUB_TOKEN": ""}, "overrides", "--since", "7d")
	if code != 3 || stdout != "" || !strings.Contains(stderr, "there is no token") || !strings.Contains(stderr, "hint: set GITHUB_TOKEN") || len(f.Requests) > 0 {
		t.Errorf("%d %s", code, stderr)
	}
}

// TestOverridesSinceStops marks in every format what is not all.
func TestOverridesSinceStops(t *testing.T) {
	f := overruling(t)
	f.Limit = 4
	for format, says := range map[string]string{"text": "this is not all:", "jsonl": ""} {
		f.Forget()
		code, stdout, stderr := asked(t, f, nil, "overrides", "--since", "7d", "--format", format)
		if code != 3 || !strings.Contains(stdout, "review_dismissed") || !strings.Contains(stdout, says) || !strings.Contains(stdout+stderr, "go on with --cursor 2026-11-14T08:00:00Z/2026-11-22T09:00:00Z") {
			t.Errorf("%s: %d\n%s\n%s", format, code, stdout, stderr)
		}
	}
	for _, cursor := range []string{"7d", "/", "2026-11-14"} {
		if code, _, stderr := asked(t, f, nil, "overrides", "--cursor", cursor); code != exitUsage || !strings.Contains(stderr, "is no cursor") {
			t.Errorf("%s: %d %s", cursor, code, stderr)
		}
	}
}

func TestMoment(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for s, want := range map[string]string{"7d": "2026-11-13T12:00", "36h": "2026-11-19T00:00", "2026-10-01": "2026-10-01T00:00", "0d": "2026-11-20T12:00"} {
		got, err := moment(s, now)
		if err != nil || got.Format("2006-01-02T15:04") != want {
			t.Errorf("%s: %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "d", "-7d", "-1h", "soon", "99999d", "2026-13-01"} {
		if got, err := moment(s, now); err == nil {
			t.Errorf("%q: %v", s, got)
		}
	}
}

// TestSessionAccounts names an agent that uses a person's account.
func TestSessionAccounts(t *testing.T) {
	f := mended(t, 2)
	config := filepath.Join(t.TempDir(), "andon.yml")
	if err := os.WriteFile(config, []byte("accounts:\n  agents: [mona]\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, stdout, stderr := asked(t, f, nil, "session", "--pr", "12", "--format", "json", "--config", config)
	if c := chainOf(t, stdout); c.Totals.HumanCommits != 0 || c.Totals.AgentCommits != 2 {
		t.Errorf("%+v\n%s", c.Totals, stderr)
	}
}
