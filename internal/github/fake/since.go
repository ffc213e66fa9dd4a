package fake

import (
	"net/http"
	"slices"
	"strings"
)

// since returns the routes by which a repository is read from a moment on.
func (f *Forge) since() []route {
	return []route{
		{"GET", at(`actions/artifacts`), f.allArtifacts},
		{"GET", at(`actions/runs/(\d+)`), f.oneRun},
		{"GET", at(`orgs/[^/]+/installation`), func(w http.ResponseWriter, r *http.Request, _ []string, _ []byte) {
			answer(w, r, http.StatusOK, f.shape("installation", ""))
		}},
		{"GET", at(`installation/repositories`), f.installed},
	}
}

// allArtifacts lists the artifacts of all workflow runs, the newest first.
func (f *Forge) allArtifacts(w http.ResponseWriter, r *http.Request, _ []string, _ []byte) {
	all := []map[string]any{}
	for _, of := range f.artifacts {
		all = append(all, of...)
	}
	slices.SortFunc(all, func(a, b map[string]any) int { return int(b["id"].(int64) - a["id"].(int64)) })
	slices.SortStableFunc(all, func(a, b map[string]any) int {
		return strings.Compare(b["created_at"].(string), a["created_at"].(string))
	})
	answer(w, r, http.StatusOK, map[string]any{"total_count": len(all), "artifacts": page(w, r, all)})
}

func (f *Forge) oneRun(w http.ResponseWriter, r *http.Request, args []string, _ []byte) {
	for _, run := range f.Runs {
		if run["id"] == number(args[0]) {
			answer(w, r, http.StatusOK, run)
			return
		}
	}
	Status(http.StatusNotFound, "Not Found")(w, r)
}

// installed lists the repositories of the App's installation.
func (f *Forge) installed(w http.ResponseWriter, r *http.Request, _ []string, _ []byte) {
	all := []map[string]any{}
	names := append([]string{f.Repository}, f.Hidden...)
	for _, o := range f.Beside {
		names = append(names, o.Repository)
	}
	for _, name := range names {
		all = append(all, map[string]any{"full_name": name})
	}
	answer(w, r, http.StatusOK, map[string]any{"total_count": len(all), "repositories": page(w, r, all)})
}

// within reports whether a moment is in a range as the forge's searches take it.
func within(moment, span string) bool {
	if since, ok := strings.CutPrefix(span, ">="); ok {
		return moment >= since
	}
	from, to, ok := strings.Cut(span, "..")
	return !ok || moment >= from && moment <= to
}
