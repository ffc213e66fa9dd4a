package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

// How much of what a run did is named. The rest is counted.
const (
	shownCommands = 8
	shownFiles    = 8
	shownAgents   = 20
)

// work returns names and values of what a run did with its time, to the
// repository and by its sub-agents, written for the place that it goes to.
func work(r *session.Run, w writing) [][2]string {
	var out [][2]string
	add := func(label, value string) {
		if value != "" {
			out = append(out, [2]string{label, value})
		}
	}
	add("time", timeSplit(r.Time))
	add("longest steps", spans(r.Time, w))
	add("context", fullness(r.Context))
	add("changed", changed(r.Changes))
	add("files", changedFiles(r.Changes, w))
	add("ran", commands(r.Commands, w))
	n := shownAgents
	for _, line := range agentLines(r.Agents, "", w, &n) {
		add("sub-agent", line)
	}
	if r.ForkedFrom != "" {
		add("goes on from", w.name(r.ForkedFrom))
	}
	add("taken from", sources(r.Sources, w))
	return out
}

func timeSplit(t *session.Time) string {
	if t == nil {
		return ""
	}
	out := fmt.Sprintf("model %s · tools %s", duration(t.Model), duration(t.Tool))
	if t.Subagent.N() > 0 {
		out += " · sub-agents " + duration(t.Subagent)
	}
	out += " · idle " + duration(t.Idle)
	if t.FirstToken.Known() {
		out += " · first token after " + duration(t.FirstToken)
	}
	return out
}

func spans(t *session.Time, w writing) string {
	if t == nil {
		return ""
	}
	var parts []string
	for _, s := range t.Longest[:min(len(t.Longest), 3)] {
		parts = append(parts, w.name(cmp.Or(s.Name, s.Kind))+" "+duration(s.DurationMS))
	}
	if len(t.Gaps) > 0 {
		parts = append(parts, "longest gap "+duration(t.Gaps[0].DurationMS))
	}
	return strings.Join(parts, " · ")
}

func fullness(c *session.Context) string {
	if c == nil || !c.PeakTokens.Known() {
		return ""
	}
	out := "largest prompt " + tokens(c.PeakTokens)
	if c.Window.Known() {
		out += fmt.Sprintf(" of %s (%.0f%%)", tokens(c.Window), 100*c.Share)
	}
	if c.Compactions > 0 {
		out += " · " + plural(c.Compactions, "compaction", "compactions")
	}
	return out
}

func changed(c *session.Changes) string {
	if c == nil {
		return ""
	}
	var parts []string
	if c.FilesEdited > 0 {
		files := plural(c.FilesEdited, "file", "files")
		if c.LinesAdded.Known() || c.LinesRemoved.Known() {
			files += fmt.Sprintf(" +%s −%s", count(c.LinesAdded), count(c.LinesRemoved))
			if c.LinesPartial {
				files += " or more"
			}
		}
		parts = append(parts, files)
	}
	for _, p := range []struct {
		n         int
		one, many string
	}{
		{c.Commits, "commit", "commits"}, {c.Pushes, "push", "pushes"}, {c.PullRequests, "pull request opened", "pull requests opened"},
		{c.Reviews, "review posted", "reviews posted"}, {c.Comments, "comment posted", "comments posted"}, {c.Merges, "merge", "merges"},
	} {
		if p.n > 0 {
			parts = append(parts, plural(p.n, p.one, p.many))
		}
	}
	if c.Unread > 0 {
		parts = append(parts, plural(c.Unread, "command not read", "commands not read"))
	}
	return strings.Join(parts, " · ")
}

func changedFiles(c *session.Changes, w writing) string {
	if c == nil {
		return ""
	}
	var parts []string
	for _, f := range c.Files[:min(len(c.Files), shownFiles)] {
		parts = append(parts, w.name(f.Path))
	}
	if more := c.FilesEdited - len(parts); more > 0 {
		parts = append(parts, fmt.Sprintf("%d more", more))
	}
	return strings.Join(parts, " · ")
}

func commands(all map[string]session.CommandStat, w writing) string {
	order := slices.SortedFunc(maps.Keys(all), func(x, y string) int {
		return cmp.Or(all[y].Errors-all[x].Errors, all[y].Calls-all[x].Calls, cmp.Compare(x, y))
	})
	var parts []string
	for _, c := range order[:min(len(order), shownCommands)] {
		parts = append(parts, w.name(c)+" "+withErrors(trace.Measured(int64(all[c].Calls)), trace.Measured(int64(all[c].Errors))))
	}
	if more := len(order) - len(parts); more > 0 {
		parts = append(parts, fmt.Sprintf("%d more", more))
	}
	return strings.Join(parts, " · ")
}

// agentLines returns a line for each sub-agent, those that it started below it.
func agentLines(agents []*session.Subagent, indent string, w writing, left *int) []string {
	var out []string
	for i, a := range agents {
		if *left == 0 {
			return append(out, fmt.Sprintf("%s%d more", indent, len(agents)-i))
		}
		*left--
		line := fmt.Sprintf("%s%s %s: %s model calls, %s tools, %s tokens", indent, w.name(cmp.Or(a.Name, a.ID)), status(a.Status, w),
			count(a.LLMCalls), withErrors(a.ToolCalls, a.ToolErrors), tokens(a.Usage.Total()))
		if len(a.Models) > 0 {
			line += " of " + w.name(strings.Join(a.Models, ", "))
		}
		if a.CostUSD != nil {
			line += ", " + usd(*a.CostUSD)
		}
		if a.DurationMS.Known() {
			line += ", " + duration(a.DurationMS)
		}
		out = append(out, line)
		out = append(out, agentLines(a.Subagents, indent+"↳ ", w, left)...)
	}
	return out
}

// sources names the format that each figure was taken from.
func sources(of map[string]string, w writing) string {
	by := map[string][]string{}
	for _, figure := range slices.Sorted(maps.Keys(of)) {
		by[of[figure]] = append(by[of[figure]], w.name(strings.ReplaceAll(figure, "_", " ")))
	}
	var parts []string
	for _, format := range slices.Sorted(maps.Keys(by)) {
		parts = append(parts, w.name(format)+": "+strings.Join(by[format], ", "))
	}
	return strings.Join(parts, " · ")
}
