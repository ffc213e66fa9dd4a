package trend

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/andon-ci/andon/internal/stat"
	"github.com/andon-ci/andon/internal/trace"
)

// tally is what runs come to while they are counted.
type tally struct {
	group          Group
	counts         counts
	status         [6]int64
	decided        [11]int64
	cost, duration stat.Sketch
	overridden     int64
	agreed         int64
	unpriced       int64
	waits          stat.Sketch
	overruled      float64 // US dollars on runs that were overridden, beside counts.wasted
	circled        float64 // US dollars of counts.wasted on runs that only went in circles
	points         []Point
	today          stat.Sketch // durations of the day of the last point
	todayCost      float64
	todayPriced    bool
}

func (t *tally) add(date string, c *cell) {
	t.point(date)
	t.counts.add(&c.counts)
	p := &t.points[len(t.points)-1]
	p.Runs += int64(len(c.runs))
	t.todayCost += c.counts.cost
	t.todayPriced = t.todayPriced || c.counts.priced > 0
	for _, w := range c.waits {
		t.waits.Add(w)
	}
	for _, r := range c.runs {
		t.addRun(r)
		if r.failed() {
			p.Failed++
		}
		if r.status == statusSuccess {
			p.Succeeded++
		}
		if r.decision > 0 {
			p.Decisions++
		}
		if r.is(overridden) && r.decision > 0 {
			*p.Overridden++
		}
	}
}

func (t *tally) addRun(r run) {
	t.status[min(int(r.status), len(t.status)-1)]++
	t.decided[min(int(r.decision), len(t.decided)-1)]++
	t.cost.Add(r.cost)
	t.duration.Add(r.duration)
	t.today.Add(r.duration)
	if r.is(looped) {
		t.group.Loops++
		if !r.failed() {
			t.circled += r.cost.Value()
		}
	}
	if r.is(saturated) {
		t.group.Saturated++
	}
	if r.is(unpriced) {
		t.unpriced++
	}
	if r.is(agreed) && r.decision > 0 {
		t.agreed++
	}
	if r.is(overridden) {
		if r.decision > 0 {
			t.overridden++
		}
		if !r.wasted() {
			t.overruled += r.cost.Value()
		}
	}
}

// point begins a day, and ends the one before.
func (t *tally) point(date string) {
	n := len(t.points)
	if n > 0 && t.points[n-1].Day == date {
		return
	}
	if n > 0 {
		t.endPoint()
	} else {
		t.group.First = date
	}
	t.group.Last = date
	t.points = append(t.points, Point{Day: date, Overridden: new(int64)})
}

func (t *tally) endPoint() {
	p := &t.points[len(t.points)-1]
	if t.todayPriced {
		p.CostUSD = ref(t.todayCost)
	}
	if t.today.Count() > 0 {
		p.DurationMS = ref(t.today.Quantile(0.5).Value())
	}
	t.today.Clear()
	t.todayCost, t.todayPriced = 0, false
}

func ref[T any](x T) *T { return &x }

// end returns the group that was counted.
func (t *tally) end() Group {
	g := t.group
	if len(t.points) > 0 {
		t.endPoint()
	}
	g.Series = t.points
	g.Status, g.Decisions = map[trace.Status]int64{}, map[trace.Kind]int64{}
	for i, n := range t.status[1:] {
		if n > 0 {
			g.Status[statuses()[i]] = n
		}
	}
	for i, n := range t.decided[1:] {
		if n > 0 {
			g.Decisions[decisions()[i]] = n
		}
	}
	for _, n := range t.status {
		g.Runs += n
	}
	t.rates(&g)
	t.costs(&g)
	return g
}

func (t *tally) rates(g *Group) {
	failed := t.status[statusFailure] + t.status[statusTimeout] + t.status[statusIncomplete]
	judged := failed + t.status[statusSuccess]
	decided := g.Runs - t.decided[0]
	g.Success = rate(judged-failed, judged)
	g.Complete = rate(g.Runs-t.status[statusIncomplete], g.Runs)
	g.Override = rate(t.overridden, decided)
	g.Agreement = rate(t.agreed, t.agreed+t.overridden)
	g.ToolError = rate(t.counts.toolErrors, t.counts.toolCalls)
	g.LLMError = rate(t.counts.llmErrors, t.counts.llmCalls)
	c := t.counts
	g.CacheHit = rate(c.cacheRead, c.input+c.cacheRead+c.cacheWrite)
	if tokens := (Tokens{c.input, c.cacheRead, c.cacheWrite, c.output}); tokens != (Tokens{}) {
		g.Tokens = &tokens
	}
}

