package override_test

import (
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/override"
)

func TestWho(t *testing.T) {
	a := override.Accounts{Agents: []string{"widgets-reviewer", "both", "our-app"}, Humans: []string{"robot-lover", "Both"}, Tools: []string{"size-label", "ci-robot"}}
	for _, c := range []struct {
		name  string
		actor override.Actor
		want  string
	}{
		{"a person", override.Actor{Login: "alice", Type: "User"}, "human platform"},
		{"a person of an enterprise", override.Actor{Login: "alice_corp", Type: "EnterpriseUserAccount"}, "human platform"},
		{"an App", override.Actor{Login: "claude[bot]", Type: "Bot"}, "agent platform"},
		{"an App, as GraphQL has it", override.Actor{Login: "claude", Type: "Bot"}, "agent platform"},
		{"an App by its name alone", override.Actor{Login: "claude[bot]"}, "agent platform"},
		{"a workflow's own token", override.Actor{Login: "github-actions[bot]", Type: "Bot"}, "agent platform"},
		{"a tool", override.Actor{Login: "dependabot[bot]", Type: "Bot"}, "agent platform"},
		{"a configured tool with a user's account", override.Actor{Login: "ci-robot", Type: "User"}, "agent platform"},
		{"a configured agent", override.Actor{Login: "Widgets-Reviewer", Type: "User"}, "agent platform"},
		{"through a configured App", override.Actor{Login: "alice", Type: "User", App: "our-app"}, "agent platform"},
		{"a configured person", override.Actor{Login: "robot-lover[bot]", Type: "Bot"}, "human platform"},
		{"configured as both", override.Actor{Login: "both", Type: "User"}, "human platform"},
		{"through an App", override.Actor{Login: "alice", Type: "User", App: "some-app"}, "unknown "},
		{"a deleted account", override.Actor{}, "unknown "},
		{"an imported one", override.Actor{Login: "old", Type: "Mannequin"}, "unknown "},
		{"an organization", override.Actor{Login: "octo-org", Type: "Organization"}, "unknown "},
		{"without a type", override.Actor{Login: "alice"}, "unknown "},
		{"called like an agent", override.Actor{Login: "claude-monet", Type: "User"}, "human platform"},
	} {
		p := a.Who(c.actor)
		if got := string(p.Kind) + " " + string(p.Basis); got != c.want || p.Login != c.actor.Login {
			t.Errorf("%s: %s %q, want %s", c.name, p.Login, got, c.want)
		}
	}
}

// TestToolsDecideNothing holds what tools do out of the decisions.
func TestToolsDecideNothing(t *testing.T) {
	alice := override.Actor{Login: "alice", Type: "User"}
	for _, by := range []override.Actor{{Login: "dependabot[bot]", Type: "Bot"}, {Login: "ci-robot", Type: "User"}, {Login: "size-label[bot]", Type: "Bot"}} {
		h := &override.History{Author: by, Events: []override.Event{{Kind: override.Closed, Actor: alice}}}
		r := override.Detect(h, override.Options{Accounts: override.Accounts{Tools: []string{"ci-robot", "size-label"}}})
		if len(r.Overrides)+len(r.Coverage.Decisions) > 0 {
			t.Errorf("%s: %+v", by.Login, r)
		}
	}
}

