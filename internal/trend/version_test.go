package trend_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/trend"
)

// changed is 40 days on the 31st of which an agent has other instructions and
// begins to fail.
func changed(t *testing.T, path string) (days []*trend.Day) {
	for day := range 40 {
		date := time.Date(2026, 10, 12, 0, 0, 0, 0, time.UTC).AddDate(0, 0, day).Format(time.DateOnly)
		var runs []string
		for n := range 20 {
			sha, status := strings.Repeat("a", 64), "success"
			if day >= 30 {
				sha = strings.Repeat("b", 64)
				if n%2 == 0 {
					status = "failure"
				}
			}
			runs = append(runs, fmt.Sprintf(`{"run_id":"%d-%d","repository":"o/r","agent":{"name":"review","instructions":{"path":%q,"sha256":%q}},"start":"%sT09:%02d:00Z","status":%q}`, day, n, path, sha, date, n, status))
		}
		days = append(days, dayOf(t, date, runs...))
	}
	return days
}

// TestVersions leads from changed instructions to the file before and after, and
// never out of the repository.
func TestVersions(t *testing.T) {
	o := trend.Options{From: "2026-10-12", To: "2026-11-20", Head: func(date, repository, sha string) string {
		return map[string]string{"2026-11-11 o/r b": "b2b2b2b", "2026-11-10 o/r a": "a1a1a1a"}[date+" "+repository+" "+sha[:1]]
	}}
	const at = "https://github.com/o/r/blob/"
	for path, want := range map[string][]finding.Evidence{
		".github/agents/review.md": {{File: ".github/agents/review.md", URL: at + "b2b2b2b/.github/agents/review.md"}, {File: ".github/agents/review.md", URL: at + "a1a1a1a/.github/agents/review.md"}},
		"a/../../../evil/x":        {{File: "a/../../../evil/x"}},
		"/home/runner/x.md":        {{File: "/home/runner/x.md"}},
		"":                         nil,
	} {
		r := trend.Analyse(changed(t, path), o)
		i := slices.IndexFunc(r.Findings, func(f finding.Finding) bool { return f.Rule == "change/instructions" })
		if i < 0 {
			t.Fatalf("%+v", r.Findings)
		}
		if got := r.Findings[i].Evidence; !slices.Equal(got[:min(len(got), len(want))], want) || want == nil && slices.ContainsFunc(got, func(e finding.Evidence) bool { return e.File != "" }) {
			t.Errorf("%q: %+v", path, got)
		}
	}
	o.Head = nil
	if got := trend.Analyse(changed(t, "x.md"), o).Findings[0].Evidence; len(got) == 0 || got[0] != (finding.Evidence{File: "x.md"}) {
		t.Errorf("of a commit that nobody knows: %+v", got)
	}
}
