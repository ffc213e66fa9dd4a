package override

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// Kind is whether an account is a person's.
type Kind string

// The kinds. An agent is anything that acts by itself.
const (
	Human       Kind = "human"
	Machine     Kind = "agent"
	UnknownKind Kind = "unknown"
)

// Basis is what a kind is known by, from the surest on.
type Basis string

// The bases.
const (
	ByPlatform Basis = "platform" // the forge says it, or the configuration does
	ByGit      Basis = "git"      // the author's or committer's address, which anybody can write
	ByText     Basis = "text"     // a trailer or a sentence
)

// limit is the most that a record can say which rests on b.
func (b Basis) limit() Strength {
	switch b {
	case ByPlatform:
		return Strong
	case ByGit:
		return Medium
	}
	return Weak
}

// Accounts is what the configuration says of accounts that do not show what
// they are. A name stands with "[bot]" or without, in any case.
type Accounts struct {
	Agents []string // agents that use a person's account, or a token of one
	Humans []string // people whom something else makes look like an agent
	Tools  []string // bots that decide nothing, beside those known to
}

// who is what is known of an account or of a commit's author.
type who struct {
	login string
	kind  Kind
	basis Basis
	tool  bool // a machine that decides nothing, such as one that updates dependencies
}

func (w who) isAgent() bool { return w.kind == Machine && !w.tool }

func (w who) person() Person { return Person{Login: w.login, Kind: w.kind, Basis: w.basis} }

func (w who) agent() Agent { return Agent{Name: account(w.login), Login: w.login, Basis: w.basis} }

// account is the name by which accounts are compared: GraphQL leaves out the
// "[bot]" that REST and e-mail addresses have.
func account(login string) string {
	return strings.TrimSuffix(strings.ToLower(strings.TrimSpace(login)), "[bot]")
}

func listed(names []string, login string) bool {
	return login != "" && slices.ContainsFunc(names, func(n string) bool { return account(n) == account(login) })
}

// tools are bots that act by fixed rules. What they do is nobody's judgement.
func tools() []string {
	return []string{
		"dependabot", "dependabot-preview", "renovate", "github-merge-queue", "mergify", "bors", "stale", "codecov", "codecov-commenter",
		"coveralls", "sonarcloud", "sonarqubecloud", "netlify", "vercel", "cla-assistant", "cla-bot", "allcontributors", "pre-commit-ci", "web-flow",
	}
}

// actor says who an account is.
func (a Accounts) actor(x Actor) who {
	w := who{login: x.Login, kind: UnknownKind}
	switch {
	case listed(a.Humans, x.Login):
		w.kind, w.basis = Human, ByPlatform
	case listed(a.Agents, x.Login) || listed(a.Agents, x.App):
		w.kind, w.basis = Machine, ByPlatform
	case listed(a.Tools, x.Login):
		w.kind, w.basis, w.tool = Machine, ByPlatform, true
	case x.Type == "Bot" || strings.HasSuffix(x.Login, "[bot]"):
		w.kind, w.basis, w.tool = Machine, ByPlatform, listed(tools(), x.Login)
	case (x.Type == "User" || x.Type == "EnterpriseUserAccount") && x.App == "": // through an App, either may be at work
		w.kind, w.basis = Human, ByPlatform
	}
	return w
}

// commit says who wrote a commit. Whom the forge saw pushing it outweighs what
// the commit says of a person, and what it says of an agent outweighs who
// pushed: people push what agents wrote, and no agent signs as another.
func (a Accounts) commit(c Commit) who {
	author := a.actor(c.Author.Account)
	pusher := a.actor(c.Pusher)
	login := c.Author.Account.Login
	if login == "" {
		login = nameOf(c.Author)
	}
	w := who{login: login, kind: UnknownKind}
	switch agent, text := a.coAuthor(c.Message); {
	case author.kind == Machine:
		w.kind, w.basis, w.tool = Machine, ByGit, author.tool
		if listed(a.Agents, author.login) {
			w.basis = ByPlatform
		}
	case listed(a.Humans, author.login):
		w.kind, w.basis = Human, ByGit
	case a.isAgents(c.Author.Email):
		w.kind, w.basis, w.tool = Machine, ByGit, a.isTool(login)
	case text:
		w.login, w.kind, w.basis = agent, Machine, ByText
	case pusher.kind == Machine:
		// an agent that uses somebody's name, or that moves somebody's commit
	case pusher.kind == Human:
		w.kind, w.basis = Human, ByPlatform
		if c.Author.Account.Login == "" {
			w.login = pusher.login
		}
	case author.kind == Human:
		w.kind, w.basis = Human, ByGit
	}
	if w.basis == ByGit && w.kind == Machine && pusher.kind == Machine {
		w.basis = ByPlatform // the forge saw an agent push what says that it is an agent's
	}
	return w
}

