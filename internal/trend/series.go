package trend

import (
	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/stat"
)

// series is one measure of a role over the days of the past.
type series struct {
	stat.Series
	measure measure
	detail  string // of which decision it is the rate
	tests   float64
}

// measure is what a series is of.
type measure string

const (
	ofCost     measure = "cost"
	ofLatency  measure = "latency"
	ofErrors   measure = "error-rate"
	ofDecision measure = "decision-rate"
	ofOverride measure = "override-rate"
)

// shift is where a series passes from one level to another.
type shift struct {
	stat.Shift
	series *series
	event  *event // that explains it, nil for none
	shows  []finding.Evidence
	still  []*series // what the event did not move
	unsure bool      // it may be chance
}
