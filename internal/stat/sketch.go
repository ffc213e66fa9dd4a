package stat

// Sketch is the distribution of amounts, in counts of each, from which any quantile can
// be told within 0.5 %. Sketches of parts merge into exactly the sketch of the whole,
// in any order. The zero value is the sketch of nothing; a copy shares its counts.
//
// This is DDSketch (Masson, Rim and Lee, DDSketch: A Fast and Fully-Mergeable Quantile
// Sketch with Relative-Error Guarantees, 2019) with buckets of a fixed width on the
// logarithm and no limit on them, which the range of Amount has.
type Sketch struct {
	count       []int32 // by amount; nil for none
	n           int64
	least, most Amount // of what was counted
}

// Add counts an amount, unless it was not measured.
func (s *Sketch) Add(a Amount) {
	if !a.Known() || a > AmountMax {
		return
	}
	s.reach(a, a)
	s.count[a]++
	s.n++
}

// reach makes room for amounts from a to b.
func (s *Sketch) reach(a, b Amount) {
	if s.count == nil {
		s.count = make([]int32, AmountMax+1)
	}
	if s.n == 0 {
		s.least, s.most = a, b
	}
	s.least, s.most = min(s.least, a), max(s.most, b)
}

// Merge counts all that other has counted.
func (s *Sketch) Merge(other *Sketch) {
	if other.n == 0 {
		return
	}
	s.reach(other.least, other.most)
	for a := other.least; a <= other.most; a++ {
		s.count[a] += other.count[a]
	}
	s.n += other.n
}

// Clear forgets what was counted.
func (s *Sketch) Clear() {
	if s.n > 0 {
		clear(s.count[s.least : s.most+1])
		s.n = 0
	}
}

// Count returns how many amounts were counted.
func (s *Sketch) Count() int64 { return s.n }

// Quantile returns the amount with the rank 1 + q (n - 1), rounded down, for q from 0
// to 1; 0 of none.
func (s *Sketch) Quantile(q float64) Amount {
	if s.n == 0 || !(q >= 0 && q <= 1) {
		return 0
	}
	return s.at(int64(q * float64(s.n-1)))
}

// at returns the amount above so many others.
func (s *Sketch) at(below int64) Amount {
	a := s.least
	for ; a < s.most && below >= int64(s.count[a]); a++ {
		below -= int64(s.count[a])
	}
	return a
}

// Median returns the median, and as its interval the narrowest symmetrical pair of
// amounts that holds the true median with at least the probability level, whatever the
// distribution: Conover, Practical Nonparametric Statistics (3rd edition), section 3.2.
// It is false where no pair does, as with fewer than 6 amounts at 0.95.
func (s *Sketch) Median(level float64) (Estimate, bool) {
	if !open(level) {
		return Estimate{}, false
	}
	rank := medianRank(s.n, level)
	if rank == 0 {
		return Estimate{}, false
	}
	return Estimate{Value: s.Quantile(0.5).Value(), Low: s.at(rank - 1).Value(), High: s.at(s.n - rank).Value()}, true
}
