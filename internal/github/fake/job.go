package fake

import (
	"net/http"
	"strconv"
)

// AddJob adds a job to a workflow run. The changes take the place of what
// GitHub's example says.
func (f *Forge) AddJob(run int64, changes map[string]any) int64 {
	f.next++
	j := f.shape("jobs", "jobs")
	j["id"], j["run_id"], j["run_attempt"] = f.next, run, 1
	for k, v := range changes {
		j[k] = v
	}
	f.jobs[run] = append(f.jobs[run], j)
	return f.next
}

// attempt tells of an attempt of a workflow run.
func (f *Forge) attempt(w http.ResponseWriter, r *http.Request, args []string, _ []byte) {
	for _, x := range f.Runs {
		if id, ok := x["id"].(int64); ok && strconv.FormatInt(id, 10) == args[0] {
			answer(w, r, http.StatusOK, x)
			return
		}
	}
	Status(http.StatusNotFound, "Not Found")(w, r)
}

func (f *Forge) listJobs(w http.ResponseWriter, r *http.Request, args []string, _ []byte) {
	id, _ := strconv.ParseInt(args[0], 10, 64) // digits
	all := f.jobs[id]
	answer(w, r, http.StatusOK, map[string]any{"total_count": len(all), "jobs": page(w, r, all)})
}
