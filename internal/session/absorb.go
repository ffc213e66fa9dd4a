package session

import "cmp"

// absorb takes over the steps of another account, of a sub-agent or of the same
// run. What it says of its end and its totals is left: of a sub-agent that is
// no word about the run, and a file that does not name its run shows no end.
func (a *account) absorb(from *account, subagent string) {
	translate := func(y symbol) symbol { return a.symbol(from.symbols[y]) }
	for _, c := range from.calls {
		c.subagent = cmp.Or(translate(c.subagent), a.symbol(subagent))
		c.model, c.source, c.place.file = translate(c.model), translate(c.source), translate(c.place.file)
		c.provider, c.finish = translate(c.provider), translate(c.finish)
		if i, seen := a.callAt[c.id]; seen {
			a.calls[i].fill(&c)
			continue
		}
		a.callAt[c.id] = int32(len(a.calls))
		a.calls = append(a.calls, c)
	}
	for _, t := range from.tools {
		t.subagent = cmp.Or(translate(t.subagent), a.symbol(subagent))
		t.name, t.place.file = translate(t.name), translate(t.place.file)
		if i, seen := a.toolAt[t.id]; seen {
			a.tools[i].fill(&t)
			continue
		}
		a.toolAt[t.id] = int32(len(a.tools))
		a.tools = append(a.tools, t)
	}
}

// fill takes over what another file knows better of the same call.
func (c *call) fill(from *call) {
	if usage := c.usage().Max(from.usage()); usage != c.usage() {
		c.used, c.source = compact(usage), from.source
	}
	c.model = cmp.Or(c.model, from.model)
	c.provider, c.finish = cmp.Or(c.provider, from.provider), cmp.Or(c.finish, from.finish)
	c.start.earliest(from.start.time())
	c.end.latest(from.end.time())
	if from.cost != nil && (c.cost == nil || *from.cost > *c.cost) {
		c.cost = from.cost
	}
	if from.err == nil {
		c.err = nil
	}
	c.partial = c.partial && from.partial
	c.subagent = cmp.Or(c.subagent, from.subagent)
}

// fill takes over what another file knows better of the same tool call.
func (t *tool) fill(from *tool) {
	t.name = cmp.Or(t.name, from.name)
	t.args, t.result = known(t.args, from.args), known(t.result, from.result)
	t.start.earliest(from.start.time())
	t.end.latest(from.end.time())
	if t.effect == nil || from.done && !t.done && from.effect != nil {
		t.effect = from.effect
	}
	if t.err == nil {
		t.err = from.err
	}
	if t.exit == noExit {
		t.exit = from.exit
	}
	t.duration = max(t.duration, from.duration)
	t.failed, t.denied, t.done = t.failed || from.failed, t.denied || from.denied, t.done || from.done
	t.subagent = cmp.Or(t.subagent, from.subagent)
}
