package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/github/fake"
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

// TestOverridesSinceStops prints what was read where a limit ends the sweep.
func TestOverridesSinceStops(t *testing.T) {
	f := fake.New(t)
	f.Load("overruled")
	f.Limit = 4
	code, stdout, stderr := asked(t, f, nil, "overrides", "--since", "7d")
	if code != 3 || !strings.Contains(stdout, "review_dismissed") || !strings.Contains(stderr, "the limit of requests was reached") || !strings.Contains(stderr, "hint: run it again after") {
		t.Errorf("%d\n%s\n%s", code, stdout, stderr)
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
