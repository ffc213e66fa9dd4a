package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/github/fake"
	"github.com/andon-ci/andon/internal/validate"
)

// reportArgs asks for a report of the history that the documents show.
func reportArgs(date string, more ...string) []string {
	return append([]string{"report", "--history", filepath.Join(repo, "testdata", "history"), "--as-of", date, "--since", "42d", "--cache", "none"}, more...)
}

// writes returns how many requests have changed something at the forge.
func writes(f *fake.Forge) int {
	n := 0
	for _, r := range f.Requests {
		if r.Method != "GET" && !strings.HasSuffix(r.URL.Path, "/graphql") {
			n++
		}
	}
	return n
}

// One issue is kept for a week, and the one of the week before is closed.
func TestReportPost(t *testing.T) {
	f := fake.New(t)
	f.AddIssue("somebody's", "<!-- andon:report 2026-W46 -->\nquoted", reportLabel)
	post := func(date string, writing int, more ...string) {
		t.Helper()
		f.Forget()
		code, _, stderr := asked(t, f, nil, reportArgs(date, append(more, "--post")...)...)
		if code != 0 {
			t.Fatalf("%s: exit code %d\n%s", date, code, stderr)
		}
		if n := writes(f); n != writing {
			t.Errorf("%s: %d writing requests, want %d\n%s", date, n, writing, stderr)
		}
	}
	post("2026-11-10", 1) // opens
	post("2026-11-10", 0)
	post("2026-11-12", 1) // changes
	post("2026-11-20", 2) // opens, and closes the one before
	post("2026-11-20", 0)
	if len(f.Issues) != 3 {
		t.Fatalf("%d issues", len(f.Issues))
	}
	for i, want := range []struct{ title, state, begins string }{
		{"somebody's", "open", "<!-- andon:report 2026-W46 -->\nquoted"},
		{"Andon report, 2 Oct – 12 Nov 2026: ", "closed", "<!-- andon:report 2026-W46 -->\n<sub>2 Oct – 12 Nov 2026"},
		{"Andon report, 10 Oct – 20 Nov 2026: ", "open", "<!-- andon:report 2026-W47 -->\n<sub>10 Oct – 20 Nov 2026"},
	} {
		is := f.Issues[i]
		if !strings.HasPrefix(is["title"].(string), want.title) || is["state"] != want.state || !strings.HasPrefix(is["body"].(string), want.begins) {
			t.Errorf("issue %d: %q, %v, %.80q", i, is["title"], is["state"], is["body"])
		}
	}
	f.Issues[2]["state"] = "closed" // by a person, who has read it
	post("2026-11-20", 0)
	post("2026-11-21", 1)
	if f.Issues[2]["state"] != "closed" || len(f.Issues) != 3 {
		t.Error("an issue that a person has closed was opened again")
	}
}

// A calm week opens no issue where that is asked for; an owner's is its own.
func TestReportCalm(t *testing.T) {
	f := fake.New(t)
	for _, tt := range []struct {
		args   []string
		issues int
	}{
		{reportArgs("2026-10-30", "--post", "--quiet-when-calm"), 0},
		{reportArgs("2026-10-30", "--post", "--period", "month"), 1},
		{reportArgs("2026-10-31", "--post", "--quiet-when-calm", "--period", "month"), 1},
	} {
		if code, _, stderr := asked(t, f, nil, tt.args...); code != 0 || len(f.Issues) != tt.issues {
			t.Fatalf("%v: exit code %d, %d issues\n%s", tt.args, code, len(f.Issues), stderr)
		}
	}
	if title := f.Issues[0]["title"].(string); !strings.Contains(title, "31 Oct 2026") {
		t.Errorf("a calm month is not kept up to date: %q", title)
	}
	f.Files = map[string]string{"CODEOWNERS": "* @octo-org/web\n"}
	if code, _, stderr := asked(t, f, nil, reportArgs("2026-11-20", "--post", "--owner", "@octo-org/web")...); code != 0 || len(f.Issues) != 2 {
		t.Fatalf("exit code %d, %d issues\n%s", code, len(f.Issues), stderr)
	}
	is := f.Issues[1]
	if title, body := is["title"].(string), is["body"].(string); !strings.HasSuffix(title, " (octo-org/web)") || !strings.HasPrefix(body, "<!-- andon:report/@octo-org/web 2026-W47 -->\n") {
		t.Errorf("%q, %.100q", title, body)
	}
}

