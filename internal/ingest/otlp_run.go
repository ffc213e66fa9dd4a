package ingest

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/jsonl"
	"github.com/andon-ci/andon/internal/trace"
)

// otlpSpans makes runs of spans. Spans are written when they end, children
// before their parents, so that what an agent's span is (the run's own or a
// sub-agent's) is known only at the file's end.
type otlpSpans struct {
	r       *otlp
	parents map[string]string // by span id; empty for the first span of a trace, or of this process's part of one
	tools   map[string]string // ids of tool calls by span id
	denied  map[string]bool   // spans of tool calls that were refused
	steps   []otlpStep
	agents  []otlpAgent
	last    map[string]*otlpStep // the last call of each run's main agent
	remote  map[string]bool      // spans whose parent is of another process
	held    []heldSpan
	reread  jsonl.Doc
	own     otlpOwn
	bytes   int
}

// otlpStep is a call or a tool call, to be given to a sub-agent if one made it.
type otlpStep struct {
	span, run, id string
	tool          bool
	line          int
	end           time.Time
	err           *trace.Error
	finish        string
}

// otlpAgent is the span of an agent.
type otlpAgent struct {
	span, parent, run string
	within            string // the span around it that the file lacks
	name, id, model   string
	claude            bool
	line              int
	start, end        time.Time
	usage             trace.Usage
	turns, toolCalls  trace.Count
	cost              *float64
	context           trace.Context
	err               *trace.Error
	decision          *trace.Decision
}

// maxSpans bounds what is kept of a file's spans to tell whose they are.
const maxSpans = 200_000

func newOTLPSpans(r *otlp) otlpSpans {
	return otlpSpans{
		r: r, own: newOTLPOwn(r), parents: map[string]string{}, tools: map[string]string{},
		denied: map[string]bool{}, remote: map[string]bool{}, last: map[string]*otlpStep{},
	}
}

func (o *otlpSpans) add(s otlpSpan, line int) {
	name, span := s.v.Get("name").String(), spanID(s.v.Get("spanId"))
	if span == "" {
		return
	}
	parent := spanID(s.v.Get("parentSpanId"))
	_, seen := o.parents[span]
	if seen && s.attrs.get(andonKind).Exists() {
		return // a file may hold an export twice
	}
	if len(o.parents) < maxSpans {
		o.parents[span] = parent
		if s.remoteParent() {
			o.parents[span], o.remote[span] = "", true
		}
	}
	if s.attrs.get(andonKind).Exists() {
		o.own.add(s, span, line)
		return
	}
	kind := s.kind(name)
	if run, _ := s.run(); run == "" && kind != otherSpan {
		if o.hold(s, line) {
			return
		}
		s.fallback = traceID(s)
	}
	switch kind {
	case chatSpan:
		o.call(s, span, line)
	case toolSpan:
		o.tool(s, span, line)
	case agentSpan:
		o.agent(s, span, parent, line)
	default:
		o.claudeTool(s, name, parent, line)
	}
}

func spanID(v jsonl.Value) string {
	id := strings.ToLower(v.String())
	if strings.Trim(id, "0") == "" {
		return ""
	}
	return id
}

func (o *otlpSpans) call(s otlpSpan, span string, line int) {
	run, sub := s.run()
	start, end := s.times()
	c := &trace.Call{
		ID:       span,
		Provider: s.attrs.text("gen_ai.provider.name", "gen_ai.system", "ai.model.provider"),
		Model:    s.model(), Start: start, End: end, Usage: s.usage(), FinishReason: s.finish(), Error: s.fault(),
	}
	if usd, ok := s.attrs.get("gen_ai.usage.cost", "gen_ai.usage.cost_usd").Float(); ok && usd > 0 {
		c.CostUSD = &usd
	}
	o.r.start(otlpFormat, run, s, line, start)
	o.r.emit(otlpFormat, run, sub, line, end, c)
	o.attempts(s, run, sub, c, line)
	o.subagent(s, run, sub, line)
	step := otlpStep{span: span, run: run, id: c.ID, line: line, end: end, err: c.Error, finish: c.FinishReason}
	if old := o.last[run]; sub == "" && (old == nil || !end.Before(old.end)) {
		o.last[run] = &step
	}
	o.keep(step)
}

func (o *otlpSpans) keep(s otlpStep) {
	if len(o.steps) < maxSpans {
		o.steps = append(o.steps, s)
	}
}

