package trend

import "github.com/andon-ci/andon/internal/stat"

// few is below how many cases a rate says little.
const few = 20

// level is that of all intervals.
const level = 0.95

// spread returns the quantiles of what was counted, nil for nothing.
func spread(s *stat.Sketch) *Spread {
	if s.Count() == 0 {
		return nil
	}
	out := &Spread{N: s.Count(), P50: s.Quantile(0.5).Value(), P90: s.Quantile(0.9).Value(), P99: s.Quantile(0.99).Value()}
	if e, ok := s.Median(level); ok {
		out.Low, out.High = &e.Low, &e.High
	}
	return out
}

// interval returns a rate with its interval: of few cases the one that never holds the
// true rate less often than it says, else the one that does so on average.
func interval(hits, of int) (stat.Estimate, bool) {
	p := stat.Proportion{Hits: hits, Total: of}
	if of < few {
		return p.Exact(level)
	}
	return p.Wilson(level)
}

// rate returns a share with its interval, nil for one of nothing. More hits than
// cases, which a line may claim, are no share.
func rate(hits, of int64) *Rate {
	if hits < 0 || of <= 0 || hits > of {
		return nil
	}
	e, ok := interval(int(hits), int(of))
	if !ok {
		return nil
	}
	return &Rate{Count: hits, Of: of, Value: e.Value, Low: e.Low, High: e.High, Few: of < few}
}
