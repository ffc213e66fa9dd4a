package trend

import "math"

// size is an amount, such as a cost or a duration, on a scale of steps of 1 %,
// from about 1e-9 to 1e12: so a run's amounts take two bytes, and no amount is
// off by more than 0.5 %. 0 is one that was not measured.
type size uint16

const (
	sizeStep   = 0.01 // of the natural logarithm
	sizeOfZero = 1    // nothing at all, such as the cost of a run that made no call
	sizeOfOne  = 2500 // the size of 1
	sizeMax    = 5500
)

func sizeOf(x float64) size {
	switch {
	case !(x >= 0) || math.IsInf(x, 1):
		return 0
	case x == 0:
		return sizeOfZero
	}
	steps := math.Round(math.Log(x)/sizeStep) + sizeOfOne
	return size(min(max(steps, sizeOfZero+1), sizeMax))
}

// known reports whether the amount was measured.
func (s size) known() bool { return s > 0 }

// positive reports whether the amount has a logarithm.
func (s size) positive() bool { return s > sizeOfZero }

// log returns the natural logarithm of an amount that is positive.
func (s size) log() float64 { return (float64(s) - sizeOfOne) * sizeStep }

func (s size) value() float64 {
	if !s.positive() {
		return 0
	}
	return math.Exp(s.log())
}

// sizes counts amounts. Counts of parts add up to that of the whole.
type sizes struct {
	count       []int32 // by size; nil for none
	n           int64
	least, most size // of what was counted
}

func (s *sizes) add(x size) {
	if !x.known() || x > sizeMax {
		return
	}
	if s.count == nil {
		s.count = make([]int32, sizeMax+1)
	}
	if s.n == 0 {
		s.least, s.most = x, x
	}
	s.least, s.most = min(s.least, x), max(s.most, x)
	s.count[x]++
	s.n++
}

// spread returns the quantiles of what was counted, nil for nothing.
func (s *sizes) spread() *Spread {
	if s.n == 0 {
		return nil
	}
	return &Spread{N: s.n, P50: s.quantile(0.5).value(), P90: s.quantile(0.9).value(), P99: s.quantile(0.99).value()}
}

// clear forgets what was counted.
func (s *sizes) clear() {
	if s.n > 0 {
		clear(s.count[s.least : s.most+1])
		s.n = 0
	}
}

// quantile returns the amount with the rank 1 + q (n - 1), rounded down; 0 for none.
func (s *sizes) quantile(q float64) size {
	if s.n == 0 {
		return 0
	}
	left := int64(q * float64(s.n-1))
	x := s.least
	for ; x < s.most && left >= int64(s.count[x]); x++ {
		left -= int64(s.count[x])
	}
	return x
}