// attempts counts the requests that failed before the one that the span is of:
// Claude Code writes one span for all attempts.
func (o *otlpSpans) attempts(s otlpSpan, run, sub string, c *trace.Call, line int) {
	n, _ := s.attrs.get("attempt").Int()
	for i := int64(1); s.claude() && i < n && i < 100; i++ {
		e := c.Error
		if e == nil {
			e = &trace.Error{Type: "retried"}
		}
		o.r.emit(otlpFormat, run, sub, line, c.Start, &trace.Call{ID: c.ID + "~" + strconv.FormatInt(i, 10), Model: c.Model, Start: c.Start, Error: e})
	}
}

// subagent emits a sub-agent that a span names itself.
func (o *otlpSpans) subagent(s otlpSpan, run, sub string, line int) {
	if sub == "" || o.r.started["sub "+run+" "+sub] || len(o.r.started) > maxOpen {
		return
	}
	o.r.started["sub "+run+" "+sub] = true
	start, _ := s.times()
	o.r.emit(otlpFormat, run, sub, line, start, &trace.Subagent{ID: sub, Start: start})
}

func (o *otlpSpans) tool(s otlpSpan, span string, line int) {
	run, sub := s.run()
	start, end := s.times()
	id := s.attrs.text("gen_ai.tool.call.id", "ai.toolCall.id", "tool_use_id")
	if s.resource.text("service.name") == "github-copilot" && isUUID(id) {
		return // a look at a running command that the CLI took of itself
	}
	if id == "" {
		id = span
	}
	t := &trace.Tool{
		ID: id, Name: s.attrs.text("gen_ai.tool.name", "ai.toolCall.name", "tool_name"), Start: start, End: end,
		ExitCode: exitCode(s.attrs.get("process.exit.code", "process.exit_code")),
		Error:    s.fault(), Denied: o.denied[span],
	}
	if t.Name == "" {
		t.Name = strings.TrimPrefix(s.v.Get("name").String(), "execute_tool ")
	}
	args, out := s.attrs.get("gen_ai.tool.call.arguments", "ai.toolCall.args", "full_command"), s.attrs.get("gen_ai.tool.call.result", "ai.toolCall.result")
	decision := o.r.s.describe(t, args)
	t.Failed = t.Error != nil || t.Denied || t.ExitCode != nil && *t.ExitCode != 0
	o.r.s.outcome(t, out)
	delete(o.denied, span)
	if len(o.tools) < maxSpans {
		o.tools[span] = id
	}
	o.r.start(otlpFormat, run, s, line, start)
	o.r.emit(otlpFormat, run, sub, line, end, t)
	o.subagent(s, run, sub, line)
	if decision != nil && !t.Failed && sub == "" {
		o.r.emit(otlpFormat, run, sub, line, end, decision)
	}
	o.keep(otlpStep{span: span, run: run, id: id, tool: true, line: line})
}

// claudeTool reads the spans in which Claude Code tells apart a tool call's
// permission and its execution, whose errors its own span does not show.
func (o *otlpSpans) claudeTool(s otlpSpan, name, parent string, line int) {
	switch name {
	case "claude_code.tool.blocked_on_user":
		if s.attrs.text("decision") == "reject" && len(o.denied) < maxOpen {
			o.denied[parent] = true
		}
	case "claude_code.tool.execution":
		id := s.attrs.text("gen_ai.tool.call.id", "tool_use_id")
		if e := s.fault(); e != nil && id != "" {
			run, sub := s.run()
			_, end := s.times()
			o.r.emit(otlpFormat, run, sub, line, end, &trace.Tool{ID: id, End: end, Failed: true, Error: e})
		}
	}
}

func (o *otlpSpans) agent(s otlpSpan, span, parent string, line int) {
	run, sub := s.run()
	start, end := s.times()
	a := otlpAgent{
		span: span, run: run, name: s.attrs.text("gen_ai.agent.name"), id: firstNonEmpty(sub, s.attrs.text("gen_ai.agent.id"), span),
		model: s.model(), claude: s.claude(), line: line, start: start, end: end, err: s.fault(),
		turns:     s.attrs.count("github.copilot.turn_count", "copilot_chat.turn_count", "fullsend.num_turns"),
		toolCalls: s.attrs.count("fullsend.tool_calls"),
		parent:    parent,
		context:   s.context(),
	}
	if usd, ok := s.attrs.get("gen_ai.usage.cost", "fullsend.cost_usd").Float(); ok && usd > 0 {
		a.cost = &usd
	}
	if !a.claude {
		a.usage = s.usage()
	}
	a.decision = o.verdict(s.attrs.get("gen_ai.output.messages"))
	o.r.start(otlpFormat, run, s, line, start)
	if len(o.agents) < maxOpen {
		o.agents = append(o.agents, a)
	}
}

