package ingest

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// intent is what a tool call changes on the forge or in the history.
type intent struct {
	changes []trace.Change
	command bool // by commands of a shell, whose output may be that of others too
	reviews bool // one of them posts a review to the API, which answers with it
	number  bool // or is told to print the id alone
}

// intend notes what a call changes, so that its result can say what that became.
func (s *sink) intend(t *trace.Tool, commands [][]string) {
	if t.ID == "" || len(s.intended) >= 10_000 {
		return
	}
	in := intent{changes: t.Changes, command: len(commands) > 0}
	for _, words := range commands {
		if reviewEvent(words) != "" {
			in.reviews = true
			in.number = in.number || slices.Contains(words, ".id")
		}
	}
	if slices.ContainsFunc(t.Changes, func(c trace.Change) bool { return in.mark(c.Kind) != nil }) {
		s.intended[t.ID] = in
	}
}

// identify gives the changes of a call that has succeeded the ids that its output
// names, and forgets them.
func (s *sink) identify(t *trace.Tool, output jsonl.Value) {
	in, known := s.intended[t.ID]
	if !known {
		return
	}
	delete(s.intended, t.ID)
	if !t.Failed && len(t.Changes) == 0 {
		t.Changes = in.made(ends(output.Raw()))
	}
}

// ends returns the first and the last 2 KB of a value: what a commit or a push
// prints, and the answer of an API, tell what was made at one of them.
func ends(raw []byte) []byte {
	const end = 2 << 10
	raw = bytes.TrimSuffix(bytes.TrimPrefix(raw, []byte(`"`)), []byte(`"`))
	if len(raw) <= 2*end {
		return raw
	}
	return slices.Concat(raw[:end], []byte("\n"), raw[len(raw)-end:])
}

// made returns the changes with their ids, or nil where text names none.
func (in intent) made(text []byte) []trace.Change {
	text = jsonl.Unescape(nil, text)
	for range 2 {
		if !nested(text) {
			break
		}
		text = jsonl.Unescape(nil, text)
	}
	out, found := in.named(string(text))
	if !found {
		return nil
	}
	return out
}

// nested reports whether text looks like JSON with strings in it that are escaped,
// as one in another's string is. Plain text has lines.
func nested(text []byte) bool {
	if !bytes.Contains(text, []byte(`\n`)) && !bytes.Contains(text, []byte(`\"`)) {
		return false
	}
	return text[0] == '{' || text[0] == '[' || bytes.IndexByte(text, '\n') < 0
}

// named gives the first change of a kind the first id of that kind in text, and
// so on. Where there are more ids than changes, the others are of things that were
// only shown, and nobody knows which.
func (in intent) named(text string) (out []trace.Change, found bool) {
	out = slices.Clone(in.changes)
	of := map[trace.ChangeKind][]*trace.Change{}
	for i := range out {
		of[out[i].Kind] = append(of[out[i].Kind], &out[i])
	}
	for kind, changes := range of {
		find := in.mark(kind)
		if find == nil {
			continue
		}
		ids := find(text)
		if len(ids) > len(changes) {
			continue
		}
		for i, id := range ids {
			changes[i].ID, found = id, true
		}
	}
	return out, found
}

// mark returns what finds the ids of a kind of change, nil where none is told.
func (in intent) mark(kind trace.ChangeKind) func(text string) []string {
	switch kind {
	case trace.Committed:
		if in.command {
			return commitsPrinted
		}
		return commitsAnswered
	case trace.Pushed:
		if in.command {
			return pushesPrinted
		}
		return commitsAnswered
	case trace.OpenedPull:
		if in.command {
			return func(text string) []string { return first(text, pullLine) }
		}
		return func(text string) []string { return first(text, pullField, pullLine) }
	case trace.PostedReview:
		if in.number {
			return func(text string) []string { return first(text, onlyNumber) }
		}
		if in.reviews || !in.command { // `gh pr review` does not say
			return func(text string) []string { return first(text, reviewURL, leadingID, reviewNode) }
		}
	case trace.PostedComment:
		return func(text string) []string { return first(text, commentURL, leadingID) }
	case trace.MergedPull:
		if !in.command {
			return func(text string) []string { return first(text, mergeField) }
		}
	}
	return nil
}

