package cli

import (
	"slices"
	"testing"
)

// TestCodeowners follows the examples of GitHub's documentation.
func TestCodeowners(t *testing.T) {
	c := parseCodeowners([]byte(`# comment
*       @global-owner1 @global-owner2
*.js    @js-owner #This is an inline comment.
*.go docs@example.com
/build/logs/ @doctocat
docs/*  docs@example.com
apps/ @octocat
/scripts/ @doctocat @octocat
**/logs @octocat
/apps/github
/apps/github @doctocat not-an-owner
with\ space @spacy
!negated @nobody
`))
	for path, want := range map[string][]string{
		"":                             {"@global-owner1", "@global-owner2"},
		"README":                       {"@global-owner1", "@global-owner2"},
		"a/b.js":                       {"@js-owner"},
		"x.go":                         {"docs@example.com"},
		"build/logs/a":                 {"@octocat"},
		"build/a":                      {"@global-owner1", "@global-owner2"},
		"docs/getting-started.md":      {"docs@example.com"},
		"docs/build-app/trouble.md":    {"@global-owner1", "@global-owner2"},
		"a/apps/x":                     {"@octocat"},
		"scripts/deep/x.js":            {"@doctocat", "@octocat"},
		"deeply/nested/logs/x":         {"@octocat"},
		"apps/github/x":                {"@doctocat"},
		".github/agents/with space":    {"@spacy"},
		".github/agents/review-sec.md": {"@global-owner1", "@global-owner2"},
	} {
		if got := c.of(path); !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", path, got, want)
		}
	}
	for path, want := range map[string]bool{"a.js": true, "a": false} {
		o := &ownership{owner: "@JS-owner", rules: map[string]codeowners{"o/r": c}, known: map[ownable][]string{}}
		if o.keeps("o/r", path) != want {
			t.Errorf("%s: kept is not %v", path, want)
		}
	}
	if got := parseCodeowners([]byte("a.js @a\n")).of(""); got != nil {
		t.Errorf("a file without a rule for all has owners of all: %v", got)
	}
}

func FuzzCodeowners(f *testing.F) {
	f.Add("*.js @a\n/x/ @b/c", "x/y.js")
	f.Add("[ @a\n{,} @a\n\\", "\\")
	f.Fuzz(func(_ *testing.T, raw, path string) { parseCodeowners([]byte(raw)).of(path) })
}
