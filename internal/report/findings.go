package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/session"
)

// FindingsText writes each finding as "file:line: severity: message [rule]", as
// compilers do, with the JSON pointer and the hint below it, and ends with a
// line of coverage.
func FindingsText(w io.Writer, fs []finding.Finding, c session.Coverage) error {
	var b strings.Builder
	for _, f := range fs {
		where := termText(tail(cmp.Or(f.Place(), "andon"), 1000), 1000)
		if strings.HasSuffix(where, ":") {
			where += " " // with our colon it could begin a workflow command
		}
		fmt.Fprintf(&b, "%s: %s: %s [%s]\n", where, termText(string(f.Severity), maxName), termText(f.Message, maxMessage), termText(f.Rule, maxName))
		if f.Pointer != "" {
			fmt.Fprintf(&b, "    at %s\n", termText(f.Pointer, maxPath))
		}
		if f.Hint != "" {
			fmt.Fprintf(&b, "    %s\n", termText(f.Hint, maxMessage))
		}
	}
	fmt.Fprintf(&b, "%s in %s\n", severities(fs), strings.Join(inputs(c), ", "))
	_, err := io.WriteString(w, b.String())
	return err
}

// severities counts findings: "2 errors, 1 warning", or "no findings".
func severities(fs []finding.Finding) string {
	n := map[finding.Severity]int{}
	for _, f := range fs {
		n[f.Severity]++
	}
	var out []string
	for _, s := range []struct {
		of        finding.Severity
		one, many string
	}{{finding.Error, "error", "errors"}, {finding.Warning, "warning", "warnings"}, {finding.Info, "note", "notes"}} {
		if n[s.of] > 0 {
			out = append(out, plural(n[s.of], s.one, s.many))
		}
	}
	if len(fs) == 0 {
		return "no findings"
	}
	return strings.Join(out, ", ")
}

// inputs is the coverage of a check, which looks at files and not at runs.
func inputs(c session.Coverage) []string {
	out := []string{plural(c.Files, "file", "files"), plural(c.Lines, "line", "lines")}
	if c.InvalidLines > 0 {
		out = append(out, number(int64(c.InvalidLines))+" of them invalid")
	}
	if c.Unrecognised > 0 {
		out = append(out, plural(c.Unrecognised, "file", "files")+" unrecognised")
	}
	if c.Unreadable > 0 {
		out = append(out, plural(c.Unreadable, "file", "files")+" unreadable")
	}
	if n := unknownRecords(c); n > 0 {
		out = append(out, plural(n, "record", "records")+" of unknown type")
	}
	return append(out, personal(c)...)
}
