package otlp

import (
	"os"
	"strings"
	"testing"
)

// TestDefinitionsDocumented holds that the document names every metric with its
// unit, and that each has its name once.
func TestDefinitionsDocumented(t *testing.T) {
	raw, err := os.ReadFile("../../docs/otlp.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{} // by name
	for line := range strings.Lines(string(raw)) {
		if cells := strings.Split(line, "|"); len(cells) == 5 {
			for name := range strings.SplitSeq(cells[1], ",") {
				rows[strings.Trim(name, " `")] = cells[2]
			}
		}
	}
	seen := map[string]bool{}
	for _, d := range definitions() {
		if seen[d.Name] {
			t.Errorf("%s is there twice", d.Name)
		}
		seen[d.Name] = true
		unit := rows[d.Name]
		if d.of != Next && (!strings.Contains(unit, "`"+d.Unit+"`") || strings.Contains(unit, "histogram") != (d.Bounds != nil)) {
			t.Errorf("docs/otlp.md says of %s %q", d.Name, unit)
		}
	}
}