func (t *tally) costs(g *Group) {
	g.Unpriced = t.unpriced
	g.DurationMS = spread(&t.duration)
	g.WaitMS = spread(&t.waits)
	g.CostPerRun = spread(&t.cost)
	if t.counts.priced == 0 {
		return
	}
	g.CostUSD = ref(t.counts.cost)
	g.WastedUSD = ref(t.counts.wasted + t.overruled)
	circled := min(t.circled, t.counts.wasted)
	g.Wasted = &Wasted{FailedUSD: t.counts.wasted - circled, LoopedUSD: circled, OverriddenUSD: ref(t.overruled)}
	if decided := g.Runs - t.decided[0]; decided > 0 {
		g.CostPerDecision = ref(t.counts.cost / float64(decided))
	}
}

// grouping makes groups of what has a name in common.
type grouping struct {
	title string                         // in By.LeftOut
	part  func(cellKey) cellKey          // what of a cell makes its group
	name  func(d *Day, of cellKey) Group // whose names those of the group are
	runs  map[groupKey]int               // of all that there may be
	all   map[groupKey]*tally            // of those that there are
}

type groupKey struct{ name, agent, repository string }

func (g Group) key() groupKey { return groupKey{g.Name, g.Agent, g.Repository} }

// groupsMost is how many groups of a kind there are: instructions that are made
// anew for each run have as many names as there are runs.
const groupsMost = 2000

func newGrouping(title string, part func(cellKey) cellKey, name func(d *Day, of cellKey) Group) *grouping {
	return &grouping{title, part, name, map[groupKey]int{}, map[groupKey]*tally{}}
}

func (g *grouping) count(d *Day) {
	runs := map[cellKey]int{}
	for _, c := range d.cells {
		runs[g.part(c.key)] += len(c.runs)
	}
	for of, n := range runs {
		if named := g.name(d, of); named.Name != "" {
			g.runs[named.key()] += n
		}
	}
}

// choose makes room for the groups with most runs, and returns how many others
// there are.
func (g *grouping) choose() (leftOut int) {
	keys := slices.Collect(maps.Keys(g.runs))
	if len(keys) > groupsMost {
		slices.SortFunc(keys, func(a, b groupKey) int {
			return cmp.Or(cmp.Compare(g.runs[b], g.runs[a]), cmp.Compare(a.name, b.name), cmp.Compare(a.agent, b.agent), cmp.Compare(a.repository, b.repository))
		})
		leftOut = len(keys) - groupsMost
		keys = keys[:groupsMost]
	}
	for _, k := range keys {
		g.all[k] = &tally{}
	}
	g.runs = nil
	return leftOut
}

func (g *grouping) add(d *Day) {
	found := map[cellKey]*tally{} // nil for a group that there is no room for
	for _, c := range d.cells {
		of := g.part(c.key)
		t, ok := found[of]
		if !ok {
			t = g.tally(g.name(d, of))
			found[of] = t
		}
		if t != nil {
			t.add(d.date, c)
		}
	}
}

func (g *grouping) tally(named Group) *tally {
	t := g.all[named.key()]
	if t != nil && t.group.Name == "" {
		t.group = named
	}
	return t
}

// groups returns the groups, those with most runs first.
func (g *grouping) groups() []Group {
	out := make([]Group, 0, len(g.all))
	for _, t := range g.all {
		out = append(out, t.end())
	}
	slices.SortFunc(out, func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.Runs, a.Runs), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Agent, b.Agent), cmp.Compare(a.Repository, b.Repository))
	})
	return out
}