// The forms in which git, gh and the GitHub MCP server say what they have made.
var (
	madeCommit  = regexp.MustCompile(`(?m)(?:^|"|> ?|^Output: )\[[^\]\n"]{1,250} ([0-9a-f]{7,64})\] [^\n]*(\n (?:Author:|Date:|\d+ files? changed))?`)
	pushedTo    = regexp.MustCompile(`(?:^|"|> ?|: )To \S+\s*$`)
	pushedRef   = regexp.MustCompile(`^ [ +*] ?\s*[0-9a-f]{7,64}\.\.\.?([0-9a-f]{7,64}) +\S+ +-> `)
	commitURL   = regexp.MustCompile(`/commits?/([0-9a-f]{40})\b`)
	commitField = regexp.MustCompile(`"(?:commit|object)":\s*\{[^{}]{0,200}"sha":\s*"([0-9a-f]{40})"`)
	mergeField  = regexp.MustCompile(`"sha":\s*"([0-9a-f]{40})"`)
	pullLine    = regexp.MustCompile(`(?m)(?:^|"|> ?|^Output: )https://[^\s"/]{1,100}/[^\s"/]{1,100}/[^\s"/]{1,100}/pull/(\d{1,10})(?:$|[\s"<])`)
	pullField   = regexp.MustCompile(`"(?:html_)?url":\s*"https://[^\s"]{1,300}/pulls?/(\d{1,10})"`)
	reviewURL   = regexp.MustCompile(`#pullrequestreview-(\d{1,20})\b`)
	commentURL  = regexp.MustCompile(`#(?:issuecomment-|discussion_r)(\d{1,20})\b`)
	leadingID   = regexp.MustCompile(`(?m)(?:^|")\{\s*"(?:id|databaseId)":\s*"?(\d{1,20})"?[,\s}]`)
	reviewNode  = regexp.MustCompile(`"(?:node_)?id":\s*"(PRR_[A-Za-z0-9_-]{1,80})"`)
	onlyNumber  = regexp.MustCompile(`(?m)(?:^|")(\d{3,20})$`)
)

// first returns the ids that the first of some forms finds that finds any.
func first(text string, forms ...*regexp.Regexp) []string {
	for _, form := range forms {
		var out []string
		for _, m := range form.FindAllStringSubmatch(text, -1) {
			if !slices.Contains(out, m[1]) {
				out = append(out, m[1])
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	return nil
}

// commitsPrinted finds what `git commit` prints, "[main 1a2b3c4] Fix it". Programs
// that a hook runs may print something alike, but not with the line behind it that
// tells what was changed.
func commitsPrinted(text string) []string {
	var sure, all []string
	for _, m := range madeCommit.FindAllStringSubmatch(text, -1) {
		if all = append(all, m[1]); m[2] != "" {
			sure = append(sure, m[1])
		}
	}
	if len(sure) > 0 {
		return sure
	}
	return all
}

// commitsAnswered finds the commit in the answer of an API.
func commitsAnswered(text string) []string {
	return first(text, commitField, commitURL)
}

// pushesPrinted finds to what `git push` has set a branch. What it prints stands
// under "To", and what a fetch does in the same form under "From".
func pushesPrinted(text string) []string {
	var out []string
	to := false
	for line := range strings.Lines(text) {
		switch m := pushedRef.FindStringSubmatch(line); {
		case pushedTo.MatchString(line):
			to = true
		case strings.HasPrefix(line, "From "):
			to = false
		case to && m != nil:
			out, to = append(out, m[1]), false // one for each push
		}
	}
	return out
}
