package otlp

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Metric is a counter that only rises, or a histogram where it has bounds.
type Metric struct {
	Name, Unit, Help string
	Bounds           []float64 // upper bounds of the buckets but for the last; nil for a counter
	Points           []Point   // in order of their attributes
}

// Point is one series of a metric.
type Point struct {
	Attrs   []Attr
	Value   float64 // of a counter
	Count   uint64  // of a histogram, and what follows
	Sum     float64
	Buckets []uint64 // not added up; one more than there are bounds
}

// The most that a metric tells apart. What comes after is added to a series that
// says so: a backend keeps each for ever, and names of tools, models and errors
// are chosen by agents.
const (
	maxSeries = 1000 // of a metric
	maxValues = 100  // of an attribute, over all metrics, but for repositories
	maxLabel  = 100  // bytes of a value
)

// other takes the place of a value that is one too many, or no name.
const other = "other"

// Meter adds up runs and overrides to metrics. Whatever tells runs, commits,
// changes, branches and people apart is no attribute of a point. The first values
// of an attribute keep their names, so that a total never moves from one series
// to another: who adds up from the beginning gets the same ones each time.
type Meter struct {
	profile Profile
	defined map[string]Metric // what the profile has
	series  map[string]*family
	values  map[string]map[string]bool // of the attributes
	first   time.Time
}

type family struct {
	Metric
	at map[string]int
}

// NewMeter returns an empty Meter.
func NewMeter(p Profile) *Meter {
	m := &Meter{profile: cmp.Or(p, Stable), defined: map[string]Metric{}, series: map[string]*family{}, values: map[string]map[string]bool{}}
	for _, d := range definitions() {
		if m.profile == Both || d.of == "" || d.of == m.profile {
			m.defined[d.Name] = d.Metric
		}
	}
	return m
}

// First returns when the first run began that was added, zero for none.
func (m *Meter) First() time.Time { return m.first }

// Metrics returns what was added up so far, in order of name.
func (m *Meter) Metrics() []Metric {
	var out []Metric
	for _, name := range slices.Sorted(maps.Keys(m.series)) {
		f := m.series[name].Metric
		f.Points = slices.Clone(f.Points)
		slices.SortFunc(f.Points, func(a, b Point) int { return cmp.Compare(keyOf(a.Attrs), keyOf(b.Attrs)) })
		out = append(out, f)
	}
	return out
}

// since takes down when something began.
func (m *Meter) since(start time.Time) {
	if !start.IsZero() && (m.first.IsZero() || start.Before(m.first)) {
		m.first = start
	}
}

func keyOf(list []Attr) string { return fmt.Sprint(list) }

// few returns the attributes with values that are few.
func (m *Meter) few(list attrs) attrs {
	out := slices.Clone(list)
	for i, a := range out {
		if v, ok := a.Value.(string); ok && a.Key != vcsName && a.Key != vcsOwner {
			out[i].Value = m.named(a.Key, v)
		}
	}
	return out
}

// named returns a value of an attribute, or other. Some may be of several words,
// and none are prose.
func (m *Meter) named(key, v string) string {
	words := key == genAIAgentName || key == pipelineName || key == genAIWorkflow
	if len(v) > maxLabel || strings.ContainsFunc(v, unicode.IsControl) || !words && strings.ContainsFunc(v, unicode.IsSpace) {
		return other
	}
	known := m.values[key]
	if known == nil {
		known = map[string]bool{}
		m.values[key] = known
	}
	if !known[v] && len(known) >= maxValues {
		return other
	}
	known[v] = true
	return v
}

// point returns the series of a metric with the given attributes.
func (m *Meter) point(d Metric, list attrs) *Point {
	list = m.few(list)
	f := m.series[d.Name]
	if f == nil {
		f = &family{Metric: d, at: map[string]int{}}
		m.series[d.Name] = f
	}
	key := keyOf(list)
	i, known := f.at[key]
	if !known && len(f.Points) >= maxSeries-1 {
		list = attrs{{overflow, true}}
		key = keyOf(list)
		i, known = f.at[key]
	}
	if !known {
		i = len(f.Points)
		f.at[key] = i
		f.Points = append(f.Points, Point{Attrs: list, Buckets: make([]uint64, len(d.Bounds)+1)})
	}
	return &f.Points[i]
}

func (m *Meter) count(name string, n float64, list attrs) {
	if d, ok := m.defined[name]; ok && n > 0 {
		m.point(d, list).Value += n
	}
}

func (m *Meter) observe(name string, v float64, list attrs) {
	d, ok := m.defined[name]
	if !ok || v < 0 {
		return
	}
	p := m.point(d, list)
	p.Count++
	p.Sum += v
	i, _ := slices.BinarySearch(d.Bounds, v)
	p.Buckets[i]++
}
