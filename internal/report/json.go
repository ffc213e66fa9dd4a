package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/session"
)

// JSON writes a report as schemas/session.schema.json describes it, indented by
// two spaces. The same report gives the same bytes.
func JSON(w io.Writer, r *session.Report) error {
	out := *r
	out.Coverage = complete(r.Coverage)
	if out.Sessions == nil {
		out.Sessions = []*session.Session{}
	}
	if out.Findings == nil {
		out.Findings = []finding.Finding{}
	}
	return writeJSON(w, out)
}

// FindingsJSON writes findings and what they rest on:
// {"findings": [...], "coverage": {...}}.
func FindingsJSON(w io.Writer, fs []finding.Finding, c session.Coverage) error {
	if fs == nil {
		fs = []finding.Finding{}
	}
	return writeJSON(w, struct {
		Findings []finding.Finding `json:"findings"`
		Coverage session.Coverage  `json:"coverage"`
	}{fs, complete(c)})
}

// complete returns a coverage whose map is {} and not null in JSON.
func complete(c session.Coverage) session.Coverage {
	if c.UnknownTypes == nil {
		c.UnknownTypes = map[string]int{}
	}
	return c
}

func writeJSON(w io.Writer, v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("encoding a report: %w", err)
	}
	_, err := w.Write(jsonText(b.Bytes()))
	return err
}
