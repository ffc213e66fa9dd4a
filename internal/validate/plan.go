package validate

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
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

	fields  map[string]field
	pattern *regexp.Regexp
	hex     int  // of a pattern of so many lower-case hex digits
	free    bool // any string will do
	unsure  bool // the schema has a keyword that is not known here
}

// field is what a schema asks of one member.
type field struct {
	plan *plan  // nil asks nothing
	bit  uint64 // its bit among those that are required, 0 where it is not
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
	p.fields = make(map[string]field, len(p.Properties))
	for key, q := range p.Properties {
		to, err := q.linked(defs)
		if err != nil {
			return err
		}
		p.fields[key] = field{plan: to}
	}
	p.unsure = p.unsure || len(p.Required) > 63
	for i, key := range p.Required {
		p.fields[key] = field{plan: p.fields[key].plan, bit: 1 << (i % 64)}
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
	var seen uint64
	for key, m := range v.Fields() {
		if key.StringLen() > maxShort {
			continue // longer than any key of a schema, however it is escaped
		}
		f := p.fields[string(text(key))]
		if f.plan != nil && !f.plan.accepts(m) {
			return false
		}
		seen |= f.bit
	}
	return seen == 1<<len(p.Required)-1
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

// maxShort is how long a string may be, as it stands in the input, to be looked
// into.
const maxShort = 256

// text returns the decoded text of a string, without a copy where it stands in
// the input as it is.
func text(v jsonl.Value) []byte {
	raw := v.Raw()
	inner := raw[1 : len(raw)-1]
	for _, c := range inner {
		if c == '\\' || c >= utf8.RuneSelf {
			return []byte(v.String())
		}
	}
	return inner
}

func (p *plan) acceptsString(v jsonl.Value) bool {
	if p.free {
		return true
	}
	if v.StringLen() > maxShort { // an escaped pair of 12 bytes is one character
		return p.Enum == nil && p.Not == nil && p.Pattern == "" && p.Format == "" && v.StringLen()/12 >= p.MinLength
	}
	s := text(v)
	switch {
	case p.Enum != nil && !has(p.Enum, s):
		return false
	case p.Not != nil && string(s) == p.Not.Const:
		return false
	case p.hex > 0 && !(len(s) == p.hex && isLowerHex(s)):
		return false
	case p.pattern != nil && !p.pattern.Match(s):
		return false
	case p.Format == "date-time" && !isDateTime(s), p.Format != "" && p.Format != "date-time":
		return false
	}
	return p.MinLength == 0 || utf8.RuneCount(s) >= p.MinLength
}

// acceptsNumber compares rounded values. That is right on either side of a
// bound; a long number that rounds to the bound may be on the wrong side.
func (p *plan) acceptsNumber(v jsonl.Value) bool {
	if p.Enum != nil {
		return false
	}
	if p.Maximum == nil && (p.Minimum == nil || *p.Minimum <= 0 && v.Raw()[0] != '-') {
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

func has(list []string, s []byte) bool {
	for _, l := range list {
		if l == string(s) {
			return true
		}
	}
	return false
}

func isLowerHex(s []byte) bool {
	for _, c := range s {
		if !('0' <= c && c <= '9' || 'a' <= c && c <= 'f') {
			return false
		}
	}
	return true
}
