package report

import (
	"time"

	"github.com/andon-ci/andon/internal/trend"
)

// period is a stretch of a window, of one or of several days.
type period struct {
	label  string // of its first day
	length int    // in days
	days   int    // with anything
	sum    trend.Point

	overridden int64 // decisions, of the days of which it is known
	asked      bool  // whether it is known of any
}

// periods cuts a window into stretches of the same length, as many as a diagram
// has room for and whole weeks where they are over a day. The last one ends with
// the window, so that the newest is never a part.
func periods(w trend.Window, series []trend.Point) []period {
	from, err1 := time.Parse(time.DateOnly, w.From)
	to, err2 := time.Parse(time.DateOnly, w.To)
	if err1 != nil || err2 != nil || to.Before(from) {
		return nil
	}
	days := int(to.Sub(from).Hours()/24) + 1
	size := 1
	if days > maxPoints {
		weeks := (days + 6) / 7
		size = 7 * ((weeks + maxPoints - 1) / maxPoints)
	}
	n := (days + size - 1) / size
	out := make([]period, n)
	for i := range out {
		first := max(0, days-(n-i)*size)
		out[i].label = from.AddDate(0, 0, first).Format("2 Jan")
		out[i].length = days - (n-1-i)*size - first
	}
	for _, p := range series {
		day, err := time.Parse(time.DateOnly, p.Day)
		if err != nil || day.Before(from) || day.After(to) {
			continue
		}
		out[n-1-int(to.Sub(day).Hours()/24)/size].add(p)
	}
	return out
}

func (p *period) add(d trend.Point) {
	p.days++
	p.sum.Runs += d.Runs
	p.sum.Failed += d.Failed
	p.sum.Succeeded += d.Succeeded
	p.sum.Decisions += d.Decisions
	if d.Overridden != nil {
		p.overridden, p.asked = p.overridden+*d.Overridden, true
	}
	if d.CostUSD != nil {
		usd := *d.CostUSD
		if p.sum.CostUSD != nil {
			usd += *p.sum.CostUSD
		}
		p.sum.CostUSD = &usd
	}
}

// leastOf is below how many a share is not drawn: one of two is not 50 %.
const leastOf = 5

// pointsOf makes the points of a chart. The value of a period is false where
// there is none.
func pointsOf(ps []period, value func(period) (float64, bool)) []point {
	out := make([]point, len(ps))
	for i, p := range ps {
		v, known := value(p)
		out[i] = point{label: p.label, value: v, known: known && p.days > 0}
	}
	return out
}

// costIn is the cost of a day, so that a first period of fewer days looks like
// the others.
func costIn(p period) (float64, bool) {
	if p.sum.CostUSD == nil {
		return 0, false
	}
	return *p.sum.CostUSD / float64(max(p.length, 1)), true
}

// successIn and overruledIn are shares in percent.
func successIn(p period) (float64, bool) {
	judged := p.sum.Succeeded + p.sum.Failed
	return 100 * float64(p.sum.Succeeded) / float64(max(judged, 1)), judged >= leastOf
}

func overruledIn(p period) (float64, bool) {
	return 100 * float64(p.overridden) / float64(max(p.sum.Decisions, 1)), p.asked && p.sum.Decisions >= leastOf
}
