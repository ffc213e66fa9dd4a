package ingest

import (
	"strings"

	"github.com/andon-ci/andon/internal/jsonl"
)

// words is a message that comes in pieces. Of one that is very long, the rest is
// left out.
type words struct{ strings.Builder }

func (w *words) add(piece jsonl.Value) {
	if w.Len() < 1<<20 {
		w.WriteString(piece.String())
	}
}
