package cli

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	armour "encoding/pem"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/github/fake"
	"github.com/andon-ci/andon/internal/history"
	"github.com/andon-ci/andon/internal/history/historytest"
	"github.com/andon-ci/andon/internal/validate"
)

// syncedOf runs sync against a forge, with --format json.
func syncedOf(t *testing.T, f *fake.Forge, args ...string) synced {
	t.Helper()
	code, stdout, stderr := asked(t, f, nil, append([]string{"sync", "--format", "json"}, args...)...)
	if code != 0 {
		t.Fatalf("%d\n%s", code, stderr)
	}
	var out synced
	if err := json.Unmarshal([]byte(stdout), &out); err != nil {
		t.Fatalf("%v\n%.500s", err, stdout)
	}
	return out
}

// linesOf returns the lines of a kind in a folder's history.
func linesOf(t *testing.T, dir string, kind history.Kind) []string {
	t.Helper()
	var out []string
	for name, text := range historytest.Dump(t, &history.Dir{Path: dir}) {
		if strings.HasPrefix(name, string(kind)+"/") {
			out = append(out, strings.Split(strings.TrimSpace(text), "\n")...)
		}
	}
	return out
}

func TestSyncForge(t *testing.T) {
	f := mended(t, 4)
	dir := filepath.Join(t.TempDir(), "history")
	out := syncedOf(t, f, "--history", dir)
	if out.Runs.Added != 4 || out.Bundles != 4 || out.Overrides.Added+out.Agreements.Added == 0 || len(out.Repositories) != 1 {
		t.Errorf("%+v %+v", out, out.Repositories)
	}
	conforms(t, dir)
	runs := linesOf(t, dir, history.Runs)
	for _, line := range runs {
		var l rollup
		if err := json.Unmarshal([]byte(line), &l); err != nil || l.Repository != "octo-org/hello" || l.WorkflowRun == nil || l.WorkflowRun.ID == "" || l.WorkflowRun.Workflow != "Agents" || l.WorkflowRun.Attempt != "1" {
			t.Errorf("%v, %s", err, line)
		}
	}
	if len(runs) != 4 {
		t.Errorf("%d runs", len(runs))
	}
	want := historytest.Dump(t, &history.Dir{Path: dir})
	f.Forget()
	if again := syncedOf(t, f, "--history", dir); again.Bundles != 0 || again.Runs.Added != 0 || f.Downloads != 0 {
		t.Errorf("%+v", again)
	}
	if n := len(f.Requests); n > 4 {
		t.Errorf("%d requests where nothing is new", n)
	}
	historytest.Same(t, historytest.Dump(t, &history.Dir{Path: dir}), want)

	at := time.Date(2026, 11, 20, 20, 0, 0, 0, time.UTC)
	run := f.AddRun(headB, at, nil)
	f.AddArtifact(run, "andon-late", zippedBundle(t, headB, "late", "fix", "escalate", at), nil)
	if out := syncedOf(t, f, "--history", dir); out.Bundles != 1 || out.Runs.Added != 1 {
		t.Errorf("%+v", out)
	}
}

// TestSyncBranch keeps the history on a branch of the forge: the same files as
// in a folder.
func TestSyncBranch(t *testing.T) {
	f := mended(t, 4)
	dir := t.TempDir()
	syncedOf(t, f, "--history", dir)
	if out := syncedOf(t, f, "--history", "andon/history"); out.Runs.Added != 4 {
		t.Errorf("%+v", out)
	}
	if out := syncedOf(t, f, "--history", "octo-org/hello#andon/history"); out.Runs.Added != 0 || out.Bundles != 0 {
		t.Errorf("%+v", out)
	}
	got := map[string]string{}
	for name, data := range f.Branch("andon/history") {
		got[name] = string(data)
	}
	delete(got, "README.md")
	historytest.Same(t, got, historytest.Dump(t, &history.Dir{Path: dir}))
}

// conforms holds all files of a folder's history against their schemas.
func conforms(t *testing.T, dir string) {
	t.Helper()
	v, err := validate.New()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range historytest.Dump(t, &history.Dir{Path: dir}) {
		folder, _, _ := strings.Cut(name, "/")
		schema := map[string]string{"runs": "rollup", "overrides": "override", "agreements": "override"}[folder]
		if schema == "" {
			schema = "history"
		}
		lines := []string{text}
		if strings.HasSuffix(name, ".jsonl") {
			lines = strings.Split(strings.TrimSpace(text), "\n")
		}
		for _, line := range lines {
			for _, f := range v.Document(schema, []byte(line), name) {
				t.Errorf("%s does not conform to %s: %s %s\n%.500s", name, schema, f.Pointer, f.Message, line)
			}
		}
	}
}

