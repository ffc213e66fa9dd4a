package override

import (
	"slices"
	"strconv"
	"strings"

	"github.com/andon-ci/andon/internal/trace"
)

// maxCommands bounds the commands of one comment.
const maxCommands = 10

// order is one command of a comment.
type order struct {
	verb string // override, confirm
	rest string
}

// orders returns the commands in a comment: lines that begin with "/andon",
// outside of quotes and code, and not in what GitHub does not show.
func orders(body string) []order {
	var out []order
	fence, hidden := "", false
	for line := range strings.Lines(body) {
		was := hidden
		if hidden = fence == "" && hides(line, was); was {
			continue
		}
		text := strings.TrimLeft(line, " ")
		if len(line)-len(text) > 3 || strings.HasPrefix(text, "\t") {
			continue
		}
		if mark := fenceOf(text); mark != "" {
			switch {
			case fence == "":
				fence = mark
			case strings.HasPrefix(mark, fence) && strings.Trim(text, mark[:1]+" \t\r\n") == "":
				fence = ""
			}
			continue
		}
		words := strings.Fields(text)
		if fence != "" || len(words) < 2 || words[0] != "/andon" || len(out) == maxCommands {
			continue
		}
		if verb := strings.ToLower(words[1]); verb == "override" || verb == "confirm" {
			out = append(out, order{verb, strings.Join(words[2:], " ")})
		}
	}
	return out
}

// hides reports whether a comment of HTML goes on behind a line, which may begin
// in one.
func hides(line string, within bool) bool {
	for {
		mark := "<!--"
		if within {
			mark = "-->"
		}
		before, rest, found := strings.Cut(line, mark)
		if !found || !within && strings.Count(before, "`")%2 > 0 { // which shows the mark
			return within
		}
		line, within = rest, !within
	}
}

// fenceOf returns the marks that open or close a block of code.
func fenceOf(text string) string {
	for _, mark := range []string{"`", "~"} {
		if n := len(text) - len(strings.TrimLeft(text, mark)); n >= 3 {
			return text[:n]
		}
	}
	return ""
}

// remark is something that was said and may hold commands.
type remark struct {
	Comment
	id     string // beside those of other kinds
	shown  Evidence
	thread *Thread // that it answers in; nil for none
}

// remarks returns all that was said about the change: in the conversation, in
// reviews, and on its lines.
func (c *change) remarks() []remark {
	var out []remark
	for _, m := range c.h.Comments {
		out = append(out, remark{m, strconv.FormatInt(m.ID, 10), commentEvidence(m), nil})
	}
	for _, r := range c.h.Reviews {
		m := Comment{ID: r.ID, Author: r.Author, Editor: r.Editor, Association: r.Association, Permission: r.Permission, Time: r.Submitted, Body: r.Body, URL: r.URL}
		out = append(out, remark{m, "review " + strconv.FormatInt(r.ID, 10), reviewEvidence(r), nil})
	}
	for i := range c.h.Threads {
		for _, m := range c.h.Threads[i].Comments {
			out = append(out, remark{m, "thread comment " + strconv.FormatInt(m.ID, 10), commentEvidence(m), &c.h.Threads[i]})
		}
	}
	return out
}

// commands finds what people said outright. Strong from who is known to be able
// to write, medium from a member or collaborator who may only be able to read,
// and nothing from anybody else.
func (c *change) commands() {
	for _, m := range c.remarks() {
		for n, o := range orders(m.Body) {
			c.command(m, n, o)
		}
	}
}

func (c *change) command(m remark, n int, o order) {
	actor, ok := c.person(m.Author)
	strength := m.authority()
	switch {
	case !ok:
		c.ignore(CommandSignal, "a bot commands", m.URL)
		return
	case m.Editor != (Actor{}) && account(m.Editor.Login) != account(m.Author.Login): // whoever may write may put words in another's mouth
		c.ignore(CommandSignal, "somebody else edited the comment", m.URL)
		return
	case strength == "":
		c.ignore(CommandSignal, "the comment's author may not write to the repository", m.URL)
		return
	}
	agent, reason := c.addressee(o.rest)
	on, found := c.meant(m, agent)
	if !found && !c.h.lacks(PartReviews) {
		c.ignore(CommandSignal, "no agent had decided anything", m.URL)
		return
	}
	if !found && agent != "" {
		on.by = who{login: agent}
	}
	a := act{
		signal: CommandSignal, strength: strength, time: m.Time, actor: actor, on: on, reason: reason, explicit: true,
		ids: []string{m.id, strconv.Itoa(n)}, evidence: evidence(m.shown),
	}
	if o.verb == "confirm" {
		c.agree(a)
	} else {
		c.override(a)
	}
}

// meant returns the decision that a command is about: that of the thread in
// which it answers an agent, or else the last before it.
func (c *change) meant(m remark, agent string) (decided, bool) {
	if m.thread != nil && m.thread.Comments[0].ID != m.ID {
		if d, ok := c.ofThread(*m.thread); ok && c.isBy(d, agent) {
			return d, true
		}
	}
	return c.decisionBefore(m.Comment, agent)
}

// authority is how much a command by the comment's author is worth.
func (m Comment) authority() Strength {
	switch m.Permission {
	case "admin", "maintain", "write":
		return Strong
	case "":
	default:
		return ""
	}
	switch m.Association {
	case "OWNER":
		return Strong
	case "MEMBER", "COLLABORATOR":
		return Medium
	}
	return ""
}

// addressee splits a command into the agent that it names, if any, and the
// reason. Only the name of an agent that is known is taken for one.
func (c *change) addressee(rest string) (agent, reason string) {
	first, after, _ := strings.Cut(rest, " ")
	name := account(strings.TrimRight(strings.TrimLeft(first, "@"), ":,;."))
	known := func(login string) bool { return login != "" && account(login) == name }
	for _, d := range c.decisions {
		if known(d.by.login) {
			return name, after
		}
	}
	for _, r := range c.o.Runs {
		if known(r.Agent) || known(r.Account) {
			return name, after
		}
	}
	if slices.ContainsFunc(c.o.Accounts.Agents, known) {
		return name, after
	}
	return "", rest
}

// decisionBefore returns the last decision before a comment, of the agent if one
// is named. A remark counts only where there is nothing weightier.
func (c *change) decisionBefore(m Comment, agent string) (decided, bool) {
	best, found := decided{}, false
	if agent == "" && c.h.lacks(PartReviews) {
		return best, false // there may be a later one
	}
	for _, d := range c.decisions {
		late := !d.unsure && !m.Time.IsZero() && d.Time.After(m.Time)
		if late || !c.isBy(d, agent) {
			continue
		}
		lighter := d.Kind == trace.Comment && best.Kind != trace.Comment
		heavier := d.Kind != trace.Comment && best.Kind == trace.Comment
		if !found || heavier || !lighter && !d.Time.Before(best.Time) {
			best, found = d, true
		}
	}
	return best, found
}

// isBy reports whether a decision is that of the named agent: of its account, or
// of the run that made it.
func (c *change) isBy(d decided, agent string) bool {
	if agent == "" || account(d.by.login) == agent {
		return true
	}
	run := c.origin(d)
	return run != nil && account(run.role) == agent
}
