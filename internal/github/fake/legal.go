package fake

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/validator"
)

// legal holds every request that the forge has had against GitHub's own
// descriptions.
func (f *Forge) legal() {
	router := paths(f.t, f.URL())
	checked := map[string]bool{}
	for _, r := range f.every {
		switch {
		case !strings.HasSuffix(r.URL.Path, "/graphql"):
			f.legalREST(router, r)
		case !checked[string(r.Body)]:
			checked[string(r.Body)] = true
			f.legalQuery(r.Body)
		}
	}
}

// paths returns a router of GitHub's description, at the forge's address.
func paths(t testing.TB, base string) routers.Router {
	t.Helper()
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromFile(filepath.Join(Data, "openapi.json"))
	if err != nil {
		t.Fatalf("reading GitHub's description: %v", err)
	}
	doc.Servers = openapi3.Servers{{URL: base}}
	router, err := legacy.NewRouter(doc, openapi3.DisableExamplesValidation(), openapi3.DisableSchemaDefaultsValidation(), openapi3.DisableSchemaPatternValidation())
	if err != nil {
		t.Fatalf("reading GitHub's description: %v", err)
	}
	return router
}

func (f *Forge) legalREST(router routers.Router, r *Request) {
	f.t.Helper()
	copied := r.Clone(context.Background())
	copied.URL.Scheme, copied.URL.Host = "http", r.Host
	if rest, byID := strings.CutPrefix(copied.URL.Path, fmt.Sprintf("/api/v3/repositories/%d/", f.ID)); byID { // where redirects lead, which the description leaves out
		copied.URL.Path = "/api/v3/repos/" + f.Repository + "/" + rest
	}
	copied.Body = io.NopCloser(bytes.NewReader(r.Body))
	// The description says date-time of what its text says takes a range:
	// https://docs.github.com/en/search-github/getting-started-with-searching-on-github/understanding-the-search-syntax#query-for-dates
	q := copied.URL.Query()
	if since, ok := strings.CutPrefix(q.Get("created"), ">="); ok {
		q.Set("created", since+"T00:00:00Z")
		copied.URL.RawQuery = q.Encode()
	}
	if from, to, ok := strings.Cut(q.Get("created"), ".."); ok && to != "" {
		q.Set("created", from)
		copied.URL.RawQuery = q.Encode()
	}
	route, args, err := router.FindRoute(copied)
	if err != nil {
		f.t.Errorf("%s %s is not in GitHub's description: %v", r.Method, r.URL.Path, err)
		return
	}
	for name := range q {
		if route.Operation.Parameters.GetByInAndName("query", name) == nil {
			f.t.Errorf("%s %s: GitHub's description knows no parameter %q", r.Method, r.URL.Path, name)
		}
	}
	err = openapi3filter.ValidateRequest(context.Background(), &openapi3filter.RequestValidationInput{
		Request: copied, PathParams: args, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, MultiError: true},
	})
	if err != nil {
		f.t.Errorf("%s %s is not legal by GitHub's description: %v", r.Method, r.URL.Path, err)
	}
	if r.Header.Get("Authorization") == "" || r.Method != http.MethodGet && len(r.Body) > 0 && r.Header.Get("Content-Type") != "application/json" {
		f.t.Errorf("%s %s has no credentials, or a body that does not say what it is", r.Method, r.URL.Path)
	}
}

func (f *Forge) legalQuery(body []byte) {
	f.t.Helper()
	schema := f.graph()
	var q struct {
		Query     string         `json:"query"`
		Variables map[string]any `json:"variables"`
	}
	if err := json.Unmarshal(body, &q); err != nil {
		f.t.Fatal(err)
	}
	doc, errs := gqlparser.LoadQueryWithRules(schema, q.Query, nil)
	if len(errs) > 0 {
		f.t.Errorf("a query is not legal by GitHub's schema: %v", errs)
		return
	}
	if _, err := validator.VariableValues(schema, doc.Operations[0], q.Variables); err != nil {
		f.t.Errorf("a query's variables are not legal by GitHub's schema: %v", err)
	}
}
