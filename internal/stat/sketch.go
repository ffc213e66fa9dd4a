package stat

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
)

// sketchError is by how much a quantile of a sketch may be off, relative to the value.
const sketchError = 0.01

// The values between which a sketch keeps the relative error: what is smaller
// counts as 0, what is larger as the largest. In seconds, dollars or tokens that is
// beyond all there is, and it bounds the buckets to about 2400.
const (
	sketchMin = 1e-9
	sketchMax = 1e12
)

// bucketMax is the largest count of a bucket: all buckets together stay below 2^53,
// the largest integer that JSON readers agree on.
const bucketMax = 1 << 40

// Sketch is the distribution of values that are not negative, in counts of
// logarithmic buckets, from which any quantile can be told within 1 %. Sketches of
// parts merge into exactly the sketch of the whole, in any order. The zero value is
// the sketch of nothing. A copy shares its counts: to go on with two, merge into a
// new one.
//
// This is DDSketch with a fixed error and no limit on the buckets (which the range
// has): Masson, Rim and Lee, DDSketch (2019). Bucket i holds the values above
// γ^(i-1) up to γ^i, with γ = 1.01/0.99.
//
// In JSON it is {"zero":2,"buckets":[230,5,1,2]}: two zeros, then pairs of how far a
// bucket lies above the one before (the first: above 0) and its count; here 5 values
// in bucket 230 and 2 in bucket 231.
type Sketch struct {
	zero    int64
	buckets []bucket // ascending, without empty ones
}

type bucket struct {
	index int
	count int64
}

// Add counts a value. One that is negative, NaN or infinite is not counted, and Add
// returns false.
func (s *Sketch) Add(x float64) bool {
	if !(x >= 0) || !finite(x) {
		return false
	}
	if x < sketchMin {
		s.zero = min(s.zero+1, bucketMax)
		return true
	}
	s.add(0, bucket{index: index(min(x, sketchMax)), count: 1})
	return true
}

func logGamma() float64 { return math.Log((1 + sketchError) / (1 - sketchError)) }

func index(x float64) int { return int(math.Ceil(math.Log(x) / logGamma())) }

// value returns the middle of a bucket, which is sketchError away from both its ends.
func (b bucket) value() float64 { return math.Exp(float64(b.index)*logGamma()) * (1 - sketchError) }

// add counts into a bucket that is not below the one at place from, and returns its place.
func (s *Sketch) add(from int, b bucket) int {
	i, found := slices.BinarySearchFunc(s.buckets[from:], b, func(x, y bucket) int { return cmp.Compare(x.index, y.index) })
	i += from
	if found {
		s.buckets[i].count = min(s.buckets[i].count+b.count, bucketMax)
	} else {
		s.buckets = slices.Insert(s.buckets, i, b)
	}
	return i
}

// Merge counts all that other has counted. Other keeps its own.
func (s *Sketch) Merge(other Sketch) {
	s.zero = min(s.zero+other.zero, bucketMax)
	place := 0
	for _, b := range other.buckets {
		place = s.add(place, b)
	}
}

// Count returns how many values are in the sketch.
func (s Sketch) Count() int64 {
	n := s.zero
	for _, b := range s.buckets {
		n += b.count
	}
	return n
}

// Quantile returns a value within 1 % of the q-quantile, for q from 0 to 1: of the
// value with the rank 1 + q (n - 1), rounded down. It is false for the sketch of
// nothing and for another q.
func (s Sketch) Quantile(q float64) (float64, bool) {
	n := s.Count()
	if n == 0 || !(q >= 0 && q <= 1) {
		return 0, false
	}
	left := int64(q*float64(n-1)) - s.zero
	if left < 0 {
		return 0, true
	}
	for _, b := range s.buckets {
		if left < b.count {
			return b.value(), true
		}
		left -= b.count
	}
	return s.buckets[len(s.buckets)-1].value(), true
}

// sketchJSON is a sketch as it is written.
type sketchJSON struct {
	Zero    int64   `json:"zero,omitempty"`
	Buckets []int64 `json:"buckets,omitempty"`
}

// MarshalJSON writes the form that Sketch describes.
func (s Sketch) MarshalJSON() ([]byte, error) {
	out := sketchJSON{Zero: s.zero, Buckets: make([]int64, 0, 2*len(s.buckets))}
	last := 0
	for _, b := range s.buckets {
		out.Buckets = append(out.Buckets, int64(b.index-last), b.count)
		last = b.index
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON writes, and nothing else: it fails for counts
// and buckets that no values could have made.
func (s *Sketch) UnmarshalJSON(data []byte) error {
	var in sketchJSON
	if err := json.Unmarshal(data, &in); err != nil {
		return fmt.Errorf("reading a sketch: %w", err)
	}
	if in.Zero < 0 || in.Zero > bucketMax || len(in.Buckets)%2 != 0 {
		return fmt.Errorf("reading a sketch: %d zeros, %d numbers for buckets", in.Zero, len(in.Buckets))
	}
	least, most := int64(index(sketchMin)), int64(index(sketchMax))
	if len(in.Buckets)/2 > int(most-least+1) {
		return fmt.Errorf("reading a sketch: more than %d buckets", most-least+1)
	}
	out := Sketch{zero: in.Zero, buckets: make([]bucket, 0, len(in.Buckets)/2)}
	last := int64(0)
	for i := 0; i < len(in.Buckets); i += 2 {
		step, count := in.Buckets[i], in.Buckets[i+1]
		if i > 0 && step < 1 || step < least-last || step > most-last || count < 1 || count > bucketMax {
			return fmt.Errorf("reading a sketch: bucket %d has step %d and count %d", i/2, step, count)
		}
		last += step
		out.buckets = append(out.buckets, bucket{index: int(last), count: count})
	}
	*s = out
	return nil
}
