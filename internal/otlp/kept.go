package otlp

import (
	"encoding/json"
	"fmt"
	"time"
)

// mostKept is the most that a figure can be: what a float64 counts.
const mostKept = 1 << 53

// keptMeter is a Meter as a history keeps it of days that it drops.
type keptMeter struct {
	First  time.Time    `json:"first,omitzero"`
	Series []keptSeries `json:"series"`
}

type keptSeries struct {
	Name    string      `json:"name"`
	Attrs   [][2]string `json:"attributes"` // in the order that the metric has them in
	Value   float64     `json:"value,omitempty"`
	Sum     float64     `json:"sum,omitempty"`
	Buckets []uint64    `json:"buckets,omitempty"`
}

// MarshalJSON writes what was added up, so that Merge can add it to another.
func (m *Meter) MarshalJSON() ([]byte, error) {
	out := keptMeter{First: m.first, Series: []keptSeries{}}
	for _, x := range m.Metrics() {
		for _, p := range x.Points {
			s := keptSeries{Name: x.Name, Attrs: [][2]string{}, Value: p.Value, Sum: p.Sum}
			if x.Bounds != nil {
				s.Buckets = p.Buckets
			}
			for _, a := range p.Attrs {
				s.Attrs = append(s.Attrs, [2]string{a.Key, fmt.Sprint(a.Value)})
			}
			out.Series = append(out.Series, s)
		}
	}
	return json.Marshal(out)
}

// Merge adds what MarshalJSON has written. It may come from anybody: a series
// that is none of ours is left out, and one that cannot be is an error.
func (m *Meter) Merge(raw []byte) error {
	var in keptMeter
	if err := json.Unmarshal(raw, &in); err != nil {
		return fmt.Errorf("reading totals: %w", err)
	}
	for _, s := range in.Series {
		d, ok := m.defined[s.Name]
		if !ok {
			continue
		}
		if !s.fits(d) {
			return fmt.Errorf("reading totals: %s is not as it was written", s.Name)
		}
		m.merge(d, s)
	}
	m.since(in.First)
	return nil
}

func (s *keptSeries) fits(d Metric) bool {
	ok := s.Value >= 0 && s.Value <= mostKept && s.Sum >= 0 && s.Sum <= mostKept && len(s.Attrs) <= 16
	if d.Bounds == nil {
		return ok && len(s.Buckets) == 0
	}
	for _, n := range s.Buckets {
		ok = ok && n <= mostKept
	}
	return ok && len(s.Buckets) == len(d.Bounds)+1
}

func (m *Meter) merge(d Metric, s keptSeries) {
	var list attrs
	for _, a := range s.Attrs {
		if a[0] == overflow {
			list = append(list, Attr{overflow, true})
			continue
		}
		list.text(a[0], a[1])
	}
	p := m.point(d, list)
	p.Value = min(p.Value+s.Value, mostKept)
	p.Sum = min(p.Sum+s.Sum, mostKept)
	for i, n := range s.Buckets {
		p.Buckets[i] = min(p.Buckets[i]+n, mostKept)
		p.Count += n
	}
}
