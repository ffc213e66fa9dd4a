package trend

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/andon-ci/andon/internal/stat"
)

// words says what moved: "override rate 14% (10-19%) to 5% (3-9%)". It is empty for
// a kind of decision that another one of the group took the place of, which says so.
func (x *shift) words(group []*shift) string {
	s := x.series
	if s.measure == ofDecision {
		other := x.mirror(group)
		switch {
		case other == nil || other.mirror(group) != x:
			return "share of " + s.detail + " " + x.rates()
		case x.Rises():
			return "share of " + s.detail + " " + x.rates() + " in place of " + other.series.detail
		}
		return ""
	}
	if s.Rates {
		return s.measure.name() + " " + x.rates()
	}
	name := s.measure.name()
	if x.Slope {
		return fmt.Sprintf("%s %s a day, to %s times as much", name, x.growth(), times(math.Exp(x.moved())))
	}
	e := x.factor()
	return fmt.Sprintf("%s %s times as much (%s-%s)", name, times(e.Value), times(e.Low), times(e.High))
}

// growth says by how much a level grows a day: "+2.1% (1.8-2.4%)".
func (x *shift) growth() string {
	e, ok := x.series.Growth(x.From, x.To, level)
	if !ok {
		return signed(math.Expm1(x.moved() / float64(x.To-x.From)))
	}
	e = e.Exp()
	return fmt.Sprintf("%s (%.1f-%.1f%%)", signed(e.Value-1), 100*(e.Low-1), 100*(e.High-1))
}

// factor returns how many times as much the days after a shift have as those before:
// by ranks, so that no day that is far off counts for more than another; where there are
// too few days for that, by their weighted means.
func (x *shift) factor() stat.Estimate {
	s := x.series
	before := s.Values(x.First, x.From)
	if x.To < x.End {
		before = append(before, s.Values(x.To, x.End)...)
	}
	e, ok := stat.HodgesLehmann(before, s.Values(x.From, x.To), level)
	if !ok {
		d := x.moved()
		half := stat.Normal((1-level)/2) * math.Sqrt(1/x.Before.Weight+1/x.After.Weight)
		e = stat.Estimate{Value: d, Low: d - half, High: d + half}
	}
	return e.Exp()
}

// unchanged says what the event of a shift did not move, within which bounds.
func (x *shift) unchanged() string {
	out := ""
	for _, s := range x.still {
		same, ok := s.At(x.First, x.From, x.End)
		if !ok {
			continue
		}
		y := shift{Shift: same, series: s}
		out += ", " + s.measure.name() + " unchanged ~"
		if s.Rates {
			out += " (" + y.rates() + ")"
		} else {
			e := y.factor()
			out += fmt.Sprintf(" (%.2f-%.2f times as much)", e.Low, e.High)
		}
	}
	return out
}

// mirror returns the shift of the decision that became rarer as this one became more
// frequent, or the other way about; nil where there is none of its size.
func (x *shift) mirror(group []*shift) *shift {
	for _, y := range group {
		if y.series.measure == ofDecision && y.series.detail != x.series.detail && math.Abs(x.moved()+y.moved()) < sameSize && x.Rises() != y.Rises() {
			return y
		}
	}
	return nil
}

// sameSize is up to what difference two shares moved by the same.
const sameSize = 0.05

func (x *shift) moved() float64 { return x.After.Mean() - x.Before.Mean() }

func (x *shift) rates() string { return share95(x.Before) + " to " + share95(x.After) }

func share95(p stat.Part) string {
	total := int(math.Round(p.Total))
	e, ok := interval(min(int(math.Round(p.Hits)), total), total)
	if !ok {
		return "none"
	}
	return fmt.Sprintf("%.0f%% (%.0f-%.0f%%)", 100*e.Value, 100*e.Low, 100*e.High)
}

// times writes a factor with two digits.
func times(x float64) string {
	if x >= 10 {
		return strconv.FormatFloat(math.Round(x), 'f', 0, 64)
	}
	return strconv.FormatFloat(x, 'f', 1, 64)
}

func signed(x float64) string { return fmt.Sprintf("%+.1f%%", 100*x) }

func dollars(x float64) string {
	if x < 0.1 {
		return fmt.Sprintf("$%.4f", x)
	}
	return fmt.Sprintf("$%.2f", x)
}

func duration(ms float64) string {
	d := time.Duration(ms) * time.Millisecond
	if d > time.Minute {
		return d.Round(time.Second).String()
	}
	return d.Round(100 * time.Millisecond).String()
}
