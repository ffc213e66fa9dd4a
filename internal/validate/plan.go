package validate

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/andon-ci/andon/internal/jsonl"
)

// plan is a schema in a form that accepts quickly. It knows the keywords that
// the trace schema uses, and is sure of nothing that has another one.
type plan struct {
	Ref        string           `json:"$ref"`
	Type       types            `json:"type"`
	Required   []string         `json:"required"`
	Properties map[string]*plan `json:"properties"`
	Items      *plan            `json:"items"`
	Enum       []string         `json:"enum"`
	Not        *struct {
		Const string `json:"const"`
	} `json:"not"`
	Pattern   string   `json:"pattern"`
	Format    string   `json:"format"`
	Minimum   *float64 `json:"minimum"`
	Maximum   *float64 `json:"maximum"`
	MinLength int      `json:"minLength"`
	MaxItems  int      `json:"maxItems"`

	pattern *regexp.Regexp
	hex     int  // of a pattern of so many lower-case hex digits
	free    bool // any string will do
	unsure  bool // the schema has a keyword that is not known here
}

// types is a schema's type, or its types.
type types []string

func (t *types) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*t = types{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(t))
}

// UnmarshalJSON reads a schema.
func (p *plan) UnmarshalJSON(b []byte) error {
	type bare plan // without this method
	if err := json.Unmarshal(b, (*bare)(p)); err != nil {
		return err
	}
	var keywords map[string]json.RawMessage
	if err := json.Unmarshal(b, &keywords); err != nil {
		return err
	}
	for k, raw := range keywords {
		beside := p.Ref != "" && k != "$ref" && k != "description"
		p.unsure = p.unsure || beside || !isKnown(k, raw)
	}
	p.free = p.Enum == nil && p.Not == nil && p.Pattern == "" && p.Format == "" && p.MinLength == 0
	return p.compile()
}

// isKnown reports whether plans know a keyword, in the form that it has.
func isKnown(keyword string, value []byte) bool {
	switch keyword {
	case "$ref", "type", "required", "properties", "items", "enum", "pattern", "format", "minimum", "maximum", "minLength", "maxItems", "description":
		return true
	case "not": // a string that is not allowed
		var not map[string]any
		err := json.Unmarshal(value, &not)
		_, text := not["const"].(string)
		return err == nil && text && len(not) == 1
	}
	return false
}

func (p *plan) compile() (err error) {
	switch p.Pattern {
	case "":
	case "^[0-9a-f]{16}$":
		p.hex = 16
	case "^[0-9a-f]{32}$":
		p.hex = 32
	default:
		p.pattern, err = regexp.Compile(p.Pattern)
	}
	return err
}

// link puts the definitions in the place of the references to them.
func (p *plan) link(defs map[string]*plan) error {
	for key, q := range p.Properties {
		to, err := q.linked(defs)
		if err != nil {
			return err
		}
		p.Properties[key] = to
	}
	if p.Items == nil {
		return nil
	}
	var err error
	p.Items, err = p.Items.linked(defs)
	return err
}

// linked returns what stands for p, its own parts linked.
func (p *plan) linked(defs map[string]*plan) (*plan, error) {
	if p.Ref == "" {
		return p, p.link(defs)
	}
	to := defs[strings.TrimPrefix(p.Ref, "#/$defs/")]
	if to == nil || p.unsure {
		return nil, fmt.Errorf("no plan for the reference %s", p.Ref)
	}
	return to, nil
}

// accepts reports whether a value is surely valid.
func (p *plan) accepts(v jsonl.Value) bool {
	if p.unsure || !p.ofType(v) {
		return false
	}
	switch v.Kind() {
	case jsonl.Object:
		return p.acceptsObject(v)
	case jsonl.Array:
		return p.acceptsArray(v)
	case jsonl.String:
		return p.acceptsString(v)
	case jsonl.Number:
		return p.acceptsNumber(v)
	}
	return true
}

func (p *plan) ofType(v jsonl.Value) bool {
	if len(p.Type) == 0 {
		return true
	}
	for _, t := range p.Type {
		switch v.Kind() {
		case jsonl.Object:
			if t == "object" {
				return true
			}
		case jsonl.Array:
			if t == "array" {
				return true
			}
		case jsonl.String:
			if t == "string" {
				return true
			}
		case jsonl.Bool:
			if t == "boolean" {
				return true
			}
		case jsonl.Number:
			if t == "number" {
				return true
			}
			if t == "integer" && isPlainInteger(v.Raw()) {
				return true
			}
		}
	}
	return false
}

// acceptsObject checks every member, also one that a later duplicate replaces:
// that is stricter than the library, which then decides.
func (p *plan) acceptsObject(v jsonl.Value) bool {
	for key, m := range v.Members() {
		if q := p.Properties[key]; q != nil && !q.accepts(m) {
			return false
		}
	}
	for _, key := range p.Required {
		if v.Get(key).Kind() == jsonl.Missing {
			return false
		}
	}
	return true
}

func (p *plan) acceptsArray(v jsonl.Value) bool {
	n := 0
	for e := range v.Elements() {
		if n++; p.MaxItems > 0 && n > p.MaxItems || p.Items != nil && !p.Items.accepts(e) {
			return false
		}
	}
	return true
}

func (p *plan) acceptsString(v jsonl.Value) bool {
	if p.free {
		return true
	}
	if v.StringLen() > 256 { // an escaped pair of 12 bytes is one character
		return p.Enum == nil && p.Not == nil && p.Pattern == "" && p.Format == "" && v.StringLen()/12 >= p.MinLength
	}
	s := v.String()
	switch {
	case p.Enum != nil && !has(p.Enum, s):
		return false
	case p.Not != nil && s == p.Not.Const:
		return false
	case p.hex > 0 && !(len(s) == p.hex && isLowerHex(s)):
		return false
	case p.pattern != nil && !p.pattern.MatchString(s):
		return false
	case p.Format == "date-time" && !isDateTime(s), p.Format != "" && p.Format != "date-time":
		return false
	}
	return p.MinLength == 0 || utf8.RuneCountInString(s) >= p.MinLength
}

// acceptsNumber compares rounded values. That is right on either side of a
// bound; a long number that rounds to the bound may be on the wrong side.
func (p *plan) acceptsNumber(v jsonl.Value) bool {
	if p.Enum != nil {
		return false
	}
	if p.Minimum == nil && p.Maximum == nil {
		return true
	}
	f, ok := v.Float()
	if !ok {
		return false
	}
	if p.Minimum != nil && f <= *p.Minimum && !(f == *p.Minimum && isShort(v.Raw())) {
		return false
	}
	return p.Maximum == nil || f < *p.Maximum || f == *p.Maximum && isShort(v.Raw())
}

func has(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

func isLowerHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; !('0' <= c && c <= '9' || 'a' <= c && c <= 'f') {
			return false
		}
	}
	return true
}

// isDateTime reports whether s is surely a date-time of RFC 3339.
func isDateTime(s string) bool {
	if len(s) < 20 || len(s) > 40 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case '0' <= c && c <= '9', c == '-', c == ':', c == 'T', c == 'Z', c == '.', c == '+':
		default:
			return false
		}
	}
	// Go also takes an hour of one digit, and offsets of 24 hours and 60 minutes
	zone := s[len(s)-6:]
	if s[13] != ':' || s[len(s)-1] != 'Z' && (zone[1:3] > "23" || zone[4:] > "59") {
		return false
	}
	_, err := time.Parse(time.RFC3339, s)
	return err == nil
}
