package stat

import (
	"math"
	"testing"
)

func TestIntervals(t *testing.T) {
	tests := []struct {
		hits, total   int
		level         float64
		wilson, exact [2]float64
	}{
		// scipy 1.17 binomtest(k, n).proportion_ci(level, method); the first four at
		// 0.95 are those of Newcombe (1998), table I.
		{81, 263, 0.95, [2]float64{0.2552885198782742, 0.36620957698280004}, [2]float64{0.25273674558504267, 0.36762192260134746}},
		{15, 148, 0.95, [2]float64{0.06238639953073629, 0.16048724172330803}, [2]float64{0.05784401008344801, 0.16165049034947895}},
		{0, 20, 0.95, [2]float64{0, 0.16112515805281935}, [2]float64{0, 0.16843347098308548}},
		{1, 29, 0.95, [2]float64{0.006113214292762667, 0.17175521879320282}, [2]float64{0.0008726468835971072, 0.17764429548841465}},
		{29, 29, 0.95, [2]float64{0.8830302015002592, 1}, [2]float64{0.8805551309302788, 1}},
		{1, 29, 0.99, [2]float64{0.0040614941968838275, 0.23825425313641302}, [2]float64{0.00017283133270564689, 0.22960030557504218}},
		{3, 1200, 0.99, [2]float64{0.0006317033578105572, 0.0098394811211172}, [2]float64{0.00028174801922809856, 0.009117540671935773}},
		{5000, 100000, 0.95, [2]float64{0.04866638929097823, 0.0513681825103465}, [2]float64{0.04865725520723964, 0.05136892088058044}},
	}
	for _, tt := range tests {
		p := Proportion{Hits: tt.hits, Total: tt.total}
		rate := float64(tt.hits) / float64(tt.total)
		got, ok := p.Wilson(tt.level)
		if !ok {
			t.Errorf("%+v has no Wilson interval", p)
		}
		nearEstimate(t, "Wilson", got, Estimate{Value: rate, Low: tt.wilson[0], High: tt.wilson[1]})
		got, ok = p.Exact(tt.level)
		if !ok {
			t.Errorf("%+v has no exact interval", p)
		}
		nearEstimate(t, "Exact", got, Estimate{Value: rate, Low: tt.exact[0], High: tt.exact[1]})
	}
}

func TestNoProportion(t *testing.T) {
	some := Proportion{Hits: 1, Total: 2}
	for _, p := range []Proportion{{}, {Hits: 2, Total: 1}, {Hits: -1, Total: 1}, {Hits: 0, Total: -1}} {
		_, wilson := p.Wilson(0.95)
		_, exact := p.Exact(0.95)
		_, two := TwoProportions(p, some)
		_, fisher := Fisher(some, p)
		if wilson || exact || two || fisher {
			t.Errorf("%+v has a verdict", p)
		}
	}
	for _, level := range []float64{0, 1, math.NaN()} {
		_, wilson := some.Wilson(level)
		_, exact := some.Exact(level)
		if wilson || exact {
			t.Errorf("the level %v has an interval", level)
		}
	}
}

func TestTwoProportions(t *testing.T) {
	tests := []struct {
		name   string
		a, b   Proportion
		two    float64
		fisher float64
		mid    float64
	}{
		// scipy 1.17 chi2_contingency(correction=False), fisher_exact, and from hypergeom
		// the mid-P value.
		{"tea (Fisher 1935)", Proportion{3, 4}, Proportion{1, 4}, 0.15729920705028105, 0.48571428571428565, 0.2571428571428571},
		{"twins (R's fisher.test)", Proportion{2, 12}, Proportion{15, 18}, 0.00030626663018354963, 0.0005367241191434357, 0.0003118741381189105},
		{"aspirin (Agresti)", Proportion{189, 11034}, Proportion{104, 11037}, 5.691896973740789e-07, 5.032835599722745e-07, 4.2749477753741566e-07},
		{"overrides", Proportion{29, 210}, Proportion{9, 187}, 0.0023550336159269968, 0.0032148477428326984, 0.0026161333280020323},
		{"none of the first", Proportion{0, 40}, Proportion{6, 40}, 0.010869760428324732, 0.025546605293440734, 0.012773302646720363},
		{"all or none", Proportion{5, 5}, Proportion{0, 5}, 0.001565402258002549, 0.007936507936507938, 0.003968253968253969},
		{"many", Proportion{400, 4000}, Proportion{460, 4100}, 0.0748668000455661, 0.07717329266533965, 0.07422675219167744},
		{"no hits", Proportion{0, 40}, Proportion{0, 4}, 1, 1, 0.5},
		{"no misses", Proportion{40, 40}, Proportion{4, 4}, 1, 1, 0.5},
	}
	for _, tt := range tests {
		for _, pair := range [][2]Proportion{{tt.a, tt.b}, {tt.b, tt.a}} {
			p, ok := TwoProportions(pair[0], pair[1])
			near(t, tt.name+": two proportions", p, tt.two)
			q, ok2 := Fisher(pair[0], pair[1])
			near(t, tt.name+": Fisher", q, tt.fisher)
			m, ok3 := FisherMidP(pair[0], pair[1])
			near(t, tt.name+": mid-P", m, tt.mid)
			if !ok || !ok2 || !ok3 {
				t.Errorf("%s: no verdict", tt.name)
			}
		}
	}
}

func TestFisherOfVeryMany(t *testing.T) {
	a, b := Proportion{Hits: 1 << 40, Total: 1 << 41}, Proportion{Hits: math.MaxInt / 2, Total: math.MaxInt}
	got, ok := Fisher(a, b)
	if want, _ := TwoProportions(a, b); !ok || got != want {
		t.Errorf("Fisher = %v, %v, want %v", got, ok, want)
	}
}
