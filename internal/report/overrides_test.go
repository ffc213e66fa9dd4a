package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/andon-ci/andon/internal/override"
)

// TestOverridesText gives each place once, and says in words what was not read.
func TestOverridesText(t *testing.T) {
	const place = "https://github.com/o/r/pull/12#pullrequestreview-7"
	r := override.Result{Overrides: []override.Record{{Evidence: []override.Evidence{{Kind: "review", URL: place}, {Kind: "reaction", URL: place}}}}}
	r.Coverage.Missing = []override.Part{override.PartAfter, override.PartPrevious, override.PartThreads}
	var b bytes.Buffer
	if err := OverridesText(&b, r); err != nil {
		t.Fatal(err)
	}
	if strings.Count(b.String(), place) != 1 || !strings.Contains(b.String(), "not read: what came after the merge, what a dismissed review had said, threads\n") {
		t.Error(b.String())
	}
}
