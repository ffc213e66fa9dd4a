package override

import (
	"math/rand/v2"
	"testing"
)

// TestTerritory holds the arithmetic of spans to a file of which every line is
// kept by itself.
func TestTerritory(t *testing.T) {
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 1))
		file := make([]bool, 5+r.IntN(30)) // whether the line is the agent's
		merge := File{Path: "f"}
		for i := 0; i < len(file); i++ {
			if n := 1 + r.IntN(4); r.IntN(3) == 0 && i+n <= len(file) {
				merge.Hunks = append(merge.Hunks, Hunk{New: i + 1, Added: n})
				for range n {
					file[i] = true
					i++
				}
			}
		}
		lines := landed([]File{merge})
		for commit := range 4 {
			hunks, after, want := randomHunks(r, file)
			if got := lines.apply([]File{{Path: "f", Hunks: hunks}}); got != want {
				t.Fatalf("seed %d, commit %d: %d lines gone, want %d (%+v)", seed, commit, got, want, hunks)
			}
			file = after
			check(t, seed, lines["f"], file)
		}
	}
}

func randomHunks(r *rand.Rand, file []bool) (hunks []Hunk, after []bool, gone int) {
	for i := 0; i < len(file); {
		if r.IntN(4) > 0 {
			after = append(after, file[i])
			i++
			continue
		}
		h := Hunk{Old: i + 1, Removed: r.IntN(min(4, len(file)-i+1)), New: len(after) + 1, Added: r.IntN(4)}
		if h.Removed+h.Added == 0 {
			continue
		}
		for range h.Removed {
			if file[i] {
				gone++
			}
			i++
		}
		after = append(after, make([]bool, h.Added)...)
		if h.Removed == 0 {
			h.Old--
		}
		if h.Added == 0 {
			h.New--
		}
		hunks = append(hunks, h)
		if i < len(file) { // hunks do not touch
			after = append(after, file[i])
			i++
		}
	}
	return hunks, after, gone
}

func check(t *testing.T, seed uint64, spans []span, file []bool) {
	t.Helper()
	got := make([]bool, len(file))
	for _, s := range spans {
		for i := s.from; i < s.to; i++ {
			if i < 1 || i > len(file) || got[i-1] {
				t.Fatalf("seed %d: line %d of %d in %v", seed, i, len(file), spans)
			}
			got[i-1] = true
		}
	}
	for i := range file {
		if got[i] != file[i] {
			t.Fatalf("seed %d: line %d is %v, want %v", seed, i+1, got[i], file[i])
		}
	}
}
