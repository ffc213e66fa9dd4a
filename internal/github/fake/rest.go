package fake

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// rest answers one request to the REST API.
func (f *Forge) rest(w http.ResponseWriter, r *http.Request, body []byte) {
	path, ok := strings.CutPrefix(r.URL.Path, "/api/v3/")
	if !ok {
		Status(http.StatusNotFound, "Not Found")(w, r)
		return
	}
	if rest, old := strings.CutPrefix(path, "repos/"+f.Old+"/"); old {
		f.redirect(w, r, rest)
		return
	}
	path, own := strings.CutPrefix(path, "repos/"+f.Repository+"/")
	if !own {
		path, own = strings.CutPrefix(path, fmt.Sprintf("repositories/%d/", f.ID))
	}
	for _, route := range f.routes() {
		m := route.path.FindStringSubmatch(path)
		if m != nil && route.method == r.Method && (own || strings.HasPrefix(path, "app/") || strings.HasPrefix(path, "orgs/") || strings.HasPrefix(path, "installation/")) {
			route.serve(w, r, m[1:], body)
			return
		}
	}
	Status(http.StatusNotFound, "Not Found")(w, r)
}

// redirect sends to the repository by its id, as GitHub does for one that was
// renamed or transferred:
// https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects
func (f *Forge) redirect(w http.ResponseWriter, r *http.Request, path string) {
	code := http.StatusMovedPermanently
	if r.Method != http.MethodGet {
		code = http.StatusTemporaryRedirect
	}
	u := *r.URL
	u.Scheme, u.Host, u.Path = "http", r.Host, fmt.Sprintf("/api/v3/repositories/%d/%s", f.ID, path)
	w.Header().Set("Location", u.String())
	Status(code, "Moved Permanently")(w, r)
}

type route struct {
	method string
	path   *regexp.Regexp
	serve  func(w http.ResponseWriter, r *http.Request, args []string, body []byte)
}

func at(pattern string) *regexp.Regexp { return regexp.MustCompile("^" + pattern + "$") }

func (f *Forge) routes() []route {
	return append(f.since(), []route{
		{"GET", at(`actions/runs`), f.listRuns},
		{"GET", at(`actions/runs/(\d+)/artifacts`), f.listArtifacts},
		{"GET", at(`actions/runs/(\d+)/attempts/(\d+)`), f.attempt},
		{"GET", at(`actions/runs/(\d+)/attempts/(\d+)/jobs`), f.listJobs},
		{"GET", at(`actions/artifacts/(\d+)/zip`), f.locate},
		{"GET", at(`commits/([0-9a-f]+)/check-runs`), f.listChecks},
		{"GET", at(`commits/([0-9a-f]+)/pulls`), f.commitPulls},
		{"GET", at(`commits/([0-9a-zA-Z]+)`), f.commit},
		{"GET", at(`activity`), f.activity},
		{"GET", at(`compare/(.+)`), f.kept("compare")},
		{"GET", at(`collaborators/([^/]+)/permission`), f.kept("permissions")},
		{"GET", at(`pulls`), f.listPulls},
		{"GET", at(`tarball/([0-9a-f]+)`), f.tarball},
		{"POST", at(`git/trees`), f.createTree},
		{"POST", at(`git/commits`), f.createCommit},
		{"POST", at(`git/refs`), f.createRef},
		{"POST", at(`check-runs`), f.create("check_run", &f.Checks)},
		{"PATCH", at(`check-runs/(\d+)`), f.change("id", &f.Checks)},
		{"POST", at(`issues`), f.createIssue},
		{"PATCH", at(`issues/(\d+)`), f.change("number", &f.Issues)},
		{"POST", at(`issues/(\d+)/comments`), f.create("issue_comment", &f.Posts)},
		{"PATCH", at(`issues/comments/(\d+)`), f.change("id", &f.Posts)},
		{"DELETE", at(`issues/comments/(\d+)`), f.deleteComment},
		{"GET", at(`installation`), func(w http.ResponseWriter, r *http.Request, _ []string, _ []byte) {
			answer(w, r, http.StatusOK, f.shape("installation", ""))
		}},
		{"POST", at(`app/installations/\d+/access_tokens`), func(w http.ResponseWriter, r *http.Request, _ []string, _ []byte) {
			made := f.shape("installation_token", "")
			made["token"], made["expires_at"] = "ghs_"+strings.Repeat("0", 36), "2099-01-01T00:00:00Z"
			answer(w, r, http.StatusCreated, made)
		}},
	}...)
}

