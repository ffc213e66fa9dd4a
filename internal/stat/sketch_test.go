package stat

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"
)

func TestAmount(t *testing.T) {
	for _, x := range []float64{1e-9, 0.0004, 0.31, 1, 7, 184_000, 1e12} {
		got := AmountOf(x)
		if !got.Known() || !got.Positive() || math.Abs(got.Value()/x-1) > 0.00502 || math.Abs(got.Log()-math.Log(x)) > 0.005001 {
			t.Errorf("%v is %v", x, got.Value())
		}
	}
	if a := AmountOf(0); !a.Known() || a.Positive() || a.Value() != 0 {
		t.Errorf("0 is %v", a)
	}
	for _, x := range []float64{-1, math.NaN(), math.Inf(1), math.Inf(-1)} {
		if a := AmountOf(x); a.Known() || a.Value() != 0 {
			t.Errorf("%v is %v", x, a)
		}
	}
	if a := AmountOf(math.MaxFloat64); a != AmountMax {
		t.Errorf("the largest is %v", a)
	}
}

func sketchOf(xs []float64) *Sketch {
	s := &Sketch{}
	for _, x := range xs {
		s.Add(AmountOf(x))
	}
	return s
}

func TestSketch(t *testing.T) {
	s := sketchOf([]float64{5, 0, 1, 2, math.NaN(), 3, 4})
	if s.Count() != 6 {
		t.Errorf("Count = %d", s.Count())
	}
	for q, want := range map[float64]float64{0: 0, 0.2: 1, 0.5: 2, 0.9: 4, 1: 5} {
		if got := s.Quantile(q).Value(); math.Abs(got-want) > 0.00502*want {
			t.Errorf("Quantile(%v) = %v, want %v", q, got, want)
		}
	}
	for _, q := range []float64{-1, 2, math.NaN()} {
		if got := s.Quantile(q); got.Known() {
			t.Errorf("there is a quantile %v: %v", q, got)
		}
	}
	if s.Clear(); s.Count() != 0 || s.Quantile(0.5).Known() {
		t.Error("not cleared")
	}
	if s.Add(AmountOf(7)); s.Quantile(0) != AmountOf(7) || s.Quantile(1) != AmountOf(7) {
		t.Errorf("after that: %v", s.Quantile(0))
	}
}

func TestSketchMedian(t *testing.T) {
	// Of 1 to 20 the interval at 0.95 is that of ranks 6 and 15 (Conover, table A3).
	got, ok := sketchOf(ranks(20)).Median(0.95)
	if !ok || got.Value != AmountOf(10).Value() || got.Low != AmountOf(6).Value() || got.High != AmountOf(15).Value() {
		t.Errorf("Median = %+v, %v", got, ok)
	}
	if _, ok := sketchOf(ranks(5)).Median(0.95); ok {
		t.Error("five amounts have an interval")
	}
	for _, level := range []float64{0, 1, math.NaN()} {
		if _, ok := sketchOf(ranks(20)).Median(level); ok {
			t.Errorf("the level %v has an interval", level)
		}
	}
}

// The interval holds the true median as often as it says.
func TestSketchMedianCovers(t *testing.T) {
	r, holds := seeded(11), 0
	for range 400 {
		xs := noise(r, 31)
		for i, x := range xs {
			xs[i] = math.Exp(x)
		}
		if e, ok := sketchOf(xs).Median(0.95); ok && e.Low <= 1 && e.High >= 1 {
			holds++
		}
	}
	if holds < 370 { // 380 expected at least
		t.Errorf("%d of 400 intervals hold the median", holds)
	}
}

// FuzzSketch checks that sketches of parts merge into that of the whole, and that a
// quantile is within the error of the sample's.
func FuzzSketch(f *testing.F) {
	f.Add(uint8(2), []byte("12345678abcdefgh87654321"))
	f.Fuzz(func(t *testing.T, cut uint8, data []byte) {
		var xs []float64
		for len(data) >= 2 && len(xs) < 500 {
			xs = append(xs, AmountOf(float64(binary.LittleEndian.Uint16(data))).Value())
			data = data[2:]
		}
		at := min(int(cut), len(xs))
		whole, parts := sketchOf(xs), sketchOf(xs[:at])
		parts.Merge(sketchOf(xs[at:]))
		if whole.Count() != parts.Count() || whole.least != parts.least || whole.most != parts.most || !slices.Equal(whole.count, parts.count) {
			t.Fatal("the parts are not the whole")
		}
		slices.Sort(xs)
		for _, q := range []float64{0, 0.1, 0.5, 0.99, 1} {
			if len(xs) == 0 {
				break
			}
			want := xs[int(q*float64(len(xs)-1))]
			if got := whole.Quantile(q).Value(); math.Abs(got-want) > 0.00502*want {
				t.Errorf("Quantile(%v) = %v, want %v", q, got, want)
			}
		}
	})
}

func BenchmarkSketchMerge(b *testing.B) {
	part := sketchOf(noise(seeded(1), 1000))
	var all Sketch
	for b.Loop() {
		all.Merge(part)
	}
}
