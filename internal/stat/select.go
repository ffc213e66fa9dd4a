package stat

import (
	"math/bits"
	"slices"
)

// Median returns the median of values without NaN, as Quantile does, and false of
// none. It puts them in another order: the smaller half, then the larger one.
func Median(xs []float64) (float64, bool) {
	if len(xs) > 1 {
		place(xs, (len(xs)-1)/2)
		place(xs[(len(xs)+1)/2:], 0)
	}
	return Quantile(xs, 0.5)
}

// place puts the value with the rank i, from 0, in its place: none before it is
// larger, and none after it smaller. There is no NaN among the values.
//
// This is Hoare's algorithm (Find, Communications of the ACM 4, 1961), with the
// median of three as the pivot: about three looks at each value, where sorting takes
// the logarithm of their number. After more rounds than values in no special order
// need it sorts what is left, so that nobody can make it quadratic.
func place(xs []float64, i int) {
	from, to := 0, len(xs) // where the rank is
	for rounds := 4 * bits.Len(uint(len(xs))); to-from > 12; rounds-- {
		if rounds == 0 {
			break
		}
		split := partition(xs[from:to]) + from
		if i < split {
			to = split
		} else {
			from = split
		}
	}
	slices.Sort(xs[from:to])
}

// partition puts small values before large ones, and returns where the large ones
// begin: neither at the start nor at the end.
func partition(xs []float64) int {
	first, mid, last := xs[0], xs[len(xs)/2], xs[len(xs)-1]
	pivot := max(min(first, mid), min(max(first, mid), last))
	i, j := 0, len(xs)-1
	for {
		for xs[i] < pivot {
			i++
		}
		for xs[j] > pivot {
			j--
		}
		if i >= j {
			return max(i, 1)
		}
		xs[i], xs[j] = xs[j], xs[i]
		i++
		j--
	}
}