// Nobody is mentioned but whom the configuration names, and that not for nothing.
func TestReportMention(t *testing.T) {
	f := fake.New(t)
	config := filepath.Join(t.TempDir(), "andon.yml")
	if err := os.WriteFile(config, []byte("report:\n  mention: ['@octo-org/agents']\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for i, tt := range []struct {
		args      []string
		mentioned bool
	}{
		{reportArgs("2026-10-30", "--post", "--config", config), false},
		{reportArgs("2026-11-20", "--post", "--config", config), true},
	} {
		code, stdout, stderr := asked(t, f, nil, append(tt.args, "--format", "markdown")...)
		if code != 0 || len(f.Issues) != i+1 {
			t.Fatalf("exit code %d, %d issues\n%s", code, len(f.Issues), stderr)
		}
		if got := strings.Contains(f.Issues[i]["body"].(string), "\ncc @octo-org/agents"); got != tt.mentioned || strings.Contains(stdout, "cc @") {
			t.Errorf("%v: mentioned is %v", tt.args, got)
		}
	}
}

// What may not be written is said with the permission that it takes.
func TestReportRefused(t *testing.T) {
	f := fake.New(t)
	f.Fail(fake.Fault{Path: "/issues", Reply: fake.Status(403, "Resource not accessible by integration", "X-Accepted-GitHub-Permissions", "issues=write")})
	code, stdout, stderr := asked(t, f, nil, reportArgs("2026-11-20", "--post")...)
	if code != exitFailure || !strings.Contains(stderr, "issues: write") || !strings.Contains(stdout, "384 runs") {
		t.Errorf("exit code %d\n%s\n%s", code, stderr, stdout)
	}
}

// The board draws a frame in one write, again after each wait, and leaves the
// terminal as it was.
func TestBoard(t *testing.T) {
	var out writesKept
	ctx, cancel := context.WithCancel(t.Context())
	waits := 0
	env := Env{
		Stdout: &out, Stderr: &bytes.Buffer{}, Now: func() time.Time { return time.Date(2026, 11, 20, 8, 0, waits, 0, time.UTC) },
		Getenv: func(k string) string { return map[string]string{"LINES": "8", "COLUMNS": "80"}[k] },
	}
	env.Forge.Sleep = func(ctx context.Context, _ time.Duration) error {
		if waits++; waits == 3 {
			cancel() // as ctrl-C does
		}
		return ctx.Err()
	}
	if code := Main(ctx, env, []string{"board", "--history", filepath.Join(repo, "testdata", "history"), "--since", "42d"}); code != 0 {
		t.Fatalf("exit code %d: %s", code, env.Stderr)
	}
	if len(out.writes) != 5 || out.writes[0] != enterScreen || out.writes[4] != leaveScreen {
		t.Fatalf("%d writes: %.200q", len(out.writes), out.writes)
	}
	for _, frame := range out.writes[1:4] {
		if !strings.HasPrefix(frame, frameStart) || !strings.HasSuffix(frame, frameEnd) || strings.Count(frame, "\n") >= 8 || !strings.Contains(frame, "review-security") {
			t.Errorf("a frame is %q", frame)
		}
	}
}

// writesKept keeps what was written, write by write.
type writesKept struct{ writes []string }

func (w *writesKept) Write(p []byte) (int, error) {
	w.writes = append(w.writes, string(p))
	return len(p), nil
}

// What programs read has the form that is published, also of nothing.
func TestReportSchema(t *testing.T) {
	v, err := validate.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, date := range []string{"2026-11-20", "2020-11-20"} {
		code, stdout, stderr := asked(t, fake.New(t), nil, reportArgs(date, "--format", "json")...)
		if code != 0 {
			t.Fatalf("exit code %d\n%s", code, stderr)
		}
		for _, f := range v.Document("report", []byte(stdout), "report.json") {
			t.Errorf("%s: %s: %s", date, f.Pointer, f.Message)
		}
	}
}

// Of whose runs they are the forge is asked with --post, and with nothing else.
func TestReportOwners(t *testing.T) {
	f := fake.New(t)
	f.Files = map[string]string{"CODEOWNERS": "* @octo-org/web\n"}
	for _, args := range [][]string{{"--format", "json"}, {"--format", "json", "--post"}} {
		f.Forget()
		code, stdout, stderr := asked(t, f, nil, reportArgs("2026-11-20", append(args, "--repository", "octo-org/hello")...)...)
		if code != 0 {
			t.Fatalf("%v: exit code %d\n%s", args, code, stderr)
		}
		asks := len(args) > 2
		if got := strings.Contains(stdout, `"name": "@octo-org/web"`); got != asks || !asks && len(f.Requests) > 0 {
			t.Errorf("%v: an owner is %v, %d requests", args, got, len(f.Requests))
		}
	}
}