// page cuts a list as the request asks, and links to the next page.
func page[T any](w http.ResponseWriter, r *http.Request, all []T) []T {
	q := r.URL.Query()
	size, err := strconv.Atoi(q.Get("per_page"))
	if err != nil {
		size = 30
	}
	n, err := strconv.Atoi(q.Get("page"))
	if err != nil {
		n = 1
	}
	from, to := min((n-1)*size, len(all)), min(n*size, len(all))
	if to < len(all) {
		q.Set("page", fmt.Sprint(n+1))
		w.Header().Set("Link", fmt.Sprintf(`<http://%s%s?%s>; rel="next"`, r.Host, r.URL.Path, q.Encode()))
	}
	return append([]T{}, all[from:to]...)
}

func (f *Forge) listRuns(w http.ResponseWriter, r *http.Request, _ []string, _ []byte) {
	q := r.URL.Query()
	var found []map[string]any
	for _, run := range slices.Backward(f.Runs) {
		if b := q.Get("branch"); b != "" && run["head_branch"] != b {
			continue
		}
		if e := q.Get("event"); e != "" && run["event"] != e {
			continue
		}
		if s := q.Get("head_sha"); s != "" && run["head_sha"] != s {
			continue
		}
		if !within(run["created_at"].(string), q.Get("created")) {
			continue
		}
		found = append(found, run)
	}
	answer(w, r, http.StatusOK, map[string]any{"total_count": len(found), "workflow_runs": page(w, r, found)})
}

func number(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64) // the route took digits
	return n
}

func (f *Forge) listArtifacts(w http.ResponseWriter, r *http.Request, args []string, _ []byte) {
	all := f.artifacts[number(args[0])]
	answer(w, r, http.StatusOK, map[string]any{"total_count": len(all), "artifacts": page(w, r, all)})
}

func (f *Forge) locate(w http.ResponseWriter, r *http.Request, args []string, _ []byte) {
	id := number(args[0])
	if _, ok := f.zips[id]; !ok {
		Status(http.StatusNotFound, "Not Found")(w, r)
		return
	}
	for _, all := range f.artifacts {
		for _, a := range all {
			if a["id"] == id && a["expired"] == true {
				Status(http.StatusGone, "Artifact has expired")(w, r)
				return
			}
		}
	}
	w.Header().Set("Location", fmt.Sprintf("%s/zips/%d?sig=secret", f.blobs.URL, id))
	w.WriteHeader(http.StatusFound)
}

// kept answers with what the pull request's file has under "rest", of what was
// asked for.
func (f *Forge) kept(what string) func(http.ResponseWriter, *http.Request, []string, []byte) {
	return func(w http.ResponseWriter, r *http.Request, args []string, _ []byte) {
		rest, _ := f.Pull["rest"].(map[string]any)
		all, _ := rest[what].(map[string]any)
		if all[args[0]] == nil {
			Status(http.StatusNotFound, "Not Found")(w, r)
			return
		}
		answer(w, r, http.StatusOK, all[args[0]])
	}
}

// activity lists the pushes to a branch.
func (f *Forge) activity(w http.ResponseWriter, r *http.Request, _ []string, _ []byte) {
	rest, _ := f.Pull["rest"].(map[string]any)
	all, _ := rest["activity"].([]any)
	ref := r.URL.Query().Get("ref")
	all = slices.DeleteFunc(slices.Clone(all), func(a any) bool { return ref != "" && a.(map[string]any)["ref"] != ref })
	answer(w, r, http.StatusOK, page(w, r, all))
}

