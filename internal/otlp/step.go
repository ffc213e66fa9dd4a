package otlp

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

// agents gives a span to each sub-agent, those of one before what they started.
func (x *run) agents(agents []*session.Subagent, yield func(*Span) bool) bool {
	for _, a := range agents {
		if !yield(x.subagent(a)) || !x.agents(a.Subagents, yield) {
			return false
		}
	}
	return true
}

func (x *run) subagent(a *session.Subagent) *Span {
	name := cmp.Or(a.Name, a.ID)
	s := x.span("subagent", "invoke_agent "+name, "AGENT", a.ID)
	s.Parent, s.Start, s.End = x.above(a), a.Start, a.End
	s.replace(genAIAgentName, name)
	var at attrs
	at.text(genAIOperation, "invoke_agent")
	at.text(genAIProvider, x.provider(nil))
	at.text(genAIAgentID, a.ID)
	at.text(agentName, name)
	at.text(andonSubagent, a.ID)
	at.text(andonSubagentName, a.Name)
	at.text(andonParent, x.within[a.ID])
	at.text(andonStarter, x.starter(a))
	at.text(andonSubStatus, string(a.Status))
	if a.Implied {
		at.add(andonImplied, true)
	}
	s.set(at)
	if a.Status == trace.Failure || a.Status == trace.Timeout {
		x.fail(s, string(a.Status), "")
	}
	s.settle(x.start, x.end)
	return s
}

func (s *Span) replace(key, value string) {
	for i := range s.Attrs {
		if s.Attrs[i].Key == key {
			s.Attrs[i].Value = value
		}
	}
}

// starter returns the tool call that a sub-agent hangs under: the one that
// started it, if the agent above it made that call. A trace can claim others,
// and a circle would be no tree.
func (x *run) starter(a *session.Subagent) string {
	if by, known := x.tools[a.Tool]; a.Tool != "" && known && by == x.within[a.ID] {
		return a.Tool
	}
	return ""
}

func (x *run) above(a *session.Subagent) SpanID {
	if tool := x.starter(a); tool != "" {
		return x.toolID(tool)
	}
	return x.agentID(x.within[a.ID])
}

// agentID returns the span of a sub-agent, or the run's own for the main agent
// and for one that has no span.
func (x *run) agentID(subagent string) SpanID {
	if a := x.subs[subagent]; a != nil {
		return x.spanID("run", x.r.ID, "subagent", a.ID)
	}
	return x.id
}

func (x *run) toolID(step string) SpanID { return x.spanID("run", x.r.ID, "tool", step) }

// steps gives a span to each model call and to each tool call.
func (x *run) steps(yield func(*Span) bool) bool {
	for i := range x.r.Steps {
		st := &x.r.Steps[i]
		var s *Span
		switch st.Kind {
		case session.StepLLM:
			s = x.call(st, i)
		case session.StepTool:
			s = x.tool(st)
		default:
			continue
		}
		if st.Subagent != "" {
			id := x.own(st.Subagent)
			s.Parent = x.agentID(id)
			s.Attrs = append(s.Attrs, Attr{andonSubagent, id})
			if a := x.subs[id]; a != nil {
				s.replace(genAIAgentName, cmp.Or(a.Name, a.ID))
			}
		}
		s.Start, s.End = st.Start, st.End
		s.settle(x.start, x.start)
		if !yield(s) {
			return false
		}
	}
	return true
}

func (x *run) call(st *session.Step, i int) *Span {
	s := x.span("call", titled("chat", st.Name), "LLM", st.ID)
	s.Kind = Client
	var a attrs
	a.text(genAIOperation, "chat")
	a.text(genAIProvider, x.provider(st))
	a.text(genAIRequestModel, st.Name)
	a.text(genAIResponseModel, st.Name)
	if st.FinishReason != "" {
		a.list(genAIFinish, []string{st.FinishReason})
	}
	if ms, ok := st.FirstToken.Get(); ok {
		a.add(genAIFirstChunk, float64(ms)/1000)
		if !st.Start.IsZero() {
			a.text(langfuseFirst, st.Start.Add(time.Duration(ms)*time.Millisecond).UTC().Format(time.RFC3339Nano))
		}
	}
	if st.Partial {
		a.add(andonPartial, true)
	}
	if x.bill.carries && counts(st) {
		x.usage(&a, st.Usage)
		if usd, ok := x.bill.of(i); ok {
			x.cost(&a, usd)
		}
	}
	s.set(a)
	if st.Failed {
		x.fail(s, errorTypeOf(st.Error), messageOf(st.Error))
	}
	return s
}

// titled is what a span is called: the operation and what it is done with, so
// that the spans of one kind have few names.
func titled(operation, with string) string { return strings.TrimSpace(operation + " " + with) }

// maxErrorType is how long the type of an error may be: it is what failures are
// counted by.
const maxErrorType = 64

func errorTypeOf(e *trace.Error) string {
	if e == nil {
		return "error"
	}
	return errorName(e.Type)
}

