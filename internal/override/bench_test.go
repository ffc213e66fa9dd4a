package override_test

import (
	"testing"

	"github.com/andon-ci/andon/internal/override"
)

func BenchmarkEvent(b *testing.B) {
	raw := event(b, "merged-revert.json").payload(b)
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		if _, err := override.FromEvent("pull_request", raw, override.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
