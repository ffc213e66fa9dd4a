package stat

import (
	"math"
	"slices"
	"testing"
)

// nile is the flow of the Nile at Aswan from 1871 to 1970, in 10^8 m³ (R: Nile).
func nile() []float64 {
	return []float64{1120, 1160, 963, 1210, 1160, 1160, 813, 1230, 1370, 1140, 995, 935, 1110, 994, 1020, 960, 1180, 799, 958, 1140,
		1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774, 840, 874, 694, 940, 833, 701, 916, 692, 1020, 1050, 969,
		831, 726, 456, 824, 702, 1120, 1100, 832, 764, 821, 768, 845, 864, 862, 698, 845, 744, 796, 1040, 759,
		781, 865, 845, 944, 984, 897, 822, 1010, 771, 676, 649, 846, 812, 742, 801, 1040, 860, 874, 848, 890,
		744, 749, 838, 1050, 918, 986, 797, 923, 975, 815, 1020, 906, 901, 1170, 912, 746, 919, 718, 714, 740}
}

func TestMeanChanges(t *testing.T) {
	// One change, in 1899: Cobb, The Problem of the Nile (1978).
	got, ok := MeanChanges(nile(), 3, 0.05)
	if !ok || len(got) != 1 || got[0].From != 0 || got[0].At != 1899-1871 || got[0].To != 100 || got[0].P > 1e-6 {
		t.Errorf("the Nile changes at %+v, %v", got, ok)
	}
	flat := slices.Repeat([]float64{0.1}, 30)
	if got, ok := MeanChanges(flat, 1, 0.05); !ok || len(got) != 0 {
		t.Errorf("equal values change at %+v, %v", got, ok)
	}
	step := append(flat[:15:15], slices.Repeat([]float64{0.3}, 15)...)
	if got, ok := MeanChanges(step, 3, 0.05); !ok || len(got) != 1 || got[0].At != 15 {
		t.Errorf("the step changes at %+v, %v", got, ok)
	}
}

func TestNoChanges(t *testing.T) {
	huge := []float64{1e300, -1e300, 1e300, -1e300, 1, 2, 3}
	for name, xs := range map[string][]float64{"none": nil, "few": ranks(5), "NaN": append(ranks(9), math.NaN()), "huge": huge} {
		if _, ok := MeanChanges(xs, 2, 0.05); ok {
			t.Errorf("%s: a verdict", name)
		}
	}
	for _, bad := range []struct {
		shortest int
		alpha    float64
	}{{0, 0.05}, {6, 0.05}, {2, 0}, {2, 1}, {2, math.NaN()}, {math.MaxInt, 0.05}} {
		_, mean := MeanChanges(ranks(10), bad.shortest, bad.alpha)
		_, rate := RateChanges(make([]Proportion, 10), bad.shortest, bad.alpha)
		if mean || rate {
			t.Errorf("%+v: a verdict", bad)
		}
	}
	if _, ok := RateChanges([]Proportion{{}, {}, {}, {}, {}, {Hits: 2, Total: 1}}, 2, 0.05); ok {
		t.Error("more hits than cases: a verdict")
	}
}

func TestSegment(t *testing.T) {
	var xs []float64
	for i := range 80 {
		x := math.Sin(float64(i*i)) + float64(i/17)*0.9
		if i > 40 && i < 55 {
			x -= 2
		}
		xs = append(xs, x)
	}
	within := prefix(xs).within
	// ruptures 1.1 Pelt(model="l2", min_size=4, jump=1).predict(pen).
	for penalty, want := range map[float64][]int{
		0.3: {4, 8, 12, 17, 24, 33, 37, 41, 46, 51, 55, 62, 66, 71},
		1:   {17, 33, 41, 46, 51, 55, 62, 66, 71},
		2:   {17, 33, 41, 51, 55, 71},
	} {
		if got := segment(len(xs), 4, penalty, within); !slices.Equal(got, want) {
			t.Errorf("penalty %v: %v, want %v", penalty, got, want)
		}
	}
}

// What is left out as beaten must not have been needed: the division costs what the
// best of all does.
func TestSegmentIsOptimal(t *testing.T) {
	r := seeded(2)
	for range 200 {
		xs := noise(r, 6+r.IntN(30))
		shortest, penalty := 1+r.IntN(3), 3*r.Float64()
		within := prefix(xs).within
		if got, want := price(xs, segment(len(xs), shortest, penalty, within), penalty), cheapest(len(xs), shortest, penalty, within); got > want+1e-9 {
			t.Fatalf("a division of %v costs %v, the best %v", xs, got, want)
		}
	}
}

func price(xs []float64, borders []int, penalty float64) float64 {
	within := prefix(xs).within
	sum, from := -penalty, 0
	for _, to := range append(borders, len(xs)) {
		sum += within(from, to) + penalty
		from = to
	}
	return sum
}

// cheapest looks at all begins of the last part, of what is before it, and so on.
func cheapest(n, shortest int, penalty float64, cost func(i, j int) float64) float64 {
	best := make([]float64, n+1)
	for t := 1; t <= n; t++ {
		best[t] = math.Inf(1)
		for s := range t - shortest + 1 {
			before := best[s] + penalty
			if s == 0 {
				before = 0
			}
			best[t] = min(best[t], before+cost(s, t))
		}
	}
	return best[n]
}

// A series without a change has one with a probability of at most alpha, also where
// the expected hits are few.
func TestChangesOfQuietSeries(t *testing.T) {
	const series = 400
	r := seeded(4)
	for _, n := range []int{6, 14, 21, 90} {
		means, rates := 0, 0
		for range series {
			if got, ok := MeanChanges(noise(r, n), 3, 0.05); ok && len(got) > 0 {
				means++
			}
			days := make([]Proportion, n)
			for i := range days {
				days[i] = toss(r.Float64, 20, 0.05)
			}
			if got, ok := RateChanges(days, 3, 0.05); ok && len(got) > 0 {
				rates++
			}
		}
		// 20 expected; three standard deviations above are 33.
		if means > 33 || rates > 33 {
			t.Errorf("n = %d: %d changes of means and %d of rates in %d quiet series", n, means, rates, series)
		}
	}
}

func toss(random func() float64, cases int, rate float64) Proportion {
	p := Proportion{Total: cases}
	for range cases {
		if random() < rate {
			p.Hits++
		}
	}
	return p
}

// Errors that rise from 3 % to 15 % at 40 runs a day are found within 3 days, at the
// day or the one beside it.
func TestRateChanges(t *testing.T) {
	r, found, placed := seeded(6), 0, 0
	for range 200 {
		days := make([]Proportion, 33)
		for i := range days {
			days[i] = toss(r.Float64, 40, 0.03)
			if i >= 30 {
				days[i] = toss(r.Float64, 40, 0.15)
			}
		}
		days[10] = Proportion{}
		got, ok := RateChanges(days, 2, 0.05)
		if ok && len(got) > 0 {
			found++
			if last := got[len(got)-1]; last.At >= 29 && last.At <= 31 {
				placed++
			}
		}
	}
	if found < 190 || placed < 180 {
		t.Errorf("found %d of 200 rises, %d at their place", found, placed)
	}
}
