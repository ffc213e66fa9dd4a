package ingest

import (
	"crypto/sha256"
	"strconv"
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// otlpMetricsCost is the space of a cost that the counters of tokens do not
// account for: they do not say how long what was written to the cache lives,
// which decides what it costs.
const otlpMetricsCost = otlpMetricsFormat + "/cost"

// otlpMetrics reads the counters in which Claude Code reports tokens and cost.
type otlpMetrics struct {
	r        *otlp
	sessions map[string]*meter
	order    []string
	series   map[[32]byte]float64 // the last value of each cumulative counter
}

// meter is what the counters of one session add up to.
type meter struct {
	begin time.Time // of the first period: names the process that reports
	end   time.Time
	line  int
	cost  float64
	paid  bool // a cost was reported, be it zero
	usage map[string]map[string]float64
}

func newOTLPMetrics(r *otlp) otlpMetrics {
	return otlpMetrics{r: r, sessions: map[string]*meter{}, series: map[[32]byte]float64{}}
}

func (r *otlp) resourceMetrics(rm jsonl.Value) {
	resource := attributesOf(rm.Get("resource"))
	for sm := range firstOf(rm, "scopeMetrics", "instrumentationLibraryMetrics").Elements() {
		for m := range sm.Get("metrics").Elements() {
			name := m.Get("name").String()
			if name != "claude_code.token.usage" && name != "claude_code.cost.usage" {
				continue
			}
			cumulative := isCumulative(m.Get("sum", "aggregationTemporality"))
			for p := range m.Get("sum", "dataPoints").Elements() {
				r.metrics.point(otlpSpan{v: p, attrs: attributesOf(p), resource: resource}, name, cumulative, r.s.here(p))
			}
		}
	}
}

// isCumulative reports whether each point of a counter holds all that came
// before it: by number or by name. Claude Code's default is delta.
func isCumulative(v jsonl.Value) bool {
	n, _ := v.Int()
	return n == 2 || v.Is("AGGREGATION_TEMPORALITY_CUMULATIVE")
}

func (o *otlpMetrics) point(p otlpSpan, name string, cumulative bool, line int) {
	run := p.attrs.text("session.id")
	value, ok := anyFloat(firstOf(p.v, "asDouble", "asInt"))
	if run == "" || !ok || value < 0 || value > 1<<60 {
		return
	}
	m := o.sessions[run]
	if m == nil {
		if len(o.sessions) >= maxOpen {
			return
		}
		m = &meter{usage: map[string]map[string]float64{}}
		o.sessions[run] = m
		o.order = append(o.order, run)
	}
	begin, end := otlpTime(p.v.Get("startTimeUnixNano")), otlpTime(p.v.Get("timeUnixNano"))
	if m.begin.IsZero() || !begin.IsZero() && begin.Before(m.begin) {
		m.begin = begin
	}
	if end.After(m.end) {
		m.end = end
	}
	m.line = line
	o.r.start(otlpMetricsFormat, run, p, line, begin)
	if cumulative {
		value = o.increase(p, name, value)
	}
	m.add(p.attrs, name, value)
}

// increase returns by how much a cumulative counter has grown since its last
// point. A counter is told by its attributes and its start, which a process that
// begins anew changes.
func (o *otlpMetrics) increase(p otlpSpan, name string, value float64) float64 {
	h := sha256.New()
	h.Write([]byte(name))
	h.Write(p.v.Get("startTimeUnixNano").Raw())
	h.Write(p.v.Get("attributes").Raw())
	key := [32]byte(h.Sum(nil))
	last, known := o.series[key]
	if !known && len(o.series) >= 10*maxOpen {
		return 0
	}
	o.series[key] = max(last, value)
	return max(value-last, 0)
}

func (m *meter) add(a attributes, name string, value float64) {
	if name == "claude_code.cost.usage" {
		m.cost, m.paid = m.cost+value, true
		return
	}
	model := a.text("model")
	if m.usage[model] == nil {
		if len(m.usage) >= 100 {
			return
		}
		m.usage[model] = map[string]float64{}
	}
	switch typ := a.text("type"); typ {
	case "input", "output", "cacheRead", "cacheCreation":
		m.usage[model][typ] += value
	}
}

// tokens returns the counters of one model. How long what was written to the
// cache lives, they do not say.
func tokens(sum map[string]float64) trace.Usage {
	get := func(typ string) trace.Count {
		n, known := sum[typ]
		if !known {
			return trace.Count{}
		}
		return trace.Measured(int64(n))
	}
	return trace.Usage{Input: get("input"), CacheRead: get("cacheRead"), CacheWrite5m: get("cacheCreation"), Output: get("output")}
}

func (o *otlpMetrics) close() {
	for _, run := range o.order {
		m := o.sessions[run]
		t := &trace.Totals{Invocation: strconv.FormatInt(m.begin.UnixNano(), 10), ByModel: map[string]trace.Usage{}}
		for model, sum := range m.usage {
			u := tokens(sum)
			t.Usage = t.Usage.Add(u)
			if model != "" {
				t.ByModel[model] = u
			}
		}
		switch {
		case m.paid && t.Usage.CacheWrite5m.N() > 0:
			o.r.emit(otlpMetricsCost, run, "", m.line, m.end, &trace.Totals{Invocation: t.Invocation, CostUSD: &m.cost})
		case m.paid:
			t.CostUSD = &m.cost
		}
		o.r.emit(otlpMetricsFormat, run, "", m.line, m.end, t)
	}
}
