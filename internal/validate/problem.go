package validate

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/trace"
)

// problem is one reason for which the library rejects a value.
type problem struct {
	pointer string
	keyword string   // of the schema, such as required
	names   []string // the members in question
}

// problemsIn returns the reasons at the bottom of the library's error, in
// order of their places.
func problemsIn(err error) []problem {
	var ve *jsonschema.ValidationError
	if !errors.As(err, &ve) {
		return nil
	}
	var out []problem
	var walk func(e *jsonschema.ValidationError)
	walk = func(e *jsonschema.ValidationError) {
		for _, c := range e.Causes {
			walk(c)
		}
		if len(e.Causes) > 0 {
			return
		}
		keyword := e.KeywordLocation[strings.LastIndexByte(e.KeywordLocation, '/')+1:]
		p := problem{pointer: e.InstanceLocation, keyword: keyword}
		if keyword == "required" || keyword == "additionalProperties" {
			p.names = quoted(e.Message)
		}
		out = append(out, p)
	}
	walk(ve)
	slices.SortStableFunc(out, func(a, b problem) int {
		return cmp.Or(strings.Compare(a.pointer, b.pointer), strings.Compare(a.keyword, b.keyword))
	})
	return out
}

var quotedName = regexp.MustCompile(`'([A-Za-z0-9_.-]{1,60})'`)

// quoted returns the plain names that the library put in quotes.
func quoted(msg string) []string {
	var out []string
	for _, m := range quotedName.FindAllStringSubmatch(msg, -1) {
		out = append(out, m[1])
	}
	return out
}

// describe says what is wrong in words for people who do not know JSON Schema.
// It never quotes a value: that may be a credential in the wrong place.
func describe(p problem, what string, pos trace.Pos) finding.Finding {
	pos.Pointer = p.pointer
	f := finding.Finding{Severity: finding.Error, Pos: pos}
	field := "the record"
	if p.pointer != "" {
		field = `"` + strings.ReplaceAll(strings.TrimPrefix(p.pointer, "/"), "/", ".") + `"`
	}
	switch p.keyword {
	case "required":
		f.Rule = "trace/missing-field"
		f.Message = fmt.Sprintf("%s needs %s", what, list(p.names))
		if p.pointer != "" {
			f.Message = fmt.Sprintf("%s in %s needs %s", field, what, list(p.names))
		}
		f.Hint = example(p.names)
	case "type":
		f.Rule, f.Message = "trace/wrong-type", fmt.Sprintf("%s of %s has the wrong type", field, what)
		f.Hint = "figures are numbers without quotes, names are strings; `andon schema trace` has each field"
	case "format":
		f.Rule, f.Message = "trace/bad-time", fmt.Sprintf("%s of %s is no time", field, what)
		f.Hint = `write RFC 3339 with a zone, for example "2026-11-20T10:00:00.125Z"`
	case "pattern":
		f.Rule, f.Message = "trace/bad-id", fmt.Sprintf("%s of %s does not have the form that it needs", field, what)
		f.Hint = "a span_id has 16 lower-case hex digits and a trace_id 32; `andon schema trace` has the others"
	case "additionalProperties":
		f.Rule, f.Message = "trace/unknown-field", fmt.Sprintf("%s has no field %s", what, list(p.names))
		f.Hint = "check the spelling; `andon schema` prints what is known"
	default:
		f.Rule, f.Message = "trace/bad-value", fmt.Sprintf("%s of %s has a value that is not allowed", field, what)
		f.Hint = "figures are not negative, and words are those that `andon schema trace` lists"
	}
	return f
}

func list(names []string) string {
	if len(names) == 0 {
		return "more fields"
	}
	return `"` + strings.Join(names, `", "`) + `"`
}

// example shows what to write for the first missing field.
func example(names []string) string {
	examples := map[string]string{
		"type":     `"type": "llm.call"`,
		"run_id":   `"run_id": "7f3c…", any text that is unique to the run`,
		"time":     `"time": "2026-11-20T10:00:00.125Z"`,
		"start":    `"start": "2026-11-20T10:00:00.125Z"`,
		"end":      `"end": "2026-11-20T10:00:02Z"`,
		"model":    `"model": "gpt-5.2-codex"`,
		"tool":     `"tool": "bash"`,
		"span_id":  `"span_id": "00f067aa0ba902b7"`,
		"agent":    `"agent": {"name": "review-security"}`,
		"name":     `"name": "review-security"`,
		"status":   `"status": "success"`,
		"decision": `"decision": {"kind": "approve"}`,
		"kind":     `"kind": "approve"`,
		"message":  `"message": "what happened"`,
	}
	for _, n := range names {
		if e := examples[n]; e != "" {
			return "add " + e
		}
	}
	return "`andon schema trace` has each field"
}

// Rules returns the rules of the findings that validation makes.
func Rules() []finding.Rule {
	rule := func(id, title, help string) finding.Rule {
		return finding.Rule{ID: id, Severity: finding.Error, Title: title, Help: help}
	}
	return []finding.Rule{
		rule("trace/bad-id", "An id or name does not have its form", "Span ids have 16 lower-case hex digits, trace ids 32, repositories are owner/name."),
		rule("trace/bad-time", "A time is no time", "Times are RFC 3339 with a zone, as in 2026-11-20T10:00:00.125Z."),
		rule("trace/bad-value", "A value is not allowed", "Figures are not negative, and words are those that the schema lists."),
		rule("trace/end-before-start", "A step ends before it starts", "Its duration would be negative. Take both times from one clock."),
		rule("trace/missing-field", "A record lacks what it needs", "The record was left out of the figures. The hint shows what to write."),
		rule("trace/unknown-field", "A document has an unknown field", "Andon's own documents are closed; in traces unknown fields are allowed."),
		rule("trace/wrong-type", "A value has the wrong type", "Figures are numbers without quotes, names are strings."),
	}
}
