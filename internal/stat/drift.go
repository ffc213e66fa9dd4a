package stat

import "math"

// Excursion is how far a sequence has left its centre by its end.
type Excursion struct {
	Since     int     // the index of the first observation that counts towards it: the likely begin
	Up        bool    // whether the sequence moved up
	Height    float64 // of the sum, in standard deviations
	RunLength float64 // after how many observations a sequence without a shift has a sum as high, on average
}

// CUSUM returns where the higher of both sums of a two-sided cumulative sum chart ends,
// over standardised observations, which have mean 0 and standard deviation 1 while
// nothing is wrong: Page, Continuous Inspection Schemes (1954); Montgomery,
// Introduction to Statistical Quality Control (6th edition), section 9.1.
//
// shift is the smallest lasting shift to find soon, in standard deviations, from
// 0.1 to 4; each sum lets half of it pass. The run length is that of a chart with the
// height for its limit, by Siegmund's approximation, which is within 5 % of the exact
// one for shifts up to 1 and within 10 % up to 4; it is shorter where the observations
// depend on each other or have a long upper tail. So n days, on each of which somebody
// looks, have a sum as high with a probability of at most about n / RunLength.
//
// It is false where both sums end at 0, and for another shift. A NaN or infinite
// observation is a day without one.
func CUSUM(zs []float64, shift float64) (Excursion, bool) {
	if !(shift >= 0.1 && shift <= 4) {
		return Excursion{}, false
	}
	var up, down sum
	for i, z := range zs {
		if finite(z) {
			up.add(i, z-shift/2)
			down.add(i, -z-shift/2)
		}
	}
	x := Excursion{Since: up.since, Up: true, Height: up.value}
	if down.value > up.value {
		x = Excursion{Since: down.since, Height: down.value}
	}
	x.RunLength = runLength(shift/2, x.Height)
	return x, x.Height > 0 && finite(x.RunLength)
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

// runLength returns that of both sums together, each of which lets k pass, up to a
// limit h. Siegmund, Sequential Analysis (1985), has for one of them
// (exp(2kb) - 2kb - 1) / 2k² with b = h + 1.166, and for two of them half.
func runLength(k, h float64) float64 {
	x := 2 * k * (h + 1.166)
	return min((exp(x)-x-1)/(4*k*k), math.MaxFloat64)
}
