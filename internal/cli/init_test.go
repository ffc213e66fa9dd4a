package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
	"testing"
)

// TestReadyWorkflows holds .github/workflows/examples equal to what init writes.
func TestReadyWorkflows(t *testing.T) {
	files, err := (&initFlags{}).files()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(repo, ".github", "workflows", "examples")
	want := 0
	for _, f := range files {
		if f.path != configPath {
			want++
			golden(t, filepath.Join(dir, filepath.Base(f.path)), f.text)
		}
	}
	if there, err := filepath.Glob(dir + "/*"); err != nil || len(there) != want || want == 0 {
		t.Errorf("%d files in %s, want %d: %v", len(there), dir, want, err)
	}
}

// TestReadyConfiguration takes what the written configuration has in comments.
func TestReadyConfiguration(t *testing.T) {
	raw, err := workflows.ReadFile("workflows/andon.yml")
	if err != nil {
		t.Fatal(err)
	}
	if c, err := parseConfig(raw, "as it is"); err != nil || c.Agent != "" {
		t.Errorf("as it is: %+v, %v", c, err)
	}
	set := regexp.MustCompile(`(?m)^#(\S|  )`).ReplaceAll(raw, []byte("$1"))
	c, err := parseConfig(set, "with all set")
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Traces) == 0 || c.Agent == "" || c.Instructions == "" || c.OnSecret == "" || len(c.FailOn) == 0 || c.Content == "" ||
		len(c.Secrets) == 0 || len(c.Accounts.Agents) == 0 || len(c.Accounts.Tools) == 0 || len(c.Allow) == 0 || len(c.Report.Mention) == 0 {
		t.Errorf("the written configuration does not show every key: %+v", c)
	}
}

// TestInitRef says what of the action can be known.
func TestInitRef(t *testing.T) {
	const commit = "0123456789abcdef0123456789abcdef01234567"
	for _, tt := range []struct{ version, pin, want string }{
		{"1.2.3", "", "v1.2.3"},
		{"1.2.3-rc.1", "", "v1.2.3-rc.1"},
		{"1.2.3", commit, commit + " # v1.2.3"},
		{"1.2.3-dev", commit, commit},
		{"1.2.3-dev", "", "v1"},
		{"1.2.3+dirty", "", "v1"},
		{"0.0.0-20261120091500-0123456789ab", "", "v0"},
	} {
		if got := refOf(tt.version, tt.pin); got != tt.want {
			t.Errorf("%s, %q: got %q, want %q", tt.version, tt.pin, got, tt.want)
		}
		if text := (&initFlags{pin: tt.pin}).fit("uses: andon-ci/andon@v0\n"); !strings.HasPrefix(text, "uses: andon-ci/andon@") {
			t.Errorf("%q", text)
		}
	}
}

// TestRevision takes a commit from what Go stamped, and only where the files were
// those of the commit.
func TestRevision(t *testing.T) {
	const commit = "0123456789abcdef0123456789abcdef01234567"
	for _, tt := range []struct {
		name                    string
		vcs, modified, revision string
		want                    string
	}{
		{"a checkout", "git", "false", commit, commit},
		{"a changed checkout", "git", "true", commit, ""},
		{"another system", "hg", "false", commit, ""},
		{"cut short", "git", "false", commit[:12], ""},
		{"nothing", "", "", "", ""},
	} {
		info := &debug.BuildInfo{Settings: []debug.BuildSetting{
			{Key: "vcs", Value: tt.vcs}, {Key: "vcs.revision", Value: tt.revision}, {Key: "vcs.modified", Value: tt.modified},
		}}
		if got := revision(info); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestInitAgain tells to write the same again with the pin, and what is lost then.
func TestInitAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a b")
	if err := os.MkdirAll(filepath.Join(dir, ".git"), 0o755); err != nil {
		t.Fatal(err)
	}
	args := []string{"init", "--workflow", "review", "--workflow", "it's mine", dir}
	again := "andon init --force --workflow review --workflow 'it'\\''s mine' --pin COMMIT '" + dir + "'"
	for i, lost := range []bool{false, true} {
		stdout, stderr, code := runMain(t, nil, args...)
		if code != 0 || !strings.Contains(stdout, again) || strings.Contains(stdout, "were kept is lost") != lost {
			t.Errorf("%d: %d\n%s%s", i, code, stdout, stderr)
		}
	}
}
