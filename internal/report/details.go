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

// details returns the folded rest of what is known of a run.
func details(r *session.Run) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<details><summary>%s: tools, tokens and sources</summary>\n\n", htmlCode(agentName(r), maxName))
	for _, f := range facts(r) {
		fmt.Fprintf(&b, "- %s: %s\n", f[0], f[1])
	}
	if len(r.Tools) > 0 {
		b.WriteByte('\n')
		toolsTable(&b, r.Tools)
	}
	b.WriteString("\n</details>\n")
	return b.String()
}

// facts returns names and values, those that are not known left out but for
// the figures.
func facts(r *session.Run) [][2]string {
	u := r.Usage
	out := [][2]string{
		{"run", mdCode(r.ID, maxPath)},
		{"format", mdCode(cmp.Or(strings.Join(r.Formats, ", "), r.Format), maxPath)},
	}
	add := func(name, value string) {
		if value != "" {
			out = append(out, [2]string{name, value})
		}
	}
	if r.Runtime.Name != "" {
		add("runtime", mdCode(strings.TrimSpace(r.Runtime.Name+" "+r.Runtime.Version), maxName))
	}
	add("models", names(r.Models))
	add("files", names(r.Files))
	if i := r.Agent.Instructions; i != nil {
		add("instructions", strings.TrimSpace(optionalCode(i.Path)+" "+optionalCode(shortSHA(i.SHA256))))
	}
	add("model calls", withErrors(r.LLMCalls, r.LLMErrors))
	add("tokens", fmt.Sprintf("%s in, %s read from the cache, %s + %s written to it for 5 minutes and 1 hour, %s out of which %s reasoning",
		count(u.Input), count(u.CacheRead), count(u.CacheWrite5m), count(u.CacheWrite1h), count(u.Output), count(u.Reasoning)))
	add("cost", bothCosts(r.Cost))
	add("permission denials", count(r.PermissionDenials))
	add("sub-agents", count(r.Subagents))
	return out
}

func optionalCode(s string) string {
	if s == "" {
		return ""
	}
	return mdCode(s, maxPath)
}

// bothCosts shows the agent's figure and ours beside each other.
func bothCosts(c session.Cost) string {
	figure := func(f *float64) string {
		if f == nil {
			return unknownMark
		}
		return strings.TrimPrefix(usd(*f), "$")
	}
	return fmt.Sprintf("%s reported, %s computed, in US dollars", figure(c.ReportedUSD), figure(c.ComputedUSD))
}

func toolsTable(b *strings.Builder, tools map[string]session.ToolStat) {
	order := slices.SortedFunc(maps.Keys(tools), func(x, y string) int {
		return cmp.Or(tools[y].Calls-tools[x].Calls, cmp.Compare(x, y))
	})
	b.WriteString("| tool | calls | errors | time |\n|---|--:|--:|--:|\n")
	rows(b, len(order), "tool", "tools", func(i int) {
		t := tools[order[i]]
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", mdCode(order[i], maxName),
			count(trace.Measured(int64(t.Calls))), count(trace.Measured(int64(t.Errors))), duration(t.DurationMS))
	})
}