// TestSyncGaps tells runs without a trace from runs that there never were.
func TestSyncGaps(t *testing.T) {
	f := fake.New(t)
	at := func(h int) time.Time { return time.Date(2026, 11, 18, h, 0, 0, 0, time.UTC) }
	run := func(h int, changes map[string]any) int64 { return f.AddRun(headA, at(h), changes) }
	run(1, nil) // before there were bundles
	f.AddArtifact(run(2, nil), "andon-a", zippedBundle(t, headA, "a", "review", "approve", at(2)), nil)
	run(3, nil)
	run(4, map[string]any{"name": "Lint"})
	run(5, map[string]any{"conclusion": "skipped"})
	f.AddArtifact(run(6, nil), "andon-b", []byte("no zip file"), nil)
	f.AddArtifact(run(7, nil), "andon-c", zippedBundle(t, headA, "c", "review", "approve", at(7)), map[string]any{"expired": true})
	f.AddArtifact(run(8, nil), "andon-d", leaking(t), nil)
	f.AddArtifact(run(9, nil), "andon-e", zippedNothing(t), nil)
	run(10, map[string]any{"status": "in_progress", "conclusion": nil})
	dir := t.TempDir()
	out := syncedOf(t, f, "--history", dir)
	states := map[history.State]int{}
	for _, line := range linesOf(t, dir, history.Coverage) {
		var g history.Gap
		if err := json.Unmarshal([]byte(line), &g); err != nil || g.Schema != history.GapSchema || g.Repository != f.Repository || g.Workflow.ID == "" {
			t.Errorf("%v, %s", err, line)
		}
		states[g.State]++
	}
	conforms(t, dir)
	if fmt.Sprint(states) != "map[empty:1 expired:1 invalid:1 missing:1 suppressed:1]" {
		t.Errorf("%v", states)
	}
	if r := out.Repositories[0]; r.Missing != 1 || r.Expired != 1 || out.Invalid != 1 || out.Suppressed != 1 {
		t.Errorf("%+v", r)
	}
	if all := strings.Join(linesOf(t, dir, history.Coverage), ""); strings.Contains(all, planted) {
		t.Error("the coverage holds a credential")
	}
	f.Runs[9]["status"], f.Runs[9]["conclusion"] = "completed", "failure"
	if out := syncedOf(t, f, "--history", dir); out.Repositories[0].Missing != 1 || out.Gaps.Added != 1 {
		t.Errorf("the run that ended meanwhile: %+v", out)
	}
}

// leaking returns a bundle with a credential.
func leaking(t *testing.T) []byte {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "notes.md"), []byte(planted), 0o644); err != nil {
		t.Fatal(err)
	}
	return zipped(t, dir)
}

// zippedNothing returns the bundle of a job of which the agent left no trace.
func zippedNothing(t *testing.T) []byte {
	t.Helper()
	out := filepath.Join(t.TempDir(), "bundle")
	env := Env{Stdin: strings.NewReader(""), Stdout: &strings.Builder{}, Stderr: &strings.Builder{}, Getenv: func(string) string { return "" }, Now: time.Now}
	if code := Main(t.Context(), env, []string{"collect", "--out", out, "--repository", "octo-org/hello", "-"}); code != 0 {
		t.Fatal(code)
	}
	return zipped(t, out)
}

// TestSyncWord believes the forge, and not the bundle, of what the forge knows.
func TestSyncWord(t *testing.T) {
	f := fake.New(t)
	made := time.Date(2026, 11, 18, 9, 0, 0, 0, time.UTC)
	run := f.AddRun(headB, made, map[string]any{"run_attempt": 2, "pull_requests": []any{map[string]any{"number": 77, "id": 1}}})
	// The bundle says that it is about #12 at another head, and long ago.
	f.AddArtifact(run, "andon-a", zippedBundle(t, headA, "a", "review", "approve", made.AddDate(-3, 0, 0)), nil)
	dir := t.TempDir()
	syncedOf(t, f, "--history", dir)
	lines := linesOf(t, dir, history.Runs)
	if len(lines) != 1 {
		t.Fatalf("%q", lines)
	}
	var l rollup
	if err := json.Unmarshal([]byte(lines[0]), &l); err != nil || l.Subject.Number != 77 || l.HeadSHA != headB || l.WorkflowRun.Attempt != "2" || !l.Start.IsZero() || l.SessionID != "octo-org/hello#77@b2b2b2b2b2b2" {
		t.Errorf("%v\n%s", err, lines[0])
	}
	if _, err := os.Stat(filepath.Join(dir, "runs/2026/11/18.jsonl")); err != nil {
		t.Error(err)
	}
}

