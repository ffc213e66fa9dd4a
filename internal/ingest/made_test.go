package ingest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/andon-ci/andon/internal/trace"
)

const (
	sha    = "1a2b3c4d5e6f70819293a4b5c6d7e8f901234567"
	blob   = "ffffffffffffffffffffffffffffffffffffffff"
	pushed = "To https://github.com/o/r.git\n   1111111..2222222  fix -> fix\n"
)

// TestMade reads what calls have made from what they print.
func TestMade(t *testing.T) {
	for _, test := range []struct{ name, tool, args, output, want string }{
		{"a commit", "Bash", `{"command":"git commit -m x"}`, "[main 1a2b3c4] x\n 1 file changed, 1 insertion(+)\n", "commit 1a2b3c4"},
		{"the first commit", "Bash", `{"command":"git commit -m x"}`, "[main (root-commit) 1a2b3c4] x\n 1 file changed", "commit 1a2b3c4"},
		{"a commit on no branch", "Bash", `{"command":"git commit -m x"}`, "[detached HEAD 1a2b3c4] x\n Date: now\n", "commit 1a2b3c4"},
		{"an empty commit", "Bash", `{"command":"git commit --allow-empty -m x"}`, "[main 1a2b3c4] x\n", "commit 1a2b3c4"},
		{"a hook that prints", "Bash", `{"command":"git commit -m x"}`, "[worker 1234567] linting\n[main 1a2b3c4] x\n 2 files changed\n", "commit 1a2b3c4"},
		{"two commits", "Bash", `{"command":"git commit -m x && git commit -m y"}`, "[main 1a2b3c4] x\n 1 file changed\n[main 2b3c4d5] y\n 1 file changed\n", "commit 1a2b3c4, commit 2b3c4d5"},
		{"more commits than commands", "Bash", `{"command":"git commit -m x; git log"}`, "[main 1a2b3c4] x\n[main 2b3c4d5] y\n", ""},
		{"a quiet commit", "Bash", `{"command":"git commit -qm x; git rev-parse HEAD"}`, sha + "\n", ""},
		{"no commit", "Bash", `{"command":"cat log"}`, "[main 1a2b3c4] x\n 1 file changed\n", ""},
		{"a push", "Bash", `{"command":"git push"}`, pushed, "push 2222222"},
		{"a forced push", "Bash", `{"command":"git push -f"}`, "To github.com:o/r.git\n + 1111111...2222222 fix -> fix (forced update)\n", "push 2222222"},
		{"a new branch", "Bash", `{"command":"git push"}`, "To github.com:o/r.git\n * [new branch]      fix -> fix\n", ""},
		{"a fetch before", "Bash", `{"command":"git pull && git push"}`, "From github.com:o/r\n   3333333..4444444  main -> origin/main\n" + pushed, "push 2222222"},
		{"a fetch behind", "Bash", `{"command":"git push; git fetch"}`, "Everything up-to-date\nFrom github.com:o/r\n   3333333..4444444  main -> origin/main\n", ""},
		{"a commit and a push", "Bash", `{"command":"git commit -m x && git push"}`, "[fix 2222222] x\n 1 file changed\n" + pushed, "commit 2222222, push 2222222"},
		{"a pull request", "Bash", `{"command":"gh pr create --fill"}`, "\nCreating pull request for fix into main in o/r\n\nhttps://github.com/o/r/pull/12\n", "pull_request 12"},
		{"a push that offers one", "Bash", `{"command":"git push && gh pr create --fill"}`, "remote:   https://github.com/o/r/pull/new/fix\nhttps://ghe.example/o/r/pull/13\n", "pull_request 13"},
		{"a review by the API", "Bash", `{"command":"gh api repos/o/r/pulls/1/reviews -f event=APPROVE"}`, `{"id":80,"node_id":"PRR_a","user":{"id":5},"html_url":"https://github.com/o/r/pull/1#pullrequestreview-80"}`, "review 80"},
		{"its id alone", "Bash", `{"command":"gh api repos/o/r/pulls/1/reviews -f event=APPROVE --jq .id"}`, "3456789\n", "review 3456789"},
		{"a review by gh", "Bash", `{"command":"gh api repos/o/r/pulls/1/reviews; gh pr review 1 --approve"}`, `[{"id":80,"html_url":"https://github.com/o/r/pull/1#pullrequestreview-80"}]`, ""},
		{"among other reviews", "Bash", `{"command":"gh api repos/o/r/pulls/1/reviews; gh api repos/o/r/pulls/1/reviews -f event=APPROVE"}`, `[{"html_url":"https://github.com/o/r/pull/1#pullrequestreview-80"}]{"html_url":"https://github.com/o/r/pull/1#pullrequestreview-81"}`, ""},
		{"a comment", "Bash", `{"command":"gh pr comment 1 -b x"}`, "https://github.com/o/r/pull/1#issuecomment-99\n", "comment 99"},
		{"a review by MCP", "mcp__github__create_pull_request_review", `{"event":"APPROVE"}`, `{"id":80,"node_id":"PRR_a"}`, "review 80"},
		{"a review with a node", "mcp__github__create_pull_request_review", `{"event":"APPROVE"}`, `{"node_id":"PRR_kwDO1","id":"PRR_kwDO1"}`, "review PRR_kwDO1"},
		{"a pull request by MCP", "mcp__github__create_pull_request", `{"title":"x"}`, `{"url":"https://api.github.com/repos/o/r/pulls/12","id":9,"html_url":"https://github.com/o/r/pull/12","body":"as https://github.com/o/r/pull/7"}`, "pull_request 12"},
		{"a file by MCP", "mcp__github__create_or_update_file", `{"path":"a","content":"b"}`, `{"content":{"name":"a","sha":"` + blob + `"},"commit":{"sha":"` + sha + `","html_url":"https://github.com/o/r/commit/` + sha + `"}}`, "commit " + sha + ", push " + sha},
		{"files by MCP", "mcp__github__push_files", `{}`, `{"ref":"refs/heads/x","object":{"type":"commit","sha":"` + sha + `"}}`, "commit " + sha + ", push " + sha},
		{"a merge by MCP", "mcp__github__merge_pull_request", `{}`, `{"sha":"` + sha + `","merged":true}`, "merge " + sha},
		{"a long output", "Bash", `{"command":"make && git commit -m x"}`, strings.Repeat("ok \\ \"\n", 50_000) + "[main 1a2b3c4] x\n 1 file changed\n", "commit 1a2b3c4"},
		{"the middle of a long one", "Bash", `{"command":"git commit -m x; make"}`, strings.Repeat("x\n", 5_000) + "[main 1a2b3c4] x\n" + strings.Repeat("y\n", 5_000), ""},
	} {
		text, err := json.Marshal(test.output)
		if err != nil {
			t.Fatal(err)
		}
		twice, err := json.Marshal(`{"output":` + string(text) + `}`)
		if err != nil {
			t.Fatal(err)
		}
		for _, output := range []string{
			string(text), `[{"type":"text","text":` + string(text) + `}]`, `{"stdout":` + string(text) + `,"stderr":""}`, string(twice),
		} {
			long := len(output) > 5000 && output == string(twice) // in which the ends hold less
			if got := madeBy(t, test.tool, test.args, output, false); got != test.want && !long {
				t.Errorf("%s: got %q, want %q from %.300s", test.name, got, test.want, output)
			}
			if got := madeBy(t, test.tool, test.args, output, true); got != "" {
				t.Errorf("%s: got %q of a call that has failed", test.name, got)
			}
		}
	}
}

// madeBy returns what a call has made that a result shows.
func madeBy(t *testing.T, tool, args, output string, failed bool) string {
	t.Helper()
	var changes []trace.Change
	s := &sink{
		o: Options{Emit: func(r trace.Record) {
			if f, ok := r.Fact.(*trace.Tool); ok && f.Done {
				changes = f.Changes
			}
		}},
		verdicts: map[string]*trace.Decision{}, intended: map[string]intent{},
	}
	s.call(1, time.Time{}, &trace.Tool{ID: "a", Name: tool}, parsed(t, args))
	s.result(2, time.Time{}, &trace.Tool{ID: "a", Failed: failed}, parsed(t, output))
	if len(s.intended) > 0 {
		t.Errorf("%d calls are still kept", len(s.intended))
	}
	var out []string
	for _, c := range changes {
		if c.ID != "" {
			out = append(out, fmt.Sprintf("%s %s", c.Kind, c.ID))
		}
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}
