package github

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/github/fake"
)

func TestIssues(t *testing.T) {
	f := fake.New(t)
	c, _ := client(t, f, nil)
	f.AddIssue("somebody's", "body", "andon")
	f.AddIssue("another thing", "body", "bug")
	url, err := c.AddIssue(t.Context(), "ours", "body", "andon")
	if err != nil || !strings.HasPrefix(url, "https://github.com/octo-org/hello/issues/") {
		t.Fatalf("%q, %v", url, err)
	}
	all, err := c.Issues(t.Context(), "andon")
	if err != nil || len(all) != 2 {
		t.Fatalf("%v: %+v", err, all)
	}
	ours := all[0]
	if !ours.Own || !ours.Open || ours.Title != "ours" || all[1].Own {
		t.Errorf("%+v", all)
	}
	if err := errors.Join(c.EditIssue(t.Context(), ours.Number, "ours", "new"), c.CloseIssue(t.Context(), ours.Number)); err != nil {
		t.Fatal(err)
	}
	if all, _ = c.Issues(t.Context(), "andon"); all[0].Body != "new" || all[0].Open {
		t.Errorf("%+v", all[0])
	}
	if all, err := c.Issues(t.Context(), "none"); err != nil || len(all) > 0 {
		t.Errorf("%v: %+v", err, all)
	}
	if err := c.CloseIssue(t.Context(), 7); !errors.Is(err, ErrMissing) {
		t.Errorf("got %v", err)
	}
	if i := slices.IndexFunc(f.Requests, func(r *fake.Request) bool { return r.Method == "PATCH" && strings.Contains(string(r.Body), `"labels"`) }); i >= 0 {
		t.Error("editing takes labels away that people have set")
	}
}

func TestCodeowners(t *testing.T) {
	f := fake.New(t)
	c, _ := client(t, f, nil)
	if text, err := c.Codeowners(t.Context()); err != nil || text != "" {
		t.Errorf("%q, %v", text, err)
	}
	f.Files = map[string]string{"CODEOWNERS": "* @b\n", ".github/CODEOWNERS": "* @a\n"}
	if text, err := c.Codeowners(t.Context()); err != nil || text != "* @a\n" {
		t.Errorf("%q, %v", text, err)
	}
}
