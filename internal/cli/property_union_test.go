package cli

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestOrderOfPaths gives the files of each scenario, and all fixtures at once, in
// several orders. The output is the same to the byte.
func TestOrderOfPaths(t *testing.T) {
	sets := map[string][]part{"fixtures": filesUnder(t, fixtures)}
	for _, p := range recorded(t) {
		cli, rest, _ := strings.Cut(p.short(), "/")
		scenario, _, _ := strings.Cut(rest, "/")
		sets[cli+"/"+scenario] = append(sets[cli+"/"+scenario], p)
	}
	x := newReduction(t)
	random := rand.New(rand.NewPCG(1, 2))
	for name, parts := range sets {
		t.Run(name, func(t *testing.T) {
			want := figuresOf(t, x.runs(t, nil, parts...))
			for range 3 {
				shuffled := slices.Clone(parts)
				random.Shuffle(len(parts), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
				if got := figuresOf(t, x.runs(t, nil, shuffled...)); got != want {
					t.Fatalf("another order of reading: %s", firstDifference(want, got))
				}
			}
		})
	}
}
