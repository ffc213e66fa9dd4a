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
func details(r *session.Run, label string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<details><summary>%s: tools, tokens and sources</summary>\n\n", htmlCode(label, maxName))
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
	add("traces", names(r.Files))
	if i := r.Agent.Instructions; i != nil {
		add("instructions", strings.TrimSpace(optionalCode(i.Path)+" "+optionalCode(shortSHA(i.SHA256))))
	}
	add("model calls", withErrors(r.LLMCalls, r.LLMErrors))
	add("tokens", fmt.Sprintf("in %s · cache read %s · cache write %s (5 min), %s (1 h) · out %s, of which reasoning %s",
		count(u.Input), count(u.CacheRead), count(u.CacheWrite5m), count(u.CacheWrite1h), count(u.Output), count(u.Reasoning)))
	add("cost", bothCosts(r.Cost))
	add("permission denials", count(r.PermissionDenials))
	add("sub-agents", count(r.Subagents))
	for _, w := range work(r, markdownWriting()) {
		add(w[0], w[1])
	}
	return out
}

// keyOf returns what a session is about and who said so, folded.
func keyOf(s *session.Session) string {
	var b strings.Builder
	b.WriteString("<details><summary>how the session is known</summary>\n\n")
	fmt.Fprintf(&b, "- session: %s\n- about: %s\n- key: %s\n", mdCode(s.ID, maxPath), mdCode(s.Subject.Kind, maxName), keySource(s.KeySource))
	if s.HeadSHA != "" {
		fmt.Fprintf(&b, "- head: %s\n", mdCode(s.HeadSHA, maxName))
	}
	b.WriteString("\n</details>\n")
	return b.String()
}

// keySource says who told what a session is about.
func keySource(k session.KeySource) string {
	switch k {
	case session.KeyFromInput:
		return "told by an input"
	case session.KeyFromEvent:
		return "from the event that started the workflow"
	case session.KeyFromEnv:
		return "from the environment of the workflow"
	case session.KeyFromTrace:
		return "from the trace alone"
	case session.KeyFromNone, "":
		return "not known"
	}
	return "from " + mdText(string(k), maxName)
}

// unknownTypes lists the records that no reader knows, folded: a format may
// have changed.
func unknownTypes(c session.Coverage) string {
	if len(c.UnknownTypes) == 0 {
		return ""
	}
	types := slices.Sorted(maps.Keys(c.UnknownTypes))
	var b strings.Builder
	b.WriteString("<details><summary>records of unknown type</summary>\n\nThey are not counted in any figure.\n\n")
	rows(&b, len(types), "type", "types", func(i int) {
		fmt.Fprintf(&b, "- %s: %s\n", mdCode(types[i], maxPath), number(int64(c.UnknownTypes[types[i]])))
	})
	b.WriteString("\n</details>\n")
	return b.String()
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
