package stat

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"
)

// near reports an error if got and want differ by more than a relative 1e-8 (or
// 1e-8 where want is 0).
func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	scale := math.Abs(want)
	if scale == 0 {
		scale = 1
	}
	if !(math.Abs(got-want) <= 1e-8*scale) {
		t.Errorf("%s = %.12g, want %.12g", what, got, want)
	}
}

func nearEstimate(t *testing.T, what string, got, want Estimate) {
	t.Helper()
	near(t, what+" value", got.Value, want.Value)
	near(t, what+" low", got.Low, want.Low)
	near(t, what+" high", got.High, want.High)
}

// noise returns n independent standard normal values.
func noise(r *rand.Rand, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = r.NormFloat64()
	}
	return out
}

func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

func TestExp(t *testing.T) {
	nearEstimate(t, "Exp", Estimate{Value: math.Log(1.3), Low: 0, High: math.Log(2)}.Exp(), Estimate{Value: 1.3, Low: 1, High: 2})
	nearEstimate(t, "Exp", Estimate{Value: 0, Low: -2000, High: 2000}.Exp(), Estimate{Value: 1, Low: 0, High: math.MaxFloat64})
}

func TestDistributions(t *testing.T) {
	// Abramowitz and Stegun, tables 26.8 (6 degrees of freedom at 0.01 and 0.001), 26.10
	// (Student's t with 10 at 0.05) and 26.5.
	for chi, want := range map[float64]float64{16.8119: 0.01, 22.4577: 0.001} {
		if got := ChiSquared(chi, 6); math.Abs(got-want) > 1e-6 {
			t.Errorf("ChiSquared(%v) = %v, want %v", chi, got, want)
		}
	}
	if got := Student(2.228, 10); math.Abs(got-0.05) > 1e-4 {
		t.Errorf("Student = %v", got)
	}
	if got := Normal(0.025); math.Abs(got-1.959964) > 1e-6 {
		t.Errorf("Normal = %v", got)
	}
	for _, bad := range []float64{0, 1, -1, math.NaN()} {
		if got := Normal(bad); got != 0 {
			t.Errorf("Normal(%v) = %v", bad, got)
		}
	}
	for _, none := range []float64{ChiSquared(math.NaN(), 6), ChiSquared(-1, 6), ChiSquared(1, 0), Student(1, 0), Student(math.Inf(1), 3)} {
		if none != 1 {
			t.Errorf("a p-value of nothing is %v", none)
		}
	}
}

// FuzzFinite hands any floats to every function: what is said to be a verdict has
// no NaN and no infinity, its interval holds its value, and a p-value is a probability.
func FuzzFinite(f *testing.F) {
	seed := func(level float64, xs ...float64) {
		var data []byte
		for _, x := range xs {
			data = binary.LittleEndian.AppendUint64(data, math.Float64bits(x))
		}
		f.Add(level, data)
	}
	inf := math.Inf(1)
	seed(0.95)
	seed(0.95, 1)
	seed(0.95, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2)
	seed(0.95, math.NaN(), inf, -inf, 0, math.Copysign(0, -1), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
	seed(0.95, math.MaxFloat64, -math.MaxFloat64, 1e-320, 5e-324, 1e308, 1, 0, 1, 2, 1, 2, 1, 2, 1, 2)
	seed(1-1e-16, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14)
	seed(5e-324, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14)
	seed(5e-324, 2.61773395118493e-310, 3.1e-322, 3.1e-322)
	seed(math.NaN(), 1, 2, 3, 4, 5, 6, 7, 8)
	f.Fuzz(func(t *testing.T, level float64, data []byte) {
		var xs []float64
		for len(data) >= 8 && len(xs) < 100 {
			xs = append(xs, math.Float64frombits(binary.LittleEndian.Uint64(data)))
			data = data[8:]
		}
		checkSamples(t, xs, level)
		checkSeries(t, xs, level)
		checkCounts(t, xs, level)
	})
}

func checkSamples(t *testing.T, xs []float64, level float64) {
	a, b := xs[:len(xs)/3], xs[len(xs)/3:]
	verdict := func(what string, e Estimate, ok bool) {
		t.Helper()
		if ok && !(e.finite() && e.Low <= e.Value && e.Value <= e.High) {
			t.Errorf("%s of %v is %+v", what, xs, e)
		}
	}
	q, ok := Quantile(sorted(xs), level)
	verdict("Quantile", Estimate{q, q, q}, ok)
	e, ok := sketchOf(xs).Median(level)
	verdict("Median", e, ok)
	e, ok = HodgesLehmann(a, b, level)
	verdict("HodgesLehmann", e, ok)
	verdict("Exp", e.Exp(), ok)
	p, ok := MannWhitney(a, b)
	probability(t, "MannWhitney", p, ok)
	e, ok = TheilSen(a, b, level)
	verdict("TheilSen", e, ok)
	for _, q := range BenjaminiHochberg(xs) {
		probability(t, "BenjaminiHochberg", q, true)
	}
}

func checkSeries(t *testing.T, xs []float64, level float64) {
	if e, ok := CUSUM(xs, 1); ok && !(finite(e.RunLength) && e.Height > 0 && e.Since < len(xs)) {
		t.Errorf("CUSUM is %+v", e)
	}
	if tail, ok := NewTail(sorted(xs)); ok {
		probability(t, "Tail", tail.P(level), true)
		probability(t, "Tail", tail.AtLeastNormal().P(xs[0]), !math.IsNaN(xs[0]))
	}
	var delays []Delay
	for i := 1; i < len(xs); i++ {
		delays = append(delays, Delay{Took: xs[i-1], Limit: xs[i]})
	}
	for _, x := range xs {
		probability(t, "Delays", NewDelays(delays).UpTo(x), true)
	}
	probability(t, "ChiSquared", ChiSquared(level, 6), true)
	probability(t, "Student", Student(level, 6), true)
}

func checkCounts(t *testing.T, xs []float64, level float64) {
	var days []Proportion
	for _, x := range xs {
		bits := math.Float64bits(x)
		days = append(days, Proportion{Hits: int(int16(bits)), Total: int(int32(bits >> 16))})
	}
	for i, d := range days {
		for _, interval := range []func(float64) (Estimate, bool){d.Wilson, d.Exact} {
			if e, ok := interval(level); ok && !(e.Low >= 0 && e.Low <= e.Value && e.Value <= e.High && e.High <= 1) {
				t.Errorf("the interval of %+v is %+v", d, e)
			}
		}
		p, ok := TwoProportions(d, days[0])
		probability(t, "TwoProportions", p, ok)
		if i < 5 {
			p, ok = Fisher(d, days[0])
			probability(t, "Fisher", p, ok)
			p, ok = FisherMidP(d, days[0])
			probability(t, "FisherMidP", p, ok)
		}
	}
}

func probability(t *testing.T, what string, p float64, ok bool) {
	t.Helper()
	if ok && !(p >= 0 && p <= 1) {
		t.Errorf("%s: p = %v", what, p)
	}
}
