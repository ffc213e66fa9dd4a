package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// point is a value of a chart; one without a value is a gap, which is not 0.
type point struct {
	label string // of ours, such as a date
	value float64
	known bool
}

// chart is a row of values over time.
type chart struct {
	unit   string // of ours, at the axis
	bars   bool   // amounts, which begin at 0; a line otherwise
	points []point
}

// maxPoints is how many labels stand beside each other in a diagram of GitHub's
// width without touching.
const maxPoints = 14

// sparkline draws values as blocks of eight heights, the lowest of them for 0,
// and a gap as a dot. It is empty where there are fewer than two values.
func sparkline(points []point) string {
	top, known := 0.0, 0
	for _, p := range points {
		if p.known {
			top, known = max(top, p.value), known+1
		}
	}
	if known < 2 {
		return ""
	}
	var b strings.Builder
	for _, p := range points {
		switch {
		case !p.known:
			b.WriteRune('·')
		case top <= 0:
			b.WriteRune('▁')
		default:
			blocks := []rune("▁▂▃▄▅▆▇█")
			b.WriteRune(blocks[int(math.Round(min(max(p.value, 0)/top, 1)*7))])
		}
	}
	return b.String()
}

// gauge draws a share from 0 to 1 in n columns. What is more than nothing shows.
func gauge(share float64, n int) string {
	if !(share > 0) { // nor NaN
		return ""
	}
	eighths := max(1, int(math.Round(min(share, 1)*float64(n)*8)))
	parts := []string{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"}
	return strings.Repeat("█", eighths/8) + parts[eighths%8]
}

// xychart draws a chart with Mermaid. A gap cannot be drawn there: the value is
// left out, and so is its label. It is empty where there are fewer than two
// values: https://mermaid.js.org/syntax/xyChart.html
func (c chart) xychart() string {
	var labels, values []string
	top := 0.0
	for _, p := range c.points {
		if !p.known || math.IsNaN(p.value) || math.IsInf(p.value, 0) {
			continue
		}
		labels = append(labels, `"`+mermaidText(p.label, 20)+`"`)
		values = append(values, plainNumber(p.value))
		top = max(top, p.value)
	}
	if len(values) < 2 {
		return ""
	}
	kind := "line"
	if c.bars {
		kind = "bar"
	}
	return "```mermaid\n---\nconfig:\n  xyChart:\n    width: 900\n    height: 220\n  themeVariables:\n    xyChart:\n      plotColorPalette: \"#2f7fd6\"\n---\n" +
		fmt.Sprintf("xychart-beta\n  x-axis [%s]\n  y-axis \"%s\" 0 --> %s\n  %s [%s]\n```\n",
			strings.Join(labels, ", "), mermaidText(c.unit, 30), plainNumber(ceiling(top)), kind, strings.Join(values, ", "))
}

// plainNumber writes a value without an exponent, which Mermaid does not take.
func plainNumber(f float64) string {
	digits := 0
	if a := math.Abs(f); a < 1000 {
		digits = 4
	}
	s := strconv.FormatFloat(f, 'f', digits, 64)
	if digits > 0 {
		s = strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// ceiling returns the next value of 1, 2, 2.5 or 5 times a power of ten, at
// which an axis ends.
func ceiling(top float64) float64 {
	if top <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(top)))
	for _, f := range []float64{1, 2, 2.5, 5} {
		if top <= f*power*(1+1e-9) {
			return f * power
		}
	}
	return 10 * power
}