// errorName returns a type of error, and the conventions' word for any other in
// place of a sentence.
func errorName(typ string) string {
	if len(typ) > maxErrorType || strings.ContainsFunc(typ, func(r rune) bool { return r == ' ' || isControl(r) }) {
		return "_OTHER"
	}
	return cmp.Or(typ, "error")
}

func messageOf(e *trace.Error) string {
	if e == nil {
		return ""
	}
	return e.Message
}

// usage writes tokens as the conventions count them: what was read from or
// written to a cache is part of the input.
func (x *run) usage(a *attrs, u trace.Usage) {
	a.count(genAIInput, u.Prompt())
	a.count(genAICacheRead, u.CacheRead)
	a.count(x.m.o.Profile.cacheWrite(), u.CacheWrite5m.Add(u.CacheWrite1h))
	a.count(andonCache1h, u.CacheWrite1h)
	a.count(genAIOutput, u.Output)
	a.count(genAIReasoning, u.Reasoning)
}

// cost writes what a span cost under each of the names that are read.
func (x *run) cost(a *attrs, usd float64) {
	a.add(genAICost, usd)
	a.add(llmCostTotal, usd)
	a.text(langfuseCost, fmt.Sprintf(`{"total":%s}`, number(usd)))
	a.text(andonCostSource, x.r.Cost.Source)
	if x.bill.allocated {
		a.add(andonAllocated, true)
	}
}

func (x *run) tool(st *session.Step) *Span {
	s := x.span("tool", titled("execute_tool", st.Name), "TOOL", st.ID)
	s.ID = x.toolID(st.ID)
	var a attrs
	a.text(genAIOperation, "execute_tool")
	a.text(genAIToolName, st.Name)
	a.text(genAIToolID, st.ID)
	if strings.HasPrefix(st.Name, "mcp__") { // it goes to another process
		s.Kind = Client
		a.text(genAIToolType, "extension")
		a.text(mcpMethod, "tools/call")
	} else {
		a.text(genAIToolType, "function")
	}
	if st.ExitCode != nil {
		a.add(andonExitCode, int64(*st.ExitCode))
	}
	a.count(andonToolDuration, st.Duration)
	for _, f := range []struct {
		key string
		is  bool
	}{{andonDenied, st.Denied}, {andonDone, st.Done}, {andonFailed, st.Failed}} {
		if f.is {
			a.add(f.key, true)
		}
	}
	s.set(a)
	if st.Failed || st.Denied {
		x.fail(s, toolError(st), messageOf(st.Error))
	}
	return s
}

// toolError is why a tool call failed, in few different words.
func toolError(st *session.Step) string {
	switch {
	case st.Error != nil && st.Error.Type != "":
		return errorTypeOf(st.Error)
	case st.Denied:
		return "permission_denied"
	case st.ExitCode != nil && *st.ExitCode != 0:
		return fmt.Sprintf("exit_code_%d", *st.ExitCode)
	}
	return "error"
}

// totals gives the tokens and the cost that no call accounts for, a span for
// each model that they are known of.
func (x *run) totals(yield func(*Span) bool) bool {
	for i, rest := range x.bill.rest {
		s := x.span("call", titled("chat", rest.model), "LLM", "aggregated", rest.model)
		s.Kind, s.Start, s.End = Client, x.r.Start, x.r.End
		var a attrs
		a.text(genAIOperation, "chat")
		a.text(genAIProvider, x.provider(&session.Step{Name: rest.model}))
		a.text(genAIRequestModel, rest.model)
		a.text(genAIResponseModel, rest.model)
		a.add(andonAggregated, true)
		x.usage(&a, rest.usage)
		if usd, ok := x.bill.of(len(x.r.Steps) + i); ok {
			x.cost(&a, usd)
		}
		s.set(a)
		s.settle(x.start, x.end)
		if !yield(s) {
			return false
		}
	}
	return true
}

// provider returns who serves a model, in the words of the conventions. Most
// traces do not say, but their models and runtimes do.
func (x *run) provider(st *session.Step) string {
	words := []string{}
	if st != nil {
		if st.Provider != "" {
			return st.Provider
		}
		words = append(words, st.Name)
	}
	words = append(words, x.r.Models...)
	words = append(words, x.r.Runtime.Name, x.r.Format)
	for _, w := range words {
		if p := providerOf(strings.ToLower(w)); p != "" {
			return p
		}
	}
	return "unknown"
}

func providerOf(name string) string {
	for _, p := range []struct{ word, provider string }{
		{"claude", "anthropic"}, {"gpt", "openai"}, {"codex", "openai"}, {"o1", "openai"}, {"o3", "openai"}, {"o4", "openai"},
		{"gemini", "gcp.gemini"}, {"deepseek", "deepseek"}, {"mistral", "mistral_ai"}, {"grok", "x_ai"}, {"kimi", "moonshot_ai"},
		{"moonshot", "moonshot_ai"}, {"qwen", "alibaba_cloud"}, {"command-r", "cohere"}, {"copilot", "github"},
	} {
		if strings.HasPrefix(name, p.word) || strings.Contains(name, "/"+p.word) {
			return p.provider
		}
	}
	return ""
}
