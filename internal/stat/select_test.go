package stat

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestPlace holds every rank to that of sorted values, of shapes that partitions
// find hard.
func TestPlace(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	shapes := map[string]func(i, n int) float64{
		"random":     func(int, int) float64 { return rng.NormFloat64() },
		"few values": func(int, int) float64 { return float64(rng.IntN(3)) },
		"one value":  func(int, int) float64 { return 7 },
		"ascending":  func(i, _ int) float64 { return float64(i) },
		"descending": func(i, _ int) float64 { return float64(-i) },
		"an organ":   func(i, n int) float64 { return float64(min(i, n-i)) },
		"one is far": func(i, n int) float64 { return float64(i / (n - 1)) },
	}
	for name, shape := range shapes {
		for _, n := range []int{2, 3, 12, 13, 14, 50, 1001} {
			xs := make([]float64, n)
			for i := range xs {
				xs[i] = shape(i, n)
			}
			sorted := slices.Sorted(slices.Values(xs))
			want, _ := Quantile(sorted, 0.5)
			if got, ok := Median(slices.Clone(xs)); got != want || !ok {
				t.Fatalf("%s, median of %d values: %v, want %v", name, n, got, want)
			}
			for i := 0; i < n; i += max(1, n/50) {
				ys := slices.Clone(xs)
				place(ys, i)
				if ys[i] != sorted[i] || i > 0 && slices.Max(ys[:i]) > ys[i] || slices.Min(ys[i:]) < ys[i] {
					t.Fatalf("%s, %d values, rank %d: %v, want %v", name, n, i, ys[i], sorted[i])
				}
				if slices.Sort(ys); !slices.Equal(ys, sorted) {
					t.Fatalf("%s, %d values, rank %d: others than before", name, n, i)
				}
			}
		}
	}
}
