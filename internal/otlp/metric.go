package otlp

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/override"
	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
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

// maxSeries is how many series a metric has. What comes after is added to one
// that says so: names of tools and models are chosen by agents.
const maxSeries = 1000

// Meter adds up runs and overrides to metrics. Whatever tells runs, commits,
// changes, branches and people apart is no attribute of a point: a backend keeps
// a series for each value, for ever.
type Meter struct {
	profile Profile
	series  map[string]*family
	first   time.Time
}

type family struct {
	Metric
	at map[string]int
}

// NewMeter returns an empty Meter.
func NewMeter(p Profile) *Meter {
	return &Meter{profile: cmp.Or(p, Stable), series: map[string]*family{}}
}

// First returns when the first run began that was added, zero for none.
func (m *Meter) First() time.Time { return m.first }

// Metrics returns what was added up, in order of name.
func (m *Meter) Metrics() []Metric {
	var out []Metric
	for _, name := range slices.Sorted(maps.Keys(m.series)) {
		f := m.series[name].Metric
		slices.SortFunc(f.Points, func(a, b Point) int { return cmp.Compare(keyOf(a.Attrs), keyOf(b.Attrs)) })
		out = append(out, f)
	}
	return out
}

func keyOf(list []Attr) string { return fmt.Sprint(list) }

// point returns the series of a metric with the given attributes.
func (m *Meter) point(d Metric, list attrs) *Point {
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

func (m *Meter) count(name, unit, help string, n float64, list attrs) {
	if n > 0 {
		m.point(Metric{Name: name, Unit: unit, Help: help}, list).Value += n
	}
}

func (m *Meter) observe(d Metric, v float64, list attrs) {
	if v < 0 {
		return
	}
	p := m.point(d, list)
	p.Count++
	p.Sum += v
	i, _ := slices.BinarySearch(d.Bounds, v)
	p.Buckets[i]++
}

// scale returns n bounds, each by a factor above the one before.
func scale(first, factor float64, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = first
		first *= factor
	}
	return out
}

func seconds(name, help string) Metric {
	return Metric{Name: name, Unit: "s", Help: help, Bounds: scale(0.01, 2, 21)}
}

// Add adds the runs of a session, by the pipeline that they were in.
func (m *Meter) Add(s *session.Session, p *Pipeline) {
	for _, r := range s.Runs {
		m.add(NewMapper(*p, Options{Profile: m.profile}).run(s, r))
	}
}

func (m *Meter) add(of *run) {
	x := *of // several meters may add it at once
	x.bill = newBill(x.r)
	if start := x.r.Start; !start.IsZero() && (m.first.IsZero() || start.Before(m.first)) {
		m.first = start
	}
	m.run(&x)
	m.calls(&x)
	m.tools(&x)
	m.findings(&x)
}

// where are the attributes of a point that say whose it is.
func (x *run) where() attrs {
	var a attrs
	if owner, name, ok := strings.Cut(x.s.Repository, "/"); ok {
		a.text(vcsOwner, owner)
		a.text(vcsName, name)
	}
	a.text(pipelineName, x.m.p.Workflow)
	a.text(genAIAgentName, x.agent())
	return a
}

func (m *Meter) run(x *run) {
	r := x.r
	a := x.where()
	a.text(andonOutcome, string(r.Status))
	m.count("andon.runs", "{run}", "Runs of agents.", 1, a)
	failed := ""
	if r.Status == trace.Failure || r.Status == trace.Timeout {
		failed = string(r.Status)
		if r.Error != nil {
			failed = errorName(cmp.Or(r.Error.Type, failed))
		}
		e := attrs{}
		e.text(pipelineName, x.m.p.Workflow)
		e.text(errorType, failed)
		if x.m.p.Workflow != "" {
			m.count("cicd.pipeline.run.errors", "{error}", "Errors of pipeline runs; here, of the agents in them.", 1, e)
		}
	}
	if n, ok := r.Turns.Get(); ok {
		m.observe(Metric{Name: "andon.turns", Unit: "{turn}", Help: "Turns of a run.", Bounds: []float64{1, 2, 5, 10, 20, 50, 100, 200, 500}}, float64(n), x.where())
	}
	if ms, ok := r.DurationMS.Get(); ok {
		d := x.where()
		d.text(genAIProvider, x.provider(nil))
		d.text(errorType, failed)
		m.observe(seconds("gen_ai.invoke_agent.duration", "How long a run of an agent took."), float64(ms)/1000, d)
	}
}

