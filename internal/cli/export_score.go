package cli

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/andon-ci/andon/internal/otlp/exporter"
)

// score sends what people did about runs to where backends keep judgements. It
// comes after the runs: Phoenix looks for what is judged.
func (e *export) score(ctx context.Context) {
	if len(e.scores) == 0 {
		return
	}
	var wg sync.WaitGroup
	for _, d := range e.ends {
		wg.Go(func() { d.scores, d.scored = d.Scores(ctx, e.scores) })
	}
	wg.Wait()
	e.forgive()
}

// forgive lets pass that an endpoint takes no scores, where another one took
// them.
func (e *export) forgive() {
	taken := 0
	for _, d := range e.ends {
		taken += d.scores
	}
	for _, d := range e.ends {
		if taken > 0 && errors.Is(d.scored, exporter.ErrNoScores) {
			d.scored = nil
		}
	}
}

// unscored says in one line which scores did not arrive, empty where all did.
// Where the runs did not arrive either, that says it.
func (d *destination) unscored() string {
	if d.scored == nil || errors.Is(d.err, d.scored) {
		return ""
	}
	return fmt.Sprintf("export of scores failed: %v", d.scored)
}
