// Package fake is a forge for tests: a server in the process that answers as
// GitHub does, from its published examples under testdata/github.
//
// The one design decision is that it knows nothing of what its clients want.
// It keeps a repository, records every request, and fails where it is told to,
// so that a test can say what was asked and what came of it. That a request is
// one that GitHub would take is not its own judgement: GitHub's descriptions of
// its API are asked.
package fake

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
)

// Data is testdata/github as the packages two folders below the root see it.
const Data = "../../testdata/github"

// Forge is a forge with one repository.
type Forge struct {
	Repository string
	ID         int64            // of the repository
	Old        string           // what the repository was called before a transfer; empty for none
	Token      string           // that is accepted; empty is any
	Pull       map[string]any   // as in testdata/github/pulls; nil for none
	Others     []map[string]any // pull requests beside it
	Runs       []map[string]any // see AddRun
	Limit      int              // requests an hour; 0 is 5,000
	Requests   []*Request       // to the API, in order
	Points     int              // that the queries by GraphQL count towards its limit
	Downloads  int              // from the store of artifacts
	Checks     []map[string]any
	Posts      []map[string]any  // comments as they were sent
	Beside     []*Forge          // with other repositories; their servers are not asked
	Hidden     []string          // repositories that the App's installation has beside this one, and nobody can read
	Issues     []map[string]any  // as they were sent; see AddIssue
	Files      map[string]string // of the default branch, as far as they are asked for

	every     []*Request // also those that Forget forgets
	t         testing.TB
	api       *httptest.Server
	blobs     *httptest.Server
	mu        sync.Mutex
	artifacts map[int64][]map[string]any // by workflow run
	jobs      map[int64][]map[string]any // likewise
	zips      map[int64][]byte           // by artifact
	branches  map[string]string          // commit, by name
	trees     map[string]folder          // by commit or tree
	faults    []*Fault
	denied    []string // lists of the pull request, as GraphQL calls them
	schema    *ast.Schema
	used      int
	next      int64
}

// Request is what a client sent.
type Request struct {
	*http.Request
	Body   []byte
	Status int // that it was answered with; -1 for a fault
}

// Fault makes requests fail.
type Fault struct {
	Path  string // that the request's path contains
	Skip  int    // how many before it do not
	Times int    // how often; 0 is always
	Reply func(w http.ResponseWriter, r *http.Request)
	done  int
}

// New starts a forge, which ends with the test. Then every request that it has
// had must be legal by GitHub's descriptions.
func New(t testing.TB) *Forge {
	f := &Forge{Repository: "octo-org/hello", ID: 1296269, t: t, artifacts: map[int64][]map[string]any{}, jobs: map[int64][]map[string]any{}, zips: map[int64][]byte{}, next: 1000, branches: map[string]string{}, trees: map[string]folder{}}
	f.api = httptest.NewServer(http.HandlerFunc(f.serve))
	f.blobs = httptest.NewServer(http.HandlerFunc(f.blob))
	t.Cleanup(f.legal)
	t.Cleanup(f.api.Close)
	t.Cleanup(f.blobs.Close)
	return f
}

// URL is the base of the REST API, below a path as on GitHub Enterprise Server.
func (f *Forge) URL() string { return f.api.URL + "/api/v3" }

// GraphQLURL is the address of GraphQL.
func (f *Forge) GraphQLURL() string { return f.api.URL + "/api/graphql" }

// Fail makes requests fail from now on.
func (f *Forge) Fail(fault Fault) { f.faults = append(f.faults, &fault) }

// Forget forgets what was asked and what was to fail.
func (f *Forge) Forget() {
	f.Requests, f.faults, f.denied, f.Points, f.Downloads, f.used = nil, nil, nil, 0, 0, 0
}

// REST returns how many requests the REST API has had.
func (f *Forge) REST() int {
	n := 0
	for _, r := range f.Requests {
		if !strings.HasSuffix(r.URL.Path, "/graphql") {
			n++
		}
	}
	return n
}

// Status returns a Reply with a status and a message, as GitHub words it.
func Status(code int, message string, header ...string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
		json.NewEncoder(w).Encode(map[string]string{"message": message, "documentation_url": "https://docs.github.com/rest", "status": fmt.Sprint(code)})
	}
}

// Reset is a Reply that breaks the connection.
func Reset(w http.ResponseWriter, _ *http.Request) {
	if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
		conn.Close()
	}
}

// Load reads a pull request of testdata/github/pulls.
func (f *Forge) Load(name string) {
	f.t.Helper()
	f.read("pulls/"+name+".json", &f.Pull)
}

func (f *Forge) read(name string, v any) {
	f.t.Helper()
	raw, err := os.ReadFile(filepath.Join(Data, filepath.FromSlash(name)))
	if err == nil {
		err = json.Unmarshal(raw, v)
	}
	if err != nil {
		f.t.Fatalf("reading testdata/github/%s: %v", name, err)
	}
}

// shape returns one of GitHub's examples, or an element of a list in it.
func (f *Forge) shape(name, list string) map[string]any {
	var v any
	f.read("shapes/"+name+".json", &v)
	if m, ok := v.(map[string]any); ok && list != "" {
		v = m[list]
	}
	if l, ok := v.([]any); ok {
		v = l[0]
	}
	return v.(map[string]any)
}

// pulls returns all pull requests, in the order of the list.
func (f *Forge) pulls() []map[string]any {
	if f.Pull == nil {
		return f.Others
	}
	return append([]map[string]any{f.Pull}, f.Others...)
}

// AddPull adds a pull request that is like the first but for its number, and to
// which something happened last at another time. They are listed in the order in
// which they are added.
func (f *Forge) AddPull(number int, updated time.Time) {
	p := maps.Clone(f.Pull)
	p["number"], p["updatedAt"] = float64(number), updated.UTC().Format(time.RFC3339)
	f.Others = append(f.Others, p)
}