// TestSyncBudget ends where the budget does, and goes on the next time until
// all is there, with the same bytes as at once.
func TestSyncBudget(t *testing.T) {
	f := mended(t, 20)
	whole, parts := t.TempDir(), t.TempDir()
	syncedOf(t, f, "--history", whole)
	stops := 0
	for range 20 {
		f.Forget()
		code, stdout, stderr := asked(t, f, nil, "sync", "--history", parts, "--max-requests", "9")
		if code != 0 {
			t.Fatalf("%d %s", code, stderr)
		}
		if n := len(f.Requests); n > 9+8 {
			t.Errorf("%d requests of 9", n)
		}
		if !strings.Contains(stdout, "not read:") {
			break
		}
		stops++
		if !strings.Contains(stderr, "the next sync goes on from there") || !strings.Contains(stdout, "--max-requests") {
			t.Errorf("%s\n%s", stdout, stderr)
		}
	}
	if stops < 2 {
		t.Errorf("it ended early %d times", stops)
	}
	historytest.Same(t, historytest.Dump(t, &history.Dir{Path: parts}), historytest.Dump(t, &history.Dir{Path: whole}))
}

// TestSyncLimit stops at the forge's own limit as cleanly.
func TestSyncLimit(t *testing.T) {
	f := mended(t, 20)
	whole, parts := t.TempDir(), t.TempDir()
	syncedOf(t, f, "--history", whole)
	f.Forget()
	f.Limit = 30
	code, stdout, stderr := asked(t, f, nil, "sync", "--history", parts)
	if code != 0 || !strings.Contains(stdout, "not read:") || !strings.Contains(stderr, "the next sync goes on") {
		t.Errorf("%d\n%s\n%s", code, stdout, stderr)
	}
	f.Forget()
	f.Limit = 0
	syncedOf(t, f, "--history", parts)
	historytest.Same(t, historytest.Dump(t, &history.Dir{Path: parts}), historytest.Dump(t, &history.Dir{Path: whole}))
}

func TestSyncRepositories(t *testing.T) {
	f := mended(t, 2)
	dir := t.TempDir()
	out := syncedOf(t, f, "--history", dir, "--repos", "octo-org/gone,octo-org/hello")
	if len(out.Repositories) != 2 || out.Repositories[0].Unreachable == "" || out.Runs.Added != 2 {
		t.Errorf("%+v", out)
	}
	conforms(t, dir)
	raw, err := os.ReadFile(filepath.Join(dir, history.CursorFile))
	if err != nil || !strings.Contains(string(raw), `"unreachable"`) {
		t.Errorf("%v\n%s", err, raw)
	}
	code, _, stderr := asked(t, f, nil, "sync", "--history", dir, "--repository", "octo-org/gone")
	if code != 3 || !strings.Contains(stderr, "hint:") {
		t.Errorf("%d %s", code, stderr)
	}
	code, _, stderr = asked(t, f, nil, "sync", "--history", dir, "--org", "octo-org")
	if code != 3 || !strings.Contains(stderr, "it takes an App") {
		t.Errorf("%d %s", code, stderr)
	}
	for _, args := range [][]string{
		{"--history", dir, "--org", "o", "--repos", "o/r"}, {"--repos", "o/r"}, {"--history", dir, "--repos", "or"},
		{"--history", dir, "--max-requests", "-1"}, {"--history", dir, "--since", "soon"}, {"--history", dir, "--org", "o", "path"}, {"--history", "x#"},
	} {
		if code, _, stderr := asked(t, f, nil, append([]string{"sync"}, args...)...); code != 2 || !strings.Contains(stderr, "hint:") {
			t.Errorf("%q: %d %s", args, code, stderr)
		}
	}
}

// TestSyncPersonal keeps no personal data where the configuration says so.
func TestSyncPersonal(t *testing.T) {
	for pii, want := range map[string]bool{"true": false, "false": true} {
		y, err := newSyncing(asking(fake.New(t), nil, io.Discard, io.Discard), &syncFlags{}, &history.Dir{Path: t.TempDir()}, &settings{pii: pii})
		if err != nil {
			t.Fatal(err)
		}
		y.record(history.Overrides, map[string]string{"id": "1", "reason": "ask alice.smith@corp.example"}, time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC))
		if err := y.flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if all := strings.Join(linesOf(t, y.store.(*history.Dir).Path, history.Overrides), ""); strings.Contains(all, "alice.smith") != want || all == "" {
			t.Errorf("pii %s: %s", pii, all)
		}
	}
}

