package ingest

import (
	"slices"
	"strings"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// changesByCommands returns what commands change, if they succeed.
func changesByCommands(commands [][]string) []trace.Change {
	var out []trace.Change
	for _, words := range commands {
		if kind := changeByCommand(words); kind != "" {
			out = append(out, trace.Change{Kind: kind})
		}
	}
	return out
}

func changeByCommand(words []string) trace.ChangeKind {
	if isRehearsal(words) {
		return ""
	}
	switch program(words) {
	case "git commit":
		return trace.Committed
	case "git push":
		return trace.Pushed
	case "gh pr create":
		return trace.OpenedPull
	case "gh pr review":
		return trace.PostedReview
	case "gh pr comment", "gh issue comment":
		return trace.PostedComment
	case "gh pr merge":
		return trace.MergedPull
	}
	if reviewEvent(words) != "" {
		return trace.PostedReview
	}
	return ""
}

// isRehearsal reports whether a command only says what it would do, or how it is
// used.
func isRehearsal(words []string) bool {
	for _, w := range words {
		switch w {
		case "--help", "--dry-run":
			return true
		case "-n":
			if program(words) == "git push" { // of git commit, it passes over hooks
				return true
			}
		case "-h":
			return true
		}
	}
	return false
}

// changesByTool returns what a tool changes, told by the shape of its arguments:
// the tools that edit files have other names with each agent, and nearly the
// same arguments.
func changesByTool(name string, args jsonl.Value) []trace.Change {
	name = bareName(name)
	switch name {
	case "create_pull_request":
		return []trace.Change{{Kind: trace.OpenedPull}}
	case "merge_pull_request":
		return []trace.Change{{Kind: trace.MergedPull}}
	case "create_or_update_file", "push_files":
		return []trace.Change{{Kind: trace.Committed}, {Kind: trace.Pushed}}
	case "add_issue_comment", "create_issue_comment", "add_pull_request_review_comment":
		return []trace.Change{{Kind: trace.PostedComment}}
	case "create_pull_request_review", "submit_pending_pull_request_review", "create_and_submit_pull_request_review",
		"pull_request_review_write", "submit_pull_request_review":
		return []trace.Change{{Kind: trace.PostedReview}}
	}
	file := firstString(args, "file_path", "filePath", "path", "notebook_path", "absolute_path", "TargetFile", "target_file")
	if file == "" || len(file) > 4<<10 {
		return nil
	}
	return fileChanges(name, file, args)
}

// bareName returns a tool's name in lower case without the server in front.
func bareName(name string) string {
	name = strings.ToLower(name)
	if i := strings.LastIndex(name, "__"); i >= 0 {
		return name[i+2:]
	}
	return name
}

func fileChanges(name, file string, args jsonl.Value) []trace.Change {
	if edit, ok := replacement(file, args); ok {
		return []trace.Change{edit}
	}
	for _, key := range []string{"edits", "edit"} {
		if one, ok := replacement(file, args.Get(key)); ok {
			return []trace.Change{one}
		}
		var out []trace.Change
		for e := range args.Get(key).Elements() {
			if edit, ok := replacement(file, e); ok {
				out = append(out, edit)
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	writes := strings.Contains(name, "write") || strings.Contains(name, "create") || strings.Contains(name, "edit")
	for _, key := range []string{"content", "contents", "file_text", "new_source", "CodeContent"} {
		if c := args.Get(key); writes && c.Kind() == jsonl.String {
			text := c.String()
			return []trace.Change{{Kind: trace.Edited, Path: file, Added: trace.Measured(int64(lines(text))), New: digestOf([]byte(text))}}
		}
	}
	return nil
}

// replacement reads the text that an edit replaces and what it puts there.
func replacement(file string, v jsonl.Value) (trace.Change, bool) {
	for _, keys := range [][2]string{
		{"old_string", "new_string"}, {"oldString", "newString"}, {"old_str", "new_str"}, {"oldText", "newText"}, {"old", "new"},
	} {
		from, to := v.Get(keys[0]), v.Get(keys[1])
		if from.Kind() != jsonl.String || to.Kind() != jsonl.String {
			continue
		}
		before, after := from.String(), to.String()
		c := trace.Change{Kind: trace.Edited, Path: file, Old: digestOf([]byte(before)), New: digestOf([]byte(after))}
		if !v.Get("replace_all").True() && !v.Get("replaceAll").True() { // it does not say in how many places
			added, removed := changedLines(before, after)
			c.Added, c.Removed = trace.Measured(int64(added)), trace.Measured(int64(removed))
		}
		return c, true
	}
	return trace.Change{}, false
}

// patchIn returns the patch in the format of apply_patch that a command or the
// arguments of a tool hold.
func patchIn(cmd string, args jsonl.Value) string {
	const begin = "*** Begin Patch"
	for _, s := range []string{cmd, firstString(args, "patchText", "patch", "input")} {
		if i := strings.Index(s, begin); i >= 0 {
			return s[i:]
		}
	}
	return ""
}

// patchChanges reads a patch as Codex, OpenCode and Copilot apply it: files
// under headings of three stars, and lines that begin with plus or minus.
func patchChanges(patch string) []trace.Change {
	var out []trace.Change
	for line := range strings.Lines(patch) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case strings.HasPrefix(line, "*** Add File: "), strings.HasPrefix(line, "*** Update File: "), strings.HasPrefix(line, "*** Delete File: "):
			_, file, _ := strings.Cut(line, ": ")
			c := trace.Change{Kind: trace.Edited, Path: file, Added: trace.Measured(0), Removed: trace.Measured(0)}
			if strings.HasPrefix(line, "*** Delete") {
				c = trace.Change{Kind: trace.Deleted, Path: file} // of how many lines, it does not say
			}
			out = append(out, c)
		case line == "*** End Patch":
			return out
		case len(out) == 0:
		case strings.HasPrefix(line, "+"):
			out[len(out)-1].Added = out[len(out)-1].Added.Add(trace.Measured(1))
		case strings.HasPrefix(line, "-"):
			out[len(out)-1].Removed = out[len(out)-1].Removed.Add(trace.Measured(1))
		}
	}
	return out
}

func lines(text string) int {
	n := strings.Count(text, "\n")
	if text != "" && !strings.HasSuffix(text, "\n") {
		n++
	}
	return n
}

// maxDiff bounds the table of changedLines.
const maxDiff = 1 << 20

// changedLines returns how many lines a change of text adds and removes: those
// that are not part of the longest common subsequence. Of texts for which that
// would be too much work, everything between their common beginning and their
// common end counts.
func changedLines(before, after string) (added, removed int) {
	a, b := slices.Collect(strings.Lines(before)), slices.Collect(strings.Lines(after))
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	same := 0
	if len(a)*len(b) <= maxDiff {
		same = commonLines(a, b)
	}
	return len(b) - same, len(a) - same
}

// commonLines returns the length of the longest common subsequence.
func commonLines(a, b []string) int {
	row := make([]int, len(b)+1)
	for _, x := range a {
		diagonal := 0
		for j, y := range b {
			up := row[j+1]
			if x == y {
				row[j+1] = diagonal + 1
			} else {
				row[j+1] = max(up, row[j])
			}
			diagonal = up
		}
	}
	return row[len(b)]
}
