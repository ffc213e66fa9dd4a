package secret

import (
	"fmt"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/jsonl"
)

// parseRules returns the rules of one of rules/*.json. Every command loads them
// as it starts, and encoding/json would take most of the time of that; a test
// holds that it reads the same.
func parseRules(data []byte) ([]*rule, error) {
	var doc jsonl.Doc
	v, _, err := doc.Parse(data)
	if err != nil {
		return nil, err
	}
	own := v.Get("source").String() == ""
	var rules []*rule
	for e := range v.Get("rules").Elements() {
		r := &rule{own: own}
		for name, m := range e.Members() {
			if !set(r.field(name), m) {
				return nil, fmt.Errorf("rule %s: no field %q of that kind", r.ID, name)
			}
		}
		rules = append(rules, r)
	}
	return rules, nil
}

// set gives a field its value, and reports whether it has the kind for it.
func set(field any, v jsonl.Value) bool {
	switch f := field.(type) {
	case *string:
		*f = v.String()
		return v.Kind() == jsonl.String
	case *finding.Severity:
		*f = finding.Severity(v.String())
		return v.Kind() == jsonl.String
	case *bool:
		ok := false
		*f, ok = v.Bool()
		return ok
	case *int:
		n, ok := v.Int()
		*f = int(n)
		return ok
	case *float64:
		ok := false
		*f, ok = v.Float()
		return ok
	case *[]string:
		*f = make([]string, 0, v.Len())
		for e := range v.Elements() {
			*f = append(*f, e.String())
		}
		return v.Kind() == jsonl.Array
	}
	return false
}

// field returns where the rule keeps what stands in JSON under a name, and nil
// for a name that no field has.
func (r *rule) field(name string) any {
	switch name {
	case "id":
		return &r.ID
	case "title":
		return &r.Title
	case "severity":
		return &r.Severity
	case "help":
		return &r.Help
	case "keywords":
		return &r.Keywords
	case "fold":
		return &r.Fold
	case "coded":
		return &r.Coded
	case "lead":
		return &r.Lead
	case "pattern":
		return &r.Pattern
	case "window":
		return &r.Window
	case "boundary":
		return &r.Boundary
	case "run":
		return &r.Run
	case "slashes":
		return &r.Slashes
	case "assign":
		return &r.Assign
	case "guard":
		return &r.Guard
	}
	return r.tests(name)
}

// tests does the same for what a credential has to be like, and for names and
// examples.
func (r *rule) tests(name string) any {
	switch name {
	case "entropy":
		return &r.Entropy
	case "digits":
		return &r.Digits
	case "letters":
		return &r.Letters
	case "min":
		return &r.Min
	case "length":
		return &r.Length
	case "check":
		return &r.Check
	case "bare":
		return &r.Bare
	case "identity":
		return &r.Identity
	case "names":
		return &r.Names
	case "words":
		return &r.Words
	case "near":
		return &r.Near
	case "begins":
		return &r.Begins
	case "back":
		return &r.Back
	case "reach":
		return &r.Reach
	case "prefix":
		return &r.Prefix
	case "positive":
		return &r.Positive
	case "negative":
		return &r.Negative
	}
	return nil
}
