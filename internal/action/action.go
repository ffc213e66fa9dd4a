// Package action speaks to the runner of GitHub Actions: annotations, a step's
// outputs, the job summary, and text in the log that must not start a command.
//
// The one design decision is that everything handed to it is hostile: names,
// messages and ids were chosen by agents. What goes to the log is escaped or
// fenced, and what goes to a file of the runner cannot end its own entry.
package action

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/sethvargo/go-githubactions"

	"github.com/andon-ci/andon/internal/finding"
)

// maxAnnotations is how many errors, and how many warnings, GitHub keeps of one
// step. https://docs.github.com/en/actions/reference/limits
const maxAnnotations = 10

// maxMessage bounds the text of an annotation, in bytes.
const maxMessage = 1000

// maxSummary is the size in bytes from which on GitHub drops a step's summary.
const maxSummary = 1 << 20

// Runner writes to the log and to the files of one step.
type Runner struct {
	w      io.Writer
	getenv func(string) string
}

// New returns a Runner that writes commands to w, the step's standard output,
// and finds the runner's files in the environment.
func New(w io.Writer, getenv func(string) string) *Runner {
	return &Runner{w: w, getenv: getenv}
}

// Annotate shows the most severe findings as annotations, each rule before any
// rule a second time, and counts the rest in one line. Findings of severity
// info are left to the summary.
func (r *Runner) Annotate(fs []finding.Finding) error {
	var rest []string
	for _, s := range []finding.Severity{finding.Error, finding.Warning} {
		some := varied(fs, s)
		for _, f := range some[:min(len(some), maxAnnotations)] {
			if err := r.annotate(f); err != nil {
				return err
			}
		}
		if more := len(some) - maxAnnotations; more > 0 {
			rest = append(rest, fmt.Sprintf("%d more of severity %s", more, s))
		}
	}
	if len(rest) == 0 {
		return nil
	}
	_, err := fmt.Fprintf(r.w, "andon: %s: see the job summary and the bundle\n", strings.Join(rest, ", "))
	return err
}

// varied returns the findings of a severity with the first of each rule before
// the second of any: ten places of one mistake do not hide another mistake.
func varied(fs []finding.Finding, s finding.Severity) []finding.Finding {
	var out []finding.Finding
	seen, nth := map[string]int{}, map[int]int{}
	for _, f := range fs {
		if f.Severity == s {
			nth[len(out)] = seen[f.Rule]
			seen[f.Rule]++
			out = append(out, f)
		}
	}
	order := make([]int, len(out))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return nth[a] - nth[b] })
	sorted := make([]finding.Finding, len(out))
	for i, o := range order {
		sorted[i] = out[o]
	}
	return sorted
}

// annotate writes one finding as a workflow command. A place outside the
// workspace, where most transcripts lie, is named in the text: GitHub could
// not show it.
func (r *Runner) annotate(f finding.Finding) error {
	name, props := "warning", githubactions.CommandProperties{"title": line("Andon: " + f.Rule)}
	if f.Severity == finding.Error {
		name = "error"
	}
	text := line(f.Message)
	switch {
	case f.File == "":
	case filepath.IsLocal(f.File):
		props["file"] = line(filepath.ToSlash(f.File))
		if f.Line > 0 {
			props["line"] = fmt.Sprint(f.Line)
		}
	default:
		text += " (" + line(f.Place()) + ")"
	}
	if f.Hint != "" {
		text += "\nhint: " + line(f.Hint)
	}
	cmd := githubactions.Command{Name: name, Message: text, Properties: props}
	_, err := fmt.Fprintln(r.w, cmd.String())
	return err
}

// Print writes text to the log such that no line of it is a command to the
// runner. The runner takes no command until it reads the token, which is a hash
// of the text: nobody can write a text that contains its own.
func (r *Runner) Print(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	sum := sha256.Sum256(text)
	token := "andon-" + hex.EncodeToString(sum[:])
	end := "\n"
	if text[len(text)-1] == '\n' {
		end = ""
	}
	_, err := fmt.Fprintf(r.w, "::stop-commands::%s\n%s%s::%s::\n", token, text, end, token)
	return err
}

// Summary appends Markdown to the job summary. The error says what the log
// should say: a job without a summary is no failed job.
func (r *Runner) Summary(text []byte) error {
	if len(text) > maxSummary {
		return fmt.Errorf("writing the job summary: it has %d bytes, and GitHub drops one of over %d", len(text), maxSummary)
	}
	if len(text) > 0 && text[len(text)-1] != '\n' {
		text = append(slices.Clip(text), '\n')
	}
	if err := r.appendTo("GITHUB_STEP_SUMMARY", text); err != nil {
		return fmt.Errorf("writing the job summary: %w", err)
	}
	return nil
}

// appendTo appends to the file that the runner names in a variable.
//
// Note: the functions of go-githubactions for these files panic where one
// cannot be written, and end a value at a delimiter that everybody knows.
func (r *Runner) appendTo(variable string, text []byte) (err error) {
	path := r.getenv(variable)
	if path == "" {
		return fmt.Errorf("$%s is not set", variable)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() {
		if closed := f.Close(); err == nil {
			err = closed
		}
	}()
	_, err = f.Write(text)
	return err
}

// line returns text in one line of bounded length, without control characters
// and without those that change the direction of what follows.
func line(text string) string {
	text = strings.Map(func(c rune) rune {
		switch {
		case unicode.IsControl(c), c == '\u2028', c == '\u2029':
			return ' '
		case unicode.Is(unicode.Bidi_Control, c), c == unicode.ReplacementChar:
			return -1
		}
		return c
	}, strings.ToValidUTF8(text, ""))
	text = strings.TrimSpace(text)
	if len(text) <= maxMessage {
		return text
	}
	return strings.ToValidUTF8(text[:maxMessage], "") + "…"
}