func TestWhoWroteACommit(t *testing.T) {
	accounts := override.Accounts{Agents: []string{"widgets-reviewer"}, Humans: []string{"claude"}, Tools: []string{"size-label", "ci-robot"}}
	bot := override.Actor{Login: "codex[bot]", Type: "Bot"}
	alice := override.Actor{Login: "alice", Type: "User"}
	by := func(email string, account override.Actor) override.Identity {
		return override.Identity{Name: "N", Email: email, Account: account}
	}
	trailed := func(trailer string) override.Commit {
		return override.Commit{Author: by("x", alice), Message: "m\n\nCo-authored-by: " + trailer}
	}
	for _, c := range []struct {
		name   string
		commit override.Commit
		want   string // the owner that a change of such a commit has, and its basis
	}{
		{"account and pusher", override.Commit{Author: by("x", bot), Pusher: bot}, "codex platform"},
		{"account", override.Commit{Author: by("x", bot)}, "codex git"},
		{"account of GraphQL", override.Commit{Author: by("x", override.Actor{Login: "copilot-swe-agent", Type: "Bot"})}, "copilot-swe-agent git"},
		{"address", override.Commit{Author: by("1+codex[bot]@users.noreply.github.com", override.Actor{})}, "codex git"},
		{"Copilot's address", override.Commit{Author: by("198982749+Copilot@users.noreply.github.com", override.Actor{})}, "copilot git"},
		{"somebody's address", override.Commit{Author: by("1+alice@users.noreply.github.com", override.Actor{})}, ""},
		{"trailer", override.Commit{Author: by("x", alice), Message: "m\n\nCo-Authored-By: Claude <noreply@anthropic.com>"}, "claude text"},
		{"trailer of a bot", override.Commit{Author: by("x", alice), Message: "m\n\nCo-authored-by: cursor[bot] <1+cursor[bot]@users.noreply.github.com>"}, "cursor text"},
		{"trailer of a person", override.Commit{Author: by("x", alice), Message: "m\n\nCo-authored-by: Claude Monet <claude@example.com>"}, ""},
		{"sentence", override.Commit{Author: by("x", alice), Message: "m\n\n🤖 Generated with [Claude Code](https://claude.com/claude-code)"}, "claude code text"},
		{"mentioned in a sentence", override.Commit{Author: by("x", alice), Message: "m\n\nThis was not generated with Claude Code."}, ""},
		{"trailer of Copilot", trailed("Copilot <198982749+Copilot@users.noreply.github.com>"), "copilot text"},
		{"trailer of Copilot's editor", trailed("Copilot <copilot@github.com>"), "copilot text"},
		{"trailer of Codex", trailed("Codex <noreply@openai.com>"), "codex text"},
		{"trailer of Codex's model", trailed("OpenAI Codex (GPT-5) <codex@openai.com>"), "openai codex (gpt-5) text"},
		{"trailer of Cursor", trailed("Cursor <cursoragent@cursor.com>"), "cursor text"},
		{"trailer of Gemini CLI", trailed("Gemini <218195315+gemini-cli@users.noreply.github.com>"), "gemini-cli text"},
		{"trailer of Gemini's App", trailed("gemini-code-assist[bot] <176961590+gemini-code-assist[bot]@users.noreply.github.com>"), "gemini-code-assist text"},
		{"trailer of OpenCode", trailed("opencode (glm-5) <noreply@opencode.ai>"), "opencode (glm-5) text"},
		{"trailer of Amp", trailed("Amp <amp@ampcode.com>"), "amp text"},
		{"trailer of Devin", trailed("Devin <158243242+devin-ai-integration[bot]@users.noreply.github.com>"), "devin-ai-integration text"},
		{"trailer of Jules", trailed("google-labs-jules[bot] <161369871+google-labs-jules[bot]@users.noreply.github.com>"), "google-labs-jules text"},
		{"trailer of a configured account", trailed("Reviewer <7+widgets-reviewer@users.noreply.github.com>"), "widgets-reviewer text"},
		{"trailer of a configured person", trailed("Claude <8+claude[bot]@users.noreply.github.com>"), ""},
		{"trailer of a tool", trailed("dependabot[bot] <49699333+dependabot[bot]@users.noreply.github.com>"), ""},
		{"trailer of a configured tool", trailed("size <9+size-label[bot]@users.noreply.github.com>"), ""},
		{"trailer of a tool and of an agent", trailed("renovate[bot] <29139614+renovate[bot]@users.noreply.github.com>\nCo-authored-by: Amp <amp@ampcode.com>"), "amp text"},
		{"trailer that breaks off", trailed("Claude <noreply@anthropic.com"), "claude text"},
		{"trailer without an address", trailed("Claude"), ""},
		{"in the middle of a line", override.Commit{Author: by("x", alice), Message: "m: Co-authored-by: Claude <noreply@anthropic.com>"}, ""},
		{"a thread", override.Commit{Author: by("x", alice), Message: "m\n\nAmp-Thread-ID: https://ampcode.com/threads/T-1"}, "amp text"},
		{"made with", override.Commit{Author: by("x", alice), Message: "m\n\nMade with [Cursor](https://cursor.com)\r\n"}, "cursor text"},
		{"made with something else", override.Commit{Author: by("x", alice), Message: "m\n\nMade with cursor-based pages"}, ""},
		{"address that has a user's account", override.Commit{Author: by("noreply@anthropic.com", override.Actor{Login: "claude", Type: "User"})}, ""},
		{"address of a vendor", override.Commit{Author: by("cursoragent@cursor.com", override.Actor{Login: "cursoragent", Type: "User"})}, "cursoragent git"},
		{"address of an App on another server", override.Commit{Author: by("5+fixer[bot]@users.noreply.ghe.example.com", override.Actor{})}, "fixer git"},
		{"address of a configured account", override.Commit{Author: by("7+widgets-reviewer@users.noreply.github.com", override.Actor{})}, "widgets-reviewer git"},
		{"address that only looks like one", override.Commit{Author: by("claude[bot]@example.com", override.Actor{})}, ""},
		{"configured account and pusher", override.Commit{Author: by("x", override.Actor{Login: "Widgets-Reviewer", Type: "User"}), Pusher: alice}, "widgets-reviewer platform"},
		{"a person's, pushed by an agent", override.Commit{Author: by("x", alice), Pusher: bot}, ""},
		{"a configured tool with a user's account", override.Commit{Author: by("x", override.Actor{Login: "ci-robot", Type: "User"})}, ""},
		{"a tool", override.Commit{Author: by("49699333+renovate[bot]@users.noreply.github.com", override.Actor{})}, ""},
	} {
		c.commit.SHA = strings.Repeat("c1", 20)
		h := &override.History{
			Subject: read(t, "dismissed.json").History.Subject, Author: alice, Commits: []override.Commit{c.commit},
			Events: []override.Event{{Kind: override.Closed, Actor: alice}},
		}
		got := ""
		for _, r := range override.Detect(h, override.Options{Accounts: accounts}).Overrides {
			got = r.Agent.Name + " " + string(r.Agent.Basis)
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