// organisation is a forge with two repositories and one that cannot be read, and
// the environment of the App that is installed in them.
func organisation(t *testing.T) (*fake.Forge, map[string]string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	f, other := mended(t, 6), mended(t, 8)
	other.Repository, other.ID = "octo-org/other", 77
	f.Beside, f.Hidden = []*fake.Forge{other}, []string{"octo-org/gone"}
	return f, map[string]string{"ANDON_APP_ID": "7", "ANDON_APP_KEY": string(armour.EncodeToMemory(&armour.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))}
}

// TestSyncOrganisation reads what an App is installed in, and says what of it
// cannot be read.
func TestSyncOrganisation(t *testing.T) {
	f, env := organisation(t)
	dir := t.TempDir()
	code, stdout, stderr := asked(t, f, env, "sync", "--history", dir, "--org", "octo-org")
	for _, want := range []string{"octo-org/hello: 6 workflow runs, 6 new bundles (6 read", "octo-org/other: 8 workflow runs, 8 new bundles (8 read", "octo-org/gone", "not read: all of it"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("%q is not said", want)
		}
	}
	if code != 0 || !strings.Contains(stderr, "octo-org/gone") {
		t.Errorf("%d\n%s\n%s", code, stdout, stderr)
	}
	conforms(t, dir)
	if r := reported(t, dir); r.Coverage.Runs != 14 || !slices.Equal(r.Coverage.Unreachable, []string{"octo-org/gone"}) || !slices.Equal(r.Coverage.Repositories, []string{"octo-org/hello", "octo-org/other"}) {
		t.Errorf("%+v", r.Coverage)
	}
}

// TestSyncOrganisationStops ends in the middle of several repositories, by its
// own budget or by the forge's limit, and goes on until all is there, with the
// same bytes as at once. Each gets its turn.
func TestSyncOrganisationStops(t *testing.T) {
	for name, args := range map[string][]string{"budget": {"--max-requests", "14"}, "limit": nil} {
		f, env := organisation(t)
		whole, parts := t.TempDir(), t.TempDir()
		if code, _, stderr := asked(t, f, env, "sync", "--history", whole, "--org", "octo-org"); code != 0 {
			t.Fatal(stderr)
		}
		stops := 0
		for range 20 {
			f.Forget()
			if name == "limit" {
				f.Limit = 40
			}
			code, _, stderr := asked(t, f, env, append([]string{"sync", "--history", parts, "--org", "octo-org"}, args...)...)
			if code != 0 {
				t.Fatalf("%s: %d %s", name, code, stderr)
			}
			for _, d := range []string{"octo-org/hello", "octo-org/other"} {
				if stops > 0 && !strings.Contains(strings.Join(linesOf(t, parts, history.Runs), ""), d) {
					t.Errorf("%s: nothing of %s was read by the second time", name, d)
				}
			}
			if n := len(f.Requests); args != nil && n > 14+6 {
				t.Errorf("%d requests of 14", n)
			}
			if !strings.Contains(stderr, "the next sync goes on from there") {
				break
			}
			stops++
		}
		if stops < 1 || stops > 15 {
			t.Errorf("%s: it ended early %d times", name, stops)
		}
		got, want := historytest.Dump(t, &history.Dir{Path: parts}), historytest.Dump(t, &history.Dir{Path: whole})
		historytest.Same(t, got, want)
	}
}

// TestSyncFuture reads on where somebody has put the cursor into the future.
func TestSyncFuture(t *testing.T) {
	dir := t.TempDir()
	cursor := `{"schema":"andon.cursor/v1","repositories":{"octo-org/hello":{"artifacts":{"until":"2999-01-01T00:00:00Z"},"workflow_runs":"2999-01-01T00:00:00Z","changes":{"until":"2999-01-01T00:00:00Z"}}}}`
	if err := os.WriteFile(filepath.Join(dir, history.CursorFile), []byte(cursor), 0o644); err != nil {
		t.Fatal(err)
	}
	if out := syncedOf(t, mended(t, 2), "--history", dir); out.Runs.Added != 2 || out.Overrides.Added == 0 {
		t.Errorf("%+v", out)
	}
}