// calls adds what models were used for, by call where they are known.
func (m *Meter) calls(x *run) {
	for i := range x.r.Steps {
		st := &x.r.Steps[i]
		if st.Kind != session.StepLLM || st.Partial {
			continue
		}
		a := x.model(st)
		if st.Failed {
			a.text(errorType, errorTypeOf(st.Error))
		} else if x.bill.carries {
			m.tokens(x.model(st), st.Usage)
			m.cost(x, st.Name, i)
		}
		if !st.Start.IsZero() && !st.End.IsZero() {
			m.observe(seconds("gen_ai.client.operation.duration", "How long a call of a model took."), st.End.Sub(st.Start).Seconds(), a)
		}
	}
	for i, p := range x.bill.rest {
		m.tokens(x.model(&session.Step{Name: p.model}), p.usage)
		m.cost(x, p.model, len(x.r.Steps)+i)
	}
}

func (x *run) model(st *session.Step) attrs {
	var a attrs
	a.text(genAIOperation, "chat")
	a.text(genAIProvider, x.provider(st))
	a.text(genAIRequestModel, st.Name)
	a.text(genAIResponseModel, st.Name)
	return a
}

func (m *Meter) cost(x *run, model string, i int) {
	if usd, ok := x.bill.of(i); ok {
		a := x.where()
		a.text(genAIRequestModel, model)
		m.count("andon.cost", "USD", "What runs cost, as far as it is known.", usd, a)
	}
}

// tokens adds usage under the names of the profile.
func (m *Meter) tokens(a attrs, u trace.Usage) {
	if m.profile == Next {
		for _, c := range []struct {
			name  string
			count trace.Count
		}{
			{"input_tokens", u.Prompt()}, {"output_tokens", u.Output}, {"cache_read.input_tokens", u.CacheRead},
			{"cache_write.input_tokens", u.CacheWrite5m.Add(u.CacheWrite1h)}, {"reasoning.output_tokens", u.Reasoning},
		} {
			m.count("gen_ai.client.inference.usage."+c.name, "{token}", "Tokens.", float64(c.count.N()), a)
		}
		return
	}
	d := Metric{Name: "gen_ai.client.token.usage", Unit: "{token}", Help: "Tokens of a call.", Bounds: scale(1, 4, 14)}
	for _, c := range []struct {
		kind  string
		count trace.Count
	}{{"input", u.Prompt()}, {"output", u.Output}} {
		if n, ok := c.count.Get(); ok {
			m.observe(d, float64(n), append(slices.Clip(a), Attr{genAITokenType, c.kind}))
		}
	}
}

func (m *Meter) tools(x *run) {
	for i := range x.r.Steps {
		st := &x.r.Steps[i]
		if st.Kind != session.StepTool {
			continue
		}
		var a attrs
		a.text(genAIToolName, st.Name)
		if st.Failed {
			a.text(errorType, toolError(st))
			m.count("andon.tool.errors", "{error}", "Tool calls that failed.", 1, append(x.where(), a...))
		}
		if !st.Start.IsZero() && !st.End.IsZero() {
			m.observe(seconds("gen_ai.execute_tool.duration", "How long a tool call took."), st.End.Sub(st.Start).Seconds(), a)
		}
	}
	if len(x.r.Steps) > 0 {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(x.r.Tools)) { // a rollup, which has no steps
		a := x.where()
		a.text(genAIToolName, name)
		m.count("andon.tool.errors", "{error}", "Tool calls that failed.", float64(x.r.Tools[name].Errors), a)
	}
}

func (m *Meter) findings(x *run) {
	for _, f := range x.r.Findings {
		a := x.where()
		if rule, ok := strings.CutPrefix(f.Rule, "secret/"); ok {
			a.text(andonDetector, rule)
			m.count("andon.secrets.findings", "{finding}", "Credentials that were found.", 1, a)
		} else if strings.HasPrefix(f.Rule, "trace/") {
			a.text(andonRule, f.Rule)
			m.count("andon.validation.failures", "{finding}", "Lines of traces that are not as they should be.", 1, a)
		}
	}
}

// AddOverride adds an override or an agreement.
func (m *Meter) AddOverride(rec *override.Record) {
	var a attrs
	if owner, name, ok := strings.Cut(rec.Repository, "/"); ok {
		a.text(vcsOwner, owner)
		a.text(vcsName, name)
	}
	a.text(genAIAgentName, cmp.Or(rec.Agent.Name, rec.Agent.Login))
	a.text(andonOverride+"kind", string(rec.Signal))
	a.text(andonOverride+"actor_type", string(rec.Actor.Kind))
	if rec.Schema == override.AgreementSchema {
		m.count("andon.agreements", "{agreement}", "Acts of people that bear out what an agent decided.", 1, a)
		return
	}
	m.count("andon.overrides", "{override}", "Acts of people that contradict what an agent decided.", 1, a)
	if !rec.Decision.Time.IsZero() && rec.Time.After(rec.Decision.Time) {
		d := Metric{Name: "andon.override.latency", Unit: "s", Help: "From a decision to its override.", Bounds: scale(60, 4, 9)}
		m.observe(d, rec.Time.Sub(rec.Decision.Time).Seconds(), a)
	}
}
