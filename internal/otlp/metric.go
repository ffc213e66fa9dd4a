package otlp

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/andon-ci/andon/internal/override"
	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

// Add adds the runs of a session, by the pipeline that they were in.
func (m *Meter) Add(s *session.Session, p *Pipeline) {
	for _, r := range s.Runs {
		m.add(NewMapper(*p, Options{Profile: m.profile}).run(s, r))
	}
}

func (m *Meter) add(of *run) {
	x := *of // several meters may add it at once
	x.bill = newBill(x.r)
	m.since(x.r.Start)
	m.run(&x)
	m.calls(&x)
	m.tools(&x)
	m.findings(&x)
}

// whose are the attributes of a point that say whose it is.
func whose(repository, workflow, agent string) attrs {
	var a attrs
	if owner, name, ok := strings.Cut(repository, "/"); ok {
		a.text(vcsOwner, owner)
		a.text(vcsName, name)
	}
	a.text(pipelineName, workflow)
	a.text(genAIAgentName, agent)
	return a
}

func (x *run) where() attrs { return whose(x.s.Repository, x.m.p.Workflow, x.agent()) }

func (m *Meter) run(x *run) {
	r := x.r
	a := x.where()
	a.text(andonOutcome, string(r.Status))
	m.count("andon.runs", 1, a)
	if r.Decision != nil {
		d := x.where()
		d.text(andonDecision, string(r.Decision.Kind))
		m.count("andon.decisions", 1, d)
	}
	failed := ""
	if r.Status == trace.Failure || r.Status == trace.Timeout {
		failed = string(r.Status)
		if r.Error != nil {
			failed = errorName(cmp.Or(r.Error.Type, failed))
		}
		if x.m.p.Workflow != "" {
			e := whose(x.s.Repository, x.m.p.Workflow, "")
			e.text(errorType, failed)
			m.count(pipelineErrors, 1, e)
		}
	}
	if n, ok := r.Turns.Get(); ok {
		m.observe("andon.turns", float64(n), x.where())
	}
	if ms, ok := r.DurationMS.Get(); ok {
		d := x.where()
		d.text(genAIProvider, x.provider(nil))
		d.text(errorType, failed)
		m.observe(genAIAgentDuration, float64(ms)/1000, d)
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
			m.observe(genAICallDuration, st.End.Sub(st.Start).Seconds(), a)
		}
	}
	for i, p := range x.bill.rest {
		m.tokens(x.model(&session.Step{Name: p.model}), p.usage)
		m.cost(x, p.model, len(x.r.Steps)+i)
	}
}

func (x *run) model(st *session.Step) attrs {
	a := whose(x.s.Repository, "", x.agent())
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
		m.count("andon.cost", usd, a)
	}
}

// tokens adds usage; the profile knows one or the other name of it.
func (m *Meter) tokens(a attrs, u trace.Usage) {
	for _, c := range []struct {
		name  string
		count trace.Count
	}{
		{"input_tokens", u.Prompt()}, {"output_tokens", u.Output}, {"cache_read.input_tokens", u.CacheRead},
		{"cache_write.input_tokens", u.CacheWrite5m.Add(u.CacheWrite1h)}, {"reasoning.output_tokens", u.Reasoning},
	} {
		m.count(genAITokens+c.name, float64(c.count.N()), a)
	}
	for _, c := range []struct {
		kind  string
		count trace.Count
	}{{"input", u.Prompt()}, {"output", u.Output}} {
		if n, ok := c.count.Get(); ok {
			m.observe(genAITokenUsage, float64(n), append(slices.Clip(a), Attr{genAITokenType, c.kind}))
		}
	}
}

func (m *Meter) tools(x *run) {
	for i := range x.r.Steps {
		st := &x.r.Steps[i]
		if st.Kind != session.StepTool {
			continue
		}
		failed := ""
		if st.Failed {
			failed = toolError(st)
		}
		m.tool(x, st.Name, failed, 1)
		if !st.Start.IsZero() && !st.End.IsZero() {
			a := whose(x.s.Repository, "", x.agent())
			a.text(genAIToolName, st.Name)
			a.text(errorType, failed)
			m.observe(genAIToolDuration, st.End.Sub(st.Start).Seconds(), a)
		}
	}
	if len(x.r.Steps) == 0 {
		m.toolStats(x)
	}
}

// toolStats adds the tool calls of a rollup, which has no steps.
func (m *Meter) toolStats(x *run) {
	calls, errors := x.r.ToolCalls.N(), x.r.ToolErrors.N()
	for _, name := range slices.Sorted(maps.Keys(x.r.Tools)) {
		t := x.r.Tools[name]
		m.tool(x, name, "", int64(t.Calls-t.Errors))
		m.tool(x, name, "error", int64(t.Errors))
		calls, errors = calls-int64(t.Calls), errors-int64(t.Errors)
	}
	m.tool(x, "", "", calls-errors)
	m.tool(x, "", "error", errors)
}

// tool adds calls of a tool that ended in one way, empty for well.
func (m *Meter) tool(x *run, name, failed string, n int64) {
	a := x.where()
	a.text(genAIToolName, name)
	m.count("andon.tool.calls", float64(n), a)
	if failed != "" {
		a.text(errorType, failed)
		m.count("andon.tool.errors", float64(n), a)
	}
}

func (m *Meter) findings(x *run) {
	for _, f := range x.r.Findings {
		a := x.where()
		if rule, ok := strings.CutPrefix(f.Rule, "secret/"); ok {
			a.text(andonDetector, rule)
			m.count("andon.secrets.findings", 1, a)
		} else if strings.HasPrefix(f.Rule, "trace/") {
			a.text(andonRule, f.Rule)
			m.count("andon.validation.failures", 1, a)
		}
	}
}

// AddOverride adds an override or an agreement.
func (m *Meter) AddOverride(rec *override.Record) {
	a := whose(rec.Repository, "", cmp.Or(rec.Agent.Name, rec.Agent.Login))
	a.text(andonOverride+"kind", string(rec.Signal))
	a.text(andonOverride+"actor_type", string(rec.Actor.Kind))
	if rec.Schema == override.AgreementSchema {
		m.count("andon.agreements", 1, a)
		return
	}
	m.count("andon.overrides", 1, a)
	if !rec.Decision.Time.IsZero() && rec.Time.After(rec.Decision.Time) {
		m.observe("andon.override.latency", rec.Time.Sub(rec.Decision.Time).Seconds(), a)
	}
}

// AddMissing adds traces that are not there, of runs of a workflow, and why.
func (m *Meter) AddMissing(repository, workflow, state string, n int) {
	a := whose(repository, workflow, "")
	a.text(andonGap, state)
	m.count("andon.traces.missing", float64(n), a)
}