func (f *Forge) listPulls(w http.ResponseWriter, r *http.Request, _ []string, _ []byte) {
	all := []map[string]any{}
	for _, pull := range f.pulls() {
		p := f.shape("commit_pulls", "")
		state := strings.ToLower(fmt.Sprint(pull["state"]))
		if state != "open" && r.URL.Query().Get("state") == "open" {
			continue
		}
		p["number"], p["updated_at"] = pull["number"], cmp.Or(pull["updatedAt"], any("2026-11-22T09:00:00Z"))
		p["created_at"], p["draft"] = pull["createdAt"], pull["isDraft"] == true
		p["head"].(map[string]any)["sha"] = pull["headRefOid"]
		all = append(all, p)
	}
	old := f.shape("commit_pulls", "")
	old["number"], old["updated_at"], old["state"] = 3, "2026-01-01T00:00:00Z", "closed"
	if r.URL.Query().Get("state") != "open" {
		all = append(all, old)
	}
	if r.URL.Query().Get("sort") == "created" {
		slices.SortFunc(all, func(a, b map[string]any) int {
			return strings.Compare(b["created_at"].(string), a["created_at"].(string))
		})
	}
	if head := r.URL.Query().Get("head"); head != "" && head != f.head() {
		all = all[:0]
	}
	answer(w, r, http.StatusOK, page(w, r, all))
}

// head returns where the pull request is from, as the list of pull requests is
// asked for it: owner:branch.
func (f *Forge) head() string {
	from, _ := f.Pull["headRepository"].(map[string]any)
	name, _ := from["nameWithOwner"].(string)
	owner, _, _ := strings.Cut(name, "/")
	return fmt.Sprintf("%s:%s", owner, f.Pull["headRefName"])
}

func (f *Forge) commit(w http.ResponseWriter, r *http.Request, args []string, body []byte) {
	if !strings.HasSuffix(r.Header.Get("Accept"), ".sha") {
		f.kept("commits")(w, r, args, body)
		return
	}
	for _, run := range f.Runs {
		if sha := run["head_sha"].(string); strings.HasPrefix(sha, args[0]) {
			w.Write([]byte(sha)) // the client asks for the SHA alone
			return
		}
	}
	Status(http.StatusUnprocessableEntity, "No commit found for SHA: "+args[0])(w, r)
}

// commitPulls finds nothing for a commit that is in a fork alone, as GitHub does.
func (f *Forge) commitPulls(w http.ResponseWriter, r *http.Request, args []string, _ []byte) {
	found := []map[string]any{}
	if f.Pull != nil && f.Pull["isCrossRepository"] != true {
		p := f.shape("commit_pulls", "")
		p["number"], p["state"] = f.Pull["number"], "closed"
		p["head"].(map[string]any)["sha"] = f.Pull["headRefOid"]
		found = append(found, p)
	}
	answer(w, r, http.StatusOK, found)
}

func (f *Forge) listChecks(w http.ResponseWriter, r *http.Request, args []string, _ []byte) {
	found := []map[string]any{}
	for _, c := range f.Checks {
		if c["head_sha"] == args[0] && c["name"] == r.URL.Query().Get("check_name") {
			found = append(found, c)
		}
	}
	answer(w, r, http.StatusOK, map[string]any{"total_count": len(found), "check_runs": page(w, r, found)})
}

// merge reads the sent fields into an object.
func (f *Forge) merge(to map[string]any, body []byte) map[string]any {
	if err := json.Unmarshal(body, &to); err != nil {
		f.t.Errorf("a body that is no JSON: %v", err)
	}
	return to
}

// create adds what is sent to a list, on top of GitHub's example of it.
func (f *Forge) create(shape string, to *[]map[string]any) func(http.ResponseWriter, *http.Request, []string, []byte) {
	return func(w http.ResponseWriter, r *http.Request, _ []string, body []byte) {
		c := f.merge(f.shape(shape, ""), body)
		f.next++
		c["id"] = f.next
		*to = append(*to, c)
		answer(w, r, http.StatusCreated, c)
	}
}

// change changes what is in a list, by its id or number.
func (f *Forge) change(key string, in *[]map[string]any) func(http.ResponseWriter, *http.Request, []string, []byte) {
	return func(w http.ResponseWriter, r *http.Request, args []string, body []byte) {
		for _, c := range *in {
			if fmt.Sprint(c[key]) == args[0] {
				answer(w, r, http.StatusOK, f.merge(c, body))
				return
			}
		}
		Status(http.StatusNotFound, "Not Found")(w, r)
	}
}

func (f *Forge) deleteComment(w http.ResponseWriter, _ *http.Request, args []string, _ []byte) {
	f.Posts = slices.DeleteFunc(f.Posts, func(c map[string]any) bool { return c["id"] == number(args[0]) })
	w.WriteHeader(http.StatusNoContent)
}
