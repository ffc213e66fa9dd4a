package report

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

// shownRows is how many rows of a list that differ are shown. The rest is
// counted, and all of them stand in the JSON.
const shownRows = 20

// DiffJSON writes a comparison as schemas/diff.schema.json describes it, with
// all rows, indented by two spaces. The same comparison gives the same bytes.
func DiffJSON(w io.Writer, d *session.Diff) error { return writeJSON(w, d) }

// DiffTerminal writes a comparison for a person at a terminal, no wider than it.
func DiffTerminal(w io.Writer, d *session.Diff, o TerminalOptions) error {
	var b strings.Builder
	for i, line := range wrap(diffVerdict(d, o.writing(), strings.TrimSpace), o.width()-2) {
		lead := "  "
		if i == 0 {
			lead = o.in(bold, "≠") + " "
			if !d.Differ {
				lead = "= "
			}
		}
		b.WriteString(lead + line + "\n")
	}
	b.WriteByte('\n')
	terminalSide(&b, "A", d.A, o)
	terminalSide(&b, "B", d.B, o)
	b.WriteByte('\n')
	columns := []column{{title: "", least: 16}, {title: "A", right: true, least: 8}, {title: "B", right: true, least: 8}, {title: "CHANGE", least: 7}}
	// both sides get the same room; of a path, the end tells most
	text := func(s string) string { return tail(termText(s, maxPath), max((o.width()-44)/2, 8)) }
	var rows [][]cell
	excerpts, unknown := excerpt(d)
	for _, e := range excerpts {
		rows = append(rows, []cell{{strings.ToUpper(e.name), bold}, {}, {}, {}})
		for _, r := range e.rows {
			name := diffLabel(r, func(s string) string { return tail(termText(s, maxPath), max(o.width()/4, 12)) })
			rows = append(rows, []cell{
				{"  " + name, ""}, {diffValue(r, r.A, r.AtLeastA, text), ""}, {diffValue(r, r.B, r.AtLeastB, text), ""}, {diffChange(r), diffPaint(e.name, r)},
			})
		}
		if e.rest != "" {
			rows = append(rows, []cell{{"  " + e.rest, dim}, {}, {}, {}})
		}
	}
	table(&b, columns, rows, o, "")
	if unknown != "" {
		b.WriteByte('\n')
		for _, line := range wrap("not known of either: "+unknown, o.width()) {
			b.WriteString(o.in(dim, line) + "\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func terminalSide(b *strings.Builder, letter string, s session.DiffSide, o TerminalOptions) {
	for i, line := range wrap(diffSide(s, o.writing()), o.width()-3) {
		if i > 0 {
			letter = " "
		}
		b.WriteString(o.in(bold, letter) + "  " + line + "\n")
	}
	for _, line := range wrap(strings.Join(coverage(s.Coverage), " · "), o.width()-3) {
		b.WriteString("   " + o.in(dim, line) + "\n")
	}
}

// DiffMarkdown writes a comparison in GitHub's Markdown.
func DiffMarkdown(w io.Writer, d *session.Diff) error {
	var b strings.Builder
	// two dollars in a line would begin and end a formula
	figure := func(s string) string { return strings.ReplaceAll(s, "$", "<span>$</span>") }
	b.WriteString(diffVerdict(d, markdownWriting(), figure) + "\n\n")
	for _, s := range []struct {
		letter string
		side   session.DiffSide
	}{{"A", d.A}, {"B", d.B}} {
		fmt.Fprintf(&b, "- **%s** %s\n  <br><sub>%s</sub>\n", s.letter, diffSide(s.side, markdownWriting()), strings.Join(coverage(s.side.Coverage), " · "))
	}
	b.WriteString("\n| | A | B | change |\n|---|---:|---:|---|\n")
	code := func(s string) string { return mdCode(tail(s, maxName), maxName) }
	excerpts, unknown := excerpt(d)
	for _, e := range excerpts {
		fmt.Fprintf(&b, "| **%s** | | | |\n", e.name)
		for _, r := range e.rows {
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", diffLabel(r, code), diffValue(r, r.A, r.AtLeastA, code), diffValue(r, r.B, r.AtLeastB, code), diffChange(r))
		}
		if e.rest != "" {
			fmt.Fprintf(&b, "| %s | | | |\n", e.rest)
		}
	}
	if unknown != "" {
		fmt.Fprintf(&b, "\n<sub>not known of either: %s</sub>\n", unknown)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// diffVerdict says in one line what differs most: the decision, the findings,
// and what it took.
func diffVerdict(d *session.Diff, w writing, figure func(string) string) string {
	if !d.Differ {
		return w.strong("No difference") + " in what was compared"
	}
	var parts []string
	for _, s := range d.Sections {
		for _, r := range s.Rows {
			if name := headline(s.Name, r); name != "" && r.State != session.DiffSame && (r.A.Known() || r.B.Known()) {
				part := name + " " + diffValue(r, r.A, r.AtLeastA, w.name) + " → " + diffValue(r, r.B, r.AtLeastB, w.name)
				if r.Change != nil {
					part += " (" + percent(*r.Change) + ")"
				}
				if r.Unit != session.UnitText {
					part = figure(part)
				}
				parts = append(parts, part)
			}
		}
	}
	if len(parts) == 0 {
		return w.strong("They differ") + " in what they did, not in what came of it"
	}
	return strings.Join(parts, " · ")
}

// headline returns the name of a row that the first line speaks of, else "".
func headline(section string, r session.DiffRow) string {
	switch section + "/" + r.Name {
	case "outcome/decision", "outcome/status", "cost/cost":
		return r.Name
	case "tokens/total":
		return "tokens"
	case "time/duration":
		return "time"
	case "setup/instructions_sha256":
		return "instructions"
	case "setup/model":
		return "model"
	case "findings/findings":
		return r.Name
	}
	return ""
}

// diffSide says what a side is.
func diffSide(s session.DiffSide, w writing) string {
	parts := []string{w.name(tail(s.Name, maxName))}
	if len(s.RunIDs) == 1 {
		parts = append(parts, "run "+w.name(s.RunIDs[0]))
	} else {
		parts = append(parts, "session "+w.name(s.SessionID), plural(len(s.RunIDs), "run", "runs"))
	}
	const shown = 3
	var agents []string
	for _, a := range s.Agents[:min(len(s.Agents), shown)] {
		agents = append(agents, w.name(a))
	}
	if more := len(s.Agents) - shown; more > 0 {
		agents = append(agents, fmt.Sprintf("%d more", more))
	}
	return strings.Join(append(parts, strings.Join(agents, ", ")), " · ")
}

// excerptOf is what is shown of a section.
type excerptOf struct {
	name string
	rows []session.DiffRow
	rest string // what is not shown
}

// excerpt returns what is shown of a comparison, and the names of what neither
// side knows.
func excerpt(d *session.Diff) (out []excerptOf, unknown string) {
	var missing []string
	for _, s := range d.Sections {
		e := excerptOf{name: diffName(s.Name)}
		same, more := 0, 0
		for _, r := range s.Rows {
			switch list := isList(s.Name); {
			case !r.A.Known() && !r.B.Known() && r.Of == "":
				missing = append(missing, diffLabel(r, nil))
			case !r.A.Known() && !r.B.Known():
			case r.State == session.DiffSame && (list && r.Of != "" || !list && zero(r.A)):
				same++
			case list && len(e.rows) >= shownRows:
				more++
			default:
				e.rows = append(e.rows, r)
			}
		}
		e.rest = restOf(isList(s.Name), same, more)
		if len(e.rows) > 0 || e.rest != "" {
			out = append(out, e)
		}
	}
	slices.Sort(missing)
	return out, strings.Join(slices.Compact(missing), " · ")
}

// restOf says what of a section is not shown. That both have none of something
// is not worth a word.
func restOf(list bool, same, more int) string {
	var parts []string
	if more > 0 {
		parts = append(parts, number(int64(more))+" more differ")
	}
	if list && same > 0 {
		parts = append(parts, plural(same, "row", "rows")+" the same")
	}
	return strings.Join(parts, ", ")
}

func isList(section string) bool {
	return slices.Contains([]string{"findings", "agents", "tools", "commands", "subagents", "files"}, section)
}

func zero(v session.Value) bool { return v.Number != nil && *v.Number == 0 }

// diffName returns the words for a name of ours.
func diffName(s string) string {
	switch s {
	case "subagents":
		return "sub-agents"
	case "llm_calls":
		return "model calls"
	case "llm_errors":
		return "model errors"
	case "cache_write_5m":
		return "cache write, 5 min"
	case "cache_write_1h":
		return "cache write, 1 h"
	case "instructions_sha256":
		return "instructions' SHA-256"
	case "head_sha":
		return "head"
	case "decision_source":
		return "decision read from"
	case "decision_findings":
		return "decision's findings"
	case "pull_requests":
		return "pull requests opened"
	}
	return strings.ReplaceAll(s, "_", " ")
}

// diffLabel names a row; what a trace calls something is written by name.
func diffLabel(r session.DiffRow, name func(string) string) string {
	if r.Of == "" {
		return diffName(r.Name)
	}
	if r.Name == "count" {
		return name(r.Of)
	}
	return name(r.Of) + " " + diffName(r.Name)
}

// diffValue writes a value; one that is a text of a trace by text.
func diffValue(r session.DiffRow, v session.Value, atLeast bool, text func(string) string) string {
	switch {
	case !v.Known():
		return unknownMark
	case v.Number == nil && strings.HasSuffix(r.Name, "sha256"), v.Number == nil && r.Name == "head_sha":
		return text(shortSHA(v.Text))
	case v.Number == nil:
		return text(v.Text)
	case atLeast:
		return "≥ " + quantity(*v.Number, r.Unit)
	}
	return quantity(*v.Number, r.Unit)
}

// quantity writes a number that is not negative in its unit.
func quantity(f float64, u session.Unit) string {
	n := trace.Measured(int64(min(f, 1<<62)))
	switch u {
	case session.UnitTokens:
		return tokens(n)
	case session.UnitMS:
		return duration(n)
	case session.UnitUSD:
		return usd(f)
	case session.UnitShare:
		return fmt.Sprintf("%.1f%%", 100*f)
	}
	return count(n)
}

// diffChange writes the change of a row: "=", "changed", "+1.2k (+8%)", or the
// mark for what is not known.
func diffChange(r session.DiffRow) string {
	switch {
	case r.State == session.DiffSame:
		return "="
	case r.State != session.DiffChanged:
		return unknownMark
	case r.Delta == nil:
		return "changed"
	}
	out := sign(*r.Delta) + quantity(math.Abs(*r.Delta), r.Unit)
	if r.Unit == session.UnitShare {
		out = points(*r.Delta)
	}
	if r.Change != nil {
		out += " (" + percent(*r.Change) + ")"
	}
	return out
}

// points writes the change of a share, in hundredths.
func points(f float64) string {
	if math.Abs(f) < 0.0005 {
		return sign(f) + "<0.1 points"
	}
	return fmt.Sprintf("%s%.1f points", sign(f), 100*math.Abs(f))
}

func sign(f float64) string {
	if f < 0 {
		return "−"
	}
	return "+"
}

// percent writes a share as a change: "+8%", "−0.4%", "+1,200%".
func percent(f float64) string {
	p := 100 * math.Abs(f)
	switch {
	case p < 0.1:
		return sign(f) + "<0.1%"
	case p < 9.95:
		return sign(f) + short(p, 1) + "%"
	case f > -1 && p < 100 && p >= 99.5:
		return sign(f) + short(math.Floor(10*p)/10, 1) + "%" // 100% would say that nothing is left
	case p < 1e6:
		return sign(f) + number(int64(math.Round(p))) + "%"
	}
	return sign(f) + ">1,000,000%"
}

// diffPaint colours errors and findings alone: whether fewer tokens are better
// is not ours to say.
func diffPaint(section string, r session.DiffRow) paint {
	bad := section == "findings" || strings.HasSuffix(r.Name, "errors") || r.Name == "permission_denials"
	switch {
	case !bad || r.Delta == nil || *r.Delta == 0:
		return ""
	case *r.Delta > 0:
		return inRed
	}
	return inGreen
}
