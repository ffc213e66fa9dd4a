package ingest

import (
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

func TestPrograms(t *testing.T) {
	for _, c := range []struct{ cmd, want string }{
		{"go test ./...", "go test"},
		{"cd pkg && go test ./... 2>&1 | tail -5", "go test, tail"},
		{"git -C /tmp/x commit -m 'gh pr review --approve 1'", "git commit"},
		{"echo 'git push'", "echo"},
		{"GOFLAGS=-mod=mod CGO_ENABLED=0 go build ./...", "go build"},
		{"sudo timeout -k 5 60 make -j4 test", "make test"},
		{`bash -lc "git add -A && git commit -m 'x'"`, "git add, git commit"},
		{"cat <<'EOF' > a.sh\ngit push\nEOF\n./a.sh", "cat, a.sh"},
		{"for f in *.go; do gofmt -l $f; done", "gofmt"},
		{"out=$(gh pr view 3 --json title)", "gh pr view"},
		{"python3 -m pytest -q", "pytest"},
		{"npx --yes eslint .", "eslint"},
		{"gh --repo o/r pr review 7 -a", "gh pr review"},
		{"if [ -f x ]; then rm x; fi", "rm"},
		{"git commit -m \"unterminated", "git commit"},
		{"", ""},
		{strings.Repeat("(", 9000), ""},
		{"sudo -u bob git push", "git push"},
		{"env -u X A=1 git push", "git push"},
		{"timeout -s KILL 5 git push", "git push"},
		{"npm run test -- --watch=false", "npm test"},
		{"npm run build", "npm run build"},
		{"cat <<'EOF' > big\n" + strings.Repeat("x y z\n", 6000) + "EOF\ngit commit -qam x && git push", "cat, git commit, git push"},
	} {
		if got := strings.Join(programs(scriptIn(c.cmd, 0).commands), ", "); got != c.want {
			t.Errorf("%.60q runs %q, want %q", c.cmd, got, c.want)
		}
	}
}

func TestChangesByTool(t *testing.T) {
	edited := func(file string, added, removed int64) string {
		return string(trace.Edited) + " " + file + " +" + trace.Measured(added).String() + " -" + trace.Measured(removed).String()
	}
	for _, c := range []struct {
		tool, args, want string
	}{
		{"Edit", `{"file_path":"a.go","old_string":"a\nb\nc","new_string":"a\nB\nc"}`, edited("a.go", 1, 1)},
		{"Edit", `{"file_path":"a.go","old_string":"a","new_string":"b","replace_all":true}`, "edit a.go +unknown -unknown"},
		{"MultiEdit", `{"file_path":"a.go","edits":[{"old_string":"a","new_string":""},{"old_string":"","new_string":"x\ny\n"}]}`, edited("a.go", 0, 1) + "; " + edited("a.go", 2, 0)},
		{"Write", `{"file_path":"b.txt","content":"1\n2\n3"}`, "edit b.txt +3 -unknown"},
		{"Read", `{"file_path":"b.txt"}`, ""},
		{"str_replace_editor", `{"command":"str_replace","path":"c.py","old_str":"x","new_str":"y\nz"}`, edited("c.py", 2, 1)},
		{"str_replace_editor", `{"command":"create","path":"c.py","file_text":"x"}`, "edit c.py +1 -unknown"},
		{"edit", `{"path":"d.ts","edits":[{"oldText":"q","newText":"r"}]}`, edited("d.ts", 1, 1)},
		{"apply_patch", `"*** Begin Patch\n*** Update File: e.rs\n@@\n-a\n+b\n+c\n*** Delete File: f.rs\n*** End Patch\n+after"`, edited("e.rs", 2, 1) + "; delete f.rs +unknown -unknown"},
		{"shell", `"{\"command\":[\"bash\",\"-lc\",\"apply_patch <<'P'\\n*** Begin Patch\\n*** Add File: g\\n+1\\n*** End Patch\\nP\"]}"`, edited("g", 1, 0)},
		{"shell", `{"command":"git commit -qm x && git push"}`, "commit  +unknown -unknown; push  +unknown -unknown"},
		{"mcp__github__create_pull_request", `{"title":"x"}`, "pull_request  +unknown -unknown"},
	} {
		tool := &trace.Tool{Name: c.tool}
		new(sink).describe(tool, parsed(t, c.args))
		var got []string
		for _, ch := range tool.Changes {
			got = append(got, string(ch.Kind)+" "+ch.Path+" +"+ch.Added.String()+" -"+ch.Removed.String())
		}
		if s := strings.Join(got, "; "); s != c.want {
			t.Errorf("%s %s changes %q, want %q", c.tool, c.args, s, c.want)
		}
	}
}

func TestChangedLines(t *testing.T) {
	for _, c := range []struct {
		before, after  string
		added, removed int
	}{
		{"a\nb\nc\nd\n", "a\nx\nc\ny\nd\n", 2, 1},
		{"", "a\n", 1, 0},
		{"a\n", "a\n", 0, 0},
		{"a\nb\n", "b\na\n", 1, 1},
	} {
		if a, r := changedLines(c.before, c.after); a != c.added || r != c.removed {
			t.Errorf("%q to %q: +%d -%d, want +%d -%d", c.before, c.after, a, r, c.added, c.removed)
		}
	}
}

func TestJudged(t *testing.T) {
	for _, c := range []struct{ cmd, want string }{
		{"go test ./...", "go test"},
		{"cd x && go vet && go test ./...", "go vet, go test"},
		{"go test ./... | grep FAIL", "grep"},
		{"go test ./...; grep x f", "grep"},
		{"go test ./... || true", "true"},
		{"if go test; then echo ok; fi", ""},
		{"bash -c 'make && make test'", "make, make test"},
	} {
		if got := strings.Join(programs(scriptIn(c.cmd, 0).judged), ", "); got != c.want {
			t.Errorf("%q is judged by %q, want %q", c.cmd, got, c.want)
		}
	}
}

func TestRehearsals(t *testing.T) {
	for _, cmd := range []string{"gh pr merge --help", "git push --dry-run", "git push -n", "git commit --dry-run -m x", "gh pr review 3 --approve --help"} {
		commands := scriptIn(cmd, 0).commands
		if c := changesByCommands(commands); c != nil {
			t.Errorf("%q changes %v", cmd, c)
		}
		if d := decisionInCommands(commands); d != nil {
			t.Errorf("%q decides %v", cmd, d)
		}
	}
	if c := changesByCommands(scriptIn("git commit -n -m x", 0).commands); len(c) != 1 {
		t.Errorf("a commit past the hooks is %v", c)
	}
}

func TestDecisionInQuotes(t *testing.T) {
	for _, cmd := range []string{"echo 'gh pr review 3 --approve'", "git log --grep 'git push'", "# gh pr merge 3"} {
		if d := decisionInCommands(scriptIn(cmd, 0).commands); d != nil {
			t.Errorf("%q decides %q", cmd, d.Kind)
		}
	}
	if d := decisionInCommands(scriptIn("git push && gh pr review 3 --approve", 0).commands); d == nil || d.Kind != trace.Approve {
		t.Errorf("a review beside a push is %v", d)
	}
}

func parsed(t *testing.T, text string) jsonl.Value {
	t.Helper()
	v, _, err := new(jsonl.Doc).Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}
