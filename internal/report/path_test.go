package report

import (
	"testing"

	"github.com/andon-ci/andon/internal/session"
)

func reportOf(files ...string) *session.Report {
	s := &session.Session{}
	for _, f := range files {
		s.Runs = append(s.Runs, &session.Run{ID: f, Files: []string{f}})
	}
	return &session.Report{Sessions: []*session.Session{s}}
}

func TestFolder(t *testing.T) {
	for _, test := range []struct {
		files []string
		want  string
	}{
		{nil, ""},
		{[]string{"a.jsonl"}, ""},
		{[]string{"/home/runner/work/_temp/a.jsonl"}, "/home/runner/work/_temp/"},
		{[]string{"/home/runner/work/_temp/a.jsonl", "/home/runner/work/_temporary/b.jsonl"}, "/home/runner/work/"},
		{[]string{"/home/runner/work/one/a.jsonl", "/home/runner/work/one/two/b.jsonl", ""}, "/home/runner/work/one/"},
		{[]string{"/home/runner/work/a.jsonl", "b.jsonl"}, ""},
	} {
		if got := folder(reportOf(test.files...)); got != test.want {
			t.Errorf("%q: %q, want %q", test.files, got, test.want)
		}
	}
}

// Runs of one agent are told apart by the beginning of their ids, and by no
// more of it than is needed.
func TestLabels(t *testing.T) {
	s := &session.Session{Runs: []*session.Run{{ID: "01a1fbe7-aa"}, {ID: "01a1fbe7-ab"}, {ID: "ffffffff-ff"}}}
	s.Runs[0].Agent.Name, s.Runs[1].Agent.Name, s.Runs[2].Agent.Name = "review", "review", "style"
	got := labels(s)
	for i, want := range []string{"review 01a1fbe7-aa", "review 01a1fbe7-ab", "style"} {
		if got[s.Runs[i]] != want {
			t.Errorf("run %d: %q, want %q", i, got[s.Runs[i]], want)
		}
	}
}
