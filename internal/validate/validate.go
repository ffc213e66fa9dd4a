// Package validate checks native traces and Andon's own documents against the
// JSON Schemas in schemas/, for whoever has to say what is wrong and where.
//
// The one design decision is that the library is the judge and is rarely asked.
// A plan made from the schema accepts what is surely valid, at the speed of the
// parser; whatever it is not sure of goes to the library, whose verdict and
// reasons count. A test holds that the plan never accepts what the library
// would not.
package validate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
	"github.com/andon-ci/andon/schemas"
)

// Validator checks against the schemas. It is not for concurrent use.
type Validator struct {
	plans    map[string]*plan // of the types of native records
	compiled map[string]*jsonschema.Schema
}

// New returns a Validator. Only the plans are made now; the library compiles a
// schema when it is first asked.
func New() (*Validator, error) {
	raw, err := schemas.Get("trace")
	if err != nil {
		return nil, err
	}
	plans, err := plansOf(raw)
	if err != nil {
		return nil, fmt.Errorf("reading the trace schema: %w", err)
	}
	return &Validator{plans: plans, compiled: map[string]*jsonschema.Schema{}}, nil
}

// plansOf returns the plan of each type of record that a schema knows. The
// schema refers each type to the definition of its name.
func plansOf(raw []byte) (map[string]*plan, error) {
	var s struct {
		AllOf []struct {
			If struct {
				Properties struct {
					Type struct {
						Const string `json:"const"`
					} `json:"type"`
				} `json:"properties"`
			} `json:"if"`
		} `json:"allOf"`
		Defs map[string]*plan `json:"$defs"`
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, err
	}
	for _, p := range s.Defs {
		if err := p.link(s.Defs); err != nil {
			return nil, err
		}
	}
	plans := map[string]*plan{}
	for _, a := range s.AllOf {
		name := a.If.Properties.Type.Const
		if s.Defs[name] == nil {
			return nil, fmt.Errorf("no definition of %q", name)
		}
		plans[name] = s.Defs[name]
	}
	return plans, nil
}

// Line checks a record of a native trace, which stands at pos. Records of
// unknown types are valid: they are drift, not errors.
func (v *Validator) Line(val jsonl.Value, pos trace.Pos) []finding.Finding {
	typ := val.Get("type")
	if typ.Kind() != jsonl.String {
		return v.ask("trace", "", val.Raw(), "a record", pos)
	}
	p := v.plans[string(text(typ))]
	if p == nil {
		return nil
	}
	if !p.accepts(val) {
		name := typ.String()
		if found := v.ask("trace", "#/$defs/"+name, val.Raw(), name, pos); len(found) > 0 {
			return found
		}
	}
	if p.fields["end"].plan == nil {
		return nil
	}
	return order(val, pos)
}

// Document checks a whole document against the schema of that name. The
// findings name the file and a pointer, no line.
func (v *Validator) Document(schema string, raw []byte, file string) []finding.Finding {
	return v.ask(schema, "", raw, "the document", trace.Pos{File: file})
}

// ask lets the library judge.
func (v *Validator) ask(schema, fragment string, raw []byte, what string, pos trace.Pos) []finding.Finding {
	s, err := v.schema(schema, fragment)
	if err != nil {
		return []finding.Finding{{Rule: "trace/bad-value", Severity: finding.Error, Message: err.Error(), Hint: "`andon schema` lists the schemas that there are", Pos: pos}}
	}
	doc, err := decode(raw)
	if err != nil {
		return []finding.Finding{{Rule: "trace/invalid-json", Severity: finding.Error, Message: "not valid JSON", Hint: "write one JSON object", Pos: pos}}
	}
	doc = tame(doc, isBounded(schema))
	var out []finding.Finding
	for _, p := range problemsIn(s.Validate(doc), doc) {
		out = append(out, p.describe(what, schema, pos))
	}
	return out
}

// isBounded reports whether a schema bounds its arrays: those of what others
// write do, those of what Andon writes need not.
func isBounded(schema string) bool { return schema == "trace" || schema == "config" }

// decode reads one JSON value, with its numbers as they are written.
func decode(raw []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var doc any
	if err := dec.Decode(&doc); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("more than one value")
	}
	return doc, nil
}

func (v *Validator) schema(name, fragment string) (*jsonschema.Schema, error) {
	if s := v.compiled[name+fragment]; s != nil {
		return s, nil
	}
	raw, err := schemas.Get(name)
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat = true
	c.LoadURL = load
	if err := c.AddResource(schemas.URL(name), bytes.NewReader(raw)); err != nil {
		return nil, fmt.Errorf("reading the schema %s: %w", name, err)
	}
	s, err := c.Compile(schemas.URL(name) + fragment)
	if err != nil {
		return nil, fmt.Errorf("compiling the schema %s: %w", name, err)
	}
	v.compiled[name+fragment] = s
	return s, nil
}

// load returns the schema that another refers to. Nothing is fetched.
func load(url string) (io.ReadCloser, error) {
	for _, name := range schemas.Names() {
		if schemas.URL(name) == url {
			raw, err := schemas.Get(name)
			return io.NopCloser(bytes.NewReader(raw)), err
		}
	}
	return nil, fmt.Errorf("no schema at %s", url)
}