// AddRun adds a completed workflow run of the pull request at a head, and
// returns its id. The changes take the place of what GitHub's example says.
func (f *Forge) AddRun(sha string, created time.Time, changes map[string]any) int64 {
	f.next++
	r := f.shape("workflow_runs", "workflow_runs")
	r["id"], r["name"], r["head_sha"], r["head_branch"] = f.next, "Agents", sha, "claude/retry-upload"
	r["run_attempt"], r["status"], r["conclusion"], r["event"] = 1, "completed", "success", "pull_request"
	r["created_at"], r["updated_at"] = created.UTC().Format(time.RFC3339), created.Add(5*time.Minute).UTC().Format(time.RFC3339)
	r["html_url"] = fmt.Sprintf("https://github.com/%s/actions/runs/%d", f.Repository, f.next)
	r["pull_requests"] = []any{map[string]any{"number": 12, "id": 1}}
	for _, side := range []string{"repository", "head_repository"} {
		r[side].(map[string]any)["id"] = f.ID
	}
	for k, v := range changes {
		r[k] = v
	}
	f.Runs = append(f.Runs, r)
	return f.next
}

// AddArtifact adds an artifact to a workflow run, and returns its id.
func (f *Forge) AddArtifact(run int64, name string, zip []byte, changes map[string]any) int64 {
	f.next++
	a := f.shape("artifacts", "artifacts")
	sum := sha256.Sum256(zip)
	a["workflow_run"], a["created_at"] = map[string]any{"id": run}, f.uploaded(run)
	a["id"], a["name"], a["size_in_bytes"], a["digest"] = f.next, name, len(zip), "sha256:"+hex.EncodeToString(sum[:])
	for k, v := range changes {
		a[k] = v
	}
	f.artifacts[run] = append(f.artifacts[run], a)
	f.zips[f.next] = zip
	return f.next
}

// uploaded returns when the artifacts of a workflow run were: at its end.
func (f *Forge) uploaded(run int64) any {
	for _, r := range f.Runs {
		if r["id"] == run {
			return r["updated_at"]
		}
	}
	return "2026-11-20T00:00:00Z"
}

func (f *Forge) blob(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Downloads++
	if r.Header.Get("Authorization") != "" {
		f.t.Error("a credential was sent outside the API")
	}
	if f.failed(w, r) {
		return
	}
	if commit, ok := strings.CutPrefix(r.URL.Path, "/tarballs/"); ok {
		w.Write(f.archive(commit))
		return
	}
	var id int64
	fmt.Sscanf(r.URL.Path, "/zips/%d", &id)
	w.Write(f.zips[id])
}

func (f *Forge) failed(w http.ResponseWriter, r *http.Request) bool {
	for _, x := range f.faults {
		if !strings.Contains(r.URL.Path, x.Path) {
			continue
		}
		if x.Skip > 0 {
			x.Skip--
			continue
		}
		if x.Times == 0 || x.done < x.Times {
			x.done++
			x.Reply(w, r)
			return true
		}
	}
	return false
}

// status is a ResponseWriter that remembers.
type status struct {
	http.ResponseWriter
	code int
}

func (s *status) WriteHeader(code int) {
	s.code = code
	s.ResponseWriter.WriteHeader(code)
}

func (f *Forge) serve(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		f.t.Error(err)
	}
	rec := &Request{Request: r, Body: body}
	f.Requests = append(f.Requests, rec)
	f.every = append(f.every, rec)
	f.used++
	limit := f.Limit
	if limit == 0 {
		limit = 5000
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("X-RateLimit-Limit", fmt.Sprint(limit))
	h.Set("X-RateLimit-Remaining", fmt.Sprint(max(limit-f.used, 0)))
	h.Set("X-RateLimit-Reset", fmt.Sprint(time.Now().Add(time.Hour).Unix()))
	h.Set("X-RateLimit-Resource", "core")
	if f.failed(w, r) {
		rec.Status = -1
		return
	}
	out := &status{ResponseWriter: w, code: http.StatusOK}
	defer func() { rec.Status = out.code }()
	switch {
	case f.Token != "" && r.Header.Get("Authorization") != "Bearer "+f.Token:
		Status(http.StatusUnauthorized, "Bad credentials")(out, r)
	case f.used > limit:
		Status(http.StatusForbidden, "API rate limit exceeded for installation.")(out, r)
	case strings.HasSuffix(r.URL.Path, "/api/graphql"):
		f.with(r, body).graphql(out, body)
	default:
		f.with(r, body).rest(out, r, body)
	}
}

// with returns the forge whose repository a request is about.
func (f *Forge) with(r *http.Request, body []byte) *Forge {
	var q struct{ Variables struct{ Owner, Name string } }
	if strings.HasSuffix(r.URL.Path, "/graphql") {
		if err := json.Unmarshal(body, &q); err != nil {
			f.t.Errorf("a query that is no JSON: %v", err)
		}
	}
	for _, o := range f.Beside {
		if strings.Contains(r.URL.Path, "/repos/"+o.Repository+"/") || q.Variables.Owner+"/"+q.Variables.Name == o.Repository {
			return o
		}
	}
	return f
}

// answer writes v with a tag, or that it has not changed.
func answer(w http.ResponseWriter, r *http.Request, code int, v any) {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	if r.Method == http.MethodGet {
		sum := sha256.Sum256(raw)
		tag := `W/"` + hex.EncodeToString(sum[:]) + `"`
		w.Header().Set("ETag", tag)
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	w.WriteHeader(code)
	w.Write(raw)
}