// group fills the totals and the groups of a report.
func (p *past) group(r *Report) {
	total := &tally{}
	by := []*grouping{
		newGrouping("agent", func(k cellKey) cellKey { return cellKey{agent: k.agent} },
			func(d *Day, k cellKey) Group { return Group{Name: d.names.get(k.agent)} }),
		newGrouping("repository", func(k cellKey) cellKey { return cellKey{repository: k.repository} },
			func(d *Day, k cellKey) Group { return Group{Name: d.names.get(k.repository)} }),
		newGrouping("model", func(k cellKey) cellKey { return cellKey{model: k.model} },
			func(d *Day, k cellKey) Group { return Group{Name: d.names.get(k.model)} }),
		newGrouping("instructions", func(k cellKey) cellKey { return cellKey{sha: k.sha, agent: k.agent, path: k.path} },
			func(d *Day, k cellKey) Group {
				return Group{Name: d.names.get(k.sha), Agent: d.names.get(k.agent), Path: d.names.get(k.path)}
			}),
		newGrouping("subject_kind", func(k cellKey) cellKey { return cellKey{kind: k.kind} },
			func(d *Day, k cellKey) Group { return Group{Name: d.names.get(k.kind)} }),
		newGrouping("agent_repository", func(k cellKey) cellKey { return cellKey{agent: k.agent, repository: k.repository} }, pairOf),
	}
	leftOut := map[string]int{}
	for _, g := range by {
		for _, d := range p.window {
			g.count(d)
		}
		if n := g.choose(); n > 0 {
			leftOut[g.title] = n
		}
		for _, d := range p.window {
			g.add(d)
		}
	}
	p.eachCell(func(d *Day, c *cell) { total.add(d.date, c) })
	r.Totals = total.end()
	r.By = By{Agent: by[0].groups(), Repository: by[1].groups(), Model: by[2].groups(), Instructions: by[3].groups(), Kind: by[4].groups(), Pair: by[5].groups(), LeftOut: leftOut}
	for i := range r.By.Pair { // they are many
		r.By.Pair[i].Series = nil
	}
	p.owners(r)
	p.merges(r)
	if !slices.ContainsFunc(p.days, func(d *Day) bool { return len(d.agreements) > 0 }) {
		r.disagree()
	}
}

// eachCell visits the cells of the window, in the order of days.
func (p *past) eachCell(visit func(*Day, *cell)) {
	for _, d := range p.window {
		for _, c := range d.cells {
			visit(d, c)
		}
	}
}

// merges says what a merged change cost, as far as people were seen to merge.
func (p *past) merges(r *Report) {
	changes := map[string]map[string]bool{} // of each agent and of each repository; of all under ""
	for _, d := range p.window {
		for _, a := range slices.Concat(d.overrides, d.agreements) {
			if !a.merged() || a.Number == 0 || a.Time > p.AsOf.Unix() {
				continue
			}
			for _, of := range []string{"", "agent " + a.Agent, "repository " + a.Repository} {
				if changes[of] == nil {
					changes[of] = map[string]bool{}
				}
				changes[of][fmt.Sprintf("%s#%d", a.Repository, a.Number)] = true
			}
		}
	}
	per := func(g *Group, of string) {
		n := len(changes[of])
		g.Merged = int64(n)
		if n > 0 && g.CostUSD != nil {
			g.CostPerMerge = ref(*g.CostUSD / float64(n))
		}
	}
	per(&r.Totals, "")
	for i := range r.By.Agent {
		per(&r.By.Agent[i], "agent "+r.By.Agent[i].Name)
	}
	for i := range r.By.Repository {
		per(&r.By.Repository[i], "repository "+r.By.Repository[i].Name)
	}
}

func pairOf(d *Day, k cellKey) Group {
	g := Group{Agent: d.names.get(k.agent), Repository: d.names.get(k.repository)}
	if g.Agent != "" && g.Repository != "" {
		g.Name = g.Agent + " in " + g.Repository
	}
	return g
}

// owners groups the runs by who answers for them. A run with two owners counts
// for both.
func (p *past) owners(r *Report) {
	if p.Owners == nil {
		return
	}
	g := grouping{all: map[groupKey]*tally{}}
	unowned := int64(0)
	p.eachCell(func(d *Day, c *cell) {
		owners := p.Owners(d.names.get(c.key.repository), d.names.get(c.key.path))
		if len(owners) == 0 {
			unowned += int64(len(c.runs))
		}
		for _, owner := range owners {
			k := groupKey{name: owner}
			if g.all[k] == nil {
				g.all[k] = &tally{group: Group{Name: owner}}
			}
			g.all[k].add(d.date, c)
		}
	})
	if len(g.all) == 0 {
		return
	}
	r.By.Owner, r.Coverage.Unowned = g.groups(), unowned
	if n := len(r.By.Owner) - groupsMost; n > 0 {
		r.By.Owner, r.By.LeftOut["owner"] = r.By.Owner[:groupsMost], n
	}
}
