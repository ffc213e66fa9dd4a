package report

import (
	"path"
	"slices"
	"strings"

	"github.com/andon-ci/andon/internal/session"
)

// folder returns the folder that all files of a report lie in, with a slash at
// its end. It is empty where there is none that is worth leaving out of each
// path.
func folder(r *session.Report) string {
	var dirs []string
	add := func(file string) {
		if file != "" {
			dirs = append(dirs, path.Dir(strings.ReplaceAll(file, `\`, "/"))+"/")
		}
	}
	for _, run := range allRuns(r) {
		for _, f := range run.Files {
			add(f)
		}
	}
	for _, f := range allFindings(r) {
		add(f.File)
	}
	if len(dirs) == 0 {
		return ""
	}
	// the first and the last in order differ the most
	first, last := slices.Min(dirs), slices.Max(dirs)
	n := 0
	for n < len(first) && n < len(last) && first[n] == last[n] {
		n++
	}
	common := first[:strings.LastIndex(first[:n], "/")+1]
	if len(common) < 16 {
		return ""
	}
	return common
}

// labels returns a name for each run of a session: its agent, with the
// beginning of the run's id where several runs are of one agent.
func labels(s *session.Session) map[*session.Run]string {
	n := map[string]int{}
	for _, r := range s.Runs {
		n[agentName(r)]++
	}
	short := idLength(s.Runs)
	out := map[*session.Run]string{}
	for _, r := range s.Runs {
		out[r] = agentName(r)
		if n[out[r]] > 1 && r.ID != "" {
			out[r] = clip(out[r], maxName-20) + " " + shortID(r, short)
		}
	}
	return out
}

// idLength returns how much of their ids is enough to tell runs apart.
func idLength(runs []*session.Run) int {
	const least, most = 8, 36
	n := least
	var ids []string
	for _, r := range runs {
		ids = append(ids, r.ID)
	}
	slices.Sort(ids)
	for i := 1; i < len(ids); i++ {
		a, b := ids[i-1], ids[i]
		if a == b {
			continue
		}
		same := 0
		for same < len(a) && same < len(b) && a[same] == b[same] {
			same++
		}
		n = max(n, same+1)
	}
	return min(n, most)
}

func shortID(r *session.Run, n int) string { return r.ID[:min(len(r.ID), n)] }