// verdict returns the decision in an agent's last message, where messages are
// recorded: JSON inside a string.
func (o *otlpSpans) verdict(messages jsonl.Value) *trace.Decision {
	if messages.StringLen() == 0 || messages.StringLen() > 4<<20 {
		return nil
	}
	v, _, err := o.r.doc.Parse([]byte(messages.String()))
	if err != nil {
		return nil
	}
	text := ""
	for m := range v.Elements() {
		for part := range m.Get("parts").Elements() {
			if t := part.Get("content"); part.Get("type").Is("text") && t.StringLen() > 0 {
				text = t.String()
			}
		}
	}
	return decisionInText(text)
}

// close tells the agents of runs from sub-agents, and from the parts of a run
// that have a span each: a part has the name of the agent right around it.
func (o *otlpSpans) close() {
	o.release()
	o.own.close()
	slices.SortStableFunc(o.agents, func(a, b otlpAgent) int { return a.end.Compare(b.end) })
	at := map[string]int{}
	for i, a := range o.agents {
		at[a.span] = i
	}
	sub := map[int]bool{}
	for i, a := range o.agents {
		outer, inside := o.enclosing(a.span, at)
		switch {
		case !inside:
			o.endRun(a)
		case o.agents[outer].span == a.parent && o.agents[outer].name == a.name && a.name != "":
			a.cost, a.toolCalls = nil, trace.Count{}
			o.part(a, o.agents[outer].usage.Total().Known())
		default:
			sub[i] = true
			o.endSubagent(a)
		}
	}
	for _, s := range o.steps {
		if i, ok := o.enclosing(s.span, at); ok && sub[i] {
			o.assign(s, o.agents[i])
		}
	}
}

// part emits what one part of a run reports of itself, unless the whole does.
func (o *otlpSpans) part(a otlpAgent, whole bool) {
	if start := (trace.Start{Agent: trace.Agent{Name: a.name}, Model: a.model, Context: a.context}); start != (trace.Start{}) {
		o.r.emit(otlpFormat, a.run, "", a.line, a.start, &start)
	}
	if whole || !a.usage.Total().Known() && a.cost == nil && !a.toolCalls.Known() {
		return
	}
	t := &trace.Totals{Invocation: a.span, Within: a.within, Usage: a.usage, CostUSD: a.cost, Turns: a.turns, ToolCalls: a.toolCalls}
	if a.model != "" && a.usage.Total().Known() {
		t.ByModel = map[string]trace.Usage{a.model: a.usage}
	}
	o.r.emit(otlpFormat, a.run, "", a.line, a.end, t)
}

// assign gives a step to the sub-agent that took it.
func (o *otlpSpans) assign(s otlpStep, a otlpAgent) {
	var f trace.Fact = &trace.Tool{ID: s.id}
	if !s.tool {
		f = &trace.Call{ID: s.id, Error: s.err}
	}
	o.r.emit(otlpFormat, s.run, a.id, s.line, s.end, f)
}

func (o *otlpSpans) endSubagent(a otlpAgent) {
	status := trace.Success
	if a.err != nil {
		status = trace.Failure
	}
	o.r.emit(otlpFormat, a.run, a.id, a.line, a.end, &trace.Subagent{
		ID: a.id, Name: a.name, Start: a.start, End: a.end, Status: status, ToolID: o.tools[o.parents[a.span]],
	})
}

// endRun says how a run ended, and what it reports of itself. An agent's span
// around which there was another of this process that is not in the file is a
// part of a run that was killed, and says nothing of its end. Claude Code marks no interaction
// as failed: one whose last request failed did.
func (o *otlpSpans) endRun(a otlpAgent) {
	if a.within = o.missing(a.span); a.within != "" {
		if a.within != a.parent {
			a.name = "" // of a sub-agent
		}
		o.part(a, false)
		return
	}
	o.part(a, false)
	if a.decision != nil {
		o.r.emit(otlpFormat, a.run, "", a.line, a.end, a.decision)
	}
	end := &trace.End{Status: trace.Success, Error: a.err}
	if last := o.last[a.run]; a.claude && last != nil && end.Error == nil {
		if last.finish == "tool_use" && !last.end.Before(a.start) {
			return // it stopped before the answer: out of turns, or interrupted
		}
		end.Error = last.err
	}
	if end.Error != nil {
		end.Status = trace.Failure
	}
	o.r.emit(otlpFormat, a.run, "", a.line, a.end, end)
}
