package stat

import "math"

// Alarm is where a sequence has left its centre.
type Alarm struct {
	At    int  // the index of the observation that raised it
	Since int  // the index of the first observation that counts towards it: the likely begin
	Up    bool // whether the sequence moved up
}

// CUSUM returns the first alarm of a two-sided cumulative sum chart over
// standardised observations, which have mean 0 and standard deviation 1 while
// nothing is wrong: Page, Continuous Inspection Schemes (1954); Montgomery,
// Introduction to Statistical Quality Control (6th edition), section 9.1.
//
// shift is the smallest lasting shift to find soon, in standard deviations, from
// 0.1 to 4; each sum lets half of it pass. runLength is after how many
// observations a sequence without a shift raises a false alarm on average, from 2
// to a thousand million; the limit of the sums follows from both by Siegmund's
// approximation, which is within 5 % of the exact run length for shifts up to 1 and
// within 10 % up to 4. The run length is shorter where the observations depend on
// each other, have a long upper tail (rates with few hits), or are standardised by
// what was estimated from few.
//
// It is false where there is no alarm, and for another shift or run length. A NaN
// or infinite observation is a day without one. To go on after an alarm, hand over
// what follows it.
func CUSUM(zs []float64, shift, runLength float64) (Alarm, bool) {
	if !(shift >= 0.1 && shift <= 4 && runLength >= 2 && runLength <= 1e9) {
		return Alarm{}, false
	}
	limit := cusumLimit(shift/2, runLength)
	up, down := sum{}, sum{}
	for i, z := range zs {
		if !finite(z) {
			continue
		}
		up.add(i, z-shift/2)
		down.add(i, -z-shift/2)
		switch {
		case up.value > limit:
			return Alarm{At: i, Since: up.since, Up: true}, true
		case down.value > limit:
			return Alarm{At: i, Since: down.since}, true
		}
	}
	return Alarm{}, false
}

// sum is one side of a chart: a sum that does not fall below 0, and where it last
// left it.
type sum struct {
	value float64
	since int
}

func (s *sum) add(i int, x float64) {
	if s.value == 0 {
		s.since = i
	}
	s.value = max(0, s.value+x)
}

// cusumLimit returns the limit h at which both sums together, each of which lets k
// pass, have a run length. Siegmund, Sequential Analysis (1985), has for one of
// them (exp(2kb) - 2kb - 1) / 2k² with b = h + 1.166, and for two of them half.
func cusumLimit(k, runLength float64) float64 {
	// b = ln(1 + 2kb + 4k²·runLength) / 2k contracts, from any start.
	b := 1.0
	for range 200 {
		b = math.Log(1+2*k*b+4*k*k*runLength) / (2 * k)
	}
	return max(0, b-1.166)
}
