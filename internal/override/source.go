package override

import (
	"context"
	"iter"
	"time"
)

// Source yields the histories of the changes that something happened to since a
// moment, in any order. An error beside a history says that it is not whole, as
// its Missing does; one without a history, that a change could not be read.
type Source interface {
	Histories(ctx context.Context, since time.Time) iter.Seq2[*History, error]
}
