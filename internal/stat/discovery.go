package stat

import (
	"cmp"
	"slices"
)

// BenjaminiHochberg returns the q-value of each p-value, in their order. Whoever
// reports all tests with a q-value of at most 0.05 reports, on average, at most
// 5 % that are none: Benjamini and Hochberg, Controlling the False Discovery Rate
// (1995); R's p.adjust. The tests must be independent or depend on each other in
// one direction only. A value that is no probability counts for no test; its
// q-value is 1.
func BenjaminiHochberg(ps []float64) []float64 {
	qs := make([]float64, len(ps))
	var tests []int
	for i, p := range ps {
		qs[i] = 1
		if p >= 0 && p <= 1 {
			tests = append(tests, i)
		}
	}
	slices.SortFunc(tests, func(i, j int) int { return cmp.Compare(ps[i], ps[j]) })
	least := 1.0
	for rank := len(tests); rank > 0; rank-- {
		i := tests[rank-1]
		least = min(least, ps[i]*float64(len(tests))/float64(rank))
		qs[i] = least
	}
	return qs
}
