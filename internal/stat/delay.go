package stat

import (
	"cmp"
	"slices"
	"sort"
)

// Delay is how long something took that has happened.
type Delay struct {
	Took  float64
	Limit float64 // what it could have taken and still be known: the time from its begin until now
}

// Delays is the distribution of delays, as far as it can be told from those that
// are over.
type Delays struct {
	took []float64 // ascending, each once
	upTo []float64 // of each, which share of all delays are as long at most
}

// NewDelays estimates the distribution of delays of which only those are known that
// are over: of what began lately the short ones. A delay counts for those as long as
// it at most that would have been seen at any of them: Lynden-Bell, A Method of
// Allowing for Known Observational Selection in Small Samples Applied to 3CR Quasars
// (Monthly Notices of the Royal Astronomical Society 155, 1971); the estimator for
// samples that are truncated on the right of Lagakos, Barraj and De Gruttola,
// Nonparametric Analysis of Truncated Survival Data (1988); Klein and Moeschberger,
// Survival Analysis, section 5.3.
//
// The distribution is that of delays up to the longest. A delay that is not finite,
// negative, or above its limit is left out.
func NewDelays(all []Delay) Delays {
	known := slices.DeleteFunc(slices.Clone(all), func(d Delay) bool { return !(d.Took >= 0 && d.Took <= d.Limit) || !finite(d.Limit) })
	slices.SortFunc(known, func(a, b Delay) int { return cmp.Compare(a.Took, b.Took) })
	limits := make([]float64, len(known))
	for i, d := range known {
		limits[i] = d.Limit
	}
	slices.Sort(limits)
	var d Delays
	share := 1.0
	for end := len(known); end > 0; {
		took := known[end-1].Took
		begin := end
		for begin > 0 && known[begin-1].Took == took {
			begin--
		}
		d.took, d.upTo = append(d.took, took), append(d.upTo, share)
		// Those that took no longer, less those of them that were cut off before: a
		// limit is never below what was taken, so that the longer ones are not among these.
		cutOff := sort.SearchFloat64s(limits, took)
		share *= 1 - float64(end-begin)/float64(end-cutOff)
		end = begin
	}
	slices.Reverse(d.took)
	slices.Reverse(d.upTo)
	return d
}

// UpTo returns the share of all delays that are as long at most, from 0 to 1. It is 1
// where no delay is known.
func (d Delays) UpTo(t float64) float64 {
	n := len(d.took)
	if n == 0 || t >= d.took[n-1] {
		return 1
	}
	i := sort.Search(n, func(i int) bool { return d.took[i] > t })
	if i == 0 {
		return 0
	}
	return d.upTo[i-1]
}
