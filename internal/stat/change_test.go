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

// years returns a series of one level a year, all with the variance that their
// differences show (von Neumann, 1941).
func years(xs []float64) *Series {
	variance := 0.0
	for i := 1; i < len(xs); i++ {
		variance += (xs[i] - xs[i-1]) * (xs[i] - xs[i-1]) / float64(2*(len(xs)-1))
	}
	days := make([]Part, len(xs))
	for i, x := range xs {
		days[i] = Part{Runs: 20, Weight: 1 / variance, Sum: x / variance, Days: 1}
	}
	s := &Series{}
	s.Fill(days)
	return s
}

// rates returns a series of a rate.
func rates(days []Proportion) *Series {
	parts := make([]Part, len(days))
	for i, d := range days {
		parts[i] = Part{Runs: float64(d.Total), Hits: float64(d.Hits), Total: float64(d.Total), Days: min(d.Total, 1)}
	}
	s := &Series{Rates: true, Scale: 1}
	s.Fill(parts)
	return s
}

func TestScan(t *testing.T) {
	// One change, in 1899: Cobb, The Problem of the Nile (1978). There is none in the years
	// before it or after it.
	nile := years(nile())
	got, ok := nile.Scan(0, 100)
	if !ok || got.From != 1899-1871 || got.To != 100 || got.P > 1e-6 || got.Rises() {
		t.Errorf("the Nile changes at %+v, %v", got, ok)
	}
	near(t, "level before", got.Before.Mean(), 1097.75) // Cobb: 1098 and 850
	near(t, "level after", got.After.Mean(), 849.972222222222)
	for _, part := range [][2]int{{0, 28}, {28, 100}} {
		if got, ok := nile.Scan(part[0], part[1]); ok && got.P < 0.05 {
			t.Errorf("and at %+v", got)
		}
	}
	if at, ok := nile.At(0, 28, 100); !ok || at.Gain != got.Gain || at.P > got.P {
		t.Errorf("At = %+v, %v", at, ok)
	}
	if p, ok := nile.Alike(0, 28, 100); !ok || p > 1e-6 {
		t.Errorf("Alike = %v, %v", p, ok)
	}
}

func TestScanWithin(t *testing.T) {
	r := seeded(3)
	xs := noise(r, 60)
	for i := range 12 {
		xs[20+i] += 4
	}
	if got, ok := years(xs).Scan(0, 60); !ok || got.From != 20 || got.To != 32 || got.P > 1e-3 {
		t.Errorf("Scan = %+v, %v", got, ok)
	}
}

// A level of one day has a chance of an error as one of many days has, and all of
// them together have one.
func TestWeight(t *testing.T) {
	for _, due := range []int{0, 2, 3, 7} {
		s, sum := Series{Due: due}, 0.0
		for k := 1; k <= 20000; k++ {
			sum += s.weight(k, 20000)
		}
		if math.Abs(sum-1) > 0.001 {
			t.Errorf("due %d: the weights add up to %v", due, sum)
		}
	}
}

func TestNoScan(t *testing.T) {
	few, tiny := rates(slices.Repeat([]Proportion{{0, 5}}, 5)), years(ranks(4))
	other := rates(append(slices.Repeat([]Proportion{{2, 40}}, 20), Proportion{20, 40}))
	for what, s := range map[string]*Series{"few": few, "tiny": tiny, "empty": rates(make([]Proportion, 30))} {
		if got, ok := s.Scan(0, len(s.sums)-1); ok {
			t.Errorf("%s: %+v", what, got)
		}
		if got, ok := s.Drift(0, len(s.sums)-1); ok {
			t.Errorf("%s: %+v", what, got)
		}
	}
	if _, ok := other.Scan(0, 21); !ok {
		t.Error("no shift of a rate by 45 points")
	}
	if other.Least = 0.5; true {
		if got, ok := other.Scan(0, 21); ok {
			t.Errorf("a difference that does not matter: %+v", got)
		}
	}
	if _, ok := other.At(0, 0, 21); ok {
		t.Error("a shift before the first day")
	}
}

// A series without a change has one with a probability of at most alpha, also where
// the expected hits are few.
func TestScanOfQuietSeries(t *testing.T) {
	const series, alpha = 400, 0.05
	r := seeded(4)
	for _, n := range []int{14, 30, 90} {
		means, changes := 0, 0
		for range series {
			if got, ok := years(noise(r, n)).Scan(0, n); ok && got.P <= alpha {
				means++
			}
			days := make([]Proportion, n)
			for i := range days {
				days[i] = toss(r.Float64, 20, 0.05)
			}
			s := rates(days)
			s.Due = 3
			if got, ok := s.Scan(0, n); ok && got.P <= alpha {
				changes++
			}
		}
		// 20 expected at most; three standard deviations above are 33.
		if means > 33 || changes > 33 {
			t.Errorf("n = %d: %d changes of means and %d of rates in %d quiet series", n, means, changes, series)
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
func TestScanRates(t *testing.T) {
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
		s := rates(days)
		s.Due = 3
		got, ok := s.Scan(0, 33)
		if ok && got.P <= 0.05 {
			found++
			if got.From >= 29 && got.From <= 31 {
				placed++
			}
		}
	}
	if found < 195 || placed < 180 {
		t.Errorf("found %d of 200 rises, %d at their place", found, placed)
	}
}

func TestDispersion(t *testing.T) {
	r := seeded(8)
	even, wide := make([]Part, 91), make([]Part, 91)
	for i := range even {
		p, q := toss(r.Float64, 40, 0.2), toss(r.Float64, 10, 0.2)
		even[i] = Part{Hits: float64(p.Hits), Total: 40, Days: 1}
		wide[i] = Part{Hits: float64(4 * q.Hits), Total: 40, Days: 1} // each case stands for four
	}
	if got := Dispersion(even); got != 1 {
		t.Errorf("of even days: %v", got)
	}
	if got := Dispersion(wide); got < 2.5 || got > 4.5 {
		t.Errorf("of days of four: %v", got)
	}
	// By hand: a rate of 0.3 over two days, chi-squared 2 (5-3)²/(10·0.3·0.7) of one degree.
	chi, df := pearson([]Part{{Hits: 5, Total: 10, Days: 1}, {Hits: 1, Total: 10, Days: 1}})
	near(t, "chi-squared", chi, 8/2.1)
	near(t, "degrees of freedom", df, 1)
	if got := Dispersion(nil); got != 1 {
		t.Errorf("of no days: %v", got)
	}
}
