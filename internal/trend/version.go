package trend

import (
	"regexp"
	"strings"

	"github.com/andon-ci/andon/internal/finding"
)

// version is a text of instructions: where it lies, and a day on which a run had
// it.
type version struct {
	day                   int
	repository, path, sha string
}

// versions returns the instructions that a change brought, of the first run that
// had them, and those that went, of the last.
func (r *role) versions(day int, old, now string) (out []version) {
	var before, after version
	for _, s := range r.runs {
		k := r.kinds[s.kind]
		v := version{int(s.day), k.repository, k.path, k.sha}
		switch {
		case k.path == "":
		case v.day < day && k.sha == old:
			before = v
		case v.day >= day && k.sha == now && after.path == "":
			after = v
		}
	}
	for _, v := range []version{after, before} {
		if v.path != "" {
			out = append(out, v)
		}
	}
	return out
}

// texts leads to the instructions that an event changed: to the file at a commit
// where that is known, else only to its name.
func (r *role) texts(e *event) (out []finding.Evidence) {
	for _, v := range e.versions {
		if url := r.past.fileURL(v.repository, r.past.commit(r.date(v.day), v), v.path); url != "" {
			out = append(out, finding.Evidence{File: v.path, URL: url})
		}
	}
	if len(out) == 0 && len(e.versions) > 0 {
		out = append(out, finding.Evidence{File: e.versions[0].path})
	}
	return out
}

func (p *past) commit(date string, v version) string {
	if p.Head == nil {
		return ""
	}
	return p.Head(date, v.repository, v.sha)
}

var (
	commitID = regexp.MustCompile(`^[0-9a-f]{7,64}$`)
	fileName = regexp.MustCompile(`^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$`)
)

// fileURL returns the address of a file at a commit, empty where it is not known
// or would be another's.
func (p *past) fileURL(repository, commit, path string) string {
	if repository == "" || !commitID.MatchString(commit) || !fileName.MatchString(path) {
		return ""
	}
	for part := range strings.SplitSeq(path, "/") {
		if part == "." || part == ".." {
			return ""
		}
	}
	return p.Server + "/" + repository + "/blob/" + commit + "/" + path
}
