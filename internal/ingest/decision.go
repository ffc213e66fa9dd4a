package ingest

import (
	"slices"
	"strings"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// kindOf returns the decision that a word stands for, in the spellings of
// GitHub's API, gh and the models' own.
func kindOf(word string) (trace.Kind, bool) {
	switch strings.ToLower(strings.NewReplacer(" ", "_", "-", "_").Replace(strings.TrimSpace(word))) {
	case "approve", "approved", "lgtm", "accept", "accepted":
		return trace.Approve, true
	case "request_changes", "changes_requested", "requested_changes", "reject", "rejected":
		return trace.RequestChanges, true
	case "comment", "commented":
		return trace.Comment, true
	case "merge", "merged":
		return trace.Merge, true
	case "close", "closed":
		return trace.Close, true
	case "commit", "committed":
		return trace.Commit, true
	case "label", "labeled", "labelled":
		return trace.Label, true
	case "triage", "triaged":
		return trace.Triage, true
	case "escalate", "escalated":
		return trace.Escalate, true
	case "no_op", "noop", "none", "no_action":
		return trace.NoOp, true
	}
	return "", false
}

// decisionIn returns the decision that an object states: the structured output
// of an agent, or the verdict at the end of its last message.
func decisionIn(v jsonl.Value, source trace.DecisionSource) *trace.Decision {
	for _, key := range []string{"decision", "verdict", "review_decision", "event", "action"} {
		word := v.Get(key)
		if word.Kind() == jsonl.Object {
			word = word.Get("kind")
		}
		kind, ok := kindOf(word.String())
		if !ok {
			continue
		}
		d := &trace.Decision{Kind: kind, Source: source, Summary: clip(firstString(v, "summary", "reason", "rationale", "body"), 500)}
		for _, list := range []string{"findings", "issues", "comments"} {
			if l := v.Get(list); l.Kind() == jsonl.Array {
				d.Findings = trace.Measured(int64(l.Len()))
				break
			}
		}
		if c, ok := v.Get("confidence").Float(); ok && c >= 0 && c <= 1 {
			d.Confidence = &c
		}
		return d
	}
	return nil
}

func firstString(v jsonl.Value, keys ...string) string {
	for _, k := range keys {
		if s := v.Get(k).String(); s != "" {
			return s
		}
	}
	return ""
}

// clip cuts s to at most n bytes, between two words: half of a credential would
// not be recognised as one any more.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:max(strings.LastIndexAny(s[:n+1], " \t\r\n"), 0)] + "…"
}

// decisionInText returns the decision in the last JSON object of a message, in
// a fence or bare. Prose is not interpreted: "I approve of the style, but" is
// no approval.
func decisionInText(text string) *trace.Decision {
	const window = 256 << 10
	if len(text) > window {
		text = text[len(text)-window:]
	}
	var doc jsonl.Doc
	for open, tries := len(text), 0; tries < 200; tries++ {
		if open = strings.LastIndexByte(text[:open], '{'); open < 0 {
			return nil
		}
		if v, _, err := doc.Parse([]byte(text[open:])); err == nil {
			if d := decisionIn(v, trace.FromText); d != nil {
				return d
			}
		}
	}
	return nil
}

// decisionInCommands returns the weightiest decision that the commands of a shell
// carry out: a review before what is done beside it. Whether they did so depends
// on the exit code: see sink.await.
func decisionInCommands(commands [][]string) *trace.Decision {
	best, rank := trace.Kind(""), len(commandDecisions())
	for _, words := range commands {
		if len(words) < 2 || words[0] != "gh" && words[0] != "git" || isRehearsal(words) {
			continue // most commands, at little cost
		}
		for i, read := range commandDecisions()[:rank] {
			if kind := read(program(words), words); kind != "" {
				best, rank = kind, i
				break
			}
		}
	}
	if best == "" {
		return nil
	}
	return &trace.Decision{Kind: best, Source: trace.FromToolCall}
}

// commandDecisions returns what reads a decision from a command, from the
// weightiest kind on.
func commandDecisions() []func(program string, words []string) trace.Kind {
	return []func(string, []string) trace.Kind{reviewDecision, actDecision, labelDecision, gitDecision}
}

func reviewDecision(program string, words []string) trace.Kind {
	if event := reviewEvent(words); event != "" {
		kind, _ := kindOf(event)
		return kind
	}
	if program != "gh pr review" {
		return ""
	}
	for _, w := range words {
		switch flag, _, _ := strings.Cut(w, "="); flag {
		case "--approve", "-a":
			return trace.Approve
		case "--request-changes", "-r":
			return trace.RequestChanges
		case "--comment", "-c":
			return trace.Comment
		}
	}
	return ""
}

// reviewEvent returns the event of a review that is posted by `gh api`.
func reviewEvent(words []string) string {
	if len(words) < 3 || words[0] != "gh" || words[1] != "api" || !slices.ContainsFunc(words, func(w string) bool { return strings.Contains(w, "/reviews") }) {
		return ""
	}
	for _, w := range words {
		switch event := strings.TrimPrefix(w, "event="); event {
		case "APPROVE", "REQUEST_CHANGES", "COMMENT":
			return event
		}
	}
	return ""
}

func actDecision(program string, _ []string) trace.Kind {
	switch program {
	case "gh pr merge", "gh pr close", "gh pr comment", "gh issue close", "gh issue comment":
		kind, _ := kindOf(program[strings.LastIndexByte(program, ' ')+1:])
		return kind
	}
	return ""
}

func labelDecision(program string, words []string) trace.Kind {
	if program != "gh pr edit" && program != "gh issue edit" {
		return ""
	}
	if slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, "--add-label") }) {
		return trace.Label
	}
	return ""
}

func gitDecision(program string, _ []string) trace.Kind {
	if program == "git commit" || program == "git push" {
		return trace.Commit
	}
	return ""
}

// decisionInTool returns the decision that a call of a GitHub MCP tool carries
// out, under the names of github/github-mcp-server and of others that wrap it.
func decisionInTool(name string, args jsonl.Value) *trace.Decision {
	decide := func(k trace.Kind) *trace.Decision {
		return &trace.Decision{Kind: k, Source: trace.FromToolCall, Summary: clip(firstString(args, "body", "comment"), 500)}
	}
	switch bareName(name) {
	case "create_pull_request_review", "submit_pending_pull_request_review", "create_and_submit_pull_request_review",
		"pull_request_review_write", "submit_pull_request_review":
		if kind, ok := kindOf(args.Get("event").String()); ok {
			return decide(kind)
		}
	case "merge_pull_request":
		return decide(trace.Merge)
	case "add_issue_comment", "create_issue_comment", "add_pull_request_review_comment":
		return decide(trace.Comment)
	case "create_or_update_file", "push_files":
		return decide(trace.Commit)
	case "add_labels_to_issue", "add_labels":
		return decide(trace.Label)
	}
	return nil
}
