package trend

import "github.com/andon-ci/andon/internal/stat"

// cellKey is what the runs of a cell have in common.
type cellKey struct {
	fork bool // strangers may have written what is said of them

	repository, agent, model, sha, path, runtime, kind name
}

// cell is what the runs of a day come to that have everything in common that a
// report tells runs apart by.
type cell struct {
	key    cellKey
	runs   []run
	counts counts
	waits  []stat.Amount // in milliseconds, from the event to the first run of its workflow run
}

// counts are sums over runs.
type counts struct {
	cost, wasted                 float64 // US dollars
	traces                       int64   // files
	toolCalls, toolErrors        int64
	llmCalls, llmErrors          int64
	input, cacheRead, cacheWrite int64 // tokens, in classes that do not overlap
	output                       int64
	priced                       int64 // runs with a cost
}

func (c *counts) add(d *counts) {
	c.cost += d.cost
	c.wasted += d.wasted
	c.traces += d.traces
	c.toolCalls += d.toolCalls
	c.toolErrors += d.toolErrors
	c.llmCalls += d.llmCalls
	c.llmErrors += d.llmErrors
	c.input += d.input
	c.cacheRead += d.cacheRead
	c.cacheWrite += d.cacheWrite
	c.output += d.output
	c.priced += d.priced
}

// numbers returns the counts that are whole, in the order in which a summary has them.
func (c *counts) numbers() [10]*int64 {
	return [10]*int64{&c.traces, &c.toolCalls, &c.toolErrors, &c.llmCalls, &c.llmErrors,
		&c.input, &c.cacheRead, &c.cacheWrite, &c.output, &c.priced}
}

// amounts returns the sums of amounts, in the order in which a summary has them.
func (c *counts) amounts() [2]*float64 { return [2]*float64{&c.cost, &c.wasted} }

// cell returns the cell of a key.
func (d *Day) cell(k cellKey) *cell {
	c := d.byKey[k]
	if c == nil {
		c = &cell{key: k}
		d.byKey[k] = c
		d.cells = append(d.cells, c)
	}
	return c
}

// toolKey is an agent's tool.
type toolKey struct {
	fork                    bool
	repository, agent, tool name
}

// toolUse is how a tool did. Failed and wasted are of the runs in which a call of it
// failed and that failed themselves or went in circles.
type toolUse struct {
	calls, errors, runs, failed int64
	time                        int64 // in milliseconds, of the calls that say it
	wasted                      float64

	most           int64  // errors in one run
	workflow, file string // of that run; the file where the workflow run is not known
}
