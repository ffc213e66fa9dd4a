package validate

import (
	"encoding/json"
	"regexp"
	"time"
	"unicode/utf8"

	"github.com/andon-ci/andon/internal/jsonl"
)

// plan is a schema in a form that accepts quickly. It knows the keywords that
// the trace schema uses, and is sure of nothing that has another one.
type plan struct {
	Type       types            `json:"type"`
	Required   []string         `json:"required"`
	Properties map[string]*plan `json:"properties"`
	Items      *plan            `json:"items"`
	Enum       []string         `json:"enum"`
	Pattern    string           `json:"pattern"`
	Format     string           `json:"format"`
	Minimum    *float64         `json:"minimum"`
	Maximum    *float64         `json:"maximum"`
	MinLength  int              `json:"minLength"`

	pattern *regexp.Regexp
	hex     int  // of a pattern of so many lower-case hex digits
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
	for k := range keywords {
		switch k {
		case "type", "required", "properties", "items", "enum", "pattern", "format", "minimum", "maximum", "minLength", "description":
		default:
			p.unsure = true
		}
	}
	switch p.Pattern {
	case "":
	case "^[0-9a-f]{16}$":
		p.hex = 16
	case "^[0-9a-f]{32}$":
		p.hex = 32
	default:
		var err error
		p.pattern, err = regexp.Compile(p.Pattern)
		return err
	}
	return nil
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
		if p.Items != nil {
			for e := range v.Elements() {
				if !p.Items.accepts(e) {
					return false
				}
			}
		}
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

func (p *plan) acceptsString(v jsonl.Value) bool {
	if p.Enum == nil && p.Pattern == "" && p.Format == "" && p.MinLength == 0 {
		return true
	}
	if v.StringLen() > 256 {
		return p.Enum == nil && p.Pattern == "" && p.Format == "" && v.StringLen()/12 >= p.MinLength
	}
	s := v.String()
	switch {
	case p.Enum != nil && !has(p.Enum, s):
		return false
	case p.hex > 0:
		return len(s) == p.hex && isLowerHex(s)
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
