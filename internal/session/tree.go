package session

import (
	"cmp"
	"maps"
	"slices"

	"github.com/andon-ci/andon/internal/trace"
)

// maxAgents is how many sub-agents a run lists. All are counted.
const maxAgents = 500

// grove builds the tree of a run's sub-agents from one account.
type grove struct {
	a      *account
	prices Pricer
	alias  map[string]string // of an id to the one that the agent's own files use
	nodes  map[string]*node
}

type node struct {
	Subagent
	above       string // id of the sub-agent that started it
	tool        string // id of the call that did
	first, last stamp
}

// subagentTree returns the sub-agents of a run under those that started them.
// The figures of each are its own, so that a run's are the sum of its main
// agent's and of all of theirs.
func (b *builder) subagentTree(p Pricer) []*Subagent {
	a := b.ranked(func(a *account) int64 { return a.subagentCount() })[0]
	g := &grove{a: a, prices: p, alias: map[string]string{}, nodes: map[string]*node{}}
	g.plant()
	if len(g.nodes) == 0 {
		return nil
	}
	g.count()
	return g.grow()
}

// plant makes a node for each sub-agent. Sources that do not know a sub-agent's
// own id name it by the tool call that started it.
func (g *grove) plant() {
	for i := range g.a.subagents {
		if s := &g.a.subagents[i]; s.ToolID != "" && s.ID != s.ToolID {
			g.alias[s.ToolID] = s.ID
		}
	}
	for i := range g.a.subagents {
		s := &g.a.subagents[i]
		n := g.node(s.ID)
		if n == nil {
			continue
		}
		n.Implied = false
		n.Name, n.tool, n.above = cmp.Or(n.Name, s.Name), cmp.Or(n.tool, s.ToolID), cmp.Or(n.above, s.Parent)
		n.Status = cmp.Or(n.Status, s.Status, g.a.ends[s.ID])
		n.first.earliest(s.Start)
		n.last.latest(s.End)
	}
	for _, id := range slices.Sorted(maps.Keys(g.a.ends)) {
		if n := g.node(id); n != nil {
			n.Status = cmp.Or(n.Status, g.a.ends[id])
		}
	}
}

func (g *grove) node(id string) *node {
	id = cmp.Or(g.alias[id], id)
	n := g.nodes[id]
	if n == nil && id != "" && len(g.nodes) < maxAgents {
		n = &node{Subagent: Subagent{ID: id, Implied: true}}
		g.nodes[id] = n
	}
	return n
}

// count gives each sub-agent the calls and tools that it made.
func (g *grove) count() {
	for i := range g.a.calls {
		c := &g.a.calls[i]
		if c.subagent == 0 || !c.ok() {
			continue
		}
		if n := g.node(g.a.symbols[c.subagent]); n != nil {
			g.addCall(n, c)
		}
	}
	for i := range g.a.tools {
		t := &g.a.tools[i]
		if t.subagent == 0 {
			continue
		}
		if n := g.node(g.a.symbols[t.subagent]); n != nil {
			n.ToolCalls = n.ToolCalls.Add(trace.Measured(1))
			n.ToolErrors = n.ToolErrors.Add(trace.Measured(int64(bit(t.failed))))
			n.first.earliest(t.start.time())
			n.last.latest(t.until().time())
		}
	}
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (g *grove) addCall(n *node, c *call) {
	model := g.a.symbols[c.model]
	n.LLMCalls = n.LLMCalls.Add(trace.Measured(1))
	n.Usage = n.Usage.Add(c.usage())
	if model != "" && !slices.Contains(n.Models, model) && len(n.Models) < maxAgents {
		n.Models = append(n.Models, model)
	}
	n.first.earliest(c.start.time())
	n.last.latest(c.end.time())
	n.CostUSD = addMoney(n.CostUSD, g.a.price(c, g.prices))
}

// grow puts each sub-agent under the one whose tool call started it.
func (g *grove) grow() []*Subagent {
	var roots []*Subagent
	for _, alias := range slices.Sorted(maps.Keys(g.alias)) {
		if n := g.nodes[g.alias[alias]]; n != nil {
			n.Aliases = append(n.Aliases, alias)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(g.nodes)) {
		n := g.nodes[id]
		n.finish()
		if i, known := g.a.toolAt[newSpanID(g.a.space, n.tool)]; known {
			n.Tool = g.a.tools[i].id.String()
		}
		if parent := g.parent(n); parent != nil && !g.circular(id) {
			parent.Subagents = append(parent.Subagents, &n.Subagent)
		} else {
			roots = append(roots, &n.Subagent)
		}
	}
	sortAgents(roots)
	for _, n := range g.nodes {
		sortAgents(n.Subagents)
	}
	return roots
}

func (n *node) finish() {
	n.Start, n.End = n.first.time(), n.last.time()
	if n.first != 0 && n.last > n.first {
		n.DurationMS = millis(n.last - n.first)
	}
	n.Status = cmp.Or(n.Status, trace.Incomplete)
	slices.Sort(n.Models)
}

// parent returns the sub-agent whose tool call started n, nil for the main
// agent's.
func (g *grove) parent(n *node) *node {
	if up := g.nodes[cmp.Or(g.alias[n.above], n.above)]; up != nil && up != n {
		return up
	}
	if n.tool == "" {
		return nil
	}
	i, known := g.a.toolAt[newSpanID(g.a.space, n.tool)]
	if !known || g.a.tools[i].subagent == 0 {
		return nil
	}
	id := g.a.symbols[g.a.tools[i].subagent]
	return g.nodes[cmp.Or(g.alias[id], id)]
}

// circular reports whether a sub-agent would be its own ancestor, which a trace
// can claim.
func (g *grove) circular(id string) bool {
	n := g.nodes[id]
	for range len(g.nodes) + 1 {
		if n = g.parent(n); n == nil {
			return false
		}
	}
	return true
}

func sortAgents(s []*Subagent) {
	slices.SortFunc(s, func(x, y *Subagent) int {
		return cmp.Or(x.Start.Compare(y.Start), cmp.Compare(x.ID, y.ID))
	})
}
