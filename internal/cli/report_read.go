package cli

import (
	"context"

	"github.com/andon-ci/andon/internal/history"
	"github.com/andon-ci/andon/internal/trend"
)

// reportWindow is the days that are reported on, both among them.
type reportWindow struct{ from, to history.Day }

func judge(context.Context, history.Store, reportWindow, *ownership) (*trend.Report, error) {
	return &trend.Report{}, nil
}
