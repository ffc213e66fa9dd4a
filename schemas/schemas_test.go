package schemas_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/andon-ci/andon/schemas"
)

func compile(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat = true
	for _, other := range schemas.Names() { // of which some refer to others
		raw, err := schemas.Get(other)
		if err == nil {
			err = c.AddResource(schemas.URL(other), bytes.NewReader(raw))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	s, err := c.Compile(schemas.URL(name))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func lines(t *testing.T, path string) [][]byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out [][]byte
	for r := bufio.NewReader(f); ; {
		line, err := r.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			out = append(out, line)
		}
		if err == io.EOF {
			return out
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func decode(t *testing.T, raw []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestExamples holds each schema to the examples beside it. Each invalid one is
// wrong in one place, and says where and why.
func TestExamples(t *testing.T) {
	for _, name := range schemas.Names() {
		s := compile(t, name)
		valid := lines(t, filepath.Join("examples", name, "valid.jsonl"))
		for i, line := range valid {
			if err := s.Validate(decode(t, line)); err != nil {
				t.Errorf("%s, valid example %d: %v", name, i+1, err)
			}
		}
		invalid := lines(t, filepath.Join("examples", name, "invalid.jsonl"))
		for i, line := range invalid {
			var e struct {
				Why, Pointer string
				Value        json.RawMessage
			}
			if err := json.Unmarshal(line, &e); err != nil {
				t.Fatal(err)
			}
			err := s.Validate(decode(t, e.Value))
			if err == nil {
				t.Errorf("%s, invalid example %d is accepted: %s", name, i+1, e.Why)
			} else if got := deepest(err.(*jsonschema.ValidationError)); got != e.Pointer {
				t.Errorf("%s, invalid example %d (%s): rejected at %q, want %q", name, i+1, e.Why, got, e.Pointer)
			}
		}
		if len(valid) == 0 || len(invalid) == 0 {
			t.Errorf("%s lacks examples", name)
		}
	}
}

func deepest(e *jsonschema.ValidationError) string {
	at := e.InstanceLocation
	for _, c := range e.Causes {
		if p := deepest(c); len(p) > len(at) {
			at = p
		}
	}
	return at
}

func TestGet(t *testing.T) {
	_, err := schemas.Get("nosuch")
	if err == nil || !strings.Contains(err.Error(), "bundle, chain, config, diff, history, override, report, rollup, session, trace") {
		t.Errorf("got %v", err)
	}
}