// Of the addresses that GitHub gives to accounts, those of Apps, and of agents
// whose account is a user's.
var (
	noReply    = regexp.MustCompile(`(?i)^(?:[0-9]+\+)?([a-z0-9-]+(?:\[bot\])?)@users\.noreply\.[a-z0-9.-]+$`)
	agentLogin = regexp.MustCompile(`(?i)\[bot\]$|^(?:copilot|gemini-cli)$`)
)

// agentAddresses are those that agents sign with, or ask to be named by.
func agentAddresses() []string {
	return []string{
		"noreply@anthropic.com", "claude@anthropic.com", "codex@openai.com", "noreply@openai.com", "cursoragent@cursor.com", "openhands@all-hands.dev",
		"noreply@aider.chat", "aider@aider.chat", "amp@ampcode.com", "noreply@opencode.ai", "qwen-coder@alibabacloud.com", "gemini-cli@google.com",
		"gemini@google.com", "copilot@github.com", "devin@cognition.ai", "noreply@jules.google", "crush@charm.land", "kiro@kiro.dev",
	}
}

// isAgents reports whether an e-mail address is one that agents sign with, or
// that GitHub gives to an account which the configuration lists.
func (a Accounts) isAgents(email string) bool {
	email = strings.ToLower(strings.TrimSpace(email))
	login := loginOf(email)
	switch {
	case listed(a.Humans, login):
		return false
	case listed(a.Agents, login) || listed(a.Tools, login) || agentLogin.MatchString(login):
		return true
	}
	return slices.Contains(agentAddresses(), email)
}

func (a Accounts) isTool(login string) bool {
	return !listed(a.Agents, login) && (listed(a.Tools, login) || listed(tools(), login))
}

// loginOf returns the account of an address that GitHub gives to accounts, empty
// for any other.
func loginOf(email string) string {
	if m := noReply.FindStringSubmatch(strings.TrimSpace(email)); m != nil {
		return m[1]
	}
	return ""
}

// nameOf is what to call an author who has no account.
func nameOf(i Identity) string { return cmp.Or(loginOf(i.Email), i.Name) }

var (
	coAuthored = regexp.MustCompile(`(?im)^co-authored-by:[ \t]*([^\r\n]{1,300})`)
	generated  = regexp.MustCompile(`(?im)^(?:[^\w\s]{1,4}[ \t]*)?(?:generated|made)[ -](?:with|by):? \[?` +
		`(claude code|codex|github copilot|copilot|gemini cli|cursor|opencode|amp|devin|jules|crush)(?:\]|[ \t.!\r]*$)`)
	ampThread = regexp.MustCompile(`(?im)^amp-thread(?:-id)?: \S`)
)

// coAuthor returns the agent that a commit's message names as having written
// it or a part of it. A tool that is named decides nothing.
func (a Accounts) coAuthor(message string) (name string, found bool) {
	for _, m := range coAuthored.FindAllStringSubmatch(message, 20) {
		if open := strings.LastIndexByte(m[1], '<'); open >= 0 {
			address := strings.TrimSuffix(strings.TrimSpace(m[1][open+1:]), ">")
			name := nameOf(Identity{Name: strings.TrimSpace(m[1][:open]), Email: address})
			if a.isAgents(address) && !a.isTool(name) {
				return name, true
			}
		}
	}
	if m := generated.FindStringSubmatch(message); m != nil {
		return m[1], true
	}
	if ampThread.MatchString(message) {
		return "amp", true
	}
	return "", false
}
