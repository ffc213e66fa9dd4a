package cli

import (
	"cmp"
	"context"
	"strings"

	"github.com/andon-ci/andon/internal/github"
	"github.com/andon-ci/andon/internal/override"
	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

// people tells persons from agents.
type people struct{ override.Accounts }

// actor says whether an account is a person's.
func (p people) actor(a github.Actor) session.Actor { return actorOf(p.Who(a.Override())) }

func actorOf(p override.Person) session.Actor {
	return session.Actor{Login: p.Login, Kind: session.ActorKind(p.Kind)}
}

// history returns what the overrides are found in, nil for a commit and where it
// cannot be read.
func (v *view) history(ctx context.Context) *override.History {
	const what = "what people made of the decisions"
	if v.pull == nil {
		return nil
	}
	if v.stopped() {
		v.unread(what, "reading had been stopped")
		return nil
	}
	h, err := v.forge.Outline(ctx, v.pull.Number)
	if err != nil {
		v.broken = cmp.Or(v.broken, err) // what came first
		v.unread(what, reasonOf(err, ""))
	}
	return h
}

// judge finds out what people made of the decisions, and which runs had made
// these.
func (v *view) judge(h *override.History) {
	if h == nil {
		return
	}
	r := override.Detect(h, override.Options{Accounts: v.who.Accounts, Runs: override.RunsOfChain(v.chain)})
	v.judged = &r
}

// acts returns what was done to a pull request beside the agents' runs.
func (p people) acts(pull *github.Pull) []session.Act {
	out := []session.Act{}
	for _, c := range pull.Commits {
		out = append(out, p.commit(c))
	}
	for _, r := range pull.Reviews {
		if r.State != "pending" {
			out = append(out, session.Act{Kind: "review", Time: r.At, Actor: p.actor(r.Author), State: r.State, SHA: r.SHA, URL: r.URL})
		}
	}
	merged := pull.State == "merged"
	for _, e := range pull.Events {
		if e.Kind == "" || e.Kind == "closed" && merged { // which a merge brings with it
			continue
		}
		a := session.Act{Kind: e.Kind, Time: e.At, Actor: p.actor(e.Actor), Label: e.Label, SHA: e.SHA, Text: firstLine(e.Message), URL: e.URL}
		switch e.Kind {
		case "force_push":
			a.SHA = e.After
		case "review_dismissed":
			a.State = e.ReviewState
		}
		out = append(out, a)
	}
	return out
}

func (p people) commit(c github.Commit) session.Act {
	return session.Act{
		Kind: "commit", Time: c.CommittedAt, Actor: actorOf(p.Wrote(c.Override())), Text: firstLine(c.Message), SHA: c.SHA, URL: c.URL, Merge: c.Merge,
		Added: trace.Measured(int64(c.Additions)), Removed: trace.Measured(int64(c.Deletions)),
	}
}

// firstLine returns the first line of a commit's message.
func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	const most = 200
	return strings.ToValidUTF8(s[:min(len(s), most)], "")
}
