package github

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/github/fake"
)

// noted is a test whose errors are kept, and not its own.
type noted struct {
	testing.TB
	errs []string
	ends []func()
}

func (n *noted) Errorf(format string, args ...any) {
	n.errs = append(n.errs, fmt.Sprintf(format, args...))
}
func (n *noted) Fatalf(format string, args ...any) { n.Errorf(format, args...) }
func (n *noted) Cleanup(f func())                  { n.ends = append(n.ends, f) }

// TestIllegalRequests makes sure that the fake forge would tell: that it says
// nothing in all other tests means that every request is legal.
func TestIllegalRequests(t *testing.T) {
	for _, tt := range []struct{ method, path, body, says string }{
		{"GET", "/repos/octo-org/hello/actions/runs?per_page=100", "", ""},
		{"GET", "/repos/octo-org/hello/actions/runs?per_page=many", "", "per_page"},
		{"GET", "/repos/octo-org/hello/actions/runs?sha=1a2b", "", `no parameter "sha"`},
		{"GET", "/repos/octo-org/hello/actions/run", "", "not in GitHub's description"},
		{"GET", "/repos/octo-org/hello/actions/runs/one/artifacts", "", "run_id"},
		{"PUT", "/repos/octo-org/hello/check-runs", "{}", "not in GitHub's description"},
		{"POST", "/repos/octo-org/hello/check-runs", `{"head_sha":"1a2b"}`, `"name"`},
		{"POST", "/repos/octo-org/hello/check-runs", `{"name":"n","head_sha":"1a2b","status":"completed","conclusion":"fine"}`, "conclusion"},
		{"POST", "/repos/octo-org/hello/issues/12/comments", `{"body":7}`, "body"},
		{"POST", "/repos/octo-org/hello/issues", `{"body":"b"}`, "title"},
		{"PATCH", "/repos/octo-org/hello/issues/12", `{"state":"done"}`, "state"},
	} {
		t.Run(tt.method+" "+tt.path, func(t *testing.T) {
			n := &noted{TB: t}
			f := fake.New(n)
			req, err := http.NewRequest(tt.method, f.URL()+tt.path, strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer t")
			req.Header.Set("Content-Type", "application/json")
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			for _, end := range slices.Backward(n.ends) {
				end()
			}
			if all := strings.Join(n.errs, "\n"); (tt.says == "") != (all == "") || !strings.Contains(all, tt.says) {
				t.Errorf("it says %q", all)
			}
		})
	}
}

func TestIllegalQueries(t *testing.T) {
	for _, tt := range []struct{ body, says string }{
		{`{"query":"query($n:Int!){repository(owner:\"o\",name:\"n\"){pullRequest(number:$n){title}}}","variables":{"n":12}}`, ""},
		{`{"query":"query($n:Int!){repository(owner:\"o\",name:\"n\"){pullRequest(number:$n){titel}}}","variables":{"n":12}}`, "titel"},
		{`{"query":"query($n:Int!){repository(owner:\"o\",name:\"n\"){pullRequest(number:$n){title}}}","variables":{"n":"twelve"}}`, "variables"},
	} {
		n := &noted{TB: t}
		f := fake.New(n)
		res, err := http.Post(f.GraphQLURL(), "application/json", strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		for _, end := range slices.Backward(n.ends) {
			end()
		}
		if all := strings.Join(n.errs, "\n"); (tt.says == "") != (all == "") || !strings.Contains(all, tt.says) {
			t.Errorf("%s: it says %q", tt.body, all)
		}
	}
}
