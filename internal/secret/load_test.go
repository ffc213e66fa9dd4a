package secret

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// TestParseRules holds that the rules are read as encoding/json reads them, and
// that no field is misspelt.
func TestParseRules(t *testing.T) {
	names, err := filepath.Glob("rules/*.json")
	if err != nil || len(names) < 5 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		data, err := embedded.ReadFile(filepath.ToSlash(name))
		if err != nil {
			t.Fatal(err)
		}
		var f file
		d := json.NewDecoder(bytes.NewReader(data))
		d.DisallowUnknownFields()
		if err := d.Decode(&f); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		rules, err := parseRules(data)
		if err != nil || len(rules) != len(f.Rules) {
			t.Fatalf("%s: %d of %d rules: %v", name, len(rules), len(f.Rules), err)
		}
		for i, r := range rules {
			if f.Rules[i].own = f.Source == ""; !reflect.DeepEqual(r, f.Rules[i]) {
				t.Errorf("%s: got %+v, want %+v", name, r, f.Rules[i])
			}
		}
	}
	for _, bad := range []string{`{"rules":[{"idd":"x"}]}`, `{"rules":[{"id":1}]}`, `{"rules":[{"fold":1}]}`, `{"rules":[{"run":"x"}]}`, `{"rules":[{"keywords":"x"}]}`, `{`} {
		if _, err := parseRules([]byte(bad)); err == nil || strings.Contains(err.Error(), "%!") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
