package report

import (
	"math"
	"strings"
	"testing"
)

// of makes points of values, in which a NaN is a gap.
func of(values ...float64) []point {
	var out []point
	for _, v := range values {
		out = append(out, point{label: "1 Nov", value: v, known: !math.IsNaN(v)})
	}
	return out
}

func TestSparkline(t *testing.T) {
	gap := math.NaN()
	for _, tt := range []struct {
		values []float64
		want   string
	}{
		{nil, ""},
		{[]float64{3}, ""},
		{[]float64{gap, 3, gap}, ""},
		{[]float64{0, 0}, "▁▁"},
		{[]float64{0, gap, 1, 2, 7}, "▁·▂▃█"},
		{[]float64{-1, 1e308}, "▁█"},
	} {
		if got := sparkline(of(tt.values...)); got != tt.want {
			t.Errorf("%v: got %q, want %q", tt.values, got, tt.want)
		}
	}
}

func TestGauge(t *testing.T) {
	for share, want := range map[float64]string{0: "", -1: "", 0.001: "▏", 0.5: "█████", 0.55: "█████▌", 1: "██████████", 7: "██████████"} {
		if got := gauge(share, 10); got != want {
			t.Errorf("%v: got %q, want %q", share, got, want)
		}
	}
	if got := gauge(math.NaN(), 10); got != "" {
		t.Errorf("got %q", got)
	}
}

func TestXYChart(t *testing.T) {
	c := chart{unit: `US$ "a"`, bars: true, points: of(0.5, math.NaN(), 12, 1e21)}
	got := c.xychart()
	for _, want := range []string{"x-axis [\"1 Nov\", \"1 Nov\", \"1 Nov\"]\n", `y-axis "US a" 0 --> 1000000000000000000000`, "  bar [0.5, 12, 1000000000000000000000]\n```\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("it lacks %q:\n%s", want, got)
		}
	}
	if got := (chart{points: of(1, math.NaN())}).xychart(); got != "" {
		t.Errorf("one value is drawn: %s", got)
	}
}

func TestCeiling(t *testing.T) {
	for top, want := range map[float64]float64{-1: 1, 0: 1, 0.03: 0.05, 1: 1, 1.2: 2, 2.2: 2.5, 6: 10, 100: 100, 101: 200} {
		if got := ceiling(top); math.Abs(got-want) > 1e-12 {
			t.Errorf("%v: got %v, want %v", top, got, want)
		}
	}
}
