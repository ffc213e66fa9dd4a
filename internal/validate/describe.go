package validate

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/trace"
)

// describe says what is wrong in words for people who do not know JSON Schema.
// A value is quoted only where it is one plain word in a place for a few
// words; anything else may be a credential in the wrong place.
func (p problem) describe(what, schema string, pos trace.Pos) finding.Finding {
	pos.Pointer = p.pointer
	f := finding.Finding{Severity: finding.Error, Pos: pos, Hint: "`andon schema " + schema + "` describes each field"}
	field := p.field(what)
	var message, hint string
	switch p.keyword {
	case "required":
		f.Rule, message, hint = "trace/missing-field", p.whole(what)+" needs "+list(p.names, "more fields"), p.example()
	case "type":
		f.Rule, message, hint = "trace/wrong-type", fmt.Sprintf("%s is %s, and must be %s", field, article(p.got), article(p.want)), p.retype()
	case "format":
		f.Rule, message = "trace/bad-time", field+" is not a time"
		hint = `write RFC 3339 with a zone, for example "2026-11-20T10:00:00.125Z"`
	case "pattern":
		f.Rule, message, hint = "trace/bad-id", field+" does not have the form that it needs", p.form()
	case "not":
		f.Rule, message = "trace/bad-id", field+" is all zeros, which stands for no id"
		hint = "write random digits, or leave out what is not known"
	case "additionalProperties":
		f.Rule, message = "trace/unknown-field", p.whole(what)+" has no field "+list(p.names, "of such a name")
		hint = "check the spelling; `andon schema " + schema + "` has what is known"
	default:
		f.Rule = "trace/bad-value"
		message, hint = p.value(field)
	}
	f.Message = message
	if hint != "" {
		f.Hint = hint
	}
	return f
}

// value describes a value of the right type that is not allowed.
func (p problem) value(field string) (message, hint string) {
	switch p.keyword {
	case "enum", "const":
		message = field + " is none of the words that it may be"
		if p.got != "" {
			message = fmt.Sprintf("%s is %q, which is none of the words that it may be", field, p.got)
		}
		return message, p.choices()
	case "minimum":
		return fmt.Sprintf("%s is less than %s", field, p.want), "leave out a figure that was not measured; it is never negative"
	case "maximum":
		return fmt.Sprintf("%s is more than %s", field, p.want), "check its unit"
	case "maxItems":
		return field + " has too many elements", "`andon schema` prints how many there may be"
	case "minLength":
		return field + " is empty", p.example()
	}
	return field + " has a value that is not allowed", ""
}

var plainPath = regexp.MustCompile(`^[A-Za-z0-9_./-]{1,100}$`)

// field names the place of the problem.
func (p problem) field(what string) string {
	switch path := strings.ReplaceAll(strings.TrimPrefix(p.pointer, "/"), "/", "."); {
	case path == "":
		return what
	case plainPath.MatchString(path):
		return fmt.Sprintf("%q of %s", path, what)
	default:
		return "a member of " + what
	}
}

// whole names the object that has too few or too many members.
func (p problem) whole(what string) string {
	return strings.Replace(p.field(what), `" of `, `" in `, 1)
}

// name returns the last key of the pointer that is no index.
func (p problem) name() string {
	keys := strings.Split(p.pointer, "/")
	for len(keys) > 1 && strings.Trim(keys[len(keys)-1], "0123456789") == "" {
		keys = keys[:len(keys)-1]
	}
	return keys[len(keys)-1]
}

func list(names []string, other string) string {
	if len(names) == 0 {
		return other
	}
	return `"` + strings.Join(names, `", "`) + `"`
}

func article(types string) string {
	switch {
	case types == "":
		return "something else"
	case types == "null":
		return "null"
	case types == "boolean":
		return "true or false"
	case strings.ContainsAny(types[:1], "aeio"):
		return "an " + types
	}
	return "a " + types
}

// retype says how to write a value of the type that is wanted.
func (p problem) retype() string {
	figure := p.want == "integer" || p.want == "number"
	switch {
	case p.got == "null":
		return "leave the field out where there is nothing to say"
	case figure && p.got == "string":
		return "write the figure without quotes"
	case p.want == "integer" && p.got == "number":
		return "write it without a fraction"
	case p.want == "string" && p.got == "number":
		return "write it in quotes"
	case p.want == "object" && p.name() == "agent":
		return `write "agent": {"name": "review-security"}`
	case p.want == "object" && p.got == "string" && p.name() == "decision":
		return `write "decision": {"kind": "approve"}`
	}
	return ""
}

// choices lists the words that are allowed, one that is nearly right first.
func (p problem) choices() string {
	if len(p.names) == 0 {
		return ""
	}
	all := "it may be " + strings.Join(p.names, ", ")
	for _, n := range p.names {
		if p.got != "" && isNear(p.got, n) {
			return fmt.Sprintf("did you mean %q? %s", n, all)
		}
	}
	return all
}

// isNear reports whether one word is the beginning of the other, or the two
// differ by one letter or by two that are swapped.
func isNear(a, b string) bool {
	if strings.HasPrefix(a, b) || len(a) > 2 && strings.HasPrefix(b, a) {
		return true
	}
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	swapped := len(a) == 2 && len(b) == 2 && a[0] == b[1] && a[1] == b[0]
	return swapped || len(a) <= 1 && len(b) <= 1
}

// form says what an id looks like.
func (p problem) form() string {
	switch p.name() {
	case "span_id", "parent_span_id":
		return `it has 16 lower-case hex digits, for example "00f067aa0ba902b7"`
	case "trace_id":
		return `it has 32 lower-case hex digits, for example "0af7651916cd43dd8448eb211c80319c"`
	case "sha256":
		return "it has 64 hex digits, as sha256sum prints them"
	case "head_sha":
		return "it has 7 to 64 hex digits, as git prints them"
	case "repository":
		return `write owner/name, for example "octo-org/shop"`
	case "secrets":
		return "write names of environment variables, never the values"
	}
	return ""
}

// example shows what to write for the first missing field, or the empty one.
func (p problem) example() string {
	examples := map[string]string{
		"type":     `"type": "llm.call"`,
		"run_id":   `"run_id": "7f3c9a52", any text that is unique to the run`,
		"time":     `"time": "2026-11-20T10:00:00.125Z"`,
		"start":    `"start": "2026-11-20T10:00:00.125Z"`,
		"end":      `"end": "2026-11-20T10:00:02Z"`,
		"model":    `the model's name, for example "model": "gpt-5.2-codex"`,
		"tool":     `the tool's name, for example "tool": "bash"`,
		"span_id":  `"span_id": "00f067aa0ba902b7", 16 hex digits unique within the run`,
		"agent":    `"agent": {"name": "review-security"}`,
		"name":     `a name, for example "name": "review-security"`,
		"status":   `"status": "success"`,
		"decision": `"decision": {"kind": "approve"}`,
		"kind":     `"kind": "approve"`,
		"message":  `"message": "what happened"`,
		"ref":      `"ref": "owner/name@sha:path", or a URL`,
	}
	for _, n := range append(p.names, p.name()) {
		if e := examples[n]; e != "" {
			return "add " + e
		}
	}
	return ""
}
