package trend_test

import (
	"fmt"
	"testing"

	"github.com/andon-ci/andon/internal/trend"
)

// TestOwners groups runs by who answers for them: those of two owners in both
// groups, and those of nobody in none.
func TestOwners(t *testing.T) {
	run := func(id int, path string) string {
		return fmt.Sprintf(`{"run_id":"%d","repository":"o/r","agent":{"name":"a","instructions":{"path":%q}},"start":"2026-11-20T09:00:00Z","status":"success"}`, id, path)
	}
	days := []*trend.Day{dayOf(t, "2026-11-20", run(1, "both.md"), run(2, "both.md"), run(3, "one.md"), run(4, ""))}
	o := trend.Options{From: "2026-11-20", To: "2026-11-20", Owners: func(repository, instructions string) []string {
		return map[string][]string{"o/r both.md": {"@o/a", "@o/b"}, "o/r one.md": {"@o/a"}}[repository+" "+instructions]
	}}
	r := trend.Analyse(days, o)
	got := ""
	for _, g := range r.By.Owner {
		got += fmt.Sprintf("%s %d, ", g.Name, g.Runs)
	}
	if got != "@o/a 3, @o/b 2, " || r.Coverage.Unowned != 1 {
		t.Errorf("%s %d", got, r.Coverage.Unowned)
	}
	o.Owners = func(string, string) []string { return nil }
	if r := trend.Analyse(days, o); r.By.Owner != nil || r.Coverage.Unowned != 0 {
		t.Errorf("without a rule: %+v %d", r.By.Owner, r.Coverage.Unowned)
	}
}
