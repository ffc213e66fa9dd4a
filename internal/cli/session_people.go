package cli

import (
	"strings"

	"github.com/andon-ci/andon/internal/github"
	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

// personOf says whether an account is a person's, by what the forge says of it.
func personOf(a github.Actor) session.Actor {
	kind := session.Unknown
	switch {
	case a.Type == "Bot" || strings.HasSuffix(a.Login, "[bot]"):
		kind = session.Agent
	case a.Type == "User":
		kind = session.Human
	}
	return session.Actor{Login: a.Login, Kind: kind}
}

// acts returns what was done to a pull request beside the agents' runs.
func acts(p *github.Pull) []session.Act {
	out := []session.Act{}
	for _, c := range p.Commits {
		out = append(out, commitAct(c))
	}
	for _, r := range p.Reviews {
		if r.State != "pending" {
			out = append(out, session.Act{Kind: "review", Time: r.At, Actor: personOf(r.Author), State: r.State, SHA: r.SHA, URL: r.URL})
		}
	}
	merged := p.State == "merged"
	for _, e := range p.Events {
		if e.Kind == "" || e.Kind == "closed" && merged { // which a merge brings with it
			continue
		}
		a := session.Act{Kind: e.Kind, Time: e.At, Actor: personOf(e.Actor), Label: e.Label, SHA: e.SHA, Text: firstLine(e.Message), URL: e.URL}
		if e.Kind == "force_push" {
			a.SHA = e.After
		}
		out = append(out, a)
	}
	return out
}

func commitAct(c github.Commit) session.Act {
	return session.Act{
		Kind: "commit", Time: c.CommittedAt, Actor: committer(c), Text: firstLine(c.Message), SHA: c.SHA, URL: c.URL, Merge: c.Merge,
		Added: trace.Measured(int64(c.Additions)), Removed: trace.Measured(int64(c.Deletions)),
	}
}

// committer says who wrote a commit: an agent where any of its authors is one.
// An address that belongs to no account says nothing either way.
func committer(c github.Commit) session.Actor {
	out := session.Actor{Kind: session.Unknown}
	for i, a := range c.Authors {
		switch {
		case agentAddress(a):
			return session.Actor{Login: a.Login + nameOf(a), Kind: session.Agent}
		case i == 0 && a.Login != "":
			out = session.Actor{Login: a.Login, Kind: session.Human}
		}
	}
	return out
}

// nameOf returns the name of an author without an account.
func nameOf(a github.Author) string {
	if a.Login != "" {
		return ""
	}
	return a.Name
}

// agentAddress reports whether an address is one that agents sign with.
func agentAddress(a github.Author) bool {
	email := strings.ToLower(a.Email)
	if strings.HasSuffix(a.Login, "[bot]") || strings.HasSuffix(email, "[bot]@users.noreply.github.com") {
		return true
	}
	switch email {
	case "noreply@anthropic.com", "cursoragent@cursor.com", "noreply@openai.com", "codex@openai.com", "amp@ampcode.com", "openhands@all-hands.dev":
		return true
	}
	return strings.HasSuffix(email, "+copilot@users.noreply.github.com")
}

// firstLine returns the first line of a commit's message.
func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	const most = 200
	return strings.ToValidUTF8(s[:min(len(s), most)], "")
}
