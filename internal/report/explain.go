package report

import (
	"cmp"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

// Explain writes, for each run whose explanation was asked for, the lines that
// its totals are from, the lines that tell of the same, and what was left out
// and why: nothing that a person could not check with the file open beside.
func Explain(w io.Writer, r *session.Report, o TerminalOptions) error {
	var b strings.Builder
	for _, s := range r.Sessions {
		label := labels(s)
		for _, run := range s.Runs {
			if run.Explained != nil {
				explainRun(&b, run, label[run], o)
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func explainRun(b *strings.Builder, r *session.Run, label string, o TerminalOptions) {
	fmt.Fprintf(b, "\n%s\n", o.in(bold, squeeze("Where the figures of "+termText(label, maxName)+" are from", o.width())))
	for _, part := range wrap("tokens: "+usageLine(r.Usage), o.width()-2) {
		fmt.Fprintf(b, "  %s\n", part)
	}
	for _, part := range wrap(termText(costLine(r.Cost), maxMessage), o.width()-2) {
		fmt.Fprintf(b, "  %s\n", part)
	}
	e := r.Explained
	explainList(b, count(r.LLMCalls)+" model calls", e.Calls, o)
	explainList(b, "totals that the agent reports of itself", e.Totals, o)
	explainList(b, fmt.Sprintf("%s tool calls, %s failed", count(r.ToolCalls), count(r.ToolErrors)), e.Tools, o)
	explainList(b, "other accounts of the run", e.NotUsed, o)
}

func costLine(c session.Cost) string {
	switch {
	case c.Source == session.Reported:
		return "cost: " + amount(c) + ", as the agent reports it"
	case c.Source == session.Computed:
		return "cost: " + amount(c) + ", computed from the tokens"
	case len(c.UnpricedModels) > 0:
		return "cost: unknown, no price for " + strings.Join(c.UnpricedModels, ", ")
	}
	return "cost: unknown"
}

// usageLine names the classes of tokens that were measured.
func usageLine(u trace.Usage) string {
	var parts []string
	for _, c := range []struct {
		name string
		n    trace.Count
	}{
		{"in", u.Input}, {"cache read", u.CacheRead}, {"write 5 min", u.CacheWrite5m}, {"write 1 h", u.CacheWrite1h},
		{"out", u.Output}, {"of it reasoning", u.Reasoning},
	} {
		if c.n.Known() {
			parts = append(parts, c.name+" "+count(c.n))
		}
	}
	if len(parts) == 0 {
		return unknownMark
	}
	return strings.Join(parts, " · ")
}

func explainList(b *strings.Builder, title string, all []session.Explained, o TerminalOptions) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintf(b, "\n  %s\n", o.in(dim, title))
	for i := range all {
		explainItem(b, &all[i], o)
	}
}

func explainItem(b *strings.Builder, x *session.Explained, o TerminalOptions) {
	mark, p := "+", paint("")
	if !x.Counted {
		mark, p = "·", dim
	}
	head := termText(cmp.Or(x.Name, x.Format, unknownMark), maxName)
	if x.Usage != nil {
		head += "  " + usageLine(*x.Usage)
	}
	if x.Why != "" {
		head += "  (" + termText(x.Why, maxMessage) + ")"
	}
	for i, part := range wrap(head, o.width()-4) {
		lead := "    "
		if i == 0 {
			lead = "  " + o.in(p, mark) + " "
		}
		b.WriteString(lead + part + "\n")
	}
	if x.File != "" {
		b.WriteString("    " + o.in(dim, squeezePlace(place(x.Pos), o.width()-4)) + "\n")
	}
	if len(x.Merged) > 0 {
		for _, part := range wrap(termText("also told by "+mergedPlaces(x.Pos, x.Merged), maxMessage), o.width()-4) {
			b.WriteString("    " + o.in(dim, part) + "\n")
		}
	}
}

// mergedPlaces names the first of the other lines that tell of one thing: by
// the line alone where they are in the same file.
func mergedPlaces(of trace.Pos, all []trace.Pos) string {
	const shown = 6
	var parts []string
	for _, p := range all[:min(len(all), shown)] {
		if p.File == of.File {
			parts = append(parts, fmt.Sprintf("line %d", p.Line))
		} else {
			parts = append(parts, place(trace.Pos{File: path.Base(p.File), Line: p.Line}))
		}
	}
	if more := len(all) - shown; more > 0 {
		parts = append(parts, number(int64(more))+" more")
	}
	return strings.Join(parts, ", ")
}
