package fake

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

// graphql answers a query with the fields that it asks for.
func (f *Forge) graphql(w io.Writer, body []byte) {
	var q struct {
		Query     string         `json:"query"`
		Variables map[string]any `json:"variables"`
	}
	if err := json.Unmarshal(body, &q); err != nil {
		f.t.Errorf("a query that is no JSON: %v", err)
	}
	switch {
	case strings.Contains(q.Query, "query branch("):
		f.branch(w, q.Variables)
		return
	case strings.Contains(q.Query, "mutation commit("):
		f.commitOnBranch(w, body)
		return
	case strings.Contains(q.Query, "query codeowners("):
		json.NewEncoder(w).Encode(f.owners())
		return
	}
	schema := f.graph()
	doc, errs := gqlparser.LoadQueryWithRules(schema, q.Query, nil)
	if len(errs) > 0 {
		json.NewEncoder(w).Encode(map[string]any{"errors": []any{map[string]any{"extensions": map[string]any{"code": "undefinedField"}, "message": errs.Error()}}})
		return
	}
	f.Points += max((requests(doc.Operations[0].SelectionSet, q.Variables, 1)+50)/100, 1)
	s := &selection{forge: f, schema: schema, variables: q.Variables}
	repository := f.graphRepository(q.Variables)
	data := s.object(doc.Operations[0].SelectionSet, "Query", map[string]any{"repository": repository})
	if repository == nil {
		s.missing("Repository with the name", q.Variables["name"], "repository")
	} else if n := q.Variables["number"]; n != nil && repository["pullRequest"] == nil {
		s.missing("PullRequest with the number", n, "repository", "pullRequest")
	}
	out := map[string]any{"data": data}
	if len(s.errors) > 0 {
		out["errors"] = s.errors
	}
	json.NewEncoder(w).Encode(out)
}

// graph reads GitHub's schema, once.
func (f *Forge) graph() *ast.Schema {
	if f.schema == nil {
		raw, err := os.ReadFile(filepath.Join(Data, "schema.graphql"))
		if err != nil {
			f.t.Fatal(err)
		}
		if f.schema, err = gqlparser.LoadSchema(&ast.Source{Name: "schema.graphql", Input: string(raw)}); err != nil {
			f.t.Fatalf("reading GitHub's GraphQL schema: %v", err)
		}
	}
	return f.schema
}

// graphRepository returns all that GraphQL can be asked of the repository, by
// its name or the one that it had; nil for another.
func (f *Forge) graphRepository(v map[string]any) map[string]any {
	if name := fmt.Sprint(v["owner"], "/", v["name"]); name != f.Repository && name != f.Old {
		return nil
	}
	out := map[string]any{"nameWithOwner": f.Repository, "databaseId": f.ID, "issues": f.labelled(v["label"])}
	for _, p := range f.pulls() {
		if p["number"] == v["number"] {
			out["pullRequest"] = p
		}
	}
	if p, found := out["pullRequest"].(map[string]any); found && len(f.Posts) > 0 {
		p = maps.Clone(p)
		p["comments"] = append(slices.Clip(p["comments"].([]any)), f.posted()...)
		out["pullRequest"] = p
	}
	rest, _ := f.Pull["rest"].(map[string]any)
	if merge, _ := f.Pull["mergeCommit"].(map[string]any); v["merge"] != nil && v["merge"] == merge["oid"] {
		out["object"] = map[string]any{"__typename": "Commit", "history": rest["brought"]}
	}
	if v["branch"] == fmt.Sprint("refs/heads/", f.Pull["baseRefName"]) {
		out["ref"] = map[string]any{"target": map[string]any{"__typename": "Commit", "history": rest["landed"]}}
	}
	return out
}

// posted returns the comments that were written, as GraphQL tells of them.
func (f *Forge) posted() []any {
	var out []any
	for _, p := range f.Posts {
		out = append(out, map[string]any{
			"__typename": "IssueComment", "fullDatabaseId": fmt.Sprint(p["id"]), "url": p["html_url"], "createdAt": p["created_at"], "body": p["body"],
			"viewerDidAuthor": true, "authorAssociation": "NONE", "author": map[string]any{"__typename": "Bot", "login": "github-actions"},
		})
	}
	return out
}

// Deny makes a list of the pull request one that the token may not see.
func (f *Forge) Deny(lists ...string) { f.denied = append(f.denied, lists...) }

// Denied is a Reply that says so of the REST API.
func Denied(w http.ResponseWriter, r *http.Request) {
	Status(http.StatusForbidden, "Resource not accessible by integration")(w, r)
}
